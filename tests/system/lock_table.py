#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The table of lock rules, row by row: a session against another session and
against a local program that locks by classic fcntl, each in both directions,
on tmpfs and on ext4."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import ftlib
import ftwire

MIB = 1 << 20
GUARD = 1 << 62
SIZE = 11
TEXT = b'old content'


def file_system_of(folder):
    done = subprocess.run(['stat', '-f', '-c', '%T', folder], check=True,
                          capture_output=True)
    return done.stdout.decode().strip()


def run(test, *words):
    done = subprocess.run(words, capture_output=True)
    if done.returncode != 0:
        test.fail('the file system that this is tried on is not here, and '
                  f'cannot be mounted: {words[0]} says '
                  f'{done.stderr.decode()}')


def mount(test, folder, *words):
    run(test, 'mount', *words, folder)
    test.addCleanup(subprocess.run, ['umount', folder], check=True)


class OnTmpfs:
    """The base lies in memory: in /dev/shm, or on a mount of its own."""

    def make_base(self):
        if file_system_of('/dev/shm') == 'tmpfs':
            base = tempfile.mkdtemp(prefix='ftserver-test-', dir='/dev/shm')
            self.addCleanup(shutil.rmtree, base)
        else:
            base = self.folder / 'base'
            base.mkdir()
            mount(self, base, '-t', 'tmpfs', 'none')
        self.assertEqual(file_system_of(base), 'tmpfs')
        return base


class OnExt4:
    """The base lies on ext4: in the folder of the test, or in an image."""

    def make_base(self):
        base = self.folder / 'base'
        base.mkdir()
        if file_system_of(base) != 'ext2/ext3':
            image = self.folder / 'image'
            with open(image, 'wb') as file:
                file.truncate(256 * MIB)
            run(self, 'mkfs.ext4', '-q', '-F', image)
            mount(self, base, '-o', 'loop', image)
        self.assertEqual(file_system_of(base), 'ext2/ext3')
        return base


