#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""More than the server can take: a clear answer, no spinning, and service again
when there is room."""

import os
import re
import resource
import select
import socket
import subprocess
import time

import ftlib
import ftwire
from fthostile import HostileTest, make_dear, rests
from ftwire import encode_frame

OTHER = '127.0.0.2'     # another address of this machine
HELLO = encode_frame('HELLO', 0, {'VERSIONS': (1, 1)})


def many_files():
    """Let this test open as many as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class LimitTest(HostileTest):
    def assertBusy(self, wire):
        """It is told so, and let go."""
        wire.send_bytes(HELLO)
        *before, last = wire.expect_end()
        self.assertEqual([frame.name for frame in before], ['HELLO'])
        self.assertEqual((last.name, last.id), ('ERROR', 0))
        self.assertEqual(ftwire.CODES[last.fields['CODE']], 'busy')
        self.assertEqual(ftwire.CLASSES[last.fields['CLASS']], 'busy')
        wire.cut()

    def waiting_client(self):
        """ftclient, which was told busy and tries again by itself."""
        argv = self.server.client_argv(
            'list', trust=('--pin', self.server.pin, '--verbose'))
        client = subprocess.Popen(
            argv, env={**os.environ, 'HOME': str(self.server.home)},
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(client.stderr.close)
        lines = ftlib.Lines(client.stderr)
        while 'the server is busy' not in (line := lines.next()):
            self.assertIsNotNone(line)
        return client

    def assertGetsIn(self, client):
        self.assertEqual(client.wait(ftlib.LIMIT), 0, client.stderr.read())


class Sessions(LimitTest):
    SECTIONS = {'limits': {'max_sessions': 4}}

    def test_one_session_too_many_is_told_busy(self):
        wires = [self.server.wire() for _ in range(4)]
        for _ in range(3):
            self.assertBusy(self.server.connect())
        client = self.waiting_client()
        for wire in wires:
            self.assertEqual(wire.call('PWD'), {'PATH': b'/'})
        wires.pop().cut()
        self.assertGetsIn(client)
        ftlib.wait_until('it is gone', lambda: self.sessions() == 3)
        with self.server.wire() as wire:
            wire.put('a', b'content')
            self.assertBusy(self.server.connect())
        for wire in wires:
            wire.cut()
        self.wait_sessions_gone()
        self.server.client('list')

    def test_five_hundred_at_once_are_all_told_something(self):
        many_files()
        address = (self.server.address, self.server.port)
        raw = [socket.create_connection(address, 60) for _ in range(500)]
        told, served = 0, 0
        for connection in raw:
            with connection:
                if select.select([connection], [], [], 0)[0]:
                    told += 1       # the end; it was not even heard
        self.wait_sessions_gone()
        self.assertLess(told, 500)
        self.server.client('list')


class Addresses(LimitTest):
    SECTIONS = {'limits': {'max_per_address': 3}}

    def test_one_address_cannot_take_all_sessions(self):
        wires = [self.server.wire() for _ in range(3)]
        self.assertBusy(self.server.connect())
        client = self.waiting_client()
        others = [self.server.wire(source=OTHER) for _ in range(3)]
        self.assertBusy(self.server.connect(source=OTHER))
        for wire in (wires.pop(), *others):
            wire.cut()
        self.assertGetsIn(client)
        for wire in wires:
            wire.cut()

    def test_a_reload_changes_it(self):
        wires = [self.server.wire() for _ in range(3)]
        self.server.setup.write_config({'limits': {'max_per_address': 5}})
        self.server.reload()
        self.server.wait_log('reloaded')
        wires += [self.server.wire() for _ in range(2)]
        self.assertBusy(self.server.connect())
        for wire in wires:
            wire.cut()


class Descriptors(LimitTest):
    def configure(self):
        """A quick start stays the user who made it, and whose limits can be
        changed."""
        return None

    def limit(self, count):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE,
                         (count, self.hard))

    def test_without_descriptors_it_waits_and_does_not_spin(self):
        soft, self.hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        before = self.server.wire()
        used = max(int(fd) for fd in os.listdir(f'/proc/{self.pid}/fd')) + 1
        self.limit(used + 2)
        address = (self.server.address, self.server.port)
        waiting = [socket.create_connection(address, ftlib.LIMIT)
                   for _ in range(20)]
        self.server.wait_log('cannot accept connections')
        rests(self.pid)
        self.assertEqual(before.call('PWD'), {'PATH': b'/'})
        self.assertLess(self.server.log().count('cannot accept'), 100)
        self.limit(soft)
        ftlib.wait_until('all are accepted', lambda: self.sessions() == 21)
        for connection in waiting:
            connection.close()
        before.cut()

    def test_a_put_without_descriptors_fails_and_nothing_else(self):
        soft, self.hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        with self.server.wire() as wire:
            wire.put('a', b'content')
            self.limit(max(int(fd) for fd in
                           os.listdir(f'/proc/{self.pid}/fd')) + 1)
            id_ = wire.send_put('b', b'content')
            with self.assertRaises(ftwire.Refused) as caught:
                wire.answer(id_)
            self.assertNotIn(caught.exception.code, ('ok', 'protocol'))
            self.assertEqual(wire.call('PWD'), {'PATH': b'/'})
            self.limit(soft)
            wire.put('b', b'content')
            self.assertEqual(wire.get('b'), b'content')


