#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""`ftclient TARGET login`: a ticket instead of the password, for a while."""

import os
import signal
import subprocess
import time

import client_shell
import ftlib
import ftpeer

PASSWORD = ftlib.PASSWORD.encode()
LIFETIME = 28800    # of a login, where nothing is configured


class TicketTest(ftlib.Test):
    """A client that runs in an environment of its own."""

    def setUp(self):
        super().setUp()
        self.runtime = self.folder / 'run'
        self.home = self.folder / 'home'
        self.runtime.mkdir(mode=0o700)
        self.home.mkdir()
        self.kept = self.runtime / 'ftclient'
        self.password_file = self.write('password', PASSWORD + b'\n')
        self.password_file.chmod(0o600)
        self.env = {**os.environ, 'XDG_RUNTIME_DIR': str(self.runtime),
                    'HOME': str(self.home), 'TERM': 'xterm',
                    'LC_ALL': 'C.UTF-8'}
        self.more_env = {}

    def argv(self, *words, password=False, trust=None, user=ftlib.USER):
        return [ftlib.program('ftclient'), *(trust or ('--pin', self.pin)),
                *(['--password-file', self.password_file] * password),
                f'{user}@127.0.0.1:{self.port}', *words]

    def run_client(self, *words, code=0, data=b'', **how):
        """Run it without a terminal; what it said on both outputs."""
        done = subprocess.run(
            self.argv(*words, **how), env={**self.env, **self.more_env},
            cwd=self.folder, input=data, capture_output=True,
            timeout=ftlib.LIMIT, start_new_session=True)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        return done.stdout.decode(), done.stderr.decode()

    def log_in(self, **how):
        out, error = self.run_client('login', password=True, **how)
        self.assertRegex(out, r'^logged in until \d{4}-\d\d-\d\d [\d:]{8}\n$')
        self.assertEqual(error, '')

    def files(self):
        return sorted(self.kept.iterdir()) if self.kept.exists() else []

    def needs_password(self, *words):
        """Without one it cannot even ask."""
        _, error = self.run_client(*(words or ('list',)), code=ftlib.EX_USAGE)
        self.assertIn('no terminal to ask for a password on', error)

    def terminal(self, *words, **how):
        return client_shell.Terminal(self.argv(*words, **how), self.env,
                                     self.folder)


