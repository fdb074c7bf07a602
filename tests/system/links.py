#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Symbolic links: made and told by the server, kept and followed by -r."""

import os

import client_hostile
import ftlib
import ftpeer
import ftwire
from trees import Trees


class Wire(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(users={
            ftlib.USER: 'base=main,rights=full',
            'inner': 'base=main,root=/inner,rights=full',
            'reader': 'base=main,rights=read',
            'drop': 'base=main,root=/inner,rights=write+mkdir'}))
        for name in ('inner', 'inner/sub', 'sub'):
            self.server.path(name).mkdir()
            self.server.own(name)

    def link(self, wire, path, text, **fields):
        return wire.call('SYMLINK', {'PATH': path, **fields, 'LINK': text})

    def text(self, wire, path):
        return wire.call('STAT', {'PATH': path, 'LINK': b''}).get('LINK')

    def test_a_link_is_made_and_its_text_told(self):
        with self.server.wire() as wire:
            for path, text in ((b'l', b'sub/x'), (b'sub/l', b'../f'),
                               (b'sub/m', b'./a//b/'), (b'self', b'.')):
                with self.subTest(text):
                    self.link(wire, path, text)
                    self.assertEqual(self.text(wire, path), text)
                    self.assertEqual(os.fsencode(os.readlink(
                        self.server.path(path))), text)
            entry = ftwire.decode_entry(wire.call(
                'STAT', {'PATH': b'sub/l', 'LINK': b''})['ENTRY'])
            self.assertEqual((entry.type, entry.name), ('l', b'l'))
        self.server.wait_log(r'symlink.*path="?/sub/l"? .*target="?\.\./f')

    def test_what_is_no_link_has_no_text(self):
        self.server.write('f', b'x')
        with self.server.wire() as wire:
            for path in (b'f', b'sub', b'/'):
                self.assertIsNone(self.text(wire, path))

    def test_texts_that_lead_out_are_refused(self):
        texts = (b'/etc/passwd', b'..', b'../x', b'a/../b', b'sub/../../x',
                 b'a/..', b'./../x', b'/', b'a\0b')
        with self.server.wire() as wire:
            for text in texts:
                with self.subTest(text):
                    self.assertRefused('bad-path', self.link, wire, b'l',
                                       text)
            self.assertRefused('bad-path', self.link, wire, b'sub/l',
                               b'../../x')
        self.assertFalse(os.path.lexists(self.server.path('l')))

    def test_a_root_is_where_the_user_s_is(self):
        with self.server.wire(user='inner') as wire:
            self.assertRefused('bad-path', self.link, wire, b'l', b'../f')
            self.assertRefused('bad-path', self.link, wire, b'sub/l',
                               b'../../f')
            self.link(wire, b'sub/l', b'../f')

    def test_texts_that_lead_out_are_not_told(self):
        os.symlink('/secret/place', self.server.path('abs'))
        os.symlink('../../above', self.server.path('inner/sub/up'))
        with self.server.wire(user='inner') as wire:
            self.assertRefused('bad-path', self.text, wire, b'sub/up')
        with self.server.wire() as wire:
            self.assertRefused('bad-path', self.text, wire, b'abs')
            self.assertEqual(self.text(wire, b'inner/sub/up'), b'../../above')

    def test_links_over_links_do_not_lead_out(self):
        """Each text is good by itself; the kernel decides at each use."""
        outside = self.server.path('secret')
        self.server.write('secret', b'secret')
        with self.server.wire(user='inner') as wire:
            self.link(wire, b'sub/top', b'..')
            self.link(wire, b'way', b'sub/top')
            self.assertRefused('bad-path', self.link, wire, b'out',
                               b'sub/top/../secret')
            for path in (b'way/../secret', b'sub/top/../secret',
                         b'way/sub/top/../../secret'):
                self.assertRefused('not-found', wire.get, path)
            # Moved up, a link climbs too far: it is not followed then.
            os.rename(self.server.path('inner/sub/top'),
                      self.server.path('inner/top'))
            self.assertRefused('not-permitted', wire.stat, b'top')
            self.assertRefused('not-permitted', wire.get, b'top/secret')
            self.assertRefused('not-permitted', wire.put, b'top/new', b'x')
        self.assertEqual(outside.read_bytes(), b'secret')

    def test_a_link_is_not_moved_to_where_it_leads_out(self):
        with self.server.wire(user='inner') as wire:
            wire.call('MKDIR', {'PATH': b'a/b', 'PARENTS': b''})
            self.link(wire, b'a/b/l', b'../../x')
            for target in (b'l', b'a/l', b'sub/l'):
                self.assertRefused('bad-path', wire.call, 'MV', {
                    'PATH': b'a/b/l', 'TARGET': target})
            wire.call('MV', {'PATH': b'a/b/l', 'TARGET': b'a/b/m'})
            wire.call('MKDIR', {'PATH': b'sub/c'})
            wire.call('MV', {'PATH': b'a/b/m', 'TARGET': b'sub/c/l'})
            self.assertEqual(self.text(wire, b'sub/c/l'), b'../../x')
        self.assertEqual(sorted(os.listdir(self.server.path('inner'))),
                         ['a', 'sub'])

    def test_a_folder_is_as_deep_as_the_path_to_it(self):
        with self.server.wire(user='inner') as wire:
            self.link(wire, b'd', b'.')
            self.link(wire, b'sub/l', b'../x')
            for text in (b'../x', b'x'):
                self.assertRefused('not-permitted', self.link, wire, b'd/l',
                                   text)
            self.assertRefused('not-permitted', wire.call, 'MV', {
                'PATH': b'sub/l', 'TARGET': b'd/l'})
            self.assertRefused('bad-path', wire.call, 'MV', {
                'PATH': b'sub/l', 'TARGET': b'l'})
            self.assertEqual(self.text(wire, b'sub/l'), b'../x')
        self.assertFalse(os.path.lexists(self.server.path('inner/l')))

    def test_links_inside_a_moved_folder_are_not_followed_out(self):
        self.server.write('x', b'secret')
        with self.server.wire(user='inner') as wire:
            wire.call('MKDIR', {'PATH': b'a/b', 'PARENTS': b''})
            self.link(wire, b'a/b/l', b'../../x')
            wire.call('MV', {'PATH': b'a/b', 'TARGET': b'b'})
            self.assertRefused('not-permitted', wire.get, b'b/l')
            self.assertRefused('bad-path', self.text, wire, b'b/l')

    def test_the_server_s_own_folder_stays_out_of_reach(self):
        with self.server.wire() as wire:
            self.link(wire, b'l', b'.ftserver')
            self.assertEqual([entry.type for entry in wire.list(b'l')], ['l'])
            self.assertRefused('not-found', wire.stat, b'l')
            self.assertRefused('not-found', wire.get, b'l/names')
            self.assertRefused('not-permitted', self.link, wire,
                               b'.ftserver', b'sub')
            self.assertRefused('not-found', self.link, wire,
                               b'.ftserver/l', b'x')

    def test_a_taken_name_stays(self):
        self.server.write('f', b'x')
        with self.server.wire() as wire:
            self.link(wire, b'l', b'f')
            self.link(wire, b'l', b'f')
            self.assertRefused('exists', self.link, wire, b'l', b'f',
                               IF_ABSENT=b'')
            self.assertRefused('exists', self.link, wire, b'l', b'g')
            self.assertRefused('exists', self.link, wire, b'f', b'g')
            self.assertRefused('exists', self.link, wire, b'sub', b'g')
            self.assertEqual(self.text(wire, b'l'), b'f')
        self.assertEqual(self.server.read('f'), b'x')

    def test_it_needs_the_right_to_write_and_sight(self):
        with self.server.wire(user='reader') as wire:
            self.assertRefused('not-permitted', self.link, wire, b'l', b'f')
        with self.server.wire(user='drop') as wire:
            self.assertRefused('not-permitted', self.link, wire, b'l', b'f')
        self.assertFalse(os.path.lexists(self.server.path('l')))

    def test_bounds_of_its_fields(self):
        with self.server.wire() as wire:
            self.link(wire, b'l', b'x' * 200 + b'/y' * 1900)
            self.assertRefused('unsupported', wire.call, 'STAT',
                               {'PATH': b'l', 'LINK': b'x'})
        for fields in ({'PATH': b'l', 'LINK': b''},
                       {'PATH': b'l', 'LINK': b'x' * 4096},
                       {'PATH': b'l'}, {'LINK': b'x'}):
            with self.subTest(list(fields)), self.server.wire() as wire:
                self.assertRefused('protocol', wire.call, 'SYMLINK', fields)


