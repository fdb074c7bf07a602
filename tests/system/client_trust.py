#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whom ftclient trusts, and with which words it refuses the rest.

Whatever is refused hears nothing: no hello, no name, no password.
"""

import os
import pty
import re
import select
import socket
import subprocess
import threading
import warnings

import ftlib
import ftpeer


class TrustTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.password_file = self.write('password', b'correct horse\n')
        self.password_file.chmod(0o600)
        self.home = self.folder / 'home'
        self.home.mkdir()
        self.known_hosts = self.home / '.local/state/ftclient/known_hosts'

    def peer(self, **options):
        peer = ftpeer.Peer(self.folder, {b'a': b'1'}, **options)
        peer.__enter__()
        self.addCleanup(peer.__exit__)
        return peer

    def argv(self, port, *options, host='127.0.0.1'):
        return [ftlib.program('ftclient'), *options, '--password-file',
                self.password_file, f'tester@{host}:{port}', 'list']

    def env(self, **more):
        return {**os.environ, 'HOME': str(self.home),
                'SSL_CERT_FILE': '/dev/null', 'SSL_CERT_DIR': '/nowhere',
                **more}

    def client(self, port, *options, code=0, env=None, **more):
        done = subprocess.run(self.argv(port, *options, **more),
                              capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=env or self.env())
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr.decode()

    def ask(self, port, answer, code):
        """Run it on a terminal, where it asks; what it showed."""
        pid, terminal = pty.fork()
        if pid == 0:
            argv = list(map(str, self.argv(port)))
            os.execve(argv[0], argv, self.env())
        shown = self.read_terminal(terminal, b'?')
        os.write(terminal, answer)
        shown += self.read_terminal(terminal)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]),
                         code, shown)
        return shown.decode()

    def read_terminal(self, terminal, up_to=None):
        shown = b''
        while up_to is None or up_to not in shown:
            ready, _, _ = select.select([terminal], [], [], ftlib.LIMIT)
            self.assertTrue(ready, shown)
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        return shown

    def make_ca(self, name='127.0.0.1'):
        tls = self.folder / 'tls'
        subprocess.run([ftlib.SOURCE / 'certs/make-certs', '-d', tls, 'new',
                        name], check=True, capture_output=True)
        return tls / 'ca.crt', (tls / 'server.crt', tls / 'server.key')


class Trust(TrustTest):
    def refused(self, words, peer, *options, **more):
        error = self.client(peer.port, *options, code=76, **more)
        self.assertRegex(error, words)
        self.assertRegex(error, r'\(trust\)\n$')
        self.assertEqual(peer.seen, [])
        return error

    def test_a_pin_is_enough(self):
        peer = self.peer()
        self.client(peer.port, '--pin', peer.pin)

    def test_a_pin_of_another_key_is_refused(self):
        peer = self.peer()
        other = ftpeer.pin_of(ftpeer.make_certificate(self.folder, 'o')[1])
        self.refused('another key than the pin', peer, '--pin', other)

    def test_a_pin_needs_its_form(self):
        peer = self.peer()
        self.client(peer.port, '--pin', 'sha256//short', code=64)

    def test_a_pin_outlives_the_certificate(self):
        peer = self.peer(certificate=self.expired())
        self.client(peer.port, '--pin', peer.pin)

    def expired(self):
        """`openssl req` takes no dates before version 3.4; `ca` does."""
        return self.dated('20200101000000Z', '20210101000000Z')

    def dated(self, begin, end):
        _, key = ftpeer.make_certificate(self.folder, 'dated')
        request, cert = self.folder / 'dated.csr', self.folder / 'dated.crt'
        config = self.write('ca.cnf', f'''
            [ca]
            default_ca = own
            [own]
            database = {self.folder}/index
            new_certs_dir = {self.folder}
            serial = {self.folder}/serial
            default_md = sha256
            policy = any
            copy_extensions = copy
            [any]
            commonName = supplied
            '''.encode())
        self.write('index', b'')
        self.write('serial', b'01\n')
        for words in (
                ['req', '-new', '-key', key, '-subj', '/CN=127.0.0.1',
                 '-addext', 'subjectAltName=IP:127.0.0.1', '-out', request],
                ['ca', '-batch', '-config', config, '-selfsign', '-keyfile',
                 key, '-in', request, '-out', cert, '-notext', '-startdate',
                 begin, '-enddate', end]):
            subprocess.run(['openssl', *words], check=True,
                           capture_output=True)
        return cert, key

    def test_a_ca_vouches_for_its_servers(self):
        ca, certificate = self.make_ca()
        peer = self.peer(certificate=certificate)
        self.client(peer.port, '--cafile', ca)

    def test_another_ca_does_not(self):
        peer = self.peer()
        ca, _ = self.make_ca()
        self.refused('self-signed', peer, '--cafile', ca)

    def test_an_unknown_ca_is_named_as_such(self):
        _, certificate = self.make_ca()
        peer = self.peer(certificate=certificate)
        other, _ = ftpeer.make_certificate(self.folder, 'other')
        self.refused('unknown CA', peer, '--cafile', other)

    def test_another_host_name_is_named_as_such(self):
        ca, certificate = self.make_ca('files.example.org')
        peer = self.peer(certificate=certificate)
        self.refused('another host name', peer, '--cafile', ca)

    def test_an_expired_certificate_is_named_as_such(self):
        cert, key = self.expired()
        peer = self.peer(certificate=(cert, key))
        self.refused('expired', peer, '--cafile', cert)

    def test_a_wrong_clock_is_thought_of(self):
        cert, key = self.dated('20900101000000Z', '20910101000000Z')
        peer = self.peer(certificate=(cert, key))
        self.refused('not valid yet.*clock', peer, '--cafile', cert)

    def test_a_ca_file_without_a_ca_is_refused(self):
        peer = self.peer()
        self.client(peer.port, '--cafile', self.write('empty', b''), code=78)
        self.client(peer.port, '--cafile', '/nowhere', code=66)

    def test_the_cas_of_the_system_are_trusted(self):
        ca, certificate = self.make_ca()
        peer = self.peer(certificate=certificate)
        self.client(peer.port, env=self.env(SSL_CERT_FILE=str(ca)))
        self.assertFalse(self.known_hosts.exists())

    def test_an_unknown_server_is_refused_with_the_pin_to_paste(self):
        peer = self.peer()
        error = self.refused('self-signed', peer)
        self.assertIn(f'--pin {peer.pin}', error)

    def test_a_server_that_was_trusted_once_is_known(self):
        peer = self.peer()
        shown = self.ask(peer.port, b'yes\n', 0)
        self.assertIn(peer.pin, shown)
        self.assertEqual(self.known_hosts.read_text(),
                         f'127.0.0.1:{peer.port} {peer.pin}\n')
        self.assertEqual(self.mode(self.known_hosts), 0o600)
        self.assertEqual(self.mode(self.known_hosts.parent), 0o700)
        self.client(peer.port)

    def test_no_is_no(self):
        peer = self.peer()
        self.ask(peer.port, b'no\n', 76)
        self.assertFalse(self.known_hosts.exists())
        self.assertEqual(peer.seen, [])

    def test_only_whole_words_are_an_answer(self):
        peer = self.peer()
        shown = self.ask(peer.port, b'y\n' + b'x' * 99 + b'\nyes\n', 0)
        self.assertEqual(shown.count('Please type yes or no: '), 2)

    def test_a_changed_key_stops_cold(self):
        peer = self.peer()
        other = ftpeer.pin_of(ftpeer.make_certificate(self.folder, 'o')[1])
        file = self.write('known', f'# mine\n127.0.0.1:{peer.port} {other}\n'
                          .encode())
        said = self.refused(f'CHANGED.*{file}:2', peer, '--known-hosts', file)
        self.assertIn(f'was  {other}\n    now is  {peer.pin}\n', said)
        forget = re.search(r'sed -i 2d \S+', said)[0]
        subprocess.run(forget, shell=True, check=True)
        self.assertEqual(file.read_text(), '# mine\n')

    def test_another_port_is_another_server(self):
        peer = self.peer()
        file = self.write('known', f'127.0.0.1:1 {peer.pin}\n'.encode())
        self.refused('not known', peer, '--known-hosts', file)

    def test_another_alpn_is_refused(self):
        peer = self.peer(alpn='http/1.1')
        self.refused('not ft/1', peer, '--pin', peer.pin)

    def test_tls_1_2_is_spoken_with_each_of_its_ciphers(self):
        peer = self.peer()
        peer.context.maximum_version = ftpeer.ssl.TLSVersion.TLSv1_2
        for cipher in ('ECDHE-ECDSA-AES128-GCM-SHA256',
                       'ECDHE-ECDSA-AES256-SHA384',
                       'ECDHE-ECDSA-CHACHA20-POLY1305'):
            with self.subTest(cipher=cipher):
                peer.context.set_ciphers(cipher)
                self.client(peer.port, '--pin', peer.pin)

    def test_tls_1_1_is_refused(self):
        peer = self.peer()
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)
            peer.context.minimum_version = ftpeer.ssl.TLSVersion.TLSv1_1
            peer.context.maximum_version = ftpeer.ssl.TLSVersion.TLSv1_1
        peer.context.set_ciphers('ALL:@SECLEVEL=0')
        self.refused('TLS', peer, '--pin', peer.pin)


class ShowKey(TrustTest):
    def show(self, peer, *options, code=0, host='127.0.0.1'):
        done = subprocess.run(
            [ftlib.program('ftclient'), *options, '--show-key',
             f'{host}:{peer.port}'], capture_output=True, timeout=60,
            stdin=subprocess.DEVNULL, env=self.env())
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(peer.seen, [])
        self.assertNotIn(b'\x1b', done.stdout)
        return done.stdout.decode()

    def openssl(self, cert, *what):
        return subprocess.run(['openssl', 'x509', '-in', cert, '-noout',
                               *what], check=True, capture_output=True,
                              text=True).stdout

    def test_all_of_the_certificate_is_shown(self):
        ca, (cert, key) = self.make_ca()
        peer = self.peer(certificate=(cert, key))
        text = self.show(peer, '--cafile', ca)
        self.assertIn(f'pin:         {peer.pin}\n', text)
        print_ = self.openssl(cert, '-fingerprint', '-sha256').split('=')[1]
        self.assertIn('fingerprint: SHA256:' + print_, text)
        self.assertRegex(text, 'for: +127.0.0.1\n')
        self.assertRegex(text, 'subject: +O=ftserver\n')
        self.assertRegex(text, 'issuer: +.*CN=')
        self.assertRegex(text, r'valid: +20\d\d-.* to 20\d\d-')
        self.assertRegex(text, 'trusted: +yes: a CA vouches')

    def test_an_unknown_key_is_no_failure_and_is_not_kept(self):
        peer = self.peer()
        text = self.show(peer)
        self.assertRegex(text, 'trusted: +not yet.*\n +.*self-signed')
        self.assertFalse(self.known_hosts.exists())

    def test_a_known_key_is_told_with_its_line(self):
        peer = self.peer()
        file = self.write('known', f'\n127.0.0.1:{peer.port} {peer.pin}\n'
                          .encode())
        self.assertIn(f'yes: it is known, in {file}:2\n',
                      self.show(peer, '--known-hosts', file))

    def test_another_key_than_the_trusted_one_fails(self):
        peer = self.peer()
        other = ftpeer.pin_of(ftpeer.make_certificate(self.folder, 'o')[1])
        file = self.write('known', f'127.0.0.1:{peer.port} {other}\n'
                          .encode())
        text = self.show(peer, '--known-hosts', file, code=76)
        self.assertIn(f'ANOTHER KEY IS KNOWN, in {file}:1\n', text)
        self.assertRegex(text, f'known key: +{re.escape(other)}\n')
        self.assertIn(peer.pin, self.show(peer, '--pin', other, code=76))
        self.show(peer, '--pin', peer.pin)
        ca, _ = self.make_ca()
        self.assertIn('no: no CA', self.show(peer, '--cafile', ca, code=76))

    def test_a_subject_cannot_steer_the_terminal(self):
        key, cert = self.folder / 'k', self.folder / 'c'
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out',
             cert, '-subj', '/CN=a\x1b]0;b\x9bc', '-utf8'], check=True,
            capture_output=True)
        text = self.show(self.peer(certificate=(cert, key)))
        self.assertRegex(text, r'subject: +CN=a\\e\]0;b')

    def test_who_is_not_there_is_told_as_ever(self):
        peer = self.peer()
        self.show(peer, host='no..such.host', code=68)
        self.show(peer, '--known-hosts', '/', code=66)
        done = subprocess.run([ftlib.program('ftclient'), '--show-key', 'a',
                               'list'], capture_output=True)
        self.assertEqual(done.returncode, 64)


class Places(TrustTest):
    def listen(self, serve):
        listener = socket.create_server(('127.0.0.1', 0))

        def run():
            connection, _ = listener.accept()
            with connection:
                serve(connection)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 60)
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def test_what_speaks_no_tls_is_named_as_such(self):
        def serve(connection):
            connection.sendall(b'SSH-2.0-OpenSSH_9.2\r\n')
            connection.recv(4096)
        error = self.client(self.listen(serve), code=76)
        self.assertIn('does not speak TLS', error)

    def test_a_server_that_hangs_up_is_unreachable(self):
        error = self.client(self.listen(lambda c: c.recv(1)), code=69)
        self.assertIn('(unreachable)', error)

    def test_a_refused_connection_is_named_as_such(self):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            error = self.client(free.getsockname()[1], code=69)
        self.assertIn('connection refused', error)

    def test_an_unknown_host_is_named_as_such(self):
        self.client(4433, host='no..such.host', code=68)

    def test_a_password_file_that_others_can_read_is_refused(self):
        self.password_file.chmod(0o644)
        peer = self.peer()
        error = self.client(peer.port, '--pin', peer.pin, code=78)
        self.assertIn('chmod 600', error)
        self.assertEqual(peer.names('LOGIN'), [])


if __name__ == '__main__':
    ftlib.main()
