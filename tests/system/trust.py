#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who is let in, and whom the client trusts: real client and real server."""

import os
import pty
import re
import select
import socket
import ssl
import subprocess

import ftlib
import ftwire


# Numbers of TLS alerts.
PROTOCOL_VERSION = 70
NO_APPLICATION_PROTOCOL = 120


class TrustTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.setup = self.set_up()
        self.server = self.serve(self.setup)

    def run_client(self, *words, code=ftlib.OK, trust=None):
        """The system's CAs vouch for nobody here; what it said."""
        done = self.server.client(
            *words, code=code, trust=trust, cwd=self.folder,
            env={'SSL_CERT_FILE': '/dev/null', 'SSL_CERT_DIR': '/nowhere'})
        return done.stderr.decode()

    def logins(self):
        """The outcomes of all logins so far; this one is the last."""
        self.server.wire().close()
        outcomes = re.findall(r'audit login .* outcome=(\S+)',
                              self.server.log())
        self.assertEqual(outcomes.pop(), 'ok')
        return outcomes

    def is_not_trusted(self, words, *trust):
        """Refused before anything was said."""
        said = self.run_client('list', code=ftlib.EX_PROTOCOL, trust=trust)
        self.assertRegex(said, words)
        self.assertRegex(said, r'\Aftclient: [^\n]* \(trust\)\n\Z')
        self.assertEqual(self.logins(), [])


class Passwords(TrustTest):
    def test_a_wrong_password_is_refused(self):
        self.server.password_file.write_text('wrong\n')
        said = self.run_client('list', code=ftlib.EX_NOPERM)
        self.assertRegex(said, r'\Aftclient: [^\n]* \(login-refused\)\n\Z')
        self.assertEqual(self.logins(), ['login-refused'])

    def test_an_unknown_user_is_told_the_same(self):
        self.server.password_file.write_text('wrong\n')
        known = self.run_client('list', code=ftlib.EX_NOPERM)
        self.server.user = 'nobody-knows'
        unknown = self.run_client('list', code=ftlib.EX_NOPERM)
        self.server.user = ftlib.USER
        self.assertEqual(unknown, known)
        self.assertEqual(self.logins(), ['login-refused'] * 2)

    def test_no_log_line_holds_a_password(self):
        self.server.password_file.write_text('tell-nobody\n')
        self.run_client('list', code=ftlib.EX_NOPERM)
        with self.server.connect() as wire:
            self.assertRefused('login-refused', wire.login, 'x',
                               'tell-nobody-either')
        self.assertNotIn('tell-nobody', self.server.log())

    def test_an_empty_or_a_long_password_is_only_wrong(self):
        for password in (b'', b'x' * 4096, b'\0' * 10, b'correct horse\0',
                         b'Correct horse', b'correct horse '):
            with self.subTest(password=password[:20]), \
                    self.server.connect() as wire:
                self.assertRefused('login-refused', wire.login, ftlib.USER,
                                   password)

    def test_the_third_failure_is_the_last(self):
        with self.server.connect() as wire:
            for _ in range(3):
                self.assertRefused('login-refused', wire.login, ftlib.USER,
                                   'wrong')
            last, = wire.expect_end()
            self.assertEqual((last.name, last.id), ('ERROR', 0))

    def test_a_good_login_is_still_possible_after_two_failures(self):
        with self.server.connect() as wire:
            for _ in range(2):
                self.assertRefused('login-refused', wire.login, ftlib.USER,
                                   'wrong')
            wire.login(ftlib.USER, ftlib.PASSWORD)
            wire.call('PWD')

    def test_a_user_who_is_locked_is_refused_like_any_other(self):
        self.setup.write_users({ftlib.USER: '', 'locked': 'locked=yes'})
        with self.server.connect() as wire:
            wrong = self.assertRefused('login-refused', wire.login, 'locked',
                                       'wrong')
            right = self.assertRefused('login-refused', wire.login, 'locked',
                                       ftlib.PASSWORD)
            self.assertEqual(right.text, wrong.text)