class Rules(ftlib.Test):
    def setUp(self):
        super().setUp()
        base = self.make_base()
        os.chmod(base, 0o755)
        setup = self.set_up(sections={'base main': {'path': base}})
        if setup.account:
            shutil.chown(base, setup.account)
        setup.root = pathlib.Path(base)
        self.server = self.serve(setup)
        self.file = self.server.path('file')
        self.server.write('file', TEXT)
        self.alice = self.wire()
        self.bob = self.wire()

    def wire(self):
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        return wire

    def is_free(self, *lock):
        """Could the other party lock that now?"""
        try:
            self.hold(*lock)()
            return True
        except BlockingIOError:
            return False

    def locked(self, type_, **fields):
        self.assertRefused('locked', self.alice.call, type_, fields)

    def begin_get(self, **fields):
        """A get of which nothing but the beginning is read."""
        self.server.write('file', bytes(64 * MIB))
        id_ = self.alice.ask('GET', {'PATH': 'file', **fields})
        self.assertEqual(self.alice.receive().name, 'BEGUN')
        return id_

    def begin(self, type_, content, offset=0, **fields):
        """An append or write of which only the end is missing."""
        id_ = self.alice.ask(type_, {'PATH': 'file', **fields})
        self.alice.send_data(id_, offset, content)
        # It has its locks once it is heard of.
        self.alice.answer(self.alice.ask('PING'))

        def commit():
            self.alice.send('COMMIT', id_, {
                'SIZE': len(content),
                'DIGEST': ftwire.digest(content, offset)})
            self.alice.answer(id_)
        return commit

    # --- get ---

    def test_a_get_holds_its_bytes_shared_until_they_are_read(self):
        id_ = self.begin_get(OFFSET=MIB, LENGTH=32 * MIB)
        self.assertFalse(self.is_free('EX', MIB, 1))
        self.assertFalse(self.is_free('EX', 33 * MIB - 1, 1))
        self.assertTrue(self.is_free('SH', MIB, MIB))
        self.assertTrue(self.is_free('EX', 0, MIB))
        self.assertTrue(self.is_free('EX', 33 * MIB, MIB))
        self.alice.answer(id_)
        self.assertTrue(self.is_free('EX', 0, 64 * MIB))

    def test_a_get_meets_exclusive_locks_on_its_bytes_alone(self):
        release = self.hold('EX', 4, 3)
        self.assertEqual(self.alice.get('file', LENGTH=4), TEXT[:4])
        self.assertEqual(self.alice.get('file', OFFSET=7), TEXT[7:])
        self.locked('GET', PATH='file', OFFSET=3, LENGTH=2)
        self.locked('GET', PATH='file')
        release()
        self.hold('SH', 0, 0)
        self.assertEqual(self.alice.get('file'), TEXT)

    # --- write at an offset, append, truncate ---

    def test_a_write_holds_its_bytes_until_it_has_ended(self):
        for fields, behind in ({'LENGTH': 3}, True), ({}, False):
            id_ = self.alice.ask('WRITE', {'PATH': 'file', 'OFFSET': 4,
                                           **fields})
            self.alice.send_data(id_, 4, b'new')
            self.alice.answer(self.alice.ask('PING'))
            self.assertTrue(self.is_free('EX', 0, 4))
            self.assertFalse(self.is_free('SH', 4, 1))
            self.assertFalse(self.is_free('SH', 6, 1))
            self.assertEqual(self.is_free('EX', 7, 0 if behind else 1),
                             behind)
            self.alice.send('ABORT', id_)
            self.assertRefused('cancelled', self.alice.answer, id_)
            self.assertTrue(self.is_free('EX', 0, 0))

    def test_an_append_holds_from_the_end_on(self):
        commit = self.begin('APPEND', b' and more')
        self.assertTrue(self.is_free('EX', 0, SIZE))
        self.assertFalse(self.is_free('SH', SIZE, 1))
        self.assertFalse(self.is_free('SH', GUARD - 1, 1))
        commit()
        self.assertTrue(self.is_free('EX', 0, 0))
        self.assertEqual(self.server.read('file'), TEXT + b' and more')

    def test_changes_in_place_meet_any_lock_on_their_bytes_alone(self):
        write = ('WRITE', {'PATH': 'file', 'OFFSET': 4, 'LENGTH': 2})
        append = ('APPEND', {'PATH': 'file'})
        cut = ('TRUNCATE', {'PATH': 'file', 'SIZE': 5})
        stretch = ('TRUNCATE', {'PATH': 'file', 'SIZE': 20})
        rows = {3: '', 4: 'w', 5: 'wc', 6: 'c', SIZE - 1: 'c',
                SIZE: 'acs', 30: 'acs'}
        for how in 'SH', 'EX':
            for start, meets in rows.items():
                for letter, (type_, fields) in zip(
                        'wacs', (write, append, cut, stretch)):
                    with self.subTest(how=how, start=start, type=type_):
                        self.server.write('file', TEXT)
                        release = self.hold(how, start, 1)
                        id_ = self.alice.ask(type_, fields)
                        if type_ != 'TRUNCATE':
                            # Nothing comes: that it was begun is enough.
                            self.alice.send('ABORT', id_)
                        self.ends(id_, 'locked' if letter in meets else
                                  'cancelled')
                        release()

    def ends(self, id_, word):
        """Well, or with that word."""
        try:
            self.alice.answer(id_)
            self.assertEqual(word, 'cancelled')
        except ftwire.Refused as error:
            self.assertEqual(error.code, word)

    def test_readers_hold_up_who_changes_in_place_but_nobody_else(self):
        id_ = self.begin_get()
        for type_, fields in (('TRUNCATE', {'SIZE': 5}),
                              ('WRITE', {'OFFSET': 5})):
            begun = self.bob.ask(type_, {'PATH': 'file', **fields})
            if type_ == 'WRITE':
                self.bob.send('ABORT', begun)
            self.assertRefused('locked', self.bob.answer, begun)
        # Behind what is read there is nobody in the way.
        begun = self.bob.ask('APPEND', {'PATH': 'file'})
        self.bob.send('ABORT', begun)
        self.assertRefused('cancelled', self.bob.answer, begun)
        self.bob.put('file', b'new')
        self.bob.call('MV', {'PATH': 'file', 'TARGET': 'moved'})
        self.bob.call('RM', {'PATH': 'moved'})
        self.assertEqual(self.alice.answer(id_)[-1].fields['SIZE'], 64 * MIB)

    # --- put, mv, rm ---

    def changes(self):
        """Each change of a name, on a fresh copy of the file."""
        self.server.write('other', b'other')
        return {
            'put': lambda: self.alice.put('file', b'new'),
            'mv from': lambda: self.alice.call('MV', {
                'PATH': 'file', 'TARGET': 'moved'}),
            'mv to': lambda: self.alice.call('MV', {
                'PATH': 'other', 'TARGET': 'file'}),
            'cp to': lambda: self.alice.call('CP', {
                'PATH': 'other', 'TARGET': 'file'}),
            'rm': lambda: self.alice.call('RM', {'PATH': 'file'}),
            'rm -r': lambda: self.alice.call('RM', {
                'PATH': 'file', 'RECURSIVE': b''}),
        }

    def test_changes_of_a_name_meet_these_locks(self):
        rows = [('EX', 0, 0, True), ('EX', 4, 1, True), ('EX', 99, 1, True),
                ('SH', 0, 0, True), ('SH', 4, 1, self.LOCKS_GUARD)]
        rows += [(how, GUARD, 1, True) for how in ('SH', 'EX')
                 if not self.LOCKS_GUARD]
        for how, start, length, meets in rows:
            for name, change in self.changes().items():
                with self.subTest(how=how, start=start, change=name):
                    self.server.write('file', TEXT)
                    release = self.hold(how, start, length)
                    if meets:
                        self.assertRefused('locked', change)
                        self.assertEqual(self.server.read('file'), TEXT)
                        release()
                    change()
                    if not meets:
                        release()
                    self.server.write('other', b'other')

    def test_a_put_holds_nothing_while_it_arrives(self):
        id_ = self.alice.ask('PUT', {'PATH': 'file'})
        self.alice.send_data(id_, 0, b'new')
        self.assertEqual(self.alice.receive().name, 'BEGUN')
        self.assertTrue(self.is_free('EX', 0, 0))
        self.alice.send('COMMIT', id_, {'SIZE': 3,
                                        'DIGEST': ftwire.digest(b'new')})
        self.alice.answer(id_)
        self.assertTrue(self.is_free('EX', 0, 0))

    # --- lock, unlock ---

    def test_locks_are_held_as_asked_for_until_unlock_or_the_end(self):
        for shared in {}, {'SHARED': b''}:
            for end in 'unlock', 'close', 'cut':
                wire = self.wire()
                wire.call('LOCK', {'PATH': 'file', 'OFFSET': 4, 'LENGTH': 3,
                                   **shared})
                self.assertFalse(self.is_free('EX', 4, 1))
                self.assertFalse(self.is_free('EX', 6, 1))
                self.assertEqual(self.is_free('SH', 5, 1), bool(shared))
                self.assertTrue(self.is_free('EX', 0, 4))
                self.assertTrue(self.is_free('EX', 7, 1))
                if not self.LOCKS_GUARD:
                    self.assertFalse(self.is_free('EX', GUARD, 1))
                    self.assertTrue(self.is_free('SH', GUARD, 1))
                if end == 'unlock':
                    wire.call('UNLOCK', {'PATH': 'file'})
                    self.assertTrue(self.is_free('EX', 0, 0))
                getattr(wire, 'cut' if end == 'unlock' else end)()
                ftlib.wait_until('the lock is gone',
                                 lambda: self.is_free('EX', 0, 0))

    def test_locks_meet_these_of_others(self):
        for how, shared, meets in (
                ('SH', {'SHARED': b''}, False), ('SH', {}, True),
                ('EX', {'SHARED': b''}, True), ('EX', {}, True)):
            release = self.hold(how, 4, 3)
            for start in 4, 6:
                fields = {'PATH': 'file', 'OFFSET': start, 'LENGTH': 1,
                          **shared}
                if meets:
                    self.locked('LOCK', **fields)
                else:
                    self.alice.call('LOCK', fields)
            for start in 3, 7:
                self.alice.call('LOCK', {'PATH': 'file', 'OFFSET': start,
                                         'LENGTH': 1, **shared})
            self.alice.call('UNLOCK', {'PATH': 'file'})
            release()
        if not self.LOCKS_GUARD:
            release = self.hold('EX', GUARD, 1)
            self.locked('LOCK', PATH='file', OFFSET=0, LENGTH=1)
            release()
            release = self.hold('SH', GUARD, 1)
            self.alice.call('LOCK', {'PATH': 'file', 'LENGTH': 1})
            release()


