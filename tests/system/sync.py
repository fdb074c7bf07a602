#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""sync: two folders are made alike, one way."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import time

import client_hostile
import ftlib
import ftpeer
from resume_client import Proxy

MIB = 1 << 20
FILES = {'a': b'first', 'sub/b': b'second' * 1000, 'sub/deep/c': b'',
         'sub-b': b'beside', 'z': b'last', 'odd \x1b name': b'odd'}
TIME = 1234567890123456789      # of what is made, in ns


class Sync(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.folder / 'local'
        self.local.mkdir()
        self.top = self.local / 'tree'
        self.there = self.server.path('there')

    def make(self, top=None, files=None, folders=('empty', 'sub/void')):
        top = top or self.top
        for path in folders:
            (top / path).mkdir(parents=True, exist_ok=True)
        for path, content in (FILES if files is None else files).items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(content)
        self.age(top)
        return top

    def age(self, top):
        """Times that no program gives by itself, folders included."""
        for count, path in enumerate(sorted(
                top.rglob('*'), key=lambda path: -len(path.parts))):
            if not path.is_symlink():
                os.utime(path, ns=(1, TIME + count * 10**9))

    def content(self, top):
        """Each path below a folder: kind, bits, time, and what it holds."""
        found = {}
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(folder, name)
                facts, what = os.lstat(path), None
                if stat.S_ISLNK(facts.st_mode):
                    what = os.readlink(path)
                elif stat.S_ISREG(facts.st_mode):
                    with open(path, 'rb') as file:
                        what = file.read()
                found[os.path.relpath(path, top)] = (
                    oct(facts.st_mode), facts.st_mtime_ns, what)
        return found

    def assertSame(self, a, b):
        a, b = self.content(a), self.content(b)
        self.assertEqual(set(a), set(b))
        for path in a:
            self.assertEqual(a[path], b[path], path)

    def client(self, *words, **more):
        return self.server.client(*words, cwd=self.local, **more)

    def up(self, *options, **more):
        done = self.client('sync', *options, 'tree', ':there', **more)
        return done.stdout.decode().splitlines()

    def down(self, *options, **more):
        done = self.client('sync', *options, ':there', 'tree', **more)
        return done.stdout.decode().splitlines()


class Both:
    """Each test runs both ways: `source` is made, `go` makes `target`."""

    def test_all_comes_with_times_and_modes_and_then_nothing(self):
        self.make(self.source)
        (self.source / 'a').chmod(0o640)
        (self.source / 'sub/b').chmod(0o444)
        (self.source / 'sub').chmod(0o550)
        lines = self.go()
        self.assertSame(self.source, self.target)
        self.assertEqual(sorted(lines[:-1]), sorted(
            ['+ a', '+ empty/', '+ odd \\e name', '+ sub/', '+ sub-b',
             '+ sub/b', '+ sub/deep/', '+ sub/deep/c', '+ sub/void/', '+ z']))
        self.assertEqual(lines[-1], self.says(
            'M 6 files {}, 4 folders made, 0 deleted, 0 unchanged, '
            '6018 of 6018 bytes'))
        self.assertEqual(self.go(), [self.says(
            'M 0 files {}, 0 folders made, 0 deleted, 6 unchanged, '
            '0 of 6018 bytes')])

    def says(self, text):
        return text.replace('M', self.name).format(self.verb)

    def alike(self, **more):
        self.make(self.source, **more)
        self.go()
        self.assertSame(self.source, self.target)

    def test_only_what_differs_moves(self):
        self.alike()
        (self.source / 'sub/b').write_bytes(b'other')
        (self.source / 'sub/deep/new').write_bytes(b'1')
        (self.source / 'a').chmod(0o600)
        os.utime(self.source / 'z', ns=(1, 77))
        lines = self.go()
        self.assertEqual(sorted(lines[:-1]), [
            '+ sub/deep/new', '> sub/b', '> z', '~ a'])
        self.assertIn(self.says('3 files {}, 0 folders made, 0 deleted, '
                                '3 unchanged, 10 of 24 bytes, '
                                '1 times or modes set'), lines[-1])
        self.assertSame(self.source, self.target)

    def test_nothing_is_deleted_unless_asked(self):
        self.alike()
        (self.target / 'sub/deep/extra').write_bytes(b'')
        (self.target / 'more').mkdir()
        (self.target / 'more/x').write_bytes(b'')
        (self.target / 'link').symlink_to('/etc')
        self.assertIn('0 deleted', self.go()[-1])
        self.assertTrue((self.target / 'more/x').exists())
        lines = self.go('--delete')
        self.assertEqual(sorted(lines[:-1]), [
            '- link', '- more/', '- more/x', '- sub/deep/extra'])
        self.assertSame(self.source, self.target)
        self.assertTrue(os.path.isdir('/etc'))

    def test_after_a_failure_nothing_is_deleted(self):
        self.alike()
        os.mkfifo(self.source / 'pipe')
        (self.target / 'extra').write_bytes(b'')
        lines = self.go('--delete', code=ftlib.EX_NOINPUT)
        self.assertIn(', 1 failures', lines[-1])
        self.assertTrue((self.target / 'extra').exists())

    def test_c_looks_at_the_content(self):
        self.alike(files={**FILES, 'big': os.urandom(3 * MIB + 5)})
        for name in ('a', 'big'):       # the same size and time
            path = self.target / name
            facts = path.stat()
            with open(path, 'r+b') as file:
                file.seek(-1, os.SEEK_END)
                file.write(b'\0')
            os.utime(path, ns=(1, facts.st_mtime_ns))
        os.utime(self.source / 'z', ns=(1, 77))
        self.assertEqual(self.go('-n')[:-1], ['> z'])
        lines = self.go('-c')
        self.assertEqual(sorted(lines[:-1]), ['> a', '> big', '~ z'])
        self.assertSame(self.source, self.target)
        self.assertEqual(len(self.go('--checksum')), 1)

    def test_a_dry_run_changes_nothing(self):
        self.alike()
        (self.source / 'a').write_bytes(b'other')
        (self.source / 'x').mkdir()
        (self.source / 'x/y').write_bytes(b'')
        (self.target / 'extra').write_bytes(b'')
        before = self.content(self.target)
        lines = self.go('-n', '--delete')
        self.assertEqual(sorted(lines[:-1]),
                         ['+ x/', '+ x/y', '- extra', '> a'])
        self.assertTrue(lines[-1].endswith(', dry run'))
        self.assertEqual(self.content(self.target), before)
        self.assertEqual(sorted(self.go('--delete')[:-1]),
                         sorted(lines[:-1]))

    def test_a_dry_run_makes_not_even_the_folder(self):
        self.make(self.source)
        self.assertEqual(len(self.go('--dry-run')), 11)
        self.assertFalse(self.target.exists())

    def test_what_changes_its_kind_takes_delete(self):
        self.alike(files={**FILES, 'sub/deep/d/e': b'e', 'v': b''})
        shutil.rmtree(self.source / 'sub')
        (self.source / 'sub').write_bytes(b'a file now')
        (self.source / 'a').unlink()
        (self.source / 'a/b').mkdir(parents=True)
        (self.source / 'a/b/c').write_bytes(b'')
        (self.target / 'z').unlink()
        (self.target / 'z').symlink_to('/etc/passwd')
        (self.source / 'v').write_bytes(b'new')
        passwd = os.stat('/etc/passwd')
        before = self.content(self.target)
        self.age(self.source)
        done = self.client(*self.words(), code=ftlib.EX_CANTCREAT)
        for line in (b'sub: is a folder at the target, which only --delete '
                     b'replaces by a file', b'a: is a file at the target',
                     b'z: is a symbolic link at the target'):
            self.assertIn(line, done.stderr)
        after = self.content(self.target)
        self.assertEqual(after['v'][2], b'new')
        for path in ('a', 'z', 'sub/deep/d/e', 'sub/b'):
            self.assertEqual(after[path], before[path])
        lines = self.go('--delete')
        self.assertIn('- sub/deep/d/', lines)
        self.assertIn('+ sub', lines)
        self.assertIn('+ a/b/c', lines)
        self.assertSame(self.source, self.target)
        self.assertEqual(os.stat('/etc/passwd'), passwd)

    def test_behind_a_failure_what_blocks_a_folder_is_as_it_was(self):
        self.alike()
        (self.source / 'a').unlink()
        (self.source / 'a').mkdir(0o700)
        os.mkfifo(self.source / 'pipe')
        before = self.content(self.target)['a']
        self.client(*self.words('--delete'), code=ftlib.EX_NOINPUT)
        self.assertEqual(self.content(self.target)['a'], before)

    def test_links_are_left_out_and_stay(self):
        self.alike()
        (self.source / 'link').symlink_to('a')
        (self.source / 'empty').rmdir()
        (self.source / 'empty').symlink_to('sub')
        (self.target / 'link').write_bytes(b'stays')
        (self.target / 'empty/x').write_bytes(b'stays')
        done = self.client(*self.words('--delete'))
        self.assertIn(b'link: is a symbolic link, skipped', done.stderr)
        self.assertEqual((self.target / 'link').read_bytes(), b'stays')
        self.assertEqual((self.target / 'empty/x').read_bytes(), b'stays')

    def test_filters_are_for_both_sides(self):
        self.make(self.source, {**FILES, 'sub/x.o': b'o', 'y.o': b'o',
                                'big': bytes(5000)})
        self.go('--exclude', '*.o', '--max-size', '4K')
        self.assertFalse((self.target / 'sub/x.o').exists())
        self.assertFalse((self.target / 'big').exists())
        self.assertTrue((self.target / 'sub/deep/c').exists())
        (self.target / 'mine.o').write_bytes(b'')
        (self.target / 'big').write_bytes(b'stays')
        (self.target / 'gone/deep').mkdir(parents=True)
        (self.target / 'gone/deep/mine.o').write_bytes(b'')
        (self.target / 'gone/x').write_bytes(b'')
        done = self.client(*self.words('--delete', '--exclude', '*.o',
                                       '--max-size', '4K'))
        self.assertIn(b'gone/deep: is not empty, skipped', done.stderr)
        self.assertFalse((self.target / 'gone/x').exists())
        self.assertTrue((self.target / 'gone/deep/mine.o').exists())
        self.assertTrue((self.target / 'mine.o').exists())
        self.assertEqual((self.target / 'big').read_bytes(), b'stays')

    def test_one_that_fails_does_not_end_it(self):
        self.alike()
        for name in ('a', 'sub/b', 'z'):
            (self.source / name).write_bytes(b'changed: ' + name.encode())
        self.age(self.source)
        with ftlib.LocalLock(self.there / 'sub/b'):
            done = self.client(*self.words(), code=ftlib.EX_TEMPFAIL)
        self.assertIn(b'(locked)', done.stderr)
        self.assertEqual((self.target / 'z').read_bytes(), b'changed: z')
        self.assertIn('> sub/b', self.go())
        self.assertSame(self.source, self.target)

    def test_a_cut_line_does_not_end_it_either(self):
        self.make(self.source, {f'd{i % 50:02}/f{i:03}': os.urandom(5000)
                                for i in range(300)}, ())
        proxy = Proxy(self.server, **{
            'up' if self.verb == 'sent' else 'down': (200000, 700000)})
        self.addCleanup(proxy.close)
        self.server.client(argv=self.argv(proxy), cwd=self.local)
        self.assertEqual(proxy.connections, 3)
        self.assertSame(self.source, self.target)

    def argv(self, proxy, *options):
        return [ftlib.program('ftclient'), '--pin', self.server.pin,
                '--password-file', str(self.server.password_file),
                proxy.target(), *self.words(*options)]

    def test_of_a_large_file_only_what_differs_moves(self):
        size = (2048 if ftlib.NIGHTLY else 64) * MIB
        block = os.urandom(MIB)
        self.source.mkdir()
        with open(self.source / 'large', 'wb') as file:
            for number in range(size // MIB):
                file.write(number.to_bytes(8, 'big') + block[8:])
        self.go()
        with open(self.source / 'large', 'r+b') as file:
            file.seek(size // 2 + 77)
            file.write(b'changed')
        proxy = Proxy(self.server)
        self.addCleanup(proxy.close)
        done = self.server.client(argv=self.argv(proxy), cwd=self.local)
        self.assertIn(f', 1048576 of {size} bytes', done.stdout.decode())
        self.assertLess(sum(proxy.passed.values()), 8 * MIB)
        self.assertGreater(sum(proxy.passed.values()), MIB)
        subprocess.run(['cmp', self.source / 'large', self.target / 'large'],
                       check=True)

    def many(self, count):
        files = {f'd{i % 97:02}/e{i % 7}/f{i:05}': b'%d' % i * (i % 50)
                 for i in range(count)}
        return self.make(self.source, files, [f'd{i:02}/void'
                                              for i in range(97)])

    def test_a_large_tree_is_exact_and_moves_once(self):
        count = 20000 if ftlib.NIGHTLY else 2000
        self.many(count)
        self.assertIn(f' {count} files', self.go()[-1])
        done = subprocess.run(['diff', '-r', self.source, self.target],
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, b''))
        self.assertSame(self.source, self.target)
        self.assertIn(self.says(f' 0 files {{}}, 0 folders made, 0 deleted, '
                                f'{count} unchanged, 0 of '), self.go()[-1])

    def test_killed_at_random_it_finishes_when_run_again(self):
        seed = int(os.environ.get('FT_SEED', time.time_ns() % 10**6))
        print(f'FT_SEED={seed}', flush=True)
        chance = random.Random(seed)
        self.many(20000 if ftlib.NIGHTLY else 2000)
        (self.source / 'long').write_bytes(chance.randbytes(20 * MIB))
        self.age(self.source)
        for _ in range(12 if ftlib.NIGHTLY else 4):
            process = self.server.start_client(
                *self.words('--delete'), cwd=self.local,
                stdout=subprocess.PIPE)
            # So many lines on, and then anywhere in what comes next.
            for _ in range(chance.randrange(500)):
                if not process.stdout.readline():
                    break
            time.sleep(chance.random() / 20)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        # What has just died may still hold its upload for a moment.
        self.go('--delete', '--wait', '60')
        self.assertSame(self.source, self.target)
        self.assertIn(' 0 files ', self.go('--delete')[-1])


class Up(Both, Sync):
    verb, name = 'sent', 'sync :there'

    def setUp(self):
        super().setUp()
        self.source, self.target = self.top, self.there

    def words(self, *options):
        return ['sync', *options, 'tree', ':there']

    go = Sync.up

    def test_into_the_current_folder_and_one_that_is_missing(self):
        self.make()
        self.client('sync', 'tree/', ':new/deep/er')
        self.assertSame(self.top, self.server.path('new/deep/er'))
        self.client('sync', str(self.top), ':/new')
        self.assertEqual((self.server.path('new/z')).read_bytes(), b'last')
        self.server.client('sync', '.', ':', cwd=self.top)
        self.assertEqual(self.server.read('z'), b'last')

    def test_bits_that_forbid_to_write_are_no_bar(self):
        self.server = self.serve(self.set_up())     # it is not root
        self.there = self.target = self.server.path('there')
        self.make()
        (self.top / 'z').chmod(0o444)
        (self.top / 'sub/b').chmod(0o400)
        (self.top / 'sub/deep').chmod(0o555)
        self.up()
        self.assertSame(self.top, self.there)
        (self.top / 'z').unlink()
        for name in ('sub/b', 'sub/deep/c'):
            (self.top / name).write_bytes(b'changed')
        (self.top / 'sub/deep/new').write_bytes(b'')
        self.assertEqual(self.up('--delete')[:-1], [
            '> sub/b', '> sub/deep/c', '+ sub/deep/new', '- z'])
        self.assertSame(self.top, self.there)

    def test_programs_are_told(self):
        self.make()
        done = self.server.client(argv=self.server.client_argv(
            *self.words())[:1] + ['--json'] + self.server.client_argv(
            *self.words())[1:], cwd=self.local)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn({'type': 'step', 'action': 'put', 'path': 'sub/b',
                       'size': 6000, 'done': True}, lines)
        sums = [line for line in lines if line['type'] == 'tree']
        self.assertEqual((sums[0]['files'], sums[0]['bytes']), (6, 6018))

    def test_what_is_no_use_of_it(self):
        self.make()
        for words in (('tree', 'there'), (':a', ':b'), ('tree',), ('', ':a'),
                      ('-x', 'tree', ':a'), ('--delete=1', 'tree', ':a')):
            self.client('sync', *words, code=ftlib.EX_USAGE)
        self.client('sync', 'none', ':there', code=ftlib.EX_NOINPUT)
        self.client('sync', 'tree/a', ':there', code=ftlib.EX_NOINPUT)
        self.client('sync', ':none', 'new', code=ftlib.EX_NOINPUT)
        self.assertFalse((self.local / 'new').exists())
        self.assertEqual(self.server.tree(), {})


class Down(Both, Sync):
    verb, name = 'received', 'sync tree'

    def setUp(self):
        super().setUp()
        self.source, self.target = self.there, self.top

    def words(self, *options):
        return ['sync', *options, ':there', 'tree']

    go = Sync.down

    def test_no_link_here_leads_elsewhere(self):
        self.alike()
        outside = self.folder / 'outside'
        outside.mkdir()
        (outside / 'b').write_bytes(b'safe')
        shutil.rmtree(self.target / 'sub')
        (self.target / 'sub').symlink_to(outside)
        (self.source / 'sub/b').write_bytes(b'evil')
        self.go(code=ftlib.EX_CANTCREAT)
        self.assertEqual(os.listdir(outside), ['b'])
        self.go('--delete')
        self.assertEqual(os.listdir(outside), ['b'])
        self.assertEqual((outside / 'b').read_bytes(), b'safe')
        self.assertSame(self.source, self.target)


    def test_a_link_here_that_a_pattern_hides_leads_nowhere(self):
        self.make(self.source, {'a/x.c': b'evil', 'a/deep/y.c': b'evil',
                                'z.c': b'good'}, ())
        outside = self.folder / 'outside'
        (outside / 'deep').mkdir(parents=True)
        self.target.mkdir()
        (self.target / 'a').symlink_to(outside)
        for options in ((), ('--delete',)):
            done = self.client(*self.words(
                *options, '--include', '*/', '--include', '*.c',
                '--exclude', '*'), code=ftlib.EX_CANTCREAT)
            self.assertIn(b'ftclient: a: ', done.stderr)
            self.assertEqual(self.content(outside).keys(), {'deep'})
            self.assertEqual((self.target / 'z.c').read_bytes(), b'good')


class Watch(Sync):
    def begin(self, *options, argv=None, **more):
        """Watching, and done with what was there; deletes."""
        process = self.server.start_client(
            'sync', '--watch', '--delete', *options, 'tree', ':there',
            argv=argv, cwd=self.local, stdout=subprocess.PIPE, **more)
        self.addCleanup(self.reap, process)
        self.lines = ftlib.Lines(process.stdout)
        while not self.lines.next().startswith('sync :there '):
            pass
        self.process = process
        return process

    def reap(self, process):
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()

    def same(self):
        """In the end the server has all, and nothing else."""
        try:
            ftlib.wait_until('both are the same', lambda: self.content(
                self.top) == self.content(self.there), 60)
        except FileNotFoundError:       # it went while it was looked at
            self.same()
        self.assertIsNone(self.process.poll())

    def finish(self, signal_=signal.SIGTERM):
        self.process.send_signal(signal_)
        self.assertEqual(self.process.wait(60), 0)

    def test_what_is_done_here_is_done_there(self):
        self.make()
        self.begin()
        self.same()
        (self.top / 'sub/new').write_bytes(b'created')
        self.same()
        (self.top / 'a').write_bytes(b'changed')
        self.same()
        (self.top / 'z').unlink()
        self.same()
        (self.top / 'sub/b').rename(self.top / 'empty/c')
        self.same()
        (self.top / 'fresh/in/here').mkdir(parents=True)
        (self.top / 'fresh/in/here/f').write_bytes(b'1')
        self.same()
        (self.top / 'fresh/in/here/g').write_bytes(b'2')
        self.same()
        (self.top / 'fresh/in').rename(self.top / 'sub/moved')
        self.same()
        (self.top / 'sub/moved/here/g').write_bytes(b'3')
        self.same()
        (self.top / 'sub-b').chmod(0o600)
        os.utime(self.top / 'sub/deep', ns=(1, TIME))
        self.same()
        shutil.rmtree(self.top / 'sub')
        (self.top / 'sub').write_bytes(b'a file now')
        self.same()
        self.finish(signal.SIGINT)

    def test_a_signal_ends_it_also_without_a_server(self):
        self.make()
        program, *words = self.server.client_argv(
            'sync', '--watch', '--delete', 'tree', ':there')
        self.begin(argv=[program, '-v', *words], stderr=subprocess.PIPE)
        self.server.kill()
        told = ftlib.Lines(self.process.stderr)
        while 'trying again (2 of 5) in 2 s' not in told.next():
            pass
        self.finish()

    def test_without_delete_nothing_goes(self):
        self.make()
        process = self.server.start_client(
            'sync', '--watch', 'tree', ':there', cwd=self.local,
            stdout=subprocess.DEVNULL)
        self.process = process
        self.addCleanup(self.reap, process)
        self.same()
        (self.top / 'z').unlink()
        (self.top / 'a').write_bytes(b'changed')
        ftlib.wait_until('it was sent', lambda: (
            self.there / 'a').read_bytes() == b'changed')
        self.assertTrue((self.there / 'z').exists())
        self.finish()

    def test_patterns_hold_for_changes(self):
        self.make()
        self.begin('--exclude', '*.o')
        (self.top / 'sub/x.o').write_bytes(b'')
        (self.top / 'sub/x').write_bytes(b'')
        ftlib.wait_until('it was sent', (self.there / 'sub/x').exists)
        self.assertFalse((self.there / 'sub/x.o').exists())
        self.finish()

    def test_a_server_that_was_gone_is_found_again(self):
        self.make()
        self.begin()
        worker = self.server.worker
        os.kill(worker, signal.SIGKILL)
        (self.top / 'sub/new').write_bytes(b'meanwhile')
        self.same()
        self.assertNotEqual(self.server.worker, worker)
        (self.top / 'sub/new').write_bytes(b'later')
        self.same()
        self.finish()

    def test_it_stays_where_silence_ends_a_session(self):
        self.server = self.serve(self.set_up(
            sections={'limits': {'idle_timeout': 2}}))
        self.there = self.server.path('there')
        self.make()
        self.begin()
        time.sleep(6)       # thrice what would end it
        (self.top / 'a').write_bytes(b'changed')
        self.same()
        self.assertEqual(self.server.log().count('audit login'), 1)
        self.finish()

    def test_more_than_it_is_told_is_found(self):
        self.make()
        self.begin()
        self.process.send_signal(signal.SIGSTOP)
        with open('/proc/sys/fs/inotify/max_queued_events') as file:
            most = int(file.read())
        for _ in range(most // 2 + 10):     # the same twice would be one
            os.utime(self.top / 'a')
            os.utime(self.top / 'sub/b')
        (self.top / 'sub/deep/unseen').mkdir()
        (self.top / 'sub/deep/unseen/f').write_bytes(b'1')
        self.process.send_signal(signal.SIGCONT)
        self.same()
        (self.top / 'sub/deep/unseen/f').write_bytes(b'2')
        self.same()
        self.finish()

    def test_what_fails_does_not_end_it(self):
        self.make()
        self.begin(stderr=subprocess.PIPE)
        told = ftlib.Lines(self.process.stderr)
        self.assertIn('watching tree', told.next())
        with ftlib.LocalLock(self.there / 'a'):
            (self.top / 'a').write_bytes(b'changed')
            self.assertIn('(locked)', told.next())
        (self.top / 'sub/b').write_bytes(b'another')
        ftlib.wait_until('the other was sent', lambda: (
            self.there / 'sub/b').read_bytes() == b'another')
        self.same()     # it is tried again
        self.finish()

    def test_folders_that_cannot_be_watched_are_told(self):
        self.make()
        argv = self.server.client_argv('sync', '--watch', 'tree', ':there')
        # The bound is that of a whole namespace of users, which root in a
        # chroot cannot make.
        done = self.server.client(argv=[
            'strace', '-f', '-qq', '-o', '/dev/null',
            '-e', 'trace=inotify_add_watch',
            '-e', 'inject=inotify_add_watch:error=ENOSPC:when=4+', *argv],
            cwd=self.local, code=ftlib.EX_IOERR,
            env={'ASAN_OPTIONS': 'detect_leaks=0'})
        self.assertIn(b'raise fs.inotify.max_user_watches', done.stderr)
        self.assertEqual(done.stderr.count(b'\n'), 1)
        self.assertFalse(self.there.exists())

    def test_it_is_for_what_is_sent(self):
        self.make()
        for words in ((':there', 'tree'), ('-n', 'tree', ':there')):
            self.client('sync', '--watch', *words, code=ftlib.EX_USAGE)


class Hostile(client_hostile.ClientTest):
    """A server that says anything changes nothing but the folder."""

    def fetch(self, entries, code, *options, files=None):
        def find(session, frame):
            session.send('ENTRIES', frame.id, ftpeer.row(*entries))
            session.ok(frame, COUNT=len(entries))
        peer = self.peer(files or {b'tree/x': b'evil', b'tree/a/x': b'evil'})
        peer.on['STAT'] = lambda session, frame: session.ok(
            frame, ENTRY=ftpeer.entry(b'tree', kind='d'))
        peer.on['FIND'] = find
        return self.run_client(peer, 'sync', *options, ':tree', 'here',
                               code=code)

    def test_no_name_leads_out_of_the_folder(self):
        for name in (b'../x', b'/x', b'a/../../x', b'..', b'a//x', b'./x',
                     b'a/', b'x\0y'):
            with self.subTest(name):
                done = self.fetch([ftpeer.entry(name)], ftlib.EX_PROTOCOL,
                                  '--delete')
                self.assertIn(b'leads out of its folder', done.stderr)
                self.assertEqual(self.local_files(), [])
                self.assertFalse((self.folder / 'x').exists())

    def test_no_path_comes_twice_or_without_its_folder(self):
        file, folder = ftpeer.entry(b'a/x', 4), ftpeer.entry(b'a', kind='d')
        for entries in ([file], [ftpeer.entry(b'a', 4), file],
                        [folder, ftpeer.entry(b'a', 4), file],
                        [ftpeer.entry(b'a', kind='l'), file],
                        [folder, file, file]):
            self.fetch(entries, ftlib.EX_PROTOCOL, '--delete')
            self.assertEqual(os.listdir(self.work / 'here')
                             if (self.work / 'here').exists() else [], [])

    def test_a_link_that_is_here_is_no_way_out(self):
        outside = self.folder / 'outside'
        outside.mkdir()
        (outside / 'x').write_bytes(b'safe')
        (self.work / 'here').mkdir()
        (self.work / 'here/a').symlink_to(outside)
        (self.work / 'here/x').symlink_to(outside / 'x')
        entries = [ftpeer.entry(b'a', kind='d'), ftpeer.entry(b'a/x', 4),
                   ftpeer.entry(b'x', 4)]
        self.fetch(entries, ftlib.EX_CANTCREAT)
        self.assertEqual((outside / 'x').read_bytes(), b'safe')
        self.fetch(entries, 0, '--delete')
        self.assertEqual((outside / 'x').read_bytes(), b'safe')
        self.assertEqual((self.work / 'here/a/x').read_bytes(), b'evil')
        self.fetch([], 0, '--delete')
        self.assertEqual(os.listdir(outside), ['x'])
        self.assertEqual(os.listdir(self.work / 'here'), [])

    def test_names_are_shown_escaped(self):
        done = self.fetch([ftpeer.entry(b'\x1b[2J', 4)], 0,
                          files={b'tree/\x1b[2J': b'evil'})
        self.assertNotIn(b'\x1b', done.stdout + done.stderr)
        self.assertIn(b'+ \\e[2J', done.stdout)


if __name__ == '__main__':
    ftlib.main()