class Certificates(TrustTest):
    def ca(self, folder):
        return str(folder / 'ca.crt')

    def another_ca(self):
        folder = self.path('another')
        subprocess.run([ftlib.SOURCE / 'certs/make-certs', '-d', folder,
                        'new', '127.0.0.1'], check=True, capture_output=True)
        return folder

    def test_its_pin_is_trusted(self):
        self.run_client('list', trust=('--pin', self.setup.pin))

    def test_another_pin_is_not(self):
        self.is_not_trusted('another key than the pin', '--pin',
                            'sha256//' + 'A' * 43 + '=')

    def test_its_ca_is_trusted(self):
        self.run_client('list', trust=('--cafile', self.ca(self.setup.tls)))

    def test_another_ca_is_not(self):
        self.is_not_trusted('unknown CA', '--cafile',
                            self.ca(self.another_ca()))

    def test_its_ca_does_not_vouch_for_another_name(self):
        other = self.path('other')
        other.mkdir()
        for name in ('ca.crt', 'ca.key'):
            (other / name).write_bytes((self.setup.tls / name).read_bytes())
        subprocess.run([ftlib.SOURCE / 'certs/make-certs', '-d', other,
                        'new', 'example.org'], check=True,
                       capture_output=True)
        self.replace_key(other)
        self.is_not_trusted('another host name', '--cafile', self.ca(other))

    def replace_key(self, folder):
        """Serve another certificate from now on."""
        for name in ('server.crt', 'server.key'):
            (self.setup.tls / name).write_bytes((folder / name).read_bytes())
        self.server.reload()
        self.server.wait_log('reloaded')

    def on_terminal(self, answer, code, *options):
        """Run `pwd` on a terminal, where it may ask; what it showed."""
        words = self.server.client_argv('pwd', trust=options)
        pid, terminal = pty.fork()
        if pid == 0:
            env = {**os.environ, 'HOME': str(self.server.home),
                   'SSL_CERT_FILE': '/dev/null', 'SSL_CERT_DIR': '/nowhere'}
            os.execve(words[0], list(map(str, words)), env)
        shown = b''
        while True:
            ready, _, _ = select.select([terminal], [], [], ftlib.LIMIT)
            self.assertTrue(ready, shown)
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
            if answer and b'?' in shown:
                os.write(terminal, answer)
                answer = b''
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]),
                         code, shown)
        return shown.decode()

    def test_an_unknown_key_is_not_trusted_without_a_terminal(self):
        self.is_not_trusted(re.escape(f'--pin {self.setup.pin}'))

    def test_a_person_is_asked_once_and_never_again(self):
        shown = self.on_terminal(b'yes\n', ftlib.OK)
        self.assertIn(self.setup.pin, shown)
        self.assertIn('/', shown.splitlines())
        self.assertNotIn('?', self.on_terminal(b'', ftlib.OK))
        self.run_client('list', trust=())
        self.assertEqual(len(self.logins()), 3)

    def test_no_is_no_and_is_asked_again(self):
        # Whatever else is typed, it is asked again.
        for answer in (b'no\n', b'\nno\n', b'y\nno\n', b'\x04'):
            with self.subTest(answer=answer):
                shown = self.on_terminal(answer, ftlib.EX_PROTOCOL)
                self.assertIn('?', shown)
        self.assertEqual(self.logins(), [])

    def test_a_changed_key_stops_it_cold(self):
        self.on_terminal(b'yes\n', ftlib.OK)
        old = self.setup.pin
        self.replace_key(self.another_ca())
        shown = self.on_terminal(b'', ftlib.EX_PROTOCOL)
        self.assertIn('CHANGED', shown)
        self.assertNotIn('?', shown)
        self.assertRegex(self.run_client('list', code=ftlib.EX_PROTOCOL,
                                         trust=()), 'CHANGED')
        self.run_client('list', code=ftlib.EX_PROTOCOL,
                        trust=('--pin', old))
        self.assertEqual(len(self.logins()), 1)

    def test_a_renewed_certificate_of_the_same_key_is_still_known(self):
        self.on_terminal(b'yes\n', ftlib.OK)
        subprocess.run([ftlib.SOURCE / 'certs/make-certs', '-d',
                        self.setup.tls, 'renew'], check=True,
                       capture_output=True)
        self.server.reload()
        self.server.wait_log('reloaded')
        self.run_client('list', trust=())