class RealServer(TicketTest):
    def setUp(self):
        super().setUp()
        self.setup_ = self.set_up(
            users={ftlib.USER: 'base=main,rights=full',
                   'other': 'base=main,rights=full'},
            sections={'limits': {'login_tries': 1}})
        self.server = self.serve(self.setup_)
        self.server.write('file', b'abc')
        self.pin, self.port = self.server.pin, self.server.port

    def lists(self, **how):
        out, error = self.run_client('list', **how)
        self.assertRegex(out, r'^- +3 .* file\n$')
        self.assertEqual(error, '')

    def test_after_a_login_no_password_is_needed(self):
        self.needs_password()
        self.log_in()
        self.lists()
        self.run_client('put', 'password', 'b')
        self.assertEqual(self.server.read('b'), PASSWORD + b'\n')
        self.run_client('get', 'file')
        self.assertEqual(self.read('file'), b'abc')
        out, _ = self.run_client(data=b'pwd\ncd /\npwd\n')
        self.assertEqual(out, '/\n/\n')
        self.assertEqual(self.run_client('mkdir', 'x', 'y'), ('', ''))

    def test_what_is_appended_behind_a_login_arrives(self):
        self.log_in()
        self.write('more', b'ghi')
        self.run_client('append', '-', 'file', data=b'def')
        self.run_client('append', 'more', 'file')
        self.assertEqual(self.server.read('file'), b'abcdefghi')
        self.run_client('put', '--offset', '1', '-', 'file', data=b'BC')
        self.assertEqual(self.server.read('file'), b'aBCdefghi')

    def test_it_lasts_as_long_as_the_server_allows(self):
        before = int(time.time())
        self.log_in()
        file, = self.files()
        until = int(file.read_text().split()[1])
        self.assertGreaterEqual(until, before + LIFETIME - 1)
        self.assertLessEqual(until, int(time.time()) + LIFETIME)

    def test_only_the_user_can_read_it_and_it_is_no_password(self):
        self.log_in()
        self.assertEqual(self.mode(self.kept), 0o700)
        file, = self.files()
        self.assertEqual(self.mode(file), 0o600)
        self.assertNotIn(PASSWORD, file.read_bytes())
        self.assertEqual(list(self.home.rglob('*')), [])

    def test_quiet_is_quiet(self):
        self.assertEqual(self.run_client(
            'login', password=True, trust=('--pin', self.pin, '-q')),
            ('', ''))
        self.lists(trust=('--tls', '--pin', self.pin, '-q'))

    def test_a_change_to_the_user_voids_it(self):
        self.log_in()
        self.setup_.write_users({ftlib.USER: 'base=main,rights=read'})
        self.lists(password=True)
        self.assertEqual(self.files(), [])
        self.needs_password()

    def test_it_is_removed_even_if_no_password_follows(self):
        self.log_in()
        self.setup_.write_users({ftlib.USER: 'base=main,rights=read'})
        _, error = self.run_client('list', code=ftlib.EX_NOPERM)
        self.assertIn('the kept login is no longer taken: log in again with: '
                      f'ftclient ... {ftlib.USER}@127.0.0.1:{self.port} '
                      'login (login-refused)', error)
        self.assertEqual(self.files(), [])
        self.needs_password()

    def test_a_person_is_told_why_the_password_is_asked_for(self):
        self.log_in()
        self.setup_.write_users({ftlib.USER: 'base=main,rights=read'})
        terminal = self.terminal('list')
        terminal.see(rb'the kept login is no longer taken\s+.*password: ')
        terminal.type(PASSWORD + b'\n')
        terminal.see(rb'file\r\n')
        self.assertEqual(terminal.end(), 0)

    def test_it_survives_a_restart_of_the_server(self):
        self.log_in()
        self.server.stop()
        port = self.port
        self.setup_.write_config({'': {'listen': [f'127.0.0.1:{port}']}})
        self.server = self.serve(self.setup_)
        self.lists()

    def test_logout_forgets_it(self):
        self.log_in()
        self.assertEqual(self.run_client('logout'), ('logged out\n', ''))
        self.needs_password()
        self.assertEqual(self.run_client('logout'),
                         ('there was no login kept\n', ''))

    def test_logout_needs_no_server(self):
        self.log_in()
        self.server.stop()
        self.assertEqual(self.run_client('logout'), ('logged out\n', ''))
        self.assertEqual(self.files(), [])

    def test_users_have_tickets_of_their_own(self):
        self.log_in()
        self.needs_password_of_other()
        self.log_in(user='other')
        self.assertEqual(len(self.files()), 2)
        self.run_client('logout')
        self.lists(user='other')
        self.needs_password()

    def needs_password_of_other(self):
        self.run_client('list', user='other', code=ftlib.EX_USAGE)

    def test_a_wrong_password_keeps_nothing(self):
        self.password_file.write_bytes(b'wrong\n')
        self.run_client('login', password=True, code=ftlib.EX_NOPERM)
        self.assertEqual(self.files(), [])

    def test_a_new_login_needs_the_password_although_there_is_a_ticket(self):
        self.log_in()
        old, = self.files()
        content = old.read_bytes()
        self.needs_password('login')
        self.assertEqual(old.read_bytes(), content)
        ftlib.wait_until('another second has begun', lambda: int(
            time.time()) + LIFETIME > int(content.split()[1]))
        self.log_in()
        self.assertNotEqual(old.read_bytes(), content)


