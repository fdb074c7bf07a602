#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Signals, deaths and new configurations while clients are being served."""

import os
import shutil
import signal
import socket
import ssl
import threading
import time

import ftlib
import ftwire
from fthostile import SANITIZED, rests

MIB = 1 << 20


class LifeTest(ftlib.Test):
    LIMITS = {}

    def setUp(self):
        super().setUp()
        self.setup_ = self.set_up(sections={'limits': self.LIMITS})
        self.server = self.serve(self.setup_)

    def long_file(self, size=32 * MIB):
        self.content = os.urandom(size)
        (self.server.root / 'long').write_bytes(self.content)

    def begin_get(self):
        """A get of which little has been read; its id."""
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        wire.tls.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        get = wire.ask('GET', {'PATH': 'long'})
        self.assertEqual(wire.receive().name, 'BEGUN')
        return wire, get

    def begin_put(self, size):
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        put = wire.ask('PUT', {'PATH': 'new', 'SIZE': size})
        self.assertEqual(wire.receive().name, 'BEGUN')
        wire.send_data(put, 0, self.content[:1000])
        return wire, put

    def end_put(self, wire, put):
        for at in range(1000, len(self.content), ftwire.DATA_BYTES):
            wire.send_data(put, at, self.content[at:at + ftwire.DATA_BYTES])
        wire.send('COMMIT', put, {'SIZE': len(self.content),
                                  'DIGEST': ftwire.digest(self.content)})
        return wire.answer(put)[-1].fields

    def end_get(self, wire, get):
        *parts, ok = wire.answer(get)
        self.assertEqual(b''.join(part.payload[8:] for part in parts),
                         self.content)
        return ok.fields

    def assertStopping(self, wire):
        *before, last = wire.expect_end()
        self.assertEqual((last.name, last.id), ('ERROR', 0))
        self.assertEqual(ftwire.CODES[last.fields['CODE']], 'stopping')
        return before


class Draining(LifeTest):
    LIMITS = {'drain_timeout': 60}

    def terminate(self):
        self.pids = [self.server.monitor, self.server.worker]
        self.server.process.send_signal(signal.SIGTERM)
        self.server.wait_log('shutting down')

    def test_transfers_end_and_nothing_new_begins(self):
        self.long_file()
        getting, get = self.begin_get()
        putting, put = self.begin_put(len(self.content))
        idle, young = self.server.wire(), self.server.connect()
        young.hello()
        self.terminate()
        with self.assertRaises(ConnectionRefusedError):
            self.server.connect()
        self.assertEqual(self.assertStopping(idle), [])
        self.assertEqual(self.assertStopping(young), [])
        late = getting.ask('MKDIR', {'PATH': 'late'})
        self.assertEqual(self.end_get(getting, get)['SIZE'], 32 * MIB)
        for frame in self.assertStopping(getting):
            self.assertEqual((frame.name, frame.id), ('ERROR', late))
        self.assertEqual(self.end_put(putting, put)['SIZE'], 32 * MIB)
        self.assertEqual(self.assertStopping(putting), [])
        for wire in (idle, young, getting, putting):
            wire.cut()
        self.server.wait(ftlib.OK, self.pids)
        self.assertEqual(self.server.read('new'), self.content)
        self.assertFalse((self.server.root / 'late').exists())

    def test_a_row_of_puts_is_answered_as_far_as_it_was_taken(self):
        with self.server.wire() as wire:
            stop, sent, acknowledged = threading.Event(), [], []

            def read():
                try:
                    while True:
                        frame = wire.receive()
                        if frame.name == 'OK' and frame.id:
                            acknowledged.append(frame.id)
                except (ftwire.Closed, ftwire.Cut, OSError):
                    stop.set()
            # One after the other: one thread may not read while one writes.
            for _ in range(50):
                sent.append(wire.send_put(f'f{len(sent)}', b'content'))
            self.terminate()
            read()
            self.assertTrue(stop.is_set())
        self.server.wait(ftlib.OK, self.pids)
        first = sent[0]
        for id_ in acknowledged:
            self.assertEqual(self.server.read(f'f{id_ - first}'), b'content')
        self.assertEqual(acknowledged, sent[:len(acknowledged)])

    def test_a_second_signal_ends_it_at_once(self):
        self.long_file()
        self.begin_get()
        self.terminate()
        began = time.monotonic()
        self.server.process.send_signal(signal.SIGTERM)
        self.server.process.wait(ftlib.LIMIT)
        self.server.process.stdout.close()
        self.assertLess(time.monotonic() - began, 30)
        for pid in self.pids:
            ftlib.wait_until('it is gone', lambda: not ftlib.is_running(pid))


class Stuck(LifeTest):
    LIMITS = {'drain_timeout': 2}

    def test_who_is_stuck_is_cut_at_drain_timeout(self):
        self.long_file()
        stuck = [self.begin_get()[0] for _ in range(6)]
        stuck += [self.begin_put(len(self.content))[0]]
        began = time.monotonic()
        self.server.stop()
        took = time.monotonic() - began
        self.assertGreater(took, 1.9)
        if not SANITIZED:
            self.assertLess(took, 10)
        for wire in stuck:
            with self.assertRaises((ftwire.Cut, ftwire.Closed)):
                while True:
                    wire.receive()
        self.assertFalse((self.server.root / 'new').exists())
        self.assertEqual(os.listdir(self.server.root / '.ftserver/stage'), [])


