#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ftclient against a server that lies, breaks the protocol, or goes away."""

import os
import pathlib
import re
import struct
import subprocess
import sys

import ftlib
import ftpeer
import ftwire

MIB = 1 << 20
# A sanitizer's own memory says nothing of the client's.
SANITIZED = any(
    sign in pathlib.Path(ftlib.program('ftclient')).read_bytes()
    for sign in (b'__asan_init', b'__tsan_init'))
# What is started by a large process has had its memory, so a small one does it.
MEASURE = """if True:
    import os, sys
    pid = os.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    _, how, usage = os.wait4(pid, 0)
    with open(sys.argv[1], 'w') as file:
        file.write(str(usage.ru_maxrss))
    sys.exit(os.waitstatus_to_exitcode(how) % 256)
"""


class ClientTest(ftlib.Test):
    PEAK = 64 * MIB     # of memory, whatever a server sends

    def setUp(self):
        super().setUp()
        self.password_file = self.write('password', b'correct horse\n')
        self.password_file.chmod(0o600)
        self.peak_file = self.folder / 'peak'
        self.home = self.folder / 'home'
        self.work = self.folder / 'work'
        self.home.mkdir()
        self.work.mkdir()

    def peer(self, files=None, **options):
        peer = ftpeer.Peer(self.folder, files, **options)
        peer.__enter__()
        self.addCleanup(self.end, peer)
        return peer

    def end(self, peer):
        peer.__exit__()
        self.assertEqual(peer.errors, [])

    def run_client(self, peer, *words, code=0, options=None, host='127.0.0.1',
                   input=None, timeout=60):
        """Run ftclient in self.work; whatever it says is fit to be shown."""
        options = ['--pin', peer.pin] if options is None else options
        done = subprocess.run(
            [sys.executable, '-S', '-E', '-c', MEASURE, self.peak_file,
             ftlib.program('ftclient'), '--retries', '0', *options,
             '--password-file', self.password_file,
             f'tester@{host}:{peer.port}', *words],
            cwd=self.work, capture_output=True, timeout=timeout,
            input=input or b'',
            env={**os.environ, 'HOME': str(self.home), 'TZ': 'UTC'})
        if code is not None:
            self.assertEqual(done.returncode, code,
                             (done.stdout, done.stderr))
        self.assertNotRegex(done.stderr, rb'[\x00-\x09\x0b-\x1f\x7f]')
        self.assertNotIn(b'Sanitizer', done.stderr)
        self.check_peak()
        return done

    def check_peak(self):
        """The client has never had more memory than it may."""
        self.peak = int(self.peak_file.read_text()) * 1024
        if os.environ.get('FT_SHOW_PEAK'):
            print(f'peak: {self.peak >> 10} KiB', flush=True)
        if not SANITIZED:
            self.assertLess(self.peak, self.PEAK)

    def local_files(self):
        return sorted(os.listdir(os.fsencode(self.work)))