class Burst(LimitTest):
    def log_in_patiently(self, wire):
        """The others are still in the line."""
        def attempt():
            try:
                wire.login(ftlib.USER, ftlib.PASSWORD)
                return True
            except ftwire.Refused as error:
                self.assertEqual(error.code, 'busy')
                return False
        ftlib.wait_until('there is room in the line', attempt)

    def test_five_hundred_connections_are_all_served(self):
        many_files()
        address = (self.server.address, self.server.port)
        count = 500
        # All connections are made before the first one says a word.
        wires = []
        real = socket.create_connection
        raw = [real(address, 60) for _ in range(count)]
        try:
            socket.create_connection = lambda *_: raw.pop(0)
            wires = [self.server.connect() for _ in range(count)]
        finally:
            socket.create_connection = real
        login = encode_frame('LOGIN', 1, {
            'USER': ftlib.USER, 'METHOD': 'password',
            'RESPONSE': ftlib.PASSWORD})
        for wire in wires:
            wire.last_id = 1
            wire.send_bytes(HELLO + login)
        for wire in wires:
            self.assertEqual(wire.receive().name, 'HELLO')
            try:
                wire.answer(1)
            except ftwire.Refused as error:
                self.assertEqual(error.code, 'busy')
                self.log_in_patiently(wire)
            self.assertEqual(wire.call('PWD'), {'PATH': b'/'})
        for wire in wires:
            wire.cut()


class Logins(LimitTest):
    SECTIONS = {'limits': {'login_queue': 4, 'login_threads': 1,
                           'login_tries': 100, 'lockout_tries': 0}}

    def configure(self):
        setup = super().configure()
        make_dear(setup)
        return setup

    def wrong(self, wire, id_, user=ftlib.USER):
        wire.send('LOGIN', id_, {'USER': user, 'METHOD': 'password',
                                 'RESPONSE': 'wrong'})

    def test_an_honest_user_passes_by_a_crowd(self):
        wires = [self.server.connect() for _ in range(40)]
        for wire in wires:
            wire.hello()
        for n, wire in enumerate(wires):
            self.wrong(wire, 1, ('tester', 'nobody')[n % 2])
        began = time.monotonic()
        with self.server.wire(source=OTHER):
            honest = time.monotonic() - began
        outcomes = {'busy': 0, 'login-refused': 0}
        for wire in wires:
            with self.assertRaises(ftwire.Refused) as caught:
                wire.answer(1)
            outcomes[caught.exception.code] += 1
            if caught.exception.code == 'busy':
                self.assertEqual(caught.exception.error_class, 'busy')
                self.assertGreaterEqual(caught.exception.wait, 1)
            wire.cut()
        crowd = time.monotonic() - began
        self.assertGreater(outcomes['busy'], 20)
        self.assertGreater(outcomes['login-refused'], 3)
        # One check that has begun, and its own: not all that wait.
        self.assertLess(honest, crowd)
        with self.server.wire():
            pass

    def test_who_is_told_busy_tries_again_and_gets_in(self):
        wires = [self.server.connect() for _ in range(12)]
        for wire in wires:
            wire.hello()
            self.wrong(wire, 1)
        done = self.server.client('list')
        self.assertEqual(done.returncode, 0)
        for wire in wires:
            wire.cut()


class Strangers(LimitTest):
    SECTIONS = {'limits': {'login_tries': 3}}

    def test_an_unknown_name_is_refused_like_a_wrong_password(self):
        def words(user, secret, method='password'):
            with self.server.connect() as wire:
                with self.assertRaises(ftwire.Refused) as caught:
                    wire.login(user, secret, method)
                error = caught.exception
                return error.code, error.error_class, error.wait, error.text
        known = words(ftlib.USER, 'wrong')
        self.assertEqual(known[:3], ('login-refused', 'auth', None))
        for user in ('nobody', 'root', '.', 'tester ', 'x' * 255, b'\xff\n',
                     b'tester\0', b'\0'):
            self.assertEqual(words(user, 'wrong'), known)
            self.assertEqual(words(user, ftlib.PASSWORD), known)
        for secret in ('', ftlib.PASSWORD + '\n', ftlib.PASSWORD + '\0',
                       ftlib.PASSWORD.upper(), 'x' * 4096):
            self.assertEqual(words(ftlib.USER, secret), known)
        ticket = words(ftlib.USER, bytes(100), 'ticket')
        self.assertEqual(ticket[:2], known[:2])
        self.assertEqual(words('nobody', bytes(100), 'ticket'), ticket)

    def test_the_third_failure_ends_the_connection(self):
        with self.server.connect() as wire:
            for user in (ftlib.USER, 'nobody'):
                self.assertRefused('login-refused', wire.login, user, 'wrong')
            id_ = wire.ask('LOGIN', {'USER': ftlib.USER, 'METHOD': 'password',
                                     'RESPONSE': 'wrong'})
            wire.ask('LIST')
            first, last = wire.expect_end()
            self.assertEqual((first.id, last.id), (id_, 0))
            for frame in (first, last):
                self.assertEqual(ftwire.CODES[frame.fields['CODE']],
                                 'login-refused')


