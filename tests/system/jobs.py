#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many files over several connections: -j of put -r, get -r, mput and sync."""

import json
import os
import re

import ftlib
import ftwire
from resume import content_of
from resume_client import Through
from segments import Staged

MIB = ftwire.MIB
FOLDERS, FILES, SIZE = 20, 20, 40960
LONG = 64 * MIB + 5     # is split


def contents(folder):
    """What is in it: bytes of files, None for folders, by their paths."""
    found = {}
    for top, names, files in os.walk(folder):
        below = os.path.relpath(top, folder)
        for name in names:
            found[os.path.normpath(os.path.join(below, name))] = None
        for name in files:
            with open(os.path.join(top, name), 'rb') as file:
                found[os.path.normpath(os.path.join(below, name))] = \
                    file.read()
    return found


class Jobs(Through):
    def setUp(self):
        super().setUp()
        self.start(self.serve())

    def plant(self, top):
        """A tree of some hundred files, a long one, and an empty folder."""
        for i in range(FOLDERS):
            folder = top / f'd{i:02}' / 'in'
            folder.mkdir(parents=True)
            for k in range(FILES):
                (folder / f'f{k:02}').write_bytes(
                    content_of(SIZE + k, i * FILES + k))
        (top / 'd05' / 'long').write_bytes(content_of(6 * MIB + 3))
        (top / 'none').mkdir()
        (top / 'empty').touch()
        return contents(top)

    def plant_here(self):
        return self.plant(self.local / 'tree')

    def plant_there(self):
        found = self.plant(self.server.path('tree'))
        for name in ['', *found]:
            self.server.own(os.path.join('tree', name))
        return found

    def there(self, name='tree'):
        return contents(self.server.path(name))

    def here(self, name='tree'):
        return contents(self.local / name)

    def client(self, *words, **more):
        return self.server.client(*words, cwd=self.local, **more)

    def assertLogins(self, done, proxy, count):
        self.assertEqual(proxy.connections, count)
        self.assertEqual(done.stderr.count(b'logged in by password'), 1)
        self.assertEqual(done.stderr.count(b'logged in by ticket'), count - 1)
        self.assertEqual(len(re.findall(
            r'audit login .* outcome=ok', self.server.log())), count)

    # --- exact, and over all of them ---

    def test_a_tree_is_put_over_all_connections(self):
        tree = self.plant_here()
        proxy = self.proxy(Staged, False, 3)
        done = self.run_client(proxy, 'put', '-r', '-j', '4', 'tree')
        self.assertEqual(self.there(), tree)
        self.assertLogins(done, proxy, 4)
        self.assertIn(b'put tree 402 files, 42 folders', done.stdout)

    def test_a_tree_is_got_over_all_connections(self):
        tree = self.plant_there()
        proxy = self.proxy(Staged, True, 3)
        done = self.run_client(proxy, 'get', '-r', '--jobs=4', 'tree')
        self.assertEqual(self.here(), tree)
        self.assertLogins(done, proxy, 4)
        self.assertIn(b'get tree 402 files, 42 folders', done.stdout)

    def test_many_files_go_so_too(self):
        names = [f'f{i:03}' for i in range(300)]
        for i, name in enumerate(names):
            self.file(name, SIZE, i)
        proxy = self.proxy(Staged, False, 2)
        done = self.run_client(proxy, 'mput', '-j3', 'f*')
        self.assertEqual(done.stdout.decode().splitlines()[:-1],
                         [f'put {name} {SIZE} bytes' for name in names])
        self.assertEqual(proxy.connections, 3)
        (self.local / 'back').mkdir()
        proxy = self.proxy(Staged, True, 2)
        done = self.run_client(proxy, 'mget', '-d', 'back', '-j', '3', 'f*')
        self.assertEqual(done.stdout.decode().splitlines()[:-1],
                         [f'get {name} {SIZE} bytes' for name in names])
        self.assertEqual(proxy.connections, 3)
        self.assertEqual(self.here('back'), {
            name: self.server.read(name) for name in names})

    def test_few_long_files_are_shared_out(self):
        """Nobody asks for all of them ahead."""
        for i in range(6):
            self.server.write(f'f{i}', content_of(5 * MIB, i))
        proxy = self.proxy(Staged, True, 1)
        self.run_client(proxy, 'get', '-g', '-j', '2', 'f*')
        for i in range(6):
            self.assertEqual((self.local / f'f{i}').read_bytes(),
                             content_of(5 * MIB, i))
        self.assertEqual(proxy.connections, 2)

    # --- a long one is split ---

    def plant_long(self, top):
        """A few files, one of which is worth all connections."""
        (top / 'in').mkdir(parents=True)
        for i in range(9):
            (top / f'f{i}').write_bytes(content_of(SIZE + i, i))
        (top / 'in' / 'long').write_bytes(content_of(LONG))
        return contents(top)

    def segments(self):
        return re.findall(r'audit segment .*', self.server.log())

    def test_a_long_one_goes_over_all_connections(self):
        tree = self.plant_long(self.local / 'tree')
        proxy = self.proxy(Staged, False, 2, 'cut')
        done = self.run_client(
            proxy, 'put', '-r', '-j', '3', 'tree',
            options=('--json', '--receipts', str(self.local / 'receipts')))
        self.assertTrue(self.there() == tree)
        self.assertGreaterEqual(proxy.connections, 5)
        senders = {re.search(r'address=\S+', line)[0]
                   for line in self.segments()}
        self.assertGreaterEqual(len(senders), 2)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(sorted(line['path'] for line in lines
                                if line['type'] == 'receipt'),
                         sorted(f'/tree/{name}' for name in tree
                                if tree[name] is not None))
        self.assertEqual([lines[-1]['files'], lines[-1]['failures']], [10, 0])
        os.rename(self.local / 'tree', self.local / 'was')
        proxy = self.proxy(Staged, True, 2)
        done = self.run_client(proxy, 'get', '-r', '-j', '3', 'tree')
        self.assertTrue(self.here() == tree)
        self.assertGreaterEqual(proxy.connections, 3)
        self.assertIn(b'get tree 10 files, 2 folders', done.stdout)
        self.assertEqual(done.stderr.count(b'logged in by password'), 1)

    def test_a_long_one_goes_on_with_a(self):
        tree = self.plant_long(self.local / 'tree')
        for verb, way in (('put', 'up'), ('get', 'down')):
            with self.subTest(verb=verb):
                proxy = self.proxy(**{way: (24 * MIB, 16 * MIB)})
                self.run_client(proxy, verb, '-r', '-j', '2', 'tree',
                                options=('--retries', '0'),
                                code=ftlib.EX_UNAVAILABLE)
                before = proxy.passed[way]
                self.run_client(proxy, verb, '-ra', '-j', '2', 'tree')
                self.assertTrue(
                    (self.there() if verb == 'put' else self.here()) == tree)
                self.assertLess(proxy.passed[way] - before, LONG - 8 * MIB)
            if verb == 'put':
                os.rename(self.local / 'tree', self.local / 'was')

    # --- sync ---

    def sync(self, proxy, *words):
        done = self.run_client(proxy, 'sync', '-j', '4', *words)
        return done.stdout.decode().splitlines()

    def test_folders_are_made_alike_over_all_connections(self):
        tree = self.plant_here()
        total = sum(len(content) for content in tree.values() if content)
        all_moved = (r' 402 files \w+, 41 folders made, 0 deleted, '
                     rf'0 unchanged, {total} of {total} bytes$')
        up, down = ('tree', ':tree'), (':tree', 'back')
        for words, then in ((up, None), (down, 'cut')):
            proxy = self.proxy(Staged, words == down, 3, then)
            lines = self.sync(proxy, *words)
            self.assertRegex(lines[-1], all_moved)
            self.assertEqual(len(lines), 402 + 41 + 1)
            self.assertGreaterEqual(proxy.connections, 4)
            self.assertIn(' 0 files ', self.sync(self.proxy(), *words)[-1])
        self.assertEqual(self.there(), tree)
        self.assertEqual(self.here('back'), tree)
        # Of what is there in another form only the MiBs that differ move.
        with open(self.local / 'tree/d05/long', 'r+b') as file:
            file.write(b'changed')
        (self.local / 'tree/new').write_bytes(b'1234')
        for words in (up, down):
            lines = self.sync(self.proxy(), *words)
            self.assertEqual(lines[:-1], ['+ new', '> d05/long'])
            self.assertIn(f' {MIB + 4} of {total + 4} bytes', lines[-1])
        self.assertEqual(self.here('back'), contents(self.local / 'tree'))

    # --- what goes wrong ---

    def test_failures_are_told_as_over_one_connection(self):
        tree = self.plant_here()
        told = []
        for jobs in ('1', '4'):
            for name in ('d03/in/f07', 'd15/in/f01'):
                self.server.path(f'to/tree/{name}').mkdir(parents=True)
            for name in ('to', 'to/tree', 'to/tree/d03', 'to/tree/d03/in',
                         'to/tree/d15', 'to/tree/d15/in',
                         'to/tree/d03/in/f07', 'to/tree/d15/in/f01'):
                self.server.own(name)
            done = self.client('put', '-r', '-j', jobs, 'tree', 'to',
                               code=ftlib.EX_NOINPUT)
            told.append((done.stdout, done.stderr))
            self.assertEqual(self.there('to/tree'), self.blocked(tree))
            self.client('rm', '-r', 'to')
        self.assertEqual(told[0], told[1])
        self.assertIn(b', 2 failures', told[1][0])

    def blocked(self, tree):
        return {name: None if name in ('d03/in/f07', 'd15/in/f01')
                else content for name, content in tree.items()}

    def test_the_exit_code_is_that_of_the_first_by_number(self):
        """The last one is refused without asking anybody."""
        for i in range(199):
            self.server.write(f'f{i:03}', content_of(SIZE, i))
        os.mkfifo(self.server.path('f199'))
        (self.local / 'f000').mkdir()
        proxy = self.proxy(Staged, True, 1)
        done = self.run_client(proxy, 'mget', '-j', '2', 'f*',
                               code=ftlib.EX_CANTCREAT)
        self.assertEqual(
            re.findall(r'^ftclient: (f\d+): ', done.stderr.decode(), re.M),
            ['f000', 'f199'], done.stderr)
        self.assertEqual((self.local / 'f198').read_bytes(),
                         content_of(SIZE, 198))

    def test_what_stands_in_the_way_here_is_told_in_order(self):
        tree = self.plant_there()
        told = []
        for jobs in ('1', '4'):
            for name in ('d03/in/f07', 'd15/in/f01'):
                (self.local / 'tree' / name).mkdir(parents=True)
            done = self.client('get', '-r', '-j', jobs, 'tree',
                               code=ftlib.EX_CANTCREAT)
            # A stream comes as the file system has it.
            told.append((done.stdout, sorted(done.stderr.splitlines())))
            self.assertEqual(self.here(), self.blocked(tree))
            os.rename(self.local / 'tree', self.local / f'was{jobs}')
        self.assertEqual(told[0], told[1])
        self.assertIn(b', 2 failures', told[1][0])
        self.assertRegex(done.stderr, rb'(?s)d03/in/f07.*d15/in/f01')

    def test_connections_that_are_cut_lose_nothing(self):
        tree = self.plant_here()
        proxy = self.proxy(Staged, False, 3, 'cut')
        self.run_client(proxy, 'put', '-r', '-j', '4', 'tree')
        self.assertEqual(self.there(), tree)
        self.assertGreater(proxy.connections, 4)
        os.rename(self.local / 'tree', self.local / 'was')
        proxy = self.proxy(Staged, True, 3, 'cut')
        self.run_client(proxy, 'get', '-r', '-j', '4', 'tree')
        self.assertEqual(self.here(), tree)
        self.assertGreater(proxy.connections, 4)

    def test_one_that_is_lost_for_good_ends_it(self):
        """Its files would be missing without a word."""
        self.plant_here()
        for verb in ('put', 'get'):
            with self.subTest(verb=verb):
                proxy = self.proxy(Staged, verb == 'get', 3, 'cut')
                done = self.run_client(
                    proxy, verb, '-r', '-j', '4', 'tree',
                    options=('--retries', '0'), code=ftlib.EX_UNAVAILABLE)
                self.assertNotIn(f'{verb} tree '.encode(), done.stdout)
                if verb == 'put':
                    self.client('put', '-r', 'tree')
                    os.rename(self.local / 'tree', self.local / 'was')

    # --- forms ---

    def test_lines_for_programs_are_whole(self):
        self.plant_here()
        proxy = self.proxy(Staged, False, 3)
        done = self.run_client(
            proxy, 'put', '-r', '-j', '4', 'tree',
            options=('--json', '--receipts', str(self.local / 'receipts')))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        receipts = [line for line in lines if line['type'] == 'receipt']
        self.assertEqual(len({line['path'] for line in receipts}), 402)
        self.assertEqual(lines[-1]['files'], 402)
        kept = [json.loads(line) for line in
                (self.local / 'receipts').read_text().splitlines()]
        self.assertEqual(len({line['path'] for line in kept}), 402)
        os.rename(self.local / 'tree', self.local / 'was')
        proxy = self.proxy(Staged, True, 3)
        done = self.run_client(proxy, 'get', '-r', '-j', '4', 'tree',
                               options=('--json',))
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len({line['path'] for line in lines
                              if line['type'] == 'get'}), 402)
        self.assertEqual(lines[-1]['files'], 402)

    def test_what_makes_no_sense_is_refused(self):
        (self.local / 'tree').mkdir()
        self.file('a', 5)
        for words, told in (
                (('put', '-r', '-j', '2', '--atomic', 'tree'),
                 '-j and --atomic do not go together'),
                (('put', '-r', '-j', '17', 'tree'), '1 to 16 jobs'),
                (('get', '-r', '-j0', 'tree'), '1 to 16 jobs'),
                (('mput', '-j', 'x', 'a'), '1 to 16 jobs'),
                (('put', '-j', '2', 'a'), '-j is for many files'),
                (('get', '--jobs', '2', 'a'), '-j is for many files'),
                (('mget', '-j'), 'something is missing'),
                (('sync', '-j', '2', '--watch', 'tree', ':a'),
                 '-j and --watch do not go together'),
                (('list', '-j', '2'), 'no option -j')):
            with self.subTest(words=words):
                done = self.client(*words, code=ftlib.EX_USAGE)
                self.assertIn(told, done.stderr.decode())
        self.assertEqual(self.server.client('list').stdout, b'')

    def test_who_holds_locks_uses_one_connection(self):
        """The file that is locked is its own to replace."""
        self.file('a', 5)
        self.file('b', 5)
        self.server.write('a', b'old')
        proxy = self.proxy()
        self.run_client(proxy, input=b'lock a\nmput -j 4 a b\n')
        self.assertEqual(proxy.connections, 1)
        self.assertEqual(self.server.read('a'), content_of(5))


class Few(Through):
    def test_a_server_without_room_for_all_is_used_by_fewer(self):
        self.start(self.serve(ftlib.Setup(self.folder, {
            'limits': {'max_sessions': 2}})))
        for i in range(200):
            self.file(f'f{i}', SIZE, i)
        proxy = self.proxy()
        self.run_client(proxy, 'mput', '-j', '5', 'f*')
        for i in range(200):
            self.assertEqual(self.server.read(f'f{i}'), content_of(SIZE, i))
        long = self.file('long', LONG)
        self.run_client(proxy, 'mput', '-j', '5', 'long')
        self.assertEqual(self.server.read('long'), long)


if __name__ == '__main__':
    ftlib.main()
