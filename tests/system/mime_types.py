#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""MIME types: what stat and list --type tell of files, and to whom."""

import json
import os
import random
import struct
import zlib

import ftlib
import ftwire

MIB = 1 << 20


def chunk(kind, body):
    return (struct.pack('>I', len(body)) + kind + body +
            struct.pack('>I', zlib.crc32(kind + body)))


def box(kind, body):
    return struct.pack('>I', 8 + len(body)) + kind + body


PNG = (b'\x89PNG\r\n\x1a\n' +
       chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) +
       chunk(b'IDAT', zlib.compress(b'\0\0')) + chunk(b'IEND', b''))
JPEG = (b'\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0' +
        bytes(200) + b'\xff\xd9')
MP4 = (box(b'ftyp', b'isom\0\0\x02\0isomiso2avc1mp41') +
       box(b'free', b'') + box(b'mdat', os.urandom(3 * MIB)))

FILES = {
    b'image': (PNG, 'image/png'),
    b'photo': (JPEG, 'image/jpeg'),
    b'film': (MP4, 'video/mp4'),
    b'text': (b'Hello, this is plain text.\n' * 20, 'text/plain'),
    'umlaut'.encode(): ('grün und süß\n'.encode() * 9, 'text/plain'),
    b'page': (b'%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n', 'application/pdf'),
    b'packed': (b'\x1f\x8b\x08\0' + bytes(20), 'application/gzip'),
    b'nothing': (b'', 'inode/x-empty'),
    b'noise': (b'\xab\xcd\0\x02\xfd\x80\x03\x04' * 4096, 'application/octet-stream'),
    b'half': (PNG[:29], 'image/png'),
    b'film.txt': (MP4[:40], 'video/mp4'),
    b'esc\x1b[2J': (PNG, 'image/png'),
    b'\xff\xfe': (JPEG, 'image/jpeg'),
    b'two\nlines': (b'text\n', 'text/plain'),
}


