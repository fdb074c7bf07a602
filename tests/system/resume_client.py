#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Transfers that are cut off, and go on: the client, by itself and by hand."""

import os
import re
import select
import signal
import socket
import subprocess
import threading

import ftlib
import ftwire
from resume import content_of

MIB = ftwire.MIB


class Proxy:
    """Passes bytes on to a server, and cuts connections off when told.

    `limits` are the bytes that may pass up or down on each connection in
    turn; those behind the last one pass freely.  After `held` bytes up in
    all, the rest waits for `release`.  `passed` counts what went through,
    and `cuts` the connections that were cut off.
    """

    def __init__(self, server, up=(), down=(), held=None):
        self.server = server
        self.held = held
        self.release = threading.Event()
        self.up, self.down = list(up), list(down)
        self.connections = 0
        self.passed = {'up': 0, 'down': 0}
        self.cuts = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            up = self.up.pop(0) if self.up else None
            down = self.down.pop(0) if self.down else None
            threading.Thread(target=self.carry, args=(client, up, down),
                             daemon=True).start()

    def carry(self, client, up, down):
        server = socket.create_connection(
            (self.server.address, self.server.port))
        left = {client: up, server: down}
        other = {client: server, server: client}
        with client, server:
            while True:
                for side in select.select([client, server], [], [])[0]:
                    try:
                        data = side.recv(65536)
                        if not data:
                            return
                        if left[side] is not None:
                            left[side] -= len(data)
                            if left[side] < 0:
                                self.cuts += 1
                                self.let_hear(server)
                                return
                        way = 'up' if side is client else 'down'
                        self.passed[way] += len(data)
                        if side is client:
                            self.hold(len(data))
                        other[side].sendall(data)
                    except OSError:
                        return

    @staticmethod
    def let_hear(server):
        """It takes all that has passed: a reset would empty its socket."""
        server.shutdown(socket.SHUT_WR)
        server.settimeout(ftlib.LIMIT)
        while server.recv(65536):
            pass

    def hold(self, count):
        if self.held is not None:
            self.held -= count
            if self.held < 0:
                self.release.wait()

    def target(self):
        return f'{ftlib.USER}@127.0.0.1:{self.port}'

    def close(self):
        self.release.set()
        # Else accept could take up whoever gets the descriptor next.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(ftlib.LIMIT)
        self.listener.close()


class Through(ftlib.Test):
    """The client in a folder of its own, with a proxy before the server."""

    def start(self, server):
        self.server = server
        self.local = self.folder / 'local'
        self.local.mkdir()

    def proxy(self, kind=Proxy, *words, **limits):
        proxy = kind(self.server, *words, **limits)
        self.addCleanup(proxy.close)
        return proxy

    def argv(self, proxy, *words, options=()):
        return [ftlib.program('ftclient'), '-v', '--pin', self.server.pin,
                '--password-file', str(self.server.password_file), *options,
                proxy.target(), *words]

    def run_client(self, proxy, *words, options=(), **more):
        return self.server.client(
            argv=self.argv(proxy, *words, options=options), cwd=self.local,
            **more)

    def file(self, name, size, seed=1):
        content = content_of(size, seed)
        (self.local / name).write_bytes(content)
        return content


