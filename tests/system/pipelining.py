#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many requests at once: in order, but for what may overtake."""

import os

import ftlib
import ftwire
from fthostile import LONG, MIB, PipeTest
from ftwire import CHAINED, encode_frame


class Order(PipeTest):
    def test_hello_login_and_list_in_one_go(self):
        with self.server.connect() as wire:
            wire.send_bytes(
                encode_frame('HELLO', 0, {'VERSIONS': (1, 1)})
                + encode_frame('LOGIN', 1, {
                    'USER': ftlib.USER, 'METHOD': 'password',
                    'RESPONSE': ftlib.PASSWORD})
                + encode_frame('PWD', 2) + encode_frame('LIST', 3))
            self.assertEqual(wire.receive().name, 'HELLO')
            self.assertEqual(self.finals(wire, [1, 2, 3]), ['ok'] * 3)

    def test_two_thousand_puts_are_answered_in_order(self):
        with self.server.wire() as wire:
            ids = [wire.send_put(f'n{n % 500}/f{n}' if n % 7 == 0 else f'f{n}',
                                 b'%d' % n) for n in range(2000)]
            outcomes = self.finals(wire, ids)
        for n, outcome in enumerate(outcomes):
            self.assertEqual(outcome, 'not-found' if n % 7 == 0 else 'ok')
            if n % 7:
                self.assertEqual(self.server.read(f'f{n}'), b'%d' % n)
        self.assertEqual(len(os.listdir(self.server.root)), 1 + 2000 - 286)

    def test_what_is_put_twice_is_what_came_last(self):
        with self.server.wire() as wire:
            ids = [wire.send_put('a', b'%d' % n) for n in range(300)]
            self.assertEqual(self.finals(wire, ids), ['ok'] * 300)
        self.assertEqual(self.server.read('a'), b'299')

    def test_long_uploads_of_one_name_follow_each_other(self):
        contents = [bytes([n]) * (2 * MIB) for n in range(4)]
        with self.server.wire() as wire:
            ids = [wire.send_put(name, content, announce=n % 2 == 0)
                   for n, content in enumerate(contents)
                   for name in ('a', './a')]
            self.assertEqual(self.finals(wire, ids), ['ok'] * 8)
        self.assertEqual(self.server.read('a'), contents[-1])

    def test_gets_and_a_list_queue_up(self):
        contents = {name: os.urandom(3 * MIB) for name in ('a', 'b')}
        for name, content in contents.items():
            (self.server.root / name).write_bytes(content)
        with self.server.wire() as wire:
            a = wire.ask('GET', {'PATH': 'a'})
            b = wire.ask('GET', {'PATH': 'b'})
            names = wire.ask('LIST')
            for id_, name in ((a, 'a'), (b, 'b')):
                _, *parts, ok = wire.answer(id_)
                self.assertEqual(
                    b''.join(part.payload[8:] for part in parts),
                    contents[name])
                self.assertEqual(ok.fields['SIZE'], 3 * MIB)
            self.assertEqual(wire.answer(names)[-1].fields, {'COUNT': 2})

    def test_a_request_sees_the_puts_before_it(self):
        with self.server.wire() as wire:
            for n in range(20):
                put = wire.send_put(f'f{n}', b'%d' % n)
                names = wire.ask('LIST')
                stat = wire.ask('STAT', {'PATH': f'f{n}'})
                get = wire.ask('GET', {'PATH': f'f{n}'})
                move = wire.ask('MV', {'PATH': f'f{n}', 'TARGET': f'g{n}'})
                wire.answer(put)
                self.assertEqual(wire.answer(names)[-1].fields['COUNT'], n + 1)
                self.assertEqual(wire.answer(stat)[-1].name, 'OK')
                self.assertEqual(wire.answer(get)[1].payload[8:], b'%d' % n)
                wire.answer(move)
        self.assertEqual(len(os.listdir(self.server.root)), 21)

    def test_long_and_small_uploads_in_a_row(self):
        with self.server.wire() as wire:
            ids, contents = [], {}
            for n in range(12):
                contents[n] = os.urandom(2 * MIB if n % 3 == 0 else 100)
                ids.append(wire.send_put(f'f{n}', contents[n],
                                         announce=n % 2 == 0))
            self.assertEqual(self.finals(wire, ids), ['ok'] * 12)
        for n, content in contents.items():
            self.assertEqual(self.server.read(f'f{n}'), content)


