#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The monitor, the server process or both are killed at any moment, under a
load of large and small uploads, folders as one, appends, renames and removals:
all that was acknowledged is there and whole, nobody sees anything torn, half or
staged, and each interrupted upload goes on.

FT_SEED repeats the choices of an earlier run, though not its moments."""

import collections
import os
import random
import signal
import struct
import subprocess
import threading
import time

import ftlib
import ftwire
import resume

KILLS = 500 if ftlib.NIGHTLY else 8
CLIENTS = 8
NAMES = 12          # of each client; so files are replaced all the time
MIB = ftwire.MIB
SEED = int(os.environ.get('FT_SEED', random.randrange(1 << 32)))
GONE = 0            # the number of a content that is not there


def content_of(number, is_large):
    """Told by its first line; the size, too, is made up from it."""
    line = b'%d %d\n' % (number, is_large)
    pick = random.Random(line)
    size = pick.randrange(MIB + 1, 4 * MIB) if is_large else pick.choice(
        (len(line), 1000, 5000, 60000))
    return (line * (size // len(line) + 1))[:max(size, len(line))]


class Client(threading.Thread):
    """One client with a folder of its own, and what may be in there.

    `may` holds for each name the numbers of the contents that it may have:
    the one that was acknowledged last, and those under way.
    """

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.folder = f'c{number}'
        self.pick = random.Random(f'{SEED} {number}')
        self.ended = threading.Event()
        self.count = 0
        self.may = collections.defaultdict(lambda: {GONE})
        self.moving = None      # from, to, content there, content here before
        self.log = b''          # what was appended and acknowledged,
        self.more = b''         # and what is being appended
        self.upload = None      # id, name, number of the one under way
        self.tree = None        # id, name, members of the folder under way
        self.trees = {}         # members of those that are there, by names
        self.going = None       # the one that is being removed
        self.acknowledged = self.resumed = 0
        self.failure = None

    def run(self):
        while not self.ended.is_set() and not self.failure:
            self.test.is_up.wait()
            self.cuts = self.test.cuts
            try:
                with self.test.server.wire(timeout=60) as wire:
                    self.look(wire)
                    self.go_on(wire)
                    while not self.ended.is_set():
                        self.act(wire)
            except BaseException as error:
                if not self.is_cut(error):
                    self.failure = error
                time.sleep(0.02)

    def is_cut(self, error):
        """What a client sees when the server is killed, or the power cut."""
        return isinstance(error, (OSError, ftwire.Cut, ftwire.Closed)) or (
            isinstance(error, ftwire.Refused) and
            self.cuts != self.test.cuts)

    def act(self, wire):
        self.pick.choices((self.put_some, self.put_large, self.append,
                           self.move, self.remove, self.put_tree),
                          (5, 2, 3, 2, 1, 1))[0](wire)
        self.acknowledged += 1

    def path(self, name):
        return f'{self.folder}/{name}'

    def new_number(self, name):
        self.count += 1
        self.may[name].add(self.count)
        return self.count

    def any_name(self):
        return f'f{self.pick.randrange(NAMES)}'

    def answered(self, wire, id_):
        """Its receipt; BEGUN of uploads that follow may come before."""
        while True:
            frame = wire.receive()
            if frame.name == 'ERROR':
                raise ftwire.Refused(frame.fields)
            if frame.name == 'OK':
                self.test.assertEqual(frame.id, id_)
                self.is_in_time()
                return frame.fields

    def is_in_time(self):
        """An answer that comes while the power is being cut says nothing:
        ext4 lets an fsync return well if its transaction was ended, not
        committed, by the cut just then."""
        if self.cuts != self.test.cuts:
            raise ftwire.Cut('too late')

    # --- what it does ---

    def put_some(self, wire):
        sent = []
        for _ in range(self.pick.randrange(1, 20)):
            name = self.any_name()
            number = self.new_number(name)
            content = content_of(number, False)
            sent.append((wire.send_put(self.path(name), content),
                         name, number, content))
        for id_, name, number, content in sent:
            receipt = self.answered(wire, id_)
            self.test.assertEqual(receipt['DIGEST'], ftwire.digest(content))
            self.may[name] = {n for n in self.may[name] if n >= number}

    def put_large(self, wire):
        name = self.any_name()
        number = self.new_number(name)
        content = content_of(number, True)
        id_ = wire.ask('PUT', {'PATH': self.path(name),
                               'SIZE': len(content)})
        begun = wire.receive()
        if begun.name == 'ERROR':
            raise ftwire.Refused(begun.fields)
        self.upload = begun.fields['UPLOAD'], name, number
        for at in range(0, len(content), ftwire.DATA_BYTES):
            wire.send_data(id_, at, content[at:at + ftwire.DATA_BYTES])
        self.commit(wire, id_, content)

    def commit(self, wire, id_, content):
        _, name, number = self.upload
        digest = ftwire.digest(content)
        wire.send('COMMIT', id_, {'SIZE': len(content), 'DIGEST': digest})
        receipt = self.answered(wire, id_)
        self.test.assertEqual(receipt['DIGEST'], digest)
        self.may[name] = {number}
        self.upload = None

    def append(self, wire):
        self.more = b'%d\n' % self.count * self.pick.randrange(1, 3000)
        self.count += 1
        id_ = wire.ask('APPEND', {'PATH': self.path('log')})
        wire.send_data(id_, 0, self.more)
        wire.send('COMMIT', id_, {'SIZE': len(self.more),
                                  'DIGEST': ftwire.digest(self.more)})
        answer = self.answered(wire, id_)
        self.log, self.more = self.log + self.more, b''
        self.test.assertEqual(answer['SIZE'], len(self.log))

    def move(self, wire):
        there = [name for name, numbers in self.may.items()
                 if GONE not in numbers]
        source, target = self.any_name(), self.any_name()
        if source not in there or source == target:
            return
        number, = self.may[source]
        before, = self.may[target]
        self.moving = source, target, number, before
        wire.call('MV', {'PATH': self.path(source),
                         'TARGET': self.path(target)})
        self.is_in_time()
        self.moving = None
        self.may[source], self.may[target] = {GONE}, {number}

    def remove(self, wire):
        name = self.any_name()
        if self.may[name] == {GONE}:
            return
        self.may[name].add(GONE)
        wire.call('RM', {'PATH': self.path(name)})
        self.is_in_time()
        self.may[name] = {GONE}

    def put_tree(self, wire):
        """A folder as one; of those that are there, few are kept."""
        if len(self.trees) > 2:
            self.remove_tree(wire)
        self.count += 1
        members = {b'sub': None}
        for n in range(self.pick.randrange(1, 12)):
            self.count += 1
            path = b'sub/%d' % n if n % 2 else b'%d' % n
            members[path] = content_of(self.count, n == 5)
        name = f't{self.count}'
        begun, _ = wire.answer(wire.ask('TREE', {
            'PATH': self.path(name), 'COUNT': len(members)}))
        self.tree = begun.fields['UPLOAD'], name, members
        self.fill_tree(wire, {})

    def fill_tree(self, wire, held):
        upload, name, members = self.tree
        ids = []
        for path, content in sorted(members.items()):
            if path not in held:
                ids.append(wire.ask('MKDIR', {'PATH': path, 'TREE': upload})
                           if content is None else
                           wire.send_put(path, content, TREE=upload))
        for id_ in ids:
            self.answered(wire, id_)
        digest = ftwire.manifest(members)
        receipt = self.answered(wire, wire.ask('TREE_COMMIT', {
            'UPLOAD': upload, 'COUNT': len(members), 'DIGEST': digest}))
        self.test.assertEqual(receipt['DIGEST'], digest)
        self.trees[name] = members
        self.tree = None

    def remove_tree(self, wire):
        """Which is no one step: a part of it may be left."""
        name = self.pick.choice(sorted(self.trees))
        self.going = name, self.trees.pop(name)
        self.answered(wire, wire.ask('RM', {
            'PATH': self.path(name), 'RECURSIVE': b''}))
        self.going = None

    # --- what it finds when it is back ---

    def look(self, wire):
        folder = self.test.server.path(self.folder)
        names = set(os.listdir(folder))
        self.look_at_log(folder / 'log')
        names -= self.look_at_trees(folder, names)
        found = {name: self.whole(folder / name)
                 for name in names - {'log'} | set(self.may)}
        if self.moving:
            source, target, number, before = self.moving
            self.test.assertIn((found[source], found[target]),
                               ((number, before), (GONE, number)))
            self.may[source], self.may[target] = (
                {found[source]}, {found[target]})
            self.moving = None
        for name, number in found.items():
            self.test.assertIn(number, self.may[name], self.path(name))
            self.may[name] = {number}
        self.look_by_commands(wire, folder)

    def below(self, top):
        """All paths below a folder, with the contents of files."""
        found = {}
        for at, folders, files in os.walk(os.fsencode(top)):
            for name in folders + files:
                path = os.path.join(at, name)
                content = None
                if name in files:
                    with open(path, 'rb') as file:
                        content = file.read()
                found[os.path.relpath(path, os.fsencode(top))] = content
        return found

    def look_at_trees(self, folder, names):
        """Each whole or not there at all; their names."""
        there = {name for name in names if name.startswith('t')}
        if self.tree and self.tree[1] in there:
            self.trees[self.tree[1]] = self.tree[2]
        wanted = dict(self.trees)
        if self.going and self.going[0] in there:
            name, members = self.going
            wanted[name] = {
                path: content for path, content in members.items()
                if os.path.lexists(os.fsencode(folder / name) + b'/' + path)}
        self.test.assertEqual(there, set(wanted))
        for name, members in wanted.items():
            self.test.assertTrue(self.below(folder / name) == members,
                                 f'{folder / name} is not whole')
        return there

    def whole(self, path):
        """The number of the content that stands there."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return GONE
        number, is_large = map(int, content.partition(b'\n')[0].split())
        self.test.assertTrue(content == content_of(number, bool(is_large)),
                             f'{path} is torn: {len(content)} bytes')
        return number

    def look_at_log(self, path):
        """All that was acknowledged, then a part of the last append."""
        content = path.read_bytes()
        self.test.assertTrue(content.startswith(self.log), path)
        wanted = self.log + self.more
        self.test.assertLessEqual(len(content), len(wanted), path)
        # Behind a power cut, the disk may know the size and not the bytes.
        self.test.assertTrue(self.test.cuts or wanted.startswith(content))
        self.log, self.more = content, b''

    def look_by_commands(self, wire, folder):
        """No command shows more or less than what is there."""
        if self.going:
            if (folder / self.going[0]).exists():
                wire.call('RM', {'PATH': self.path(self.going[0]),
                                 'RECURSIVE': b''})
            self.going = None
        there = self.below(folder)
        listed = {entry.name for entry in wire.list(self.folder)}
        self.test.assertEqual(
            listed, {path for path in there if b'/' not in path})
        *parts, _ = wire.answer(wire.ask('FIND', {'PATH': self.folder}))
        self.test.assertEqual(set(there), {
            entry.name for part in parts
            for entry in ftwire.decode_entries(part.payload)})
        files = [path for path in there if there[path] is not None]
        counted = wire.call('DU', {'PATH': self.folder})
        self.test.assertEqual(
            (counted['SIZE'], counted['COUNT']),
            (sum(len(there[path]) for path in files), len(files)))
        for path in self.pick.sample(sorted(files), min(3, len(files))):
            self.test.assertTrue(wire.get(
                self.folder.encode() + b'/' + path) == there[path])
        top = {entry.name.decode() for entry in wire.list()}
        self.test.assertEqual(top, {f'c{n}' for n in range(CLIENTS)})

    def go_on(self, wire):
        if self.tree:
            self.go_on_with_tree(wire)
        if self.upload:
            self.go_on_with_file(wire)

    def go_on_with_tree(self, wire):
        upload, name, members = self.tree
        try:
            *rows, last = self.test.patiently(lambda: wire.answer(
                wire.ask('TREE', {'UPLOAD': upload})))
        except ftwire.Refused as refused:
            self.test.assertEqual(refused.code, 'not-found')
            self.test.assertTrue(self.test.cuts, 'the folder is lost')
            self.tree = None
            return
        if name in self.trees:      # committed; the answer was lost
            self.test.assertEqual(last.fields['DIGEST'],
                                  ftwire.manifest(members))
            self.tree = None
            return
        held = {entry.name: entry for row in rows[1:]
                for entry in ftwire.decode_entries(row.payload)}
        for path, entry in held.items():
            self.test.assertEqual(entry.type, 'd' if members[path] is None
                                  else 'f')
            if entry.type == 'f':
                self.test.assertEqual(entry.version,
                                      ftwire.digest(members[path]))
        self.fill_tree(wire, held)
        self.resumed += 1

    def go_on_with_file(self, wire):
        upload, name, number = self.upload
        content = content_of(number, True)
        noted = self.test.noted(upload)
        try:
            id_, held = self.test.take_up(wire, upload)
        except ftwire.Refused as refused:
            # Less than a MiB of it is not worth a record.
            self.test.assertEqual((refused.code, noted), ('not-found', 0))
            self.upload = None
            return
        self.may[name].add(number)
        if held is None:        # committed; the answer was lost
            self.test.assertEqual(self.may[name], {number})
            self.upload = None
            return
        self.test.assertGreaterEqual(len(held), min(noted, 1))
        for at, digest in held.items():
            self.test.assertEqual(digest, ftwire.xxh128(
                content[at:at + MIB]))
        self.test.send_missing(wire, id_, held, content)
        self.commit(wire, id_, content)
        self.resumed += 1


