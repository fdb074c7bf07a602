#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Patterns: mget, mput, and -g of other commands."""

import client_hostile
import ftlib
import ftpeer
from trees import Trees

FILES = {'a.c': b'1', 'b.c': b'22', 'b.h': b'333', '.hidden.c': b'h',
         'dir1/x.log': b'x', 'dir2/y.log': b'yy', 'dir2/sub/z': b'z',
         'odd [1].c': b'odd', '-n': b'dash'}


class Globs(Trees):
    def setUp(self):
        super().setUp()
        self.top = self.make('here', FILES, ())
        self.client('put', '-r', 'here/.', '.')
        self.to = self.local / 'to'
        self.to.mkdir()

    def here(self, *words, **more):
        return self.server.client(*words, cwd=self.top, **more)

    def names(self, top=None):
        return {name for name in self.content(top or self.to)
                if not name.startswith('.ftserver')}


class Mget(Globs):
    def test_what_a_pattern_stands_for_is_fetched(self):
        done = self.client('mget', '-d', 'to', '*.c', 'dir?/*.log')
        self.assertEqual(self.content(self.to), {
            'a.c': b'1', 'b.c': b'22', 'odd [1].c': b'odd', 'x.log': b'x',
            'y.log': b'yy'})
        self.assertEqual(done.stdout.decode(), (
            'get a.c 1 bytes\nget b.c 2 bytes\nget odd [1].c 3 bytes\n'
            'get dir1/x.log 1 bytes\nget dir2/y.log 2 bytes\n'
            'mget to 5 files, 0 folders, 9 bytes\n'))

    def test_without_d_they_come_here(self):
        self.server.client('mget', 'b.[ch]', cwd=self.to)
        self.assertEqual(self.names(), {'b.c', 'b.h'})

    def test_hidden_names_want_a_dot(self):
        self.client('mget', '-dto', '*hidden*', code=ftlib.EX_NOINPUT)
        self.client('mget', '-dto', '.*')
        self.assertEqual(self.names(), {'.hidden.c'})

    def test_a_backslash_takes_a_sign_as_it_is(self):
        self.client('mget', '-d', 'to', r'odd \[*')
        self.assertEqual(self.names(), {'odd [1].c'})

    def test_a_name_may_begin_with_a_dash(self):
        self.server.client('mget', '--', '-*', cwd=self.to)
        self.assertEqual(self.names(), {'-n'})

    def test_one_pattern_without_a_match_stops_all(self):
        done = self.client('mget', '-d', 'to', '*.c', 'none*',
                           code=ftlib.EX_NOINPUT)
        self.assertIn(b'none*: no such file', done.stderr)
        self.client('mget', '-d', 'to', 'none', code=ftlib.EX_NOINPUT)
        self.client('mget', '-d', 'to', 'a.c/*', code=ftlib.EX_NOINPUT)
        self.client('mget', '-d', 'none', '*.c', code=ftlib.EX_NOINPUT)
        self.assertEqual(self.names(), set())

    def test_folders_want_r(self):
        done = self.client('mget', '-d', 'to', 'd*')
        self.assertIn(b'dir1: is a folder (-r takes it), skipped',
                      done.stderr)
        self.assertEqual(self.names(), set())
        self.client('mget', '-r', '-d', 'to', 'd*')
        self.assertEqual(self.names(), {'dir1', 'dir1/x.log', 'dir2',
                                        'dir2/y.log', 'dir2/sub',
                                        'dir2/sub/z'})

    def test_what_chooses_is_for_files_beside_folders_too(self):
        chosen = {'b.c', 'a.c', 'dir2', 'dir2/y.log', 'dir2/sub',
                  'dir2/sub/z'}
        options = ('-r', '--exclude', '*.h', '--exclude', 'dir1/',
                   '--max-size', '2')
        self.client('get', '-g', *options, '*', 'to')
        self.assertEqual(self.names(), chosen)
        self.client('mkdir', 'up')
        self.here('put', '-g', *options, '*', 'up')
        self.assertEqual(self.names(self.server.path('up')), chosen)

    def test_mget_and_mput_choose_with_and_without_r(self):
        self.client('mget', '-rd', 'to', '--exclude', 'x*', 'dir*')
        self.assertEqual(self.names(), {'dir1', 'dir2', 'dir2/y.log',
                                        'dir2/sub', 'dir2/sub/z'})
        self.client('mget', '-d', 'to', '--exclude', 'dir*', '--exclude',
                    'b.*', '--max-size', '2', '*')
        self.assertEqual(self.names(), {
            'a.c', 'dir1', 'dir2', 'dir2/y.log', 'dir2/sub', 'dir2/sub/z'})
        self.client('mkdir', 'up')
        done = self.here('mput', '-d', 'up', '--min-size', '2', '?.[ch]')
        self.assertIn(b'mput up 2 files', done.stdout)
        self.assertEqual(self.names(self.server.path('up')),
                         {'b.c', 'b.h'})

    def test_a_slash_at_the_end_is_for_folders(self):
        self.client('mget', '-rd', 'to', '*/')
        self.assertIn('dir1/x.log', self.names())
        self.assertNotIn('a.c', self.names())

    def test_two_of_one_name_are_refused(self):
        self.server.write('dir2/x.log', b'other')
        done = self.client('mget', '-d', 'to', '*/x.log',
                           code=ftlib.EX_CANTCREAT)
        self.assertIn(b'x.log: more than one is called so', done.stderr)
        self.assertEqual(self.names(), set())

    def test_a_dry_run_fetches_nothing(self):
        done = self.client('mget', '-nd', 'to', '*.c')
        self.assertIn(b'would get to/a.c 1 bytes\n', done.stdout)
        self.assertIn(b'3 files, 0 folders, 6 bytes, nothing was done',
                      done.stdout)
        self.assertEqual(self.names(), set())

    def test_links_here_are_not_written_through(self):
        (self.local / 'mine').write_bytes(b'mine')
        (self.to / 'a.c').symlink_to('../mine')
        done = self.client('mget', '-d', 'to', '*.c',
                           code=ftlib.EX_CANTCREAT)
        self.assertIn(b'1 failures', done.stdout)
        self.assertEqual((self.local / 'mine').read_bytes(), b'mine')
        self.assertEqual((self.to / 'b.c').read_bytes(), b'22')

    def test_a_thousand_come_without_waiting_for_each(self):
        for number in range(1000):
            self.server.write(f'n{number}', b'x' * number)
        self.client('mget', '-d', 'to', 'n*')
        self.assertEqual({name: len(content) for name, content in
                          self.content(self.to).items()},
                         {f'n{number}': number for number in range(1000)})


