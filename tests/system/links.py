#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Symbolic links: made and told by the server, kept and followed by -r."""

import os

import ftlib
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
            wire.call('MV', {'PATH': b'sub/top', 'TARGET': b'top'})
            self.assertRefused('not-permitted', wire.stat, b'top')
            self.assertRefused('not-permitted', wire.get, b'top/secret')
            self.assertRefused('not-permitted', wire.put, b'top/new', b'x')
        self.assertEqual(outside.read_bytes(), b'secret')

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


if __name__ == '__main__':
    ftlib.main()
