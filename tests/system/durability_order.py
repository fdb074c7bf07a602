#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An upload is acknowledged when it is on disk: written, flushed, renamed, its
folder flushed, and only then answered.  strace(1) watches the system calls."""

import contextlib
import os
import re
import select
import signal
import subprocess

import fthostile
import ftlib
import ftwire

WRITES = {'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2',
          'copy_file_range'}
FLUSHES = {'fsync', 'fdatasync', 'syncfs', 'sync_file_range'}
RENAMES = {'rename', 'renameat', 'renameat2', 'link', 'linkat'}
FOLDERS = {'mkdir', 'mkdirat', 'unlink', 'unlinkat', 'rmdir'}
SENDS = {'sendto', 'sendmsg', 'send', 'write', 'writev'}
TRACED = WRITES | FLUSHES | RENAMES | FOLDERS | SENDS - {'send'}


class Call:
    """A system call: `begin` and `end` are places in the trace."""

    def __init__(self, name, text, place):
        self.name = name
        self.text = text
        self.begin = self.end = place


def parse(trace):
    """The calls of a trace by strace -f, in the order of their ends."""
    calls, open_ = [], {}
    for place, line in enumerate(trace.splitlines()):
        pid, _, rest = line.partition(' ')
        rest = rest.strip()
        if match := re.match(r'<\.\.\. (\w+) resumed>(.*)', rest):
            call = open_.pop(pid)
            call.text += match[2]
            call.end = place
            calls.append(call)
        elif match := re.match(r'(\w+)\((.*)', rest):
            call = Call(match[1], match[2], place)
            if rest.endswith('<unfinished ...>'):
                open_[pid] = call
            else:
                calls.append(call)
    return calls


class Trace:
    """What the server process does meanwhile."""

    def __init__(self, test, server, *options):
        self.path = test.path('trace')
        self.errors = test.path('strace')
        with open(self.errors, 'wb') as errors:
            self.process = subprocess.Popen(
                ['strace', '-f', '-y', '-s', '16', '-e',
                 'trace=' + ','.join(sorted(TRACED)), '-o', self.path,
                 *options, '-p', str(server.worker)],
                stderr=errors, stdin=subprocess.DEVNULL)
        test.addCleanup(self.end)
        threads = len(os.listdir(f'/proc/{server.worker}/task'))
        ftlib.wait_until('strace has attached', lambda: (
            self.errors.read_text().count('attached') > 0
            and self.traced(server.worker) == threads))

    def traced(self, pid):
        count = 0
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/status') as file:
                count += f'TracerPid:\t{self.process.pid}\n' in file.read()
        return count

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(ftlib.LIMIT)

    def calls(self):
        self.end()
        return parse(self.path.read_text('utf-8', 'replace'))


class Durability(ftlib.Test):
    def start(self, durability='commit'):
        setup = self.set_up(sections={'base main': {'durability': durability}})
        self.server = self.serve(setup)
        wire = self.server.wire()
        self.addCleanup(wire.cut)
        wire.put('first', b'content')       # so that nothing is new
        (self.server.root / 'dir').mkdir()
        if setup.account:
            os.chown(self.server.root / 'dir', *self.owner())
        return wire

    def owner(self):
        there = os.stat(self.server.root)
        return there.st_uid, there.st_gid

    def is_flush_of_stage(self, call):
        return call.name in FLUSHES and (
            '/stage' in call.text or call.name == 'syncfs')

    def is_flush_of(self, call, folder):
        return call.name in FLUSHES and f'<{folder}>' in call.text

    def pick(self, calls, wanted, least=1):
        found = [call for call in calls if wanted(call)]
        self.assertGreaterEqual(len(found), least,
                                [(c.name, c.text[:120]) for c in calls])
        return found

    def check_order(self, calls, folder, files):
        """Of uploads to one folder that nothing else was done beside."""
        root = os.path.realpath(self.server.root)
        folder = os.path.join(root, folder).rstrip('/')
        writes = self.pick(calls, lambda c: c.name in WRITES
                           and '/.ftserver/stage' in c.text, files)
        # Over an old file the first attempt, which would keep it, fails.
        renames = self.pick(calls, lambda c: c.name in RENAMES
                            and 'EEXIST' not in c.text, files)
        flushes = self.pick(calls, self.is_flush_of_stage)
        last = self.pick(calls, lambda c: self.is_flush_of(c, folder))
        sends = self.pick(calls, lambda c: c.name in SENDS
                          and 'socket:' in c.text or 'TCP:' in c.text)
        for call in (*flushes, *renames, *last):
            self.assertRegex(call.text, r'= 0$')
        return writes, flushes, renames, last, sends

    def test_one_file(self):
        wire = self.start()
        for folder, path in (('', 'a'), ('dir', 'dir/b'), ('', 'a')):
            trace = Trace(self, self.server)
            wire.put(path, b'content')
            writes, flushes, renames, last, sends = self.check_order(
                trace.calls(), folder, 1)
            self.assertEqual(len(renames), 1)
            self.assertLess(writes[-1].end, flushes[0].begin)
            self.assertLess(flushes[-1].end, renames[0].begin)
            self.assertLess(renames[0].end, last[0].begin)
            self.assertLess(last[-1].end, sends[0].begin)

    def test_a_long_file(self):
        wire = self.start()
        content = os.urandom(3 << 20)
        trace = Trace(self, self.server)
        wire.put('a', content)
        writes, flushes, renames, last, sends = self.check_order(
            trace.calls(), '', 1)
        self.assertGreater(len(writes), 2)
        self.assertLess(writes[-1].end, flushes[-1].begin)
        self.assertLess(flushes[-1].end, renames[0].begin)
        self.assertLess(renames[-1].end, last[-1].begin)
        # BEGUN is sent at once; the receipt comes last.
        self.assertLess(last[-1].end, sends[-1].begin)
        self.assertFalse([send for send in sends if
                          writes[-1].end < send.begin < last[-1].end])

    def test_a_batch(self):
        """None is renamed before it is flushed, and none is acknowledged
        before its folder is."""
        wire = self.start()
        trace = Trace(self, self.server)
        ids = [wire.send_put(f'dir/f{n}', b'%d' % n) for n in range(40)]
        for id_ in ids:
            wire.answer(id_)
        calls = trace.calls()
        writes, _, renames, last, sends = self.check_order(calls, 'dir', 40)
        self.assertEqual(len(renames), 40)
        for rename in renames:
            stage = re.search(r'"([^"/]+)"', rename.text)[1]
            own = [c for c in writes if f'/{stage}' in c.text]
            self.assertEqual(len(own), 1, rename.text)
            flushed = [c for c in calls if own[0].end < c.begin
                       and c.end < rename.begin and (
                           c.name == 'syncfs' or c.name in FLUSHES
                           and f'/{stage}' in c.text)]
            self.assertTrue(flushed, rename.text)
            self.assertTrue([c for c in last if rename.end < c.begin])
        first = min(c.end for c in last)
        self.assertFalse([c for c in sends if c.begin < first])

    def test_changes_of_folders(self):
        wire = self.start()
        root = os.path.realpath(self.server.root)
        for verb, fields, folders in (
                ('MKDIR', {'PATH': 'made'}, ['']),
                ('MV', {'PATH': 'first', 'TARGET': 'dir/second'},
                 ['', 'dir']),
                ('RM', {'PATH': 'dir/second'}, ['dir']),
                ('RMDIR', {'PATH': 'made'}, [''])):
            with self.subTest(verb):
                trace = Trace(self, self.server)
                wire.call(verb, fields)
                calls = trace.calls()
                changes = self.pick(
                    calls, lambda c: c.name in RENAMES | FOLDERS)
                sends = self.pick(calls, lambda c: c.name in SENDS
                                  and 'socket:' in c.text or 'TCP:' in c.text)
                for folder in folders:
                    path = os.path.join(root, folder).rstrip('/')
                    last = self.pick(
                        calls, lambda c: self.is_flush_of(c, path))
                    self.assertLess(changes[-1].end, last[-1].begin)
                    self.assertLess(last[-1].end, sends[0].begin)

    def test_nothing_is_flushed_if_that_is_not_asked_for(self):
        wire = self.start('async')
        trace = Trace(self, self.server)
        wire.put('a', b'content')
        wire.put('b', bytes(2 << 20))
        ids = [wire.send_put(f'f{n}', b'content') for n in range(40)]
        for id_ in ids:
            wire.answer(id_)
        wire.call('RM', {'PATH': 'a'})
        calls = trace.calls()
        self.assertEqual(
            len([c for c in calls if c.name in RENAMES]), 42)
        self.assertEqual([c.name for c in calls if c.name in FLUSHES], [])

    def test_an_upload_that_is_not_committed_is_never_renamed(self):
        wire = self.start()
        trace = Trace(self, self.server)
        for end in ('ABORT', 'COMMIT'):
            id_ = wire.ask('PUT', {'PATH': 'a', 'SIZE': 10})
            wire.send_data(id_, 0, b'content')
            wire.send(end, id_, {} if end == 'ABORT' else
                      {'SIZE': 10, 'DIGEST': bytes(16)})
            with contextlib.suppress(ftwire.Refused):
                wire.answer(id_)
        self.assertEqual([c.text for c in trace.calls()
                          if c.name in RENAMES], [])

    def test_a_hang_up_behind_a_slow_flush_costs_nothing(self):
        wire = self.start()
        trace = Trace(self, self.server, '-e',
                      'inject=fsync,syncfs:delay_enter=6000000')
        wire.send_put('a', b'content')
        ftlib.wait_until('it is being flushed', lambda: any(
            f'{name}(' in trace.path.read_text()
            for name in ('fsync', 'syncfs')))
        # More than a session takes in behind a request that waits.
        for _ in range(8000):
            wire.ask('PWD')
        fthostile.rests(self.server.worker)
        wire.reset()
        before = fthostile.cpu_ticks(self.server.worker)
        select.select([], [], [], 1)
        self.assertLess(fthostile.cpu_ticks(self.server.worker) - before, 20)
        self.assertNotIn('rename', trace.path.read_text())


if __name__ == '__main__':
    ftlib.main()
