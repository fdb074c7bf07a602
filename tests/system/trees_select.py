#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What of a folder comes with put -r and get -r: patterns, sizes, times."""

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


if __name__ == '__main__':
    ftlib.main()
