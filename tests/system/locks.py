#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Locks that users take, and requests that wait for locks."""

import struct
import time

import ftlib
import ftwire

MIB = 1 << 20


def held(payload):
    """The rows of a HELD frame."""
    rows, at = [], 0
    while at < len(payload):
        size, = struct.unpack_from('>H', payload, at)
        kind, flags, start, length, session, user_len, path_len = \
            struct.unpack_from('>BBQQQHH', payload, at + 2)
        name = payload[at + 32:at + 2 + size]
        rows.append((kind == 2, bool(flags & 1), start, length,
                     name[:user_len], name[user_len:user_len + path_len]))
        at += 2 + size
    return rows


class Locks(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(users={
            ftlib.USER: 'rights=full', 'blind': 'rights=append+overwrite'}))
        self.file = self.server.path('file')
        self.server.write('file', b'old content')
        self.write('new', b'new content')
        self.alice = self.wire()
        self.bob = self.wire()

    def wire(self):
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        return wire

    def lock(self, wire, path='file', shared=False, **fields):
        if shared:
            fields['SHARED'] = b''
        return wire.call('LOCK', {'PATH': path, **fields})

    def send_append(self, wire, content, **fields):
        id_ = wire.ask('APPEND', {'PATH': 'file', **fields})
        wire.send_data(id_, 0, content)
        wire.send('COMMIT', id_, {'SIZE': len(content),
                                  'DIGEST': ftwire.digest(content)})
        return id_

    def local_lock(self, *lock):
        lock = ftlib.LocalLock(self.file, *lock)
        self.addCleanup(lock.release)
        return lock

    def assertLocked(self, call, *args, **options):
        return self.assertRefused('locked', call, *args, **options)

    def assertWaits(self, wire):
        """It has got no answer, and hears us all the same."""
        id_ = wire.ask('PING')
        self.assertEqual(wire.answer(id_)[-1].name, 'OK')

    def answers(self, wire, *ids):
        """The final replies of these, in the order in which they come."""
        return [self.one_answer(wire, *ids) for _ in ids]

    def one_answer(self, wire, *ids):
        """The final reply that comes next; it must be for one of these."""
        while True:
            frame = wire.receive()
            self.assertIn(frame.id, ids)
            if frame.name == 'OK':
                return frame.id, 'ok'
            if frame.name == 'ERROR':
                return frame.id, ftwire.CODES[frame.fields['CODE']]


