#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Of a large file that changed only the MiBs that differ are moved."""

import filecmp
import os
import signal
import struct

import ftlib
import ftwire
from resume import content_of, rows
from resume_client import Proxy

MIB = ftwire.MIB
LARGE = 2048 if ftlib.NIGHTLY else 64    # MiBs
FEATURE_BASIS = 16


def changed(content, *offsets):
    """The same but for a byte at each of these."""
    out = bytearray(content)
    for at in offsets:
        out[at] ^= 0xff
    return bytes(out)


class Basis(ftlib.Test):
    """By the wire."""

    def setUp(self):
        super().setUp()
        self.setup = self.set_up(users={
            ftlib.USER: 'rights=full', 'ann': 'rights=drop',
            'eve': 'rights=list+write+overwrite'})
        self.server = self.serve(self.setup)

    def begin(self, wire, path, size, **fields):
        """The request's id, the upload's, and what the server holds."""
        id_ = wire.ask('PUT', {'PATH': path, 'SIZE': size, 'BASIS': b'',
                               **fields})
        return self.begun(wire, id_)

    def begun(self, wire, id_):
        frames = []
        while True:
            frame = wire.receive()
            if frame.name == 'ERROR':
                wire.send('ABORT', id_)
                raise ftwire.Refused(frame.fields)
            if frame.name == 'BEGUN':
                return id_, frame.fields['UPLOAD'], rows(frames, 'HAVE')
            self.assertEqual(frame.name, 'HAVE')
            frames.append(frame)

    def send_missing(self, wire, id_, held, content):
        sent = []
        for at in range(0, len(content), MIB):
            piece = content[at:at + MIB]
            if held.get(at) == ftwire.xxh128(piece):
                continue
            for i in range(0, len(piece), ftwire.DATA_BYTES):
                wire.send_data(id_, at + i, piece[i:i + ftwire.DATA_BYTES])
            sent.append(at // MIB)
        return sent

    def commit(self, wire, id_, content):
        wire.send('COMMIT', id_, {'SIZE': len(content),
                                  'DIGEST': ftwire.digest(content)})
        return wire.answer(id_)[-1].fields

    def put(self, wire, path, content, **fields):
        """The pieces that had to be sent."""
        id_, _, held = self.begin(wire, path, len(content), **fields)
        sent = self.send_missing(wire, id_, held, content)
        receipt = self.commit(wire, id_, content)
        self.assertEqual(receipt['DIGEST'], ftwire.digest(content))
        self.assertEqual(self.server.read(path), content)
        self.assertEqual(self.server.stages(), [])
        return sent

    def test_the_server_says_that_it_can(self):
        with self.server.connect() as wire:
            wire.send('HELLO', 0, {'VERSIONS': (1, 1)})
            features = wire.receive().fields['FEATURES']
        self.assertEqual(features & FEATURE_BASIS, FEATURE_BASIS)

    def test_only_what_differs_is_sent(self):
        old = content_of(6 * MIB + 1000)
        new = changed(old, 3 * MIB, 5 * MIB - 1)
        with self.server.wire() as wire:
            wire.put('a', old)
            self.assertEqual(self.put(wire, 'a', new), [3, 4])
            self.assertEqual(self.put(wire, 'a', new), [])
            self.assertEqual(self.put(wire, 'a', changed(new, -1 % len(new))),
                             [6])

    def test_the_file_may_become_shorter_or_longer(self):
        old = content_of(6 * MIB + 1000)
        with self.server.wire() as wire:
            wire.put('a', old)
            self.assertEqual(self.put(wire, 'a', old[:5 * MIB]), [])
            self.assertEqual(self.put(wire, 'a', old[:4 * MIB + 7]), [])
            self.assertEqual(self.put(wire, 'a', old[:4 * MIB + 9]), [4])
            self.assertEqual(self.put(wire, 'a', old), [4, 5, 6])
            # What grows by zeros is the same already.
            self.assertEqual(self.put(wire, 'a', old + bytes(1000)), [])
            wire.put('a', b'small')
            self.assertEqual(self.put(wire, 'a', old), list(range(7)))

    def test_holes_stay_holes(self):
        size = 64 * MIB
        with open(self.server.path('a'), 'wb') as file:
            file.truncate(size)
            for at in 5, 40:
                file.seek(at * MIB + 1000)
                file.write(b'data')
        self.server.own('a')
        content = self.server.read('a')
        with self.server.wire() as wire:
            id_, _, held = self.begin(wire, 'a', size)
            # Those behind the last data are no news.
            self.assertEqual(sorted(held)[-1] // MIB, 63)
            self.assertEqual(
                self.send_missing(wire, id_, held, changed(content, 9 * MIB)),
                [9])
            self.commit(wire, id_, changed(content, 9 * MIB))
        self.assertEqual(self.server.read('a'), changed(content, 9 * MIB))
        self.assertLess(self.server.path('a').stat().st_blocks * 512, 8 * MIB)

    def test_without_a_file_all_is_sent(self):
        content = content_of(3 * MIB)
        with self.server.wire() as wire:
            self.assertEqual(self.put(wire, 'a', content), [0, 1, 2])
            wire.call('MKDIR', {'PATH': 'b'})
            self.assertRefused('is-a-folder', self.begin, wire, 'b', 3 * MIB)

    def test_one_that_is_locked_is_no_help(self):
        content = content_of(3 * MIB)
        with self.server.wire() as wire, self.server.wire() as other:
            wire.put('a', content)
            other.call('LOCK', {'PATH': 'a'})
            id_, upload, held = self.begin(wire, 'a', 3 * MIB)
            self.assertEqual(held, {})
            self.send_missing(wire, id_, held, content)
            self.assertRefused('locked', self.commit, wire, id_, content)
            wire.call('DISCARD', {'UPLOAD': upload})
            other.call('UNLOCK', {'PATH': 'a'})
            # A lock of one's own is no hindrance.
            wire.call('LOCK', {'PATH': 'a'})
            self.assertEqual(self.put(wire, 'a', changed(content, 0)), [0])

    def test_nobody_is_kept_from_writing_once_it_has_begun(self):
        content = content_of(3 * MIB)
        with self.server.wire() as wire, self.server.wire() as other:
            wire.put('a', content)
            id_, _, held = self.begin(wire, 'a', 3 * MIB)
            other.call('LOCK', {'PATH': 'a'})
            other.call('UNLOCK', {'PATH': 'a'})
            self.send_missing(wire, id_, held, content)
            self.commit(wire, id_, content)

    def test_it_takes_the_right_to_read(self):
        content = content_of(3 * MIB)
        self.server.write('a', content)
        for user in 'ann', 'eve':
            with self.server.wire(user=user) as wire:
                self.assertRefused('not-permitted', self.begin, wire, 'a',
                                   3 * MIB)
        self.assertEqual(self.server.stages(), [])

    def test_it_is_for_whole_long_files_of_known_size(self):
        self.server.write('a', content_of(3 * MIB))
        with self.server.wire() as wire:
            self.assertRefused('bad-request', self.begin, wire, 'a', MIB)
            for fields in ({'PATH': 'a', 'BASIS': b''},
                           {'PATH': 'a', 'SIZE': 3 * MIB, 'BASIS': b'',
                            'TREE': bytes(16)},
                           {'PATH': 'a', 'BASIS': b'', 'UPLOAD': bytes(16)}):
                id_ = wire.ask('PUT', fields)
                self.assertRefused('unsupported', self.begun, wire, id_)

    def test_content_before_it_has_begun_is_refused(self):
        self.server.write('a', content_of(64 * MIB))
        with self.server.wire() as wire:
            id_ = wire.new_id()
            wire.send_bytes(
                ftwire.encode_frame('PUT', id_, ftwire.encode_fields({
                    'PATH': 'a', 'SIZE': 64 * MIB, 'BASIS': b''})) +
                ftwire.encode_frame('DATA', id_,
                                    struct.pack('>Q', 0) + b'x'))
            self.assertRefused('bad-request', self.begun, wire, id_)
            wire.call('PWD')
        self.assertEqual(self.server.stages(), [])
        self.assertEqual(
            os.listdir(self.server.root / '.ftserver/uploads'), [])

    def test_what_changed_meanwhile_is_not_mixed_in(self):
        old = content_of(4 * MIB)
        new = changed(old, 2 * MIB)
        with self.server.wire() as wire, self.server.wire() as other:
            version = wire.put('a', old)['VERSION_NOW']
            id_, _, held = self.begin(wire, 'a', 4 * MIB)
            other.put('a', b'by another')
            self.send_missing(wire, id_, held, new)
            self.commit(wire, id_, new)
            self.assertEqual(self.server.read('a'), new)
            self.assertRefused('precondition', self.begin, wire, 'a', 4 * MIB,
                               IF_VERSION=version)
            version = wire.stat('a').version
            id_, _, held = self.begin(wire, 'a', 4 * MIB, IF_VERSION=version)
            other.put('a', b'by another')
            self.assertRefused('precondition', self.commit, wire, id_, new)
        self.assertEqual(self.server.read('a'), b'by another')

    def test_it_is_taken_up_as_any_other(self):
        old = content_of(8 * MIB)
        new = changed(old, 2 * MIB, 6 * MIB)
        self.server.write('a', old)
        wire = self.server.wire()
        id_, upload, held = self.begin(wire, 'a', len(new))
        wire.send_data(id_, 2 * MIB, new[2 * MIB:2 * MIB + 1000])
        wire.reset()
        for kill in True, False:
            if kill:
                os.kill(self.server.worker, signal.SIGKILL)
            def take_up():
                try:
                    wire = self.server.wire()
                    return wire, self.begun(wire, wire.ask(
                        'PUT', {'UPLOAD': upload}))
                except (ftwire.Cut, ftwire.Closed, OSError):
                    return None
                except ftwire.Refused as refused:
                    self.assertEqual(refused.code, 'busy')
                    return None
            wire, (id_, _, held) = ftlib.wait_until('it is taken up', take_up)
            self.assertEqual(self.server.read('a'), old)
            if kill:
                wire.reset()
        # What was begun and did not come to its end has to be sent again.
        sent = self.send_missing(wire, id_, held, new)
        self.assertLessEqual(set(sent), {2, 6})
        self.assertIn(6, sent)
        self.commit(wire, id_, new)
        wire.close()
        self.assertEqual(self.server.read('a'), new)
        self.assertEqual(self.server.stages(), [])


class Delta(ftlib.Test):
    """By the client, through a proxy that counts."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.folder / 'local'
        self.local.mkdir()

    def proxy(self, **limits):
        proxy = Proxy(self.server, **limits)
        self.addCleanup(proxy.close)
        return proxy

    def run_client(self, proxy, *words, options=(), **more):
        return self.server.client(cwd=self.local, argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file), *options,
            proxy.target(), *words], **more)

    def test_a_put_moves_what_differs(self):
        old = content_of(64 * MIB)
        new = changed(old, 20 * MIB)
        self.server.write('a', old)
        (self.local / 'a').write_bytes(new)
        proxy = self.proxy()
        told = self.run_client(proxy, 'put', '--delta', 'a').stdout
        self.assertEqual(told, f'put a {64 * MIB} bytes, '
                         f'{MIB} of them sent\n'.encode())
        self.assertLess(sum(proxy.passed.values()), 2 * MIB)
        self.assertEqual(self.server.read('a'), new)
        self.assertEqual(self.server.stages(), [])

    def test_a_put_without_it_moves_all(self):
        content = content_of(8 * MIB)
        self.server.write('a', content)
        (self.local / 'a').write_bytes(content)
        proxy = self.proxy()
        self.run_client(proxy, 'put', 'a')
        self.assertGreater(proxy.passed['up'], 8 * MIB)

    def test_a_put_over_several_connections_moves_what_differs(self):
        old = content_of(64 * MIB)
        new = changed(old, 3 * MIB, 40 * MIB, 60 * MIB)
        self.server.write('a', old)
        (self.local / 'a').write_bytes(new)
        proxy = self.proxy()
        self.run_client(proxy, 'put', '--delta', '--segments', '3', 'a')
        self.assertLess(sum(proxy.passed.values()), 4 * MIB)
        self.assertEqual(self.server.read('a'), new)

    def test_a_put_that_is_cut_off_goes_on(self):
        old = content_of(24 * MIB)
        new = changed(old, *range(0, 24 * MIB, 2 * MIB))
        self.server.write('a', old)
        (self.local / 'a').write_bytes(new)
        proxy = self.proxy(up=(5 * MIB,))
        self.run_client(proxy, 'put', '--delta', 'a')
        self.assertEqual(proxy.connections, 2)
        self.assertLess(sum(proxy.passed.values()), 15 * MIB)
        self.assertEqual(self.server.read('a'), new)

    def test_a_put_that_was_killed_goes_on_with_a(self):
        old = content_of(24 * MIB)
        new = changed(old, *range(0, 24 * MIB, 2 * MIB))
        self.server.write('a', old)
        (self.local / 'a').write_bytes(new)
        proxy = self.proxy(held=5 * MIB)
        client = self.server.start_client(cwd=self.local, argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            proxy.target(), 'put', '--delta', 'a'])
        ftlib.wait_until('the rest is held up', lambda: proxy.held < 0)
        client.send_signal(signal.SIGKILL)
        client.wait()
        proxy.held = None
        proxy.release.set()
        self.assertEqual(self.server.read('a'), old)
        before = sum(proxy.passed.values())
        self.run_client(proxy, 'put', '-a', '--delta', 'a')
        self.assertLess(sum(proxy.passed.values()) - before, 9 * MIB)
        self.assertEqual(self.server.read('a'), new)

    def fetched(self):
        self.assertEqual([name for name in os.listdir(self.local)
                          if name.endswith('.part')], [])
        return (self.local / 'a').read_bytes()

    def get(self, old, new, *options):
        """Bytes on the wire."""
        (self.local / 'a').write_bytes(old)
        self.server.write('a', new)
        proxy = self.proxy()
        told = self.run_client(proxy, 'get', '--delta', *options, 'a').stdout
        self.assertEqual(self.fetched(), new)
        return sum(proxy.passed.values()), told.decode()

    def test_a_get_moves_what_differs(self):
        old = content_of(64 * MIB)
        moved, told = self.get(old, changed(old, 20 * MIB))
        self.assertLess(moved, 2 * MIB)
        self.assertEqual(told, f'get a {64 * MIB} bytes, '
                         f'{MIB} of them fetched\n')

    def test_a_get_of_the_same_moves_nothing(self):
        for size in 8 * MIB, 8 * MIB + 1000:
            content = content_of(size)
            moved, _ = self.get(content, content)
            self.assertLess(moved, MIB)

    def test_a_get_cuts_and_extends(self):
        old = content_of(8 * MIB + 1000)
        for size, most in ((5 * MIB, MIB), (5 * MIB + 9, MIB),
                           (8 * MIB + 1001, 2 * MIB), (9 * MIB, 2 * MIB),
                           (12 * MIB + 3, 6 * MIB), (10, MIB), (0, MIB)):
            moved, _ = self.get(old, content_of(size))
            self.assertLess(moved, most, size)
        moved, _ = self.get(b'small', old)
        self.assertGreater(moved, 8 * MIB)

    def test_a_get_leaves_zeros_to_holes(self):
        old = content_of(3 * MIB) + bytes(20 * MIB) + content_of(3 * MIB)
        moved, _ = self.get(old, changed(old, 0, 10 * MIB))
        self.assertLess(moved, 3 * MIB)
        blocks = (self.local / 'a').stat().st_blocks
        self.assertLess(blocks * 512, 10 * MIB)

    def test_a_get_over_several_connections_moves_what_differs(self):
        old = content_of(64 * MIB)
        new = changed(old, 3 * MIB, 40 * MIB, 60 * MIB)
        moved, _ = self.get(old, new, '--segments', '3')
        self.assertLess(moved, 4 * MIB)

    def test_a_get_without_an_older_file_moves_all(self):
        self.server.write('a', content_of(3 * MIB))
        self.server.client('get', '--delta', 'a', cwd=self.local)
        self.assertEqual(self.fetched(), content_of(3 * MIB))

    def test_a_get_that_is_cut_off_goes_on(self):
        old = content_of(24 * MIB)
        new = changed(old, *range(0, 24 * MIB, 2 * MIB))
        (self.local / 'a').write_bytes(old)
        self.server.write('a', new)
        proxy = self.proxy(down=(5 * MIB,))
        self.run_client(proxy, 'get', '--delta', 'a')
        self.assertEqual(proxy.connections, 2)
        self.assertLess(sum(proxy.passed.values()), 15 * MIB)
        self.assertEqual(self.fetched(), new)

    def test_a_get_that_was_killed_goes_on_with_a(self):
        old = content_of(24 * MIB)
        new = changed(old, *range(0, 24 * MIB, 2 * MIB))
        (self.local / 'a').write_bytes(old)
        self.server.write('a', new)
        proxy = self.proxy(down=(6 * MIB,))
        client = self.server.start_client(cwd=self.local, argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            proxy.target(), 'get', '--delta', 'a'])
        ftlib.wait_until('it was cut off', lambda: proxy.cuts == 1)
        client.send_signal(signal.SIGKILL)
        client.wait()
        if self.fetched_by_now() == new:
            return      # it was quicker
        self.assertEqual(self.fetched_by_now(), old)
        before = sum(proxy.passed.values())
        self.run_client(proxy, 'get', '-a', '--delta', 'a')
        self.assertLess(sum(proxy.passed.values()) - before, 9 * MIB)
        self.assertEqual(self.fetched(), new)

    def fetched_by_now(self):
        return (self.local / 'a').read_bytes()

    def test_one_changed_mib_moves_less_than_eight_both_ways(self):
        with open(self.local / 'a', 'wb') as file:
            for number in range(LARGE):
                file.write(number.to_bytes(4, 'big') * (MIB // 4))
        self.server.client('put', 'a', cwd=self.local)
        with open(self.local / 'a', 'r+b') as file:
            file.seek(LARGE // 2 * MIB)
            file.write(b'x' * MIB)
        proxy = self.proxy()
        self.run_client(proxy, 'put', '--delta', 'a')
        self.assertLess(sum(proxy.passed.values()), 8 * MIB)
        self.assertTrue(self.is_same('a'))
        with open(self.server.path('a'), 'r+b') as file:
            file.seek(LARGE // 4 * MIB + 7)
            file.write(b'y' * MIB)
        proxy = self.proxy()
        self.run_client(proxy, 'get', '--delta', 'a')
        self.assertLess(sum(proxy.passed.values()), 8 * MIB)
        self.assertTrue(self.is_same('a'))

    def is_same(self, name):
        return filecmp.cmp(self.local / name, self.server.path(name),
                           shallow=False)

    def test_who_may_not_read_sends_all(self):
        server = self.serve(self.set_up(users={
            ftlib.USER: 'rights=list+write+overwrite'}))
        old = content_of(8 * MIB)
        server.write('a', old)
        (self.local / 'a').write_bytes(changed(old, 0))
        server.client('put', '--delta', 'a', cwd=self.local)
        self.assertEqual(server.read('a'), changed(old, 0))

    def test_it_is_for_a_whole_file(self):
        (self.local / 'a').write_bytes(b'x')
        for words in (('-r', 'a'), ('--offset', '0', 'a'), ('-', 'a')):
            self.server.client('put', '--delta', *words, cwd=self.local,
                               code=ftlib.EX_USAGE)
        for words in ('-r', 'a'), ('a', '-'), ('--range', '0:', 'a'):
            self.server.client('get', '--delta', *words, cwd=self.local,
                               code=ftlib.EX_USAGE)
        self.server.client('put', '--delta', 'a', cwd=self.local)
        self.assertEqual(self.server.read('a'), b'x')


if __name__ == '__main__':
    ftlib.main()
