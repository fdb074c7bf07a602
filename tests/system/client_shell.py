#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ftclient as a person meets it: on a terminal, and interrupted."""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import ftlib
import ftpeer

MIB = 1 << 20
CTRL_C, CTRL_D = b'\x03', b'\x04'


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, argv, env, cwd):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], list(map(str, argv)), env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack('HHHH', 24, 100, 0, 0))
        self.shown = b''

    def type(self, text):
        os.write(self.fd, text)

    def see(self, pattern, limit=ftlib.LIMIT):
        """Wait until this is shown; what was shown up to its end."""
        end = time.monotonic() + limit
        while not (match := re.search(pattern, self.shown)):
            left = max(0, end - time.monotonic())
            if not select.select([self.fd], [], [], left)[0]:
                raise AssertionError(f'no {pattern} in {self.shown}')
            if not self.read():
                raise AssertionError(f'no {pattern} in {self.shown} at all')
        seen, self.shown = self.shown[:match.end()], self.shown[match.end():]
        return seen

    def see_prompt(self, pattern=rb'/> '):
        """Wait for a prompt, and until the editor reads what is typed."""
        def is_raw():
            return not termios.tcgetattr(self.fd)[3] & termios.ICANON
        seen = self.see(pattern)
        ftlib.wait_until('the editor reads', is_raw)
        return seen

    def read(self):
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return b''
        self.shown += data
        return data

    def end(self):
        """Read to the end; the exit code."""
        while self.read():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class ShellTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.password_file = self.write('password', b'correct horse\n')
        self.password_file.chmod(0o600)
        self.home = self.folder / 'home'
        self.work = self.folder / 'work'
        self.home.mkdir()
        self.work.mkdir()
        self.peer = ftpeer.Peer(self.folder, {b'a': b'abc'})
        self.peer.__enter__()
        self.addCleanup(self.peer.__exit__)
        self.env = {**os.environ, 'HOME': str(self.home), 'TERM': 'xterm',
                    'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
        self.may_end = threading.Event()
        self.addCleanup(self.may_end.set)

    def argv(self, *words, password=True):
        return [ftlib.program('ftclient'), '--pin', self.peer.pin,
                *(['--password-file', self.password_file] * password),
                f'tester@127.0.0.1:{self.peer.port}', *words]

    def terminal(self, *words, **options):
        return Terminal(self.argv(*words, **options), self.env, self.work)

    def shell(self):
        terminal = self.terminal()
        terminal.see_prompt(rb'tester@127\.0\.0\.1:/> ')
        return terminal

    def slow_get(self, session, frame):
        """Half a file, and the rest when the request is cancelled."""
        session.begin(frame, MIB)
        session.data(frame, 0, bytes(MIB // 4))
        while True:
            other = session.receive()
            self.peer.seen.append(other)
            if other.name == 'CANCEL':
                session.error(other.id, 'cancelled', 'cancelled', 1)
                return

    def files(self):
        return os.listdir(self.work)


class Shell(ShellTest):
    def test_commands_are_typed_one_after_the_other(self):
        shell = self.shell()
        shell.type(b'list -l\n')
        shell.see(rb'3 2023-11-14 22:13:20 a\r\n')
        shell.type(b'get a "b c"\n')
        shell.see(rb'get a 3 bytes\r\n')
        self.assertEqual((self.work / 'b c').read_bytes(), b'abc')
        shell.type(b'put "b c"\n')
        shell.see(rb'put b c 3 bytes\r\n')
        shell.type(b'exit\n')
        self.assertEqual(shell.end(), 0)
        self.assertEqual(self.peer.files[b'b c'], b'abc')

    def test_the_prompt_tells_the_folder(self):
        shell = self.shell()
        shell.type(b'cd /in\x16\x1bside\n')
        shell.see_prompt(rb'tester@127\.0\.0\.1:/in\\eside> ')
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)

    def test_a_mistake_does_not_end_the_shell(self):
        shell = self.shell()
        shell.type(b'lits\n')
        shell.see(rb'did you mean `list`')
        shell.type(b'get nothing\n')
        shell.see(rb'nothing: no such file \(not-found\)')
        shell.type(b'get "a\n')
        shell.see(rb'a quote is not closed')
        shell.type(b'rm\n')
        shell.see(rb'rm: something is missing \(see `help rm`\)')
        shell.type(b'quit\n')
        self.assertEqual(shell.end(), 0)

    def test_local_commands_run_here(self):
        (self.work / 'sub').mkdir()
        shell = self.shell()
        shell.type(b'lcd sub\nlpwd\n')
        shell.see(rb'/work/sub\r\n')
        shell.type(b'!echo $((6*7)) > answer\n')
        shell.type(b'lls\n')
        shell.see(rb'answer\r\n')
        shell.type(b'help get\n')
        shell.see(rb'fetch a file')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)
        self.assertEqual((self.work / 'sub/answer').read_text(), '42\n')

    def test_ctrl_c_drops_the_line(self):
        shell = self.shell()
        shell.type(b'rm a')
        shell.see(rb'rm a')
        shell.type(CTRL_C)
        shell.see_prompt()
        shell.type(b'pwd\n')
        shell.see(rb'\n/\r\n')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)
        self.assertIn(b'a', self.peer.files)

    def test_ctrl_c_stops_a_transfer_and_keeps_the_session(self):
        self.peer.on['GET'] = self.slow_get
        shell = self.shell()
        shell.type(b'get a\n')
        ftlib.wait_until('the get has begun', self.files)
        shell.type(CTRL_C)
        shell.see(rb'cancelled\)')
        shell.see_prompt()
        self.assertEqual(self.files(), [])
        del self.peer.on['GET']
        self.peer.on['GET'] = self.peer.get
        shell.type(b'get a\n')
        shell.see(rb'get a 3 bytes')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)
        self.assertEqual(self.peer.connections, 1)

    def test_ctrl_c_stops_an_upload_and_keeps_the_session(self):
        with open(self.work / 'big', 'wb') as file:
            for _ in range(64):
                file.write(os.urandom(MIB))
        begun, typed = threading.Event(), threading.Event()

        def slow_data(session, frame):
            begun.set()
            typed.wait(ftlib.LIMIT)
        self.peer.on['DATA'] = slow_data
        shell = self.shell()
        shell.type(b'put big\n')
        begun.wait(ftlib.LIMIT)
        shell.type(CTRL_C)
        typed.set()
        shell.see(rb'interrupted \(cancelled\)')
        shell.see_prompt()
        self.assertEqual(len(self.peer.names('ABORT')), 1)
        shell.type(b'list\n')
        shell.see(rb'\na\r\n')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)

    def test_the_second_ctrl_c_does_not_wait_for_the_server(self):
        def deaf(session, frame):
            session.begin(frame, MIB)
            session.data(frame, 0, bytes(MIB // 4))
            self.peer.seen.append(session.receive())
            self.may_end.wait(ftlib.LIMIT)
        self.peer.on['GET'] = deaf
        shell = self.shell()
        shell.type(b'get a\n')
        ftlib.wait_until('the get has begun', self.files)
        shell.type(CTRL_C)
        ftlib.wait_until('it was cancelled',
                         lambda: self.peer.names('CANCEL'))
        shell.type(CTRL_C)
        shell.see_prompt(rb'reconnect\? \[Y/n\] ')
        shell.type(CTRL_D)
        shell.see_prompt(rb'/ \(not connected\)> ')
        shell.type(CTRL_D)
        self.assertNotEqual(shell.end(), 0)
        self.assertEqual(self.files(), [])

    def test_a_connection_that_stays_lost_is_the_exit_code(self):
        self.peer.on['LIST'] = lambda s, f: s.cut()
        shell = self.shell()
        shell.type(b'list\n')
        shell.see(rb'\(unreachable\)')
        shell.see_prompt(rb'connection lost; reconnect\? \[Y/n\] ')
        shell.type(b'what\n')
        shell.see_prompt(rb'connection lost; reconnect\? \[Y/n\] ')
        shell.type(b'No\n')
        shell.see_prompt(rb'/ \(not connected\)> ')
        shell.type(b'y\n')
        seen = shell.see_prompt(rb'/ \(not connected\)> ')
        self.assertIn(b'there is no command `y`', seen)
        self.assertNotIn(b'reconnect?', seen)
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 69)

    def test_what_was_typed_ahead_is_no_answer(self):
        typed = threading.Event()

        def cut(session, frame):
            typed.wait(ftlib.LIMIT)
            session.cut()
        self.peer.on['LIST'] = cut
        shell = self.shell()
        shell.type(b'list\n')
        ftlib.wait_until('it was asked', lambda: self.peer.names('LIST'))
        shell.type(b'no\n')
        shell.see(rb'no\r\n')
        typed.set()
        shell.see_prompt(rb'connection lost; reconnect\? \[Y/n\] ')
        shell.type(b'\n')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)

    def deaf(self):
        """At the peer's place somebody whose line of callers is full."""
        deaf = socket.create_server(('127.0.0.1', self.peer.port), backlog=0)
        self.addCleanup(deaf.close)
        for _ in range(4):
            caller = socket.socket()
            self.addCleanup(caller.close)
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())

    def is_dialing(self, pid):
        """Is a socket of that process waiting for the peer (SYN_SENT)?"""
        own = {os.readlink(entry.path)[8:-1] for entry in
               os.scandir(f'/proc/{pid}/fd')
               if os.readlink(entry.path).startswith('socket:')}
        with open('/proc/net/tcp', encoding='ascii') as file:
            rows = [line.split() for line in file]
        return any(row[3] == '02' and row[9] in own for row in rows[1:])

    def test_ctrl_c_ends_the_wait_for_a_connection(self):
        self.peer.on['LIST'] = lambda s, f: s.cut()
        shell = self.shell()
        shell.type(b'list\n')
        shell.see_prompt(rb'connection lost; reconnect\? \[Y/n\] ')
        self.peer.close()
        self.deaf()
        shell.type(b'y\n')
        ftlib.wait_until('it dials', lambda: self.is_dialing(shell.pid))
        shell.type(CTRL_C)
        shell.see(rb'interrupted \(cancelled\)')
        shell.see_prompt(rb'/ \(not connected\)> ')
        shell.type(CTRL_D)
        self.assertNotEqual(shell.end(), 0)

    def test_the_history_is_kept_and_closed_to_others(self):
        shell = self.shell()
        shell.type(b'stat a\n')
        shell.see(rb'size: 3')
        shell.see_prompt()
        shell.type(CTRL_D)
        self.assertEqual(shell.end(), 0)
        file = self.home / '.local/state/ftclient/history'
        self.assertEqual(self.mode(file), 0o600)
        shell = self.shell()
        shell.type(b'\x10')
        shell.see(rb'stat a')
        shell.type(b'\n')
        shell.see(rb'size: 3')
        shell.see_prompt()
        shell.type(CTRL_D)
        shell.end()

    def test_a_password_is_asked_for_and_not_shown(self):
        terminal = self.terminal('list', password=False)
        terminal.see(rb"tester@127\.0\.0\.1's password: ")
        terminal.type(b'wrong\n')
        terminal.see(rb"refused.*\s.*password: ")
        terminal.type(b'correct horse\n')
        self.assertNotIn(b'horse', terminal.see(rb'\na\r\n'))
        self.assertEqual(terminal.end(), 0)

    def test_three_wrong_passwords_are_enough(self):
        terminal = self.terminal('list', password=False)
        for _ in range(3):
            terminal.see(rb'password: ')
            terminal.type(b'wrong\n')
        terminal.see(rb'\(login-refused\)')
        self.assertEqual(terminal.end(), 77)

    def test_a_long_transfer_shows_a_bar(self):
        def slow(session, frame):
            session.begin(frame, MIB)
            for n in range(16):
                session.data(frame, n * 65536, bytes(65536))
                time.sleep(0.1)
            session.end(frame, MIB, ftpeer.ftwire.digest(bytes(MIB)))
        self.peer.on['GET'] = slow
        terminal = self.terminal('get', 'a\x1b[2J')
        seen = terminal.see(rb'\d\d% ')
        self.assertIn(rb'a\e[2J', seen)
        self.assertRegex(seen, rb'\[=*> *\]')
        terminal.see(rb'bytes\r\n')
        self.assertEqual(terminal.end(), 0)


class Signals(ShellTest):
    def test_a_signal_leaves_no_part_of_a_file(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                self.peer.on['GET'] = self.slow_get
                process = subprocess.Popen(
                    self.argv('get', 'a'), cwd=self.work, env=self.env,
                    stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
                ftlib.wait_until('the get has begun', self.files)
                process.send_signal(number)
                process.communicate(timeout=ftlib.LIMIT)
                self.assertEqual(process.returncode, -number)
                self.assertEqual(self.files(), [])

    def test_a_signal_ends_a_batch_that_waits_for_a_line(self):
        process = subprocess.Popen(
            self.argv(), cwd=self.work, env=self.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(b'pwd\n')
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b'/\n')
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=ftlib.LIMIT)
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_a_reader_that_leaves_ends_it_quietly(self):
        self.peer.files = {b'%06d' % n: b'' for n in range(1, 1000)}
        process = subprocess.Popen(
            self.argv('list'), cwd=self.work, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b'')
        process.stderr.close()
        process.wait(ftlib.LIMIT)


if __name__ == '__main__':
    ftlib.main()
