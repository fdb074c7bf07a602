#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ftctl store check: what it finds in a base, and what it repairs."""

import os
import shutil
import signal
import subprocess

import ftlib

MIB = 1 << 20


class StoreCheck(ftlib.Test):
    def start(self, keys=''):
        self.setup = self.set_up(users={'ann': f'root=/ann,{keys}'})
        (self.setup.root / 'ann').mkdir()
        if self.setup.account:
            shutil.chown(self.setup.root / 'ann', self.setup.account)
        self.server = self.serve(self.setup)
        self.private = self.setup.root / '.ftserver'

    def stop(self):
        self.server.process.terminate()
        self.server.process.wait()

    def check(self, *options, code=ftlib.OK, base=None):
        done = subprocess.run(
            [ftlib.program('ftctl'), 'store', 'check',
             base or self.setup.root, *options], capture_output=True)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        return done.stdout.decode()

    def finds(self, pattern):
        """It is found, repaired, and then no more there."""
        self.assertRegex(self.check(code=ftlib.EX_DATAERR), pattern)
        self.assertRegex(self.check('--repair'), pattern)
        self.assertRegex(self.check(), ' 0 found')

    def interrupt(self):
        """A long upload that is cut by the death of the server."""
        with self.server.wire(user='ann') as wire:
            id_ = wire.ask('PUT', {'PATH': 'big', 'SIZE': 4 * MIB})
            for at in range(0, 2 * MIB, 1 << 18):
                wire.send_data(id_, at, os.urandom(1 << 18))
            wire.receive()
            ftlib.wait_until('two MiBs have come', lambda: any(
                entry.stat().st_size == 2 * MIB
                for entry in os.scandir(self.private / 'stage')))
            worker = self.server.worker
            os.kill(worker, signal.SIGKILL)
            self.server.process.kill()
            wire.cut()
        self.server.process.wait()
        ftlib.wait_until('it is dead', lambda: not ftlib.is_running(worker))
        names = os.listdir(self.private / 'uploads')
        self.assertEqual(len(names), 1)
        return names[0]

    def test_a_base_in_order_is_told_so(self):
        self.start('quota_bytes=1M')
        with self.server.wire(user='ann') as wire:
            wire.put('a', b'text')
        self.stop()
        self.assertRegex(self.check(), ' 0 found, 0 repaired')

    def test_an_upload_that_can_be_resumed_is_in_order(self):
        self.start()
        self.interrupt()
        self.assertRegex(self.check('--repair'), ' 0 found')

    def test_a_folder_that_can_be_gone_on_with_is_in_order(self):
        self.start()
        with self.server.wire(user='ann') as wire:
            begun, _ = wire.answer(wire.ask('TREE', {'PATH': 'tree'}))
            tree = begun.fields['UPLOAD']
            wire.call('MKDIR', {'PATH': 'd', 'TREE': tree})
            wire.put('d/a', b'text', TREE=tree)
        self.stop()
        self.assertRegex(self.check('--repair'), ' 0 found')
        self.assertTrue(
            (self.private / 'stage' / tree.hex() / 'd/a').exists())
        (self.private / 'uploads' / tree.hex()).unlink()
        self.finds('a part of an upload that nobody can go on with')
        self.assertEqual(os.listdir(self.private / 'stage'), [])
        self.assertEqual(os.listdir(self.private / 'gone'), [])

    def test_content_that_is_not_as_recorded_is_found(self):
        self.start()
        name = self.interrupt()
        with open(self.private / 'stage' / name, 'r+b') as file:
            file.seek(100)
            file.write(b'xyz')
        self.finds('1 MiBs are not what the record says')

    def test_a_record_without_content_is_found(self):
        self.start()
        name = self.interrupt()
        os.unlink(self.private / 'stage' / name)
        self.finds('a record without its content')
        self.assertEqual(os.listdir(self.private / 'uploads'), [])

    def test_content_without_a_record_is_found(self):
        self.start()
        name = self.interrupt()
        os.unlink(self.private / 'uploads' / name)
        self.finds('nobody can go on with')
        self.assertEqual(os.listdir(self.private / 'stage'), [])

    def test_what_is_no_record_is_found(self):
        self.start()
        self.stop()
        (self.private / 'uploads' / ('0' * 32)).write_bytes(b'garbage')
        (self.private / 'quota' / ('0' * 32)).write_bytes(b'garbage')
        self.finds('no record of an upload')

    def test_what_cannot_be_opened_is_left_with_its_content(self):
        self.start()
        name = self.interrupt()
        record = self.private / 'uploads' / name
        record.unlink()
        record.mkdir()
        for options in ((), ('--repair',)):
            self.assertRegex(self.check(*options, code=ftlib.EX_DATAERR),
                             'left as it is\n(.*\n)*.* 1 found, 0 repaired')
        self.assertEqual(os.listdir(self.private / 'stage'), [name])

    def test_what_cannot_be_removed_is_told(self):
        self.start()
        self.stop()
        (self.private / 'uploads' / 'folder').mkdir()
        self.assertRegex(self.check('--repair', code=ftlib.EX_DATAERR),
                         'failed\n(.*\n)*.* 1 found, 0 repaired')

    def test_a_wrong_count_is_found_and_put_right(self):
        self.start('quota_bytes=1M')
        with self.server.wire(user='ann') as wire:
            wire.put('a', b'text')
        self.stop()
        (self.setup.root / 'ann' / 'b').write_bytes(b'more')
        self.finds('counted are 4 bytes in 1 files, there are 8 in 2')

    def test_an_upload_in_use_is_left_alone(self):
        self.start()
        with self.server.wire(user='ann') as wire:
            wire.ask('PUT', {'PATH': 'big', 'SIZE': 4 * MIB})
            wire.receive()
            self.assertRegex(self.check('--repair'), ' 1 in use, 0 found')
            wire.cut()

    def test_what_is_no_base_stays_so(self):
        self.start()
        other = self.folder / 'other'
        other.mkdir()
        self.check(base=other, code=ftlib.EX_NOINPUT)
        self.assertEqual(os.listdir(other), [])


ftlib.main()