class Handshakes(TrustTest):
    def setUp(self):
        super().setUp()
        self.server.wire().close()

    def is_refused(self, alert, *options):
        """By an alert, with one line in the log; the server lives on."""
        lines = self.failures()
        done = subprocess.run(
            ['openssl', 's_client', '-connect',
             f'{self.server.address}:{self.server.port}', *options],
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=ftlib.LIMIT)
        self.assertRegex(done.stderr, rb'SSL alert number %d\n' % alert)
        self.assertNotEqual(done.returncode, 0)
        self.one_line_more(lines)

    def failures(self):
        return re.findall(r'TLS with \S+ failed: .*', self.server.log())

    def one_line_more(self, before):
        after = ftlib.wait_until(
            'the log tells of it',
            lambda: len(self.failures()) > len(before) and self.failures())
        self.server.wire().close()
        self.assertEqual(len(self.failures()), len(before) + 1, after)

    def test_another_alpn_is_refused(self):
        for alpn in ('http/1.1', 'ft/2', 'ft/11,h2'):
            self.is_refused(NO_APPLICATION_PROTOCOL, '-alpn', alpn)

    def test_no_alpn_is_refused(self):
        self.is_refused(NO_APPLICATION_PROTOCOL)

    def test_tls_1_2_is_refused_unless_allowed(self):
        version = ssl.TLSVersion.TLSv1_2
        self.is_refused(PROTOCOL_VERSION, '-alpn', 'ft/1', '-tls1_2')
        server = self.serve(self.set_up(sections={'tls': {'minimum': '1.2'}}))
        with server.wire(version=version) as wire:
            self.assertEqual(wire.tls.version(), 'TLSv1.2')
            wire.put('a', b'content')
            self.assertEqual(wire.get('a'), b'content')
            wire.close()
        with server.wire() as wire:
            self.assertEqual(wire.tls.version(), 'TLSv1.3')

    def test_tls_1_1_is_always_refused(self):
        self.server = self.serve(self.set_up(
            sections={'tls': {'minimum': '1.2'}}))
        for version in ('-tls1_1', '-tls1'):
            self.is_refused(PROTOCOL_VERSION, '-alpn', 'ft/1', version,
                            '-cipher', 'ALL:@SECLEVEL=0')

    def test_weak_ciphers_are_refused(self):
        server = self.serve(self.set_up(sections={'tls': {'minimum': '1.2'}}))
        for ciphers in ('AES128-SHA', 'AES128-GCM-SHA256', 'NULL', 'aNULL',
                        'ECDHE-ECDSA-AES128-SHA'):
            with self.subTest(ciphers=ciphers):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                context.set_alpn_protocols([ftwire.ALPN])
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(ciphers + ':@SECLEVEL=0')
                with socket.create_connection(
                        (server.address, server.port)) as connection:
                    with self.assertRaises(ssl.SSLError):
                        context.wrap_socket(connection)
        server.wire().close()

    def test_tls_1_2_is_not_renegotiated(self):
        server = self.serve(self.set_up(sections={'tls': {'minimum': '1.2'}}))
        done = subprocess.run(
            ['openssl', 's_client', '-connect',
             f'{server.address}:{server.port}', '-tls1_2', '-alpn', 'ft/1'],
            input=b'R\n', capture_output=True, timeout=ftlib.LIMIT)
        self.assertIn(b'Cipher    : ECDHE', done.stdout)
        self.assertRegex(done.stdout + done.stderr,
                         rb'no renegotiation|RENEGOTIATING')
        self.assertNotEqual(done.returncode, 0)
        server.wire().close()

    def test_what_is_no_tls_is_cut_off_with_one_line(self):
        for words in (b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
                      b'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
                      b'EHLO localhost\r\n', b'USER anonymous\r\n',
                      ftwire.encode_frame('HELLO', 0, {'VERSIONS': (1, 1)}),
                      b'\0' * 100, b'\xff' * 100000,
                      b'\x16\x03\x01\x02\x00' + os.urandom(512)):
            with self.subTest(words=words[:20]):
                lines = self.failures()
                with socket.create_connection(
                        (self.server.address, self.server.port)) as plain:
                    plain.settimeout(ftlib.LIMIT)
                    self.says_no_more_than_an_alert(plain, words)
                self.one_line_more(lines)

    def says_no_more_than_an_alert(self, plain, words):
        said = b''
        try:
            plain.sendall(words)
            while data := plain.recv(4096):
                said += data
        except (ConnectionResetError, BrokenPipeError):
            pass
        # A record of an alert: type, version, length, level, what.
        self.assertRegex(said, rb'(?s)\A(\x15\x03.\x00\x02..)?\Z')

    def test_a_connection_that_says_nothing_and_goes_is_no_failure(self):
        lines = self.failures()
        for _ in range(10):
            socket.create_connection(
                (self.server.address, self.server.port)).close()
        self.server.wire().close()
        self.assertEqual(self.failures(), lines)


if __name__ == '__main__':
    ftlib.main()
