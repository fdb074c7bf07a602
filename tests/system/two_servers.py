#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Two servers on one base, two processes and two ports: what one holds, the
other respects.  The tests of locks, uploads and quotas run once more, with
their clients split between the two; then the two contend."""

import copy
import os
import signal
import subprocess
import threading
import time

import ftlib
import ftwire
import locks
import parcels
import quota
import resume
import resume_client

MIB = ftwire.MIB
COPIED = 128 * MIB   # the basis of an upload
CLIENTS = 8
ROUNDS = 2000 if ftlib.NIGHTLY else 100


class Pair:
    """Two servers that look like one: they are connected to in turn."""

    def __init__(self, one, two):
        self.__dict__.update(both=(one, two), turn=0)

    def next(self):
        self.__dict__['turn'] += 1
        return self.both[self.turn % 2]

    def wire(self, **options):
        return self.next().wire(**options)

    def client(self, *words, **options):
        return self.next().client(*words, **options)

    def start_client(self, *words, **options):
        return self.next().start_client(*words, **options)

    def stop(self):
        for server in self.both:
            server.stop()

    def __getattr__(self, name):
        """What is the same for both, or else the first one's."""
        return getattr(self.both[0], name)

    def __setattr__(self, name, value):
        for server in self.both:
            setattr(server, name, value)


class Paired:
    """Tests of one server, now of two."""

    def serve(self, setup=None, **options):
        setup = setup or self.set_up()
        return Pair(super().serve(setup, **options),
                    super().serve(setup, **options))


def all_by_night(*by_day):
    """Of all these tests, `make check` runs no more than those named."""
    def choose(cases):
        for name in dir(cases):
            if name.startswith('test_') and not (
                    ftlib.NIGHTLY or name[len('test_'):] in by_day):
                setattr(cases, name, None)
        return cases
    return choose


class LocksOfBoth(Paired, locks.Table):
    # A server knows the holders of its own locks alone.
    test_a_conflict_names_its_holder = None
    test_locks_are_listed = None

    def test_a_conflict_with_the_other_server_names_nobody(self):
        self.lock(self.alice)
        error = self.assertLocked(self.bob.get, 'file')
        self.assertNotIn('session', error.text)
        self.assertEqual(self.bob.call('LOCKS', {'PATH': 'file'})['COUNT'], 0)


@all_by_night('a_cut_connection_goes_on_with_it',
              'the_old_connection_has_nothing_to_say_any_more')
class ParcelsOfBoth(Paired, parcels.Resume):
    # A long member that the other server still has is collected later.
    test_given_up_it_is_gone_whole = None


@all_by_night('each_request_waits_until_the_lock_is_gone',
              'answers_of_puts_stay_in_order_around_one_that_waits',
              'a_wait_for_the_other_server_is_over_in_time')
class WaitsForBoth(Paired, locks.Waits):
    # First come is first served within one server, and the holder is named.
    test_first_come_first_served = None
    test_a_wait_is_over_in_time_with_locked = None

    def test_a_wait_for_the_other_server_is_over_in_time(self):
        self.lock(self.alice)
        for ask in ('GET', 'RM', 'LOCK'):
            id_ = self.bob.ask(ask, {'PATH': 'file', 'WAIT_LOCK': 1})
            self.assertLocked(self.bob.answer, id_)
        self.assertLocked(self.bob.put, 'file', b'x', WAIT_LOCK=1)


@all_by_night('an_upload_that_was_cut_off_goes_on',
              'a_resume_takes_the_upload_from_the_older_holder',
              'another_upload_of_the_path_is_told_locked',
              'segments_come_over_several_connections',
              'uploads_are_listed_and_discarded',
              'nobody_joins_what_the_other_is_still_copying')
class UploadsToBoth(Paired, resume.Resume):
    def noted(self):
        """How many pieces of the one upload are noted; its id."""
        for name in self.records():
            path = self.server.root / '.ftserver/uploads' / name
            return (path.stat().st_size - 16384) // 32, bytes.fromhex(name)
        return 0, None

    def stop_amid_copy(self, server, size):
        """Let it copy a basis, stop it before it is done; the upload."""
        wire, pid = server.wire(), server.worker
        self.addCleanup(wire.cut)
        for _ in range(50):
            id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': size, 'BASIS': b''})
            ends = time.monotonic() + ftlib.LIMIT
            while self.noted()[0] < 1:
                self.assertLess(time.monotonic(), ends)
            os.kill(pid, signal.SIGSTOP)
            pieces, upload = self.noted()
            if pieces < size // MIB // 2:
                return upload
            os.kill(pid, signal.SIGCONT)
            wire.send('ABORT', id_)
            self.assertRefused('cancelled', wire.answer, id_)
        raise AssertionError('it was always too late')

    def test_nobody_joins_what_the_other_is_still_copying(self):
        one, two = self.server.both
        content = resume.content_of(COPIED)
        self.server.write('a', content)
        with two.wire() as wire:
            upload = self.stop_amid_copy(one, COPIED)
            id_ = wire.ask('PUT', {'UPLOAD': upload, 'OFFSET': COPIED - MIB,
                                   'LENGTH': MIB})
            self.assertRefused('busy', wire.answer, id_)
            wire.send('ABORT', id_)
            # It dies with its locks; what it has noted is right.
            os.kill(one.worker, signal.SIGKILL)
            content = content[:-5] + b'other'
            self.go_on(wire, upload, content)
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])


@all_by_night('fifty_uploads_at_once_are_never_over',
              'fifty_of_unknown_size_are_never_over',
              'all_verbs_count')
class QuotasOfBoth(Paired, quota.Quota):
    # It has a second one already.
    test_two_servers_on_one_base_share_a_quota = None
    # Where the file of the count is destroyed, each server knows what it has
    # promised itself, and not what the other has.
    test_a_count_that_is_lost_while_serving_is_made_anew = None


