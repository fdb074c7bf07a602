#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who keeps the server waiting is sent away in time, and holds up nobody."""

import concurrent.futures
import os
import select
import socket
import time

import ftlib
import ftwire
from fthostile import MIB, SANITIZED, HostileTest, client_hello
from ftwire import encode_frame

# The listener looks once a second; the rest is for a machine that is busy.
LATE = 4
HANDSHAKE, LOGIN, STALL, IDLE = 1, 2, 2, 2


class TimeoutTest(HostileTest):
    SECTIONS = {
        '': {'log_level': 'info'},
        'limits': {'workers': 4, 'handshake_timeout': HANDSHAKE,
                   'login_timeout': LOGIN, 'stall_timeout': STALL,
                   'idle_timeout': IDLE}}

    def setUp(self):
        super().setUp()
        with open(self.server.root / 'long', 'wb') as file:
            file.write(os.urandom(32 * MIB))

    def all_at_once(self, prefix):
        """Run the methods with this prefix, each in a thread."""
        names = [name for name in dir(self) if name.startswith(prefix)]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            runs = {name: pool.submit(getattr(self, name)) for name in names}
        for name, run in runs.items():
            with self.subTest(name):
                run.result()

    def assertInTime(self, began, seconds):
        took = time.monotonic() - began
        self.assertGreater(took, seconds - 0.1)
        if not SANITIZED:
            self.assertLess(took, seconds + LATE)

    def assertTimedOut(self, wire):
        """The last words; what came before them."""
        *frames, last = wire.expect_end()
        self.assertEqual((last.name, last.id), ('ERROR', 0))
        self.assertEqual(ftwire.CODES[last.fields['CODE']], 'timeout')
        return frames

    def raw(self):
        connection = socket.create_connection(
            (self.server.address, self.server.port), ftlib.LIMIT)
        self.addCleanup(connection.close)
        return connection

    def narrow_get(self):
        """A get that nobody reads."""
        wire = self.server.wire()
        wire.tls.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        wire.ask('GET', {'PATH': 'long'})
        return wire

    def begin_put(self, path='a'):
        wire = self.server.wire()
        id_ = wire.ask('PUT', {'PATH': path, 'SIZE': 10 * MIB})
        self.assertEqual(wire.receive().name, 'BEGUN')
        wire.send_data(id_, 0, b'begin')
        return wire


class Silence(TimeoutTest):
    def test_whoever_is_silent_is_sent_away(self):
        self.all_at_once('silent_')
        self.server.wait_log('timed out')
        self.server.wait_log('audit get .*outcome=')
        self.assertEqual(self.stages(), [])

    def silent_from_the_start(self):
        began = time.monotonic()
        self.assertEqual(self.raw().recv(100), b'')
        self.assertInTime(began, HANDSHAKE)

    def silent_byte_by_byte(self):
        began = time.monotonic()
        connection = self.raw()
        for byte in client_hello():
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            if select.select([connection], [], [], 0.1)[0]:
                break
        self.assertInTime(began, HANDSHAKE)

    def silent_before_the_hello(self):
        began = time.monotonic()
        with self.server.connect() as wire:
            self.assertEqual(self.assertTimedOut(wire), [])
        self.assertInTime(began, LOGIN)

    def silent_before_the_login(self):
        began = time.monotonic()
        with self.server.connect() as wire:
            wire.hello()
            self.assertEqual(self.assertTimedOut(wire), [])
        self.assertInTime(began, LOGIN)

    def silent_but_for_pings(self):
        began = time.monotonic()
        with self.server.connect() as wire:
            wire.hello()
            while time.monotonic() < began + LOGIN - 0.3:
                wire.call('PING')
                time.sleep(0.1)
            for _ in range(3):
                wire.ask('PING')
            self.assertTimedOut(wire)
        self.assertInTime(began, LOGIN)

    def silent_about_the_password(self):
        began = time.monotonic()
        with self.server.connect() as wire:
            wire.hello()
            wire.ask('LOGIN', {'USER': 'tester', 'METHOD': 'password'})
            self.assertEqual(wire.receive().name, 'CHALLENGE')
            self.assertEqual(self.assertTimedOut(wire), [])
        self.assertInTime(began, LOGIN)

    def silent_when_idle(self):
        with self.server.wire() as wire:
            began = time.monotonic()
            self.assertEqual(self.assertTimedOut(wire), [])
            self.assertInTime(began, IDLE)

    def silent_within_a_frame(self):
        with self.server.wire() as wire:
            began = time.monotonic()
            wire.send_bytes(encode_frame('STAT', 100, {'PATH': 'a'})[:-1])
            self.assertTimedOut(wire)
            self.assertInTime(began, IDLE)

    def silent_within_a_put(self):
        with self.begin_put() as wire:
            began = time.monotonic()
            self.assertTimedOut(wire)
            self.assertInTime(began, STALL)

    def silent_within_a_get(self):
        with self.narrow_get() as wire:
            began = time.monotonic()
            self.server.wait_log('audit get .*outcome=')
            self.assertInTime(began, STALL)
            self.assertRaises(ftwire.Cut, wire.expect_end)

    def test_last_words_that_are_not_read(self):
        with self.narrow_get() as wire:
            wire.send('HELLO', 0, {'VERSIONS': (1, 1)})
            ftlib.wait_until('it is cut', lambda: self.sessions() == 0)


class Patience(TimeoutTest):
    def test_who_is_slow_but_moves_is_not_sent_away(self):
        self.all_at_once('slow_')

    def slow_pings(self):
        with self.server.wire() as wire:
            end = time.monotonic() + IDLE + 2
            while time.monotonic() < end:
                self.assertEqual(wire.call('PING'), {})
                select.select([wire.tls], [], [], 0.5)

    def slow_put(self):
        with self.begin_put() as wire:
            end, at = time.monotonic() + STALL + 2, 5
            while time.monotonic() < end:
                wire.send_data(wire.last_id, at, b'd')
                at += 1
                self.assertEqual(
                    select.select([wire.tls], [], [], 0.5)[0], [])
            wire.send('ABORT', wire.last_id)
            self.assertRefused('cancelled', wire.answer, wire.last_id)

    def slow_get(self):
        with self.server.wire() as wire:
            get = wire.ask('GET', {'PATH': 'long'})
            end = time.monotonic() + STALL + 2
            while time.monotonic() < end:
                for _ in range(4):
                    wire.read_more()
                time.sleep(0.2)
            wire.send('CANCEL', get)
            self.assertRefused('cancelled', wire.answer, get)


class Meanwhile(TimeoutTest):
    def test_no_worker_is_held(self):
        """A dozen of each kind, and one who wants to be served."""
        count = 12
        opened = [*(self.raw() for _ in range(count)),
                  *(self.server.connect() for _ in range(count)),
                  *(self.narrow_get() for _ in range(count)),
                  *(self.begin_put(f'a{n}') for n in range(count))]
        began = time.monotonic()
        rounds = 0
        while self.sessions() > 0:
            with self.server.wire() as wire:
                self.assertGreater(len(wire.list()), 0)
                wire.put('b', b'content')
                rounds += 1
            if not SANITIZED:
                self.assertLess(time.monotonic() - began, STALL + 2 * LATE)
        self.assertGreater(rounds, 3)
        for one in opened:
            one.close() if isinstance(one, socket.socket) else one.cut()


if __name__ == '__main__':
    ftlib.main()