class Table(Locks):
    """Each row of the table of lock rules, session against session."""

    def test_an_exclusive_lock_holds_up_everything_of_others(self):
        self.lock(self.alice)
        for call in (lambda: self.bob.get('file'),
                     lambda: self.bob.put('file', b'x'),
                     lambda: self.bob.call('RM', {'PATH': 'file'}),
                     lambda: self.bob.call('MV', {'PATH': 'file',
                                                  'TARGET': 'a'}),
                     lambda: self.lock(self.bob),
                     lambda: self.lock(self.bob, shared=True)):
            self.assertLocked(call)
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.bob.put('file', b'x')

    def test_a_shared_lock_lets_read_and_lock_shared_only(self):
        self.lock(self.alice, shared=True, OFFSET=0, LENGTH=3)
        self.assertEqual(self.bob.get('file'), b'old content')
        self.lock(self.bob, shared=True)
        self.assertLocked(self.alice.put, 'file', b'x')
        self.assertLocked(self.lock, self.bob)

    def test_own_locks_are_not_in_the_way_and_follow_the_name(self):
        self.lock(self.alice, OFFSET=2, LENGTH=4)
        self.assertEqual(self.alice.get('file'), b'old content')
        self.alice.put('file', b'new content')
        self.assertEqual(self.alice.get('file'), b'new content')
        self.assertLocked(self.bob.put, 'file', b'other')
        self.assertLocked(self.bob.get, 'file')
        self.assertEqual(self.bob.get('file', OFFSET=6), b'ntent')
        self.alice.call('MV', {'PATH': 'file', 'TARGET': 'moved'})
        self.assertLocked(self.bob.call, 'RM', {'PATH': 'moved'})
        self.alice.call('RM', {'PATH': 'moved'})

    def test_reading_holds_up_no_replacing_but_writing_in_place(self):
        self.server.write('file', b'x' * (64 * MIB))
        id_ = self.alice.ask('GET', {'PATH': 'file'})
        self.assertEqual(self.alice.receive().name, 'BEGUN')
        self.assertLocked(self.bob.call, 'TRUNCATE',
                          {'PATH': 'file', 'SIZE': 5})
        self.bob.put('file', b'new')
        self.assertEqual(self.alice.answer(id_)[-1].fields['SIZE'], 64 * MIB)
        self.assertEqual(self.bob.get('file'), b'new')

    def test_local_programs_respect_locks_and_are_respected(self):
        self.lock(self.alice, shared=True, OFFSET=0, LENGTH=4)
        with self.assertRaises(BlockingIOError):
            ftlib.LocalLock(self.file, 'EX', 3, 1)
        self.local_lock('SH', 0, 4)
        self.local_lock('EX', 5, 5)
        self.assertLocked(self.lock, self.alice, OFFSET=0, LENGTH=4)
        self.assertLocked(self.lock, self.alice, OFFSET=9, LENGTH=1)
        self.alice.call('UNLOCK', {'PATH': 'file'})

    def test_all_is_given_back_when_a_session_ends(self):
        for end in 'close', 'cut':
            carol = self.wire()
            self.lock(carol)
            getattr(carol, end)()
            self.lock(self.bob, WAIT_LOCK=60)
            self.bob.call('UNLOCK', {'PATH': 'file'})

    def test_a_conflict_names_its_holder(self):
        self.lock(self.alice)
        for call in (lambda: self.bob.get('file'),
                     lambda: self.bob.put('file', b'x'),
                     lambda: self.bob.call('RM', {'PATH': 'file'}),
                     lambda: self.bob.call('TRUNCATE', {'PATH': 'file',
                                                        'SIZE': 0}),
                     lambda: self.lock(self.bob),
                     lambda: self.lock(self.bob, WAIT_LOCK=1),
                     lambda: self.bob.put('file', b'x', WAIT_LOCK=1)):
            error = self.assertLocked(call)
            self.assertRegex(error.holder, r'\Atester \(session \d+\)\Z')
            self.assertIn(f'locked by {error.holder}', error.text)
            self.assertEqual(error.error_class, 'retry')
        done = self.server.client('get', 'file', '-', code=ftlib.EX_TEMPFAIL)
        self.assertIn(error.holder.encode(), done.stderr)

    def test_who_is_none_of_ours_is_not_named(self):
        self.local_lock('EX')
        error = self.assertLocked(self.bob.get, 'file')
        self.assertEqual(error.holder, '')

    def test_who_may_not_know_names_is_not_told_the_holder(self):
        blind = self.server.wire(user='blind')
        self.addCleanup(blind.cut)
        self.lock(self.alice)
        for call in (lambda: blind.call('TRUNCATE', {'PATH': 'file',
                                                     'SIZE': 0}),
                     lambda: blind.answer(self.send_append(blind, b'x')),
                     lambda: blind.answer(self.send_append(blind, b'x',
                                                           WAIT_LOCK=1))):
            error = self.assertLocked(call)
            self.assertEqual(error.holder, '')
            self.assertNotIn('tester', error.text)

    def test_locks_are_listed(self):
        self.lock(self.alice, OFFSET=2, LENGTH=3)
        self.lock(self.alice, shared=True, OFFSET=10)
        *parts, ok = self.alice.answer(self.alice.ask('LOCKS'))
        mine = [(True, True, 2, 3, b'tester', b'/file'),
                (False, True, 10, 0, b'tester', b'/file')]
        self.assertEqual([row for part in parts
                          for row in held(part.payload)], mine)
        self.assertEqual(ok.fields['COUNT'], 2)
        self.assertEqual(self.bob.call('LOCKS')['COUNT'], 0)
        part, ok = self.bob.answer(self.bob.ask('LOCKS', {'PATH': 'file'}))
        self.assertEqual(held(part.payload), [
            (exclusive, False, *rest) for exclusive, _, *rest in mine])