class Places(TicketTest):
    def setUp(self):
        super().setUp()
        self.peer = ftpeer.Peer(self.folder, {b'a': b'abc'})
        self.peer.__enter__()
        self.addCleanup(self.peer.__exit__)
        self.pin, self.port = self.peer.pin, self.peer.port

    def has_no_place(self, **env):
        self.more_env = env
        _, error = self.run_client('login', password=True,
                                   code=ftlib.EX_CONFIG)
        self.assertIn('no place to keep a ticket', error)
        self.assertIn('XDG_RUNTIME_DIR', error)
        self.assertEqual(self.peer.connections, 0)
        self.run_client('list', password=True)
        self.peer.connections = 0

    def test_without_a_runtime_folder_there_is_no_login(self):
        self.has_no_place(XDG_RUNTIME_DIR=str(self.folder / 'none'))
        self.has_no_place(XDG_RUNTIME_DIR='run')

    def test_nor_is_it_in_one_that_others_can_change(self):
        self.runtime.chmod(0o777)
        self.has_no_place()

    def test_a_ticket_that_others_can_read_is_refused(self):
        self.log_in()
        self.peer.seen.clear()
        file, = self.files()
        for mode in (0o640, 0o604, 0o602):
            with self.subTest(mode=mode):
                file.chmod(mode)
                _, error = self.run_client('list', password=True,
                                           code=ftlib.EX_CONFIG)
                self.assertIn(f'chmod 600 {self.kept}/*', error)
                self.assertEqual(self.peer.seen, [])
        self.log_in()
        self.assertEqual(self.mode(file), 0o600)

    def test_so_is_a_folder_that_others_can_look_into(self):
        self.log_in()
        self.kept.chmod(0o755)
        _, error = self.run_client('list', password=True,
                                   code=ftlib.EX_CONFIG)
        self.assertIn(f'chmod 700 {self.kept}', error)
        self.run_client('login', password=True, code=ftlib.EX_CONFIG)