class Tree(Trees):
    """Folders with links in them, up and down."""

    def setUp(self):
        super().setUp()
        self.top = self.make(files={'a': b'1', 'sub/b': b'22'}, folders=())
        self.there = self.server.path('tree')

    def texts(self, top):
        """What each link below a folder says."""
        return {os.path.relpath(os.path.join(folder, name), top):
                os.readlink(os.path.join(folder, name))
                for folder, folders, files in os.walk(top)
                for name in folders + files
                if os.path.islink(os.path.join(folder, name))}


class Keep(Tree):
    links = {'l': 'a', 'sub/up': '../a', 'to-sub': 'sub', 'none': 'gone'}

    def setUp(self):
        super().setUp()
        for path, text in self.links.items():
            os.symlink(text, self.top / path)

    def test_they_go_there_and_back(self):
        for _ in range(2):
            done = self.client('put', '-r', '-l', 'tree')
            self.assertEqual(done.stdout, b'put tree 2 files, 2 folders, '
                             b'3 bytes, 4 links\n')
            self.assertEqual(self.texts(self.there), self.links)
        for _ in range(2):
            done = self.client('get', '-lpr', 'tree/.', 'got')
            self.assertEqual(done.stdout, b'get tree/. 2 files, 2 folders, '
                             b'3 bytes, 4 links\n')
            self.assertEqual(self.texts(self.local / 'got'), self.links)
        self.assertEqual(os.lstat(self.local / 'got/l').st_mtime_ns,
                         os.lstat(self.there / 'l').st_mtime_ns)
        self.server.wait_log(r'symlink.*target="?\.\./a')

    def test_a_link_here_is_replaced_and_a_file_is_not(self):
        self.client('put', '-r', '-l', 'tree')
        got = self.local / 'got'
        got.mkdir()
        os.symlink('/tmp', got / 'l')
        (got / 'to-sub').mkdir()
        (got / 'none').write_bytes(b'mine')
        done = self.client('get', '-lr', 'tree/.', 'got',
                           code=ftlib.EX_CANTCREAT)
        self.assertEqual(os.readlink(got / 'l'), 'a')
        self.assertEqual((got / 'none').read_bytes(), b'mine')
        self.assertIn(b'2 links, 2 failures', done.stdout)
        self.assertEqual([name for name in os.listdir(got)
                          if name.endswith('.part')], [])

    def test_those_that_lead_out_are_left_out(self):
        self.client('put', '-r', 'tree')
        os.symlink('/etc/passwd', self.there / 'abs')
        os.symlink('../../tree/a', self.there / 'sub/out')
        os.symlink('sub/../a', self.there / 'round')
        os.symlink('../x', self.there / 'up')
        done = self.client('get', '-lr', 'tree', 'got')
        self.assertEqual(self.texts(self.local / 'got'), {})
        for name in (b'abs', b'sub/out', b'round', b'up'):
            self.assertIn(b'tree/' + name + b': is a symbolic link that '
                          b'leads out of the folder, skipped', done.stderr)

    def test_those_that_lead_out_are_refused_by_the_server(self):
        os.symlink('/etc/passwd', self.top / 'abs')
        done = self.client('put', '-lr', 'tree', code=ftlib.EX_USAGE)
        self.assertIn(b'bad-path', done.stderr)
        self.assertEqual(self.texts(self.there), self.links)

    def test_a_dry_run_makes_none(self):
        done = self.client('put', '-rln', 'tree')
        self.assertIn(b'would link tree/sub/up\n', done.stdout)
        self.assertFalse(self.there.exists())
        self.client('put', '-rl', 'tree')
        done = self.client('get', '-rln', 'tree', 'got')
        self.assertIn(b'would link got/sub/up\n', done.stdout)
        self.assertFalse((self.local / 'got').exists())

    def test_delete_knows_them(self):
        self.client('put', '-rl', 'tree')
        (self.top / 'l').unlink()
        self.client('put', '-rl', '--delete', 'tree')
        left = {path: text for path, text in self.links.items()
                if path != 'l'}
        self.assertEqual(self.texts(self.there), left)
        (self.there / 'none').unlink()
        self.client('get', '-rl', '--delete', 'tree')
        self.assertEqual(self.texts(self.top), self.texts(self.there))

    def test_what_does_not_go_together(self):
        for words in (('put', '-lLr', 'tree'), ('get', '-l', 'tree/a'),
                      ('put', '-lr', '--atomic', 'tree', 'x'),
                      ('put', '-L', 'tree/a')):
            with self.subTest(words):
                self.client(*words, code=ftlib.EX_USAGE)


