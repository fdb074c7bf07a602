#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A disk that is full, and one that fails: each client is told so, nothing
that was acknowledged is lost, no stage stays, and service goes on."""

import errno
import os
import struct
import subprocess
import unittest.mock

import ftdisk
import ftlib
import ftwire

MIB = 1 << 20
CLIENTS = 50
ROUNDS = 20 if ftlib.NIGHTLY else 1


class Ext4(ftdisk.Ext4):
    SIZE = 24 * MIB


class Disks(ftlib.Test):
    KIND = None         # of the disk

    def start(self):
        setup = self.set_up()
        if not ftdisk.WHY_NOT:
            self.disk = self.KIND(self, setup.root, setup.account)
        self.server = self.serve(setup)
        self.local = self.folder / 'local'
        self.local.mkdir()

    def private(self):
        """What uploads that failed have left behind: stages, and records
        that do not say that they were published."""
        base = self.server.root / '.ftserver'
        with self.server.wire() as wire:
            open_ = wire.call('UPLOADS')['COUNT']
        return os.listdir(base / 'stage') + [open_] * (open_ > 0)

    def free(self):
        facts = os.statvfs(self.server.root)
        return facts.f_bavail * facts.f_frsize

    def write_local(self, name, size):
        (self.local / name).write_bytes(os.urandom(size))

    def read_local(self, name):
        return (self.local / name).read_bytes()

    def together(self, sizes):
        """A client each for files of these sizes; those that went well."""
        clients = []
        for number, size in enumerate(sizes):
            self.write_local(f'f{number}', size)
            clients.append(self.server.start_client(
                'put', f'f{number}', cwd=self.local, stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL))
        good = []
        for number, client in enumerate(clients):
            _, errors = client.communicate(timeout=ftlib.LIMIT)
            self.assertIn(client.returncode, (ftlib.OK, ftlib.EX_IOERR),
                          errors)
            if client.returncode == ftlib.OK:
                good.append(f'f{number}')
            else:
                self.assertRegex(
                    errors, rb"\Aftclient: [^\n]*; the server's disk is full "
                            rb"\(no-space\)\n\Z")
        return good

    def check(self, good):
        """What was acknowledged is there, and nothing besides."""
        names = set(os.listdir(self.server.root))
        self.assertEqual(names - {'.ftserver', 'old'}, set(good))
        for name in good:
            self.assertTrue(self.server.read(name) == self.read_local(name),
                            name)
        ftlib.wait_until('no stage is left', lambda: self.private() == [])

    def make_room(self, good):
        for name in good:
            self.server.client('rm', name)


class Full(Disks):
    def fill_by(self, sizes):
        if ftdisk.WHY_NOT:
            return
        self.start()
        self.server.write('old', b'old content')
        for _ in range(ROUNDS):
            good = self.together(sizes)
            self.assertLess(len(good), len(sizes))
            self.check(good)
            self.assertEqual(self.server.read('old'), b'old content')
            self.make_room(good)
            before = self.free()
            self.write_local('after', 5 * MIB)
            self.server.client('put', 'after', 'old', cwd=self.local)
            self.assertEqual(self.server.read('old'),
                             self.read_local('after'))
            self.write_local('after', 10)
            self.server.client('put', 'after', 'old', cwd=self.local)
            self.assertGreaterEqual(self.free(), before - MIB)
            self.server.write('old', b'old content')

    def test_long_uploads_at_once(self):
        self.fill_by([3 * MIB // 2] * CLIENTS)

    def test_small_uploads_at_once(self):
        self.fill_by([MIB * 9 // 10] * CLIENTS)

    def test_both_at_once(self):
        self.fill_by([size for _ in range(CLIENTS // 2)
                      for size in (2 * MIB, MIB // 2)])

    def test_a_batch_that_fills_it(self):
        """Each file is acknowledged or refused by itself."""
        if ftdisk.WHY_NOT:
            return
        self.start()
        content = os.urandom(MIB // 4)
        count = self.free() // len(content) + 20
        with self.server.wire() as wire:
            ids = [wire.send_put(f'f{n}', content) for n in range(count)]
            good = []
            for number, id_ in enumerate(ids):
                try:
                    wire.answer(id_)
                    good.append(f'f{number}')
                except ftwire.Refused as refused:
                    self.assertEqual(refused.code, 'no-space')
            self.assertLess(len(good), count)
            self.assertGreater(len(good), 20)
            for name in good:
                self.assertTrue(wire.get(name) == content)
            self.assertEqual({entry.name.decode() for entry in wire.list()},
                             set(good))
            self.assertEqual(self.private(), [])
            for name in good[:4]:
                wire.call('RM', {'PATH': name})
            wire.put('after', content)

    def test_changes_in_place(self):
        """An append that does not fit is taken back, whole."""
        if ftdisk.WHY_NOT:
            return
        self.start()
        self.server.write('log', b'first line\n')
        (self.server.root / 'filler').write_bytes(
            bytes(self.free() - MIB // 2))
        self.write_local('much', MIB)
        done = self.server.client('append', 'much', 'log', cwd=self.local,
                                  code=ftlib.EX_IOERR)
        self.assertIn(b'(no-space)', done.stderr)
        self.assertEqual(self.server.read('log'), b'first line\n')
        os.unlink(self.server.root / 'filler')
        self.server.client('put', 'much', 'log', cwd=self.local)
        self.assertEqual(self.server.read('log'), self.read_local('much'))


class FullTmpfs(Full):
    KIND = ftdisk.Tmpfs


class FullExt4(Full):
    KIND = Ext4


class Failing(Disks):
    """A disk that is said to fail, whatever is on it.

    FLUSH, WRITE and READ are where faulty_main.c looks.
    """

    FLUSH, WRITE, READ = 0, 4, 8

    def start(self):
        setup = self.set_up()
        self.faults = setup.folder / 'faults'
        self.faults.write_bytes(bytes(12))
        real = ftlib.program
        with unittest.mock.patch.object(
                ftlib, 'program', lambda name: real(
                    'tests/system/faulty' if name == 'ftserver' else name)):
            self.server = self.serve(
                setup, env={'FT_FAULTS': str(self.faults)})
        self.local = self.folder / 'local'
        self.local.mkdir()
        self.server.write('old', b'old content')

    def fail(self, call, error):
        """From now on; error 0: no more."""
        with open(self.faults, 'r+b', buffering=0) as file:
            file.seek(call)
            file.write(struct.pack('=i', error))

    def fails(self, call, size, error=errno.EIO):
        """A put that meets it: told, thrown away, and the next goes well."""
        self.write_local('new', size)
        self.fail(call, error)
        done = self.server.client('put', 'new', 'old', cwd=self.local,
                                  code=ftlib.EX_IOERR)
        self.fail(call, 0)
        word = 'io' if error == errno.EIO else 'no-space'
        self.assertRegex(done.stderr.decode(),
                         rf'\Aftclient: [^\n]*\({word}\)\n\Z')
        self.assertEqual(self.private(), [])
        self.assertEqual(self.server.read('old'), b'old content')
        self.server.client('put', 'new', 'other', cwd=self.local)
        self.assertEqual(self.server.read('other'), self.read_local('new'))
        self.server.client('rm', 'other')

    def test_a_flush_that_fails(self):
        self.start()
        for size in (100, 3 * MIB):
            self.fails(self.FLUSH, size)

    def test_a_write_that_fails(self):
        self.start()
        for error in (errno.EIO, errno.ENOSPC):
            for size in (100, 3 * MIB):
                self.fails(self.WRITE, size, error)

    def test_a_batch_of_which_no_flush_goes_well(self):
        self.start()
        self.fail(self.FLUSH, errno.EIO)
        with self.server.wire() as wire:
            ids = [wire.send_put(f'f{n}', b'content') for n in range(100)]
            for id_ in ids:
                self.assertRefused('io', wire.answer, id_)
            self.fail(self.FLUSH, 0)
            self.assertEqual([entry.name for entry in wire.list()], [b'old'])
            self.assertEqual(self.private(), [])
            wire.put('a', b'content')

    def test_an_append_that_fails_is_taken_back(self):
        self.start()
        for call in (self.FLUSH, self.WRITE):
            self.write_local('more', 2 * MIB)
            self.fail(call, errno.EIO)
            self.server.client('append', 'more', 'old', cwd=self.local,
                               code=ftlib.EX_IOERR)
            self.fail(call, 0)
            self.assertEqual(self.server.read('old'), b'old content')

    def test_a_read_that_fails(self):
        self.start()
        self.fail(self.READ, errno.EIO)
        with self.server.wire() as wire:
            self.assertRefused('io', wire.get, 'old')
            self.fail(self.READ, 0)
            self.assertEqual(wire.get('old'), b'old content')


del Disks, Full

if __name__ == '__main__':
    if ftdisk.WHY_NOT:
        print(f'{ftdisk.WHY_NOT}: no disk is filled')
    ftlib.main()