class Hostile(ClientTest):
    def get_is_refused(self, handler, code, words):
        """The get fails so, and leaves nothing behind."""
        peer = self.peer()
        peer.on['GET'] = handler
        done = self.run_client(peer, 'get', 'a', code=code)
        self.assertRegex(done.stderr, words)
        self.assertEqual(self.local_files(), [])
        return peer

    def test_a_listing_never_shows_a_raw_control_byte(self):
        peer = self.peer({b'a\x1b[2Jb': b'', b'new\nline': b'',
                          b'\xff\xfe': b'', 'ü'.encode(): b'',
                          'turn\u202e'.encode(): b''})
        done = self.run_client(peer, 'list')
        self.assertNotRegex(done.stdout, rb'[\x00-\x09\x0b-\x1f\x7f]')
        self.assertIn(rb'a\e[2Jb', done.stdout)
        self.assertIn(rb'new\nline', done.stdout)
        self.assertIn(rb'\xff\xfe', done.stdout)
        self.assertIn('ü'.encode(), done.stdout)
        self.assertNotIn('\u202e'.encode(), done.stdout)
        self.assertEqual(done.stdout.count(b'\n'), 5)

    def test_an_error_text_never_shows_a_raw_control_byte(self):
        peer = self.peer()
        peer.on['GET'] = lambda s, f: s.error(
            f.id, 'not-found', b'\x1b]0;owned\x07 gone\r\n')
        done = self.run_client(peer, 'get', 'a', code=66)
        self.assertEqual(done.stderr.count(b'\n'), 1)
        self.assertIn(rb'\e]0;owned\x07 gone\r\n', done.stderr)

    def test_a_folder_never_shows_a_raw_control_byte(self):
        name = b'a\x1b[2Jb\n\x9b\x07'
        peer = self.peer({b'tree/' + name: b'x'})
        peer.on['STAT'] = lambda s, f: s.ok(
            f, ENTRY=ftpeer.entry(b'tree', kind='d'))

        def find(session, frame):
            session.send('ENTRIES', frame.id, ftpeer.row(
                ftpeer.entry(name, 1), ftpeer.entry(b'gone' + name, 1)))
            session.ok(frame, COUNT=2)
        peer.on['FIND'] = find
        for words in ('get', '-rn'), ('get', '-r'), ('-v', 'get', '-r'):
            options = ['--pin', peer.pin, *words[:-2]]
            done = self.run_client(peer, *words[-2:], 'tree', code=None,
                                   options=options)
            for text in done.stdout, done.stderr:
                self.assertNotRegex(text, rb'[\x00-\x09\x0b-\x1f\x7f\x9b]')
            self.assertIn(rb'a\e[2Jb\n', done.stdout + done.stderr)
        self.assertEqual(done.returncode, 66)
        self.assertEqual(os.listdir(os.fsencode(self.work / 'tree')), [name])

    def test_names_that_lead_elsewhere_are_no_names(self):
        for name in (b'../x', b'/etc/passwd', b'..', b'.', b'', b'a\0b',
                     b'n' * 256):
            with self.subTest(name=name):
                peer = self.peer()
                peer.on['LIST'] = lambda s, f: s.send(
                    'ENTRIES', f.id, ftpeer.row(ftpeer.entry(name)))
                done = self.run_client(peer, 'list', code=76)
                self.assertEqual(done.stdout, b'')

    def test_a_cut_entry_breaks_the_listing_off(self):
        peer = self.peer()
        peer.on['LIST'] = lambda s, f: s.send(
            'ENTRIES', f.id, ftpeer.row(ftpeer.entry(b'abc'))[:-1])
        self.run_client(peer, 'list', code=76)

    def test_a_count_that_is_wrong_is_noticed(self):
        peer = self.peer()
        peer.on['LIST'] = lambda s, f: s.ok(f, COUNT=1)
        self.run_client(peer, 'list', code=76)

    def test_an_oversized_frame_ends_it_before_it_is_read(self):
        for type_, length in (('DATA', 262153), ('OK', 65537),
                              ('ENTRIES', 2**32 - 1), ('DATA', 2**31)):
            with self.subTest(type=type_, length=length):
                self.get_is_refused(
                    lambda s, f: s.send(type_, f.id, b'x', length=length),
                    76, rb'over the limit')

    def test_flags_from_a_server_are_a_broken_protocol(self):
        self.get_is_refused(lambda s, f: s.send('OK', f.id, flags=1), 76,
                            rb'flags')
        self.get_is_refused(lambda s, f: s.send('OK', f.id, reserved=1), 76,
                            rb'flags')

    def test_unknown_and_unasked_frames_are_a_broken_protocol(self):
        for type_, id_ in ((0x99, None), ('OK', 4711), ('LIST', None),
                           ('DATA', 0), ('HELLO', 0), ('CHALLENGE', None),
                           ('ENTRIES', None)):
            with self.subTest(type=type_, id=id_):
                self.get_is_refused(
                    lambda s, f: s.send(type_, f.id if id_ is None else id_),
                    76, rb'\(protocol\)')

    def test_malformed_fields_are_a_broken_protocol(self):
        good = {'SIZE': 1, 'MODE': 0o644, 'MTIME': (0, 0),
                'VERSION_NOW': b'v' * 16}
        encoded = ftwire.encode_fields(good)
        for payload in (
                encoded[:-1], encoded + b'\0',
                ftwire.encode_field('MODE', 1) + ftwire.encode_field('SIZE', 1),
                ftwire.encode_fields({**good, 'SIZE': b'1'}),
                ftwire.encode_fields({**good, 'MTIME': (0, 10**9)}),
                ftwire.encode_fields({**good, 0x7fff: b'what'}),
                ftwire.encode_fields({'SIZE': 1})):
            with self.subTest(payload=payload):
                self.get_is_refused(
                    lambda s, f: s.send('BEGUN', f.id, payload), 76,
                    rb'\(protocol\)')

    def test_unknown_optional_fields_are_skipped(self):
        peer = self.peer()
        peer.on['RM'] = lambda s, f: s.send(
            'OK', f.id, ftwire.encode_fields({0x9000: b'later'}))
        self.run_client(peer, 'rm', 'a')

    def test_endless_data_stops_at_the_size_that_was_announced(self):
        def handler(session, frame):
            session.begin(frame, MIB)
            for n in range(10**9):
                session.data(frame, n * 65536, bytes(65536))
        self.get_is_refused(handler, 76, rb'behind the end')

    def test_data_before_the_beginning_is_refused(self):
        self.get_is_refused(lambda s, f: s.data(f, 0, b'x'), 76, rb'none can')

    def test_data_that_goes_back_is_refused(self):
        def handler(session, frame):
            session.begin(frame, 10)
            session.data(frame, 0, b'abc')
            session.data(frame, 2, b'd')
        self.get_is_refused(handler, 76, rb'out of order')

    def test_an_offset_that_wraps_is_refused(self):
        def handler(session, frame):
            session.begin(frame, 10)
            session.data(frame, 2**64 - 1, b'abc')
        self.get_is_refused(handler, 76, rb'out of order|behind the end')

    def test_empty_data_is_refused(self):
        def handler(session, frame):
            session.begin(frame, 10)
            session.data(frame, 0, b'')
        self.get_is_refused(handler, 76, rb'\(protocol\)')

    def test_a_size_beyond_all_disks_is_refused(self):
        def handler(session, frame):
            session.begin(frame, 2**64 - 1)
            session.error(frame.id, 'cancelled', 'cancelled')
        self.get_is_refused(handler, 74, rb'too large')

    def test_a_wrong_digest_leaves_no_file(self):
        def handler(session, frame):
            session.begin(frame, 3)
            session.data(frame, 0, b'abc')
            session.end(frame, 3, b'd' * 16)
        self.get_is_refused(handler, 65, rb'digest')

    def test_a_wrong_digest_leaves_the_old_file(self):
        (self.work / 'a').write_bytes(b'old')
        peer = self.peer()

        def handler(session, frame):
            session.begin(frame, 3)
            session.data(frame, 0, b'abc')
            session.end(frame, 3, b'd' * 16)
        peer.on['GET'] = handler
        self.run_client(peer, 'get', 'a', code=65)
        self.assertEqual((self.work / 'a').read_bytes(), b'old')
        self.assertEqual(self.local_files(), [b'a'])

    def test_a_get_that_is_cut_leaves_nothing(self):
        def handler(session, frame):
            session.begin(frame, 3)
            session.data(frame, 0, b'ab')
            session.cut()
        self.get_is_refused(handler, 69, rb'\(unreachable\)')

    def test_the_end_of_the_stream_is_not_the_end_of_the_file(self):
        def handler(session, frame):
            session.begin(frame, 3)
            session.data(frame, 0, b'abc')
            session.tls.unwrap()
            raise EOFError
        self.get_is_refused(handler, 69, rb'closed the connection')

    def test_an_error_in_mid_get_leaves_nothing(self):
        def handler(session, frame):
            session.begin(frame, 3)
            session.data(frame, 0, b'ab')
            session.error(frame.id, 'changed', 'a: the file changed', 1)
        self.get_is_refused(handler, 75, rb'changed')

    def test_a_receipt_for_other_content_is_no_success(self):
        (self.work / 'a').write_bytes(b'abc')
        peer = self.peer()
        peer.on['COMMIT'] = lambda s, f: s.receipt(f.id, b'abd')
        done = self.run_client(peer, 'put', 'a', code=65)
        self.assertEqual(done.stdout, b'')

    def test_a_put_that_is_refused_stops_early(self):
        size = 512 * MIB
        with open(self.work / 'a', 'wb') as file:
            file.truncate(size)
            for at in range(0, size, 4096):
                os.pwrite(file.fileno(), b'x', at)
        peer = self.peer()

        def handler(session, frame):
            session.puts[frame.id] = [b'a', None]
            session.error(frame.id, 'quota', 'over quota', 3)
        peer.on['PUT'] = handler
        done = self.run_client(peer, input=b'-put a\nlist\n')
        self.assertIn(b'over quota (quota)', done.stderr)
        self.assertLess(len(peer.names('DATA')), size // 262144 // 2)
        self.assertEqual([f.name for f in peer.seen if f.name != 'DATA'],
                         ['HELLO', 'LOGIN', 'PUT', 'ABORT', 'LIST'])

    def test_a_server_that_stops_says_so(self):
        peer = self.peer()

        def handler(session, frame):
            session.error(0, 'stopping', 'the server is shutting down', 1)
            session.tls.unwrap()
            raise EOFError
        peer.on['LIST'] = handler
        done = self.run_client(peer, 'list', code=75)
        self.assertIn(b'shutting down', done.stderr)

    def test_a_busy_server_is_asked_again(self):
        peer = self.peer({b'a': b'abc'})
        refused = []

        def busy(session, frame):
            if len(refused) < 2:
                refused.append(frame)
                session.error(frame.id, 'busy', 'busy', 2, WAIT=1)
            else:
                peer.login(session, frame)
        peer.on['LOGIN'] = busy
        self.run_client(peer, 'get', 'a')
        self.assertEqual(len(refused), 2)

    def busy_once(self, peer, name, path):
        """The peer is busy when it is asked for that path at first."""
        honest, refused = peer.on[name], []

        def handler(session, frame):
            if frame.fields['PATH'] == path and not refused:
                refused.append(frame)
                session.error(frame.id, 'busy', 'busy', 2, WAIT=1)
            else:
                honest(session, frame)
        peer.on[name] = handler

    def test_what_was_done_before_it_was_busy_is_not_done_again(self):
        peer = self.peer({b'a': b'abc', b'b': b'def'})
        self.busy_once(peer, 'GET', b'b')
        self.assertEqual(self.run_client(peer, 'cat', 'a', 'b').stdout,
                         b'abcdef')
        self.busy_once(peer, 'RM', b'b')
        self.run_client(peer, 'rm', 'a', 'b')
        self.assertEqual(peer.files, {})
        self.assertEqual([f.fields['PATH'] for f in peer.names('RM')],
                         [b'a', b'b', b'b'])

    def test_an_append_to_a_busy_server_is_not_repeated(self):
        peer = self.peer({b'a': b'abc'})

        def append(session, frame):
            session.puts[frame.id] = [None, None]
            session.error(frame.id, 'busy', 'busy', 2, WAIT=1)
        peer.on['APPEND'] = append
        done = self.run_client(peer, 'append', '-', 'a', input=b'd', code=75)
        self.assertIn(b'busy', done.stderr)
        self.assertEqual(len(peer.names('APPEND')), 1)

    def test_a_server_that_has_no_room_is_dialled_again(self):
        peer = self.peer({b'a': b'abc'})

        def full(session, frame):
            if peer.connections == 1:
                session.error(0, 'busy', 'too many sessions', 2, WAIT=1)
                session.tls.unwrap()
                raise EOFError
            session.send('HELLO', 0, ftpeer.HELLO)
        peer.on['HELLO'] = full
        self.run_client(peer, 'get', 'a')
        self.assertEqual(peer.connections, 2)

    def test_a_wrong_password_is_told_once(self):
        peer = self.peer(password='other')
        done = self.run_client(peer, 'list', code=77)
        self.assertIn(b'(login-refused)', done.stderr)
        self.assertNotIn(b'correct horse', done.stderr)
        self.assertEqual(len(peer.names('LOGIN')), 1)

    def test_a_hello_that_allows_nothing_is_refused(self):
        peer = self.peer()
        peer.on['HELLO'] = lambda s, f: s.send(
            'HELLO', 0, {**ftpeer.HELLO, 'MAX_DATA': 8})
        self.run_client(peer, 'list', code=76)

    def test_the_holder_of_a_lock_is_shown_once(self):
        for text, shown in (
                ('a: in use', b'a: in use, held by al\\e[m (session 3) ('),
                ('a: locked by al\x1b[m (session 3)',
                 b'a: locked by al\\e[m (session 3) (')):
            peer = self.peer()
            peer.on['RM'] = lambda s, f: s.error(
                f.id, 'locked', text, 1, HOLDER='al\x1b[m (session 3)')
            done = self.run_client(peer, 'rm', 'a', code=75)
            self.assertIn(shown, done.stderr)

    def test_what_an_old_server_lacks_is_told_and_not_asked_for(self):
        (self.work / 'a').write_bytes(b'content')
        for features in 0, 2, None:
            peer = self.peer()
            peer.on['HELLO'] = lambda s, f: s.send('HELLO', 0, {
                key: value for key, value in
                {**ftpeer.HELLO, 'FEATURES': features}.items()
                if value is not None})
            for words in (['lock', 'a'], ['locks'], ['append', 'a', 'b'],
                          ['truncate', 'a', '3'], ['cp', 'a', 'b'], ['find'],
                          ['sum', 'a'], ['uploads'], ['touch', 'a'], ['du'],
                          ['df'], ['mkdir', '-p', 'a/b'], ['rm', '-r', 'a'],
                          ['get', '--wait', '3', 'a'],
                          ['put', '-r', '--atomic', '.'],
                          ['put', '--offset', '3', 'a']):
                before = len(peer.seen)
                done = self.run_client(peer, *words, code=76)
                self.assertIn(b'the server does not offer `%s`'
                              % words[0].encode(), done.stderr)
                self.assertEqual({f.name for f in peer.seen[before:]},
                                 {'HELLO', 'LOGIN'})
            self.run_client(peer, 'put', 'a')

    def test_what_the_server_allows_is_kept(self):
        (self.work / 'a').write_bytes(os.urandom(10000))
        peer = self.peer()
        peer.on['HELLO'] = lambda s, f: s.send(
            'HELLO', 0, {**ftpeer.HELLO, 'MAX_DATA': 1008})
        self.run_client(peer, 'put', 'a')
        self.assertEqual(peer.files[b'a'], (self.work / 'a').read_bytes())
        self.assertLessEqual(
            max(len(f.payload) for f in peer.names('DATA')), 1008)


class Revived(ClientTest):
    """The connection is lost in mid-put, and made again."""

    def setUp(self):
        super().setUp()
        (self.work / 'f').write_bytes(b'content')

    def losing(self, times=1, after=None):
        """A peer that is gone at each of the first commits."""
        peer = self.peer({b'x': b'precious'})
        honest, lost = peer.on['COMMIT'], []

        def commit(session, frame):
            if len(lost) < times:
                lost.append(frame)
                if after is not None:
                    after(session, frame)
                session.cut()
            honest(session, frame)
        peer.on['COMMIT'] = commit
        return peer

    def run_batch(self, peer, batch, code):
        return self.run_client(
            peer, input=batch, code=code,
            options=['--pin', peer.pin, '--retries', '2'])

    def test_it_goes_on_in_its_folder(self):
        peer = self.losing()
        self.run_batch(peer, b'cd d\nput f\n', 0)
        self.assertEqual(len(peer.names('CD')), 2)
        self.assertEqual(peer.files[b'f'], b'content')

    def test_nothing_is_done_in_another_folder(self):
        peer = self.losing()

        def enter(session, frame):
            if peer.connections == 1:
                session.ok(frame, PATH=b'/d')
            else:
                session.error(frame.id, 'not-found', 'no such folder')
        peer.on['CD'] = enter
        self.run_batch(peer, b'cd d\n-put f\n-rm x\nrm x\n',
                       ftlib.EX_UNAVAILABLE)
        self.assertEqual(peer.connections, 2)
        self.assertEqual(peer.names('RM'), [])


    def test_a_session_with_locks_ends_with_its_connection(self):
        peer = self.losing()
        peer.on['LOCK'] = lambda session, frame: session.ok(frame)
        done = self.run_batch(peer, b'lock x\n-put f\nrm x\n',
                              ftlib.EX_UNAVAILABLE)
        self.assertIn(b'what this session locked is free again', done.stderr)
        self.assertEqual(peer.connections, 1)
        self.assertEqual(peer.names('RM'), [])

    def test_what_may_have_been_stored_is_not_put_on_a_condition_again(self):
        def store(session, frame):
            peer.files[b'f'] = b'content'
        for words in (['--taken', 'fresh'], ['--taken', 'refuse'],
                      ['--if-absent'], ['--if-version', '76' * 16]):
            peer = self.losing(after=store)
            done = self.run_client(
                peer, 'put', *words, 'f', code=ftlib.EX_UNAVAILABLE,
                options=['--pin', peer.pin, '--retries', '2'])
            self.assertIn(b'it may have been stored', done.stderr)
            self.assertEqual(len(peer.names('PUT')), 1)
        peer = self.losing(after=store)
        self.run_client(peer, 'put', '--taken', 'replace', 'f',
                        options=['--pin', peer.pin, '--retries', '2'])
        self.assertEqual(len(peer.names('PUT')), 2)

    def test_a_request_that_is_given_up_is_not_asked_for_ever(self):
        peer = self.peer({b'a': b'abc'})

        def give_up(session, frame):
            session.puts[frame.id] = [None, None]
            session.error(frame.id, 'timeout', 'it took too long', 1)
        peer.on.update(GET=give_up, PUT=give_up, MKDIR=give_up)
        (self.work / 'd').mkdir()
        for name, words in (('GET', ['get', 'a', 'b']), ('PUT', ['put', 'f']),
                            ('MKDIR', ['put', '-r', 'd'])):
            done = self.run_client(
                peer, *words, code=None,
                options=['--pin', peer.pin, '--retries', '1'])
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b'it took too long', done.stderr)
            self.assertEqual(len(peer.names(name)), 2)


