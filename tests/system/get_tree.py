#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""GET_TREE: a folder with all in it, by one request; and get -r, which asks
for it."""

import contextlib
import ctypes
import os
import shutil
import struct
import threading
import time

import client_hostile
import ftlib
import ftpeer
import ftwire
from fthostile import SANITIZED
from resume_client import Proxy
from trees import Trees

MIB = ftwire.MIB
AT_FDCWD = -100         # linux/fcntl.h
RENAME_EXCHANGE = 2     # linux/fs.h
FILES = {b'a': b'first', b'sub/b': b'second' * 1000, b'sub/deep/c': b'',
         b'sub/just': b'j' * 32768, b'sub/more': b'm' * 32769,
         b'sub-b': b'beside', b'z': os.urandom(3 * MIB + 5)}


class Requests(Trees):
    def setUp(self):
        super().setUp()
        for path, content in FILES.items():
            self.put(path, content)
        self.wire = self.server.wire()
        self.addCleanup(self.wire.cut)

    def put(self, path, content):
        path = 'tree/' + path.decode()
        for at in range(len(path)):
            if path[at] == '/' and not self.server.path(path[:at]).is_dir():
                self.server.path(path[:at]).mkdir()
                self.server.own(path[:at])
        self.server.write(path, content)

    def test_all_of_a_folder_comes_by_one_request(self):
        self.server.path('tree/empty').mkdir()
        tree = self.wire.get_tree('tree')
        self.assertEqual(tree.contents, FILES)
        self.assertEqual(tree.failures, {})
        self.assertEqual(
            {path for path, entry in tree.entries.items()
             if entry.type == 'd'}, {b'sub', b'sub/deep', b'empty'})
        for path, entry in tree.entries.items():
            told = self.wire.stat(b'tree/' + path)
            self.assertEqual(entry._replace(name=b''),
                             told._replace(name=b''))

    def test_it_tells_how_much_it_is_if_that_is_wanted(self):
        total = len(FILES), sum(map(len, FILES.values()))
        self.assertIsNone(self.wire.get_tree('tree').total)
        tree = self.wire.get_tree('tree', TOTAL_WANTED=b'')
        self.assertEqual(tree.contents, FILES)
        self.assertEqual(tree.total, total)
        # Of more than is counted at one go, too.
        for i in range(3000):
            self.put(b'many/%d' % i, b'')
        tree = self.wire.get_tree('tree', TOTAL_WANTED=b'')
        self.assertEqual(len(tree.contents), len(FILES) + 3000)
        self.assertEqual(tree.total, (total[0] + 3000, total[1]))

    def test_without_a_path_it_is_the_current_folder(self):
        self.wire.call('CD', {'PATH': 'tree/sub'})
        tree = self.wire.answer_tree(self.wire.ask('GET_TREE'))
        self.assertEqual(sorted(tree.entries),
                         [b'b', b'deep', b'deep/c', b'just', b'more'])

    def test_what_is_no_folder_or_not_there_is_an_error(self):
        for path, code in (('tree/a', 'not-a-folder'), ('no', 'not-found'),
                           ('.ftserver', 'not-found')):
            self.assertRefused(code, self.wire.get_tree, path)

    def test_links_and_fifos_are_told_and_the_own_folder_is_not(self):
        self.server.path('tree/link').symlink_to('../tree')
        os.mkfifo(self.server.path('tree/pipe'))
        tree = self.wire.get_tree('/')
        self.assertEqual(tree.entries[b'tree/link'].type, 'l')
        self.assertEqual(tree.entries[b'tree/pipe'].type, 'o')
        self.assertNotIn(b'.ftserver', tree.entries)
        self.assertEqual(set(tree.contents),
                         {b'tree/' + path for path in FILES})

    def test_holes_are_not_sent(self):
        with open(self.server.path('tree/hole'), 'wb') as file:
            file.seek(64 * MIB)
            file.write(b'x')
            file.truncate(65 * MIB)
        frames = self.wire.answer(self.wire.ask('GET_TREE',
                                                {'PATH': 'tree'}))
        self.assertLess(sum(len(f.payload) for f in frames), 8 * MIB)
        tree = ftwire.Tree()
        for frame in frames[:-1]:
            tree.take(frame)
        self.assertEqual(len(tree.contents[b'hole']), 65 * MIB)

    def test_a_file_that_is_locked_is_told_and_the_rest_comes(self):
        with self.server.wire() as other:
            other.call('LOCK', {'PATH': 'tree/sub/b'})
            other.call('LOCK', {'PATH': 'tree/z'})
            tree = self.wire.get_tree('tree')
            self.assertEqual(tree.failures, {b'sub/b': 'locked',
                                             b'z': 'locked'})
            self.assertEqual(tree.contents, {
                path: content for path, content in FILES.items()
                if path not in tree.failures})
            # Its own locks are in nobody's way.
            self.assertEqual(other.get_tree('tree').contents, FILES)
        self.server.wait_log('audit get user="tester" .*path="/tree/z" '
                             '.*outcome=locked')
        self.server.wait_log('audit get-tree user="tester" .*path="/tree" '
                             'bytes=[0-9]+ count=.* outcome=locked')

    def test_it_waits_for_locks_if_told_to(self):
        with self.server.wire() as other:
            other.call('LOCK', {'PATH': 'tree/a'})
            other.call('LOCK', {'PATH': 'tree/z'})
            id_ = self.wire.ask('GET_TREE', {'PATH': 'tree',
                                             'WAIT_LOCK': 60})
            # It answers this before it is done.
            self.wire.send('PING', self.wire.new_id())
            frames = []
            while not frames or frames[-1].name != 'OK':
                frames.append(self.wire.receive())
            other.call('UNLOCK', {'PATH': 'tree/a'})
            other.call('UNLOCK', {'PATH': 'tree/z'})
            tree = ftwire.Tree()
            for frame in frames[:-1] + self.wire.answer(id_)[:-1]:
                tree.take(frame)
        self.assertEqual(tree.contents, FILES)

    def test_a_wait_in_it_can_be_cancelled(self):
        with self.server.wire() as other:
            other.call('LOCK', {'PATH': 'tree/a'})
            id_ = self.wire.ask('GET_TREE', {'PATH': 'tree',
                                             'WAIT_LOCK': 600})
            self.wire.send('CANCEL', id_)
            self.assertRefused('cancelled', self.wire.answer, id_)
        self.server.wait_log('audit get-tree .* outcome=cancelled')

    def test_a_file_that_changes_is_told_and_the_rest_comes(self):
        self.put(b'big/file', b'x' * (64 * MIB))
        id_ = self.wire.ask('GET_TREE', {'PATH': 'tree/big'})
        first = self.wire.receive()
        with open(self.server.path('tree/big/file'), 'ab') as file:
            file.write(b'more')
        tree = ftwire.Tree()
        for frame in [first] + self.wire.answer(id_)[:-1]:
            tree.take(frame)
        self.assertEqual(tree.failures, {b'file': 'changed'})
        self.assertEqual(tree.contents, {})

    def test_a_file_that_grows_all_the_time_is_told_as_it_was_sent(self):
        self.put(b'grow/log', b'')
        stop = threading.Event()

        def grow():
            with open(self.server.path('tree/grow/log'), 'ab', 0) as log:
                while not stop.is_set():
                    log.write(b'line\n')
                    if log.tell() > 60000:
                        log.truncate(0)

        thread = threading.Thread(target=grow)
        thread.start()
        try:
            for _ in range(200):
                tree = self.wire.get_tree('tree/grow')
                for content in tree.contents.values():
                    self.assertEqual(
                        content, (b'line\n' * 20000)[:len(content)])
        finally:
            stop.set()
            thread.join()

    def test_waits_that_are_short_and_long_follow_each_other(self):
        stop = threading.Event()

        def toggle():
            with self.server.wire() as other:
                while not stop.is_set():
                    try:
                        other.call('LOCK', {'PATH': 'tree/a'})
                        other.call('UNLOCK', {'PATH': 'tree/a'})
                    except ftwire.Refused:
                        pass

        thread = threading.Thread(target=toggle)
        thread.start()
        try:
            for _ in range(5):
                with self.server.wire() as other:
                    other.call('LOCK', {'PATH': 'tree/sub/b'})
                    id_ = self.wire.ask('GET_TREE', {'PATH': 'tree',
                                                     'WAIT_LOCK': 60})
                    other.call('UNLOCK', {'PATH': 'tree/sub/b'})
                tree = self.wire.answer_tree(id_)
                self.assertEqual(tree.contents, FILES)
        finally:
            stop.set()
            thread.join()

    def test_cancel_ends_it_and_the_session_goes_on(self):
        self.put(b'big/file', b'x' * (64 * MIB))
        id_ = self.wire.ask('GET_TREE', {'PATH': 'tree/big'})
        self.wire.receive()
        self.wire.send('CANCEL', id_)
        self.assertRefused('cancelled', self.wire.answer, id_)
        self.assertEqual(self.wire.get('tree/a'), b'first')

    def test_who_does_not_read_costs_no_memory(self):
        for i in range(2000):
            self.put(b'many/%d' % i, b'%d' % i * 4000)
        if not SANITIZED:
            before = self.server.pss()
        id_ = self.wire.ask('GET_TREE', {'PATH': 'tree/many'})
        first = self.wire.receive()
        if not SANITIZED:
            self.assertLess(self.server.pss() - before, 2 * MIB)
        tree = ftwire.Tree()
        for frame in [first] + self.wire.answer(id_)[:-1]:
            tree.take(frame)
        self.assertEqual(len(tree.contents), 2000)


class Shares(ftlib.Test):
    def test_each_share_has_its_own_rights(self):
        rights = {'seen': '@all:read', 'listed': '@all:list',
                  'hidden': '@other:full', 'blind': '@all:drop'}
        setup = self.set_up(users={'@other': '', 'ann': 'root=/ann'},
                            sections={f'share {name}': {
                                'path': f'/shares/{name}', 'allow': [allow]}
                                for name, allow in rights.items()})
        for name in rights:
            (setup.root / 'shares' / name).mkdir(parents=True)
            (setup.root / 'shares' / name / 'file').write_bytes(b'content')
        (setup.root / 'ann').mkdir()
        (setup.root / 'ann/own').write_bytes(b'mine')
        if setup.account:
            for folder, _, names in os.walk(setup.root):
                for path in [folder] + [f'{folder}/{n}' for n in names]:
                    shutil.chown(path, setup.account)
        server = self.serve(setup)
        with server.wire(user='ann') as wire:
            tree = wire.get_tree('/', TOTAL_WANTED=b'')
        # What may not be read is not waited for.
        self.assertEqual(tree.total, (2, len(b'mine' + b'content')))
        self.assertEqual(tree.contents, {b'own': b'mine',
                                         b'seen/file': b'content'})
        self.assertEqual(tree.failures, {b'listed/file': 'not-permitted'})
        self.assertEqual(set(tree.entries), {b'own', b'seen', b'seen/file',
                                             b'listed', b'blind'})


class Client(Trees):
    def through(self, proxy, *words, **more):
        return self.server.client(argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', str(self.server.password_file),
            proxy.target(), *words], cwd=self.local, **more)

    def test_what_came_before_a_cut_is_not_fetched_again(self):
        files = {f'd{i % 20:03}/f{i:04}': b'%4d' % i * 1000
                 for i in range(500)}
        top = self.make('many', files)
        self.client('put', '-r', 'many')
        proxy = Proxy(self.server, down=(1200000,))
        self.addCleanup(proxy.close)
        self.through(proxy, 'get', '-r', 'many', 'back')
        self.assertEqual(proxy.connections, 2)
        self.assertSame(top, self.local / 'back')
        # More than 280 had come, and what was under way is fetched again.
        self.assertLess(self.read_again(), 260)

    def read_again(self):
        """How many files more were read than there are."""
        return len([line for line in self.server.log().splitlines()
                    if ' audit get user=' in line
                    and line.endswith('outcome=ok')]) - 500

    def test_a_large_file_goes_on_within(self):
        content = os.urandom(12 * MIB)
        top = self.make('large', {'one': content})
        self.client('put', '-r', 'large')
        proxy = Proxy(self.server, down=(8 * MIB,))
        self.addCleanup(proxy.close)
        self.through(proxy, 'get', '-r', 'large', 'back')
        self.assertSame(top, self.local / 'back')
        self.assertRegex(self.server.log(), r'audit get user="tester" .*'
                         r'path="/large/one" bytes=[4-6]\d{6} .*outcome=ok')

    def test_files_that_are_here_are_replaced_and_keep_their_modes(self):
        self.make()
        self.client('put', '-r', 'tree')
        (self.local / 'tree/a').chmod(0o600)
        (self.local / 'tree/a').write_bytes(b'old')
        self.client('get', '-r', 'tree', '.')
        self.assertEqual((self.local / 'tree/a').read_bytes(), b'first')
        self.assertEqual(self.mode(self.local / 'tree/a'), 0o600)

    def test_what_is_locked_is_told_and_waited_for_if_asked(self):
        self.make()
        self.client('put', '-r', 'tree')
        with self.server.wire() as wire:
            wire.call('LOCK', {'PATH': 'tree/sub/b'})
            done = self.client('get', '-r', 'tree', 'new',
                               code=ftlib.EX_TEMPFAIL)
            self.assertRegex(done.stderr, rb'sub/b: locked by tester')
            self.assertEqual((self.local / 'new/z').read_bytes(), b'last')
            waits = self.server.start_client('get', '-r', '--wait', '60',
                                             'tree', 'other', cwd=self.local)
            ftlib.wait_until('the first files are here', lambda: (
                self.local / 'other/sub-b').exists() or (
                self.local / 'other/sub').exists())
            wire.call('UNLOCK', {'PATH': 'tree/sub/b'})
            waits.communicate(timeout=ftlib.LIMIT)
            self.assertEqual(waits.returncode, 0)
        self.assertSame(self.local / 'tree', self.local / 'other')

    def test_a_folder_that_cannot_be_read_is_told_and_the_rest_comes(self):
        self.server = self.serve(self.set_up())     # not as root
        self.make()
        self.client('put', '-r', 'tree')
        self.server.path('tree/sub').chmod(0)
        done = self.client('get', '-r', 'tree', 'new',
                           code=ftlib.EX_NOPERM)
        self.server.path('tree/sub').chmod(0o755)
        self.assertIn(b'sub: ', done.stderr)
        self.assertEqual((self.local / 'new/z').read_bytes(), b'last')
        self.assertEqual(os.listdir(self.local / 'new/sub'), [])

    def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(self):
        files = {f'sub/f{i:03}': b'%40d' % i * 1024 for i in range(40)}
        top = self.make('many', files, folders=('sub/deep',))
        self.client('put', '-rp', 'many')
        outside = self.folder / 'outside'
        (outside / 'deep').mkdir(parents=True)
        outside.chmod(0o711)
        (self.local / 'link').symlink_to(outside)
        before = [path.stat() for path in (outside, outside / 'deep')]
        for letters in ('-rp', '-rpj2', '-rpj2', '-rpa'):
            with swapping(top / 'sub', self.local / 'link'):
                self.client('get', letters, 'many', '.', code=None)
            # The moment of a folder tells of what was there and is gone.
            self.assertEqual(
                [(path.stat().st_mtime_ns, path.stat().st_mode)
                 for path in (outside, outside / 'deep')],
                [(was.st_mtime_ns, was.st_mode) for was in before])
        self.client('get', '-rp', 'many', '.')
        self.assertSame(top, self.server.path('many'))


@contextlib.contextmanager
def swapping(folder, link):
    """The two change places, many times, and have their own in the end."""
    libc = ctypes.CDLL(None, use_errno=True)
    stop = threading.Event()
    swaps = 0

    def swap():
        nonlocal swaps
        while not stop.is_set() or swaps % 2:
            if libc.renameat2(AT_FDCWD, bytes(folder), AT_FDCWD, bytes(link),
                              RENAME_EXCHANGE) != 0:
                return
            swaps += 1
            # More often than not it is the folder that stands there.
            time.sleep(0.0002 if swaps % 2 else 0.001)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if swaps < 2 or swaps % 2:
            raise AssertionError(f'{swaps} swaps, {ctypes.get_errno()}')


def entry(name, **more):
    return ftwire.encode_member(ftwire.MEMBER_ENTRY,
                                ftpeer.entry(name, **more))


def whole(name, content=b'evil', sum_=None, size=None):
    size = len(content) if size is None else size
    return ftwire.encode_member(
        ftwire.MEMBER_WHOLE, ftpeer.entry(name, size=size),
        ftwire.digest(content) if sum_ is None else sum_, content)


def end(content):
    return ftwire.encode_member(ftwire.MEMBER_END, ftwire.digest(content))


class Hostile(client_hostile.ClientTest):
    """What a server sends that nobody should."""

    def fetch(self, *frames, code=ftlib.EX_PROTOCOL, count=None, then=None,
              is_quiet=False):
        def get_tree(session, frame):
            for payload in frames:
                if isinstance(payload, tuple):
                    session.data(frame, *payload)
                else:
                    session.send('MEMBERS', frame.id, payload)
            if then is not None:
                then(session, frame)
            session.ok(frame, COUNT=count or 0, SIZE=0)
        shutil.rmtree(self.work)
        self.work.mkdir()
        peer = self.peer()
        peer.on['HELLO'] = lambda session, frame: session.send(
            'HELLO', 0, {**ftpeer.HELLO, 'FEATURES': 5})
        peer.on['STAT'] = lambda session, frame: session.ok(
            frame, ENTRY=ftpeer.entry(b'tree', kind='d'))
        peer.on['GET_TREE'] = get_tree
        done = self.run_client(
            peer, 'get', '-r', 'tree', code=code, timeout=ftlib.LIMIT,
            options=['--pin', peer.pin, *(['-q'] if is_quiet else [])])
        self.assertEqual(set(os.listdir(self.work)) - {'tree'}, set())
        self.assertFalse((self.folder / 'x').exists())
        return done

    def found(self):
        return {os.path.relpath(os.path.join(folder, name),
                                os.fsencode(self.work) + b'/tree')
                for folder, folders, files in os.walk(
                    os.fsencode(self.work) + b'/tree')
                for name in folders + files}

    def test_no_name_leads_out_of_the_folder(self):
        for name in (b'../x', b'/x', b'a/../../x', b'..', b'a//x', b'./x',
                     b'a/', b'x\0y', b'', b'n' * 256):
            for row in whole(name), entry(name), entry(name, kind='d'):
                with self.subTest(name=name, row=row):
                    done = self.fetch(row, count=1)
                    self.assertIn(b'leads out of its folder', done.stderr)
                    self.assertEqual(self.found(), set())

    def test_nothing_comes_into_a_folder_that_was_not_told(self):
        for rows in (whole(b'd/x'), entry(b'd', kind='d') + whole(b'e/x'),
                     entry(b'd', kind='d') + whole(b'a') + whole(b'd/x'),
                     entry(b'd', kind='d') + whole(b'd/e/x'),
                     whole(b'd') + whole(b'd/x'),
                     entry(b'd', kind='l') + whole(b'd/x')):
            with self.subTest(rows):
                done = self.fetch(rows, count=9)
                self.assertIn(b'a file that is in no folder', done.stderr)

    def test_names_are_shown_escaped(self):
        done = self.fetch(
            entry(b'\x1b[2J', kind='o') + entry(b'n\nl', kind='l') +
            ftwire.encode_failure(b'\x1b]0', 'locked', b'\x07held\n'),
            count=2, code=ftlib.EX_NOINPUT)
        self.assertIn(rb'\e[2J', done.stderr)
        self.assertIn(rb'\x07held\n', done.stderr)

    def test_a_wrong_digest_leaves_no_file(self):
        large = b'l' * 40000
        for frames, left in (
                ((whole(b'x', sum_=b'0' * 16) + whole(b'y'),), {b'y'}),
                ((entry(b'x', size=40000), (0, large),
                  end(b'') + whole(b'y')), {b'y'}),
                ((entry(b'x', size=40000), (0, large[1:]), end(large)),
                 set())):
            with self.subTest(left=left):
                done = self.fetch(*frames, code=ftlib.EX_DATAERR,
                                  count=len(left) + 1)
                self.assertIn(b'does not match its digest', done.stderr)
                self.assertEqual(self.found(), left)

    def test_rows_that_make_no_sense_are_a_broken_protocol(self):
        good = entry(b'x', size=40000)
        for frames in (
                (whole(b'x')[:-1],), (b'\0',), (b'\0\0',), (b'\0\1\5',),
                (b'\xff\xff' + bytes(10),), (whole(b'x', size=5),),
                (whole(b'x', b'l' * 32769),), (end(b''),),
                (good, whole(b'y')), (good, good), ((0, b'x'),),
                (good, (39999, b'xy')), (good, (5, b'x'), (5, b'x')),
                (good, (2**64 - 1, b'x')), (good,),
                (good, ftwire.encode_failure(b'y', 'io')),
                (struct.pack('>HBHBH', 6, 4, 1, 0, 9),)):
            with self.subTest(frames):
                self.fetch(*frames, count=1)
                self.assertEqual(self.found(), set())

    def test_totals_of_any_size_are_only_shown(self):
        for files, size in ((0, 0), (2**64 - 1, 2**64 - 1), (1, 2**63)):
            done = self.fetch(struct.pack('>HBQQ', 17, 5, files, size),
                              whole(b'x'), count=1, code=0)
            self.assertIn(b'1 files', done.stdout)

    def test_a_count_that_is_wrong_is_noticed(self):
        done = self.fetch(whole(b'x'), count=2)
        self.assertIn(b'fewer files than it found', done.stderr)

    def test_a_file_that_fails_halfway_leaves_nothing(self):
        done = self.fetch(
            entry(b'x', size=40000), (0, b'half'),
            ftwire.encode_failure(b'x', 'changed', b'it has changed') +
            whole(b'y'), count=2, code=ftlib.EX_TEMPFAIL)
        self.assertIn(b'it has changed', done.stderr)
        self.assertEqual(self.found(), {b'y'})

    def test_a_size_beyond_all_disks_is_refused(self):
        for size in 2**62, 2**64 - 1:
            done = self.fetch(entry(b'x', size=size),
                              ftwire.encode_failure(b'x', 'io') +
                              whole(b'y'), count=2, code=None)
            self.assertEqual(self.found(), {b'y'})
            self.assertNotEqual(done.returncode, 0)

    def test_a_cut_leaves_what_is_whole(self):
        self.fetch(whole(b'x'), entry(b'y', size=40000), (0, b'half'),
                   then=lambda session, frame: session.cut(),
                   code=ftlib.EX_UNAVAILABLE)
        self.assertEqual(self.found(), {b'x'})

    def test_folders_without_end_are_not_kept(self):
        rows = b''.join(entry(b'd', kind='l') for _ in range(1000))

        def endless(session, frame):
            for _ in range(10**9):
                session.send('MEMBERS', frame.id, rows)
        # Of four million that are skipped not each is told.
        done = self.fetch(then=endless, is_quiet=True)
        self.assertIn(b'more files than a folder can have', done.stderr)

    def test_a_link_that_is_put_in_the_way_is_not_followed(self):
        outside = self.folder / 'outside'
        outside.mkdir()
        (outside / 'victim').write_bytes(b'mine')

        def swap(session, frame):
            # The client has told of the folder once it is there.
            ftlib.wait_until('the folder is there', (
                self.work / 'tree/d/one').exists)
            os.rename(self.work / 'tree/d', self.work / 'tree/was')
            (self.work / 'tree/d').symlink_to(outside)
            session.send('MEMBERS', frame.id,
                         entry(b'd/e', kind='d') + whole(b'd/e/two') +
                         whole(b'd/victim'))
        self.fetch(entry(b'd', kind='d') + whole(b'd/one'), then=swap,
                   count=5, code=None)
        self.assertEqual(os.listdir(outside), ['victim'])
        self.assertEqual((outside / 'victim').read_bytes(), b'mine')


if __name__ == '__main__':
    ftlib.main()
