#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each request that takes a lock waits for it when it is asked to."""

import ftlib
import ftwire
import locks


class Waits(locks.Locks):
    def setUp(self):
        super().setUp()
        self.server.write('other', b'other')

    def asks(self):
        """What meets a lock on the file, and how it is asked for."""
        def ask(type_, **fields):
            return lambda **more: self.bob.ask(type_, {**fields, **more})

        def put(**more):
            return self.bob.send_put('file', b'new', **more)

        def append(**more):
            return self.send_append(self.bob, b'new', **more)

        def write(**more):
            id_ = self.bob.ask('WRITE', {'PATH': 'file', 'OFFSET': 0, **more})
            self.bob.send_data(id_, 0, b'new')
            self.bob.send('COMMIT', id_, {'SIZE': 3,
                                          'DIGEST': ftwire.digest(b'new')})
            return id_
        return {
            'get': ask('GET', PATH='file'),
            'sum': ask('SUM', METHOD='sha256', PATH='file'),
            'pieces': ask('PIECES', PATH='file'),
            'cp from': ask('CP', PATH='file', TARGET='copy'),
            'cp to': ask('CP', PATH='other', TARGET='file'),
            'put': put, 'append': append, 'write': write,
            'truncate': ask('TRUNCATE', PATH='file', SIZE=1),
            'mv from': ask('MV', PATH='file', TARGET='moved'),
            'mv to': ask('MV', PATH='copy', TARGET='file'),
            'rm': ask('RM', PATH='file'),
            'rm -r': ask('RM', PATH='file', RECURSIVE=b''),
            'lock': ask('LOCK', PATH='file'),
        }

    def each(self, hold):
        for name, ask in self.asks().items():
            with self.subTest(request=name):
                self.server.write('file', b'old content')
                self.server.write('copy', b'copy')
                release = hold()
                id_ = ask(WAIT_LOCK=60)
                self.assertWaits(self.bob)
                # Nobody is named by who must wait, but told at the end.
                release()
                self.bob.answer(id_)
                if name == 'lock':
                    self.bob.call('UNLOCK', {'PATH': 'file'})

    def test_for_another_session(self):
        def hold():
            self.lock(self.alice)
            return lambda: self.alice.call('UNLOCK', {'PATH': 'file'})
        self.each(hold)

    def test_for_a_local_program(self):
        self.each(lambda: self.local_lock('EX').release)

    def test_in_vain(self):
        self.server.write('copy', b'copy')
        self.lock(self.alice)
        for name, ask in self.asks().items():
            with self.subTest(request=name):
                error = self.assertLocked(self.bob.answer, ask(WAIT_LOCK=1))
                self.assertRegex(error.holder, r'\Atester \(session \d+\)\Z')
        self.assertEqual(self.server.read('file'), b'old content')
        self.assertEqual(self.server.stages(), [])

    def test_and_is_cancelled(self):
        self.server.write('copy', b'copy')
        self.lock(self.alice)
        for name, ask in self.asks().items():
            with self.subTest(request=name):
                id_ = ask(WAIT_LOCK=600)
                self.assertWaits(self.bob)
                self.bob.send('CANCEL', id_)
                self.assertRefused('cancelled', self.bob.answer, id_)
        self.assertEqual(self.server.read('file'), b'old content')
        self.assertEqual(self.server.stages(), [])

    def test_a_whole_tree_is_removed_once_its_locks_are_gone(self):
        names = [f'tree/{a}/{b}' for a in 'xyz' for b in 'xyz']
        for name in names:
            self.server.path(name).parent.mkdir(parents=True, exist_ok=True)
            for path in 'tree', name.rpartition('/')[0]:
                self.server.own(path)
            self.server.write(name, b'content')
        for name in names[2], names[5]:
            self.lock(self.alice, name)
        id_ = self.bob.ask('RM', {'PATH': 'tree', 'RECURSIVE': b'',
                                  'WAIT_LOCK': 60})
        self.assertWaits(self.bob)
        for name in names[5], names[2]:
            self.assertEqual(self.server.read(name), b'content')
            self.alice.call('UNLOCK', {'PATH': name})
        self.bob.answer(id_)
        self.assertFalse(self.server.path('tree').exists())

    def test_a_tree_with_a_lock_that_stays_is_removed_but_for_that(self):
        self.server.path('tree').mkdir()
        self.server.own('tree')
        for name in 'abc':
            self.server.write(f'tree/{name}', b'content')
        self.lock(self.alice, 'tree/b')
        id_ = self.bob.ask('RM', {'PATH': 'tree', 'RECURSIVE': b'',
                                  'WAIT_LOCK': 1})
        error = self.assertLocked(self.bob.answer, id_)
        self.assertIn('b: locked by tester', error.text)
        self.assertEqual([path.name for path in
                          self.server.path('tree').iterdir()], ['b'])