class Endless(ClientTest):
    """A list that goes on for ever is not kept for ever."""

    def setUp(self):
        super().setUp()
        (self.work / 'tree').mkdir()
        (self.work / 'tree/a').write_bytes(b'content')

    def endless(self, session, frame, names):
        rows = ftpeer.row(*(ftpeer.entry(name) for name in names))
        self.assertLessEqual(len(rows), 65536)
        for _ in range(10**9):
            session.send('ENTRIES', frame.id, rows)

    def get_is_refused(self, names):
        peer = self.peer()
        peer.on['STAT'] = lambda session, frame: session.ok(
            frame, ENTRY=ftpeer.entry(b'tree', kind='d'))
        peer.on['FIND'] = lambda session, frame: self.endless(
            session, frame, names)
        done = self.run_client(peer, 'get', '-r', 'tree', 'new', code=76,
                               timeout=ftlib.LIMIT)
        self.assertRegex(done.stderr, rb'more than \d+ files, or \d+ bytes')
        self.assertEqual(self.local_files(), [b'tree'])

    def test_of_files(self):
        self.get_is_refused([b'a'] * 1000)

    def test_of_long_paths(self):
        self.get_is_refused([b'/'.join([b'n' * 255] * 15)] * 15)


class Batches(ClientTest):
    def setUp(self):
        super().setUp()
        for name in 'abcd':
            (self.work / name).write_bytes(name.encode())

    def batch(self, peer, text, **options):
        return self.run_client(peer, input=text.encode(), **options)

    def test_puts_in_a_row_do_not_wait_for_each_other(self):
        peer = self.peer()
        waiting = []

        def commit(session, frame):
            waiting.append(frame)
            if len(waiting) == 4:
                for one in waiting:
                    ftpeer.Peer.commit(peer, session, one)
        peer.on['COMMIT'] = commit
        done = self.batch(peer, 'put a\nput b\nput c\nput d x\n')
        self.assertEqual(done.stdout.split(b'\n'), [
            b'put a 1 bytes', b'put b 1 bytes', b'put c 1 bytes',
            b'put x 1 bytes', b''])
        self.assertEqual([f.flags for f in peer.names('PUT')], [0, 1, 1, 1])

    def test_nothing_happens_behind_a_failure(self):
        peer = self.peer()
        peer.folders.add(b'b')
        done = self.batch(peer, 'put a\nput b\nput c\n', code=66)
        self.assertEqual(set(peer.files), {b'a'})
        self.assertEqual(done.stdout, b'put a 1 bytes\n')
        self.assertIn(b'b: is a folder (is-a-folder)', done.stderr)

    def test_nothing_happens_behind_a_missing_file(self):
        peer = self.peer()
        done = self.batch(peer, 'put a\nput missing\nput c\n', code=66)
        self.assertEqual(set(peer.files), {b'a'})
        self.assertIn(b'missing', done.stderr)
        self.assertEqual(done.stdout, b'put a 1 bytes\n')

    def test_a_line_that_may_fail_does_not_stop_the_rest(self):
        peer = self.peer()
        peer.folders.add(b'b')
        done = self.batch(peer, 'put a\n-put b\nput c\n-rm nothing\nput d\n')
        self.assertEqual(set(peer.files), {b'a', b'c', b'd'})
        self.assertEqual(done.stderr.count(b'\n'), 2)

    def test_a_failure_before_one_that_may_fail_still_counts(self):
        peer = self.peer()
        peer.folders.add(b'a')
        self.batch(peer, 'put a\n-put b\nput c\n', code=66)
        self.assertEqual(peer.files, {})

    def test_a_put_to_a_folder_goes_into_it(self):
        peer = self.peer()
        peer.folders.add(b'sub')
        done = self.batch(peer, 'put a\nput b sub\nput c\nput d other/\n')
        self.assertEqual(set(peer.files), {b'a', b'sub/b', b'c', b'other/d'})
        self.assertEqual(done.stdout.split(b'\n')[:4], [
            b'put a 1 bytes', b'put sub/b 1 bytes', b'put c 1 bytes',
            b'put other/d 1 bytes'])

    def test_other_commands_wait_for_the_puts_before_them(self):
        peer = self.peer()
        done = self.batch(peer, 'put a\nlist\n')
        self.assertRegex(done.stdout, rb'put a 1 bytes\n.* a\n')

    def test_comments_blanks_and_quotes_are_read_as_a_shell_does(self):
        (self.work / 'two words').write_bytes(b'2')
        peer = self.peer()
        self.batch(peer, '# a comment\n\n  put "two words" x\\ y # more\n')
        self.assertEqual(peer.files, {b'x y': b'2'})

    def test_an_unknown_command_is_told_with_the_nearest(self):
        peer = self.peer()
        done = self.batch(peer, 'put a\nlits\nput b\n', code=64)
        self.assertIn(b'did you mean `list`', done.stderr)
        self.assertEqual(set(peer.files), {b'a'})

    def test_quit_ends_the_batch(self):
        peer = self.peer()
        self.batch(peer, 'put a\nquit\nput b\n')
        self.assertEqual(set(peer.files), {b'a'})

    def test_a_batch_file_is_run_like_standard_input(self):
        peer = self.peer()
        (self.work / 'batch').write_text('put a\nput b')
        self.run_client(peer, options=['--pin', peer.pin, '-q', '-b',
                                       self.work / 'batch'])
        self.assertEqual(set(peer.files), {b'a', b'b'})

    def test_a_thousand_puts_in_a_row_arrive(self):
        peer = self.peer()
        self.batch(peer, ''.join(f'put a n{n}\n' for n in range(1500)))
        self.assertEqual(len(peer.files), 1500)


