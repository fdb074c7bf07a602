#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the lock rules say beside their table: names, own locks, bounds, and
files that cannot be locked."""

import fcntl
import os
import shutil
import subprocess
import sys

import ftlib
import ftwire
import locks

FILE_MOST = 1024        # ranges on a file, of all sessions
SESSION_MOST = 256      # of one


class Others(locks.Locks):
    """What a local program does beside locking ranges."""

    def test_flock_is_not_seen(self):
        with open(self.file, 'r+b') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.alice.put('file', b'new content')
            self.lock(self.alice)
        self.assertEqual(self.server.read('file'), b'new content')

    def start(self, program, *words):
        """A program that says when it is so far, and ends with its input."""
        process = subprocess.Popen(
            [sys.executable, '-c', program, *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.assertEqual(process.stdout.readline(), b'ready\n')
        return process

    def test_a_lease_means_locked(self):
        process = self.start("""if True:
            import fcntl, os, signal, sys
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            fd = os.open(sys.argv[1], os.O_RDWR)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            print('ready', flush=True)
            sys.stdin.read()
        """, self.file)
        self.refuse_all('locked')
        process.communicate()
        self.assertEqual(self.alice.get('file'), b'old content')
        self.alice.put('file', b'new content')

    def refuse_all(self, word, but=()):
        for type_, fields in (
                ('GET', {}), ('LOCK', {}), ('RM', {}),
                ('MV', {'TARGET': 'moved'}), ('TRUNCATE', {'SIZE': 1}),
                ('SUM', {'METHOD': 'sha256'})):
            if type_ in but:
                self.alice.call(type_, {'PATH': 'file', **fields})
            else:
                self.assertRefused(word, self.alice.call, type_,
                                   {'PATH': 'file', **fields})
        self.assertRefused(word, self.alice.put, 'file', b'new')

    def test_a_program_that_runs_means_locked(self):
        shutil.copy('/bin/sleep', self.file)
        self.server.own('file')
        self.file.chmod(0o755)
        process = subprocess.Popen([self.file, '600'])
        try:
            ftlib.wait_until('it runs', lambda: os.readlink(
                f'/proc/{process.pid}/exe') == str(self.file))
            self.refuse_all('locked', but=('GET', 'SUM'))
        finally:
            process.kill()
            process.wait()
        self.alice.put('file', b'new')

    def test_what_the_server_may_not_write_is_not_replaced_or_removed(self):
        self.file.chmod(0o444)
        self.refuse_all('not-permitted', but=('GET', 'SUM'))
        self.lock(self.alice, shared=True)
        with self.assertRaises(BlockingIOError):
            ftlib.LocalLock(self.file, 'EX')
        self.assertEqual(self.alice.get('file'), b'old content')


class Own(locks.Locks):
    """A session's own locks."""

    def setUp(self):
        super().setUp()
        self.server.path('folder').mkdir()
        self.server.own('folder')
        self.server.write('other', b'other')

    def change_all(self, wire):
        """Whatever can be done with the file."""
        self.assertEqual(wire.get('file', LENGTH=3), b'old')
        for type_, fields in (
                ('PIECES', {'PATH': 'file'}),
                ('SUM', {'PATH': 'file', 'METHOD': 'sha256'}),
                ('CP', {'PATH': 'file', 'TARGET': 'copy'}),
                ('TRUNCATE', {'PATH': 'file', 'SIZE': 20}),
                ('TOUCH', {'PATH': 'file'})):
            wire.call(type_, fields)
        wire.answer(self.send_append(wire, b' and more'))
        wire.put('file', b'old, but new')
        wire.call('CP', {'PATH': 'other', 'TARGET': 'file'})
        wire.put('file', b'old again')

    def test_they_are_not_in_the_way_and_are_not_weakened(self):
        for shared in False, True:
            self.server.write('file', b'old content')
            self.lock(self.alice, OFFSET=2, LENGTH=2)
            self.lock(self.alice, shared=shared, OFFSET=8)
            self.change_all(self.alice)
            for how, start in ('SH', 2), ('SH', 3), ('EX', 8), ('EX', 1 << 61):
                with self.assertRaises(BlockingIOError):
                    ftlib.LocalLock(self.file, how, start, 1)
            ftlib.LocalLock(self.file, 'EX', 4, 4).release()
            if shared:
                ftlib.LocalLock(self.file, 'SH', 8, 1).release()
            # The guard is shared again after each of these.
            ftlib.LocalLock(self.file, 'SH', 1 << 62, 1).release()
            self.alice.call('UNLOCK', {'PATH': 'file'})

    def test_they_go_with_a_folder_that_is_renamed(self):
        self.server.write('folder/file', b'text')
        self.lock(self.alice, 'folder/file')
        self.alice.call('MV', {'PATH': 'folder', 'TARGET': 'moved'})
        self.assertLocked(self.bob.get, 'moved/file')
        part, _ = self.alice.answer(self.alice.ask('LOCKS'))
        self.assertEqual(locks.held(part.payload)[0][5], b'/moved/file')
        self.alice.call('UNLOCK', {'PATH': 'moved/file'})
        self.assertEqual(self.bob.get('moved/file'), b'text')

    def test_the_old_file_stays_locked_while_it_has_another_name(self):
        os.link(self.file, self.server.path('twin'))
        self.lock(self.alice)
        self.alice.put('file', b'new content')
        self.assertLocked(self.bob.get, 'file')
        self.assertLocked(self.bob.get, 'twin')
        self.alice.call('UNLOCK', {'PATH': 'twin'})
        self.assertEqual(self.bob.get('twin'), b'old content')
        self.assertLocked(self.bob.get, 'file')


class Bounds(locks.Locks):
    def ranges(self, wire, first, count):
        ids = [wire.ask('LOCK', {'PATH': 'file', 'OFFSET': 2 * (first + i),
                                 'LENGTH': 1}) for i in range(count)]
        for id_ in ids:
            wire.answer(id_)

    def test_one_session_locks_so_many_ranges_of_a_file(self):
        self.ranges(self.alice, 0, SESSION_MOST)
        with self.assertRaises(ftwire.Refused):
            self.ranges(self.alice, SESSION_MOST, 1)
        # Neighbours are one range, and another file has its own.
        self.lock(self.alice, OFFSET=1, LENGTH=1)
        self.ranges(self.alice, SESSION_MOST, 1)
        self.server.write('other', b'other')
        self.lock(self.alice, 'other')

    def test_all_sessions_together_lock_so_many(self):
        wires = [self.wire() for _ in range(FILE_MOST // SESSION_MOST)]
        for i, wire in enumerate(wires):
            self.ranges(wire, i * SESSION_MOST, SESSION_MOST)
        with self.assertRaises(ftwire.Refused) as caught:
            self.ranges(self.bob, FILE_MOST, 1)
        self.assertEqual(caught.exception.code, 'busy')
        wires[0].call('UNLOCK', {'PATH': 'file', 'OFFSET': 0, 'LENGTH': 1})
        self.ranges(self.bob, FILE_MOST, 1)

    def test_a_lock_must_begin_before_the_guard(self):
        for offset in 1 << 62, (1 << 64) - 1:
            self.assertRefused('bad-request', self.lock, self.alice,
                               OFFSET=offset)
        self.lock(self.alice, OFFSET=(1 << 62) - 1, LENGTH=1 << 62)
        with self.assertRaises(BlockingIOError):
            ftlib.LocalLock(self.file, 'SH', (1 << 62) - 1, 1)
        ftlib.LocalLock(self.file, 'SH', 1 << 62, 1).release()


if __name__ == '__main__':
    ftlib.main()