class Names(locks.Locks):
    """A name that is about to change is a byte of the base's `names`."""

    def setUp(self):
        super().setUp()
        self.server.path('empty').mkdir()
        self.server.own('empty')

    def hold_names(self):
        held = [ftlib.LocalLock(path) for path in
                (self.server.root / '.ftserver/names').iterdir()]
        for lock in held:
            self.addCleanup(lock.release)

        def release():
            for lock in held:
                lock.release()
        return release

    def asks(self):
        return {'rmdir': ('RMDIR', {'PATH': 'empty'}),
                'touch': ('TOUCH', {'PATH': 'made'}),
                'mv': ('MV', {'PATH': 'made', 'TARGET': 'moved'}),
                'rm': ('RM', {'PATH': 'moved'})}

    def test_who_changes_a_name_that_changes_is_told_or_waits(self):
        for name, (type_, fields) in self.asks().items():
            with self.subTest(request=name):
                release = self.hold_names()
                self.assertLocked(self.bob.call, type_, fields)
                self.assertLocked(self.bob.put, 'new', b'content')
                id_ = self.bob.ask(type_, {**fields, 'WAIT_LOCK': 60})
                self.assertWaits(self.bob)
                release()
                self.bob.answer(id_)


class Client(locks.Locks):
    def test_the_client_asks_to_wait(self):
        self.server.path('empty').mkdir()
        self.server.own('empty')
        self.lock(self.alice)
        for words in (['cp', '--wait', '1', 'file', 'copy'],
                      ['sum', '--wait', '1', 'file'],
                      ['truncate', '--wait', '1', 'file', '3'],
                      ['rm', '-r', '--wait', '1', 'file']):
            done = self.server.client(*words, code=ftlib.EX_TEMPFAIL)
            self.assertRegex(done.stderr, rb'locked by tester \(session ')
        self.server.client('touch', '--wait', '1', 'file')
        self.server.client('rmdir', '--wait', '1', 'empty')
        process = self.server.start_client('cp', '--wait', '60', 'file',
                                           'copy')
        self.alice.call('UNLOCK', {'PATH': 'file'})
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.server.read('copy'), b'old content')

    def test_two_who_wait_for_each_other_end(self):
        self.server.write('other', b'other')
        mine, theirs = self.path('mine'), self.path('theirs')

        def start(first, second, own, others):
            """Lock one, wait until both have one, and want the other."""
            batch = self.write(f'batch-{first}', (
                f'lock {first}\n'
                f'!touch {own}; until [ -e {others} ]; do sleep 0.02; done\n'
                f'lock --wait 2 {second}\n').encode())
            with open(batch, 'rb') as stdin:
                return self.server.start_client(stdin=stdin)
        both = [start('file', 'other', mine, theirs),
                start('other', 'file', theirs, mine)]
        codes = {process.wait(60) for process in both}
        self.assertIn(ftlib.EX_TEMPFAIL, codes)
        self.assertLessEqual(codes, {ftlib.OK, ftlib.EX_TEMPFAIL})


if __name__ == '__main__':
    ftlib.main()
