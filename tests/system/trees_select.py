#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What of a folder comes with put -r and get -r: patterns, sizes, times."""

import json
import os
import shutil
import time

import ftlib
from trees import Trees

FILES = {'a.c': b'1', 'a.o': b'22', 'keep.o': b'333',
         'tmp/x': b'x', 'src/b.c': b'b', 'src/b.o': b'b',
         'src/tmp/y.c': b'y', 'big': b'B' * 3000}


class Select(Trees):
    """Both ways give the same choice."""

    def choose(self, *options):
        """The files and folders that come, up and down."""
        put = self.server.path('put')
        shutil.rmtree(put, ignore_errors=True)
        shutil.rmtree(self.local / 'got', ignore_errors=True)
        self.client('put', '-rp', *options, 'tree', 'put')
        self.client('get', '-rp', *options, 'tree', 'got')
        self.assertSame(put, self.local / 'got')
        return set(self.content(put))

    def setUp(self):
        super().setUp()
        self.make(files=FILES)
        self.client('put', '-rp', 'tree')
        self.all = set(self.content(self.local / 'tree'))

    def test_excluded_folders_are_not_entered(self):
        self.assertEqual(
            self.choose('--exclude', 'tmp/'),
            self.all - {'tmp', 'tmp/x', 'src/tmp', 'src/tmp/y.c'})

    def test_the_first_pattern_decides(self):
        self.assertEqual(
            self.choose('--include', 'keep.o', '--exclude=*.o'),
            self.all - {'a.o', 'src/b.o'})
        self.assertEqual(
            self.choose('--exclude=*.o', '--include', 'keep.o'),
            self.all - {'a.o', 'src/b.o', 'keep.o'})

    def test_patterns_with_slashes_go_from_the_top(self):
        self.assertEqual(self.choose('--exclude', '/tmp'),
                         self.all - {'tmp', 'tmp/x'})
        self.assertEqual(self.choose('--exclude', 'src/*.c'),
                         self.all - {'src/b.c'})
        self.assertEqual(self.choose('--exclude', '**/*.c'),
                         self.all - {'a.c', 'src/b.c', 'src/tmp/y.c'})

    def test_only_some_and_their_folders(self):
        self.assertEqual(
            self.choose('--include=*/', '--include=*.c', '--exclude=*'),
            {'a.c', 'src', 'src/b.c', 'src/tmp', 'src/tmp/y.c', 'tmp',
             'empty'})

    def test_sizes_are_bounds_for_files(self):
        self.assertEqual(self.choose('--max-size', '2K'), self.all - {'big'})
        small = {name for name, content in FILES.items()
                 if len(content) < 3}
        self.assertEqual(self.choose('--min-size', '3'), self.all - small)

    def test_newer_files_by_date_or_age(self):
        old = time.time() - 8 * 86400
        for top in (self.local / 'tree', self.server.path('tree')):
            os.utime(top / 'a.c', (old, old))
            os.utime(top / 'src', (old, old))
        self.assertEqual(self.choose('--newer-than', '7d'),
                         self.all - {'a.c'})
        self.assertEqual(self.choose('--newer-than', '@%d' % (old - 2)),
                         self.all)

    def test_the_folder_as_one_is_chosen_likewise(self):
        self.client('put', '-r', '--atomic', '--exclude', 'tmp', 'tree',
                    'one')
        self.assertEqual(set(self.content(self.server.path('one'))),
                         self.all - {'tmp', 'tmp/x', 'src/tmp',
                                     'src/tmp/y.c'})

    def test_what_is_excluded_is_no_failure(self):
        os.mkfifo(self.local / 'tree' / 'pipe')
        self.client('put', '-r', '--exclude', 'pipe', 'tree', 'there')

    def test_what_makes_no_sense_is_a_usage_error(self):
        for words in (('get', '--exclude', 'x', 'tree/a.c'),
                      ('put', '--max-size', '1', 'tree/a.c'),
                      ('get', '-r', '--max-size', 'x', 'tree'),
                      ('put', '-r', '--newer-than', 'x', 'tree'),
                      ('put', '-r', '--exclude', 'a//b', 'tree'),
                      ('put', '-r', *('--exclude', 'a') * 257, 'tree')):
            with self.subTest(words=words[:4]):
                self.client(*words, code=ftlib.EX_USAGE)