class Balancer(resume_client.Proxy):
    """One address in front of both, as a fleet has."""

    def carry(self, client, up, down):
        carrier = copy.copy(self)
        carrier.server = self.server.next()
        resume_client.Proxy.carry(carrier, client, up, down)


class Fleet(Paired, ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.local = self.folder / 'local'
        self.local.mkdir()

    def run_client(self, balancer, *words, code=ftlib.OK):
        self.server.client(code=code, cwd=self.local, argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            balancer.target(), *words])

    def balancer(self, **limits):
        balancer = Balancer(self.server, **limits)
        self.addCleanup(balancer.close)
        return balancer

    def test_an_upload_that_was_cut_at_one_goes_on_at_the_other(self):
        content = resume.content_of(10 * MIB)
        (self.local / 'a').write_bytes(content)
        balancer = self.balancer(up=(3 * MIB, 3 * MIB))
        self.run_client(balancer, 'put', 'a')
        self.assertEqual(balancer.connections, 3)
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])

    def test_a_download_that_was_cut_at_one_goes_on_at_the_other(self):
        content = resume.content_of(10 * MIB)
        self.server.write('a', content)
        balancer = self.balancer(down=(3 * MIB, 3 * MIB))
        self.run_client(balancer, 'get', 'a')
        self.assertEqual(balancer.connections, 3)
        self.assertEqual((self.local / 'a').read_bytes(), content)

    def test_a_check_of_the_store_finds_nothing_while_both_serve(self):
        with self.server.wire() as one, self.server.wire() as two:
            for wire, name in (one, 'a'), (two, 'b'):
                id_ = wire.ask('PUT', {'PATH': name, 'SIZE': 2 * MIB})
                wire.send_data(id_, 0, bytes(1000))
                self.assertEqual(wire.receive().name, 'BEGUN')
            subprocess.run([ftlib.program('ftctl'), 'store', 'check',
                            self.server.root], check=True,
                           capture_output=True)


class Contest(Paired, ftlib.Test):
    """Clients of both servers want the same."""

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(sections={
            'base main': {'durability': 'async'},
            'limits': {'login_queue': 100}}))

    def together(self, act):
        """Let each client of both do it; what each returned."""
        results, failures = [], []

        def one(number, wire):
            try:
                results.append(act(number, wire))
            except BaseException as error:
                failures.append(error)
        wires = [self.server.wire() for _ in range(CLIENTS)]
        threads = [threading.Thread(target=one, args=pair)
                   for pair in enumerate(wires)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for wire in wires:
            wire.cut()
        if failures:
            raise failures[0]
        return results

    def attempt(self, wire, *args, **fields):
        """Its receipt, or the word of what was in the way."""
        try:
            return wire.put(*args, **fields)
        except ftwire.Refused as refused:
            self.assertIn(refused.code, ('precondition', 'exists', 'locked'))
            return refused.code

    def test_a_name_that_must_not_be_there_is_made_once(self):
        rounds = max(1, ROUNDS // 10)

        def act(number, wire):
            return {turn for turn in range(rounds) if isinstance(
                self.attempt(wire, f'f{turn}', b'%d' % number, IF_ABSENT=b''),
                dict)}
        made = self.together(act)
        self.assertEqual(sum(map(len, made)), len(set().union(*made)))
        self.assertEqual(set().union(*made), set(range(rounds)))

    def test_no_change_of_a_version_is_lost(self):
        """A counter that all raise by one: its end is how often that was
        acknowledged."""
        self.server.write('n', b'0')

        def act(number, wire):
            good = 0
            for _ in range(ROUNDS):
                version = wire.stat('n').version
                try:
                    value = int(wire.get('n', IF_VERSION=version))
                except ftwire.Refused as refused:
                    self.assertIn(refused.code, ('precondition', 'changed'))
                    continue
                good += isinstance(self.attempt(
                    wire, 'n', b'%d' % (value + 1), IF_VERSION=version), dict)
            return good
        good = self.together(act)
        self.assertEqual(int(self.server.read('n')), sum(good))
        self.assertGreater(sum(good), 0)

    def test_appends_never_mix(self):
        """Each line whole, and as often as it was acknowledged."""
        self.server.write('log', b'')

        def act(number, wire):
            good = 0
            line = b'%d' % number * 50 + b'\n'
            for _ in range(max(1, ROUNDS // 10)):
                id_ = wire.ask('APPEND', {'PATH': 'log', 'WAIT_LOCK': 60})
                wire.send_data(id_, 0, line)
                wire.send('COMMIT', id_, {'SIZE': len(line),
                                          'DIGEST': ftwire.digest(line)})
                wire.answer(id_)
                good += 1
            return line, good
        good = dict(self.together(act))
        lines = self.server.read('log').splitlines(keepends=True)
        self.assertEqual(sorted(lines), sorted(
            line for line, count in good.items() for _ in range(count)))

    def test_a_moved_file_arrives_once(self):
        rounds = max(1, ROUNDS // 10)
        for turn in range(rounds):
            self.server.write(f'from{turn}', b'%d' % turn)

        def act(number, wire):
            good = 0
            for turn in range(rounds):
                try:
                    wire.call('MV', {'PATH': f'from{turn}', 'WAIT_LOCK': 60,
                                     'TARGET': f'to{turn}-{number}'})
                    good += 1
                except ftwire.Refused as refused:
                    self.assertEqual(refused.code, 'not-found')
            return good
        self.assertEqual(sum(self.together(act)), rounds)
        with self.server.wire() as wire:
            names = [entry.name for entry in wire.list()]
        self.assertEqual(len(names), rounds)


if __name__ == '__main__':
    ftlib.main()
