#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whole folders: put -r, get -r, and put -r --atomic."""

import os
import signal
import stat

import client_hostile
import ftlib
import ftpeer
from resume_client import Proxy

FILES = {'a': b'first', 'sub/b': b'second' * 1000, 'sub/deep/c': b'',
         'sub-b': b'beside', 'z': b'last'}


class Trees(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.folder / 'local'
        self.local.mkdir()

    def make(self, name='tree', files=None, folders=('empty',)):
        top = self.local / name
        for path in folders:
            (top / path).mkdir(parents=True)
        for path, content in (FILES if files is None else files).items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(content)
        return top

    def content(self, top):
        """Each path below a folder, with what a file holds."""
        found = {}
        for folder, folders, files in os.walk(top):
            for name in folders:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, top)] = None
            for name in files:
                path = os.path.join(folder, name)
                with open(path, 'rb') as file:
                    found[os.path.relpath(path, top)] = file.read()
        return found

    def client(self, *words, **more):
        return self.server.client(*words, cwd=self.local, **more)

    def assertSame(self, a, b):
        self.assertEqual(self.content(a), self.content(b))


class Put(Trees):
    def test_all_that_is_in_a_folder_comes_with_it(self):
        top = self.make()
        done = self.client('put', '-r', 'tree')
        self.assertSame(top, self.server.path('tree'))
        self.assertEqual(done.stdout.decode(),
                         'put tree 5 files, 4 folders, 6015 bytes\n')

    def test_it_goes_into_a_folder_or_gets_the_name(self):
        top = self.make()
        self.server.client('mkdir', 'there')
        self.client('put', '-r', 'tree/', 'there')
        self.assertSame(top, self.server.path('there/tree'))
        self.client('put', '-r', str(top), 'new')
        self.assertSame(top, self.server.path('new'))
        self.client('put', '-r', 'tree', 'later/')
        self.assertSame(top, self.server.path('later/tree'))
        self.server.client('put', '-r', '.', 'dot', cwd=top)
        self.assertSame(top, self.server.path('dot'))

    def test_a_second_time_files_are_replaced(self):
        top = self.make()
        self.client('put', '-r', 'tree')
        (top / 'a').write_bytes(b'changed')
        self.client('put', '-r', 'tree')
        self.assertSame(top, self.server.path('tree'))

    def test_p_keeps_times_and_modes(self):
        top = self.make()
        (top / 'a').chmod(0o640)
        os.utime(top / 'a', ns=(1, 1234567890123456789))
        (top / 'sub').chmod(0o750)
        self.client('put', '-rp', 'tree')
        there = self.server.path('tree/a').stat()
        self.assertEqual(stat.S_IMODE(there.st_mode), 0o640)
        self.assertEqual(there.st_mtime_ns, 1234567890123456789)
        self.assertEqual(self.mode(self.server.path('tree/sub')), 0o750)

    def test_links_are_left_out_and_fifos_are_errors(self):
        top = self.make()
        (top / 'link').symlink_to('a')
        os.mkfifo(top / 'pipe')
        done = self.client('put', '-r', 'tree', code=ftlib.EX_NOINPUT)
        self.assertIn(b'link: is a symbolic link, skipped', done.stderr)
        self.assertIn(b'tree/pipe: neither a file nor a folder', done.stderr)
        self.assertIn(b'1 failures', done.stdout)
        (top / 'link').unlink()
        (top / 'pipe').unlink()
        self.assertSame(top, self.server.path('tree'))

    def test_it_goes_on_after_a_failure_and_ends_with_the_first(self):
        top = self.make()
        os.makedirs(self.server.path('tree/sub/b'))
        for name in ('tree', 'tree/sub', 'tree/sub/b'):
            self.server.own(name)
        done = self.client('put', '-r', 'tree', code=ftlib.EX_NOINPUT)
        self.assertIn(b'tree/sub/b: is a folder', done.stderr)
        self.assertEqual(self.server.read('tree/z'), b'last')
        self.assertEqual(os.listdir(self.server.path('tree/sub/b')), [])
        self.assertEqual((top / 'z').read_bytes(), b'last')

    def test_what_is_no_folder_is_refused(self):
        self.make()
        self.client('put', '-r', 'tree/a', code=ftlib.EX_NOINPUT)
        self.client('put', '-r', 'none', code=ftlib.EX_NOINPUT)
        self.client('put', '-r', '--offset', '0', 'tree',
                    code=ftlib.EX_USAGE)
        self.assertEqual(self.server.tree(), {})

    def test_many_folders_and_files_come_through_a_cut_line(self):
        files = {f'd{i % 150:03}/f{i:04}': b'%d' % i * 500
                 for i in range(900)}
        top = self.make(files=files)
        proxy = Proxy(self.server, up=(9000, 400000))
        self.addCleanup(proxy.close)
        self.server.client(argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            proxy.target(), 'put', '-r', 'tree'], cwd=self.local)
        self.assertEqual(proxy.connections, 3)
        self.assertSame(top, self.server.path('tree'))