class Lockouts(LimitTest):
    LIMITS = {'lockout_tries': 3, 'lockout_time': 3600}
    SECTIONS = {'': {'log_level': 'info'}, 'limits': LIMITS}
    TOO_MANY = r'too many failed logins; try again in (\d+) s'

    def configure(self):
        rights = 'base=main,rights=full'
        return self.set_up(sections=self.SECTIONS,
                           users={ftlib.USER: rights, 'ann': rights})

    def lock_out(self, user='ann'):
        for _ in range(3):
            with self.server.connect() as wire:
                self.assertRefused('login-refused', wire.login, user, 'wrong')

    def assertLockedOut(self, wire, user='ann', password=ftlib.PASSWORD):
        error = self.assertRefused('busy', wire.login, user, password)
        self.assertEqual(error.error_class, 'busy')
        found = re.fullmatch(self.TOO_MANY, error.text)
        self.assertEqual(int(found[1]), error.wait)
        self.assertIn(error.wait, range(3000, 3601))

    def reload(self, **limits):
        count = self.server.log().count('reloaded')
        self.server.setup.write_config(
            {**self.SECTIONS, 'limits': {**self.LIMITS, **limits}})
        self.server.reload()
        ftlib.wait_until('it is reloaded', lambda: self.server.log().count(
            'reloaded') > count)

    def lockouts(self):
        return re.findall(r'audit lockout user="(.*?)" address=127\.0\.0\.1:'
                          r'\d+ outcome=login-refused\n', self.server.log())

    def test_it_counts_user_and_address_together(self):
        with self.server.connect() as wire:
            ticket = wire.login('ann', ftlib.PASSWORD)['TICKET']
            self.lock_out()
            # Who is in already goes on.
            self.assertGoesOn(wire)
        with self.server.connect() as wire:
            self.assertLockedOut(wire)
            wire.login(ftlib.USER, ftlib.PASSWORD)
        self.server.wire('ann', source=OTHER).close()
        with self.server.connect() as wire:
            self.assertLockedOut(wire, password='wrong')
            wire.login('ann', ticket, 'ticket')
        self.assertEqual(self.lockouts(), ['ann'])

    def test_whether_a_user_exists_is_not_told(self):
        self.lock_out('nobody-knows')
        with self.server.connect() as wire:
            self.assertLockedOut(wire, 'nobody-knows')
        self.assertEqual(self.lockouts(), ['nobody-knows'])

    def test_who_goes_on_is_sent_away_and_fills_no_log(self):
        self.lock_out()
        logins = self.server.log().count('audit login')
        for _ in range(5):
            with self.server.connect() as wire:
                for _ in range(3):
                    self.assertLockedOut(wire)
                last, = wire.expect_end()
                self.assertEqual((last.name, last.id), ('ERROR', 0))
        self.assertEqual(self.server.log().count('audit login'), logins)
        self.assertEqual(self.lockouts(), ['ann'])

    def test_ftclient_says_so_and_does_not_insist(self):
        self.lock_out()
        # With the last try of a connection its end comes, too.
        for tries in 3, 1:
            self.reload(login_tries=tries)
            self.server.user = 'ann'
            done = self.server.client('list', code=ftlib.EX_TEMPFAIL, trust=(
                '--pin', self.server.pin, '--retries', '5'))
            self.server.user = ftlib.USER
            self.assertRegex(done.stderr.decode(), r'\Aftclient: [^ ]* '
                             rf'{self.TOO_MANY} \(busy\)\n\Z')
        self.assertEqual(self.server.log().count('locked out for'), 2)

    def test_it_ends_by_itself(self):
        self.lock_out()
        self.reload(lockout_time=2)

        def is_in():
            with self.server.connect() as wire:
                try:
                    return wire.login('ann', ftlib.PASSWORD)
                except ftwire.Refused as error:
                    self.assertEqual(error.code, 'busy')
                    return False
        ftlib.wait_until('the time has passed', is_in)

    def test_a_good_login_clears_the_count(self):
        for _ in range(2):
            with self.server.connect() as wire:
                for _ in range(2):
                    self.assertRefused('login-refused', wire.login, 'ann',
                                       'wrong')
                wire.login('ann', ftlib.PASSWORD)
        self.assertEqual(self.lockouts(), [])

    def test_it_can_be_switched_off(self):
        self.lock_out()
        self.reload(lockout_tries=0)
        self.server.wire('ann').close()
        self.lock_out()
        self.lock_out()
        self.server.wire('ann').close()


if __name__ == '__main__':
    ftlib.main()
