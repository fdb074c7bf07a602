#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients that send and do not read: the server stops taking from them, keeps
little for them, serves others, and in the end answers all."""

import os
import select
import socket
import ssl

import ftlib
import ftwire
from fthostile import MIB, SANITIZED, PipeTest, rests
from ftwire import encode_frame


def resident(pid):
    with open(f'/proc/{pid}/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


class Pressure(PipeTest):
    COUNT = 100000      # requests of a flood

    def assertLeaner(self, most):
        """It has not taken more memory than that."""
        if SANITIZED:
            most += 300 * MIB       # which are kept to find late uses
        self.assertLess(resident(self.pid) - self.memory, most)

    def flood(self, frames, blocks=True):
        """Send all of it, and read only when the server takes no more; the
        ids of the answers, in order."""
        with self.server.wire() as wire:
            self.memory = resident(self.pid)
            self.narrow(wire)
            wire.tls.setblocking(False)
            sent = self.send_until_blocked(wire, frames)
            if blocks:
                self.assertLess(sent, len(frames))
            self.assertLeaner(2 * MIB)
            self.served_meanwhile()
            self.assertLeaner(2 * MIB)
            return self.send_and_read(wire, frames[sent:])

    def narrow(self, wire):
        """Keep little in the kernel on this side."""
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            wire.tls.setsockopt(socket.SOL_SOCKET, option, 32768)

    def served_meanwhile(self):
        with self.server.wire() as other:
            self.assertEqual(other.call('PWD'), {'PATH': b'/'})

    def send_until_blocked(self, wire, frames):
        """Until the server has not taken anything for a while."""
        sent = 0
        while sent < len(frames):
            try:
                sent += wire.tls.send(frames[sent:sent + 16384])
            except ssl.SSLWantWriteError:
                if not select.select([], [wire.tls], [], 1)[1]:
                    return sent
        return sent

    def send_and_read(self, wire, frames):
        ids, sent, buffer = [], 0, bytearray()
        while len(ids) < self.COUNT:
            try:
                while sent < len(frames):
                    sent += wire.tls.send(frames[sent:sent + 16384])
            except ssl.SSLWantWriteError:
                pass
            try:
                buffer += wire.tls.recv(65536)
            except ssl.SSLWantReadError:
                ready = select.select(
                    [wire.tls], [wire.tls] if sent < len(frames) else [], [],
                    ftlib.LIMIT)
                self.assertNotEqual(ready, ([], [], []))
            at = 0
            while len(buffer) - at >= 12:
                length, type_, _, _, id_ = ftwire.HEADER.unpack_from(buffer, at)
                if len(buffer) - at < 12 + length:
                    break
                self.assertEqual(type_, 0x80)
                ids.append(id_)
                at += 12 + length
            del buffer[:at]
        return ids

    def ids(self):
        return range(10, 10 + self.COUNT)

    def test_pings_that_are_not_read_are_all_answered(self):
        self.COUNT *= 5         # an answer is short
        frames = b''.join(encode_frame('PING', id_) for id_ in self.ids())
        self.assertEqual(self.flood(frames), list(self.ids()))

    def test_stats_that_are_not_read_are_all_answered(self):
        frames = b''.join(encode_frame('STAT', id_, {'PATH': '/'})
                          for id_ in self.ids())
        self.assertEqual(self.flood(frames), list(self.ids()))

    def test_puts_that_are_not_read_are_all_answered(self):
        self.COUNT = 10000      # takes far longer than to ask for it
        paths = [ftwire.encode_fields({'PATH': f'f{n}', 'SIZE': 0})
                 for n in range(256)]
        empty = ftwire.encode_fields({'SIZE': 0, 'DIGEST': ftwire.digest(b'')})
        frames = b''.join(
            encode_frame('PUT', id_, paths[id_ % 256])
            + encode_frame('COMMIT', id_, empty) for id_ in self.ids())
        self.assertEqual(self.flood(frames, blocks=False), list(self.ids()))

    def test_gets_that_are_never_read_hold_no_worker(self):
        self.long_file(size=1 << 30)
        wires = []
        self.memory = resident(self.pid)
        for _ in range(12):
            wire = self.server.wire()
            self.addCleanup(wire.cut)
            self.narrow(wire)
            wire.ask('GET', {'PATH': 'long'})
            wires.append(wire)
        for wire in wires:
            self.assertTrue(select.select([wire.tls], [], [], 60)[0])
        with self.server.wire() as other:
            content = os.urandom(4 * MIB)
            other.put('a', content)
            self.assertEqual(other.get('a'), content)
        self.assertLeaner(12 * 300 * 1024)
        rests(self.pid)
        # They hear what overtakes, and go on when they are read.
        ping = wires[0].ask('PING')
        self.assertEqual(self.finals(wires[0], [ping, ping - 1]), ['ok'] * 2)
        for wire in wires:
            wire.cut()


if __name__ == '__main__':
    ftlib.main()
