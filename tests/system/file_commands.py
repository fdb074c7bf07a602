#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Commands on files and trees: in place, copies, sums, find, du, df, rm -r."""

import hashlib
import os
import stat

import ftlib
import ftwire

MIB = 1 << 20


class Commands(ftlib.Test):
    users = {
        ftlib.USER: 'base=main,rights=full',
        'reader': 'base=main,rights=read',
        'appender': 'base=main,rights=list+read+append',
        'writer': 'base=main,rights=list+read+write',
    }

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(users=self.users))

    def run_client(self, *words, code=ftlib.OK, **more):
        return self.server.client(*words, code=code, cwd=self.folder, **more)

    def mkdir(self, name):
        self.server.path(name).mkdir()
        self.server.own(name)

    def fails(self, word, *words, code):
        done = self.run_client(*words, code=code)
        self.assertRegex(done.stderr, rb'\Aftclient: [^\n]* \(%b\)\n\Z' %
                         word.encode())

    def audited(self, pattern):
        self.server.wait_log(pattern)


class InPlace(Commands):
    def test_append_adds_to_the_end(self):
        self.server.write('log', b'one\n')
        self.write('more', b'two\n')
        self.run_client('append', 'more', 'log')
        self.run_client('append', '-', 'log', input=b'three\n')
        self.assertEqual(self.server.read('log'), b'one\ntwo\nthree\n')
        self.audited(r'append')

    def test_append_to_what_is_not_there_is_told(self):
        self.write('more', b'x')
        self.fails('not-found', 'append', 'more', 'log',
                   code=ftlib.EX_NOINPUT)

    def test_a_large_append_keeps_what_was_there(self):
        old, new = os.urandom(3 * MIB + 5), os.urandom(5 * MIB + 7)
        self.server.write('big', old)
        self.write('more', new)
        self.run_client('append', 'more', 'big')
        self.assertTrue(self.server.read('big') == old + new)

    def test_put_at_an_offset_changes_only_that(self):
        self.server.write('f', b'0123456789')
        self.write('new', b'abc')
        before = self.server.path('f').stat().st_ino
        self.run_client('put', '--offset', '4', 'new', 'f')
        self.assertEqual(self.server.read('f'), b'0123abc789')
        self.run_client('put', '--offset=12', 'new', 'f')
        self.assertEqual(self.server.read('f'), b'0123abc789\0\0abc')
        self.assertEqual(self.server.path('f').stat().st_ino, before)

    def test_zeros_are_written_too(self):
        self.server.write('f', b'x' * (2 * MIB))
        with open(self.path('hole'), 'wb') as file:
            file.truncate(MIB)
        self.run_client('put', '--offset', str(MIB // 2), 'hole', 'f')
        half = b'x' * (MIB // 2)
        self.assertTrue(self.server.read('f') == half + bytes(MIB) + half)

    def test_truncate_cuts_and_stretches(self):
        self.server.write('f', b'0123456789')
        self.run_client('truncate', 'f', '4')
        self.assertEqual(self.server.read('f'), b'0123')
        self.run_client('truncate', 'f', '6')
        self.assertEqual(self.server.read('f'), b'0123\0\0')
        self.run_client('truncate', 'f', 'much', code=ftlib.EX_USAGE)

    def test_touch_makes_and_changes(self):
        self.run_client('touch', 'new')
        self.assertEqual(self.server.read('new'), b'')
        os.utime(self.server.path('new'), (1, 1))
        self.run_client('touch', 'new')
        self.assertGreater(self.server.path('new').stat().st_mtime, 1)
        with self.server.wire() as wire:
            wire.call('TOUCH', {'PATH': 'new', 'MTIME': (12, 34)})
        self.assertEqual(self.server.path('new').stat().st_mtime_ns,
                         12 * 10**9 + 34)

    def test_touch_sets_bits_and_the_time_of_folders(self):
        self.server.write('f', b'abc')
        os.utime(self.server.path('f'), (5, 5))
        self.run_client('mkdir', 'd')
        with self.server.wire() as wire:
            wire.call('TOUCH', {'PATH': 'f', 'MODE': 0o400})
            facts = self.server.path('f').stat()
            self.assertEqual(facts.st_mode & 0o777, 0o400)
            self.assertEqual(facts.st_mtime, 5)
            wire.call('TOUCH', {'PATH': 'f', 'MODE': 0o600,
                                'MTIME': (7, 8)})
            wire.call('TOUCH', {'PATH': 'd', 'MODE': 0o555,
                                'MTIME': (9, 10)})
            self.assertRefused('not-permitted', wire.call, 'TOUCH',
                               {'PATH': '/', 'MODE': 0})
        facts = self.server.path('f').stat()
        self.assertEqual(facts.st_mode & 0o777, 0o600)
        self.assertEqual(facts.st_mtime_ns, 7 * 10**9 + 8)
        facts = self.server.path('d').stat()
        self.assertEqual(facts.st_mode & 0o777, 0o555)
        self.assertEqual(facts.st_mtime_ns, 9 * 10**9 + 10)

    def test_they_respect_locks_of_local_programs(self):
        self.server.write('f', b'0123456789')
        self.write('new', b'abc')
        locked = ('locked',)
        with ftlib.LocalLock(self.server.path('f'), 'SH', 4, 2):
            for words in (('put', '--offset', '3', 'new', 'f'),
                          ('truncate', 'f', '2'), ('truncate', 'f', '5')):
                self.fails(*locked, *words, code=ftlib.EX_TEMPFAIL)
            self.run_client('append', 'new', 'f')
            self.run_client('put', '--offset', '6', 'new', 'f')
        with ftlib.LocalLock(self.server.path('f'), 'SH', 100, 1):
            self.fails(*locked, 'append', 'new', 'f', code=ftlib.EX_TEMPFAIL)
        self.assertEqual(self.server.read('f'), b'012345abc9abc')

    def test_a_gap_or_a_wrong_digest_is_refused(self):
        self.server.write('f', b'0123456789')
        with self.server.wire() as wire:
            id_ = wire.ask('WRITE', {'PATH': 'f', 'OFFSET': 2})
            wire.send_data(id_, 3, b'x')
            self.assertRefused('bad-request', wire.answer, id_)
            wire.send('ABORT', id_)
            id_ = wire.ask('APPEND', {'PATH': 'f', 'SIZE': 1})
            wire.send_data(id_, 0, b'xy')
            self.assertRefused('size', wire.answer, id_)
            wire.send('ABORT', id_)
            id_ = wire.ask('APPEND', {'PATH': 'f', 'SIZE': 1})
            wire.send_data(id_, 0, b'x')
            wire.send('COMMIT', id_, {'SIZE': 1,
                                      'DIGEST': ftwire.digest(b'y')})
            self.assertRefused('digest', wire.answer, id_)
            self.assertEqual(wire.stat('f').type, 'f')

    def test_a_version_that_is_gone_is_refused(self):
        self.server.write('f', b'0123456789')
        with self.server.wire() as wire:
            version = wire.stat('f').version
            wire.call('TRUNCATE', {'PATH': 'f', 'SIZE': 5,
                                   'IF_VERSION': version})
            self.assertRefused('precondition', wire.call, 'TRUNCATE', {
                'PATH': 'f', 'SIZE': 4, 'IF_VERSION': version})
        self.assertEqual(self.server.read('f'), b'01234')

    def test_each_needs_its_right(self):
        self.server.write('f', b'0123456789')
        requests = {
            'APPEND': {'PATH': 'f'}, 'WRITE': {'PATH': 'f', 'OFFSET': 0},
            'TRUNCATE': {'PATH': 'f', 'SIZE': 0}, 'TOUCH': {'PATH': 'f'},
            'CP': {'PATH': 'f', 'TARGET': 'g'},
            'RM': {'PATH': 'f', 'RECURSIVE': b''},
            'MKDIR': {'PATH': 'd/e', 'PARENTS': b''},
        }
        may = {'reader': (), 'appender': ('APPEND',), 'writer': ('CP',)}
        for user, allowed in may.items():
            for name, fields in requests.items():
                with self.server.wire(user) as wire:
                    id_ = wire.ask(name, fields)
                    if name in ('APPEND', 'WRITE'):
                        wire.send('COMMIT', id_, {
                            'SIZE': 0, 'DIGEST': ftwire.digest(b'')})
                    if name in allowed:
                        wire.answer(id_)
                    else:
                        self.assertRefused('not-permitted', wire.answer, id_)
        self.assertEqual(self.server.read('f'), b'0123456789')


class Copies(Commands):
    def test_a_copy_has_content_and_mode(self):
        content = os.urandom(9 * MIB + 3)
        self.server.write('f', content)
        os.chmod(self.server.path('f'), 0o640)
        self.run_client('cp', 'f', 'g')
        self.assertTrue(self.server.read('g') == content)
        self.assertEqual(self.mode(self.server.path('g')), 0o640)
        self.assertEqual(self.server.stages(), [])
        self.audited(r'cp')

    def test_it_goes_into_a_folder_and_over_a_file(self):
        self.server.write('f', b'new')
        self.mkdir('d')
        self.run_client('cp', 'f', 'd')
        self.run_client('cp', 'f', 'd/')
        self.assertEqual(self.server.read('d/f'), b'new')
        self.server.write('old', b'older')
        self.run_client('cp', 'f', 'old')
        self.assertEqual(self.server.read('old'), b'new')

    def test_holes_and_nothing_are_copied(self):
        self.server.write('empty', b'')
        with open(self.server.path('hole'), 'wb') as file:
            file.truncate(64 * MIB)
            file.seek(32 * MIB)
            file.write(b'middle')
        self.server.own('hole')
        self.run_client('cp', 'empty', 'empty2')
        self.run_client('cp', 'hole', 'hole2')
        self.assertEqual(self.server.read('empty2'), b'')
        self.assertTrue(self.server.read('hole2') == self.server.read('hole'))
        self.assertLess(self.server.path('hole2').stat().st_blocks * 512,
                        8 * MIB)

    def test_a_taken_name_can_be_refused(self):
        self.server.write('f', b'new')
        self.server.write('g', b'old')
        with self.server.wire() as wire:
            self.assertRefused('exists', wire.call, 'CP', {
                'PATH': 'f', 'TARGET': 'g', 'TAKEN': 1})
        with self.server.wire('writer') as wire:
            self.assertRefused('not-permitted', wire.call, 'CP', {
                'PATH': 'f', 'TARGET': 'g'})
        self.assertEqual(self.server.read('g'), b'old')
        self.assertEqual(self.server.stages(), [])

    def test_locks_hold_it_up(self):
        self.server.write('f', b'new')
        self.server.write('g', b'old')
        with ftlib.LocalLock(self.server.path('f'), 'EX'):
            self.fails('locked', 'cp', 'f', 'h', code=ftlib.EX_TEMPFAIL)
        with ftlib.LocalLock(self.server.path('g'), 'EX'):
            self.fails('locked', 'cp', 'f', 'g', code=ftlib.EX_TEMPFAIL)
        self.assertEqual(self.server.read('g'), b'old')

    def test_sums_are_those_of_other_programs(self):
        for content in (b'', b'x', os.urandom(9 * MIB + 1)):
            self.server.write('f', content)
            done = self.run_client('sum', 'f')
            self.assertEqual(done.stdout.decode(),
                             f'{hashlib.sha256(content).hexdigest()}  f\n')
            done = self.run_client('sum', '-x', 'f')
            self.assertEqual(done.stdout.decode(),
                             f'{ftwire.xxh128(content).hex()}  f\n')
        with self.server.wire() as wire:
            ok = wire.call('SUM', {'PATH': 'f', 'METHOD': 'sha256',
                                   'OFFSET': 5, 'LENGTH': MIB})
            self.assertEqual(ok['SUM'], hashlib.sha256(
                content[5:5 + MIB]).digest())
            self.assertRefused('unsupported', wire.call, 'SUM', {
                'PATH': 'f', 'METHOD': 'md5'})

    def test_cat_prints_files(self):
        self.server.write('a', b'one\n')
        self.server.write('b', b'two\n')
        self.assertEqual(self.run_client('cat', 'a', 'b').stdout,
                         b'one\ntwo\n')


class Trees(Commands):
    def setUp(self):
        super().setUp()
        for name in ('t', 't/d', 't/d/e', 't/empty'):
            self.mkdir(name)
        self.server.write('t/a.txt', b'12345')
        self.server.write('t/b.dat', b'1234567890')
        self.server.write('t/d/c.txt', b'1')
        self.server.write('t/d/e/d.txt', b'')
        os.symlink('../..', self.server.path('t/d/up'))
        os.utime(self.server.path('t/a.txt'), (1000, 1000))

    def found(self, *words):
        return sorted(self.run_client('find', *words).stdout.decode().split())

    def test_find_tells_paths_below(self):
        self.assertEqual(self.found('t'), [
            'a.txt', 'b.dat', 'd', 'd/c.txt', 'd/e', 'd/e/d.txt', 'd/up',
            'empty'])
        self.assertEqual(self.found('--name', '*.txt', 't'),
                         ['a.txt', 'd/c.txt', 'd/e/d.txt'])
        self.assertEqual(self.found('--name', '*.txt', '--depth', '1', 't'),
                         ['a.txt'])
        self.assertEqual(self.found('--type', 'd', 't'),
                         ['d', 'd/e', 'empty'])
        self.assertEqual(self.found('--type', 'l', 't'), ['d/up'])
        self.assertEqual(self.found('--type', 'f', '--min', '2', '--max', '9',
                                    't'), ['a.txt'])
        self.assertEqual(self.found('--older', '@2000', 't'), ['a.txt'])
        self.assertEqual(self.found('--newer', '@2000', '--type', 'f', 't'),
                         ['b.dat', 'd/c.txt', 'd/e/d.txt'])
        self.assertEqual(self.found('t/a.txt'), ['a.txt'])
        self.run_client('find', '--type', 'x', code=ftlib.EX_USAGE)

    def test_the_private_folder_is_not_found(self):
        self.assertEqual([name for name in self.found()
                          if name.startswith('.')], [])
        self.assertEqual(self.found('--name', '.ft*'), [])

    def test_du_counts_files_and_bytes(self):
        self.assertEqual(self.run_client('du', 't').stdout,
                         b'16 bytes in 4 files\n')
        self.assertEqual(self.run_client('du', 't/empty').stdout,
                         b'0 bytes in 0 files\n')

    def test_df_tells_the_room_there_is(self):
        facts = os.statvfs(self.server.root)
        out = self.run_client('df').stdout.decode()
        self.assertRegex(out, rf'\Asize: {facts.f_blocks * facts.f_frsize}\n'
                              r'free: \d+\ndurability: commit\n\Z')

    def test_rm_removes_a_tree_and_nothing_behind_its_links(self):
        self.server.write('beside', b'stays')
        os.symlink('../beside', self.server.path('t/link'))
        self.fails('is-a-folder', 'rm', 't', code=ftlib.EX_NOINPUT)
        self.run_client('rm', '-r', 't')
        self.assertEqual(sorted(self.server.tree()), [b'beside'])
        self.audited(r'rm')

    def test_rm_of_a_link_removes_the_link(self):
        os.symlink('t', self.server.path('l'))
        self.run_client('rm', '-r', 'l')
        self.assertTrue(self.server.path('t/a.txt').exists())
        self.assertFalse(os.path.lexists(self.server.path('l')))

    def test_rm_tells_what_it_could_not_remove(self):
        with ftlib.LocalLock(self.server.path('t/d/c.txt'), 'EX'):
            self.fails('locked', 'rm', '-r', 't', code=ftlib.EX_TEMPFAIL)
        self.assertTrue(self.server.path('t/d/c.txt').exists())
        self.assertFalse(self.server.path('t/a.txt').exists())
        self.fails('not-found', 'rm', '-r', 'gone', code=ftlib.EX_NOINPUT)

    def test_rm_of_all_is_refused_and_audited_once(self):
        self.fails('not-permitted', 'rm', '-r', '/', code=ftlib.EX_NOPERM)
        self.run_client('rm', '-r', 't')
        self.audited('audit rm .* path="/t" .*outcome=ok')
        told = [line for line in self.server.log().split('\n')
                if ' audit ' in line and ' audit login ' not in line]
        self.assertEqual(len(told), 2, told)
        self.assertRegex(told[0], r'audit rm user="[^"]+" .*path="/" .*'
                         r'outcome=not-permitted')

    def test_mkdir_makes_parents(self):
        self.run_client('mkdir', '-p', 'x/y/z', 'x/y/z', 't/d')
        self.assertTrue(stat.S_ISDIR(self.server.path('x/y/z').stat().st_mode))
        self.fails('exists', 'mkdir', '-p', 't/a.txt',
                   code=ftlib.EX_CANTCREAT)
        self.fails('not-a-folder', 'mkdir', '-p', 't/a.txt/b',
                   code=ftlib.EX_NOINPUT)

    def test_deep_trees_need_few_descriptors(self):
        fd = os.open(self.server.root, os.O_PATH)
        for _ in range(400):
            os.mkdir('n', dir_fd=fd)
            os.chown('n', self.server.path('t/a.txt').stat().st_uid, -1,
                     dir_fd=fd)
            inner = os.open('n', os.O_PATH, dir_fd=fd)
            os.close(fd)
            fd = inner
        os.close(fd)
        with self.server.wire() as wire:
            before = ftlib.descriptors(self.server.worker)
            id_ = wire.ask('FIND', {'PATH': 'n'})
            *parts, ok = wire.answer(id_)
            names = [e.name for part in parts
                     for e in ftwire.decode_entries(part.payload)]
            self.assertEqual(ok.fields['COUNT'], 399)
            self.assertEqual(max(names, key=len), b'/'.join([b'n'] * 399))
            self.assertLessEqual(ftlib.descriptors(self.server.worker),
                                 before)
            wire.call('RM', {'PATH': 'n', 'RECURSIVE': b''})
        self.assertFalse(self.server.path('n').exists())


class Long(Commands):
    def fill(self, count):
        self.mkdir('many')
        uid = self.server.path('many').stat().st_uid
        for i in range(count // 100):
            self.server.path(f'many/{i}').mkdir()
            os.chown(self.server.path(f'many/{i}'), uid, -1)
            for j in range(100):
                self.server.write(f'many/{i}/{j}', b'')

    def test_a_long_one_is_cancelled_and_others_are_served(self):
        with open(self.server.path('huge'), 'wb') as file:
            file.truncate(64 << 30)
        self.server.own('huge')
        with self.server.wire() as wire:
            id_ = wire.ask('SUM', {'PATH': 'huge', 'METHOD': 'sha256'})
            ping = wire.ask('PING')
            self.assertEqual(wire.receive().id, ping)
            with self.server.wire() as other:
                self.assertEqual(other.stat('huge').size, 64 << 30)
            wire.send('CANCEL', id_)
            self.assertRefused('cancelled', wire.answer, id_)
            self.assertEqual(wire.stat('huge').size, 64 << 30)
        self.audited(r'sum')

    def test_who_goes_away_ends_what_was_asked(self):
        with open(self.server.path('huge'), 'wb') as file:
            file.truncate(64 << 30)
        self.server.own('huge')
        before = ftlib.descriptors(self.server.worker)
        wire = self.server.wire()
        wire.ask('SUM', {'PATH': 'huge', 'METHOD': 'sha256'})
        wire.reset()
        ftlib.wait_until('the file is closed', lambda: ftlib.descriptors(
            self.server.worker) <= before)

    def test_many_files_are_found_counted_and_removed(self):
        self.fill(3000)
        done = self.run_client('find', '--type', 'f', 'many')
        self.assertEqual(len(set(done.stdout.split())), 3000)
        self.assertEqual(self.run_client('du', 'many').stdout,
                         b'0 bytes in 3000 files\n')
        self.run_client('rm', '-r', 'many')
        self.assertFalse(self.server.path('many').exists())


if __name__ == '__main__':
    ftlib.main()