class ScriptedServer(TicketTest):
    """What is sent, and what becomes of the answers."""

    def setUp(self):
        super().setUp()
        self.peer = ftpeer.Peer(self.folder, {b'a': b'abc'})
        self.peer.__enter__()
        self.addCleanup(self.peer.__exit__)
        self.pin, self.port = self.peer.pin, self.peer.port
        self.ticket = b'ticket 1'
        self.good = [self.ticket]   # tickets that are taken
        self.seconds = 600
        self.peer.on['LOGIN'] = self.login
        for name in ('LIST', 'GET', 'RM', 'MKDIR'):
            self.peer.on[name] = self.guard(self.peer.on.get(name))

    def login(self, session, frame):
        fields = frame.fields
        taken = (self.good if fields['METHOD'] == b'ticket' else [PASSWORD])
        session.is_in = fields['RESPONSE'] in taken
        if session.is_in:
            session.ok(frame, TICKET=self.ticket, DURABILITY=0,
                       TICKET_SECONDS=self.seconds)
        else:
            session.error(frame.id, 'login-refused', 'login refused', 4)

    def guard(self, handler):
        def guarded(session, frame):
            if getattr(session, 'is_in', False):
                handler(session, frame)
            else:
                session.error(frame.id, 'login-needed', 'log in first', 4)
        return guarded

    def logins(self):
        return [(f.fields['METHOD'].decode(), f.fields['RESPONSE'])
                for f in self.peer.names('LOGIN')]

    def tearDown(self):
        self.assertEqual(self.peer.errors, [])
        super().tearDown()

    def start_over(self):
        self.log_in()
        self.peer.seen.clear()
        self.peer.connections = 0

    def test_login_asks_for_the_longest_ticket_and_others_for_none(self):
        self.run_client('list', password=True)
        self.log_in()
        plain, kept = self.peer.names('LOGIN')
        self.assertNotIn('TICKET_SECONDS', plain.fields)
        self.assertEqual(kept.fields['TICKET_SECONDS'], 0xffffffff)

    def test_a_login_is_not_kept_unless_asked_for(self):
        self.run_client('list', password=True)
        self.assertEqual(self.files(), [])

    def test_the_request_does_not_wait_for_the_login(self):
        self.start_over()
        order = []

        def login(session, frame):
            request = session.receive()
            order.append(request.name)
            self.login(session, frame)
            self.peer.on[request.name](session, request)
        self.peer.on['LOGIN'] = login
        out, _ = self.run_client('list')
        self.assertRegex(out, '^- +3 .* a\n$')
        self.run_client('get', 'a', 'b')
        self.assertEqual(self.read('b'), b'abc')
        self.assertEqual(order, ['LIST', 'GET'])

    def test_a_refused_ticket_gives_way_to_the_password_without_a_word(self):
        for words in (['list'], ['get', 'a', '-'], ['rm', 'a'],
                      ['put', 'password', 'b'], ['put', '-', 'c']):
            with self.subTest(words=words):
                self.good = [self.ticket]
                self.start_over()
                self.good = []
                out, error = self.run_client(*words, password=True,
                                             data=b'from stdin')
                self.assertEqual(error, '')
                self.assertEqual(self.logins(), [
                    ('ticket', self.ticket), ('password', PASSWORD)])
                self.assertEqual(self.peer.connections, 1)
                self.assertEqual(self.files(), [])
                if words[0] == 'list':
                    self.assertRegex(out, '^- +3 .* a\n$')
                elif words[0] == 'get':
                    self.assertEqual(out, 'abc')
        self.assertEqual(self.peer.files, {b'b': PASSWORD + b'\n',
                                           b'c': b'from stdin'})

    def test_nobody_is_asked_for_a_password_while_a_transfer_runs(self):
        self.start_over()

        def commit(session, frame):
            self.good = []
            session.cut()
        self.peer.on['COMMIT'] = commit
        terminal = self.terminal('put', 'password', 'b')
        seen = terminal.see(rb"'s password: |\(unreachable\)")
        self.assertNotIn(b"'s password: ", seen)
        self.assertEqual(terminal.end(), ftlib.EX_UNAVAILABLE)
        self.assertEqual(self.logins(), [('ticket', self.ticket)] * 2)

    def test_a_batch_waits_for_the_login(self):
        self.start_over()
        self.good = []
        self.run_client(password=True, data=b'put password 1\nrm a\nlist\n')
        self.assertEqual(self.logins(), [('ticket', self.ticket),
                                         ('password', PASSWORD)])
        self.assertEqual(list(self.peer.files), [b'1'])

    def test_what_is_wrong_besides_is_told_as_always(self):
        self.start_over()
        _, error = self.run_client('get', 'none', code=ftlib.EX_NOINPUT)
        self.assertIn('no such file', error)
        self.assertEqual(self.logins(), [('ticket', self.ticket)])
        self.good = []
        _, error = self.run_client('get', 'none', password=True,
                                   code=ftlib.EX_NOINPUT)
        self.assertIn('no such file', error)
        self.start_over()
        self.password_file.write_bytes(b'wrong\n')
        self.run_client('list', password=True, code=ftlib.EX_NOPERM)

    def test_a_server_without_tickets_gets_the_password(self):
        self.start_over()

        def login(session, frame):
            if frame.fields['METHOD'] == b'ticket':
                session.error(frame.id, 'unsupported', 'no such method')
            else:
                self.login(session, frame)
        self.peer.on['LOGIN'] = login
        self.run_client('list', password=True)
        self.assertEqual(self.files(), [])

    def test_an_expired_ticket_is_not_even_sent(self):
        self.seconds = 0
        self.start_over()
        self.run_client('list', password=True)
        self.assertEqual(self.logins(), [('password', PASSWORD)])
        self.assertEqual(self.files(), [])

    def test_a_new_ticket_takes_the_place_of_the_old(self):
        self.start_over()
        file, = self.files()
        before = file.stat()
        self.run_client('list')
        self.assertEqual(file.stat().st_ino, before.st_ino)
        self.ticket = b'ticket 2'
        self.run_client('list')
        self.good = [self.ticket]
        self.run_client('list')
        self.assertEqual(self.logins(), [
            ('ticket', b'ticket 1')] * 2 + [('ticket', b'ticket 2')])
        self.assertEqual(self.files(), [file])
        self.assertEqual(self.mode(file), 0o600)

    def test_a_logout_meanwhile_is_not_undone(self):
        self.start_over()
        self.ticket = b'ticket 2'
        client = subprocess.Popen(self.argv(), env=self.env,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        with client:
            client.stdin.write(b'pwd\n')
            client.stdin.flush()
            self.assertEqual(client.stdout.readline(), b'/\n')
            self.run_client('logout')
        self.assertEqual(client.returncode, 0)
        self.assertEqual(self.files(), [])

    def test_a_server_with_another_key_never_sees_it(self):
        self.start_over()
        other = ftpeer.make_certificate(self.folder, 'other')
        self.peer.context.load_cert_chain(*other)
        self.run_client('list', code=ftlib.EX_PROTOCOL)
        self.assertEqual(self.peer.seen, [])
        trust = ('--pin', ftpeer.pin_of(other[1]))
        self.run_client('list', trust=trust, password=True)
        self.assertEqual(self.logins(), [('password', PASSWORD)])
        self.peer.context.load_cert_chain(self.peer.cert, self.peer.key)
        self.run_client('list')
        self.assertEqual(self.logins()[1:], [('ticket', self.ticket)])

    def test_how_the_key_came_to_be_trusted_does_not_matter(self):
        self.start_over()
        file = self.write('known', f'127.0.0.1:{self.port} {self.pin}\n'
                          .encode())
        self.run_client('list', trust=('--known-hosts', file))
        self.assertEqual(self.logins(), [('ticket', self.ticket)])

    def test_a_busy_server_is_tried_again(self):
        self.start_over()
        hello = self.peer.on['HELLO']

        def refuse(session, frame):
            self.peer.on['HELLO'] = hello
            session.error(0, 'busy', 'too many', 2, WAIT=1)
            session.cut()
        self.peer.on['HELLO'] = refuse
        out, error = self.run_client('list')
        self.assertRegex(out, '^- +3 .* a\n$')
        self.assertEqual(error, '')
        self.assertEqual(self.peer.connections, 2)

    def test_a_person_is_asked_once_and_then_no_more(self):
        terminal = self.terminal('login')
        terminal.see(rb"tester@127\.0\.0\.1's password: ")
        terminal.type(b'wrong\n')
        terminal.see(rb'Login refused, try again')
        terminal.see(rb"password: ")
        terminal.type(PASSWORD + b'\n')
        terminal.see(rb'logged in until ')
        self.assertEqual(terminal.end(), 0)
        self.run_client('list')

    def test_a_person_is_asked_when_the_ticket_is_void(self):
        self.start_over()
        self.good = []
        terminal = self.terminal('list')
        terminal.see(rb"password: ")
        terminal.type(PASSWORD + b'\n')
        terminal.see(rb'\r\na\r\n')
        self.assertEqual(terminal.end(), 0)

    def test_ctrl_c_at_that_question_ends_it(self):
        self.start_over()
        self.good = []
        terminal = self.terminal('list')
        terminal.see(rb"password: ")
        terminal.type(client_shell.CTRL_C)
        self.assertEqual(terminal.end(), -signal.SIGINT)

    def test_in_the_shell_it_works_as_well(self):
        terminal = self.terminal()
        terminal.see(rb"password: ")
        terminal.type(PASSWORD + b'\n')
        terminal.see_prompt()
        terminal.type(b'login\n')
        terminal.see(rb"password: ")
        terminal.type(client_shell.CTRL_D)
        terminal.see(rb'no password was given')
        terminal.see_prompt()
        terminal.type(b'login\n')
        terminal.see(rb"password: ")
        terminal.type(PASSWORD + b'\n')
        terminal.see(rb'logged in until ')
        terminal.see_prompt()
        self.assertEqual(len(self.files()), 1)
        terminal.type(b'list\n')
        terminal.see(rb'\r\na\r\n')
        terminal.see_prompt()
        terminal.type(b'logout\n')
        terminal.see(rb'logged out')
        terminal.see_prompt()
        self.assertEqual(self.files(), [])
        terminal.type(client_shell.CTRL_D)
        self.assertEqual(terminal.end(), 0)


if __name__ == '__main__':
    ftlib.main()
