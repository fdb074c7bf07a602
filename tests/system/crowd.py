#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many clients at once on four workers: nothing gets lost or mixed up."""

import os
import random
import subprocess
import threading
import time

import ftlib
import ftwire

KIB = 1 << 10
MIB = 1 << 20
# What a file may have at most; sanitizers take their time.
LARGEST = 2 * MIB if 'FT_SLOW' not in os.environ else 128 * KIB


class Crowd(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(
            sections={'limits': {'workers': 4}}))
        self.failures = []

    def in_threads(self, count, work):
        """Run work(number, wire) in as many threads, all begun at once."""
        barrier = threading.Barrier(count)
        threads = [threading.Thread(target=self.run_one,
                                    args=(barrier, work, number))
                   for number in range(count)]
        for thread in threads:
            thread.start()
        return threads

    def run_one(self, barrier, work, number):
        try:
            with self.log_in() as wire:
                barrier.wait(ftlib.LIMIT * 5)
                work(number, wire)
        except BaseException as error:
            barrier.abort()
            self.failures.append((number, error))

    def log_in(self):
        """As often as the server says that it is busy, wait and try again."""
        wire = self.server.connect(timeout=ftlib.LIMIT * 5)
        while True:
            try:
                wire.login(self.server.user, ftlib.PASSWORD)
                return wire
            except ftwire.Refused as error:
                if error.code != 'busy':
                    raise
                time.sleep(min(error.wait, 1) * random.random())

    def join(self, threads):
        for thread in threads:
            thread.join(ftlib.LIMIT * 5)
            self.assertFalse(thread.is_alive())
        self.assertEqual(self.failures, [])

    def outcome(self, call, *args, **fields):
        try:
            call(*args, **fields)
        except ftwire.Refused as error:
            return error.code
        return 'ok'


