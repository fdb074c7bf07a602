#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The power is cut under load: the file system drops all that it has not
flushed, is mounted again, and all that was acknowledged is there and whole."""

import subprocess
import time
import uuid

import ftdisk
import ftlib
import kill_any

CUTS = 50 if ftlib.NIGHTLY else 2
BOOT_ID = '/proc/sys/kernel/random/boot_id'


class PowerCut(kill_any.Loaded):
    def prepare(self):
        if not ftdisk.WHY_NOT:
            self.disk = ftdisk.Ext4(self, self.setup_.root,
                                    self.setup_.account)

    def start(self):
        """Each time as after another boot of the machine, which has gone on:
        in a mount namespace where the kernel tells another number for it."""
        if ftdisk.WHY_NOT:
            return super().start()
        boot = self.setup_.folder / 'boot'
        boot.write_text(f'{uuid.uuid4()}\n')
        return self.serve(self.setup_, wrapper=(
            'unshare', '-m', 'sh', '-c', f'mount --bind {boot} {BOOT_ID} && '
            'exec "$@"', 'sh'))

    def noted(self, upload):
        return 0        # a record may run ahead of what is on the disk

    def cut(self):
        self.is_up.clear()
        self.cuts += 1
        self.disk.cut_power()
        self.server.kill()
        self.disk.unmount()
        self.disk.mount()
        self.server = self.start()
        self.is_up.set()

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