class Loaded(ftlib.Test):
    """A server under the load of all clients."""

    def setUp(self):
        super().setUp()
        print(f'FT_SEED={SEED}', flush=True)
        self.pick = random.Random(SEED)
        self.is_up = threading.Event()
        self.is_up.set()
        self.cuts = 0           # of the power
        self.setup_ = self.set_up(sections={
            'limits': {'login_queue': 100, 'workers': 4}})
        self.prepare()
        self.server = self.start()
        for number in range(CLIENTS):
            self.server.path(f'c{number}').mkdir()
            self.server.own(f'c{number}')
            self.server.write(f'c{number}/log', b'')

    def prepare(self):
        """Before the server starts."""

    def start(self):
        return self.serve(self.setup_)

    send_missing = resume.Resume.send_missing
    patiently = resume.Resume.patiently

    def take_up(self, wire, upload):
        return self.patiently(self.resume_once, wire, upload)

    def resume_once(self, wire, upload):
        """The request and what is held; None and None if it was committed."""
        id_ = wire.ask('PUT', {'UPLOAD': upload})
        frames = []
        while True:
            frame = wire.receive()
            if frame.name in ('ERROR', 'OK'):
                wire.send('ABORT', id_)
            if frame.name == 'ERROR':
                raise ftwire.Refused(frame.fields)
            if frame.name == 'OK':
                return None, None
            if frame.name == 'BEGUN':
                return id_, resume.rows(frames, 'HAVE')
            frames.append(frame)

    def noted(self, upload):
        """How many whole MiBs the record says have come."""
        path = self.server.root / '.ftserver/uploads' / upload.hex()
        try:
            return max(0, path.stat().st_size - 16384) // 32
        except FileNotFoundError:
            return 0

    def start_clients(self):
        clients = [Client(self, number) for number in range(CLIENTS)]
        self.addCleanup(lambda: [client.ended.set() for client in clients])
        for client in clients:
            client.start()
        return clients

    def wait_served(self, clients):
        before = [client.acknowledged for client in clients]
        ftlib.wait_until('all are served', lambda: all(
            client.failure or client.acknowledged > count
            for client, count in zip(clients, before)))
        self.check(clients)

    def check(self, clients):
        for client in clients:
            if client.failure:
                raise client.failure

    def give_up(self, wire):
        """The folders whose ids were lost with the first answer."""
        *frames, _ = wire.answer(wire.ask('UPLOADS'))
        for frame in frames:
            at = 0
            while at < len(frame.payload):
                length, = struct.unpack_from('>H', frame.payload, at)
                wire.call('DISCARD', {
                    'UPLOAD': frame.payload[at + 2:at + 18]})
                at += 2 + length

    def was_member(self, name):
        """A long member of a folder that went on without it: it is not shown,
        and goes when it is too old."""
        record = self.server.root / '.ftserver/uploads' / name
        return record.exists() and b'.ftserver/stage/' in record.read_bytes()

    def wind_up(self, clients):
        for client in clients:
            client.ended.set()
        for client in clients:
            client.join(ftlib.LIMIT)
            self.assertFalse(client.is_alive())
        self.check(clients)
        self.server.stop()
        subprocess.run([ftlib.program('ftctl'), 'store', 'check', '--repair',
                        self.server.root], check=True, capture_output=True)
        self.server = self.start()
        with self.server.wire() as wire:
            for client in clients:
                client.look(wire)
            self.give_up(wire)
        self.assertEqual([name for name in self.server.stages()
                          if not self.was_member(name)], [])
        print(f'{sum(client.acknowledged for client in clients)} acts, '
              f'{sum(client.resumed for client in clients)} uploads resumed')