class Transfers(ClientTest):
    def test_content_comes_back_as_it_went(self):
        for size in (0, 1, 8192, 262144, 262145, 3 * MIB + 7):
            with self.subTest(size=size):
                content = os.urandom(size)
                (self.work / 'a').write_bytes(content)
                peer = self.peer()
                self.run_client(peer, 'put', 'a', 'b')
                self.assertEqual(peer.files, {b'b': content})
                self.run_client(peer, 'get', 'b', 'c')
                self.assertEqual((self.work / 'c').read_bytes(), content)
                os.unlink(self.work / 'c')

    def test_holes_stay_holes(self):
        size = 64 * MIB
        with open(self.work / 'a', 'wb') as file:
            file.truncate(size)
            os.pwrite(file.fileno(), b'middle', 32 * MIB)
        peer = self.peer()

        def get(session, frame):
            session.begin(frame, size)
            session.data(frame, 32 * MIB, b'middle')
            session.end(frame, size, ftwire.digest(peer.files[b'a']))
        peer.on['GET'] = get
        self.run_client(peer, 'put', 'a')
        self.assertLess(sum(len(f.payload) for f in peer.names('DATA')), MIB)
        self.run_client(peer, 'get', 'a', 'b')
        self.assertEqual((self.work / 'b').read_bytes(), peer.files[b'a'])
        self.assertLess((self.work / 'b').stat().st_blocks * 512, MIB)

    def test_standard_input_and_output_are_files(self):
        peer = self.peer()
        content = os.urandom(2 * MIB)
        done = self.run_client(peer, 'put', '-', 'a', input=content)
        self.assertEqual(peer.files[b'a'], content)
        done = self.run_client(peer, 'get', 'a', '-')
        self.assertEqual(done.stdout, content)

    def test_a_folder_takes_a_file_under_its_name(self):
        (self.work / 'sub').mkdir()
        peer = self.peer({b'dir/a': b'abc'})
        self.run_client(peer, 'get', 'dir/a', 'sub')
        self.assertEqual((self.work / 'sub/a').read_bytes(), b'abc')

    def test_a_replaced_file_keeps_its_mode(self):
        (self.work / 'a').write_bytes(b'old')
        (self.work / 'a').chmod(0o600)
        peer = self.peer({b'a': b'new'})
        self.run_client(peer, 'get', 'a')
        self.assertEqual((self.work / 'a').read_bytes(), b'new')
        self.assertEqual(self.mode(self.work / 'a'), 0o600)

    def test_a_symlink_keeps_pointing_at_its_file(self):
        (self.work / 'real').write_bytes(b'old')
        (self.work / 'a').symlink_to('real')
        peer = self.peer({b'a': b'new'})
        self.run_client(peer, 'get', 'a')
        self.assertTrue((self.work / 'a').is_symlink())
        self.assertEqual((self.work / 'real').read_bytes(), b'new')

    def test_a_device_is_written_to_and_not_replaced(self):
        peer = self.peer({b'a': b'new'})
        os.mkfifo(self.work / 'fifo')
        reader = os.open(self.work / 'fifo', os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.run_client(peer, 'get', 'a', 'fifo')
        self.assertEqual(os.read(reader, 10), b'new')
        self.assertEqual(self.local_files(), [b'fifo'])

    def test_a_missing_local_folder_cannot_be_created_in(self):
        peer = self.peer({b'a': b'new'})
        self.run_client(peer, 'get', 'a', 'no/where', code=73)

    def test_a_full_disk_is_an_io_error(self):
        peer = self.peer({b'a': bytes(65536)})
        done = self.run_client(peer, 'get', 'a', '/dev/full', code=74)
        self.assertIn(b'(no-space)', done.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        peer = self.peer({b'a': b'x'})
        with open('/dev/full', 'wb') as full:
            code = subprocess.run(
                [ftlib.program('ftclient'), '--pin', peer.pin,
                 '--password-file', self.password_file,
                 f'tester@127.0.0.1:{peer.port}', 'list'], stdout=full,
                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL).returncode
        self.assertEqual(code, 74)

    def test_sorted_names_in_columns(self):
        peer = self.peer({b'b': b'12', b'a': b'1', b'ab': b''})
        done = self.run_client(peer, 'list')
        self.assertEqual(done.stdout.decode(), (
            '-            1 2023-11-14 22:13:20 a\n'
            '-            0 2023-11-14 22:13:20 ab\n'
            '-            2 2023-11-14 22:13:20 b\n'))
        done = self.run_client(peer, 'list', '-l')
        self.assertIn(b'-rw-r--r--            1 2023-11-14 22:13:20 a\n',
                      done.stdout)

    def test_a_huge_listing_streams(self):
        peer = self.peer()
        many = 800000

        def handler(session, frame):
            for at in range(0, many, 1000):
                session.send('ENTRIES', frame.id, ftpeer.row(*(
                    ftpeer.entry(b'%07d' % n)
                    for n in range(at, at + 1000))))
            session.ok(frame, COUNT=many)
        peer.on['LIST'] = handler
        done = self.run_client(peer, 'list')
        self.assertEqual(done.stdout.count(b'\n'), many)


if __name__ == '__main__':
    ftlib.main()