class Types(ftlib.Test):
    users = {
        ftlib.USER: 'base=main,rights=full',
        'lister': 'base=main,rights=list',
        'reader': 'base=main,rights=read',
    }

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(users=self.users))

    def write_all(self):
        for name, (content, _) in FILES.items():
            self.server.write(name, content)

    def run_client(self, *words, **more):
        return self.server.client(*words, cwd=self.folder, **more)

    def tell(self, *words):
        argv = self.server.client_argv(*words)
        done = self.run_client(argv=[argv[0], '--json', *argv[1:]])
        return [json.loads(line) for line in done.stdout.splitlines()][:-1]

    def listed(self, wire, path=None):
        """What LIST tells of each name; None without a type."""
        fields = {'MIME_WANTED': b''}
        if path is not None:
            fields['PATH'] = path
        *parts, _ = wire.answer(wire.ask('LIST', fields))
        found = {}
        for payload in (part.payload for part in parts):
            while payload:
                length, = struct.unpack_from('>H', payload)
                row, payload = payload[2:2 + length], payload[2 + length:]
                name = ftwire.decode_entry(row).name
                found[name] = row[42 + len(name):].decode() or None
        return found

    def type_of(self, path, user=None):
        with self.server.wire(user) as wire:
            fields = wire.call('STAT', {'PATH': path, 'MIME_WANTED': b''})
        return fields.get('MIME')

    def test_stat_and_list_tell_the_type_by_the_content(self):
        self.write_all()
        self.server.path('folder').mkdir()
        self.server.path('link').symlink_to('image')
        expected = {name: type_ for name, (_, type_) in FILES.items()}
        with self.server.wire() as wire:
            self.assertEqual(self.listed(wire), {
                **expected, b'folder': None, b'link': None})
            for name, type_ in expected.items():
                fields = wire.call('STAT', {'PATH': name, 'MIME_WANTED': b''})
                self.assertEqual(fields['MIME'], type_.encode(), name)
                self.assertEqual(self.listed(wire, name), {name: type_})
        self.assertEqual(self.type_of('link'), b'image/png')
        self.assertIsNone(self.type_of('folder'))
        self.assertIsNone(self.type_of('/'))

    def test_the_client_shows_them(self):
        self.write_all()
        self.server.path('folder').mkdir()
        lines = self.run_client('list', '--type').stdout.splitlines()
        self.assertEqual(len(lines), len(FILES) + 1)
        self.assertRegex(b'\n'.join(lines), rb'(?m) image/png +image$')
        self.assertRegex(b'\n'.join(lines), rb'(?m)^d .* - +folder$')
        self.assertNotIn(b'image/png', self.run_client('list').stdout)
        self.assertIn(b'\nmime: video/mp4\n',
                      self.run_client('stat', 'film').stdout)
        self.assertNotIn(b'mime', self.run_client('stat', 'folder').stdout)
        self.assertEqual(self.tell('stat', 'photo')[0]['mime'], 'image/jpeg')
        self.assertEqual(
            sorted(told.get('mime', '') for told in self.tell(
                'list', '--type')),
            sorted([type_ for _, type_ in FILES.values()] + ['']))

    def test_who_does_not_ask_is_told_none(self):
        self.write_all()
        with self.server.wire() as wire:
            fields = wire.call('STAT', {'PATH': 'image'})
            self.assertEqual(list(fields), ['ENTRY'])
            *parts, _ = wire.answer(wire.ask('LIST'))
            size = sum(44 + len(name) for name in FILES)
            self.assertEqual(sum(len(part.payload) for part in parts), size)

    def test_it_takes_the_right_to_read(self):
        self.server.write('image', PNG)
        self.assertEqual(self.type_of('image', 'reader'), b'image/png')
        self.assertIsNone(self.type_of('image', 'lister'))
        with self.server.wire('lister') as wire:
            self.assertEqual(self.listed(wire), {b'image': None})

    def test_what_cannot_be_read_has_none_and_is_no_error(self):
        for name in ('closed', 'locked', 'open'):
            self.server.write(name, PNG)
        if os.getuid() == 0:
            os.chown(self.server.path('closed'), 0, 0)
        self.server.path('closed').chmod(0)
        with ftlib.LocalLock(self.server.path('locked')):
            with self.server.wire() as wire:
                self.assertEqual(self.listed(wire), {
                    b'closed': None, b'locked': None, b'open': 'image/png'})
            self.assertIsNone(self.type_of('locked'))
        self.assertEqual(self.type_of('locked'), b'image/png')

    def test_hostile_content_does_no_harm(self):
        heads = [content[:64] for content, _ in FILES.values()]
        heads += [b'\x7fELF\x02\x01\x01', b'PK\x03\x04', b'\xd0\xcf\x11\xe0'
                  b'\xa1\xb1\x1a\xe1', b'MZ', b'#!/bin/sh\n', b'{"a":' * 500,
                  b'<?xml version="1.0"?>', b'a,b\n' * 9000, b'(' * 65536,
                  b'\n' * 65536, b' ' * 65536]
        seed = int(os.environ.get('FT_SEED', random.randrange(1 << 30)))
        print(f'FT_SEED={seed}', flush=True)
        choose = random.Random(seed)
        for i in range(150):
            head = choose.choice(heads)
            self.server.write(
                f'{i}', head[:choose.randrange(len(head) + 1)] +
                choose.randbytes(choose.choice((0, 1, 100, 70000))))
        pid = self.server.worker
        with self.server.wire() as wire:
            self.assertEqual(len(self.listed(wire)), 150)
        self.assertEqual(self.server.worker, pid)

    def test_all_of_them_travel_byte_for_byte(self):
        for name, (content, _) in FILES.items():
            self.write(b'file', content)
            self.run_client('put', 'file', b'./' + name)
            self.assertTrue(self.server.read(name) == content, name)
            self.run_client('get', b'./' + name, 'back')
            self.assertTrue(self.read('back') == content, name)


ftlib.main()