class Mput(Globs):
    def test_what_a_pattern_stands_for_is_sent(self):
        self.here('mkdir', 'there')
        done = self.here('mput', '-d', 'there', '*.c', 'dir?/*.log')
        self.assertEqual(done.stdout.decode(), (
            'put there/a.c 1 bytes\nput there/b.c 2 bytes\n'
            'put there/odd [1].c 3 bytes\nput there/x.log 1 bytes\n'
            'put there/y.log 2 bytes\n'
            'mput there 5 files, 0 folders, 9 bytes\n'))
        self.assertEqual(self.content(self.server.path('there')), {
            'a.c': b'1', 'b.c': b'22', 'odd [1].c': b'odd', 'x.log': b'x',
            'y.log': b'yy'})

    def test_words_that_a_shell_has_expanded_are_names(self):
        self.here('mkdir', 'there')
        self.here('mput', '-d', 'there', 'odd [1].c', 'a.c')
        self.assertEqual(self.names(self.server.path('there')),
                         {'odd [1].c', 'a.c'})

    def test_folders_want_r_and_no_match_is_told(self):
        self.here('mkdir', 'there')
        self.here('mput', '-d', 'there', '*.c', 'none*',
                  code=ftlib.EX_NOINPUT)
        self.here('mput', '-d', 'there', 'dir*')
        self.assertEqual(self.names(self.server.path('there')), set())
        self.here('mput', '-rd', 'there', 'dir*')
        self.assertIn('dir2/sub/z', self.names(self.server.path('there')))

    def test_a_failure_does_not_end_it(self):
        self.here('mkdir', '-p', 'there/a.c')
        done = self.here('mput', '-d', 'there', '*.c', code=ftlib.EX_NOINPUT)
        self.assertIn(b'2 files, 0 folders, 5 bytes, 1 failures', done.stdout)
        self.assertEqual(self.server.read('there/b.c'), b'22')

    def test_a_file_that_is_called_dash_is_no_standard_input(self):
        (self.top / '-').write_bytes(b'the file')
        for words in (('mput', '-'), ('mput', '*'), ('put', '-g', '?')):
            with self.subTest(words):
                done = self.here(*words, input=b'the input')
                self.assertIn(b'put - 8 bytes\n', done.stdout)
                self.assertEqual(self.server.read('-'), b'the file')
                self.here('rm', '-')

    def test_a_dry_run_sends_nothing(self):
        before = self.content(self.server.root)
        (self.top / 'new.c').write_bytes(b'new')
        done = self.here('mput', '--dry-run', '*.c')
        self.assertIn(b'would put new.c 3 bytes\n', done.stdout)
        self.assertEqual(self.content(self.server.root), before)


