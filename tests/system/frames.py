#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Whatever frames a client sends: one error, a closed session, and the server
lives on."""

import os
import struct

import ftlib
import ftwire
from fthostile import ID, HostileTest, commit, data, put
from ftwire import encode_field, encode_frame

GOOD = encode_field('PATH', 'a')
TYPES = ftwire.TYPES
REQUESTS = ('LIST', 'STAT', 'GET', 'PUT', 'CD', 'PWD', 'MKDIR', 'RMDIR', 'RM',
            'MV')
FROM_CLIENT = (*REQUESTS, 'COMMIT', 'ABORT', 'LOGIN', 'RESPONSE', 'PING',
               'CANCEL', 'DATA')
MAX_REQUEST = 65536
MAX_DATA = 8 + ftwire.DATA_BYTES


def header(type_, length=0, id_=ID, flags=0, reserved=0):
    return encode_frame(type_, id_, b'', flags, reserved, length)


class Headers(HostileTest):
    def test_a_type_that_no_client_sends(self):
        known = {TYPES[name] for name in FROM_CLIENT} | {TYPES['HELLO']}
        known |= set(range(0x10, 0x60))
        self.assertBreaks(*(header(type_) for type_ in range(256)
                            if type_ not in known))

    def test_what_only_a_server_sends(self):
        error = {'CODE': 1, 'CLASS': 0, 'TEXT': 'x'}
        self.assertBreaks(
            encode_frame('OK', ID), encode_frame('ERROR', ID, error),
            encode_frame('ERROR', 0, error), encode_frame('ENTRIES', ID),
            encode_frame('BEGUN', ID, {'UPLOAD': bytes(16)}),
            encode_frame('CHALLENGE', ID, {'PROMPT': 'x', 'ECHO': 0}))

    def test_a_length_above_the_limit_is_found_by_the_header(self):
        for length in (1 << 31, (1 << 32) - 1):
            self.assertBreaks(*(header(type_, length)
                                for type_ in FROM_CLIENT))
        self.assertBreaks(*(header(type_, MAX_REQUEST + 1)
                            for type_ in FROM_CLIENT if type_ != 'DATA'))
        self.assertBreaks(header('DATA', MAX_DATA + 1), before=put())

    def test_a_length_at_the_limit_is_served(self):
        filling = encode_field(0x9000, bytes(MAX_REQUEST - 4))
        with self.server.wire() as wire:
            wire.last_id = ID
            wire.send('PWD', ID, filling)
            self.assertEqual(wire.answer(ID)[-1].fields, {'PATH': b'/'})
            wire.put('a', bytes(range(256)) * 1024)
            self.assertEqual(wire.get('a'), bytes(range(256)) * 1024)
            wire.call('RM', {'PATH': 'a'})

    def test_reserved_bits(self):
        self.assertBreaks(*(header(type_, reserved=1 << bit)
                            for type_ in ('LIST', 'PING')
                            for bit in range(16)))

    def test_flags_that_a_frame_cannot_have(self):
        for type_ in FROM_CLIENT:
            allowed = {'ABORT': 2}.get(type_, type_ in REQUESTS)
            self.assertBreaks(*(header(type_, flags=1 << bit)
                                for bit in range(8)
                                if not (1 << bit) & allowed))

    def test_id_0(self):
        self.assertBreaks(*(header(type_, 0, 0) for type_ in FROM_CLIENT))

    def test_an_id_that_does_not_ascend(self):
        stat = encode_frame('STAT', ID, GOOD)
        for second in (
                encode_frame('PING', ID), encode_frame('PING', ID - 1),
                encode_frame('PING', 1), stat, put(),
                encode_frame('PWD', ID - 1), encode_frame(0x50, ID),
                encode_frame('LOGIN', ID - 1, {'USER': 'a', 'METHOD': 'b'})):
            self.assertBreaks(second, before=stat)
            self.assertBreaks(second, before=encode_frame('PING', ID))

    def test_an_id_that_does_not_ascend_behind_a_get(self):
        self.big_file()
        for waiting in (b'', encode_frame('PWD', ID + 1)):
            for id_ in (1, ID, ID + 1) if waiting else (1, ID):
                for type_ in ('PING', 'PWD', 'PUT'):
                    with self.subTest(waiting=waiting, id=id_, type=type_), \
                            self.server.wire() as wire:
                        wire.send_bytes(
                            encode_frame('GET', ID, {'PATH': 'big'}) + waiting
                            + encode_frame(type_, id_, b''))
                        self.assertBroken(wire)

    def big_file(self):
        with open(self.server.root / 'big', 'wb') as file:
            file.write(os.urandom(4 << 20))

    def test_the_largest_id_is_the_last(self):
        last = (1 << 32) - 1
        with self.server.wire() as wire:
            wire.send('PWD', last)
            self.assertEqual(wire.answer(last)[-1].name, 'OK')
            wire.send('PWD', 1)
            self.assertBroken(wire)

    def test_garbage_behind_a_get_ends_it(self):
        self.big_file()
        for bad in (header(0x70, 3), header(0x99), header('LIST', 1 << 24)):
            with self.subTest(bad=bad), self.server.wire() as wire:
                wire.send_bytes(encode_frame('GET', ID, {'PATH': 'big'}) + bad)
                self.assertBroken(wire)


class Fields(HostileTest):
    def test_fields_that_are_cut_or_trail(self):
        self.assertBreaks(*(encode_frame('STAT', ID, payload) for payload in (
            b'\0', b'\0\x20', b'\0\x20\0', b'\0\x20\0\1', b'\0\x20\xff\xffa',
            GOOD + b'\0', GOOD + b'\xff\xff\0', GOOD + b'\x80\1\0\x08\0',
            bytes(3))))

    def test_fields_that_do_not_ascend(self):
        other = encode_field(0x9000, b'')
        last = encode_field(0xffff, b'')
        self.assertBreaks(*(encode_frame('STAT', ID, payload) for payload in (
            GOOD + GOOD, other + GOOD, GOOD + other + other,
            GOOD + last + last, GOOD + last + other)))
        self.assertBreaks(encode_frame(
            'GET', ID, encode_field('OFFSET', 0) + GOOD))

    def test_fields_of_a_wrong_size(self):
        bad = [('GET', 'OFFSET', 7), ('GET', 'OFFSET', 9), ('GET', 'OFFSET', 0),
               ('GET', 'LENGTH', 4), ('GET', 'LENGTH', 16),
               ('GET', 'IF_VERSION', 15), ('GET', 'IF_VERSION', 17),
               ('RM', 'IF_VERSION', 0), ('PUT', 'SIZE', 7),
               ('PUT', 'SIZE', 9), ('PUT', 'MODE', 2), ('PUT', 'MODE', 8),
               ('PUT', 'MTIME', 8), ('PUT', 'MTIME', 11), ('PUT', 'MTIME', 13),
               ('PUT', 'TAKEN', 0), ('PUT', 'TAKEN', 2),
               ('PUT', 'IF_ABSENT', 1), ('PUT', 'IF_VERSION', 8),
               ('MKDIR', 'MODE', 1), ('MV', 'TARGET', 0),
               ('MV', 'TARGET', 4096)]
        self.assertBreaks(*(
            encode_frame(type_, ID, GOOD + encode_field(field, bytes(size)))
            for type_, field, size in bad))
        self.assertBreaks(*(
            encode_frame(type_, ID, encode_field('PATH', b'a' * size))
            for type_ in ('STAT', 'GET', 'PUT', 'CD', 'LIST', 'RM')
            for size in (4096, 65532)))

    def test_values_that_make_no_sense(self):
        self.assertBreaks(
            put(MTIME=(0, 1000000000)), put(MTIME=(0, (1 << 32) - 1)),
            put(TAKEN=3), put(TAKEN=255))

    def test_fields_that_are_missing(self):
        digest = encode_field('DIGEST', bytes(16))
        self.assertBreaks(
            *(encode_frame(type_, ID) for type_ in REQUESTS
              if type_ not in ('LIST', 'PWD')),
            encode_frame('MV', ID, {'PATH': 'a'}),
            encode_frame('MV', ID, {'TARGET': 'a'}))
        self.assertBreaks(
            encode_frame('COMMIT', ID), encode_frame('COMMIT', ID, digest),
            encode_frame('COMMIT', ID, {'SIZE': 0}), before=put())

    def test_what_comes_with_a_commit_or_abort_is_checked(self):
        self.assertBreaks(
            encode_frame('COMMIT', ID, {'SIZE': 0, 'DIGEST': bytes(15)}),
            encode_frame('COMMIT', ID, {'SIZE': b'0', 'DIGEST': bytes(16)}),
            encode_frame('COMMIT', ID, b'x'), encode_frame('ABORT', ID, b'x'),
            encode_frame('CANCEL', ID, b'x'),
            encode_frame('PING', ID + 1, b'x'), before=put())

    def test_a_field_that_may_be_skipped_is_skipped(self):
        with self.server.wire() as wire:
            for tag in (0x8000, 0x8003, 0x9000, 0xffff):
                for value in (b'', bytes(1000)):
                    self.assertEqual(wire.call('PWD', {tag: value}),
                                     {'PATH': b'/'})
                    self.assertEqual(wire.call('PING', {tag: value}), {})
            # These are known, but not in a request.
            self.assertEqual(wire.call('PWD', {'FEATURES': 1, 'AGENT': 'x'}),
                             {'PATH': b'/'})

    def test_a_field_that_must_be_understood_is_not_passed_over(self):
        with self.server.wire() as wire:
            for fields in ({0x0009: b''}, {0x0100: b'x'}, {0x7fff: b'x'},
                           {0x0000: b''}, {'CODE': 1}, {'OFFSET': 0},
                           {'SIZE': 0}, {'USER': 'x'}, {'IF_ABSENT': b''}):
                self.assertRefused('unsupported', wire.call, 'STAT',
                                   {'PATH': 'a', **fields})
                self.assertGoesOn(wire)
            id_ = wire.send_put('a', b'content', **{'OFFSET': 0})
            self.assertRefused('unsupported', wire.answer, id_)
            self.assertGoesOn(wire)
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])

    def test_a_commit_must_be_understood_to_be_carried_out(self):
        with self.server.wire() as wire:
            id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': 0})
            wire.send('COMMIT', id_, {
                'SIZE': 0, 'DIGEST': ftwire.digest(b''), 0x0100: b''})
            self.assertRefused('unsupported', wire.answer, id_)
            self.assertGoesOn(wire)
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])

    def test_unknown_requests_are_told_so(self):
        unknown = [*range(0x2f, 0x60)]
        with self.server.wire() as wire:
            for type_ in unknown:
                for payload in (b'', GOOD, b'no fields'):
                    id_ = wire.ask(type_, payload)
                    self.assertRefused('unsupported', wire.answer, id_)
            self.assertGoesOn(wire)

    def test_offsets_at_the_end_of_all_numbers(self):
        self.assertBreaks(*(data(offset) for offset in (
            (1 << 63) - 1, 1 << 63, (1 << 64) - 1)), before=put())
        (self.server.root / 'a').write_bytes(b'content')
        with self.server.wire() as wire:
            for offset in (8, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
                for length in (0, 1, (1 << 63), (1 << 64) - 1):
                    self.assertRefused(
                        'bad-request', wire.call, 'GET',
                        {'PATH': 'a', 'OFFSET': offset, 'LENGTH': length})
            for offset in (0, 3, 7):
                self.assertEqual(
                    wire.get('a', OFFSET=offset, LENGTH=(1 << 64) - 1),
                    b'content'[offset:])


class Order(HostileTest):
    def test_data_without_data(self):
        for length in range(9):
            self.assertBreaks(encode_frame('DATA', ID, bytes(length)),
                              before=put())

    def test_frames_of_no_upload(self):
        done = put(SIZE=0) + commit()
        for frame in (data(0), commit(), encode_frame('ABORT', ID),
                      encode_frame('ABORT', ID, flags=ftwire.NOW)):
            self.assertBreaks(frame)
            with self.subTest(frame=frame), self.server.wire() as wire:
                wire.send_bytes(done + frame)
                self.assertBroken(wire)
            (self.server.root / 'a').unlink(missing_ok=True)
            self.assertBreaks(
                frame, before=put() + encode_frame('ABORT', ID))

    def test_other_frames_within_an_upload(self):
        other = ID + 1
        for before in (put(), put(path='nowhere/a'), put() + data(0)):
            self.assertBreaks(
                put(other), encode_frame('LIST', other),
                encode_frame(0x50, other), data(0, id_=other),
                commit(id_=other), encode_frame('ABORT', other),
                encode_frame('LOGIN', other, {'USER': 'a', 'METHOD': 'b'}),
                encode_frame('RESPONSE', ID, {'RESPONSE': 'x'}),
                before=before)

    def test_data_that_goes_back_fails_the_upload_alone(self):
        with self.server.wire() as wire:
            for second in (0, 1, 2):
                id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': 6})
                wire.send_data(id_, 0, b'abc')
                wire.send_data(id_, second, b'def')
                wire.send('COMMIT', id_, {'SIZE': 6, 'DIGEST': bytes(16)})
                self.assertRefused('bad-request', wire.answer, id_)
                self.assertGoesOn(wire)
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])

    def test_a_second_hello(self):
        versions = {'VERSIONS': (1, 1)}
        self.assertBreaks(encode_frame('HELLO', 0, versions),
                          encode_frame('HELLO', ID, versions))

    def test_a_login_after_the_login_is_refused_alone(self):
        with self.server.wire() as wire:
            self.assertRefused('bad-request', wire.login, ftlib.USER,
                               ftlib.PASSWORD)
            self.assertGoesOn(wire)

    def test_a_response_that_nobody_asked_for(self):
        response = {'RESPONSE': ftlib.PASSWORD}
        self.assertBreaks(encode_frame('RESPONSE', ID, response),
                          encode_frame('RESPONSE', 1, response))


class Beginning(HostileTest):
    HELLO = encode_frame('HELLO', 0, {'VERSIONS': (1, 1)})
    LOGIN = {'USER': ftlib.USER, 'METHOD': 'password'}

    def test_another_first_frame(self):
        self.assertBreaks(
            encode_frame('LOGIN', 1, self.LOGIN), encode_frame('PING', 1),
            encode_frame('LIST', 1), encode_frame('CANCEL', 1), data(0),
            encode_frame('HELLO', 1, {'VERSIONS': (1, 1)}),
            b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', bytes(12),
            os.urandom(3) + b'\xff' * 100, logged_in=False)

    def test_a_hello_that_makes_no_sense(self):
        self.assertBreaks(*(encode_frame('HELLO', 0, fields) for fields in (
            {}, {'VERSIONS': (2, 1)}, {'VERSIONS': b'\0\1'},
            {'VERSIONS': bytes(5)}, {'AGENT': 'x'}, b'\0')),
            logged_in=False)

    def test_no_common_version(self):
        self.assertBreaks(
            encode_frame('HELLO', 0, {'VERSIONS': (2, 3)}),
            encode_frame('HELLO', 0, {'VERSIONS': (0, 0)}),
            encode_frame('HELLO', 0, {'VERSIONS': (65535, 65535)}),
            encode_frame('HELLO', 0, {'VERSIONS': (1, 1), 0x100: b''}),
            logged_in=False, code='unsupported')
        for versions in ((0, 1), (1, 65535), (1, 1)):
            with self.server.connect() as wire:
                wire.send('HELLO', 0, {'VERSIONS': versions, 0x9000: b'x'})
                self.assertEqual(wire.receive().fields['VERSION'], 1)

    def test_a_login_that_makes_no_sense(self):
        password = {'METHOD': 'password', 'RESPONSE': 'x'}
        self.assertBreaks(*(encode_frame('LOGIN', 1, fields) for fields in (
            {}, password, {'USER': 'a'}, {'USER': '', **password},
            {'USER': 'a' * 256, **password},
            {'USER': 'a', 'METHOD': 'password', 'RESPONSE': bytes(4097)})),
            before=self.HELLO, logged_in=False)
        self.assertBreaks(encode_frame('HELLO', 0, {'VERSIONS': (1, 1)}),
                          encode_frame('RESPONSE', 1, {'RESPONSE': 'x'}),
                          before=self.HELLO, logged_in=False)

    def test_frames_while_the_password_is_asked_for(self):
        ask = encode_frame('LOGIN', 1, self.LOGIN)
        self.assertBreaks(
            encode_frame('LOGIN', 2, self.LOGIN),
            encode_frame('RESPONSE', 2, {'RESPONSE': ftlib.PASSWORD}),
            encode_frame('RESPONSE', 1), encode_frame('RESPONSE', 1, b'x'),
            before=self.HELLO + ask, logged_in=False)
        with self.server.connect() as wire:
            wire.hello()
            id_ = wire.ask('LOGIN', self.LOGIN)
            self.assertEqual(wire.receive().name, 'CHALLENGE')
            self.assertEqual(wire.call('PING'), {})
            wire.send('RESPONSE', id_, {'RESPONSE': ftlib.PASSWORD})
            self.assertIn('TICKET', wire.answer(id_)[-1].fields)
            wire.send('RESPONSE', id_, {'RESPONSE': ftlib.PASSWORD})
            self.assertBroken(wire)

    def test_methods_that_are_not_known(self):
        with self.server.connect() as wire:
            wire.hello()
            for method in ('passwor', 'passwords', 'PASSWORD', 'p' * 255):
                self.assertRefused('unsupported', wire.call, 'LOGIN',
                                   {'USER': 'a', 'METHOD': method})
            wire.login(ftlib.USER, ftlib.PASSWORD)
            self.assertGoesOn(wire)

    def test_eight_requests_without_a_login_are_answered(self):
        with self.server.connect() as wire:
            wire.hello()
            for n in range(8):
                if n % 2:
                    id_ = wire.send_put('a', b'content')
                else:
                    id_ = wire.ask('GET', {'PATH': 'a'})
                error = self.assertRefused('login-needed', wire.answer, id_)
                self.assertEqual(error.error_class, 'auth')
            self.assertEqual(wire.call('PING'), {})
            wire.ask('LIST')
            self.assertEqual(self.assertBroken(wire), [])

    def test_a_login_is_still_possible_after_some(self):
        with self.server.connect() as wire:
            wire.hello()
            for _ in range(8):
                self.assertRefused('login-needed', wire.call, 'PWD')
            wire.login(ftlib.USER, ftlib.PASSWORD)
            self.assertGoesOn(wire)

    def test_requests_behind_a_refused_login_are_not_served(self):
        with self.server.connect() as wire:
            wire.hello()
            login = wire.ask('LOGIN', {**self.LOGIN, 'RESPONSE': 'wrong'})
            put_ = wire.send_put('a', b'content')
            list_ = wire.ask('LIST')
            self.assertRefused('login-refused', wire.answer, login)
            self.assertRefused('login-needed', wire.answer, put_)
            self.assertRefused('login-needed', wire.answer, list_)
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])


class Cuts(HostileTest):
    """A conversation that stops at any byte."""

    TALK = (encode_frame('STAT', ID, {'PATH': '/'})
            + put(ID + 1, 'b', SIZE=3) + data(0, b'abc', ID + 1)
            + commit(b'abc', ID + 1) + encode_frame('PWD', ID + 2))
    # Up to here the upload is not committed.
    OPEN = TALK.index(commit(b'abc', ID + 1)) + len(commit(b'abc', ID + 1))

    def test_a_frame_that_comes_byte_by_byte_is_served(self):
        with self.server.wire() as wire:
            for byte in self.TALK:
                wire.send_bytes(bytes([byte]))
            for id_ in (ID, ID + 1, ID + 2):
                self.assertEqual(wire.answer(id_)[-1].name, 'OK')
        self.assertEqual((self.server.root / 'b').read_bytes(), b'abc')

    def cut_everywhere(self, end):
        for length in range(self.OPEN):
            with self.server.wire() as wire:
                wire.send_bytes(self.TALK[:length])
                end(wire)
        self.wait_sessions_gone()
        self.assertEqual(os.listdir(self.server.root), ['.ftserver'])

    def test_a_goodbye_within_a_frame_publishes_nothing(self):
        self.cut_everywhere(lambda wire: wire.close())

    def test_an_end_without_goodbye_publishes_nothing(self):
        self.cut_everywhere(lambda wire: wire.cut())

    def test_a_reset_publishes_nothing(self):
        self.cut_everywhere(lambda wire: wire.reset())


if __name__ == '__main__':
    ftlib.main()