class BySession:
    """The other party is a session, which locks by the verb lock."""

    LOCKS_GUARD = True      # as each lock of a user does

    def hold(self, how, start=0, length=0):
        wire = self.wire()
        fields = {'PATH': 'file', 'OFFSET': start, 'LENGTH': length}
        if length == 0:
            del fields['LENGTH']
        if how == 'SH':
            fields['SHARED'] = b''
        try:
            wire.call('LOCK', fields)
        except ftwire.Refused as error:
            self.assertEqual(error.code, 'locked')
            wire.close()
            raise BlockingIOError from error

        def release():
            wire.call('UNLOCK', {'PATH': 'file'})
            wire.close()
        return release


class ByProgram:
    """The other party is a local program, which locks by classic fcntl."""

    LOCKS_GUARD = False

    def hold(self, *lock):
        lock = ftlib.LocalLock(self.file, *lock)
        self.addCleanup(lock.release)
        return lock.release


class SessionOnTmpfs(OnTmpfs, BySession, Rules):
    pass


class SessionOnExt4(OnExt4, BySession, Rules):
    pass


class ProgramOnTmpfs(OnTmpfs, ByProgram, Rules):
    pass


class ProgramOnExt4(OnExt4, ByProgram, Rules):
    pass


del Rules


if __name__ == '__main__':
    ftlib.main()