class Follow(Tree):
    def link(self, top):
        os.symlink('a', top / 'l')
        os.symlink('sub', top / 'again')

    followed = {'a': b'1', 'l': b'1', 'sub': None, 'sub/b': b'22',
                'again': None, 'again/b': b'22'}

    def test_put_sends_what_they_lead_to(self):
        self.link(self.top)
        (self.local / 'elsewhere').mkdir()
        (self.local / 'elsewhere/f').write_bytes(b'far')
        os.symlink('../elsewhere', self.top / 'out')
        self.client('put', '-rL', 'tree')
        self.assertEqual(self.content(self.there), {
            **self.followed, 'out': None, 'out/f': b'far'})
        self.assertEqual(self.texts(self.there), {})
        self.client('put', '-rL', '--atomic', 'tree', 'one')
        self.assertSame(self.there, self.server.path('one'))

    def test_get_fetches_what_they_lead_to(self):
        self.client('put', '-r', 'tree')
        self.link(self.there)
        os.symlink('../l', self.there / 'sub/two')
        self.client('get', '-rL', 'tree', 'got')
        self.assertEqual(self.content(self.local / 'got'), {
            **self.followed, 'sub/two': b'1', 'again/two': b'1'})
        self.assertEqual(self.texts(self.local / 'got'), {})

    def test_filters_see_what_they_lead_to(self):
        self.client('put', '-r', 'tree')
        self.link(self.there)
        self.link(self.top)
        for words in (('get', '-rL', '--exclude', 'again/', '--max-size', '1',
                       'tree', 'got'),
                      ('put', '-rL', '--exclude', 'again/', '--max-size', '1',
                       'tree', 'got')):
            self.client(*words)
        want = {'a': b'1', 'l': b'1', 'sub': None}
        self.assertEqual(self.content(self.local / 'got'), want)
        self.assertEqual(self.content(self.server.path('got')), want)

    def test_loops_end_and_are_told(self):
        self.client('put', '-r', 'tree')
        for top in (self.top, self.there):
            os.symlink('..', top / 'sub/loop')
            os.symlink('.', top / 'self')
        for words in (('put', '-rL', 'tree', 'new'),
                      ('get', '-rL', 'tree', 'new')):
            done = self.client(*words, code=ftlib.EX_NOINPUT)
            self.assertIn(b'sub/loop: leads back to a folder above it',
                          done.stderr)
            self.assertIn(b'2 failures', done.stdout)
        want = {'a': b'1', 'sub': None, 'sub/b': b'22'}
        self.assertEqual(self.content(self.local / 'new'), want)
        self.assertEqual(self.content(self.server.path('new')), want)

    def test_loops_through_each_other_end(self):
        self.client('put', '-r', 'tree')
        for top in (self.top, self.there):
            (top / 'x').mkdir()
            (top / 'y').mkdir()
            os.symlink('../y', top / 'x/to-y')
            os.symlink('../x', top / 'y/to-x')
        for name in ('x', 'y'):
            self.server.own('tree/' + name)
        for words in (('put', '-rL', 'tree', 'new'),
                      ('get', '-rL', 'tree', 'new')):
            self.client(*words, code=ftlib.EX_NOINPUT)
        self.assertSame(self.local / 'new', self.server.path('new'))
        self.assertIn('x/to-y', self.content(self.local / 'new'))

    def test_broken_ones_are_failures(self):
        self.client('put', '-r', 'tree')
        os.symlink('gone', self.there / 'l')
        os.symlink('gone', self.top / 'l')
        os.symlink('/etc', self.there / 'out')
        self.client('put', '-rL', 'tree', 'new', code=ftlib.EX_NOINPUT)
        done = self.client('get', '-rL', 'tree', 'new',
                           code=ftlib.EX_NOINPUT)
        self.assertIn(b'2 failures', done.stdout)