class Overtaking(PipeTest):
    def test_a_ping_overtakes_a_get_and_what_waits_behind_it(self):
        self.long_file()
        with self.server.wire() as wire:
            get = wire.ask('GET', {'PATH': 'long'})
            stat = wire.ask('STAT', {'PATH': 'long'})
            ping = wire.ask('PING')
            self.assertEqual(self.finals(wire, [ping, get, stat]), ['ok'] * 3)

    def test_a_ping_at_the_end_of_what_may_be_sent_ahead_is_heard(self):
        self.long_file()
        with self.server.connect() as wire:
            ahead = wire.hello()['PIPELINE']
            wire.login(ftlib.USER, ftlib.PASSWORD)
            get = wire.ask('GET', {'PATH': 'long'})
            ids, size = [], len(encode_frame('PWD', 1))
            while (len(ids) + 2) * size <= ahead:
                ids.append(wire.ask('PWD'))
            ping = wire.ask('PING')
            self.assertEqual(self.finals(wire, [ping, get, *ids]),
                             ['ok'] * (len(ids) + 2))

    def test_answers_do_not_wait_for_an_upload_that_is_open(self):
        with self.server.wire() as wire:
            ids = [wire.send_put(f'f{n}', b'content') for n in range(20)]
            put = wire.ask('PUT', {'PATH': 'open', 'SIZE': 5})
            self.assertEqual(self.finals(wire, ids), ['ok'] * 20)
            wire.send_data(put, 0, b'12345')
            wire.send('COMMIT', put, {'SIZE': 5,
                                      'DIGEST': ftwire.digest(b'12345')})
            wire.answer(put)

    def test_pings_within_an_upload(self):
        with self.server.wire() as wire:
            put = wire.ask('PUT', {'PATH': 'a', 'SIZE': 5 * MIB})
            self.assertEqual(wire.receive().name, 'BEGUN')
            content = os.urandom(5 * MIB)
            for at in range(0, len(content), 100000):
                wire.send_data(put, at, content[at:at + 100000])
                self.assertQuiet(wire)
            wire.send('COMMIT', put, {'SIZE': len(content),
                                      'DIGEST': ftwire.digest(content)})
            wire.answer(put)
        self.assertEqual(self.server.read('a'), content)

    def test_a_get_is_cancelled(self):
        self.long_file()
        with self.server.wire() as wire:
            get = wire.ask('GET', {'PATH': 'long'})
            wire.receive()
            wire.send('CANCEL', get)
            self.assertRefused('cancelled', self.answer_short, wire, get)
            wire.send('CANCEL', get)
            self.assertQuiet(wire)
            self.assertEqual(len(wire.list()), 1)

    def answer_short(self, wire, get):
        """Its frames; far less than the whole."""
        sent = 0
        while True:
            frame = wire.receive()
            self.assertEqual(frame.id, get)
            sent += len(frame.payload)
            self.assertLess(sent, LONG // 2)
            if frame.name == 'ERROR':
                raise ftwire.Refused(frame.fields)

    def test_what_waits_is_cancelled_in_its_turn(self):
        self.long_file()
        with self.server.wire() as wire:
            get = wire.ask('GET', {'PATH': 'long'})
            stat = wire.ask('STAT', {'PATH': 'long'})
            made = wire.ask('MKDIR', {'PATH': 'made'})
            other = wire.ask('PWD')
            wire.send('CANCEL', made)
            wire.send('CANCEL', made)
            wire.send('CANCEL', get)
            self.assertEqual(self.finals(wire, [get, stat, made, other]),
                             ['cancelled', 'ok', 'cancelled', 'ok'])
        self.assertFalse((self.server.root / 'made').exists())

    def test_a_put_is_cancelled_on_its_way(self):
        with self.server.wire() as wire:
            for size in (1000, 3 * MIB):
                put = wire.ask('PUT', {'PATH': 'a', 'SIZE': size})
                wire.send_data(put, 0, b'begin')
                wire.send('CANCEL', put)
                wire.send('CANCEL', put)
                wire.send_data(put, 500, b'end')
                wire.send('COMMIT', put, {'SIZE': size, 'DIGEST': bytes(16)})
                self.assertEqual(self.finals(wire, [put]), ['cancelled'])
                self.assertQuiet(wire)
            self.assertEqual(wire.list(), [])

    def test_a_cancel_of_nothing_is_ignored(self):
        with self.server.wire() as wire:
            for id_ in (1, 77, (1 << 32) - 1):
                wire.send('CANCEL', id_)
            put = wire.send_put('a', b'content')
            wire.send('CANCEL', put)
            self.assertIn(self.finals(wire, [put])[0], ('ok', 'cancelled'))
            wire.send('CANCEL', put)
            self.assertQuiet(wire)

    def test_a_put_that_waits_behind_a_get_comes_whole(self):
        self.long_file()
        with self.server.wire() as wire:
            get = wire.ask('GET', {'PATH': 'long'})
            stats = [wire.ask('STAT', {'PATH': 'long'}) for _ in range(50)]
            put = wire.ask('PUT', {'PATH': 'a', 'SIZE': 20000})
            wire.send_data(put, 0, bytes(10000))
            ping = wire.ask('PING')
            wire.send_data(put, 10000, bytes(10000))
            self.assertEqual(self.finals(wire, [ping, get, *stats]),
                             ['ok'] * 52)
            # What was searched for overtakers is gone from the front by now.
            wire.send('COMMIT', put, {'SIZE': 20000,
                                      'DIGEST': ftwire.digest(bytes(20000))})
            get = wire.ask('GET', {'PATH': 'long'})
            stat = wire.ask('STAT', {'PATH': 'a'})
            ping = wire.ask('PING')
            finals = []
            while len(finals) < 4:
                frame = wire.receive()
                if frame.name in ('OK', 'ERROR'):
                    finals.append((frame.id, self.outcome(frame)))
            self.assertEqual(sorted(finals), [
                (id_, 'ok') for id_ in (put, get, stat, ping)])


class Chains(PipeTest):
    def run_chain(self, *requests):
        """Outcomes of requests that are sent at once, all but the first of
        them chained: words, or functions of the wire and flags."""
        with self.server.wire() as wire:
            ids, flags = [], 0
            for request in requests:
                ids.append(request(wire, flags))
                flags = CHAINED
            return self.finals(wire, ids)

    def mkdir(self, path, free=False):
        return lambda wire, flags: wire.ask(
            'MKDIR', {'PATH': path}, flags=0 if free else flags)

    def put(self, path, content=b'x', free=False, digest=None, **fields):
        def send(wire, flags):
            id_ = wire.ask('PUT', {'PATH': path, 'SIZE': len(content),
                                   **fields}, flags=0 if free else flags)
            for at in range(0, len(content), ftwire.DATA_BYTES):
                wire.send_data(id_, at, content[at:at + ftwire.DATA_BYTES])
            wire.send('COMMIT', id_, {'SIZE': len(content), 'DIGEST': digest
                                      or ftwire.digest(content)})
            return id_
        return send

    def names(self):
        return set(os.listdir(self.server.root)) - {'.ftserver'}

    def test_nothing_is_tried_behind_a_failure(self):
        self.assertEqual(
            self.run_chain(self.mkdir('a'), self.mkdir('no/b'),
                           self.mkdir('c'), self.put('d'), self.mkdir('e')),
            ['ok', 'not-found', 'skipped', 'skipped', 'skipped'])
        self.assertEqual(self.names(), {'a'})

    def test_a_request_without_the_flag_begins_anew(self):
        self.assertEqual(
            self.run_chain(self.mkdir('no/a'), self.mkdir('b'),
                           self.mkdir('c', free=True), self.mkdir('d')),
            ['not-found', 'skipped', 'ok', 'ok'])
        self.assertEqual(self.names(), {'c', 'd'})

    def test_a_ping_does_not_mend_a_chain(self):
        with self.server.wire() as wire:
            first = self.mkdir('no/a')(wire, 0)
            ping = wire.ask('PING')
            second = self.mkdir('b')(wire, CHAINED)
            # It may overtake what waits for the disk.
            found = {}
            while len(found) < 3:
                frame = wire.receive()
                found[frame.id] = self.outcome(frame)
        self.assertEqual(found, {first: 'not-found', ping: 'ok',
                                 second: 'skipped'})

    def bad_puts(self):
        (self.server.root / 'taken').write_bytes(b'old')
        (self.server.root / 'folder').mkdir(exist_ok=True)
        return {
            'not-found': self.put('no/b'),
            'digest': self.put('b', digest=bytes(16)),
            'exists': self.put('taken', TAKEN=1),
            'precondition': self.put('b', IF_VERSION=bytes(16)),
            'unsupported': self.put('b', OFFSET=0),
            'size': lambda wire, flags: self.short_put(wire, flags),
            'cancelled': lambda wire, flags: self.aborted_put(wire, flags),
            'is-a-folder': self.put('folder'),
        }

    def short_put(self, wire, flags):
        id_ = wire.ask('PUT', {'PATH': 'b', 'SIZE': 1}, flags=flags)
        wire.send_data(id_, 0, b'too much')
        wire.send('COMMIT', id_, {'SIZE': 1, 'DIGEST': bytes(16)})
        return id_

    def aborted_put(self, wire, flags):
        id_ = wire.ask('PUT', {'PATH': 'b', 'SIZE': 1}, flags=flags)
        wire.send('ABORT', id_)
        return id_

    def test_puts_of_one_batch_stop_at_the_first_failure(self):
        for code, bad in self.bad_puts().items():
            with self.subTest(code=code):
                got = self.run_chain(
                    self.put(f'{code}-1'), self.put(f'{code}-2'), bad,
                    self.put(f'{code}-3'), self.put(f'{code}-4'),
                    self.put(f'{code}-5', free=True), self.put(f'{code}-6'),
                    self.mkdir(f'{code}-7'))
                self.assertEqual(got, [
                    'ok', 'ok', code, 'skipped', 'skipped', 'ok', 'ok', 'ok'])
                self.assertEqual(
                    {name for name in self.names() if code in name},
                    {f'{code}-{n}' for n in (1, 2, 5, 6, 7)})
        self.assertEqual(self.server.read('taken'), b'old')

    def test_a_failed_put_stops_what_is_chained_behind_the_batch(self):
        for code, bad in self.bad_puts().items():
            with self.subTest(code=code):
                got = self.run_chain(self.put('a'), bad, self.mkdir('dir'),
                                     self.put('c'))
                self.assertEqual(got[2:], ['skipped', 'skipped'])
        self.assertEqual(self.names(), {'a', 'folder', 'taken'})

    def test_a_chain_of_many_batches(self):
        puts = [self.put(f'f{n:03}') for n in range(700)]
        puts[400] = self.put('no/f')
        self.assertEqual(self.run_chain(*puts), [
            *['ok'] * 400, 'not-found', *['skipped'] * 299])
        self.assertEqual(len(self.names()), 400)

    def test_long_uploads_are_chained_too(self):
        self.assertEqual(
            self.run_chain(self.put('a', bytes(2 * MIB), digest=bytes(16)),
                           self.put('b', bytes(2 * MIB)), self.put('c')),
            ['digest', 'skipped', 'skipped'])
        self.assertEqual(self.names(), set())


class Failures(PipeTest):
    def test_an_upload_is_aborted(self):
        with self.server.wire() as wire:
            for flags in (0, ftwire.NOW):
                for size in (0, 10, 5 * MIB):
                    id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': size})
                    if size:
                        wire.send_data(id_, 0, b'begin')
                    wire.send('ABORT', id_, flags=flags)
                    self.assertEqual(self.finals(wire, [id_]), ['cancelled'])
                    self.assertQuiet(wire)
            self.assertEqual(wire.list(), [])

    def test_the_frames_of_a_failed_upload_are_dropped(self):
        with self.server.wire() as wire:
            for end in ('COMMIT', 'ABORT'):
                id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': 10})
                wire.send_data(id_, 0, b'more than ten')
                for n in range(32):
                    wire.send_data(id_, n * MIB, bytes(ftwire.DATA_BYTES))
                wire.send(end, id_, {} if end == 'ABORT' else {
                    'SIZE': 10, 'DIGEST': bytes(16)})
                next_ = wire.ask('PWD')
                self.assertEqual(self.finals(wire, [id_, next_]),
                                 ['size', 'ok'])
                self.assertQuiet(wire)
            self.assertEqual(wire.list(), [])

    def test_an_upload_fails_while_its_data_still_comes(self):
        with self.server.wire() as wire:
            id_ = wire.ask('PUT', {'PATH': 'no/a', 'SIZE': MIB})
            self.assertEqual(self.finals(wire, [id_]), ['not-found'])
            wire.send_data(id_, 0, bytes(1000))
            self.assertQuiet(wire)
            wire.send('ABORT', id_)
            self.assertQuiet(wire)
            wire.put('a', b'content')


if __name__ == '__main__':
    ftlib.main()
