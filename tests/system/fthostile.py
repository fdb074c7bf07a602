# SPDX-License-Identifier: ISC
"""What tests of hostile peers share: a server that must be as good as new after
each test, and frames to disturb it with."""

import collections
import contextlib
import ctypes
import os
import pathlib
import select
import socket
import ssl
import struct

import ftlib
import ftwire
from ftwire import encode_frame

# Memory and time of a sanitizer's build say nothing of the server's own.
SANITIZED = any(
    sign in pathlib.Path(ftlib.program('ftserver')).read_bytes()
    for sign in (b'__asan_init', b'__tsan_init'))

MIB = 1 << 20
LONG = 64 * MIB     # bytes: more than all the buffers on the way
ID = 100        # of requests that are sent as bytes: above what the login took


def data(offset, content=b'x', id_=ID):
    return encode_frame('DATA', id_, struct.pack('>Q', offset) + content)


def put(id_=ID, path='a', **fields):
    return encode_frame('PUT', id_, {'PATH': path, **fields})


def commit(content=b'', id_=ID):
    return encode_frame('COMMIT', id_, {
        'SIZE': len(content), 'DIGEST': ftwire.digest(content)})


def client_hello():
    """The first bytes of a TLS connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ftwire.ALPN])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


def reset(connection):
    """Close a plain socket with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack('ii', 1, 0))
    connection.close()


def dear_hash(password, memory=65536, passes=3):
    """An argon2id hash that takes a good part of a second to check."""
    argon2 = ctypes.CDLL('libargon2.so.1')
    out = ctypes.create_string_buffer(256)
    code = argon2.argon2id_hash_encoded(
        ctypes.c_uint32(passes), ctypes.c_uint32(memory), ctypes.c_uint32(1),
        password.encode(), ctypes.c_size_t(len(password)),
        b'saltsaltsaltsalt', ctypes.c_size_t(16), ctypes.c_size_t(32),
        out, ctypes.c_size_t(len(out)))
    if code != 0:
        raise AssertionError(f'libargon2 says {code}')
    return out.value.decode()


def make_dear(setup, **cost):
    """Let the logins of all users of `setup` cost as much as they may."""
    hash_ = dear_hash(ftlib.PASSWORD, **cost)
    lines = setup.user_file.read_text().splitlines()
    setup.user_file.write_text(''.join(
        f'{name}:{hash_}:{keys}\n' for name, _, keys in
        (line.split(':') for line in lines)))


def cpu_ticks(pid):
    """Time that the process has computed."""
    with open(f'/proc/{pid}/stat', 'rb') as file:
        fields = file.read().rpartition(b')')[2].split()
    return int(fields[11]) + int(fields[12])


def rests(pid):
    """Wait until it computes no more than a fiftieth of a second in one."""
    def is_resting():
        before = cpu_ticks(pid)
        select.select([], [], [], 1)
        return cpu_ticks(pid) - before <= 2
    ftlib.wait_until('the server rests', is_resting, 20)


class HostileTest(ftlib.Test):
    SECTIONS = {}       # of the configuration

    def setUp(self):
        super().setUp()
        self.server = self.serve(self.configure())
        self.server.wire().close()
        self.pid = self.server.worker
        self.wait_sessions_gone()
        self.files = self.open_files()
        self.addCleanup(self.check_server)

    def configure(self):
        return self.set_up(sections=self.SECTIONS)

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

    def queued(self):
        """How many connections the kernel has that it has yet to accept."""
        count = 0
        for family in 'tcp', 'tcp6':
            with open(f'/proc/net/{family}', encoding='ascii') as file:
                for row in list(file)[1:]:
                    _, local, _, state, queues, *_ = row.split()
                    if (state == '0A' and
                            int(local.split(':')[1], 16) == self.server.port):
                        count += int(queues.split(':')[1], 16)
        return count

    def wait_sessions_gone(self):
        ftlib.wait_until('all connections are closed', lambda:
                         self.queued() == 0 and self.sessions() == 0)

    def check_server(self):
        """It is the same process, nothing has leaked, and it serves."""
        self.wait_sessions_gone()
        self.assertEqual(self.server.worker, self.pid)
        # A folder that was just looked through at the beginning is no more.
        ftlib.wait_until('all files are closed', lambda: not (
            collections.Counter(self.open_files()) -
            collections.Counter(self.files)), 10)
        with self.server.wire() as wire:
            wire.put('at the end', b'alive')
            self.assertEqual(wire.get('at the end'), b'alive')
        self.assertEqual(self.stages(), [])

    def stages(self):
        """What uploads have left behind."""
        return os.listdir(self.server.root / '.ftserver' / 'stage')

    def kept(self):
        """Uploads that can be taken up again, once none is in use."""
        with self.server.wire() as wire:
            ftlib.wait_until('what is left are kept uploads', lambda: sorted(
                id_.hex() for id_ in wire.uploads()) == sorted(self.stages()))
            return wire.uploads()

    def discard_kept(self):
        """Nothing is left but kept uploads, and then nothing at all."""
        kept = self.kept()
        with self.server.wire() as wire:
            for upload in kept:
                wire.call('DISCARD', {'UPLOAD': upload})
            self.assertEqual(wire.uploads(), {})
        self.assertEqual(self.stages(), [])
        self.wait_sessions_gone()

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


class PipeTest(HostileTest):
    def long_file(self, name='long', size=LONG):
        """Content at its beginning, and a hole, which is sent at once."""
        with open(self.server.root / name, 'wb') as file:
            file.write(os.urandom(min(size, LONG)))
            file.truncate(size)

    def outcome(self, frame):
        """A final reply in a word."""
        if frame.name == 'ERROR':
            return ftwire.CODES[frame.fields['CODE']]
        return frame.name.lower()

    def finals(self, wire, ids):
        """The final replies of `ids`, which must come in this order."""
        found = []
        while len(found) < len(ids):
            frame = wire.receive()
            if frame.name in ('OK', 'ERROR'):
                self.assertEqual(frame.id, ids[len(found)])
                found.append(self.outcome(frame))
        return found

    def assertQuiet(self, wire):
        """Nothing was left to be answered."""
        id_ = wire.ask('PING')
        self.assertEqual(wire.receive(), ftwire.Frame(0x80, 0, id_, b''))
