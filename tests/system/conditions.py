#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a change asks of what is there: conditions, taken names, waits."""

import re
import subprocess

import ftlib
import ftwire

MIB = ftwire.MIB
OTHER = '0' * 32

# Each command that changes something, with a file `old` there.
CHANGES = {
    'put': ('put', 'local', 'old'),
    'long put': ('put', 'long', 'old'),
    'segments': ('put', '--segments', '2', 'long', 'old'),
    'put --offset': ('put', '--offset', '1', 'local', 'old'),
    'append': ('append', 'local', 'old'),
    'truncate': ('truncate', 'old', '2'),
    'touch': ('touch', 'old'),
    'rm': ('rm', 'old'),
    'mv': ('mv', 'old', 'new'),
    'cp': ('cp', 'old', 'new'),
}
# Each that makes a name, with `old` there and `new` not.
MAKERS = {
    'put': ('put', 'local'),
    'long put': ('put', 'long'),
    'touch': ('touch',),
    'mkdir': ('mkdir',),
    'mkdir -p': ('mkdir', '-p'),
    'mv': ('mv', 'other'),
    'cp': ('cp', 'other'),
}
IN_PLACE = ('put --offset', 'append', 'truncate', 'rm')


class Change(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.server.folder / 'local'
        self.local.mkdir()
        (self.local / 'local').write_bytes(b'content')
        (self.local / 'long').write_bytes(bytes(range(256)) * (20 * 4096))

    def client(self, *words, code=ftlib.OK, **more):
        return self.server.client(*words, code=code, cwd=self.local, **more)

    def refused(self, word, *words):
        said = self.client(*words, code=ftlib.EX_CANTCREAT).stderr
        self.assertIn(f'({word})'.encode(), said)

    def version(self, name):
        said = self.client('stat', name).stdout.decode()
        return re.search(r'version: ([0-9a-f]{32})', said)[1]

    def fresh(self):
        for name in ('old', 'other', 'new'):
            path = self.server.path(name)
            if path.is_dir():
                path.rmdir()
            elif path.exists():
                path.unlink()
        self.server.write('old', b'old content')
        self.server.write('other', b'other')


class Conditions(Change):
    def test_a_version_must_be_there(self):
        for name, words in CHANGES.items():
            with self.subTest(name):
                self.fresh()
                before = self.server.tree()
                verb, rest = words[0], words[1:]
                self.refused('precondition', verb, '--if-version', OTHER,
                             *rest)
                self.assertEqual(self.server.tree(), before)
                self.client(verb, '--if-version', self.version('old'), *rest)
                self.assertNotEqual(self.server.tree(), before)

    def test_a_version_is_of_a_file_that_is_there(self):
        self.fresh()
        before = self.server.tree()
        for words in (('put', '--if-version', OTHER, 'local', 'new'),
                      ('put', '--if-version', OTHER, 'long', 'new'),
                      ('touch', '--if-version', OTHER, 'new'),
                      ('mkdir', '--if-version', OTHER, 'new')):
            with self.subTest(words):
                self.refused('precondition', *words)
                self.assertEqual(self.server.tree(), before)

    def test_nothing_may_be_there(self):
        for name, words in MAKERS.items():
            with self.subTest(name):
                self.fresh()
                before = self.server.tree()
                verb, rest = words[0], words[1:]
                self.refused('exists', verb, '--if-absent', *rest, 'old')
                self.assertEqual(self.server.tree(), before)
                self.client(verb, '--if-absent', *rest, 'new')
                self.assertTrue(self.server.path('new').exists())

    def test_what_needs_a_file_is_never_met_by_its_absence(self):
        self.fresh()
        before = self.server.tree()
        for name in IN_PLACE:
            with self.subTest(name):
                verb, *rest = CHANGES[name]
                self.refused('exists', verb, '--if-absent', *rest)
                rest = ['new' if word == 'old' else word for word in rest]
                self.client(verb, '--if-absent', *rest, code=ftlib.EX_NOINPUT)
                self.assertEqual(self.server.tree(), before)

    def test_mkdir_p_with_if_absent_makes_those_above(self):
        self.client('mkdir', '-p', '--if-absent', 'a/b/c')
        self.refused('exists', 'mkdir', '-p', '--if-absent', 'a/b/c')
        self.client('mkdir', '-p', 'a/b/c')

    def test_a_taken_name_is_replaced_refused_or_left(self):
        for verb in ('put', 'cp', 'mv'):
            source = 'local' if verb == 'put' else 'other'
            with self.subTest(verb):
                self.fresh()
                before = self.server.tree()
                self.refused('exists', verb, '--taken', 'refuse', source,
                             'old')
                self.assertEqual(self.server.tree(), before)
                self.client(verb, '--taken=replace', source, 'old')
                self.assertIn(self.server.read('old'), (b'content', b'other'))
                if verb != 'put':
                    self.client(verb, '--taken', 'fresh', source, 'old',
                                code=ftlib.EX_USAGE)

    def test_what_is_put_gets_a_fresh_name(self):
        self.fresh()
        for source in ('local', 'long'):
            with self.subTest(source):
                names = set(self.server.tree())
                self.client('put', '--taken', 'fresh', source, 'old')
                self.assertEqual(self.server.read('old'), b'old content')
                new, = set(self.server.tree()) - names
                self.assertEqual(self.server.read(new.decode()),
                                 (self.local / source).read_bytes())

    def test_nonsense_is_told_before_anything_is_done(self):
        self.fresh()
        before = self.server.tree()
        for words in (('put', '--if-version', 'x', 'local', 'old'),
                      ('put', '--if-version', OTHER, '--if-absent', 'local'),
                      ('put', '--taken', 'maybe', 'local', 'old'),
                      ('put', '--if-absent=x', 'local', 'old'),
                      ('put', '-r', '--if-absent', '.', 'new'),
                      ('put', '--offset', '1', '--taken', 'refuse', 'local',
                       'old'),
                      ('rm', '-r', '--if-version', OTHER, 'old'),
                      ('list', '--if-absent'), ('truncate', '--wait', 'x',
                                                'old', '1')):
            with self.subTest(words):
                self.client(*words, code=ftlib.EX_USAGE)
                self.assertEqual(self.server.tree(), before)


class Waits(Change):
    """--wait, on all that meets a lock."""

    def test_changes_in_place_wait_for_a_lock(self):
        changes = {
            'append': (('append', '--wait', '60', 'local', 'old'),
                       b'old contentcontent'),
            'truncate': (('truncate', '--wait', '60', 'old', '3'), b'old'),
            'put': (('put', '--wait', '60', '--offset', '4', 'local', 'old'),
                    b'old content'),
        }
        for name, (words, content) in changes.items():
            with self.subTest(name):
                self.fresh()
                with ftlib.LocalLock(self.server.path('old')) as lock:
                    self.client(*(word for word in words if word != '60' and
                                  word != '--wait'), code=ftlib.EX_TEMPFAIL)
                    self.client(*(word.replace('60', '1') for word in words),
                                code=ftlib.EX_TEMPFAIL)
                    client = self.server.start_client(
                        *words, cwd=self.local, stdout=subprocess.DEVNULL)
                    ftlib.wait_until('it waits', lambda: len(
                        self.server.log().split('audit login')) > 3)
                    self.assertIsNone(client.poll())
                    self.assertEqual(self.server.read('old'), b'old content')
                    lock.release()
                    self.assertEqual(client.wait(ftlib.LIMIT), 0)
                self.assertEqual(self.server.read('old'), content)


if __name__ == '__main__':
    ftlib.main()