class Get(Trees):
    def setUp(self):
        super().setUp()
        self.top = self.make()
        self.client('put', '-r', 'tree')

    def test_all_that_is_in_a_folder_comes_with_it(self):
        os.mkdir(self.folder / 'here')
        done = self.server.client('get', '-r', 'tree',
                                  cwd=self.folder / 'here')
        self.assertSame(self.folder / 'here/tree', self.top)
        self.assertEqual(done.stdout.decode(),
                         'get tree 5 files, 4 folders, 6015 bytes\n')

    def test_it_goes_into_a_folder_or_gets_the_name(self):
        os.mkdir(self.local / 'there')
        self.client('get', '-r', 'tree', 'there')
        self.assertSame(self.local / 'there/tree', self.top)
        self.client('get', '-r', 'tree/', 'new')
        self.assertSame(self.local / 'new', self.top)
        self.client('get', '-r', '/', 'all')
        self.assertSame(self.local / 'all/tree', self.top)

    def test_p_keeps_times_and_modes(self):
        os.chmod(self.server.path('tree/a'), 0o640)
        os.utime(self.server.path('tree/a'), ns=(1, 1234567890123456789))
        os.chmod(self.server.path('tree/sub'), 0o750)
        os.utime(self.server.path('tree/sub'), ns=(1, 5 * 10 ** 9))
        self.client('get', '-rp', 'tree', 'new')
        here = (self.local / 'new/a').stat()
        self.assertEqual(stat.S_IMODE(here.st_mode), 0o640)
        self.assertEqual(here.st_mtime_ns, 1234567890123456789)
        self.assertEqual(self.mode(self.local / 'new/sub'), 0o750)
        self.assertEqual((self.local / 'new/sub').stat().st_mtime_ns,
                         5 * 10 ** 9)

    def test_links_are_left_out_and_what_fails_is_told(self):
        self.server.path('tree/link').symlink_to('a')
        os.mkfifo(self.server.path('tree/pipe'))
        done = self.client('get', '-r', 'tree', 'new',
                           code=ftlib.EX_NOINPUT)
        self.assertIn(b'link: is a symbolic link, skipped', done.stderr)
        self.assertIn(b'pipe: neither a file nor a folder', done.stderr)
        self.assertEqual((self.local / 'new/z').read_bytes(), b'last')
        self.assertEqual(sorted(os.listdir(self.local / 'new')),
                         ['a', 'empty', 'sub', 'sub-b', 'z'])

    def test_a_link_here_leads_nowhere(self):
        os.mkdir(self.local / 'new')
        os.mkdir(self.local / 'elsewhere')
        (self.local / 'new/sub').symlink_to(self.local / 'elsewhere')
        os.rename(self.local / 'new', self.local / 'here')
        os.mkdir(self.local / 'new')
        os.rename(self.local / 'here', self.local / 'new/tree')
        self.client('get', '-r', 'tree', 'new', code=ftlib.EX_CANTCREAT)
        self.assertEqual(os.listdir(self.local / 'elsewhere'), [])

    def test_nor_does_one_of_a_file_and_no_fifo_is_waited_for(self):
        outside = self.folder / 'outside'
        outside.write_bytes(b'mine')
        there = self.local / 'here/tree'
        os.makedirs(there)
        (there / 'a').symlink_to(outside)
        os.mkfifo(there / 'sub-b')
        for letters in '-r', '-ar':
            done = self.client('get', letters, 'tree', 'here',
                               code=ftlib.EX_CANTCREAT)
            self.assertIn(b'tree/a: is a symbolic link here', done.stderr)
            self.assertIn(b'tree/sub-b: neither a file nor a folder here',
                          done.stderr)
            self.assertIn(b'get tree 3 files', done.stdout)
        self.assertEqual(outside.read_bytes(), b'mine')
        self.assertEqual((there / 'z').read_bytes(), b'last')
        self.assertEqual(sorted(os.listdir(there)),
                         ['a', 'empty', 'sub', 'sub-b', 'z'])

    def test_many_files_come_through_a_cut_line(self):
        files = {f'd{i % 20:03}/f{i:04}': b'%d' % i * 500
                 for i in range(500)}
        top = self.make('many', files)
        self.client('put', '-r', 'many')
        proxy = Proxy(self.server, down=(200000, 300000))
        self.addCleanup(proxy.close)
        self.server.client(argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            proxy.target(), 'get', '-r', 'many', 'back'], cwd=self.local)
        self.assertEqual(proxy.connections, 3)
        self.assertSame(top, self.local / 'back')