class Both(Trees):
    """A folder here and one there, that differ."""

    def setUp(self):
        super().setUp()
        self.make(files={'a': b'1', 'sub/b': b'22', 'sub/deep/c': b'3'})
        self.client('put', '-r', 'tree')
        self.there = self.server.path('tree')

    def add(self, top):
        """What the other side does not have."""
        for path in ('x', 'sub/x', 'sub-x', 'gone/deep/x', 'gone/keep.log'):
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(b'x')
        (top / 'gone/empty').mkdir()
        os.symlink('/etc/passwd', top / 'link')
        if top == self.there:
            for path in ('gone', 'gone/deep', 'gone/empty', 'x', 'sub/x',
                         'sub-x', 'gone/deep/x', 'gone/keep.log'):
                self.server.own('tree/' + path)

    def lines(self, *words):
        return set(self.client(*words).stdout.decode().splitlines())


class DryRun(Both):
    def test_put_tells_all_and_changes_nothing(self):
        (self.local / 'tree/new').write_bytes(b'12345')
        before = self.content(self.there)
        self.assertEqual(self.lines('put', '-rn', 'tree'), {
            'would make tree', 'would make tree/sub', 'would make tree/empty',
            'would make tree/sub/deep', 'would put tree/a 1 bytes',
            'would put tree/sub/b 2 bytes', 'would put tree/new 5 bytes',
            'would put tree/sub/deep/c 1 bytes',
            'put tree 4 files, 4 folders, 9 bytes, nothing was done'})
        self.client('put', '-r', '--dry-run', '--atomic', 'tree', 'one')
        self.assertEqual(self.content(self.there), before)
        self.assertFalse(self.server.path('one').exists())

    def test_get_tells_all_and_changes_nothing(self):
        (self.local / 'got/sub').mkdir(parents=True)
        self.assertEqual(
            self.lines('get', '-r', '--dry-run', '--exclude', 'a', 'tree/.',
                       'got'), {
            'would make got/empty', 'would make got/sub/deep',
            'would get got/sub/b 2 bytes', 'would get got/sub/deep/c 1 bytes',
            'get tree/. 2 files, 4 folders, 3 bytes, nothing was done'})
        self.assertEqual(self.content(self.local / 'got'), {'sub': None})
        self.client('get', '-rn', '--delete', 'tree', 'new')
        self.assertFalse((self.local / 'new').exists())

    def test_programs_are_told(self):
        def run(*words):
            program, *rest = self.server.client_argv(*words)
            done = self.server.client(argv=[program, '--json', *rest],
                                      cwd=self.local)
            return [json.loads(line) for line in done.stdout.splitlines()]
        self.add(self.there)
        self.assertIn({'type': 'step', 'action': 'put', 'path': 'tree/sub/b',
                       'size': 2, 'done': False}, run('put', '-rn', 'tree'))
        told = run('put', '-r', '--delete', 'tree')
        self.assertIn({'type': 'step', 'action': 'remove', 'path': 'tree/x',
                       'done': True}, told)
        self.assertEqual([line['removed'] for line in told
                          if line['type'] == 'tree'], [9])
        self.assertIn({'type': 'step', 'action': 'get', 'path': './b',
                       'size': 2, 'done': False}, run('mget', '-n', 'tree/s*/b'))

    def test_what_would_fail_is_told(self):
        (self.local / 'got').mkdir()
        (self.local / 'got/sub').symlink_to('/tmp')
        done = self.client('get', '-rn', 'tree/.', 'got',
                           code=ftlib.EX_CANTCREAT)
        self.assertIn(b'got/sub', done.stderr)

    def test_removals_are_told_and_not_done(self):
        self.add(self.there)
        self.add(self.local / 'tree')
        before = self.content(self.there), self.content(self.local / 'tree')
        (self.local / 'tree/x').unlink()
        told = self.lines('put', '-rn', '--delete', 'tree')
        self.assertIn('would remove tree/x', told)
        (self.local / 'tree/x').write_bytes(b'x')
        self.server.path('tree/sub-x').unlink()
        told = self.lines('get', '-rn', '--delete', 'tree')
        self.assertEqual({line for line in told if 'remove' in line}, {
            'would remove tree/sub-x', 'get tree 7 files, 7 folders, '
            '8 bytes, 1 removed, nothing was done'})
        self.server.write('tree/sub-x', b'x')
        self.assertEqual(before, (self.content(self.there),
                                  self.content(self.local / 'tree')))


