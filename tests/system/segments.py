#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One large file over several connections: put and get with --segments."""

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
from resume_client import Proxy, Through

MIB = ftwire.MIB
# Of memory, per connection; a sanitizer needs some for itself.
MOST = 16 * MIB if 'FT_SLOW' not in os.environ else 64 * MIB
HUGE = (4096 if ftlib.NIGHTLY else 64) * MIB + 12345
SIZES = (0, 5, MIB, 4 * MIB, 4 * MIB + 1, 33 * MIB + 7)


class Staged(Proxy):
    """Lets no connection be too quick for the others.

    The first one stands still once 2 MiB have come from the server (or, if not
    `is_down`, from the client), until as much has come on `others` more.  Of
    these each then goes on, or is cut off once (`then` is 'cut'), or all stand
    still ('hold').  `meanwhile` is called when the second begins.
    """

    def __init__(self, server, is_down, others=1, then=None, meanwhile=None):
        self.is_down, self.others, self.then = is_down, others, then
        self.meanwhile = meanwhile
        self.begun = self.moved = 0
        self.mutex = threading.Lock()
        self.go, self.end = threading.Event(), threading.Event()
        super().__init__(server)

    def carry(self, client, up, down):
        with self.mutex:
            self.begun += 1
            number = self.begun
        if number == 2 and self.meanwhile is not None:
            self.meanwhile()
        server = socket.create_connection(
            (self.server.address, self.server.port))
        with client, server:
            self.pass_on(client, server, number)

    def pass_on(self, client, server, number):
        other = {client: server, server: client}
        counted = server if self.is_down else client
        left = 2 * MIB
        while True:
            for side in select.select([client, server], [], [])[0]:
                try:
                    data = side.recv(65536)
                    if not data:
                        return
                    left -= len(data) if side is counted else 0
                    if left < 0:
                        left = 1 << 62
                        if self.has_moved(number):
                            return
                    other[side].sendall(data)
                except OSError:
                    return

    def has_moved(self, number):
        """True if the connection is to be cut off."""
        if number > 1:
            with self.mutex:
                self.moved += 1
                is_last = self.moved == self.others
                is_late = self.moved > self.others
            if is_last:
                self.go.set()
            if self.then == 'cut' and not is_late:
                return True
        if self.then == 'hold':
            self.end.wait()
        self.go.wait()
        return False

    def close(self):
        self.go.set()
        self.end.set()
        super().close()