class Waits(Locks):
    def test_each_request_waits_until_the_lock_is_gone(self):
        for ask in (
                lambda: self.bob.ask('GET', {'PATH': 'file',
                                             'WAIT_LOCK': 60}),
                lambda: self.bob.ask('TRUNCATE', {'PATH': 'file', 'SIZE': 11,
                                                  'WAIT_LOCK': 60}),
                lambda: self.bob.send_put('file', b'new content',
                                          WAIT_LOCK=60),
                lambda: self.bob.ask('LOCK', {'PATH': 'file',
                                              'WAIT_LOCK': 60}),
                lambda: self.bob.ask('UNLOCK', {'PATH': 'file'}),
                lambda: self.bob.ask('MV', {'PATH': 'file', 'TARGET': 'b',
                                            'WAIT_LOCK': 60}),
                lambda: self.bob.ask('MV', {'PATH': 'b', 'TARGET': 'file'}),
                lambda: self.bob.ask('RM', {'PATH': 'file',
                                            'WAIT_LOCK': 60})):
            if self.server.path('file').exists() and \
                    not self.bob.call('LOCKS')['COUNT'] and \
                    not self.server.path('b').exists():
                self.lock(self.alice)
                id_ = ask()
                self.assertWaits(self.bob)
                self.alice.call('UNLOCK', {'PATH': 'file'})
            else:
                id_ = ask()
            self.bob.answer(id_)
        self.assertFalse(self.server.path('file').exists())

    def test_an_append_waits_with_its_data(self):
        self.lock(self.alice)
        id_ = self.send_append(self.bob, b' and more', WAIT_LOCK=60)
        then = self.bob.ask('GET', {'PATH': 'file', 'WAIT_LOCK': 60})
        self.assertWaits(self.bob)
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.bob.answer(id_)
        self.bob.answer(then)
        self.assertEqual(self.server.read('file'), b'old content and more')

    def test_an_append_that_waited_in_vain_has_its_data_dropped(self):
        self.lock(self.alice)
        id_ = self.send_append(self.bob, b' and more', WAIT_LOCK=1)
        self.assertLocked(self.bob.answer, id_)
        id_ = self.send_append(self.bob, b' and more', WAIT_LOCK=600)
        self.assertWaits(self.bob)
        self.bob.send('CANCEL', id_)
        self.assertRefused('cancelled', self.bob.answer, id_)
        self.bob.call('PWD')
        self.assertEqual(self.server.read('file'), b'old content')

    def test_a_wait_for_a_local_program_ends_with_it(self):
        lock = self.local_lock('EX')
        id_ = self.bob.ask('GET', {'PATH': 'file', 'WAIT_LOCK': 60})
        put = self.alice.send_put('file', b'new content', WAIT_LOCK=60)
        self.assertWaits(self.bob)
        self.assertWaits(self.alice)
        lock.release()
        self.bob.answer(id_)
        self.alice.answer(put)

    def test_a_wait_is_over_in_time_with_locked(self):
        self.lock(self.alice)
        began = time.monotonic()
        for ask in ('GET', 'RM', 'LOCK'):
            id_ = self.bob.ask(ask, {'PATH': 'file', 'WAIT_LOCK': 1})
            error = self.assertLocked(self.bob.answer, id_)
            self.assertIn(b'tester', error.text.encode())
        self.assertLocked(self.bob.put, 'file', b'x', WAIT_LOCK=1)
        self.assertGreaterEqual(time.monotonic() - began, 4)
        done = self.server.client('get', '--wait', '1', 'file', code=75,
                                  cwd=self.folder)
        self.assertIn(b'(locked)', done.stderr)

    def test_waits_can_be_cancelled(self):
        self.lock(self.alice)
        for ask in (
                lambda: self.bob.ask('GET', {'PATH': 'file',
                                             'WAIT_LOCK': 600}),
                lambda: self.bob.ask('LOCK', {'PATH': 'file',
                                              'WAIT_LOCK': 600}),
                lambda: self.bob.send_put('file', b'x', WAIT_LOCK=600)):
            id_ = ask()
            self.assertWaits(self.bob)
            self.bob.send('CANCEL', id_)
            self.assertRefused('cancelled', self.bob.answer, id_)
        self.assertEqual(self.server.stages(), [])

    def test_answers_of_puts_stay_in_order_around_one_that_waits(self):
        self.lock(self.alice)
        ids = [self.bob.send_put(name, b'content', WAIT_LOCK=60)
               for name in ('a', 'file', 'b')]
        ids.append(self.bob.ask('GET', {'PATH': 'b'}))
        ping = self.bob.ask('PING')
        # The first one meets no lock, and may have gone ahead.
        found = [self.one_answer(self.bob, ids[0], ping)]
        if found != [(ping, 'ok')]:
            self.assertEqual(self.one_answer(self.bob, ping), (ping, 'ok'))
        else:
            found = []
        self.alice.call('UNLOCK', {'PATH': 'file'})
        found += self.answers(self.bob, *ids[len(found):])
        self.assertEqual(found, [(id_, 'ok') for id_ in ids])

    def test_puts_behind_one_that_waited_in_vain_are_served(self):
        self.lock(self.alice)
        ids = [self.bob.send_put('file', b'content', WAIT_LOCK=1),
               self.bob.send_put('a', b'content')]
        self.assertEqual(self.answers(self.bob, *ids),
                         [(ids[0], 'locked'), (ids[1], 'ok')])

    def test_several_locks_are_waited_for_and_one_given_back_meanwhile(self):
        self.server.write('other', b'other')
        self.server.write('third', b'third')
        self.lock(self.alice)
        self.lock(self.alice, 'other')
        self.lock(self.bob, 'third')
        ids = [self.bob.ask('LOCK', {'PATH': path, 'WAIT_LOCK': 60})
               for path in ('file', 'other')]
        now = self.bob.ask('UNLOCK', {'PATH': 'third'}, flags=ftwire.NOW)
        later = self.bob.ask('PWD')
        self.bob.answer(now)
        self.lock(self.alice, 'third')
        self.alice.call('UNLOCK', {'PATH': 'other'})
        self.bob.answer(ids[1])
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.bob.answer(ids[0])
        self.bob.answer(later)

    def test_first_come_first_served(self):
        self.lock(self.alice)
        waiting = []
        for _ in range(5):
            wire = self.wire()
            waiting.append((wire, wire.ask('LOCK', {'PATH': 'file',
                                                    'WAIT_LOCK': 60})))
            self.assertWaits(wire)
        holder = self.alice
        for wire, id_ in waiting:
            holder.call('UNLOCK', {'PATH': 'file'})
            wire.answer(id_)
            holder = wire

    def test_two_who_wait_for_each_other_are_both_bounded(self):
        self.server.write('other', b'other')
        self.lock(self.alice)
        self.lock(self.bob, 'other')
        first = self.alice.ask('LOCK', {'PATH': 'other', 'WAIT_LOCK': 2})
        second = self.bob.ask('LOCK', {'PATH': 'file', 'WAIT_LOCK': 1})
        self.assertLocked(self.bob.answer, second)
        self.assertLocked(self.alice.answer, first)

    def test_who_hangs_up_waits_no_more(self):
        self.lock(self.alice)
        carol = self.wire()
        carol.ask('LOCK', {'PATH': 'file', 'WAIT_LOCK': 600})
        self.assertWaits(carol)
        dave = self.wire()
        dave.send_put('file', b'never', WAIT_LOCK=600)
        self.assertWaits(dave)
        carol.cut()
        dave.cut()
        id_ = self.bob.ask('LOCK', {'PATH': 'file', 'WAIT_LOCK': 60})
        self.assertWaits(self.bob)
        ftlib.wait_until('the stage is gone',
                         lambda: self.server.stages() == [])
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.bob.answer(id_)
        self.assertEqual(self.server.read('file'), b'old content')

    def test_the_server_can_stop_while_requests_wait(self):
        self.local_lock('EX')
        id_ = self.bob.ask('LOCK', {'PATH': 'file', 'WAIT_LOCK': 600})
        put = self.wire()
        put.send_put('file', b'never', WAIT_LOCK=600)
        self.assertWaits(self.bob)
        self.assertWaits(put)
        self.server.stop()
        self.assertEqual(self.server.read('file'), b'old content')