class Everybody(Crowd):
    """Two hundred clients, some of them real, each with files of its own."""

    REAL = 50
    WIRES = 150

    def content(self, number):
        """Any size, small ones more often than large ones."""
        source = random.Random(number)
        size = int(2 ** source.uniform(0, LARGEST.bit_length() - 1))
        return source.randbytes(size) if number % 20 else b''

    def test_each_gets_what_it_put(self):
        self.common = self.content(4711)
        self.server.write('common', self.common)
        os.mkdir(self.path('back'))
        clients = [self.start(number) for number in range(self.REAL)]
        threads = self.in_threads(self.WIRES, self.transfer)
        for number, client in enumerate(clients):
            said = client.communicate(timeout=ftlib.LIMIT * 5)
            self.assertEqual((client.returncode, said[1]), (0, b''))
            self.check_real(number)
        self.join(threads)
        self.check_server()

    def start(self, number):
        name = f'real-{number}'
        self.write(name, self.content(number))
        back = self.path(f'back/{number}')
        client = self.server.start_client(
            cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        client.stdin.write(
            f'mkdir d{name}\nput {name}\nput {name} d{name}/again\n'
            f'get {name} {back}\nget common {back}-common\n'
            f'mv {name} d{name}/moved\nlist d{name}\n'.encode())
        client.stdin.flush()
        return client

    def check_real(self, number):
        back = self.path(f'back/{number}')
        self.assertTrue(back.read_bytes() == self.content(number))
        self.assertTrue(self.path(f'back/{number}-common').read_bytes() ==
                        self.common)

    def transfer(self, number, wire):
        name, content = f'wire-{number}', self.content(1000 + number)
        if wire.get('common') != self.common:
            raise AssertionError('the common file was mixed up')
        receipt = wire.put(name, content)
        if receipt['DIGEST'] != ftwire.digest(content):
            raise AssertionError('the receipt is of something else')
        if wire.get(name) != content:
            raise AssertionError('what came back is something else')
        ids = [wire.send_put(f'{name}-{n}', b'%d' % n) for n in range(5)]
        for id_ in ids:
            wire.answer(id_)
        wire.call('RM', {'PATH': f'{name}-0'})
        wire.close()

    def check_server(self):
        wanted = {b'common': self.common}
        for number in range(self.REAL):
            name = b'dreal-%d' % number
            wanted[name] = None
            wanted[name + b'/again'] = self.content(number)
            wanted[name + b'/moved'] = self.content(number)
        for number in range(self.WIRES):
            name = b'wire-%d' % number
            wanted[name] = self.content(1000 + number)
            for n in range(1, 5):
                wanted[b'%s-%d' % (name, n)] = b'%d' % n
        found = {name: row[1] for name, row in self.server.tree().items()}
        self.assertEqual(set(found), set(wanted))
        for name, content in wanted.items():
            self.assertTrue(found[name] == content, name)
        self.assertEqual(self.server.stages(), [])
        log = self.server.log()
        self.assertNotIn(' error ', log)
        self.assertEqual(log.count('audit put'),
                         2 * self.REAL + 6 * self.WIRES)


class OneName(Crowd):
    """All want the same name."""

    COUNT = 50

    def test_the_last_small_put_wins_whole(self):
        self.fight(lambda number: b'%d' % number * (1 + 97 * number))

    def test_the_last_long_put_wins_whole(self):
        self.fight(lambda number: bytes([number]) * (MIB + 4711 * number))

    def fight(self, content_of):
        """Real clients: each has won or is told to try again."""
        contents = [content_of(number) for number in range(self.COUNT)]
        self.server.write('name', b'old')
        for number, content in enumerate(contents):
            self.write(f'{number}', content)
        clients = [self.server.start_client(
            'put', f'{number}', 'name', cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE) for number in range(self.COUNT)]
        stop = threading.Event()
        reader = threading.Thread(target=self.read, args=(
            stop, {b'old', *contents}))
        reader.start()
        codes = []
        for client in clients:
            said = client.communicate(timeout=ftlib.LIMIT * 5)[1]
            codes.append(client.returncode)
            if client.returncode:
                self.assertRegex(said, rb'\(locked\)\n\Z')
        stop.set()
        self.join([reader])
        self.assertLessEqual(set(codes), {ftlib.OK, ftlib.EX_TEMPFAIL})
        self.assertIn(self.server.read('name'),
                      [content for content, code in zip(contents, codes)
                       if code == ftlib.OK])
        self.assertEqual(list(self.server.tree()), [b'name'])
        self.assertEqual(self.server.stages(), [])

    def read(self, stop, contents):
        """Whoever reads meanwhile sees one of them whole."""
        try:
            with self.log_in() as wire:
                while not stop.is_set():
                    if wire.get('name') not in contents:
                        raise AssertionError('half a file was seen')
        except BaseException as error:
            self.failures.append(error)

    def race(self, work):
        """The outcomes of work(number, wire), for all at once."""
        outcomes = [None] * self.COUNT

        def run(number, wire):
            outcomes[number] = work(number, wire)
        self.join(self.in_threads(self.COUNT, run))
        return outcomes

    def one_wins(self, outcomes, other):
        """The rest came too late, or just when the name was held."""
        self.assertEqual(outcomes.count('ok'), 1, outcomes)
        self.assertLessEqual(set(outcomes), {'ok', 'locked', other})
        return outcomes.index('ok')

    def test_one_makes_a_folder(self):
        self.one_wins(self.race(lambda number, wire: self.outcome(
            wire.call, 'MKDIR', {'PATH': 'name'})), 'exists')

    def test_one_puts_a_file_that_must_be_new(self):
        winner = self.one_wins(self.race(
            lambda number, wire: self.outcome(
                wire.put, 'name', b'%d' % number, IF_ABSENT=b'')), 'exists')
        self.assertEqual(self.server.read('name'), b'%d' % winner)

    def test_one_replaces_the_version_that_it_saw(self):
        self.server.write('name', b'old')
        with self.server.wire() as wire:
            version = wire.stat('name').version
        winner = self.one_wins(self.race(
            lambda number, wire: self.outcome(
                wire.put, 'name', b'%d' % number, IF_VERSION=version)),
            'precondition')
        self.assertEqual(self.server.read('name'), b'%d' % winner)

    def test_one_removes_it(self):
        self.server.write('name', b'old')
        self.one_wins(self.race(lambda number, wire: self.outcome(
            wire.call, 'RM', {'PATH': 'name'})), 'not-found')
        self.assertEqual(self.server.tree(), {})

    def test_one_moves_it(self):
        self.server.write('name', b'old')
        winner = self.one_wins(self.race(lambda number, wire: self.outcome(
            wire.call, 'MV', {'PATH': 'name', 'TARGET': f'{number}'})),
            'not-found')
        self.assertEqual(list(self.server.tree()), [b'%d' % winner])


if __name__ == '__main__':
    ftlib.main()
