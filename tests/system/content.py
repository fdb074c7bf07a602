#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whatever a file holds and however it is called: it comes back as it went."""

import os
import re
import struct
import subprocess
import zlib

import ftlib
import ftwire

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
# Sanitizers keep freed memory for a while.
GROWTH = 8 * MIB if 'FT_SLOW' not in os.environ else 64 * MIB


def png(width=100, height=80):
    """A picture of noise, with each chunk that a PNG must have."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    rows = b''.join(b'\0' + os.urandom(3 * width) for _ in range(height))
    return (b'\x89PNG\r\n\x1a\n' +
            chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0,
                                       0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def mp4(size=5 * MIB):
    """Boxes as a film has them, around bytes that nothing compresses."""
    def box(kind, data):
        return struct.pack('>I', 8 + len(data)) + kind + data
    return (box(b'ftyp', b'isom\0\0\2\0isomiso2avc1mp41') +
            box(b'free', b'\r\n\0\x1a\xff') +
            box(b'mdat', os.urandom(size)) +
            box(b'moov', box(b'mvhd', bytes(100))))


def sparse_digest(size, stretches):
    """The digest of a file that is zeros but for a few stretches."""
    zeros = ftwire.xxh128(bytes(MIB))
    pieces = [zeros] * (size // MIB)
    if size % MIB:
        pieces.append(ftwire.xxh128(bytes(size % MIB)))
    content = {}
    for offset, data in stretches:
        for at, byte in enumerate(data, offset):
            content.setdefault(at // MIB, {})[at % MIB] = byte
    for number, bytes_ in content.items():
        piece = bytearray(min(MIB, size - number * MIB))
        for at, byte in bytes_.items():
            piece[at] = byte
        pieces[number] = ftwire.xxh128(piece)
    return ftwire.xxh128(b''.join(pieces))


class ContentTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.work = self.path('work')
        self.back = self.path('back')
        self.work.mkdir()
        self.back.mkdir()
        self.server = self.serve(self.set_up())

    def run_client(self, *words, cwd=None, **options):
        """Whatever it says is fit to be shown."""
        done = self.server.client(*words, cwd=cwd or self.work, **options)
        for said in (done.stdout, done.stderr):
            self.assertNotRegex(said, rb'[\x00-\x09\x0b-\x1f\x7f]')
        return done.stdout

    def audited(self, verb, path):
        """The digests that the log has of a path."""
        return re.findall(rf'audit {verb} .* path="{re.escape(path)}" .*'
                          r'digest=([0-9a-f]{32}) .*outcome=ok',
                          self.server.log())


class Content(ContentTest):
    def goes_and_comes(self, content):
        """By file and by pipe, both ways, with the digest on record."""
        digest = ftwire.digest(content).hex()
        (self.work / 'a').write_bytes(content)
        self.run_client('put', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.run_client('put', '-', 'b', input=content)
        self.assertEqual(self.server.read('b'), content)
        self.run_client('get', 'a', cwd=self.back)
        self.assertEqual((self.back / 'a').read_bytes(), content)
        done = self.server.client('get', 'b', '-')
        self.assertEqual(done.stdout, content)
        for path in ('/a', '/b'):
            self.assertEqual(self.audited('put', path)[-1:], [digest])
            self.assertEqual(self.audited('get', path)[-1:], [digest])
        self.assertIn(b'size: %d\n' % len(content),
                      self.run_client('stat', 'a'))
        self.assertEqual(self.server.stages(), [])

    def each_goes_and_comes(self, *sizes):
        for size in sizes:
            with self.subTest(size=size):
                self.goes_and_comes(os.urandom(size))

    def test_a_picture(self):
        self.goes_and_comes(png())

    def test_a_film(self):
        self.goes_and_comes(mp4())

    def test_an_empty_file(self):
        self.goes_and_comes(b'')

    def test_one_byte(self):
        self.goes_and_comes(b'\0')

    def test_every_byte(self):
        self.goes_and_comes(bytes(range(256)))

    def test_sizes_around_a_frame(self):
        self.each_goes_and_comes(256 * KIB - 1, 256 * KIB, 256 * KIB + 1)

    def test_sizes_around_a_mebibyte(self):
        self.each_goes_and_comes(MIB - 1, MIB, MIB + 1, 3 * MIB + 1)

    def test_all_zeros_that_are_no_hole(self):
        self.goes_and_comes(bytes(2 * MIB + 5))

    def test_a_range_is_served_and_digested_as_such(self):
        content = os.urandom(2 * MIB + 77)
        self.server.write('a', content)
        with self.server.wire() as wire:
            for offset, length in ((0, 1), (1, MIB), (MIB - 1, 2),
                                   (MIB, MIB), (2 * MIB + 76, 1),
                                   (5, 10 * MIB), (len(content), 5),
                                   (17, 0)):
                with self.subTest(offset=offset, length=length):
                    self.assertEqual(
                        wire.get('a', OFFSET=offset, LENGTH=length),
                        content[offset:offset + length])
            self.assertRefused('bad-request', wire.get, 'a',
                               OFFSET=len(content) + 1)

    def test_a_version_tells_each_content_apart(self):
        with self.server.wire() as wire:
            versions = [wire.put('a', content)['VERSION_NOW']
                        for content in (b'one', b'two', b'two')]
            self.assertEqual(len(set(versions)), 3)
            self.assertEqual(wire.stat('a').version, versions[-1])
            self.assertEqual(wire.list()[0].version, versions[-1])
            self.assertRefused('precondition', wire.get, 'a',
                               IF_VERSION=versions[0])
            self.assertEqual(wire.get('a', IF_VERSION=versions[-1]), b'two')
        self.assertIn(f'version: {versions[-1].hex()}\n'.encode(),
                      self.run_client('stat', 'a'))

    def test_content_that_is_not_what_was_said_is_not_stored(self):
        with self.server.wire() as wire:
            wire.put('a', b'old')
            for code, fields in (('digest', {'DIGEST': bytes(16)}),
                                 ('size', {'SIZE': 2}), ('size', {'SIZE': 4})):
                with self.subTest(code=code, fields=fields):
                    id_ = wire.ask('PUT', {'PATH': 'a'})
                    wire.send_data(id_, 0, b'new')
                    wire.send('COMMIT', id_, {
                        'SIZE': 3, 'DIGEST': ftwire.digest(b'new'),
                        **fields})
                    # What is missing at the end is a hole.
                    code = 'digest' if fields == {'SIZE': 4} else code
                    self.assertRefused(code, wire.answer, id_)
        self.assertEqual(self.server.read('a'), b'old')
        self.assertEqual(self.server.stages(), [])


class Sparse(ContentTest):
    def make(self, path, size, stretches):
        with open(path, 'wb') as file:
            for offset, data in stretches:
                file.seek(offset)
                file.write(data)
            file.truncate(size)

    def check(self, path, size, stretches):
        facts = path.stat()
        self.assertEqual(facts.st_size, size)
        self.assertLess(facts.st_blocks * 512, 2 * MIB)
        with open(path, 'rb') as file:
            for offset, data in stretches:
                file.seek(offset)
                self.assertEqual(file.read(len(data)), data)
            # Around them there is nothing but zeros.
            for offset, data in stretches:
                end = offset + len(data)
                file.seek(max(0, offset - 100))
                around = file.read(offset - file.tell())
                file.seek(end)
                around += file.read(100)
                self.assertEqual(around.strip(b'\0'), b'', (offset, end))

    def goes_and_comes(self, size, stretches):
        digest = sparse_digest(size, stretches).hex()
        self.make(self.work / 'a', size, stretches)
        self.run_client('put', 'a')
        self.check(self.server.path('a'), size, stretches)
        self.run_client('get', 'a', cwd=self.back)
        self.check(self.back / 'a', size, stretches)
        self.assertEqual(self.audited('put', '/a'), [digest])
        self.assertEqual(self.audited('get', '/a'), [digest])
        line = self.run_client('list', 'a')
        self.assertEqual(line.split()[1], b'%d' % size)

    def test_three_gibibytes_with_data_at_both_ends(self):
        size = 3 * GIB
        self.goes_and_comes(size, [
            (0, b'begin'), (2 * GIB - 3, b'around 31 bits'),
            (size - 3, b'end')])

    def test_data_behind_32_bits(self):
        self.goes_and_comes(5 * GIB + 1, [
            (4 * GIB - 5, b'around 32 bits'), (4 * GIB + MIB, b'behind'),
            (5 * GIB, b'!')])

    def test_a_hole_at_the_end_and_nothing_else(self):
        self.goes_and_comes(6 * GIB + 12345, [])

    def test_a_hole_behind_data(self):
        self.goes_and_comes(5 * GIB - 1, [(1, b'x')])

    def test_a_range_behind_32_bits(self):
        self.make(self.server.path('a'), 5 * GIB, [(4 * GIB + 10, b'x' * 9)])
        self.server.own('a')
        with self.server.wire() as wire:
            self.assertEqual(
                wire.get('a', OFFSET=4 * GIB, LENGTH=30),
                bytes(10) + b'x' * 9 + bytes(11))
            self.assertEqual(wire.get('a', OFFSET=5 * GIB - 5), bytes(5))
            self.assertEqual(wire.stat('a').size, 5 * GIB)


NAMES = [
    b'with some spaces', b' ', b'   ', b' both ends ', b'-', b'--', b'-l',
    b'--help', b'new\nline', b'\n', b'return\r', b'tab\t', b'\x1b[2Jescape',
    b'\x1b]0;title\x07', b'bell\x07\x08\x7f', b'\x01\x02', b'\xff\xfe',
    b'\x80', b'half \xc3', b'\xed\xa0\x80', b'\xc0\xaf', b'\xf4\x90\x80\x80',
    'Grüße, 世界 🎬'.encode(), 'e\u0301'.encode(), '\u202ecod.exe'.encode(),
    '\x9b31m'.encode(), '\ufeff'.encode(), '\u2028'.encode(),
    b'"quoted"', b"'", b'back\\slash', b'\\n', b'*', b'?', b'[a]', b'#', b'~',
    b'$HOME', b'`id`', b'%s%n', b'%2e%2e', b';', b'|', b'...', b'..x', b'.x',
    b'.ftserver2', b'CON', b'a:b', b'n' * 255,
    b'\xff' * 255, b'\n' * 255, 'ü'.encode() * 127 + b'x',
]


class Names(ContentTest):
    def test_names_come_back_byte_for_byte(self):
        for name in NAMES:
            with self.subTest(name=name):
                self.goes_and_comes(name)
        self.assertEqual(sorted(self.server.tree()), sorted(NAMES))
        self.assertEqual(self.run_client('list').count(b'\n'), len(NAMES))
        self.run_client('rm', '--', *(b'./' + name for name in NAMES))
        self.assertEqual(self.server.tree(), {})

    def goes_and_comes(self, name):
        work, back = os.fsencode(self.work), os.fsencode(self.back)
        with open(os.path.join(work, name), 'wb') as file:
            file.write(name * 3)
        self.run_client('put', '--', b'./' + name)
        self.assertIn(name, self.server.tree())
        self.run_client('get', '--', b'/' + name, cwd=self.back)
        self.assertEqual(os.listdir(back), [name])
        with open(os.path.join(back, name), 'rb') as file:
            self.assertEqual(file.read(), name * 3)
        os.unlink(os.path.join(back, name))

    def test_folders_are_called_and_moved_so_too(self):
        with self.server.wire() as wire:
            for name in NAMES:
                wire.call('MKDIR', {'PATH': name})
                wire.put(name + b'/' + name, name)
                self.assertEqual(wire.call('CD', {'PATH': name})['PATH'],
                                 b'/' + name)
                wire.call('MV', {'PATH': name, 'TARGET': '/moved'})
                wire.call('CD', {'PATH': '..'})
                self.assertEqual([e.name for e in wire.list(name)], [])
                wire.call('RMDIR', {'PATH': name})
                wire.call('MV', {'PATH': 'moved', 'TARGET': name})
                self.assertEqual(list(self.server.tree()), [name])
                wire.call('RM', {'PATH': name})

    def test_the_log_holds_no_raw_control_byte(self):
        with self.server.wire() as wire:
            for name in NAMES:
                wire.put(name, b'')
                wire.call('MV', {'PATH': name, 'TARGET': name[::-1]})
        self.server.stop()
        log = self.server.log_path.read_bytes()
        self.assertNotRegex(log, rb'[\x00-\x09\x0b-\x1f\x7f]')
        self.assertNotIn('\u202e'.encode(), log)
        for line in log.decode().splitlines():
            self.assertRegex(line, r'^\d{4}-\d\d-\d\dT\S+Z [a-z]+ ')
        self.assertEqual(log.count(b' audit put '), len(NAMES))

    def test_all_at_once(self):
        with self.server.wire() as wire:
            for name in NAMES:
                wire.put(name, name)
            self.assertEqual(sorted(e.name for e in wire.list()),
                             sorted(NAMES))
            for name in NAMES:
                self.assertEqual(wire.get(name), name)
                self.assertEqual(wire.stat(name).name, name)

    def test_what_is_no_name_is_refused(self):
        with self.server.wire() as wire:
            for path, code in ((b'a\0b', 'bad-path'), (b'\0', 'bad-path'),
                               (b'n' * 256, 'name-too-long'),
                               (b'.', 'not-permitted'),
                               (b'/', 'not-permitted'),
                               (b'..', 'not-permitted'),
                               (b'a/..', 'not-permitted')):
                with self.subTest(path=path):
                    self.assertRefused(code, wire.put, path, b'x')
        self.assertEqual(self.server.tree(), {})


class Depth(ContentTest):
    def setUp(self):
        super().setUp()
        # Too deep for what cleans up else.
        self.addCleanup(subprocess.run, ['rm', '-rf', self.server.root / 'd'],
                        check=True)

    def test_folders_lie_a_thousand_deep(self):
        depth = 1000
        (self.work / 'a').write_bytes(b'deep')
        down = 'mkdir d\ncd d\n' * depth
        said = self.run_client(input=f'{down}put a\npwd\n'.encode())
        self.assertEqual(said, b'put a 4 bytes\n' + b'/d' * depth + b'\n')
        path = '/d' * depth
        self.run_client('get', f'{path}/a', cwd=self.back)
        self.assertEqual((self.back / 'a').read_bytes(), b'deep')
        up = 'cd ..\nrmdir d\n' * depth
        self.run_client(input=f'cd {path}\nrm a\n{up}'.encode())
        self.assertEqual(self.server.tree(), {})

    def test_a_path_ends_at_4095_bytes(self):
        step = 'x' * 200
        with self.server.wire() as wire:
            made = 0
            while 201 * (made + 1) <= 4095:
                wire.call('MKDIR', {'PATH': step})
                wire.call('CD', {'PATH': step})
                made += 1
            room = 4095 - 201 * made - 1
            self.assertGreater(room, 0)
            self.assertRefused('name-too-long', wire.put, 'y' * (room + 1),
                               b'x')
            wire.put('y' * room, b'x')
            self.assertEqual(wire.get('y' * room), b'x')
            self.assertEqual(wire.call('PWD')['PATH'],
                             f'/{step}'.encode() * made)


class Listing(ContentTest):
    COUNT = 100_000

    def setUp(self):
        super().setUp()
        self.folder_there = self.server.root / 'many'
        self.folder_there.mkdir()
        for number in range(self.COUNT):
            fd = os.open(self.folder_there / f'file-{number}',
                         os.O_CREAT | os.O_WRONLY, 0o644)
            if number % 1000 == 0:
                os.truncate(fd, number)
                os.utime(fd, (number, number))
            os.close(fd)

    def memory(self, key):
        with open(f'/proc/{self.server.worker}/status') as file:
            kib, = (int(line.split()[1]) for line in file
                    if line.startswith(key + ':'))
        return kib * KIB

    def check(self, rows):
        """Rows of type, size, time and name: each there, once and right."""
        seen = {name: row for *row, name in rows}
        self.assertEqual(len(rows), self.COUNT)
        self.assertEqual(set(seen), {b'file-%d' % n
                                     for n in range(self.COUNT)})
        for number in range(0, self.COUNT, 1000):
            self.assertEqual(seen[b'file-%d' % number],
                             ['f', number, number])
        self.assertEqual(seen[b'file-1'][:2], ['f', 0])

    def test_a_hundred_thousand_entries_stream(self):
        self.run_client('list')
        before = self.memory('VmRSS')
        with self.server.wire() as wire:
            self.check([[e.type, e.size, e.mtime, e.name]
                        for e in wire.list('many')])
        # One that reads later, or never, costs nothing more.
        with self.server.wire() as slow, self.server.wire() as other:
            id_ = slow.ask('LIST', {'PATH': 'many'})
            for _ in range(20):
                other.call('PWD')
            self.assertLess(self.memory('VmHWM') - before, GROWTH)
            self.assertEqual(slow.answer(id_)[-1].fields['COUNT'], self.COUNT)
        said = self.run_client('list', 'many', env={'TZ': 'UTC'})
        self.check([self.row(line) for line in said.splitlines()])
        self.assertLess(self.memory('VmHWM') - before, GROWTH)

    def row(self, line):
        """A line of ftclient; all times but that of few files are now."""
        kind, size, day, hour, name = line.decode().split()
        hours, minutes, seconds = map(int, hour.split(':'))
        return ['f' if kind == '-' else kind, int(size),
                (((int(day[8:]) - 1) * 24 + hours) * 60 + minutes) * 60 +
                seconds, name.encode()]


if __name__ == '__main__':
    ftlib.main()
