# SPDX-License-Identifier: ISC
"""Disks of a test's own, which fill, fail and lose their power.

They are mounted by root alone; where that cannot be, `WHY_NOT` says why.
"""

import fcntl
import os
import shutil
import struct
import subprocess

import ftlib

MIB = 1 << 20
# _IOR('X', 125, __u32), of ext4 and xfs: from now on nothing reaches the disk,
# and what is in the journal but not flushed is dropped.
SHUTDOWN = 0x8004587d
SHUTDOWN_NOLOGFLUSH = 2


def why_not():
    if os.getuid() != 0:
        return 'only root may mount file systems'
    if not os.path.exists('/dev/loop-control'):
        return 'there are no loop devices'
    if not shutil.which('mkfs.ext4'):
        return 'there is no mkfs.ext4'
    # Root of a container, too, may not.  In a namespace it harms nobody.
    if subprocess.run(['unshare', '-m', 'mount', '-t', 'tmpfs', 'none',
                       '/tmp'], capture_output=True).returncode != 0:
        return 'mounting is not permitted'
    return None


WHY_NOT = why_not()


class Disk:
    """Something mounted at `path`, which belongs to the server's account."""

    def __init__(self, test, path, account):
        self.path = path
        self.account = account
        self.is_mounted = False
        self.make()
        self.mount()
        test.addCleanup(self.unmount)
        shutil.chown(path, account)

    def make(self):
        pass

    def run(self, *words):
        subprocess.run(words, check=True, capture_output=True)

    def unmount(self):
        def is_free():
            return subprocess.run(['umount', self.path],
                                  capture_output=True).returncode == 0
        if self.is_mounted:
            # A process that was killed may still be letting go.
            ftlib.wait_until(f'{self.path} is free', is_free)
            self.is_mounted = False


class Tmpfs(Disk):
    SIZE = 16 * MIB

    def mount(self):
        self.run('mount', '-t', 'tmpfs', '-o', f'size={self.SIZE},mode=755',
                 'none', self.path)
        self.is_mounted = True


class Ext4(Disk):
    SIZE = 256 * MIB

    def make(self):
        self.image = self.path.with_suffix('.image')
        with open(self.image, 'wb') as file:
            file.truncate(self.SIZE)
        self.run('mkfs.ext4', '-q', '-F', '-m', '0', '-E',
                 'lazy_itable_init=0', self.image)

    def mount(self):
        self.run('mount', '-o', 'loop', self.image, self.path)
        self.is_mounted = True
        shutil.rmtree(self.path / 'lost+found', ignore_errors=True)

    def cut_power(self):
        """All that is not on the disk now never comes there."""
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack('I', SHUTDOWN_NOLOGFLUSH))
        finally:
            os.close(fd)

    def check(self):
        """The file system itself is sound, after its journal is replayed."""
        self.run('e2fsck', '-f', '-n', self.image)
