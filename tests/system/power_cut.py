#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The power is cut under load: the file system drops all that it has not
flushed, is mounted again, and all that was acknowledged is there and whole."""

import os
import subprocess
import time

import ftdisk
import ftlib
import kill_any

CUTS = 50 if ftlib.NIGHTLY else 2
HEAD, SLOT, BOOT = 16384, 32, 16    # of records: where the boot of each is


class PowerCut(kill_any.Loaded):
    def prepare(self):
        if not ftdisk.WHY_NOT:
            self.disk = ftdisk.Ext4(self, self.setup_.root,
                                    self.setup_.account)

    def noted(self, upload):
        return 0        # a record may run ahead of what is on the disk

    def cut(self):
        self.is_up.clear()
        self.cuts += 1
        self.disk.cut_power()
        self.server.kill()
        self.disk.unmount()
        self.disk.mount()
        self.start_another_boot()
        self.server = self.serve(self.setup_)
        self.is_up.set()

    def start_another_boot(self):
        """This machine has gone on, but records must not be able to tell."""
        for path in (self.setup_.root / '.ftserver/uploads').iterdir():
            size = path.stat().st_size
            with open(path, 'r+b') as record:
                for at in range(HEAD, size - SLOT + 1, SLOT):
                    record.seek(at + BOOT)
                    record.write(os.urandom(SLOT - BOOT))

    def test_nothing_is_lost_that_was_acknowledged(self):
        if ftdisk.WHY_NOT:
            return
        subprocess.run(['sync', '-f', self.setup_.root], check=True)
        clients = self.start_clients()
        for _ in range(CUTS):
            self.wait_served(clients)
            time.sleep(self.pick.random() * 0.3)
            self.cut()
        self.wait_served(clients)
        self.wind_up(clients)
        self.server.stop()
        self.disk.unmount()
        self.disk.check()

    def test_what_nobody_has_flushed_is_lost(self):
        """Or all this would show nothing."""
        if ftdisk.WHY_NOT:
            return
        with self.server.wire() as wire:
            wire.put('flushed', b'content')
        self.server.write('lost', b'content')
        self.cut()
        self.assertEqual(self.server.read('flushed'), b'content')
        self.assertNotEqual(self.server.path('lost').exists() and
                            self.server.read('lost'), b'content')


if __name__ == '__main__':
    if ftdisk.WHY_NOT:
        print(f'{ftdisk.WHY_NOT}: no power is cut')
    ftlib.main()
