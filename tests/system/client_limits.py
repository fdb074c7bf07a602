#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The client holds back, and gives up: --limit-rate and --timeout."""

import fcntl
import os
import signal
import socket
import subprocess
import time

import ftlib
import ftwire
from resume import content_of
from resume_client import Proxy

MIB = ftwire.MIB
EX_UNAVAILABLE = 69


class Limits(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.folder / 'local'
        self.local.mkdir()

    def argv(self, *words, options=(), target=None):
        return [ftlib.program('ftclient'), '-q', '--pin', self.server.pin,
                '--password-file', str(self.server.password_file), *options,
                target or self.server.target(), *words]

    def run_client(self, *words, options=(), target=None, **more):
        return self.server.client(argv=self.argv(
            *words, options=options, target=target), cwd=self.local, **more)

    def seconds(self, rate, *words):
        begun = time.monotonic()
        self.run_client(*words, options=('--limit-rate', rate) if rate else ())
        return time.monotonic() - begun

    def check_rates(self, size, *words):
        """Half the limit takes twice the time, beside what takes no bytes."""
        free = self.seconds(None, *words)
        fast, slow = self.seconds('2M', *words), self.seconds('1M', *words)
        # The lower bound holds on any machine, however busy.
        self.assertGreater(fast, 0.9 * size / (2 * MIB))
        self.assertGreater(slow, 0.9 * size / MIB)
        self.assertLess(slow - fast, 1.5 * size / (2 * MIB) + free)

    def test_what_is_sent_keeps_to_the_limit(self):
        size = 4 * MIB
        content = content_of(size, 1)
        (self.local / 'a').write_bytes(content)
        self.check_rates(size, 'put', 'a')
        self.assertEqual(self.server.read('a'), content)

    def test_what_is_received_keeps_to_it_too(self):
        size = 4 * MIB
        content = content_of(size, 2)
        self.server.write('a', content)
        self.check_rates(size, 'get', 'a')
        self.assertEqual((self.local / 'a').read_bytes(), content)

    def test_all_connections_share_it(self):
        size = 12 * MIB
        content = content_of(size, 3)
        self.server.write('a', content)
        slow = self.seconds('4M', 'get', '--segments', '3', 'a')
        self.assertGreater(slow, 0.9 * size / (4 * MIB))
        self.assertEqual((self.local / 'a').read_bytes(), content)

    def test_a_signal_does_not_wait_for_the_limit(self):
        content = content_of(8 * MIB, 4)
        (self.local / 'a').write_bytes(content)
        self.check_signal(self.server.stages, 'put', 'a', 'b')
        self.assertFalse(self.server.path('b').exists())
        (self.local / 'a').unlink()
        self.server.write('a', content)
        self.check_signal(lambda: os.listdir(self.local), 'get', 'a')

    def check_signal(self, has_begun, *words):
        run = self.server.start_client(
            argv=self.argv(*words, options=('--limit-rate', '4K')),
            cwd=self.local, stderr=subprocess.PIPE)
        ftlib.wait_until('a transfer', has_begun)
        run.send_signal(signal.SIGINT)
        # At the limit it would take half an hour.
        run.communicate(timeout=60)
        self.assertNotEqual(run.returncode, 0)

    def test_who_never_answers_is_given_up(self):
        with socket.create_server(('127.0.0.1', 0)) as mute:
            target = f'{ftlib.USER}@127.0.0.1:{mute.getsockname()[1]}'
            self.run_client('list', options=('--timeout', '1', '--retries',
                            '0'), target=target, code=EX_UNAVAILABLE)

    def check_silence(self, proxy, *words):
        self.addCleanup(proxy.close)
        done = self.run_client(
            *words, options=('--timeout', '2', '--retries', '0'),
            target=proxy.target(), code=EX_UNAVAILABLE)
        self.assertIn(b'does not answer', done.stderr)

    def test_who_falls_silent_is_given_up(self):
        (self.local / 'a').write_bytes(content_of(2 * MIB, 5))
        self.check_silence(Proxy(self.server, held=MIB), 'put', 'a')

    def test_who_takes_nothing_more_is_given_up(self):
        (self.local / 'a').write_bytes(content_of(64 * MIB, 6))
        self.check_silence(Proxy(self.server, held=MIB), 'put', 'a')

    def test_a_request_may_take_longer_if_the_server_answers(self):
        self.server.write('a', b'x')
        with open(self.server.path('a'), 'r+b') as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            done = self.run_client(
                'rm', '--wait', '9', 'a',
                options=('--timeout', '4', '--retries', '0'), code=75)
        self.assertIn(b'lock', done.stderr)

    def test_what_makes_no_sense_is_refused(self):
        for option, value in (('--limit-rate', '0'), ('--limit-rate', '1'),
                              ('--limit-rate', 'fast'), ('--timeout', '0'),
                              ('--timeout', '-1'), ('--timeout', '3601')):
            done = self.run_client('list', options=(option, value), code=64)
            self.assertIn(option.encode(), done.stderr)


if __name__ == '__main__':
    ftlib.main()
