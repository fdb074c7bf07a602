#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Long uploads by the wire: records, claims, resume, segments, pieces."""

import os
import signal
import struct
import unittest

import ftlib
import ftwire

MIB = ftwire.MIB


def content_of(size, seed=1):
    """Bytes that differ from MiB to MiB."""
    block = bytes((i * 7 + seed) % 251 for i in range(65537))
    return (block * (size // len(block) + 1))[:size]


def rows(frames, name):
    """What HAVE or DIGESTS frames say: digests by the offsets of pieces."""
    found = {}
    for frame in frames:
        if frame.name != name:
            continue
        payload, at = frame.payload, 0
        while at < len(payload):
            length, = struct.unpack_from('>H', payload, at)
            row = payload[at + 2:at + 2 + length]
            offset, = struct.unpack_from('>Q', row)
            for i in range(8, len(row), 16):
                found[offset] = row[i:i + 16]
                offset = (offset // MIB + 1) * MIB
            at += 2 + length
    return found


class Resume(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def begin(self, wire, path, size, sent, content, **fields):
        """Begin an upload and send the first `sent` bytes; id and upload."""
        id_ = wire.ask('PUT', {'PATH': path, 'SIZE': size, **fields})
        begun = wire.receive()
        self.assertEqual(begun.name, 'BEGUN')
        for at in range(0, sent, ftwire.DATA_BYTES):
            end = min(at + ftwire.DATA_BYTES, sent)
            wire.send_data(id_, at, content[at:end])
        return id_, begun.fields['UPLOAD']

    def resume(self, wire, upload):
        """Take an upload up; the request's id and what the server holds."""
        id_ = wire.ask('PUT', {'UPLOAD': upload})
        frames = []
        while True:
            frame = wire.receive()
            if frame.name == 'ERROR':
                wire.send('ABORT', id_)
                raise ftwire.Refused(frame.fields)
            if frame.name == 'BEGUN':
                self.assertEqual(frame.fields['UPLOAD'], upload)
                return id_, rows(frames, 'HAVE')
            self.assertEqual(frame.name, 'HAVE')
            frames.append(frame)

    def patiently(self, call, *args):
        def attempt():
            try:
                return call(*args), True
            except ftwire.Refused as refused:
                if refused.code != 'busy':
                    raise
                return None
        return ftlib.wait_until('the older holder lets go', attempt)[0]

    def resume_patiently(self, wire, upload):
        return self.patiently(self.resume, wire, upload)

    def send_missing(self, wire, id_, held, content):
        sent = 0
        for at in range(0, len(content), MIB):
            piece = content[at:at + MIB]
            if held.get(at) == ftwire.xxh128(piece):
                continue
            for i in range(0, len(piece), ftwire.DATA_BYTES):
                wire.send_data(id_, at + i, piece[i:i + ftwire.DATA_BYTES])
            sent += 1
        return sent

    def commit(self, wire, id_, content):
        wire.send('COMMIT', id_, {'SIZE': len(content),
                                  'DIGEST': ftwire.digest(content)})
        return wire.answer(id_)[-1].fields

    def go_on(self, wire, upload, content):
        """Resume, send what is missing, commit; pieces sent, and receipt."""
        id_, held = self.resume_patiently(wire, upload)
        sent = self.send_missing(wire, id_, held, content)
        return sent, self.commit(wire, id_, content)

    def records(self):
        return os.listdir(self.server.root / '.ftserver/uploads')

    def wait_held(self, upload, pieces):
        """The record says so many pieces."""
        path = self.server.root / '.ftserver/uploads' / upload.hex()
        ftlib.wait_until(f'{pieces} pieces are noted', lambda: (
            path.stat().st_size >= 16384 + 32 * pieces))

    def test_an_upload_that_was_cut_off_goes_on(self):
        content = content_of(5 * MIB + 1000)
        wire = self.server.wire()
        _, upload = self.begin(wire, 'a', len(content), 3 * MIB + 500,
                               content)
        self.wait_held(upload, 3)
        wire.reset()
        with self.server.wire() as wire:
            sent, receipt = self.go_on(wire, upload, content)
        self.assertEqual(sent, 3)
        self.assertEqual(receipt['UPLOAD'], upload)
        self.assertEqual(receipt['DIGEST'], ftwire.digest(content))
        self.assertEqual(self.server.read('a'), content)
        self.assertEqual(self.server.stages(), [])

    def test_small_uploads_leave_no_record(self):
        with self.server.wire() as wire:
            wire.put('a', b'x' * MIB)
        self.assertEqual(self.records(), [])

    def test_an_upload_survives_the_server(self):
        content = content_of(4 * MIB)
        wire = self.server.wire()
        _, upload = self.begin(wire, 'a', len(content), 2 * MIB, content)
        self.wait_held(upload, 2)
        old = self.server.worker
        os.kill(old, signal.SIGKILL)
        ftlib.wait_until('another server process', lambda: (
            old not in ftlib.children(self.server.monitor) and
            ftlib.children(self.server.monitor)))
        wire.cut()
        with self.server.wire() as wire:
            sent, _ = self.go_on(wire, upload, content)
        self.assertEqual(sent, 2)
        self.assertEqual(self.server.read('a'), content)

    def test_a_resume_takes_the_upload_from_the_older_holder(self):
        content = content_of(3 * MIB)
        with self.server.wire() as old, self.server.wire() as new:
            id_, upload = self.begin(old, 'a', len(content), MIB, content)
            self.wait_held(upload, 1)
            sent, _ = self.go_on(new, upload, content)
            self.assertEqual(sent, 2)
            # Late frames of the first change nothing any more.
            old.send_data(id_, MIB, b'y' * 1000)
            old.send('COMMIT', id_, {'SIZE': len(content),
                                     'DIGEST': bytes(16)})
            self.assertRefused('locked', old.answer, id_)
        self.assertEqual(self.server.read('a'), content)

    def test_another_upload_of_the_path_is_told_locked(self):
        content = content_of(2 * MIB)
        with self.server.wire() as one, self.server.wire() as two:
            id_, _ = self.begin(one, 'a', len(content), MIB, content)
            other = two.ask('PUT', {'PATH': 'a', 'SIZE': len(content)})
            two.send('ABORT', other)
            self.assertRefused('locked', two.answer, other)
            one.send_data(id_, MIB, content[MIB:MIB + ftwire.DATA_BYTES])
            for at in range(MIB + ftwire.DATA_BYTES, 2 * MIB,
                            ftwire.DATA_BYTES):
                one.send_data(id_, at, content[at:at + ftwire.DATA_BYTES])
            self.commit(one, id_, content)
            two.put('a', content)
        self.assertEqual(self.server.read('a'), content)

    def test_pieces_that_differ_are_sent_again(self):
        old, new = content_of(4 * MIB, 1), content_of(4 * MIB, 2)
        mixed = old[:MIB] + new[MIB:2 * MIB] + bytes(MIB) + old[3 * MIB:]
        wire = self.server.wire()
        _, upload = self.begin(wire, 'a', len(old), 4 * MIB, old)
        self.wait_held(upload, 4)
        wire.reset()
        with self.server.wire() as wire:
            sent, _ = self.go_on(wire, upload, mixed)
        self.assertEqual(sent, 2)
        self.assertEqual(self.server.read('a'), mixed)

    def test_holes_stay_holes(self):
        content = content_of(MIB) + bytes(6 * MIB) + content_of(MIB, 3)
        wire = self.server.wire()
        id_, upload = self.begin(wire, 'a', len(content), MIB, content)
        wire.send_data(id_, 7 * MIB, content[7 * MIB:7 * MIB + 1000])
        self.wait_held(upload, 1)
        wire.reset()
        with self.server.wire() as wire:
            id_, held = self.resume_patiently(wire, upload)
            # What comes with a jump has holes before it, garbage goes.
            wire.send_data(id_, 7 * MIB + 500,
                           content[7 * MIB + 500:7 * MIB + 1000])
            wire.send_data(id_, 7 * MIB + 1000,
                           content[7 * MIB + 1000:7 * MIB + 200000])
            want = bytearray(content)
            want[7 * MIB:7 * MIB + 500] = bytes(500)
            want[7 * MIB + 200000:] = bytes(MIB - 200000)
            self.commit(wire, id_, bytes(want))
        self.assertEqual(self.server.read('a'), bytes(want))
        self.assertLess(self.server.path('a').stat().st_blocks * 512, 4 * MIB)

    def test_what_another_boot_noted_is_compared_first(self):
        content = content_of(4 * MIB)
        wire = self.server.wire()
        _, upload = self.begin(wire, 'a', len(content), 3 * MIB, content)
        self.wait_held(upload, 3)
        wire.reset()
        base = self.server.root / '.ftserver'
        with open(base / 'uploads' / upload.hex(), 'r+b') as record:
            for piece in range(3):
                record.seek(16384 + 32 * piece + 16)
                record.write(b'another boot....')
        with open(base / 'stage' / upload.hex(), 'r+b') as stage:
            stage.seek(MIB + 5)
            stage.write(b'lost in a power cut')
        with self.server.wire() as wire:
            id_, held = self.resume_patiently(wire, upload)
            self.assertEqual(sorted(held), [0, 2 * MIB])
            self.send_missing(wire, id_, held, content)
            self.commit(wire, id_, content)
        self.assertEqual(self.server.read('a'), content)

    def test_an_answer_that_was_lost_is_given_again(self):
        content = content_of(2 * MIB)
        with self.server.wire() as wire:
            id_, upload = self.begin(wire, 'a', len(content), len(content),
                                     content)
            receipt = self.commit(wire, id_, content)
            again = wire.call('PUT', {'UPLOAD': upload})
        self.assertEqual(again, receipt)

    def test_uploads_are_listed_and_discarded(self):
        content = content_of(3 * MIB)
        with self.server.wire() as wire, self.server.wire() as other:
            _, upload = self.begin(wire, 'a', len(content), 2 * MIB, content)
            self.wait_held(upload, 2)
            id_ = other.ask('UPLOADS')
            frame, ok = other.answer(id_)
            self.assertEqual(ok.fields['COUNT'], 1)
            length, = struct.unpack_from('>H', frame.payload)
            row = frame.payload[2:2 + length]
            got = struct.unpack_from('>16scQQqI', row)
            self.assertEqual(got[:4], (upload, b'f', 3 * MIB, 2 * MIB))
            self.assertEqual(row[45:], b'/a')
            self.patiently(other.call, 'DISCARD', {'UPLOAD': upload})
            self.assertEqual(self.server.stages(), [])
            self.assertEqual(self.records(), [])
            self.assertRefused('not-found', other.call, 'DISCARD',
                               {'UPLOAD': upload})

    def test_one_that_met_a_lock_is_listed_and_can_be_committed_later(self):
        content = content_of(3 * MIB)
        self.server.write('a', b'old')
        with self.server.wire() as wire:
            with ftlib.LocalLock(self.server.root / 'a'):
                self.assertRefused('locked', wire.put, 'a', content)
                (upload, found), = wire.uploads().items()
                self.assertEqual(found, (3 * MIB, b'/a'))
                self.assertEqual(self.server.read('a'), b'old')
            sent, _ = self.go_on(wire, upload, content)
            self.assertEqual(sent, 0)
            self.assertEqual(self.server.read('a'), content)
            self.assertEqual(wire.uploads(), {})

    def test_an_abort_leaves_nothing_and_a_cancel_keeps(self):
        content = content_of(3 * MIB)
        with self.server.wire() as wire:
            for how, left in (('CANCEL', 1), ('ABORT', 0)):
                id_, upload = self.begin(wire, how, len(content), 2 * MIB,
                                         content)
                self.wait_held(upload, 2)
                wire.send(how, id_)
                if how == 'CANCEL':
                    wire.send('ABORT', id_)
                self.assertRefused('cancelled', wire.answer, id_)
                self.assertEqual(upload.hex() in self.records(), bool(left))
                self.assertEqual(upload.hex() in self.server.stages(),
                                 bool(left))

    def test_uploads_of_others_are_not_found(self):
        with self.server.wire() as wire:
            for verb in ('PUT', 'DISCARD'):
                self.assertRefused('not-found', wire.call, verb,
                                   {'UPLOAD': bytes(16)})
                if verb == 'PUT':
                    wire.send('ABORT', wire.last_id)

    def test_segments_come_over_several_connections(self):
        content = content_of(9 * MIB + 77)
        cuts = [0, 3 * MIB, 6 * MIB, len(content)]
        with self.server.wire() as main, self.server.wire() as two, \
                self.server.wire() as three:
            id_, upload = self.begin(main, 'a', len(content), 3 * MIB,
                                     content)
            pairs = []
            for wire, first, end in ((two, cuts[1], cuts[2]),
                                     (three, cuts[2], cuts[3])):
                part = wire.ask('PUT', {'UPLOAD': upload, 'OFFSET': first,
                                        'LENGTH': end - first})
                self.assertEqual(wire.receive().name, 'BEGUN')
                for at in range(first, end, ftwire.DATA_BYTES):
                    wire.send_data(part, at, content[at:min(
                        at + ftwire.DATA_BYTES, end)])
                wire.send('COMMIT', part, {
                    'SIZE': end - first,
                    'DIGEST': ftwire.digest(content[first:end], first)})
                pairs.append((wire, part))
            for wire, part in pairs:
                wire.answer(part)
            self.commit(main, id_, content)
        self.assertEqual(self.server.read('a'), content)

    def test_a_segment_is_written_by_one_connection(self):
        """The younger one, as that of the older may be dead."""
        content, other = content_of(3 * MIB), bytes(2 * MIB)
        with self.server.wire() as main, self.server.wire() as old, \
                self.server.wire() as young:
            id_, upload = self.begin(main, 'a', len(content), MIB, content)
            wanted = {'UPLOAD': upload, 'OFFSET': MIB, 'LENGTH': 2 * MIB}
            late = old.ask('PUT', wanted)
            self.assertEqual(old.receive().name, 'BEGUN')
            old.send_data(late, MIB, other[:ftwire.DATA_BYTES])
            part = young.ask('PUT', wanted)
            self.assertEqual(young.receive().name, 'BEGUN')
            old.send_data(late, MIB + ftwire.DATA_BYTES,
                          other[:ftwire.DATA_BYTES])
            self.assertRefused('locked', old.answer, late)
            for at in range(MIB, len(content), ftwire.DATA_BYTES):
                young.send_data(part, at, content[at:at + ftwire.DATA_BYTES])
            young.send('COMMIT', part, {
                'SIZE': 2 * MIB, 'DIGEST': ftwire.digest(content[MIB:], MIB)})
            young.answer(part)
            # What the whole has sent is its own.
            self.assertRefused('busy', young.call, 'PUT',
                               {**wanted, 'OFFSET': 0})
            self.commit(main, id_, content)
        self.assertEqual(self.server.read('a'), content)

    def test_pieces_tell_the_digest_of_each_mib(self):
        content = content_of(5 * MIB + 9)
        self.server.write('a', content)
        with self.server.wire() as wire:
            *frames, ok = wire.answer(wire.ask('PIECES', {'PATH': 'a'}))
            self.assertEqual(rows(frames, 'DIGESTS'), {
                at: ftwire.xxh128(content[at:at + MIB])
                for at in range(0, len(content), MIB)})
            self.assertEqual(ok.fields['DIGEST'], ftwire.digest(content))
            *frames, ok = wire.answer(wire.ask('PIECES', {
                'PATH': 'a', 'OFFSET': 5, 'LENGTH': MIB}))
            self.assertEqual(rows(frames, 'DIGESTS'), {
                5: ftwire.xxh128(content[5:MIB]),
                MIB: ftwire.xxh128(content[MIB:MIB + 5])})

    def test_a_fresh_name_is_found(self):
        with self.server.wire() as wire:
            for content in (b'one', b'two', b'three'):
                wire.put('a', content, TAKEN=2)
            long = content_of(2 * MIB)
            wire.put('a', long, TAKEN=2)
        self.assertEqual(self.server.read('a'), b'one')
        found = [self.server.read(name) for name in
                 os.listdir(self.server.root) if name.startswith('a-')]
        self.assertEqual(sorted(found), sorted([b'two', b'three', long]))


if __name__ == '__main__':
    ftlib.main()