class Resume(Through):
    def setUp(self):
        super().setUp()
        self.start(self.serve())

    def records(self):
        return os.listdir(self.server.root / '.ftserver/uploads')

    def test_a_put_goes_on_by_itself(self):
        content = self.file('a', 12 * MIB + 5)
        proxy = self.proxy(up=(4 * MIB, 5 * MIB))
        self.run_client(proxy, 'put', 'a')
        self.assertEqual(proxy.connections, 3)
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])

    def test_it_is_told_that_the_connection_is_made_again(self):
        self.file('a', 6 * MIB)
        for more, lines in ((), 2), (('-q',), 0):
            proxy = self.proxy(up=(3 * MIB, 3 * MIB))
            argv = self.argv(proxy, 'put', 'a', options=more)
            argv.remove('-v')
            said = self.server.client(argv=argv, cwd=self.local).stderr
            self.assertEqual(len(re.findall(
                rb'^ftclient: connection lost: .+, trying again '
                rb'\([12] of 5\) in [12] s$', said, re.M)), lines, said)
            self.assertEqual(said.count(b'\n'), lines)

    def test_files_behind_the_cut_come_too(self):
        names = [f'f{i}' for i in range(40)]
        for i, name in enumerate(names):
            self.file(name, 100000 + i, i)
        big = self.file('big', 3 * MIB)
        batch = '\n'.join(f'put {name}' for name in
                          names[:20] + ['big'] + names[20:]) + '\n'
        proxy = self.proxy(up=(3 * MIB, 2 * MIB))
        self.run_client(proxy, input=batch.encode())
        self.assertEqual(self.server.read('big'), big)
        for name in names:
            self.assertEqual(self.server.read(name),
                             (self.local / name).read_bytes())

    def test_without_retries_a_cut_is_an_error_and_a_lets_it_go_on(self):
        content = self.file('a', 8 * MIB)
        proxy = self.proxy(up=(5 * MIB,))
        self.run_client(proxy, 'put', 'a', options=('--retries', '0'),
                        code=ftlib.EX_UNAVAILABLE)
        self.assertEqual(len(self.records()), 1)
        before = os.listdir(self.server.root / '.ftserver/stage')
        self.run_client(proxy, 'put', '-a', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.records(), before)

    def test_a_killed_client_goes_on_with_a(self):
        content = self.file('a', 8 * MIB)
        client = self.server.start_client('put', 'a', cwd=self.local)
        ftlib.wait_until('something has come', lambda: any(
            os.stat(self.server.root / '.ftserver/uploads' / name).st_size >
            16384 + 64 for name in self.records()))
        client.send_signal(signal.SIGKILL)
        client.wait()
        if self.server.path('a').exists():
            return      # it was quicker
        self.server.client('put', '-a', 'a', cwd=self.local)
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(len(self.records()), 1)

    def test_a_put_survives_the_server(self):
        content = self.file('a', 10 * MIB)
        proxy = self.proxy(up=(6 * MIB,))
        old = self.server.worker
        os.kill(old, signal.SIGKILL)
        self.run_client(proxy, 'put', 'a')
        self.assertEqual(self.server.read('a'), content)

    def test_what_changed_meanwhile_is_sent(self):
        self.file('a', 8 * MIB)
        proxy = self.proxy(up=(5 * MIB,))
        self.run_client(proxy, 'put', 'a', options=('--retries', '0'),
                        code=ftlib.EX_UNAVAILABLE)
        content = self.file('a', 8 * MIB, 7)
        self.run_client(proxy, 'put', '-a', 'a')
        self.assertEqual(self.server.read('a'), content)

    def test_uploads_are_shown_and_given_up(self):
        self.file('a', 8 * MIB)
        proxy = self.proxy(up=(5 * MIB,))
        done = self.run_client(proxy, 'put', 'a', options=('--retries', '0'),
                               code=ftlib.EX_UNAVAILABLE)
        self.assertIn(b'go on with it by: put -a a\n', done.stderr)
        shown = self.server.client('uploads').stdout.decode().split()
        self.assertEqual([shown[0], shown[-1]], [self.records()[0], '/a'])
        self.assertRegex(shown[1], r'^[34]\d{6}/8388608$')
        self.server.client('uploads', '-d', 'x', code=ftlib.EX_USAGE)
        self.server.client('uploads', '-d', shown[0])
        self.assertEqual(self.server.client('uploads').stdout, b'')
        self.assertEqual(self.server.stages(), [])
        self.server.client('uploads', '-d', shown[0], code=ftlib.EX_NOINPUT)

    def parts(self):
        return [name for name in os.listdir(self.local)
                if name.endswith('.part')]

    def fetched(self, name='a'):
        return (self.local / name).read_bytes()

    def test_a_get_goes_on_by_itself(self):
        content = content_of(12 * MIB + 5)
        self.server.write('a', content)
        proxy = self.proxy(down=(4 * MIB, 5 * MIB))
        self.run_client(proxy, 'get', 'a')
        self.assertEqual(proxy.connections, 3)
        self.assertEqual(self.fetched(), content)
        self.assertEqual(self.parts(), [])

    def test_it_waits_for_a_lock_before_it_is_proven(self):
        content = content_of(8 * MIB)
        self.server.write('a', content)
        proxy = self.proxy(down=(5 * MIB,))
        self.run_client(proxy, 'get', 'a', options=('--retries', '0'),
                        code=ftlib.EX_UNAVAILABLE)
        with self.server.wire() as wire:
            wire.call('LOCK', {'PATH': 'a'})
            self.run_client(proxy, 'get', '-a', '--wait', '1', 'a',
                            options=('--retries', '0'),
                            code=ftlib.EX_TEMPFAIL)
            # It was the proof that waited, a second by the clock of the line.
            self.server.wait_log(
                r'audit pieces .* us=(?:9\d{5}|\d{7,}) outcome=locked')
            wire.call('UNLOCK', {'PATH': 'a'})
        self.run_client(proxy, 'get', '-a', '--wait', '60', 'a')
        self.assertEqual(self.fetched(), content)
        self.assertEqual(self.parts(), [])

    def test_a_get_goes_on_by_hand(self):
        content = content_of(8 * MIB)
        self.server.write('a', content)
        proxy = self.proxy(down=(5 * MIB, 5 * MIB))
        done = self.run_client(proxy, 'get', 'a', options=('--retries', '0'),
                               code=ftlib.EX_UNAVAILABLE)
        self.assertIn(b'go on with it by: get -a a\n', done.stderr)
        self.assertEqual(len(self.parts()), 1)
        self.run_client(proxy, 'get', '-a', 'a', options=('--retries', '0'))
        self.assertEqual(self.fetched(), content)
        self.assertEqual(self.parts(), [])

    def test_a_get_does_not_trust_what_differs(self):
        old, new = content_of(8 * MIB, 1), content_of(9 * MIB, 2)
        self.server.write('a', old)
        proxy = self.proxy(down=(5 * MIB,))
        self.run_client(proxy, 'get', 'a', options=('--retries', '0'),
                        code=ftlib.EX_UNAVAILABLE)
        self.server.write('a', new)
        self.run_client(proxy, 'get', '-a', 'a')
        self.assertEqual(self.fetched(), new)

    def test_a_killed_client_goes_on_fetching(self):
        content = content_of(12 * MIB)
        self.server.write('a', content)
        proxy = self.proxy(down=(8 * MIB,))
        client = subprocess.Popen(
            self.argv(proxy, 'get', 'a'), cwd=self.local,
            env={**os.environ, 'HOME': str(self.server.home)},
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for line in client.stderr:
            if b'trying again' in line:
                break
        client.kill()
        client.communicate()
        self.assertEqual(len(self.parts()), 1)
        self.run_client(proxy, 'get', '-a', 'a')
        self.assertEqual(self.fetched(), content)
        self.assertEqual(self.parts(), [])


if __name__ == '__main__':
    ftlib.main()