class Delete(Both):
    def test_put_removes_what_is_not_here(self):
        self.add(self.there)
        done = self.lines('put', '-r', '--delete', 'tree')
        self.assertSame(self.local / 'tree', self.there)
        self.assertFalse((self.there / 'link').is_symlink())
        self.assertIn('removed tree/gone/deep/x', done)
        self.assertIn('put tree 3 files, 4 folders, 4 bytes, 9 removed', done)

    def test_get_removes_what_is_not_there(self):
        self.add(self.local / 'tree')
        os.mkfifo(self.local / 'tree/pipe')
        done = self.lines('get', '-r', '--delete', 'tree')
        self.assertSame(self.local / 'tree', self.there)
        self.assertFalse((self.local / 'tree/link').is_symlink())
        self.assertIn('removed tree/gone/deep/x', done)
        self.assertIn('get tree 3 files, 4 folders, 4 bytes, 10 removed',
                      done)
        self.assertTrue(os.path.exists('/etc/passwd'))

    def test_without_it_everything_stays(self):
        self.add(self.there)
        before = self.content(self.there)
        self.client('put', '-r', 'tree')
        self.assertEqual(self.content(self.there), before)

    def test_what_is_left_out_stays_with_its_folders(self):
        left = {'gone', 'gone/keep.log'}
        for top, word in ((self.there, 'put'), (self.local / 'tree', 'get')):
            with self.subTest(word):
                self.add(top)
                self.client(word, '-r', '--delete', '--exclude', '*.log',
                            'tree')
                self.assertEqual(set(self.content(top)),
                                 left | {'a', 'sub', 'sub/b', 'sub/deep',
                                         'sub/deep/c', 'empty'})
                shutil.rmtree(top / 'gone')

    def test_an_excluded_folder_stays_with_all_in_it(self):
        self.add(self.there)
        self.client('put', '-r', '--delete', '--exclude', '/gone/', 'tree')
        self.assertEqual(self.server.read('tree/gone/deep/x'), b'x')
        self.assertFalse((self.there / 'sub-x').exists())

    def test_files_that_are_too_large_or_old_stay(self):
        (self.local / 'tree/a').write_bytes(b'large')
        self.client('put', '-r', '--delete', '--max-size', '2', 'tree')
        self.assertEqual(self.server.read('tree/a'), b'1')
        self.client('get', '-r', '--delete', '--newer-than', '@9999999999',
                    'tree')
        self.assertEqual((self.local / 'tree/a').read_bytes(), b'large')

    def test_links_that_are_skipped_are_not_missing(self):
        (self.local / 'tree/a').unlink()
        (self.local / 'tree/a').symlink_to('sub')
        self.client('put', '-r', '--delete', 'tree')
        self.assertEqual(self.server.read('tree/a'), b'1')

    def test_what_is_below_the_name_of_a_skipped_link_stays(self):
        for top, word, target in (
                (self.local / 'tree', 'put', self.there),
                (self.there, 'get', self.local / 'tree')):
            with self.subTest(word):
                (top / 'real').symlink_to('sub')
                (target / 'real/deep').mkdir(parents=True)
                (target / 'real/x').write_bytes(b'x')
                (target / 'gone').write_bytes(b'x')
                if top != self.there:
                    for path in ('', '/deep', '/x'):
                        self.server.own('tree/real' + path)
                    self.server.own('tree/gone')
                self.client(word, '-r', '--delete', 'tree')
                self.assertEqual((target / 'real/x').read_bytes(), b'x')
                self.assertTrue((target / 'real/deep').is_dir())
                self.assertFalse((target / 'gone').exists())
                (top / 'real').unlink()
                shutil.rmtree(target / 'real')

    def test_what_is_below_the_name_of_a_link_that_leads_out_stays(self):
        (self.there / 'out').symlink_to('../elsewhere')
        (self.local / 'tree/out').mkdir()
        (self.local / 'tree/out/x').write_bytes(b'x')
        done = self.client('get', '-rl', '--delete', 'tree')
        self.assertIn(b'leads out', done.stderr)
        self.assertEqual((self.local / 'tree/out/x').read_bytes(), b'x')

    def test_what_is_below_the_name_of_a_file_left_out_stays(self):
        only = ('--include', '*/', '--include', '*.c', '--exclude', '*')
        for top, word, target in (
                (self.local / 'tree', 'put', self.there),
                (self.there, 'get', self.local / 'tree')):
            for options in (only, ('--max-size', '2')):
                with self.subTest(word=word, options=options):
                    (top / 'name').write_bytes(b'large')
                    (target / 'name').mkdir()
                    (target / 'name/x.c').write_bytes(b'x')
                    if top == self.there:
                        self.server.own('tree/name')
                    else:
                        self.server.own('tree/name/x.c')
                        self.server.own('tree/name')
                    self.client(word, '-r', '--delete', *options, 'tree')
                    self.assertEqual((target / 'name/x.c').read_bytes(),
                                     b'x')
                    (top / 'name').unlink()
                    shutil.rmtree(target / 'name')

    def test_what_a_followed_link_leads_to_may_be_left_out(self):
        self.server.write('elsewhere', b'large')
        (self.there / 'name').symlink_to('../elsewhere')
        (self.local / 'tree/name').mkdir()
        (self.local / 'tree/name/x').write_bytes(b'x')
        self.client('get', '-rL', '--delete', '--max-size', '2', 'tree')
        self.assertEqual((self.local / 'tree/name/x').read_bytes(), b'x')

    def test_behind_a_failure_nothing_is_removed(self):
        self.add(self.there)
        (self.there / 'sub/b').unlink()
        (self.there / 'sub/b').mkdir()
        self.server.own('tree/sub/b')
        before = self.content(self.there)
        done = self.client('put', '-r', '--delete', 'tree',
                           code=ftlib.EX_NOINPUT)
        self.assertIn(b'not all went well, so nothing is removed',
                      done.stderr)
        self.assertEqual(self.content(self.there), before)

    def test_a_source_that_is_not_read_whole_is_refused(self):
        self.add(self.there)
        os.mkfifo(self.local / 'tree/pipe')
        (self.local / 'tree/a').write_bytes(b'new')
        before = self.content(self.there)
        done = self.client('put', '-r', '--delete', 'tree',
                           code=ftlib.EX_NOINPUT)
        self.assertIn(b'could not be read whole', done.stderr)
        self.assertEqual(self.content(self.there), before)

    def test_the_right_to_delete_is_needed(self):
        self.server = self.serve(self.set_up(users={
            ftlib.USER: 'base=main,rights=list+read+write+overwrite+mkdir'}))
        self.client('put', '-r', 'tree')
        self.there = self.server.path('tree')
        self.add(self.there)
        done = self.client('put', '-r', '--delete', 'tree',
                           code=ftlib.EX_NOPERM)
        self.assertIn(b'tree/x: ', done.stderr)
        self.assertIn(b'9 failures', done.stdout)
        self.assertTrue((self.there / 'gone/deep/x').exists())

    def test_it_is_not_for_a_folder_as_one(self):
        self.client('put', '-r', '--atomic', '--delete', 'tree', 'one',
                    code=ftlib.EX_USAGE)
        self.client('put', '--delete', 'tree/a', code=ftlib.EX_USAGE)
        self.client('get', '-n', 'tree/a', code=ftlib.EX_USAGE)


if __name__ == '__main__':
    ftlib.main()
