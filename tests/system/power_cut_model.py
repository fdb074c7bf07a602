#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a power cut leaves, at each moment between the system calls of a
change: the calls are recorded, and replayed on a model of a disk that keeps
nothing but what was flushed.

The disk of the model drops all data of a file that no fsync of it, or syncfs,
that began later has flushed.  Of entries of folders that are not flushed it
may keep all, none, those up to any one of them, or any one alone.  Whatever it
does, a name must stand for the old file or for the new one, whole; and for the
new one from the moment at which the answer is sent.
"""

import itertools
import os
import re

import durability_order
import ftlib
import ftwire

MIB = 1 << 20
END = 'the-end'     # a name that is nowhere
ROUNDS = 20 if ftlib.NIGHTLY else 1
BATCH = 40
WRITES = durability_order.WRITES | {'ftruncate', 'fallocate'}
TRACED = durability_order.TRACED | {'openat', 'openat2', 'ftruncate',
                                    'fallocate'}
FD = r'\d+<([^>]*)>'
AT = FD + r', "([^"]*)"'


class Violation(AssertionError):
    """A power cut would leave what it must not."""


class Content:
    """An inode.  `writes` are the calls that changed it in the trace."""

    def __init__(self, label):
        self.label = label
        self.writes = []


class Entry:
    """A change of one or two names; content None: there is nothing.  What is
    below a name that is moved moves along, as far as it is there."""

    def __init__(self, call, *changes, move=None):
        self.begin, self.end = call.begin, call.end
        self.changes = changes      # of path and content
        self.move = move            # from a path to another

    def apply(self, names):
        if self.move:
            source, target = self.move
            below = [path for path in names if path.startswith(source + '/')]
            for path in below:
                names[target + path[len(source):]] = names.pop(path)
        names.update(self.changes)


class Disk:
    """What stood at the beginning, and what a trace did to it."""

    def __init__(self, calls, before):
        self.before = dict(before)      # path: Content
        self.now = dict(before)
        self.entries = []
        self.flushes = []
        self.sends = []
        self.made = {}                  # stage path: Content
        self.ends = sorted({call.end for call in calls})
        for call in calls:
            self.take(call)

    def take(self, call):
        if not re.search(r'= \d+', call.text):
            return      # it failed
        take = getattr(self, 'take_' + re.sub(r'(at)?\d*$', '', call.name),
                       None)
        if call.name in WRITES and '<socket' not in call.text:
            self.write(call)
        elif call.name in durability_order.SENDS:
            self.sends.append(call)
        elif call.name in ('fsync', 'fdatasync', 'syncfs'):
            path = re.match(FD, call.text)[1]
            self.flushes.append(
                (call, None if call.name == 'syncfs' else path))
        elif take:
            take(call)

    def write(self, call):
        paths = re.findall(FD, call.text)
        path = paths[call.name == 'copy_file_range']
        if path in self.now:
            self.now[path].writes.append(call)

    def take_open(self, call):
        match = re.match(AT, call.text)
        if match and 'O_CREAT' in call.text:
            path = f'{match[1]}/{match[2]}'
            if path not in self.now:
                self.change(call, (path, Content(path)))

    def take_mkdir(self, call):
        match = re.match(AT, call.text)
        self.change(call, (f'{match[1]}/{match[2]}', Content('folder')))

    def take_unlink(self, call):
        match = re.match(AT, call.text)
        self.change(call, (f'{match[1]}/{match[2]}', None))

    def take_rename(self, call):
        match = re.match(f'{AT}, {AT}', call.text)
        source, target = f'{match[1]}/{match[2]}', f'{match[3]}/{match[4]}'
        self.change(call, (target, self.now[source]), (source, None),
                    move=(source, target))

    def take_link(self, call):
        match = re.match(f'{AT}, {AT}', call.text)
        source, target = f'{match[1]}/{match[2]}', f'{match[3]}/{match[4]}'
        self.change(call, (target, self.now[source]))

    def change(self, call, *changes, **more):
        self.entries.append(Entry(call, *changes, **more))
        self.entries[-1].apply(self.now)

    # --- after a cut at the end of the call there ---

    def flushed(self, what, path, cut):
        """Has a flush of that path covered it that was over before the cut?"""
        return any(what.end < call.begin and call.end <= cut and
                   flushed in (None, path) for call, flushed in self.flushes)

    def is_durable(self, entry, cut):
        """A rename is one step of the file system's: either folder's flush
        has it on disk."""
        return any(self.flushed(entry, os.path.dirname(path), cut)
                   for path, _ in entry.changes)

    def variants(self, cut):
        """What may be kept of the changes of entries, each in order."""
        seen = [entry for entry in self.entries if entry.begin <= cut]
        sure = [entry for entry in seen if self.is_durable(entry, cut)]
        open_ = [entry for entry in seen if entry not in sure]
        keeps = [open_[:n] for n in range(len(open_) + 1)]
        keeps += [[entry] for entry in open_[1:]]
        for keep in keeps:
            yield [entry for entry in seen if entry in sure or entry in keep]

    def names(self, kept):
        names = dict(self.before)
        for entry in kept:
            entry.apply(names)
        return names

    def is_whole(self, content, names, cut):
        """No byte of it is missing: but for the call that just runs, all that
        was ever written to it is flushed."""
        paths = {path for entry in self.entries
                 for path, other in entry.changes if other is content}
        paths |= {path for path, other in names.items() if other is content}
        return all(any(self.flushed(write, path, cut) for path in paths)
                   for write in content.writes)


class Promise:
    """What one change may leave: the contents of its names before and after,
    `together` or each by itself.

    `from_` is the place in the trace from which on only `after` will do.
    """

    def __init__(self, before, after, from_, together=True):
        self.before, self.after, self.from_ = before, after, from_
        self.groups = [list(after)] if together else [[path] for path in after]

    def check(self, disk, cut):
        whole = {}
        for kept in disk.variants(cut):
            names = disk.names(kept)
            for group in self.groups:
                self.check_names(group, names, cut)
            for path in self.after:
                content = names.get(path)
                if content is self.before.get(path) or content is None:
                    continue
                if content not in whole:
                    whole[content] = disk.is_whole(content, names, cut)
                if not whole[content]:
                    raise Violation(f'at {cut}: {path} is torn')

    def check_names(self, group, names, cut):
        now = [names.get(path) for path in group]
        allowed = [[self.after[path] for path in group]]
        if cut < self.from_:
            allowed.append([self.before[path] for path in group])
        if now not in allowed:
            raise Violation(f'at {cut}: ' + ', '.join(
                f'{path} is {content and content.label}'
                for path, content in zip(group, now)))


class PowerCut(ftlib.Test):
    def start(self, durability='commit'):
        setup = self.set_up(sections={'base main': {'durability': durability}})
        self.server = self.serve(setup)
        self.root = os.path.realpath(self.server.root)
        self.wire = self.server.wire()
        self.addCleanup(self.wire.cut)
        self.wire.call('MKDIR', {'PATH': 'dir'})
        self.wire.put('first', b'content')

    def record(self, act):
        """The calls of an act, and the files that stood there before."""
        before = {}
        for folder, folders, files in os.walk(self.root):
            for name in [*folders, *files]:
                path = os.path.join(folder, name)
                before[path] = Content(f'old {name}')
        trace = durability_order.Trace(
            self, self.server, '-s', '256', '-e',
            'trace=' + ','.join(sorted(TRACED)))
        act()
        # Behind this, the answer has surely been sent and seen.
        self.assertRefused('not-found', self.wire.call, 'RM', {'PATH': END})
        calls = list(itertools.takewhile(
            lambda call: f'"{END}"' not in call.text, trace.calls()))
        return calls, before

    def names(self, *names):
        return [os.path.join(self.root, name) for name in names]

    def check(self, act, *changed, in_place=False, calls=None):
        """An act that changes these names is atomic, and durable when it is
        answered.  How many moments were tried."""
        recorded, before = self.record(act)
        calls = calls(recorded) if calls else recorded
        disk = Disk(calls, before)
        self.assertTrue(disk.sends)
        paths = self.names(*changed)
        first, last = ({path: names.get(path) for path in paths}
                       for names in (before, disk.now))
        if not in_place:
            self.assertNotEqual(first, last)
        # The receipt of an upload comes last, behind BEGUN.
        promise = Promise(first, last, max(
            send.begin for send in disk.sends))
        for cut in [-1, *disk.ends]:
            promise.check(disk, cut)
        self.check_answered(disk, promise, paths, before)
        return len(disk.ends) + 1

    def check_answered(self, disk, promise, paths, before):
        """Each folder in which a name has changed was flushed by itself, and
        each content that stands there."""
        for entry in disk.entries:
            for path, _ in entry.changes:
                if path in paths and not disk.flushed(
                        entry, os.path.dirname(path), promise.from_):
                    raise Violation(f'{path} was not flushed')
        for path in paths:
            content = promise.after[path]
            if content and not disk.is_whole(content, disk.now,
                                             promise.from_):
                raise Violation(f'{path} is torn')

    def append(self, path, content):
        id_ = self.wire.ask('APPEND', {'PATH': path})
        self.wire.send_data(id_, 0, content)
        self.wire.send('COMMIT', id_, {'SIZE': len(content),
                                       'DIGEST': ftwire.digest(content)})
        self.wire.answer(id_)

    def put_many(self, names):
        ids = [self.wire.send_put(name, name.encode()) for name in names]
        for id_ in ids:
            self.wire.answer(id_)


class Model(PowerCut):
    def test_a_new_file_and_one_that_is_replaced(self):
        self.start()
        for turn in range(ROUNDS):
            for path in (f'a{turn}', f'dir/b{turn}', f'a{turn}'):
                self.assertGreater(self.check(
                    lambda: self.wire.put(path, os.urandom(100)), path), 4)

    def test_a_long_file(self):
        self.start()
        for turn in range(ROUNDS):
            for path in ('dir/a', 'dir/a'):
                self.assertGreater(self.check(lambda: self.wire.put(
                    path, os.urandom(3 * MIB)), path), 10)

    def test_a_receipt_that_is_told_again(self):
        """Who told it first may have died before all was flushed."""
        self.start()
        upload = self.wire.put('dir/a', os.urandom(2 * MIB))['UPLOAD']

        def ask():
            self.wire.answer(self.wire.ask('PUT', {'UPLOAD': upload}))
            self.wire.send('ABORT', self.wire.last_id)
        calls, _ = self.record(ask)
        flush, = [call for call in calls
                  if call.name in durability_order.FLUSHES]
        self.assertEqual(re.match(FD, flush.text)[1], self.names('dir')[0])
        sends = [call for call in calls
                 if call.name in durability_order.SENDS
                 and '<socket' in call.text]
        self.assertLess(flush.end, sends[0].begin)

    def test_a_batch(self):
        """Each member by itself: the first answers are sent while the last
        are still on their way, so that each is held to what the last send
        promises, and none may ever be torn."""
        self.start()
        for turn in range(ROUNDS):
            names = [f'{"dir/" * (n % 2)}f{n}' for n in range(BATCH)]
            self.check_batch(names)

    def check_batch(self, names):
        calls, before = self.record(lambda: self.put_many(names))
        disk = Disk(calls, before)
        paths = self.names(*names)
        promise = Promise({path: before.get(path) for path in paths},
                          {path: disk.now[path] for path in paths},
                          max(send.begin for send in disk.sends),
                          together=False)
        for path in paths:
            self.assertIsNot(promise.after[path], promise.before[path])
        for cut in [-1, *disk.ends]:
            promise.check(disk, cut)
        self.check_answered(disk, promise, paths, before)

    def test_a_folder_as_one(self):
        self.start()
        for turn in range(ROUNDS):
            for members in ({b'a': b'one', b'sub': None, b'sub/b': b'two'},
                            {b'a': os.urandom(2 * MIB)},
                            {b'%d' % n: b'content' for n in range(10)}):
                top = f'dir/tree{turn}-{len(members)}'
                self.check(lambda: self.put_tree(top, members), top, *(
                    f'{top}/{path.decode()}' for path in members))

    def put_tree(self, top, members):
        begun, _ = self.wire.answer(self.wire.ask('TREE', {'PATH': top}))
        tree = begun.fields['UPLOAD']
        for path, content in sorted(members.items()):
            if content is None:
                self.wire.call('MKDIR', {'PATH': path, 'TREE': tree})
            else:
                self.wire.put(path, content, TREE=tree)
        self.wire.call('TREE_COMMIT', {
            'UPLOAD': tree, 'COUNT': len(members),
            'DIGEST': ftwire.manifest(members)})

    def test_moves(self):
        self.start()
        self.wire.put('a', b'one')
        for turn in range(ROUNDS):
            self.wire.put('dir/a', b'two')
            for source, target in (('a', 'b'), ('b', 'dir/a'),
                                   ('dir/a', 'a')):
                self.check(lambda: self.wire.call(
                    'MV', {'PATH': source, 'TARGET': target}), source, target)

    def test_copies(self):
        self.start()
        for turn in range(ROUNDS):
            for target in ('dir/copy', 'dir/copy'):
                self.check(lambda: self.wire.call(
                    'CP', {'PATH': 'first', 'TARGET': target}), target)

    def test_removals(self):
        self.start()
        for turn in range(ROUNDS):
            self.wire.put('dir/a', b'one')
            self.check(lambda: self.wire.call('RM', {'PATH': 'dir/a'}),
                       'dir/a')
            self.check(lambda: self.wire.call('MKDIR', {'PATH': 'new'}),
                       'new')
            self.check(lambda: self.wire.call('RMDIR', {'PATH': 'new'}),
                       'new')

    def test_changes_in_place_are_flushed_when_they_are_answered(self):
        self.start()
        for turn in range(ROUNDS):
            for act in (lambda: self.append('first', b'more' * 9),
                        lambda: self.wire.call(
                            'TRUNCATE', {'PATH': 'first', 'SIZE': 10}),
                        lambda: self.append('first', os.urandom(MIB // 4))):
                self.check(act, 'first', in_place=True)


class Faults(PowerCut):
    """The model finds what it is there to find."""

    def test_a_base_that_flushes_nothing(self):
        self.start('async')
        with self.assertRaises(Violation):
            self.check(lambda: self.wire.put('first', b'new'), 'first')
        with self.assertRaises(Violation):
            self.check(lambda: self.wire.call(
                'MV', {'PATH': 'first', 'TARGET': 'dir/a'}),
                'first', 'dir/a')
        with self.assertRaises(Violation):
            self.check(lambda: self.append('dir/a', b'more'), 'dir/a',
                       in_place=True)

    def test_any_one_flush_that_is_left_out(self):
        self.start()
        acts = ((lambda: self.wire.put('first', os.urandom(9)), 1, 2),
                (lambda: self.wire.put('first', os.urandom(2 * MIB)), 1, 2),
                (lambda: self.append('first', b'more'), 1, 1))
        for act, least, most in acts:
            flushes = most
            while flushes:
                flushes -= 1

                def without(calls):
                    found = [call for call in calls
                             if call.name in durability_order.FLUSHES]
                    self.assertGreaterEqual(len(found), least)
                    return [call for call in calls
                            if call is not found[flushes]]
                with self.assertRaises(Violation):
                    self.check(act, 'first', in_place=True, calls=without)

    def test_a_flush_that_comes_too_late(self):
        self.start()

        def late(calls):
            """As if the first flush had begun behind the rename."""
            flush = next(call for call in calls
                         if call.name in durability_order.FLUSHES)
            rename = next(call for call in calls
                          if call.name in durability_order.RENAMES
                          and call.text.endswith('= 0'))
            flush.begin = flush.end = rename.end + 0.5
            return sorted(calls, key=lambda call: call.end)
        with self.assertRaises(Violation):
            self.check(lambda: self.wire.put('a', b'new'), 'a', calls=late)


if __name__ == '__main__':
    ftlib.main()