class KillAny(Loaded):
    def kill(self, victim):
        if victim == 'server':
            serving = self.server.log().count('a new server process serves')
            os.kill(self.server.worker, signal.SIGKILL)
            ftlib.wait_until('a new one serves', lambda: (
                self.server.log().count('a new server process serves') >
                serving))
            return
        old = self.server
        pids = [old.monitor, *ftlib.children(old.monitor)]
        if victim == 'both':
            self.pick.shuffle(pids)
        for pid in pids if victim == 'both' else pids[:1]:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            ftlib.wait_until('all of it is gone', lambda: (
                pid == old.monitor and old.process.poll() is not None
                or not ftlib.is_running(pid)))
        old.kill()
        self.server = self.start()

    def test_nothing_is_lost_torn_or_seen_too_early(self):
        clients = self.start_clients()
        victims = []
        for _ in range(KILLS):
            self.wait_served(clients)
            time.sleep(self.pick.random() * 0.3)
            # After some quick deaths in a row the monitor would give up.
            choice = ('monitor', 'both') if victims[-2:] == ['server'] * 2 \
                else ('server', 'monitor', 'both')
            victims.append(self.pick.choice(choice))
            self.kill(victims[-1])
        self.wait_served(clients)
        self.wind_up(clients)
        print(dict(collections.Counter(victims)))


if __name__ == '__main__':
    ftlib.main()
