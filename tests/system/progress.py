#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is shown of transfers: on a terminal, in a log, and nowhere else."""

import os
import re
import shlex
import subprocess
import termios
import threading

import ftlib
import ftscreen

PIECE = bytes(range(256)) * 256


class Feeder:
    """Writes slowly into a pipe with a name, until it is told to end."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self.ended = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self.feed)
        self.thread.start()

    def feed(self):
        with open(self.path, 'wb', buffering=0) as pipe:
            while not self.ended.wait(0.02):
                self.sent += pipe.write(PIECE)

    def end(self):
        self.ended.set()
        self.thread.join()


class Progress(ftscreen.ScreenTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.feeders = 0

    def feed(self):
        """A new pipe, which somebody has to read."""
        self.feeders += 1
        self.feeder = Feeder(self.folder / f'feed{self.feeders}')
        self.addCleanup(self.feeder.end)
        return self.feeder.path

    def argv(self, *options):
        program, *words = map(str, self.server.client_argv())
        return [program, *options, *words]

    def put(self, *options):
        """A client that puts what is fed, with standard error in a file."""
        self.errors = self.folder / 'errors'
        with open(self.feed(), 'rb') as feed, \
                open(self.errors, 'wb') as errors:
            return subprocess.Popen(
                [*self.argv(*options), 'put', '-', 'fed'],
                stdin=feed, stdout=subprocess.DEVNULL, stderr=errors,
                env=self.env)

    def finish(self, client):
        self.feeder.end()
        self.assertEqual(client.wait(ftlib.LIMIT), 0)
        self.assertEqual(os.path.getsize(self.server.path('fed')),
                         self.feeder.sent)

    def test_a_log_gets_a_line_now_and_then(self):
        client = self.put('--progress', 'plain')
        ftlib.wait_until('a second line', lambda:
                         self.errors.read_text().count('\n') > 1)
        self.finish(client)
        for line in self.errors.read_text().splitlines():
            self.assertRegex(line, r'^ftclient: - +[0-9.]+[BKMG]? '
                                   r'+[0-9.]+[BKMG]?/s +--:--$')

    def test_a_pipe_and_the_quiet_get_nothing(self):
        for options in ((), ('--progress', 'none'),
                        ('-q', '--progress', 'plain')):
            with self.subTest(options=options):
                client = self.put(*options)
                sent = self.feeder.sent
                # Longer than until a first line, by what has been sent.
                ftlib.wait_until('enough was sent', lambda:
                                 self.feeder.sent > sent + 80 * len(PIECE))
                self.finish(client)
                self.assertEqual(self.errors.read_bytes(), b'')

    def test_a_terminal_gets_one_line_of_its_width(self):
        argv = shlex.join([*self.argv(), 'put', '-', 'fed'])
        screen = self.screen(['sh', '-c', f'{argv} < {self.feed()}'],
                             width=70, height=10)
        screen.see(r'^-  +[0-9.]+[KMG] +[0-9.]+[KMG]/s +--:--$')
        screen.resize(40, 10)
        screen.see(r'^- {1,20}[0-9.]+[KMG] +[0-9.]+[KMG]/s +--:--$')
        self.assertEqual(screen.text().count('\n'), 0, screen.text())
        self.feeder.end()
        self.assertEqual(screen.exit_code(), 0)
        self.assertEqual(screen.text(),
                         f'put fed {self.feeder.sent} bytes')

    def test_a_folder_gets_a_line_for_the_whole(self):
        tree = self.work / 'tree'
        tree.mkdir()
        for i in range(6):
            (tree / f'file {i}').write_bytes(PIECE * 16)
        for command in ('put -r tree there', 'get -r there back',
                        'sync tree :alike'):
            with self.subTest(command=command):
                screen = self.screen(
                    [*self.argv('--limit-rate', '2M'), *command.split()],
                    width=70, height=10)
                screen.see(r'^[0-9]/6 files .* +[0-9.]+[KM] +'
                           r'[0-9.]+[BKM]/s +[0-9]+% [0-9:]+$')
                self.assertEqual(screen.exit_code(), 0)
                # Nothing of it is left beside what was told of all.
                self.assertNotRegex(screen.text(), r'--:--|[0-9]/s')

    def drawn(self, rate, *words, until=None):
        """Whatever a client draws on a terminal."""
        main, side = os.openpty()
        termios.tcsetwinsize(main, (24, 80))
        self.addCleanup(os.close, main)
        with subprocess.Popen(
                [*self.argv('--limit-rate', rate), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=side, cwd=self.work,
                env=self.env) as client:
            os.close(side)
            text = b''
            while True:
                try:
                    text += os.read(main, 4096)
                except OSError:     # nobody has the other side any more
                    break
                if until is not None and until():
                    client.kill()
                    until = None
        return text.decode()

    def test_the_whole_never_goes_backwards(self):
        (self.work / 'tree').mkdir()
        for i in range(4):
            (self.work / f'tree/file {i}').write_bytes(PIECE * 16)
        for words in (('put', '-r', 'tree', 'one'),
                      ('put', '-r', '-j', '2', 'tree', 'two'),
                      ('get', '-r', 'two', 'three')):
            shares = [int(share) for share in re.findall(
                r'/4 files .*? (\d+)%',
                self.drawn('2M', *words))]
            self.assertGreater(len(shares), 2)
            self.assertEqual(shares, sorted(shares))

    def held(self):
        with self.server.wire() as wire:
            return sum(held for held, _ in wire.uploads().values())

    def test_what_an_earlier_run_brought_has_no_pace(self):
        (self.work / 'big').write_bytes(os.urandom(7 << 20))
        self.drawn('4M', 'put', 'big', until=lambda: self.held() >= 5 << 20)
        rates = re.findall(r'([0-9.]+)([BKM])/s', self.drawn(
            '1M', 'put', '-a', 'big'))
        self.assertTrue(rates)
        self.assertEqual([rate for rate in rates if rate[1] == 'M' and
                          float(rate[0]) > 2.5], [])

    def test_a_message_has_its_line_for_itself(self):
        (self.work / 'tree').mkdir()
        (self.work / 'tree/big').write_bytes(PIECE * 160)
        screen = self.screen([*self.argv('--limit-rate', '2M'), 'put', '-r',
                              '--atomic', 'tree'], width=70, height=10)
        screen.see(r'^0/1 files .*%')
        screen.keys('C-c')
        screen.exit_code()
        self.assertRegex(screen.text(), r'(?m)^(\^C)?ftclient: what has come '
                                        r'is kept: go on with it by: put -a')
        self.assertNotRegex(screen.text(), r'[0-9]/s|[0-9]%')

    def test_a_wrong_mode_is_told(self):
        done = self.server.client(argv=self.argv('--progress', 'often'),
                                  code=ftlib.EX_USAGE)
        self.assertIn(b'auto, plain or none', done.stderr)


if __name__ == '__main__':
    ftlib.main()