class Others(Globs):
    def lines(self, *words):
        return self.client(*words).stdout.decode().splitlines()

    def test_rm_cat_sum_and_stat_take_patterns(self):
        self.assertEqual(self.client('cat', '-g', '[ab].c').stdout, b'122')
        self.assertEqual([line.split()[-1] for line in
                          self.lines('sum', '-g', '?.c', 'dir*/*.log')],
                         ['a.c', 'b.c', 'dir1/x.log', 'dir2/y.log'])
        self.assertEqual([line for line in self.lines('stat', '-g', 'b.*')
                          if line.startswith('name')],
                         ['name: b.c', 'name: b.h'])
        self.assertEqual([line.split()[-1] for line in
                          self.lines('list', '-g', 'b.?')], ['b.c', 'b.h'])
        self.client('rm', '-g', '?.c')
        self.assertEqual(self.names(self.server.root),
                         self.names(self.top) - {'a.c', 'b.c'})
        self.client('rm', '-rg', 'dir*')
        self.assertNotIn('dir1', self.names(self.server.root))

    def test_get_and_put_take_a_pattern_and_a_folder(self):
        self.client('get', '-g', '?.c', 'to')
        self.assertEqual(self.names(), {'a.c', 'b.c'})
        self.here('mkdir', 'there')
        self.here('put', '-g', 'b.*', 'there')
        self.assertEqual(self.names(self.server.path('there')),
                         {'b.c', 'b.h'})

    def test_what_is_for_one_file_does_not_go_with_it(self):
        for words in (('get', '-g', '--segments', '2', '?.c'),
                      ('get', '-g', '--delete', '?.c'),
                      ('mget', '--max-size', 'x', '?.c'),
                      ('mget', '-L', '?.c'),
                      ('put', '-g', '--offset', '1', '?.c'),
                      ('put', '-g', '--if-absent', '?.c')):
            with self.subTest(words):
                self.client(*words, code=ftlib.EX_USAGE)

    def test_cat_takes_a_range_of_each(self):
        self.assertEqual(self.client('cat', '-g', '--range', '1:1',
                                     '[ab].[ch]').stdout, b'23')

    def test_without_it_a_name_is_a_name(self):
        self.server.write('*.c', b'star')
        self.assertEqual(self.client('cat', '*.c').stdout, b'star')
        self.client('rm', '*.c')
        self.assertIn('a.c', self.names(self.server.root))

    def test_no_match_does_nothing(self):
        self.client('rm', '-g', '?.c', 'none*', code=ftlib.EX_NOINPUT)
        self.assertEqual(self.names(self.server.root),
                         self.names(self.top))


class Hostile(client_hostile.ClientTest):
    """A server that tells of what was not asked for."""

    def listing(self, *names):
        def list_(session, frame):
            session.send('ENTRIES', frame.id, ftpeer.row(
                *map(ftpeer.entry, names)))
            session.ok(frame, COUNT=len(names))
        peer = self.peer({b'a.c': b'good', b'.bashrc': b'evil',
                          b'x': b'evil', b'.c': b'evil'})
        peer.on['LIST'] = list_
        return peer

    def test_only_names_that_fit_are_believed(self):
        peer = self.listing(b'.bashrc', b'x', b'.c', b'a.c')
        self.run_client(peer, 'mget', '*.c')
        self.assertEqual(self.local_files(), [b'a.c'])

    def test_no_name_leads_out(self):
        for name in (b'../a.c', b'/a.c', b'b/a.c', b'..', b'a\0.c'):
            with self.subTest(name):
                self.run_client(self.listing(name), 'mget', '*',
                                code=ftlib.EX_PROTOCOL)
                self.assertEqual(self.local_files(), [])

    def test_what_has_no_name_of_its_own_is_a_failure(self):
        peer = self.peer({b'..': b'evil'})
        peer.on['STAT'] = lambda session, frame: session.ok(
            frame, ENTRY=ftpeer.entry(b'x', 4))
        done = self.run_client(peer, 'mget', '..', code=ftlib.EX_USAGE)
        self.assertIn(b'has no name of its own', done.stderr)
        self.assertEqual(self.local_files(), [])

    def test_one_that_stays_busy_does_not_begin_all_anew(self):
        peer = self.listing(b'a.c', b'x.c')
        honest = peer.on['GET']

        def busy(session, frame):
            if frame.fields['PATH'] == b'a.c':
                honest(session, frame)
            else:
                session.error(frame.id, 'busy', 'busy', 2, WAIT=3600)
        peer.on['GET'] = busy
        done = self.run_client(peer, 'mget', '*.c', code=ftlib.EX_TEMPFAIL)
        self.assertIn(b'1 failures', done.stdout)
        self.assertEqual(len(peer.names('GET')), 2)
        self.assertEqual(len(peer.names('LIST')), 1)

    def test_control_bytes_are_shown_escaped(self):
        peer = self.listing(b'\x1b[2J.c')
        done = self.run_client(peer, 'mget', '-n', '*.c')
        self.assertNotIn(b'\x1b', done.stdout)
        self.assertIn(rb'would get ./\e[2J.c', done.stdout)


if __name__ == '__main__':
    ftlib.main()
