#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The monitor: start, test of the configuration, reload, signals, deaths."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys

import ftlib
import ftwire


class Base(ftlib.Test):
    def run_server(self, *words, code, **more):
        """Run ftserver to its end; what it says on standard error."""
        done = subprocess.run([ftlib.program('ftserver'), *map(str, words)],
                              capture_output=True, text=True,
                              timeout=ftlib.LIMIT, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        self.said = done.stdout
        return done.stderr

    def assertOneLine(self, text, pattern):
        self.assertEqual(text.count('\n'), 1, text)
        self.assertRegex(text, pattern)


class TestOfTheConfiguration(Base):
    def test_a_good_one_exits_with_0_and_changes_nothing(self):
        setup = self.set_up()
        before = sorted(setup.folder.rglob('*'))
        self.assertEqual(
            self.run_server('-t', '-f', setup.path, code=ftlib.OK), '')
        self.assertIn('is good', self.said)
        self.assertEqual(sorted(setup.folder.rglob('*')), before)

    def test_what_is_named_and_not_there_is_warned_of(self):
        setup = self.set_up(users={'@staff': '', 'zoe': 'root=/nope',
                                   'gone': 'root=/nope,locked=yes'},
                            sections={'share box': {
                                'path': '/exchnge',
                                'allow': ['@stuff', '@staff', '@all:read',
                                          'zoe', 'crl:drop']}})
        said = self.run_server('-t', '-f', setup.path, code=ftlib.OK)
        self.assertIn('is good, with 4 warnings', self.said)
        for line in ('user zoe: .*/nope: No such file', 'share box: .*/exchn',
                     'share box allows `@stuff`', 'share box allows `crl:dr'):
            self.assertRegex(said, f'(?m)^ftserver: {line}')
        self.assertEqual(said.count('\n'), 4, said)

    def test_not_all_of_many_warnings_are_told(self):
        setup = self.set_up(users={f'u{number}': 'root=/nope'
                                   for number in range(30)})
        said = self.run_server('-t', '-f', setup.path, code=ftlib.OK)
        self.assertEqual(said.count('\n'), 21, said)
        self.assertIn('10 more such warnings', said)

    def test_a_root_that_the_account_cannot_enter_is_warned_of(self):
        setup = self.set_up(users={'zoe': 'root=/shut'})
        (setup.root / 'shut').mkdir(mode=0o600 if setup.account else 0)
        said = self.run_server('-t', '-f', setup.path, code=ftlib.OK)
        self.assertOneLine(said, 'user zoe: .*/shut: the account .* enter')

    def refuse(self, setup, pattern):
        error = self.run_server('-t', '-f', setup.path, code=ftlib.EX_CONFIG)
        self.assertOneLine(error, pattern)

    def test_an_unknown_key_is_told_with_file_and_line(self):
        setup = self.set_up(sections={'limits': {'worker': 3}})
        lines = setup.path.read_text().splitlines()
        line = 1 + next(i for i, text in enumerate(lines) if 'worker' in text)
        self.refuse(setup, f'{setup.path}:{line}: .*did you mean `workers`')

    def test_a_missing_file_is_told(self):
        error = self.run_server('-t', '-f', self.folder / 'none',
                                code=ftlib.EX_CONFIG)
        self.assertOneLine(error, f'{self.folder}/none')

    def test_a_key_of_another_certificate_is_told(self):
        setup, other = self.set_up(), self.set_up()
        shutil.copy(other.tls / 'server.key', setup.tls / 'server.key')
        self.refuse(setup, 'server.key: .*does not belong')

    def test_a_broken_user_file_is_told_with_its_line(self):
        setup = self.set_up()
        with open(setup.user_file, 'a') as file:
            file.write('no hash here\n')
        self.refuse(setup, f'{setup.user_file}:2: ')

    def test_a_missing_base_is_told(self):
        setup = self.set_up()
        setup.root.rmdir()
        self.refuse(setup, f'base main: {setup.root}')

    def test_a_user_that_is_no_account_is_told(self):
        setup = self.set_up(sections={'': {'user': 'no-such-account'}})
        self.refuse(setup, 'no-such-account')

    def test_what_the_account_cannot_reach_is_told(self):
        if os.getuid() != 0:
            return      # the account is our own
        setup = self.set_up()
        os.chown(setup.root, 0, 0)
        self.refuse(setup, f'base main: the account .*chown .*{setup.root}')
        shutil.chown(setup.root, setup.account)
        (setup.root / '.ftserver').mkdir(mode=0o700)
        self.refuse(setup, f'base main: the account .*chown .*{setup.root}')
        setup.user_file.chmod(0o600)
        self.refuse(setup, f'{setup.user_file}.*chgrp')

    def test_an_address_in_words_is_told(self):
        setup = self.set_up(sections={'': {'listen': 'localhost:http'}})
        self.refuse(setup, 'localhost:http')

    def test_more_sessions_than_open_files_are_told(self):
        setup = self.set_up(sections={'limits': {'max_sessions': 999999}})
        self.refuse(setup, 'open files')

    def test_the_environment_overrides_the_file(self):
        setup = self.set_up()
        error = self.run_server(
            '-t', '-f', setup.path, code=ftlib.EX_CONFIG,
            env={**os.environ, 'FTSERVER_LIMITS_WORKERS': 'many'})
        self.assertOneLine(error, 'FTSERVER_LIMITS_WORKERS: .*`many`')

    def test_a_variable_that_is_no_key_is_told(self):
        setup = self.set_up()
        error = self.run_server(
            '-t', '-f', setup.path, code=ftlib.OK,
            env={**os.environ, 'FTSERVER_LIMIT_WORKERS': '3'})
        self.assertOneLine(error, 'FTSERVER_LIMIT_WORKERS')

    def test_root_needs_an_account_to_become(self):
        if os.getuid() != 0:
            return      # there is nothing to give up
        setup = self.set_up()
        text = setup.path.read_text()
        setup.path.write_text(re.sub(r'(?m)^user = .*\n', '', text))
        self.refuse(setup, 'user is missing')


def has_systemd():
    return 'define HAVE_SYSTEMD 1' in (ftlib.BUILD / 'config.h').read_text()


class Start(Base):
    def test_a_wrong_option_is_told(self):
        error = self.run_server('--lisen', 'x', code=ftlib.EX_USAGE)
        self.assertRegex(error, 'did you mean `--listen`')

    def test_two_servers_on_one_port_do_not_start(self):
        server = self.serve()
        other = self.set_up(sections={
            '': {'listen': f'127.0.0.1:{server.port}'}})
        error = self.run_server('-f', other.path, code=ftlib.EX_UNAVAILABLE)
        self.assertOneLine(error, f'127.0.0.1:{server.port}: the port is')

    def test_each_listener_has_its_ready_line(self):
        setup = self.set_up(sections={
            '': {'listen': ['127.0.0.1:0', '127.0.0.2:0']}})
        server = self.serve(setup)
        self.assertRegex(server.lines.next(), r'ready 127\.0\.0\.2:\d+')

    def test_a_missing_folder_is_told(self):
        error = self.run_server('--quick', self.folder / 'none',
                                code=ftlib.EX_NOINPUT)
        self.assertOneLine(error, 'none')

    def test_state_within_what_is_served_is_refused(self):
        error = self.run_server('--quick', self.folder, '--state',
                                self.folder / 'state', code=ftlib.EX_USAGE)
        self.assertOneLine(error, '--state')

    def test_a_password_is_made_up_and_shown_once(self):
        words = [ftlib.program('ftserver'), '--quick', self.path('served'),
                 '--state', self.path('state'), '--listen', '127.0.0.1:0']
        self.path('served').mkdir()
        shown = []
        for _ in range(2):
            process = subprocess.Popen(words, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
            lines = ftlib.Lines(process.stdout)
            while not (lines.next() or 'ready ').startswith('ready '):
                pass
            process.terminate()
            self.assertEqual(process.wait(ftlib.LIMIT), ftlib.OK)
            process.stdout.close()
            shown.append('\n'.join(lines.seen))
        found = re.search(r'shown only now: (\S+)', shown[0])
        self.assertRegex(found[1], r'^[a-z2-9]{5}(-[a-z2-9]{5}){3}$')
        self.assertNotIn('shown only now', shown[1])
        self.assertIn('stays as it was; --password-file FILE', shown[1])
        self.assertEqual(*(re.search('sha256//[^ ]*', s)[0] for s in shown))

    def test_the_password_of_quick_can_be_replaced(self):
        server = self.serve()
        server.wire().cut()
        server.stop()
        server.password_file.write_text('another one\n')
        process = subprocess.Popen(server.argv, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        lines = ftlib.Lines(process.stdout)
        while not (line := lines.next()).startswith('ready '):
            pass
        server.port = int(line.rpartition(':')[2])
        server.wire(password='another one').cut()
        self.assertRefused('login-refused', server.wire)

    def test_secrets_are_for_the_owner_alone(self):
        server = self.serve()
        for name in ('key.pem', 'ticket-keys'):
            self.assertEqual(self.mode(server.state / name), 0o600)
        self.assertEqual(self.mode(server.state), 0o700)

    def test_nothing_inherited_stays_open(self):
        read, write = os.pipe()
        os.set_inheritable(write, True)
        setup = self.set_up()
        process = subprocess.Popen(
            [ftlib.program('ftserver'), '-f', setup.path], close_fds=False,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.close(write)
        ftlib.Lines(process.stdout).next()
        self.assertEqual(os.read(read, 1), b'')
        os.close(read)
        process.terminate()
        process.wait()
        process.stdout.close()

    def test_systemd_is_told_when_it_serves_and_when_it_ends(self):
        if not has_systemd():
            return      # built without it
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
            hears.bind(str(self.path('notify')))
            hears.settimeout(ftlib.LIMIT)
            setup = self.set_up()
            server = self.serve(setup, env={
                'NOTIFY_SOCKET': str(self.path('notify'))})
            self.assertEqual(hears.recv(4096), b'READY=1')
            server.reload()
            self.assertRegex(hears.recv(4096),
                             rb'^RELOADING=1\nMONOTONIC_USEC=\d+$')
            self.assertEqual(hears.recv(4096), b'READY=1')
            server.stop()
            self.assertEqual(hears.recv(4096), b'STOPPING=1')

    def test_sockets_of_systemd_are_served(self):
        if not has_systemd():
            return      # built without it
        with socket.socket() as listener:
            listener.bind(('127.0.0.1', 0))
            listener.listen()
            port = listener.getsockname()[1]
            script = (f'import os; os.dup2({listener.fileno()}, 3); '
                      'os.environ.update(LISTEN_FDS="1", '
                      'LISTEN_PID=str(os.getpid())); '
                      'import sys; os.execv(sys.argv[1], sys.argv[1:])')
            os.set_inheritable(listener.fileno(), True)
            setup = self.set_up()
            process = subprocess.Popen(
                [sys.executable, '-c', script, ftlib.program('ftserver'),
                 '-f', setup.path], close_fds=False, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.assertEqual(ftlib.Lines(process.stdout).next(),
                         f'ready 127.0.0.1:{port}')
        ftwire.Wire('127.0.0.1', port).cut()

    def test_users_that_the_account_cannot_read_stop_the_start(self):
        if os.getuid() != 0:
            return      # the account is our own
        setup = self.set_up()
        os.chown(setup.user_file, 0, 0)
        setup.user_file.chmod(0o600)
        error = self.run_server('-f', setup.path, code=ftlib.EX_CONFIG)
        self.assertOneLine(error, f'{setup.user_file}.*chgrp')

    def test_a_state_folder_is_made_with_those_above_it(self):
        state = self.folder / 'var/lib/ftserver'
        server = self.serve(self.set_up(sections={'': {'state': state}}))
        self.assertEqual(state.stat().st_uid,
                         os.stat(f'/proc/{server.worker}').st_uid)


class Account(Base):
    def test_the_server_process_is_the_account_and_has_no_privileges(self):
        server = self.serve(self.set_up())
        status = pathlib.Path(f'/proc/{server.worker}/status').read_text()
        if os.getuid() == 0:
            self.assertNotRegex(status, r'(?m)^Uid:.*\b0\b')
        self.assertRegex(status, r'(?m)^NoNewPrivs:\s1$')
        self.assertRegex(status, r'(?m)^Seccomp:\s2$')
        self.assertRegex(status, r'(?m)^CapEff:\s0+$')

    def test_no_core_is_dumped(self):
        server = self.serve()
        for pid in (server.monitor, server.worker):
            limits = pathlib.Path(f'/proc/{pid}/limits').read_text()
            self.assertRegex(limits, r'Max core file size\s+0\s+0')


class Reload(Base):
    def setUp(self):
        super().setUp()
        self.setup_ = self.set_up()
        self.server = self.serve(self.setup_)

    def test_a_good_configuration_is_taken_and_sessions_stay(self):
        wire = self.server.wire()
        self.setup_.write_config({'limits': {'idle_timeout': 77}})
        self.server.reload()
        self.server.wait_log('reloaded')
        wire.call('PING')
        wire.cut()
        with self.server.connect() as wire:
            self.assertEqual(wire.hello()['IDLE_SECONDS'], 77)

    def test_a_bad_configuration_is_refused_and_the_old_stays(self):
        self.setup_.write_config({'limits': {'idle_timout': 77}})
        self.server.reload()
        self.server.wait_log(r'reload refused.*:\d+: .*idle_timeout')
        self.server.wire().cut()

    def test_a_wrong_key_is_refused_and_the_old_stays(self):
        other = self.set_up()
        shutil.copy(other.tls / 'server.key', self.setup_.tls / 'server.key')
        self.server.reload()
        self.server.wait_log('reload refused.*server.key.*does not belong')
        self.server.wire().cut()

    def test_a_broken_user_file_is_refused(self):
        self.setup_.user_file.write_text('nonsense\n')
        self.server.reload()
        self.server.wait_log(f'reload refused.*{self.setup_.user_file}:1: ')

    def test_a_new_certificate_is_served(self):
        other = self.set_up()
        for name in ('server.key', 'server.crt'):
            shutil.copy(other.tls / name, self.setup_.tls / name)
        self.server.reload()
        self.server.wait_log('reloaded')
        with open(self.setup_.tls / 'server.crt') as file:
            wanted = ssl.PEM_cert_to_DER_cert(
                file.read().partition('-----END CERTIFICATE-----')[0]
                + '-----END CERTIFICATE-----\n')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(['ft/1'])
        with socket.create_connection(('127.0.0.1', self.server.port)) as raw:
            with context.wrap_socket(raw) as tls:
                self.assertEqual(tls.getpeercert(True), wanted)

    def test_what_only_a_restart_changes_is_named(self):
        self.setup_.write_config({'limits': {'workers': 9}})
        self.server.reload()
        self.server.wait_log('limits.workers: only a restart changes it')
        self.server.wait_log('reloaded')

    def test_what_is_fixed_in_a_base_is_named(self):
        self.setup_.write_config({'base main': {'path': self.setup_.root,
                                            'durability': 'async'},
                                  'share box': {'path': '/nowhere',
                                                'allow': ['@all']}})
        self.server.reload()
        self.server.wait_log('share box: .*nowhere: No such file')
        self.server.wait_log(r'base\.main\.durability: only a restart')

    def test_two_hundred_reloads_in_a_row_are_one_server_still(self):
        worker = self.server.worker
        for _ in range(200):
            self.server.reload()
        self.server.wait_log('reloaded')
        self.server.wire().cut()
        self.assertEqual(self.server.worker, worker)

    def test_old_ticket_keys_are_rotated(self):
        path = self.setup_.state / 'ticket-keys'
        before = path.read_text()
        os.utime(path, (1, 1))
        self.server.wait_log('rotating the ticket keys')
        self.server.wait_log('reloaded')
        self.assertIn(before.strip().splitlines()[-1], path.read_text())
        self.assertNotEqual(path.read_text(), before)


class Signals(Base):
    def test_sigterm_ends_with_0(self):
        self.serve().stop()

    def test_sigint_to_the_whole_group_ends_with_0(self):
        server = self.serve()
        for pid in (server.worker, server.monitor):
            os.kill(pid, signal.SIGINT)
        server.wait()

    def test_after_sigterm_the_port_is_free(self):
        server = self.serve()
        server.stop()
        with socket.socket() as probe:
            probe.bind((server.address, server.port))

    def test_a_session_that_stays_is_cut_at_drain_timeout(self):
        server = self.serve(self.set_up(sections={
            'limits': {'drain_timeout': 1}}))
        wire = server.wire()
        server.stop()
        wire.cut()

    def test_the_end_of_the_terminal_ends_it(self):
        master, slave = os.openpty()
        self.path('served').mkdir()
        process = subprocess.Popen(
            ['setsid', '--ctty', ftlib.program('ftserver'), '--quick',
             self.path('served'), '--state', self.path('state'), '--listen',
             '127.0.0.1:0'], stdin=slave, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        os.close(slave)
        lines = ftlib.Lines(process.stdout)
        while not lines.next().startswith('ready '):
            pass
        os.close(master)
        self.assertEqual(process.wait(ftlib.LIMIT), ftlib.OK)


class Deaths(Base):
    def test_a_server_process_that_dies_is_replaced(self):
        server = self.serve()
        worker = server.worker
        os.kill(worker, signal.SIGKILL)
        server.wait_log('killed by SIGKILL: starting a new one')
        server.wait_log('a new server process serves')
        self.assertNotEqual(server.worker, worker)
        server.wire().cut()

    def test_connections_wait_while_it_is_replaced(self):
        server = self.serve()
        for _ in range(3):
            os.kill(server.worker, signal.SIGKILL)
            server.wire().cut()

    def test_the_server_process_ends_with_the_monitor(self):
        server = self.serve()
        worker = server.worker
        os.kill(server.monitor, signal.SIGKILL)
        ftlib.wait_until('the server process is gone',
                         lambda: not ftlib.is_running(worker))
        server.process.wait()

    def test_one_that_dies_again_and_again_is_given_up(self):
        server = self.serve()
        for deaths in range(1, 6):
            os.kill(server.worker, signal.SIGKILL)
            ftlib.wait_until('the monitor has heard of it', lambda: deaths ==
                             server.log().count('was killed by SIGKILL'))
        self.assertEqual(server.process.wait(ftlib.LIMIT), 70)
        server.wait_log('giving up')

    def test_one_that_takes_no_message_is_replaced_and_gets_it_later(self):
        setup = self.set_up()
        server = self.serve(setup)
        old = server.worker
        with open(setup.path, 'a') as file:
            # More than fits into a channel that nobody reads.
            file.write(f'# {"x" * 1000}\n' * 900)
            file.write('limits { idle_timeout = 77 }\n')
        os.kill(old, signal.SIGSTOP)
        server.reload()
        server.wait_log(r'a new server process serves')
        server.wait_log(r'reloaded ')
        self.assertFalse(ftlib.is_running(old))
        with server.connect() as wire:
            hello = wire.hello()
            self.assertEqual(hello['IDLE_SECONDS'], 77)

    def test_a_base_that_is_replaced_is_served_anew(self):
        setup = self.set_up()
        server = self.serve(setup)
        (setup.root / 'old').touch()
        new = setup.folder / 'new'
        new.mkdir()
        if setup.account:
            shutil.chown(new, setup.account)
        setup.root.rename(setup.folder / 'gone')
        new.rename(setup.root)
        server.wait_log('another folder stands at')
        server.wait_log('a new server process serves')
        (setup.root / 'fresh').touch()
        with server.wire() as wire:
            self.assertEqual([e.name for e in wire.list('')], [b'fresh'])


ftlib.main()