class Hostile(client_hostile.ClientTest):
    """What a server says of its links, and means by it."""

    def fetch(self, entries, texts, **more):
        def stat(session, frame):
            path = bytes(frame.fields['PATH']).removeprefix(b'tree/')
            if path in texts:
                session.ok(frame, ENTRY=ftpeer.entry(
                    path.split(b'/')[-1], kind='l'), LINK=texts[path])
            else:
                session.ok(frame, ENTRY=ftpeer.entry(b'tree', kind='d'))

        def find(session, frame):
            session.send('ENTRIES', frame.id, ftpeer.row(*(
                ftpeer.entry(name, kind=kind, size=4)
                for name, kind in entries)))
            session.ok(frame, COUNT=len(entries))
        peer = self.peer({b'tree/d/f': b'evil', b'tree/l/f': b'evil'})
        peer.on['STAT'] = stat
        peer.on['FIND'] = find
        return self.run_client(peer, 'get', '-rl', 'tree', **more)

    def test_no_text_leads_out_of_the_folder(self):
        texts = {b'a': b'/etc/passwd', b'b': b'..', b'd/c': b'../../x',
                 b'd/e': b'../d/../../x', b'g': b'd/../..', b'h': b''}
        done = self.fetch([(b'd', 'd'), *((path, 'l') for path in texts)],
                          texts)
        self.assertEqual(os.listdir(self.work / 'tree'), ['d'])
        self.assertEqual(os.listdir(self.work / 'tree/d'), [])
        self.assertEqual(done.stderr.count(b'leads out of the folder'), 6)

    def test_nothing_is_written_through_a_link(self):
        outside = self.folder / 'outside'
        outside.mkdir()
        for _ in range(2):
            self.fetch([(b'd', 'd'), (b'd', 'l'), (b'd/f', 'f'), (b'l', 'l'),
                        (b'l/f', 'f')], {b'd': b'l', b'l': b'd'},
                       code=ftlib.EX_CANTCREAT)
            self.assertEqual(os.listdir(outside), [])
        (self.work / 'tree/l').unlink()
        (self.work / 'tree/l').symlink_to(outside)
        self.fetch([(b'l', 'd'), (b'l/f', 'f')], {}, code=ftlib.EX_CANTCREAT)
        self.assertEqual(os.listdir(outside), [])

    def test_a_text_with_a_nul_is_a_broken_protocol(self):
        self.fetch([(b'l', 'l')], {b'l': b'a\0b'}, code=ftlib.EX_PROTOCOL)
        self.assertFalse(os.path.lexists(self.work / 'tree/l'))


if __name__ == '__main__':
    ftlib.main()