class Silence(Locks):
    SECONDS = 3

    def set_up(self, **options):
        return super().set_up(sections={
            'limits': {'lock_timeout': self.SECONDS}}, **options)

    def test_who_holds_a_lock_must_be_heard_from(self):
        self.lock(self.alice)
        self.bob.answer(self.bob.ask(
            'LOCK', {'PATH': 'file', 'WAIT_LOCK': 60}))
        last = self.alice.expect_end()[-1]
        self.assertEqual(ftwire.CODES[last.fields['CODE']], 'timeout')

    def test_a_ping_is_enough(self):
        self.lock(self.alice)
        ends = time.monotonic() + 2 * self.SECONDS + 1
        while time.monotonic() < ends:
            self.alice.call('PING')
            time.sleep(self.SECONDS / 4)
        self.assertLocked(self.bob.get, 'file')

    def test_who_holds_none_may_be_silent(self):
        self.lock(self.alice)
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.lock(self.bob)
        self.bob.expect_end()
        self.assertEqual(self.alice.get('file'), b'old content')


class Stalls(Locks):
    SIZE = 32 * MIB

    def stalled_get(self):
        self.server.write('file', b'x' * self.SIZE)
        id_ = self.alice.ask('GET', {'PATH': 'file'})
        self.assertEqual(self.alice.receive().name, 'BEGUN')
        self.assertLocked(self.bob.call, 'TRUNCATE',
                          {'PATH': 'file', 'SIZE': self.SIZE - 1})
        return id_

    def test_a_get_that_is_stalled_lets_go_and_ends_as_changed(self):
        id_ = self.stalled_get()
        self.bob.call('TRUNCATE', {'PATH': 'file', 'SIZE': self.SIZE - 1,
                                   'WAIT_LOCK': 60})
        self.assertRefused('changed', self.alice.answer, id_)

    def test_it_goes_on_if_nothing_was_changed(self):
        id_ = self.stalled_get()
        self.lock(self.bob, WAIT_LOCK=60)
        self.assertEqual(self.alice.answer(id_)[-1].fields['SIZE'],
                         self.SIZE)