class Atomic(Trees):
    def argv(self, proxy, *words, options=()):
        return [ftlib.program('ftclient'), '--pin', self.server.pin,
                '--password-file', str(self.server.password_file), *options,
                proxy.target(), *words]

    def proxy(self, **limits):
        proxy = Proxy(self.server, **limits)
        self.addCleanup(proxy.close)
        return proxy

    def put(self, *words, **more):
        return self.client('put', '-r', '--atomic', *words, **more)

    def unfinished(self):
        with self.server.wire() as wire:
            return wire.uploads()

    def lines(self):
        return [line for line in self.server.log().splitlines()
                if 'audit' in line and 'audit login' not in line]

    def test_a_folder_comes_as_one(self):
        top = self.make()
        done = self.put('tree')
        self.assertSame(top, self.server.path('tree'))
        self.assertEqual(done.stdout.decode(),
                         'put tree 5 files, 3 folders, 6015 bytes\n')
        self.assertEqual(len(self.lines()), 1)
        self.assertIn('audit tree', self.lines()[0])
        self.assertEqual(self.server.stages(), [])

    def test_a_taken_name_is_refused_and_nothing_stays(self):
        self.make()
        for _ in range(2):
            self.put('tree', 'there', code=self.expected('there'))
        self.assertFalse(self.server.path('there/tree').exists())
        self.put('-a', 'tree', 'there', code=ftlib.EX_CANTCREAT)
        self.put('--taken', 'refuse', 'tree', 'there',
                 code=ftlib.EX_CANTCREAT)
        # A slash means into it, under its own name.
        for _ in range(2):
            self.put('tree', 'there/', code=self.expected('there/tree'))
        self.assertEqual(self.server.stages(), [])
        self.assertEqual(self.unfinished(), {})
        self.put('tree', '.', code=ftlib.OK)
        self.server.client('put', '-r', '--atomic', '.',
                           cwd=self.local / 'tree', code=ftlib.EX_USAGE)
        self.put('tree', '--wait', '3', 'x', code=ftlib.EX_USAGE)
        self.client('put', '--atomic', 'tree/a', code=ftlib.EX_USAGE)

    def expected(self, name):
        return ftlib.EX_CANTCREAT if self.server.path(name).exists() \
            else ftlib.OK

    def test_p_keeps_times_and_modes(self):
        top = self.make()
        (top / 'a').chmod(0o640)
        os.utime(top / 'a', ns=(1, 1234567890123456789))
        (top / 'sub').chmod(0o550)
        top.chmod(0o750)
        self.addCleanup((top / 'sub').chmod, 0o755)
        self.client('put', '-rp', '--atomic', 'tree')
        there = self.server.path('tree/a').stat()
        self.assertEqual(stat.S_IMODE(there.st_mode), 0o640)
        self.assertEqual(there.st_mtime_ns, 1234567890123456789)
        self.assertEqual(self.mode(self.server.path('tree/sub')), 0o550)
        self.assertEqual(self.mode(self.server.path('tree')), 0o750)

    def test_or_a_fresh_name_is_found(self):
        top = self.make()
        self.server.client('mkdir', 'in')
        self.put('tree', 'in/there')
        self.put('--taken', 'fresh', 'tree', 'in/there')
        names = sorted(os.listdir(self.server.path('in')))
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertSame(top, self.server.path('in') / name)
        self.put('--taken', 'replace', 'tree', code=ftlib.EX_USAGE)
        self.put('--if-absent', 'tree', code=ftlib.EX_USAGE)
        self.client('put', '-r', '--taken', 'fresh', 'tree',
                    code=ftlib.EX_USAGE)

    def test_what_cannot_be_read_here_sends_nothing(self):
        top = self.make()
        os.mkfifo(top / 'pipe')
        self.put('tree', code=ftlib.EX_NOINPUT)
        self.assertEqual(self.lines(), [])

    def test_it_comes_through_a_cut_line_and_a_killed_server(self):
        files = {f'd{i % 50:02}/f{i:04}': b'%d' % i * 500
                 for i in range(600)}
        files['big'] = os.urandom(5 << 20)
        top = self.make(files=files)
        proxy = self.proxy(up=(3000, 200000, 4 << 20))
        self.server.client(argv=self.argv(
            proxy, 'put', '-r', '--atomic', 'tree'), cwd=self.local)
        self.assertGreaterEqual(proxy.connections, 4)
        self.assertSame(top, self.server.path('tree'))
        self.assertEqual(self.server.stages(), [])
        self.assertEqual(len(self.lines()), 1)

    def test_a_server_that_dies_meanwhile_has_it_whole_in_the_end(self):
        top = self.make(files={f'f{i}': os.urandom(300000)
                               for i in range(60)})
        proxy = self.proxy(held=3 << 20)
        client = self.server.start_client(argv=self.argv(
            proxy, 'put', '-r', '--atomic', 'tree'), cwd=self.local)
        self.wait_for_members(3)
        os.kill(self.server.worker, signal.SIGKILL)
        proxy.release.set()
        self.assertEqual(client.wait(ftlib.LIMIT), 0)
        self.assertSame(top, self.server.path('tree'))
        self.assertEqual(len(self.lines()), 1)

    def members(self):
        stage = self.server.root / '.ftserver/stage'
        return max((len(os.listdir(stage / name)) for name in
                    os.listdir(stage) if (stage / name).is_dir()), default=0)

    def wait_for_members(self, count):
        ftlib.wait_until('members have come',
                         lambda: self.members() >= count)

    def test_a_killed_client_goes_on_with_a(self):
        top = self.make(files={f'f{i:02}': os.urandom(200000)
                               for i in range(80)})
        proxy = self.proxy(held=3 << 20)
        client = self.server.start_client(argv=self.argv(
            proxy, 'put', '-r', '--atomic', 'tree'), cwd=self.local)
        self.wait_for_members(4)    # with the empty folder
        client.kill()
        client.wait(ftlib.LIMIT)
        self.assertFalse(self.server.path('tree').exists())
        (tree, (held, path)), = self.unfinished().items()
        self.assertEqual(path, b'/tree')
        self.assertGreaterEqual(held, 3 * 200000)
        shown = self.client('uploads').stdout
        self.assertIn(tree.hex().encode(), shown)
        proxy.release.set()
        client = self.server.start_client(argv=self.argv(
            proxy, 'put', '-a', '-r', '--atomic', 'tree'), cwd=self.local)
        self.assertEqual(client.wait(ftlib.LIMIT), 0)
        self.assertSame(top, self.server.path('tree'))
        self.assertIn(f'upload={tree.hex()} outcome=ok', self.lines()[-1])
        self.assertEqual(self.unfinished(), {})

    def cut_off(self):
        """A run that ends in the middle, with about a third sent."""
        top = self.make(files={f'f{i:02}': os.urandom(100000)
                               for i in range(30)})
        proxy = self.proxy(up=(1 << 20,))
        self.server.client(argv=self.argv(
            proxy, 'put', '-r', '--atomic', 'tree',
            options=('--retries', '0')), cwd=self.local,
            code=ftlib.EX_UNAVAILABLE)
        (tree, _), = self.unfinished().items()
        return top, tree, proxy

    def go_on(self, proxy):
        self.server.client(argv=self.argv(
            proxy, 'put', '-a', '-r', '--atomic', 'tree'), cwd=self.local)

    def test_what_has_come_of_a_long_member_is_told(self):
        self.make(files={'small': b'x' * 1000, 'long': os.urandom(6 << 20)})
        proxy = self.proxy(up=(4 << 20,))
        done = self.server.client(argv=self.argv(
            proxy, 'put', '-r', '--atomic', 'tree', 'in one',
            options=('--retries', '0')), cwd=self.local,
            code=ftlib.EX_UNAVAILABLE)
        self.assertIn(b'go on with it by: put -a -r --atomic tree in\\ one\n',
                      done.stderr)
        (_, (held, _)), = self.unfinished().items()
        self.assertIn(held, range(2 << 20, 5 << 20))

    def test_what_changed_meanwhile_is_sent_again(self):
        top, tree, proxy = self.cut_off()
        (top / 'f00').write_bytes(bytes(100000))
        (top / 'f99').write_bytes(b'new')
        self.go_on(proxy)
        self.assertSame(top, self.server.path('tree'))
        self.assertIn(f'upload={tree.hex()} outcome=ok', self.lines()[-1])

    def test_what_is_gone_here_begins_anew(self):
        top, tree, proxy = self.cut_off()
        (top / 'empty').rmdir()
        self.go_on(proxy)
        self.assertSame(top, self.server.path('tree'))
        self.assertNotIn(f'upload={tree.hex()} outcome=ok', self.lines()[-1])
        self.assertEqual(self.unfinished(), {})
        self.assertEqual(self.server.stages(), [])

    def test_it_is_given_up_by_its_id(self):
        _, tree, proxy = self.cut_off()
        self.client('uploads', '-d', tree.hex())
        self.assertEqual(self.server.stages(), [])
        self.go_on(proxy)
        self.assertSame(self.local / 'tree', self.server.path('tree'))


class Hostile(client_hostile.ClientTest):
    def test_no_name_of_a_server_leads_out_of_the_folder(self):
        for name in (b'../x', b'/x', b'a/../../x', b'..', b'a//x', b'./x',
                     b'a/', b'x\0y'):
            with self.subTest(name):
                self.fetch(name)

    def fetch(self, name):
        def find(session, frame):
            session.send('ENTRIES', frame.id,
                         ftpeer.row(ftpeer.entry(name)))
            session.ok(frame, COUNT=1)
        peer = self.peer({b'x': b'evil'})
        peer.on['STAT'] = lambda session, frame: session.ok(
            frame, ENTRY=ftpeer.entry(b'tree', kind='d'))
        peer.on['FIND'] = find
        done = self.run_client(peer, 'get', '-r', 'tree',
                               code=ftlib.EX_PROTOCOL)
        self.assertIn(b'leads out of its folder', done.stderr)
        self.assertEqual(self.local_files(), [])
        self.assertFalse((self.folder / 'x').exists())


if __name__ == '__main__':
    ftlib.main()
