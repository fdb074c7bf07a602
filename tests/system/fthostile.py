# SPDX-License-Identifier: ISC
"""What tests of hostile peers share: a server that must be as good as new after
each test, and frames to disturb it with."""

import contextlib
import os
import struct

import ftlib
import ftwire
from ftwire import encode_frame

ID = 100        # of requests that are sent as bytes: above what the login took


def data(offset, content=b'x', id_=ID):
    return encode_frame('DATA', id_, struct.pack('>Q', offset) + content)


def put(id_=ID, path='a', **fields):
    return encode_frame('PUT', id_, {'PATH': path, **fields})


def commit(content=b'', id_=ID):
    return encode_frame('COMMIT', id_, {
        'SIZE': len(content), 'DIGEST': ftwire.digest(content)})


class HostileTest(ftlib.Test):
    SECTIONS = {}       # of the configuration

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up(sections=self.SECTIONS))
        self.server.wire().close()
        self.pid = self.server.worker
        self.wait_sessions_gone()
        self.files = self.open_files()
        self.addCleanup(self.check_server)

    def open_files(self):
        """What the server process holds, less the locks on names, which it
        opens when needed and keeps."""
        folder, found = f'/proc/{self.pid}/fd', []
        for fd in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                name = os.readlink(f'{folder}/{fd}')
                if '/.ftserver/names/' not in name:
                    found.append(name)
        return sorted(found)

    def sessions(self):
        """How many connections the server process has."""
        # What stays: the listening socket, and the channel to the monitor.
        return sum(name.startswith('socket:')
                   for name in self.open_files()) - 2

    def wait_sessions_gone(self):
        ftlib.wait_until('all connections are closed',
                         lambda: self.sessions() == 0)

    def check_server(self):
        """It is the same process, nothing has leaked, and it serves."""
        self.wait_sessions_gone()
        self.assertEqual(self.server.worker, self.pid)
        ftlib.wait_until('all files are closed',
                         lambda: self.open_files() == self.files, 10)
        with self.server.wire() as wire:
            wire.put('at the end', b'alive')
            self.assertEqual(wire.get('at the end'), b'alive')
        self.assertEqual(self.stages(), [])

    def stages(self):
        """What uploads have left behind."""
        return os.listdir(self.server.root / '.ftserver' / 'stage')

    def assertBroken(self, wire, code='protocol'):
        """One ERROR with id 0, close_notify, and nothing else."""
        frames = wire.expect_end()
        errors = [frame for frame in frames
                  if frame.id == 0 and frame.name == 'ERROR']
        self.assertEqual(len(errors), 1, frames)
        self.assertIs(frames[-1], errors[0])
        self.assertEqual(ftwire.CODES[errors[0].fields['CODE']], code)
        self.assertTrue(errors[0].fields['TEXT'])
        return frames[:-1]

    def assertBreaks(self, *cases, before=b'', logged_in=True,
                     code='protocol'):
        """Each case, sent alone, ends its session; the others live on."""
        for case in cases:
            with self.subTest(bytes=(before + case)[:80].hex()), \
                    self.open(logged_in) as wire:
                wire.send_bytes(before + case)
                self.assertBroken(wire, code)
        self.assertEqual(sorted(os.listdir(self.server.root)), ['.ftserver'])

    def open(self, logged_in=True):
        return self.server.wire() if logged_in else self.server.connect()

    def assertGoesOn(self, wire):
        id_ = max(wire.last_id, 5 * ID)
        wire.last_id = id_
        self.assertEqual(wire.call('PING'), {})
        self.assertEqual(wire.call('PWD'), {'PATH': b'/'})