class Client(Locks):
    def test_the_commands_lock_list_and_unlock(self):
        done = self.server.client(
            input=b'lock --shared file 2:3\nlock file 5:\n'
                  b'locks\nlocks file\nunlock file\nlocks\n')
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[0], r'\Ashared    2:3 tester \(this session '
                         r'\d+\) /file\Z')
        self.assertRegex(lines[1], r'\Aexclusive 5: tester')
        self.assertEqual(lines[:2], lines[2:])
        done = self.server.client(
            input=b'lock file\nput - file\nget file -\nrm file\n',
            cwd=self.folder)
        self.assertFalse(self.file.exists())

    def test_options_are_checked(self):
        for words in (['lock', '--wait', '3601', 'file'],
                      ['lock', '--wait', 'x', 'file'],
                      ['lock', 'file', '1-2'], ['lock', 'file', ':3'],
                      ['lock', '--sharing', 'file'],
                      ['lock', '--shared=yes', 'file'],
                      ['unlock', '--wait', '3', 'file'],
                      ['lock', '--wait']):
            self.server.client(*words, code=ftlib.EX_USAGE)

    def test_unlocking_what_is_not_locked_is_told(self):
        self.server.client('unlock', 'file', code=ftlib.EX_NOINPUT)

    def test_a_command_waits(self):
        self.lock(self.alice)
        process = self.server.start_client('put', '--wait', '60',
                                           str(self.path('new')), 'file')
        ftlib.wait_until('it waits',
                         lambda: self.server.stages() != [])
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.server.read('file'), b'new content')


if __name__ == '__main__':
    ftlib.main()
