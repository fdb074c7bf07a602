#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A connection that is cut, in each state: nothing is published, nothing is
left but what can be taken up again, and the server lives on."""

import os
import socket

import ftlib
import ftwire
from fthostile import MIB, HostileTest, client_hello, make_dear, reset
from ftwire import encode_frame

HELLO = encode_frame('HELLO', 0, {'VERSIONS': (1, 1)})


class CutTest(HostileTest):
    def both_ways(self, prepare, check=lambda: None):
        """Cut what `prepare` returns by FIN, and by RST."""
        for cut in ('cut', 'reset'):
            for _ in range(3):
                with self.subTest(cut=cut):
                    getattr(prepare(), cut)()
                    self.wait_sessions_gone()
                    check()
        self.assertNothingLeft()

    def assertNothingLeft(self):
        ftlib.wait_until('all files are closed',
                         lambda: self.open_files() == self.files)
        self.discard_kept()

    def assertNothingPublished(self):
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])


class Connecting(CutTest):
    def raw(self, data=b''):
        connection = socket.create_connection(
            (self.server.address, self.server.port))
        connection.sendall(data)
        return connection

    def test_during_the_handshake(self):
        hello = client_hello()
        for data in (b'', hello[:1], hello[:5], hello[:len(hello) // 2], hello,
                     hello + hello, b'GET / HTTP/1.1\r\n\r\n'):
            for end in (reset, socket.socket.close):
                with self.subTest(data=data[:10], end=end):
                    end(self.raw(data))
                    self.wait_sessions_gone()
        self.assertNothingLeft()

    def test_before_the_hello(self):
        self.both_ways(self.server.connect)

    def test_after_the_hello(self):
        def prepare():
            wire = self.server.connect()
            wire.hello()
            return wire
        self.both_ways(prepare)

    def test_a_half_hello(self):
        def prepare():
            wire = self.server.connect()
            wire.send_bytes(HELLO[:7])
            return wire
        self.both_ways(prepare)

    def test_while_the_password_is_asked_for(self):
        def prepare():
            wire = self.server.connect()
            wire.hello()
            wire.ask('LOGIN', {'USER': 'tester', 'METHOD': 'password'})
            self.assertEqual(wire.receive().name, 'CHALLENGE')
            return wire
        self.both_ways(prepare)


class InTheLoginLine(CutTest):
    SECTIONS = {'limits': {'login_threads': 1}}

    def configure(self):
        setup = super().configure()
        make_dear(setup)
        return setup

    def test_in_the_login_line(self):
        login = encode_frame('LOGIN', 1, {
            'USER': ftlib.USER, 'METHOD': 'password',
            'RESPONSE': ftlib.PASSWORD})
        for cut in ('cut', 'reset'):
            wires = [self.server.connect() for _ in range(6)]
            for wire in wires:
                wire.send_bytes(HELLO + login + encode_frame(
                    'MKDIR', 2, {'PATH': 'made'}))
            for wire in wires:      # each is in the line now, or soon
                self.assertEqual(wire.receive().name, 'HELLO')
                getattr(wire, cut)()
            self.wait_sessions_gone()
        self.assertNothingLeft()


class Working(CutTest):
    def test_idle(self):
        self.both_ways(self.server.wire)

    def test_in_a_get(self):
        with open(self.server.root / 'long', 'wb') as file:
            file.write(os.urandom(32 * MIB))

        def prepare():
            wire = self.server.wire()
            wire.ask('GET', {'PATH': 'long'})
            wire.ask('MKDIR', {'PATH': 'made'})
            for _ in range(4):
                wire.receive()
            return wire
        self.both_ways(prepare)
        self.assertFalse((self.server.root / 'made').exists())
        self.server.wait_log('audit get .*outcome=cancelled')
        os.unlink(self.server.root / 'long')

    def begin_put(self, size, sent, announce, path='a'):
        wire = self.server.wire()
        fields = {'SIZE': size} if announce else {}
        id_ = wire.ask('PUT', {'PATH': path, **fields})
        for at in range(0, sent, ftwire.DATA_BYTES):
            wire.send_data(id_, at, bytes(min(ftwire.DATA_BYTES, sent - at)))
        return wire

    def cut_in_a_long_put(self, cut):
        """Of 5 MiB of zeros two have been noted; what is kept."""
        wire = self.begin_put(5 * MIB, 2 * MIB + 1000, True)
        upload = wire.receive().fields['UPLOAD']
        with self.server.wire() as other:
            ftlib.wait_until('two MiB are noted', lambda: other.uploads() == {
                upload: (2 * MIB, b'/a')})
        getattr(wire, cut)()
        self.wait_sessions_gone()
        self.assertNothingPublished()
        self.assertEqual(self.stages(), [upload.hex()])
        return upload

    def test_in_a_put(self):
        for size in (0, 1000, 5 * MIB):
            for announce in (True, False):
                for sent in {0, size // 2, size}:
                    self.both_ways(
                        lambda: self.begin_put(size, sent, announce),
                        self.assertNothingPublished)

    def test_a_long_put_is_kept_and_goes_on(self):
        for cut in ('cut', 'reset'):
            upload = self.cut_in_a_long_put(cut)
            with self.server.wire() as wire:
                id_ = wire.ask('PUT', {'UPLOAD': upload})
                self.assertEqual(
                    [wire.receive().name for _ in range(2)],
                    ['HAVE', 'BEGUN'])
                for at in range(2 * MIB, 5 * MIB, ftwire.DATA_BYTES):
                    wire.send_data(id_, at, bytes(ftwire.DATA_BYTES))
                wire.send('COMMIT', id_, {
                    'SIZE': 5 * MIB, 'DIGEST': ftwire.digest(bytes(5 * MIB))})
                wire.answer(id_)
            self.assertEqual(self.server.read('a'), bytes(5 * MIB))
            os.unlink(self.server.root / 'a')
            self.assertEqual(self.stages(), [])

    def test_a_long_put_is_kept_until_it_is_discarded(self):
        for cut in ('cut', 'reset'):
            upload = self.cut_in_a_long_put(cut)
            self.assertEqual(self.kept(), {upload: (2 * MIB, b'/a')})
            self.discard_kept()
            self.assertNothingPublished()

    def test_of_less_than_one_mib_nothing_is_kept(self):
        for size, sent in ((1000, 500), (5 * MIB, MIB // 2)):
            wire = self.begin_put(size, sent, True)
            ftlib.wait_until('there is a stage', self.stages)
            wire.cut()
            ftlib.wait_until('the stage is gone', lambda: not self.stages())
            self.assertNothingPublished()

    def test_within_a_data_frame(self):
        def prepare():
            wire = self.begin_put(5 * MIB, MIB, True)
            frame = encode_frame('DATA', wire.last_id, bytes(8 + 100000))
            wire.send_bytes(frame[:50000])
            return wire
        self.both_ways(prepare, self.assertNothingPublished)

    def test_within_a_commit(self):
        def prepare():
            wire = self.begin_put(1000, 1000, True)
            frame = encode_frame('COMMIT', wire.last_id, {
                'SIZE': 1000, 'DIGEST': ftwire.digest(bytes(1000))})
            wire.send_bytes(frame[:-1])
            return wire
        self.both_ways(prepare, self.assertNothingPublished)

    def test_in_a_batch(self):
        """Who does not hear the answer knows nothing; but no file is half."""
        content = os.urandom(5000)

        def prepare():
            wire = self.server.wire()
            for n in range(300):
                wire.send_put(f'f{n}', content)
            wire.ask('PUT', {'PATH': 'open', 'SIZE': 10})
            return wire

        def check():
            # A batch goes on without its session.
            ftlib.wait_until('all stages are gone', lambda: not self.stages())
            for name in set(os.listdir(self.server.root)) - {'.ftserver'}:
                self.assertNotEqual(name, 'open')
                self.assertEqual(self.server.read(name), content)
        self.both_ways(prepare, check)

    def test_before_the_answer_to_a_long_put(self):
        content = os.urandom(3 * MIB)

        def prepare():
            wire = self.server.wire()
            wire.send_put('a', content)
            return wire

        def check():
            # All has come, so that it is published; or else it is kept.
            self.kept()
            if (self.server.root / 'a').exists():
                self.assertEqual(self.server.read('a'), content)
        self.both_ways(prepare, check)

    def test_two_hundred_at_once(self):
        def prepare(n):
            if n % 4 == 0:
                return self.begin_put(5 * MIB, 300000, n % 8 == 0, f'l{n}')
            wire = self.server.wire()
            if n % 4 == 1:
                wire.ask('GET', {'PATH': 'long'})
            elif n % 4 == 2:
                wire.send_put(f'f{n}', b'content')
            return wire
        with open(self.server.root / 'long', 'wb') as file:
            file.write(os.urandom(8 * MIB))
        wires = [prepare(n) for n in range(200)]
        for n, wire in enumerate(wires):
            wire.reset() if n % 2 else wire.cut()
        self.wait_sessions_gone()
        self.assertNothingLeft()


if __name__ == '__main__':
    ftlib.main()
