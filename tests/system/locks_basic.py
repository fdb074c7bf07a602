#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Locks of programs beside the server, and of sessions beside each other."""

import os

import ftlib
import ftwire

MIB = 1 << 20
FAR = 1 << 40


class Locks(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up())
        self.file = self.server.path('file')
        self.server.write('file', b'old content')
        self.server.write('other', b'other')
        self.write('new', b'new content')

    def run_client(self, *words, code=ftlib.OK):
        return self.server.client(*words, code=code, cwd=self.folder)

    def is_locked(self, *words):
        """Refused with the code for "try again", and nothing has changed."""
        before = self.server.tree()
        done = self.run_client(*words, code=ftlib.EX_TEMPFAIL)
        self.assertRegex(done.stderr, rb'\Aftclient: [^\n]* \(locked\)\n\Z')
        self.assertEqual(self.server.tree(), before)
        self.assertEqual(self.server.stages(), [])

    def local_lock(self, *lock):
        lock = ftlib.LocalLock(self.file, *lock)
        self.addCleanup(lock.release)
        return lock


class Programs(Locks):
    """A lock that a local program holds by classic fcntl."""

    def test_an_exclusive_lock_holds_up_everything_until_it_is_gone(self):
        lock = self.local_lock('EX')
        self.is_locked('get', 'file', 'got')
        self.is_locked('put', 'new', 'file')
        self.is_locked('rm', 'file')
        self.is_locked('mv', 'file', 'moved')
        self.is_locked('mv', 'other', 'file')
        self.run_client('stat', 'file')
        self.run_client('list')
        lock.release()
        self.run_client('get', 'file', 'got')
        self.assertEqual(self.read('got'), b'old content')
        self.run_client('put', 'new', 'file')
        self.assertEqual(self.server.read('file'), b'new content')
        self.run_client('mv', 'file', 'moved')
        self.run_client('rm', 'moved')

    def test_a_shared_lock_lets_readers_read_and_nobody_replace(self):
        self.local_lock('SH')
        self.run_client('get', 'file', 'got')
        self.is_locked('put', 'new', 'file')
        self.is_locked('rm', 'file')
        self.is_locked('mv', 'file', 'moved')

    def test_a_lock_on_a_part_holds_up_who_reads_that_part(self):
        self.local_lock('EX', 4, 3)
        self.is_locked('get', 'file')
        self.is_locked('put', 'new', 'file')
        with self.server.wire() as wire:
            self.assertEqual(wire.get('file', LENGTH=4), b'old ')
            self.assertEqual(wire.get('file', OFFSET=7), b'tent')
            self.assertRefused('locked', wire.get, 'file', OFFSET=3,
                               LENGTH=2)
            self.assertRefused('locked', wire.get, 'file', OFFSET=6,
                               LENGTH=1)

    def test_a_lock_beyond_the_end_holds_up_no_reader(self):
        self.local_lock('EX', FAR, 1)
        self.run_client('get', 'file', 'got')
        self.is_locked('put', 'new', 'file')

    def test_a_shared_lock_on_a_part_holds_up_no_replacement(self):
        self.local_lock('SH', 4, 3)
        self.run_client('put', 'new', 'file')
        self.assertEqual(self.server.read('file'), b'new content')

    def test_a_locked_name_does_not_hold_up_others(self):
        self.local_lock('EX')
        self.run_client('put', 'new', 'other')
        self.run_client('mv', 'other', 'third')
        self.run_client('rm', 'third')

    def test_many_puts_go_on_around_one_that_is_locked(self):
        self.local_lock('EX')
        with self.server.wire() as wire:
            names = ['a', 'b', 'file', 'c', 'd']
            ids = [wire.send_put(name, b'pipelined') for name in names]
            for name, id_ in zip(names, ids):
                if name == 'file':
                    self.assertRefused('locked', wire.answer, id_)
                else:
                    wire.answer(id_)
        self.assertEqual(self.server.read('file'), b'old content')
        for name in 'abcd':
            self.assertEqual(self.server.read(name), b'pipelined')

    def test_the_error_may_be_tried_again(self):
        self.local_lock('EX')
        with self.server.wire() as wire:
            error = self.assertRefused('locked', wire.get, 'file')
            self.assertEqual(error.error_class, 'retry')


class Readers(Locks):
    """A get that runs, held up by a client that does not read on."""

    SIZE = 64 * MIB

    def setUp(self):
        super().setUp()
        self.old = os.urandom(MIB) * (self.SIZE // MIB)
        self.server.write('file', self.old)

    def begin_get(self):
        """A get of which nothing but the beginning has been read."""
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        id_ = wire.ask('GET', {'PATH': 'file'})
        frame = wire.receive()
        self.assertEqual(frame.name, 'BEGUN')
        self.assertEqual(frame.fields['SIZE'], self.SIZE)
        return wire, id_

    def finish(self, wire, id_):
        """The rest of it must be the old content."""
        *parts, ok = wire.answer(id_)
        content = b''.join(part.payload[8:] for part in parts)
        self.assertEqual(len(content), self.SIZE)
        self.assertTrue(content == self.old)
        self.assertEqual(ok.fields['DIGEST'], ftwire.digest(self.old))

    def test_it_keeps_a_local_program_from_writing(self):
        wire, id_ = self.begin_get()
        with self.assertRaises(BlockingIOError):
            ftlib.LocalLock(self.file, 'EX')
        with ftlib.LocalLock(self.file, 'SH'):
            pass
        self.finish(wire, id_)
        with ftlib.LocalLock(self.file, 'EX'):
            pass

    def test_its_lock_goes_with_its_connection(self):
        wire, _ = self.begin_get()
        wire.reset()

        def is_free():
            try:
                with ftlib.LocalLock(self.file, 'EX'):
                    return True
            except BlockingIOError:
                return False
        ftlib.wait_until('the lock is gone', is_free)

    def test_a_put_replaces_the_file_and_it_reads_the_old_to_its_end(self):
        wire, id_ = self.begin_get()
        self.run_client('put', 'new', 'file')
        self.assertEqual(self.server.read('file'), b'new content')
        self.run_client('get', 'file', 'got')
        self.assertEqual(self.read('got'), b'new content')
        self.finish(wire, id_)

    def test_rm_and_mv_do_not_wait_for_it(self):
        wire, id_ = self.begin_get()
        self.run_client('mv', 'file', 'moved')
        self.run_client('rm', 'moved')
        self.run_client('put', 'new', 'file')
        self.finish(wire, id_)

    def test_readers_do_not_hold_up_each_other(self):
        first = self.begin_get()
        second = self.begin_get()
        self.finish(*second)
        self.finish(*first)

    def test_an_upload_that_has_not_ended_holds_up_nobody(self):
        with self.server.wire() as wire:
            id_ = wire.ask('PUT', {'PATH': 'file'})
            wire.send_data(id_, 0, b'half of it')
            self.assertEqual(wire.receive().name, 'BEGUN')
            self.run_client('put', 'new', 'file')
            self.run_client('get', 'file', 'got')
            self.assertEqual(self.read('got'), b'new content')
            wire.send('COMMIT', id_, {
                'SIZE': 10, 'DIGEST': ftwire.digest(b'half of it')})
            wire.answer(id_)
        self.assertEqual(self.server.read('file'), b'half of it')


if __name__ == '__main__':
    ftlib.main()
