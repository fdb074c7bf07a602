#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The server process is killed at any moment under a load of uploads: every
acknowledged file is there, and every file is whole."""

import os
import random
import signal
import threading
import time

import ftlib
import ftwire

KILLS = 200 if ftlib.NIGHTLY else 20
CLIENTS = 4
NAMES = 40          # of each client; so files are replaced all the time


def content_of(name, number):
    """Told by its first line; the size, too, is made up from it."""
    line = f'{name} {number}\n'.encode()
    pick = random.Random(line)
    size = pick.choice((len(line), 1000, 5000, 60000, 1500000))
    return (line * (size // len(line) + 1))[:max(size, len(line))]


class Load(threading.Thread):
    """A client that puts and puts, and connects again when it was cut."""

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.prefix = f'c{number}-'
        self.ended = threading.Event()
        self.acknowledged = {}      # name: number of the last one
        self.count = 0
        self.failure = None
        self.start()

    def run(self):
        while not self.ended.is_set() and not self.failure:
            try:
                with self.test.server.wire(timeout=30) as wire:
                    while not self.ended.is_set():
                        self.put_some(wire)
            except (OSError, ftwire.Cut, ftwire.Closed):
                time.sleep(0.02)        # it was killed
            except BaseException as error:
                self.failure = error

    def put_some(self, wire):
        sent = []
        for _ in range(random.randrange(1, 30)):
            self.count += 1
            name = f'{self.prefix}{random.randrange(NAMES)}'
            sent.append((wire.send_put(name, content_of(name, self.count)),
                         name, self.count))
        for id_, name, number in sent:
            self.answered(wire, id_)
            self.acknowledged[name] = number

    def answered(self, wire, id_):
        """Its receipt; BEGUN of long ones that follow may come before."""
        while True:
            frame = wire.receive()
            if frame.name == 'ERROR':
                raise ftwire.Refused(frame.fields)
            if frame.name == 'OK':
                if frame.id != id_:
                    raise ftwire.Malformed('an answer out of order')
                return


class Crash(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.setup_ = self.set_up(sections={
            'limits': {'login_queue': 100, 'workers': 4}})
        self.server = self.serve(self.setup_)

    def start_anew(self):
        """Kill the monitor, too, as the loss of a machine would."""
        self.server.kill()
        self.server = self.serve(self.setup_)

    def kill_server_process(self):
        serving = self.server.log().count('a new server process serves')
        os.kill(self.server.worker, signal.SIGKILL)
        ftlib.wait_until('a new one serves', lambda: self.server.log().count(
            'a new server process serves') > serving)

    def check(self, acknowledged):
        for name, number in acknowledged.items():
            self.assertGreaterEqual(self.whole(name), number, name)

    def whole(self, name):
        """The number of the content that stands there."""
        content = self.server.read(name)
        words = content.partition(b'\n')[0].decode().split()
        self.assertEqual(words[0], name)
        self.assertEqual(content, content_of(name, int(words[1])))
        return int(words[1])

    def test_kill_9_loses_nothing_that_was_acknowledged(self):
        loads = [Load(self, n) for n in range(CLIENTS)]
        self.addCleanup(lambda: [load.ended.set() for load in loads])
        for kill in range(KILLS):
            before = [len(load.acknowledged) and load.count for load in loads]
            ftlib.wait_until('all are served', lambda: all(
                load.failure or load.acknowledged and load.count > count
                for load, count in zip(loads, before)))
            time.sleep(random.random() * 0.1)
            # After some quick deaths in a row the monitor would give up.
            self.start_anew() if kill % 3 == 2 else self.kill_server_process()
            for load in loads:
                self.assertIsNone(load.failure)
                self.check(dict(load.acknowledged))
        for load in loads:
            load.ended.set()
        for load in loads:
            load.join(ftlib.LIMIT)
            self.assertFalse(load.is_alive())
            self.assertIsNone(load.failure)
            self.check(load.acknowledged)
        for name in set(os.listdir(self.server.root)) - {'.ftserver'}:
            self.whole(name)


if __name__ == '__main__':
    ftlib.main()