class Reloading(LifeTest):
    def test_two_hundred_reloads_drop_no_transfer(self):
        self.long_file(8 * MIB)
        worker, done, failures = self.server.worker, threading.Event(), []
        rounds = [0] * 4

        def transfer(n):
            try:
                with self.server.wire() as wire:
                    while not done.is_set() or not rounds[n]:
                        wire.put(f'f{n}', self.content)
                        if wire.get(f'f{n}') != self.content:
                            raise AssertionError('the content is another')
                        rounds[n] += 1
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=transfer, args=[n])
                   for n in range(4)]
        for thread in threads:
            thread.start()
        for n in range(200):
            self.setup_.write_config({'limits': {'idle_timeout': 100 + n}})
            self.server.reload()
            if n % 20 == 19:
                with self.server.connect() as wire:
                    wire.hello()
        ftlib.wait_until('the last reload is done', self.has_last)
        done.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.server.worker, worker)

    def has_last(self):
        with self.server.connect() as wire:
            return wire.hello()['IDLE_SECONDS'] == 299

    def test_a_session_that_resumes_survives_reload_and_death(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols([ftwire.ALPN])

        def connect(session=None):
            raw = socket.create_connection(
                (self.server.address, self.server.port), ftlib.LIMIT)
            with context.wrap_socket(raw, session=session) as tls:
                tls.sendall(ftwire.encode_frame(
                    'HELLO', 0, {'VERSIONS': (1, 1)}))
                self.assertTrue(tls.recv(1000))
                return tls.session_reused, tls.session
        reused, session = connect()
        self.assertFalse(reused)
        self.server.reload()
        self.server.wait_log('reloaded')
        reused, session = connect(session)
        self.assertTrue(reused)
        os.kill(self.server.worker, signal.SIGKILL)
        self.server.wait_log('a new server process serves')
        self.assertTrue(connect(session)[0])

    def test_a_login_ticket_survives_reload_and_death(self):
        with self.server.connect() as wire:
            ticket = wire.login(ftlib.USER, ftlib.PASSWORD)['TICKET']
        self.server.reload()
        self.server.wait_log('reloaded')
        with self.server.connect() as wire:
            ticket = wire.login(ftlib.USER, ticket, 'ticket')['TICKET']
        os.kill(self.server.worker, signal.SIGKILL)
        self.server.wait_log('a new server process serves')
        with self.server.connect() as wire:
            wire.login(ftlib.USER, ticket, 'ticket')
            self.assertEqual(wire.list(), [])

    def test_a_new_certificate_is_for_new_sessions(self):
        old = self.server.wire()
        other = self.set_up()
        for name in ('server.key', 'server.crt'):
            shutil.copy(other.tls / name, self.setup_.tls / name)
        self.server.reload()
        self.server.wait_log('reloaded')
        done = self.server.client('list', code=None)
        self.assertEqual(done.returncode, ftlib.EX_PROTOCOL)
        self.server.pin = other.pin
        self.server.client('list')
        old.put('a', b'content')
        old.cut()

    def test_a_user_who_is_changed_feels_it_at_once(self):
        with self.server.wire() as wire, self.server.wire() as reader:
            wire.put('a', b'content')
            self.setup_.write_users({ftlib.USER: 'base=main,rights=read'})
            # Another password hash, too: log in again.
            self.assertRefused('login-refused', wire.call, 'PWD')
            with self.assertRaises(ftwire.Refused):
                while True:
                    reader.call('PWD')
        with self.server.wire() as wire:
            self.assertEqual(wire.get('a'), b'content')
            self.assertRefused('not-permitted', wire.put, 'b', b'content')


class Dying(LifeTest):
    def test_the_server_process_dies_in_the_middle_of_transfers(self):
        self.long_file()
        getting, get = self.begin_get()
        putting, put = self.begin_put(len(self.content))
        os.kill(self.server.worker, signal.SIGKILL)
        for wire in (getting, putting):
            with self.assertRaises((ftwire.Cut, OSError)):
                while True:
                    wire.receive()
        with self.server.wire() as wire:
            self.assertEqual({entry.name for entry in wire.list()}, {b'long'})
            wire.put('new', b'content')

    def test_the_monitor_dies_in_the_middle_of_transfers(self):
        self.long_file()
        getting, _ = self.begin_get()
        worker = self.server.worker
        os.kill(self.server.monitor, signal.SIGKILL)
        with self.assertRaises((ftwire.Cut, OSError)):
            while True:
                getting.receive()
        ftlib.wait_until('the server process is gone',
                         lambda: not ftlib.is_running(worker))
        self.server.process.wait(ftlib.LIMIT)

    def test_a_base_is_replaced_under_a_transfer(self):
        self.long_file()
        getting, get = self.begin_get()
        new = self.setup_.folder / 'new'
        new.mkdir()
        if self.setup_.account:
            shutil.chown(new, self.setup_.account)
        self.server.root.rename(self.setup_.folder / 'gone')
        new.rename(self.server.root)
        self.server.wait_log('a new server process serves')
        with self.server.wire() as wire:
            self.assertEqual(wire.list(), [])
        self.end_get(getting, get)
        self.assertStopping(getting)

    def test_the_monitor_rests_while_nothing_happens(self):
        rests(self.server.monitor)
        rests(self.server.worker)


if __name__ == '__main__':
    ftlib.main()