class Segments(Through):
    def setUp(self):
        super().setUp()
        self.start(self.serve())

    def popen(self, proxy, *words):
        return subprocess.Popen(
            self.argv(proxy, *words), cwd=self.local,
            env={**os.environ, 'HOME': str(self.server.home)},
            stderr=subprocess.PIPE, stdout=subprocess.PIPE)

    def fetched(self, name='a'):
        return (self.local / name).read_bytes()

    def parts(self):
        return [name for name in os.listdir(self.local)
                if name.endswith('.part')]

    def events(self, verb):
        return re.findall(rf'audit {verb} .*', self.server.log())

    def segment_bytes(self):
        return [int(re.search(r'bytes=(\d+)', line)[1])
                for line in self.events('segment')]

    # --- put ---

    def test_files_of_any_size_are_put(self):
        for size in SIZES:
            with self.subTest(size=size):
                content = self.file('a', size, size)
                proxy = self.proxy()
                self.run_client(proxy, 'put', '--segments', '4', 'a')
                self.assertEqual(self.server.read('a'), content)
                self.assertLessEqual(proxy.connections, 4)
        self.assertEqual(self.server.stages(), [])
        # Each was published once.
        self.assertEqual(len(self.events('put')), len(SIZES))

    def test_each_connection_sends_and_the_password_is_checked_once(self):
        content = self.file('a', 96 * MIB + 3)
        proxy = self.proxy(Staged, False, 2)
        done = self.run_client(proxy, 'put', '--segments', '3', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(proxy.connections, 3)
        self.assertEqual(done.stderr.count(b'logged in by password'), 1)
        self.assertEqual(done.stderr.count(b'logged in by ticket'), 2)
        self.assertEqual(len(self.events('put')), 1)
        senders = {re.search(r'address=\S+', line)[0]
                   for line in self.events('segment')}
        self.assertEqual(len(senders), 2)
        # The first connection had its share, too.
        self.assertLess(sum(self.segment_bytes()), len(content))

    def test_holes_arrive_as_zeros(self):
        size = 40 * MIB + 9
        content = bytearray(size)
        with open(self.local / 'a', 'wb') as file:
            file.truncate(size)
            for at in (0, 11 * MIB + 3, 25 * MIB, 40 * MIB + 2):
                file.seek(at)
                file.write(b'data')
                content[at:at + 4] = b'data'
        self.server.client('put', '--segments', '4', 'a', cwd=self.local)
        self.assertEqual(self.server.read('a'), content)
        (self.local / 'a').unlink()
        self.server.client('get', '--segments', '4', 'a', cwd=self.local)
        self.assertEqual(self.fetched(), content)
        os.truncate(self.local / 'a', 0)
        os.truncate(self.local / 'a', size)
        self.server.client('put', '--segments', '4', 'a', cwd=self.local)
        self.assertEqual(self.server.read('a'), bytes(size))

    def test_a_segment_that_is_cut_is_sent_again(self):
        content = self.file('a', 40 * MIB + 1)
        proxy = self.proxy(Staged, False, 2, 'cut')
        self.run_client(proxy, 'put', '--segments', '4', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertGreater(proxy.connections, 4)
        self.assertEqual(len(self.events('put')), 1)

    def test_the_first_connection_may_be_cut(self):
        content = self.file('a', 40 * MIB)
        proxy = self.proxy(up=(3 * MIB,))
        self.run_client(proxy, 'put', '--segments', '4', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])

    def test_a_cut_without_retries_is_one_error_and_a_goes_on(self):
        content = self.file('a', 40 * MIB)
        proxy = self.proxy(Staged, False, 1, 'cut')
        done = self.run_client(proxy, 'put', '--segments', '2', 'a',
                               options=('--retries', '0'),
                               code=ftlib.EX_UNAVAILABLE)
        errors = [line for line in done.stderr.splitlines()
                  if b'unreachable' in line]
        self.assertEqual(len(errors), 1)
        self.assertFalse(self.server.path('a').exists())
        self.assertEqual(len(self.server.stages()), 1)
        before = sum(self.segment_bytes())
        self.run_client(proxy, 'put', '-a', '--segments', '2', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])
        self.assertLess(sum(self.segment_bytes()) - before, len(content))

    def test_an_upload_goes_on_over_one_connection(self):
        content = self.file('a', 40 * MIB)
        proxy = self.proxy(Staged, False, 1, 'cut')
        self.run_client(proxy, 'put', '--segments', '2', 'a',
                        options=('--retries', '0'), code=ftlib.EX_UNAVAILABLE)
        self.run_client(proxy, 'put', '-a', 'a')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])

    def huge(self, path):
        """A file of HUGE bytes, each MiB of it another one."""
        block = os.urandom(MIB)
        with open(path, 'wb') as file:
            for i in range(HUGE // MIB):
                file.write(i.to_bytes(8, 'big') + block[8:])
            file.write(block[:HUGE % MIB])

    def at_once(self, *commands):
        """All end well, and none takes more memory than it may."""
        proxy = self.proxy()
        clients = [self.popen(proxy, *words) for words in commands]
        peaks = [0] * len(clients)
        while any(client.poll() is None for client in clients):
            for i, client in enumerate(clients):
                if client.poll() is None:
                    peaks[i] = max(peaks[i], self.peak_now(client))
        for client, peak in zip(clients, peaks):
            errors = client.communicate()[1]
            self.assertEqual(client.returncode, 0, errors)
            self.assertLess(peak, 4 * MOST)

    def same(self, a, b):
        subprocess.run(['cmp', a, b], check=True)

    def test_two_clients_put_at_once(self):
        self.huge(self.local / 'a')
        self.at_once(*(('put', '--segments', '4', 'a', name)
                       for name in ('b', 'c')))
        for name in ('b', 'c'):
            self.same(self.local / 'a', self.server.path(name))
        self.assertEqual(self.server.stages(), [])

    def test_two_clients_fetch_one_file_at_once(self):
        self.huge(self.server.path('a'))
        self.server.own('a')
        self.at_once(*(('get', '--segments', '4', 'a', name)
                       for name in ('b', 'c')))
        for name in ('b', 'c'):
            self.same(self.local / name, self.server.path('a'))

    def test_two_clients_that_put_one_name_do_not_mix(self):
        contents = [self.file(name, 40 * MIB, seed)
                    for seed, name in ((1, 'a'), (2, 'b'))]
        proxy = self.proxy()
        clients = [self.popen(proxy, 'put', '--segments', '4', name, 'x')
                   for name in ('a', 'b')]
        errors = [client.communicate()[1] for client in clients]
        codes = {client.returncode for client in clients}
        self.assertIn(0, codes, errors)
        self.assertLessEqual(codes, {0, ftlib.EX_TEMPFAIL}, errors)
        self.assertIn(self.server.read('x'), contents)

    def test_a_file_that_the_session_has_locked_is_replaced(self):
        self.server.write('a', b'old')
        content = self.file('a', 20 * MIB)
        self.run_client(self.proxy(), input=b'lock a\nput --segments 4 a\n'
                        b'get --segments 4 a b\n')
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.fetched('b'), content)

    def test_it_makes_sense_only_for_files(self):
        self.file('a', 5)
        for words in (('put', '--segments', '2', '-', 'a'),
                      ('put', '--segments', '2', '--offset', '1', 'a'),
                      ('put', '--segments', '2', '-r', 'a'),
                      ('get', '--segments', '2', '-r', 'a'),
                      ('put', '--segments', '0', 'a'),
                      ('put', '--segments', '17', 'a'),
                      ('get', '--segments', 'x', 'a'),
                      ('get', '--segments', '2', 'a', '-')):
            with self.subTest(words=words):
                self.server.client(*words, code=ftlib.EX_USAGE,
                                   cwd=self.local, input=b'')
        self.assertEqual(self.server.tree(), {})

    # --- get ---

    def test_files_of_any_size_are_fetched(self):
        for size in SIZES:
            with self.subTest(size=size):
                content = content_of(size, size)
                self.server.write('a', content)
                proxy = self.proxy()
                self.run_client(proxy, 'get', '--segments', '4', 'a')
                self.assertEqual(self.fetched(), content)
                self.assertLessEqual(proxy.connections, 4)
        self.assertEqual(self.parts(), [])

    def test_each_connection_fetches(self):
        content = content_of(96 * MIB + 3)
        self.server.write('a', content)
        done = self.run_client(self.proxy(Staged, True, 2), 'get',
                               '--segments', '3', 'a')
        self.assertEqual(self.fetched(), content)
        self.assertEqual(done.stderr.count(b'logged in by ticket'), 2)
        senders = {re.search(r'address=\S+', line)[0]
                   for line in self.events('get')}
        self.assertEqual(len(senders), 3)

    def test_a_range_that_is_cut_is_fetched_again(self):
        content = content_of(40 * MIB + 1)
        self.server.write('a', content)
        proxy = self.proxy(Staged, True, 2, 'cut')
        self.run_client(proxy, 'get', '--segments', '4', 'a')
        self.assertEqual(self.fetched(), content)
        self.assertGreater(proxy.connections, 4)
        self.assertEqual(self.parts(), [])

    def test_a_get_whose_first_connection_is_cut_goes_on(self):
        content = content_of(40 * MIB)
        self.server.write('a', content)
        self.run_client(self.proxy(down=(3 * MIB,)), 'get', '--segments',
                        '4', 'a')
        self.assertEqual(self.fetched(), content)

    def test_a_get_goes_on_by_hand(self):
        content = content_of(40 * MIB)
        self.server.write('a', content)
        proxy = self.proxy(Staged, True, 1, 'cut')
        done = self.run_client(proxy, 'get', '--segments', '2', 'a',
                               options=('--retries', '0'),
                               code=ftlib.EX_UNAVAILABLE)
        self.assertEqual(done.stderr.count(b'unreachable'), 1)
        self.assertEqual(len(self.parts()), 1)
        self.assertFalse((self.local / 'a').exists())
        before = len(self.server.log())
        self.run_client(proxy, 'get', '-a', '--segments', '2', 'a')
        self.assertEqual(self.fetched(), content)
        self.assertEqual(self.parts(), [])
        again = sum(int(number) for number in re.findall(
            r'audit get .* bytes=(\d+)', self.server.log()[before:]))
        self.assertLess(again, len(content))

    def test_a_stale_part_gives_way_to_holes(self):
        self.server.write('a', content_of(20 * MIB))
        for segments in ('2', '1'):
            with self.subTest(segments=segments):
                self.server.write('a', content_of(20 * MIB))
                proxy = self.proxy(Staged, True, 1, 'cut') \
                    if segments == '2' else self.proxy(down=(12 * MIB,))
                self.run_client(proxy, 'get', '--segments', segments, 'a',
                                options=('--retries', '0'),
                                code=ftlib.EX_UNAVAILABLE)
                self.server.path('a').unlink()
                self.server.write('a', b'')
                os.truncate(self.server.path('a'), 20 * MIB)
                self.run_client(proxy, 'get', '-a', '--segments', segments,
                                'a')
                self.assertEqual(self.fetched(), bytes(20 * MIB))

    def test_a_file_that_is_replaced_meanwhile_comes_whole(self):
        old, new = content_of(40 * MIB, 1), content_of(30 * MIB, 2)
        self.server.write('a', old)

        self.server.write('b', new)

        def replace():
            os.rename(self.server.path('b'), self.server.path('a'))
            proxy.go.set()

        proxy = self.proxy(Staged, True, meanwhile=replace)
        self.run_client(proxy, 'get', '--segments', '2', 'a')
        self.assertEqual(self.fetched(), new)
        self.assertEqual(self.parts(), [])

    def test_a_signal_ends_it_at_once_and_leaves_nothing(self):
        self.server.write('a', content_of(40 * MIB))
        self.file('b', 40 * MIB)
        for words in (('get', '--segments', '4', 'a'),
                      ('put', '--segments', '4', 'b')):
            with self.subTest(words=words):
                proxy = self.proxy(Staged, words[0] == 'get', 3,
                                   'hold')
                client = self.popen(proxy, *words)
                ftlib.wait_until('the connections stand',
                                 proxy.go.is_set)
                client.send_signal(signal.SIGTERM)
                client.communicate(timeout=ftlib.LIMIT)
                self.assertEqual(client.returncode, -signal.SIGTERM)
                self.assertEqual(os.listdir(self.local), ['b'])
        self.assertFalse(self.server.path('b').exists())

    # --- bounds ---

    def test_each_connection_takes_little_memory(self):
        self.file('a', 160 * MIB)
        for segments in (1, 4, 16):
            for words in (('put', '--segments', str(segments), 'a', 'a'),
                          ('get', '--segments', str(segments), 'a', 'b')):
                with self.subTest(words=words):
                    peak = self.peak(self.server.start_client(
                        *words, cwd=self.local,
                        stdout=subprocess.DEVNULL))
                    self.assertGreater(peak, MIB)
                    self.assertLess(peak, MOST * segments)
        self.assertEqual(self.fetched('b'), self.fetched('a'))

    def peak_now(self, client):
        """The most memory that it has used so far; 0 once it has ended."""
        with open(f'/proc/{client.pid}/status') as file:
            found = re.search(r'VmHWM:\s+(\d+) kB', file.read())
        return int(found[1]) * 1024 if found else 0

    def peak(self, client):
        peak = 0
        while client.poll() is None:
            peak = max(peak, self.peak_now(client))
        self.assertEqual(client.wait(), 0, client.communicate())
        return peak


class Quota(ftlib.Test):
    def test_segments_fit_where_the_file_does(self):
        setup = self.set_up(users={ftlib.USER: 'quota_bytes=30M'})
        server = self.serve(setup)
        local = server.folder / 'a'
        content = content_of(28 * MIB)
        local.write_bytes(content)
        server.client('put', '--segments', '4', str(local), 'a')
        self.assertEqual(server.read('a'), content)
        server.client('put', '--segments', '4', str(local), 'b',
                      code=ftlib.EX_TEMPFAIL)
        self.assertFalse(server.path('b').exists())


if __name__ == '__main__':
    ftlib.main()
