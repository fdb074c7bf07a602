#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The user file changes while sessions are open: they feel it at once."""

import os
import re
import subprocess
import warnings

import ftlib
import ftwire

NEW = 'another word'

with warnings.catch_warnings():
    warnings.simplefilter('ignore', DeprecationWarning)
    import crypt


class UsersTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.setup = self.set_up(users={
            ftlib.USER: '', 'other': '', 'odd.name@example.org': ''})
        self.server = self.serve(self.setup)
        self.server.write('file', b'content')
        self.new_password = self.write('new-password', NEW.encode() + b'\n')
        self.new_password.chmod(0o600)

    def ftuser(self, *words):
        """Change the users as an administrator does."""
        done = subprocess.run(
            [ftlib.program('ftuser'), '-f', self.setup.user_file, '--cost',
             'm=8,t=1,p=1', '--password-file', self.new_password, *words],
            capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def is_thrown_out(self, wire, type_='LIST', fields=None):
        """The next request is refused, and the connection ends."""
        self.assertRefused('login-refused', wire.call, type_, fields)
        last = wire.expect_end()
        self.assertTrue(all(frame.name == 'ERROR' and frame.id == 0
                            for frame in last), last)
        wire.cut()

    def lines(self, pattern):
        return re.findall(pattern, self.server.log())


class Changes(UsersTest):
    def test_a_user_who_is_deleted_is_out(self):
        wire = self.server.wire()
        wire.put('a', b'1')
        self.ftuser('del', ftlib.USER)
        self.is_thrown_out(wire)
        with self.server.connect() as again:
            self.assertRefused('login-refused', again.login, ftlib.USER,
                               ftlib.PASSWORD)

    def test_a_user_who_is_locked_is_out_until_unlocked(self):
        wire = self.server.wire()
        self.ftuser('lock', ftlib.USER)
        self.is_thrown_out(wire, 'PWD')
        self.server.client('list', code=ftlib.EX_NOPERM)
        self.ftuser('unlock', ftlib.USER)
        self.server.client('list')

    def test_a_new_password_ends_sessions_of_the_old(self):
        wire = self.server.wire()
        self.ftuser('passwd', ftlib.USER)
        self.is_thrown_out(wire, 'RM', {'PATH': 'file'})
        self.assertEqual(self.server.read('file'), b'content')
        with self.server.connect() as again:
            self.assertRefused('login-refused', again.login, ftlib.USER,
                               ftlib.PASSWORD)
            again.login(ftlib.USER, NEW)

    def test_each_request_is_felt_by(self):
        for type_, fields in (
                ('LIST', {}), ('STAT', {'PATH': 'file'}),
                ('GET', {'PATH': 'file'}), ('CD', {'PATH': '/'}),
                ('PWD', {}), ('MKDIR', {'PATH': 'x'}),
                ('RMDIR', {'PATH': 'x'}), ('RM', {'PATH': 'file'}),
                ('MV', {'PATH': 'file', 'TARGET': 'x'}),
                ('PUT', {'PATH': 'x', 'SIZE': 0})):
            with self.subTest(type=type_):
                wire = self.server.wire()
                before = self.server.tree()
                self.ftuser('lock', ftlib.USER)
                self.is_thrown_out(wire, type_, fields)
                self.assertEqual(self.server.tree(), before)
                self.ftuser('unlock', ftlib.USER)

    def test_other_rights_hold_at_the_next_request(self):
        with self.server.wire() as wire:
            wire.put('a', b'1')
            self.ftuser('set', ftlib.USER, 'rights=read')
            self.assertRefused('not-permitted', wire.put, 'b', b'2')
            self.assertRefused('not-permitted', wire.call, 'RM',
                               {'PATH': 'a'})
            self.assertEqual(wire.get('a'), b'1')
            self.ftuser('set', ftlib.USER, 'rights=list+write')
            self.assertRefused('not-permitted', wire.get, 'a')
            wire.put('b', b'2')
            self.assertRefused('not-permitted', wire.put, 'a', b'3')
            self.ftuser('set', ftlib.USER, 'rights=full')
            wire.put('a', b'3')
            self.assertEqual(wire.get('a'), b'3')
        self.assertEqual(len(self.lines('audit login')), 1)

    def test_another_root_holds_at_the_next_request(self):
        os.mkdir(self.server.path('home'))
        self.server.own('home')
        with self.server.wire() as wire:
            self.assertEqual(wire.get('file'), b'content')
            self.ftuser('set', ftlib.USER, 'root=/home')
            self.assertEqual(wire.list(), [])
            self.assertRefused('not-found', wire.get, 'file')
            self.assertRefused('not-found', wire.get, '../file')
            wire.put('mine', b'1')
        self.assertEqual(self.server.read('home/mine'), b'1')

    def test_a_root_that_is_missing_says_so(self):
        with self.server.wire() as wire:
            self.ftuser('set', ftlib.USER, 'root=/nowhere')
            error = self.assertRefused('not-found', wire.list)
            self.assertIn('your folder', error.text)

    def test_changes_of_others_are_not_felt(self):
        with self.server.wire() as wire:
            self.ftuser('passwd', 'other')
            wire.call('PWD')
            self.ftuser('del', 'other')
            wire.call('PWD')
            self.ftuser('add', 'third')
            wire.call('PWD')
            with self.server.connect() as third:
                third.login('third', NEW)

    def test_a_transfer_that_runs_comes_to_its_end(self):
        content = os.urandom(1 << 20) * 8
        self.server.write('large', content)
        with self.server.wire() as wire:
            id_ = wire.ask('GET', {'PATH': 'large'})
            self.assertEqual(wire.receive().name, 'BEGUN')
            self.ftuser('lock', ftlib.USER)
            *parts, ok = wire.answer(id_)
            self.assertEqual(ok.fields['DIGEST'], ftwire.digest(content))
            self.is_thrown_out(wire)

    def test_a_file_written_by_hand_holds_too(self):
        with self.server.wire() as wire:
            for rights, code in (('read', 'not-permitted'), ('full', None)):
                self.setup.write_users({ftlib.USER: f'rights={rights}'})
                # A new hash of the same password is a new password.
                self.assertRefused('login-refused', wire.list)
                wire = self.server.wire()
                if code:
                    self.assertRefused(code, wire.put, 'a', b'1')
                else:
                    wire.put('a', b'1')


class Broken(UsersTest):
    def test_a_broken_file_changes_nothing_and_is_told_once(self):
        good = self.setup.user_file.read_bytes()
        for bad in (b'nonsense\n', good + good, good[:-1],
                    good + b'x:$1$abc$defghijk:\n', b'\0' * 100,
                    good.replace(b'other:', b'oth\0er:')):
            with self.subTest(bad=bad[:40]), self.server.wire() as wire:
                told = len(self.lines(r' error .*users'))
                self.replace(bad)
                for _ in range(5):
                    wire.call('PWD')
                    self.server.wire().close()
                self.assertEqual(len(self.lines(r' error .*users')),
                                 told + 1, self.server.log())
                self.replace(good)
                wire.call('PWD')

    def replace(self, content):
        """As an editor does that writes a new file."""
        new = self.setup.user_file.with_suffix('.edited')
        new.write_bytes(content)
        os.chown(new, -1, self.setup.user_file.stat().st_gid)
        new.chmod(0o640)
        new.replace(self.setup.user_file)

    def test_a_file_that_others_may_write_is_not_taken(self):
        with self.server.wire() as wire:
            self.setup.user_file.chmod(0o666)
            wire.call('PWD')
            self.assertEqual(len(self.lines(r' error .*users')), 1)
            self.setup.user_file.chmod(0o640)
            wire.call('PWD')

    def test_a_file_that_is_gone_for_a_while_is_missed_by_nobody(self):
        with self.server.wire() as wire:
            kept = self.setup.user_file.with_suffix('.kept')
            self.setup.user_file.rename(kept)
            for _ in range(3):
                wire.call('PWD')
            self.server.wire().close()
            self.assertEqual(len(self.lines(r' error .*users')), 1)
            kept.rename(self.setup.user_file)
            wire.call('PWD')


class Renewal(UsersTest):
    METHODS = (crypt.METHOD_SHA512, crypt.METHOD_BLOWFISH)

    def set_hash(self, hash_, keys='rights=full'):
        """The user's line as another program's."""
        lines = [line for line in
                 self.setup.user_file.read_text().splitlines()
                 if not line.startswith(ftlib.USER + ':')]
        lines.append(f'{ftlib.USER}:{hash_}:{keys}')
        self.setup.user_file.write_text('# kept\n' + '\n'.join(lines) + '\n')

    def line(self):
        line, = (line for line in
                 self.setup.user_file.read_text().splitlines()
                 if line.startswith(ftlib.USER + ':'))
        return line

    def foreign(self, method):
        rounds = {'rounds': 16 if method == crypt.METHOD_BLOWFISH else 1000}
        return crypt.crypt(ftlib.PASSWORD, crypt.mksalt(method, **rounds))

    def test_a_hash_of_crypt_is_renewed_and_the_session_goes_on(self):
        for method in self.METHODS:
            with self.subTest(method=method):
                self.set_hash(self.foreign(method), 'rights=full,note=x')
                with self.server.connect() as wire:
                    ticket = wire.login(ftlib.USER, ftlib.PASSWORD)['TICKET']
                    ftlib.wait_until('the hash is argon2id',
                                     lambda: '$argon2id$' in self.line())
                    wire.put('a', b'1')
                    self.assertEqual(wire.get('a'), b'1')
                self.assertRegex(
                    self.line(),
                    r'^tester:\$argon2id\$v=19\$m=8,t=1,p=1\$[^:]*:'
                    r'rights=full,note=x$')
                self.assertIn('# kept\n', self.setup.user_file.read_text())
                self.assertEqual(self.mode(self.setup.user_file), 0o640)
                self.server.client('list')
                with self.server.connect() as wire:
                    wire.login(ftlib.USER, ticket, 'ticket')

    def test_a_wrong_password_renews_nothing(self):
        hash_ = self.foreign(crypt.METHOD_SHA512)
        self.set_hash(hash_)
        with self.server.connect() as wire:
            self.assertRefused('login-refused', wire.login, ftlib.USER,
                               'wrong')
        self.server.stop()
        self.assertIn(hash_, self.line())

    def test_nothing_is_renewed_unless_allowed(self):
        self.setup = self.set_up(
            sections={'login': {'renew_hashes': 'no'}})
        self.server = self.serve(self.setup)
        hash_ = self.foreign(crypt.METHOD_SHA512)
        self.set_hash(hash_)
        self.server.wire().close()
        self.server.stop()
        self.assertIn(hash_, self.line())

    def test_a_password_that_is_changed_meanwhile_stays_changed(self):
        self.set_hash(self.foreign(crypt.METHOD_SHA512))
        with self.server.wire() as wire:
            ftlib.wait_until('the hash is argon2id',
                             lambda: '$argon2id$' in self.line())
            self.ftuser('passwd', ftlib.USER)
            self.is_thrown_out(wire)
        with self.server.connect() as wire:
            wire.login(ftlib.USER, NEW)

    def test_a_hash_of_the_default_cost_is_checked(self):
        done = subprocess.run(
            [ftlib.program('ftuser'), '-f', self.setup.user_file,
             '--password-file', self.new_password, 'add', 'dear'],
            capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('m=65536,t=3,p=1', self.setup.user_file.read_text())
        with self.server.connect() as wire:
            self.assertRefused('login-refused', wire.login, 'dear', 'wrong')
            wire.login('dear', NEW)


class Tickets(UsersTest):
    def ticket(self, user=ftlib.USER, password=ftlib.PASSWORD):
        with self.server.connect() as wire:
            ok = wire.login(user, password)
            self.assertGreater(ok['TICKET_SECONDS'], 0)
            self.assertLessEqual(ok['TICKET_SECONDS'], 600)
            return ok['TICKET']

    def use(self, ticket, user=ftlib.USER):
        """Log in by it; the next ticket."""
        with self.server.connect() as wire:
            ok = wire.login(user, ticket, 'ticket')
            self.assertIn(b'file', [e.name for e in wire.list()])
            return ok['TICKET']

    def is_void(self, ticket, user=ftlib.USER):
        with self.server.connect() as wire:
            self.assertRefused('login-refused', wire.login, user, ticket,
                               'ticket')

    def test_a_ticket_opens_more_connections(self):
        ticket = self.ticket()
        for _ in range(3):
            self.use(ticket)
        for _ in range(3):
            ticket = self.use(ticket)

    def test_a_ticket_lives_as_long_as_was_asked(self):
        lifetime = 28800    # of a login, as configured
        with self.server.connect() as wire:
            wire.hello()
            ok = wire.call('LOGIN', {
                'USER': ftlib.USER, 'METHOD': 'password',
                'RESPONSE': ftlib.PASSWORD, 'TICKET_SECONDS': 0xffffffff})
        self.assertEqual(ok['TICKET_SECONDS'], lifetime)
        for asked, least, most in ((60, 60, 60), (0, 600, 600),
                                   (lifetime + 1, lifetime - 600, lifetime)):
            with self.subTest(asked=asked), self.server.connect() as wire:
                wire.hello()
                got = wire.call('LOGIN', {
                    'USER': ftlib.USER, 'METHOD': 'ticket',
                    'RESPONSE': ok['TICKET'], 'TICKET_SECONDS': asked})
                self.assertGreaterEqual(got['TICKET_SECONDS'], least)
                self.assertLessEqual(got['TICKET_SECONDS'], most)
                self.use(got['TICKET'])

    def test_a_challenge_does_not_forget_what_was_asked(self):
        with self.server.connect() as wire:
            wire.hello()
            id_ = wire.ask('LOGIN', {'USER': ftlib.USER, 'METHOD': 'password',
                                     'TICKET_SECONDS': 61})
            self.assertEqual(wire.receive().name, 'CHALLENGE')
            wire.send('RESPONSE', id_, {'RESPONSE': ftlib.PASSWORD})
            ok = wire.answer(id_)[-1].fields
            self.assertEqual(ok['TICKET_SECONDS'], 61)

    def test_a_ticket_is_of_one_user(self):
        ticket = self.ticket()
        self.is_void(ticket, 'other')
        self.is_void(ticket, 'unknown')
        self.is_void(self.ticket('other'))

    def test_a_forged_ticket_is_void(self):
        ticket = self.ticket()
        for at in range(0, len(ticket), 3):
            forged = bytearray(ticket)
            forged[at] ^= 1
            with self.subTest(at=at):
                self.is_void(bytes(forged))
        for bad in (b'', b'x', ticket[:-1], ticket + b'\0', bytes(512)):
            self.is_void(bad)
        self.use(ticket)

    def test_a_change_to_the_user_voids_it(self):
        for words in (['set', ftlib.USER, 'rights=read'],
                      ['set', ftlib.USER, 'rights=full'],
                      ['lock', ftlib.USER], ['passwd', ftlib.USER]):
            with self.subTest(words=words):
                ticket = self.ticket()
                self.ftuser(*words)
                self.is_void(ticket)
                if words[0] == 'lock':
                    self.ftuser('unlock', ftlib.USER)

    def test_a_deleted_user_has_none(self):
        ticket = self.ticket()
        self.ftuser('del', ftlib.USER)
        self.is_void(ticket)
        # Nor does a new user of the same name.
        self.ftuser('add', ftlib.USER)
        self.is_void(ticket)

    def test_it_survives_a_reload(self):
        ticket = self.ticket()
        self.server.reload()
        self.server.wait_log('reloaded')
        ticket = self.use(ticket)
        self.use(ticket)

    def test_it_survives_a_restart(self):
        ticket = self.ticket()
        self.server.stop()
        self.server = self.serve(self.setup)
        self.use(ticket)

    def test_it_survives_a_change_to_others(self):
        ticket = self.ticket()
        self.ftuser('del', 'other')
        self.use(ticket)

    def test_it_costs_no_hash(self):
        """So many take no time, though the password is dear."""
        self.setup.write_users({ftlib.USER: ''})
        ticket = self.ticket()
        hash_ = subprocess.run(
            [ftlib.program('ftuser'), '-f', self.setup.user_file,
             '--password-file', self.new_password, '--cost',
             'm=65536,t=3,p=1', 'add', 'dear'], capture_output=True)
        self.assertEqual(hash_.returncode, 0, hash_.stderr)
        for _ in range(50):
            ticket = self.use(ticket)

    def test_another_server_does_not_take_it(self):
        ticket = self.ticket()
        users = self.setup.user_file.read_bytes()
        self.setup = self.set_up()
        self.setup.user_file.write_bytes(users)
        self.server = self.serve(self.setup)
        self.server.write('file', b'content')
        self.use(self.ticket())
        self.is_void(ticket)


if __name__ == '__main__':
    ftlib.main()
