#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Folders that are sent as one, frame by frame."""

import os
import shutil
import signal

import ftlib
import ftwire

MEMBERS = {b'a': b'first', b'sub': None, b'sub/b': b'second' * 1000,
           b'sub/empty': b'', b'z': b'last'}


class Parcels(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(**self.options())
        self.wire = self.log_in()

    def options(self):
        return {}

    def log_in(self, **options):
        wire = self.server.wire(**options)
        self.addCleanup(wire.cut)
        return wire

    def begin(self, path='tree', wire=None, **fields):
        wire = wire or self.wire
        begun, _ = wire.answer(wire.ask('TREE', {'PATH': path, **fields}))
        self.assertEqual(begun.name, 'BEGUN')
        return begun.fields['UPLOAD']

    def resume(self, tree, wire=None):
        """The digests of the members that are there, by their paths."""
        wire = wire or self.wire
        begun, *rows, ok = self.patiently(lambda: wire.answer(
            wire.ask('TREE', {'UPLOAD': tree})))
        self.assertEqual(begun.fields['UPLOAD'], tree)
        entries = [e for row in rows
                   for e in ftwire.decode_entries(row.payload)]
        self.assertEqual(ok.fields['COUNT'], len(entries))
        return {e.name: e.version if e.type == 'f' else None
                for e in entries}

    def patiently(self, call):
        """Who holds it elsewhere lets go within a second or so."""
        def attempt():
            try:
                return call() or True
            except ftwire.Refused as refused:
                if refused.code != 'busy':
                    raise
                return None
        return ftlib.wait_until('it is let go', attempt)

    def fill(self, tree, members=None, wire=None):
        wire = wire or self.wire
        ids = []
        for path, content in sorted((members or MEMBERS).items()):
            ids.append(
                wire.ask('MKDIR', {'PATH': path, 'TREE': tree})
                if content is None else
                wire.send_put(path, content, TREE=tree))
        for id_ in ids:
            wire.answer(id_)

    def commit(self, tree, members=None, wire=None):
        members = members or MEMBERS
        return (wire or self.wire).call('TREE_COMMIT', {
            'UPLOAD': tree, 'COUNT': len(members),
            'DIGEST': ftwire.manifest(members)})

    def commit_long(self, **login):
        """Commit a folder whose member was cut off once; its content."""
        content = os.urandom(ftwire.MIB) * 3 + b'end'
        tree = self.begin()
        self.fill(tree, {b'big': b'what it takes the place of'})
        id_ = self.wire.ask('PUT', {'PATH': 'big', 'TREE': tree,
                                    'SIZE': len(content)})
        upload = self.wire.receive().fields['UPLOAD']
        for at in range(0, 2 * ftwire.MIB, ftwire.DATA_BYTES):
            self.wire.send_data(id_, at,
                                content[at:at + ftwire.DATA_BYTES])
        self.wire.cut()
        self.wire = self.log_in(**login)
        self.resume(tree)
        id_ = self.wire.ask('PUT', {'TREE': tree, 'UPLOAD': upload})
        frames = []
        while not frames or frames[-1].name != 'BEGUN':
            frames.append(self.wire.receive())
        for at in range(0, len(content), ftwire.DATA_BYTES):
            self.wire.send_data(id_, at,
                                content[at:at + ftwire.DATA_BYTES])
        self.wire.send('COMMIT', id_, {'SIZE': len(content),
                                       'DIGEST': ftwire.digest(content)})
        self.wire.answer(id_)
        self.commit(tree, {b'big': content})
        return content

    def seen(self):
        """Paths that users see, with their contents."""
        return {path: content
                for path, (_, content, *_) in self.server.tree().items()}

    def below(self, top, members=None):
        return {top: None, **{top + b'/' + path: content for path, content in
                              (members or MEMBERS).items()}}

    def leftovers(self):
        return self.server.stages() + [
            name for name in os.listdir(self.server.root /
                                        '.ftserver/uploads')
            if not self.is_done(name)]

    def is_done(self, name):
        with open(self.server.root / '.ftserver/uploads' / name,
                  'rb') as file:
            return file.read(32)[31] == 2


class OneRename(Parcels):
    def test_all_of_it_is_there_after_the_commit_and_nothing_before(self):
        tree = self.begin(COUNT=5, SIZE=6009)
        self.fill(tree)
        self.assertEqual(self.seen(), {})
        self.assertEqual(self.wire.list(), [])
        receipt = self.commit(tree)
        self.assertEqual(self.seen(), self.below(b'tree'))
        self.assertEqual(receipt['SIZE'], 6009)
        self.assertEqual(receipt['DIGEST'], ftwire.manifest(MEMBERS))
        self.assertEqual(receipt['UPLOAD'], tree)
        self.assertEqual(receipt['VERSION_NOW'],
                         self.wire.stat('tree').version)
        self.assertEqual(self.leftovers(), [])

    def test_the_audit_tells_of_one_delivery(self):
        tree = self.begin()
        self.fill(tree)
        self.commit(tree)
        lines = [line for line in self.server.log().splitlines()
                 if 'audit' in line and 'audit login' not in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], 'audit tree .*path="/tree" bytes=6009 '
                         f'count=5 .*digest={ftwire.manifest(MEMBERS).hex()} '
                         f'upload={tree.hex()} outcome=ok')

    def test_what_is_not_in_the_manifest_ends_it(self):
        for change in ({b'a': b'other'}, {b'more': b''}, {b'more': None}):
            tree = self.begin()
            self.fill(tree)
            self.assertRefused('digest', self.commit, tree,
                               {**MEMBERS, **change})
            self.assertEqual(self.seen(), {})
            self.assertEqual(self.leftovers(), [])
            self.assertRefused('not-found', self.wire.call, 'TREE',
                               {'UPLOAD': tree})

    def test_a_taken_name_is_refused_at_once_and_at_the_commit(self):
        self.wire.put('file', b'1')
        self.assertRefused('exists', self.begin, 'file')
        tree = self.begin()
        self.fill(tree)
        self.wire.put('tree', b'2')
        self.assertRefused('exists', self.commit, tree)
        self.assertEqual(self.seen(), {b'file': b'1', b'tree': b'2'})
        self.assertEqual(self.leftovers(), [])

    def test_or_a_fresh_name_is_found(self):
        self.wire.call('MKDIR', {'PATH': 'tree'})
        tree = self.begin(TAKEN=2)
        self.fill(tree)
        self.commit(tree)
        names = sorted(e.name for e in self.wire.list())
        self.assertEqual(len(names), 2)
        self.assertRegex(names[1], rb'^tree-[0-9a-f]{8}$')
        self.assertEqual(self.wire.get(names[1] + b'/a'), b'first')

    def test_two_to_one_name_are_not_begun(self):
        self.begin()
        with self.server.wire() as other:
            self.assertRefused('locked', self.begin, wire=other)

    def test_an_empty_folder_is_one_too(self):
        tree = self.begin()
        receipt = self.wire.call('TREE_COMMIT', {
            'UPLOAD': tree, 'COUNT': 0, 'DIGEST': ftwire.manifest({})})
        self.assertEqual(receipt['SIZE'], 0)
        self.assertEqual(self.seen(), {b'tree': None})

    def test_a_member_that_comes_twice_is_the_last(self):
        tree = self.begin()
        self.fill(tree)
        self.fill(tree, {b'a': b'newer', b'sub': None})
        members = {**MEMBERS, b'a': b'newer'}
        self.commit(tree, members)
        self.assertEqual(self.seen(), self.below(b'tree', members))

    def test_modes_are_those_that_were_asked_for(self):
        tree = self.begin(MODE=0o750)
        self.wire.call('MKDIR', {'PATH': 'sub', 'TREE': tree, 'MODE': 0o500})
        self.wire.put('sub/a', b'1', TREE=tree, MODE=0o640)
        self.commit(tree, {b'sub': None, b'sub/a': b'1'})
        self.assertEqual(self.mode(self.server.path('tree')), 0o750)
        self.assertEqual(self.mode(self.server.path('tree/sub')), 0o500)
        self.assertEqual(self.mode(self.server.path('tree/sub/a')), 0o640)

    def test_a_commit_that_comes_again_has_the_same_receipt(self):
        tree = self.begin()
        self.fill(tree)
        receipt = self.commit(tree)
        self.assertEqual(self.commit(tree), receipt)
        self.assertEqual(self.wire.call('TREE', {'UPLOAD': tree}), receipt)


class Async(Parcels):
    def options(self):
        return {'setup': self.set_up(sections={
            'base main': {'durability': 'async'}})}

    def test_without_a_flush_it_is_one_rename_too(self):
        tree = self.begin()
        self.fill(tree)
        receipt = self.commit(tree)
        self.assertEqual(receipt['DURABILITY'], 1)
        self.assertEqual(self.seen(), self.below(b'tree'))
        self.assertIn(b'b', [entry.name for entry in
                             self.wire.list('tree/sub')])


class Reach(Parcels):
    def test_nobody_reaches_into_it(self):
        tree = self.begin()
        self.fill(tree)
        inside = f'.ftserver/stage/{tree.hex()}'
        for type_ in ('LIST', 'STAT', 'GET', 'FIND', 'DU', 'LOCK', 'CD',
                      'RM', 'RMDIR', 'TOUCH'):
            for path in (inside, inside + '/a', f'/{inside}/sub'):
                with self.subTest(type_, path=path):
                    with self.assertRaises(ftwire.Refused) as caught:
                        self.wire.call(type_, {'PATH': path})
                    self.assertIn(caught.exception.code,
                                  ('not-found', 'not-permitted'))
        self.assertRefused('not-found', self.wire.put, inside + '/x', b'')
        self.commit(tree)
        self.assertEqual(self.seen(), self.below(b'tree'))

    def test_no_link_leads_into_it(self):
        tree = self.begin()
        self.fill(tree)
        stage = f'.ftserver/stage/{tree.hex()}'
        (self.server.root / 'd').mkdir()
        for name, text in (('l', stage), ('f', stage + '/a'),
                           ('d/l', f'../{stage}/sub'),
                           ('m', f'd/../{stage}'), ('good', 'd')):
            (self.server.root / name).symlink_to(text)
        for type_, path in (('LIST', 'l/sub'), ('GET', 'f'), ('GET', 'l/a'),
                            ('LIST', 'm/sub'), ('GET', 'd/l/b'),
                            ('GET', 'm/sub/b'), ('STAT', 'l'), ('RM', 'l/a'),
                            ('MKDIR', 'l/x'), ('CD', 'm')):
            with self.subTest(type_, path=path):
                self.assertRefused('not-found', self.wire.call, type_,
                                   {'PATH': path})
        for path in ('l', 'd/l', 'm'):      # no more than the link itself
            self.assertEqual([e.type for e in self.wire.list(path)], ['l'])
        self.assertRefused('not-found', self.wire.put, 'm/x', b'')
        self.wire.put('good/x', b'1')
        self.assertEqual(self.server.read('d/x'), b'1')
        self.commit(tree)

    def test_members_stay_inside(self):
        tree = self.begin()
        for path in ('../x', '/x', 'a/../../x', '.', '', 'a//b', './a',
                     'a/'):
            with self.subTest(path):
                self.assertRefused('bad-path', self.wire.put, path, b'',
                                   TREE=tree)
                self.assertRefused('bad-path', self.wire.call, 'MKDIR',
                                   {'PATH': path, 'TREE': tree})
        self.assertEqual(self.seen(), {})

    def test_only_the_session_that_sends_it_puts_members(self):
        tree = self.begin()
        with self.server.wire() as other:
            self.assertRefused('not-found', other.put, 'a', b'', TREE=tree)
        self.assertRefused('not-found', self.wire.put, 'a', b'',
                           TREE=bytes(16))
        self.fill(tree)
        self.commit(tree)
        self.assertRefused('not-found', self.wire.put, 'a', b'late',
                           TREE=tree)
        self.assertEqual(self.seen(), self.below(b'tree'))


class Resume(Parcels):
    def test_a_cut_connection_goes_on_with_it(self):
        tree = self.begin()
        self.fill(tree, {path: MEMBERS[path]
                         for path in (b'a', b'sub', b'sub/b')})
        held, path = self.wire.uploads()[tree]
        self.assertEqual((held, path), (6005, b'/tree'))
        self.wire.cut()
        self.wire = self.log_in()
        self.assertEqual(self.resume(tree), {
            b'a': ftwire.digest(MEMBERS[b'a']), b'sub': None,
            b'sub/b': ftwire.digest(MEMBERS[b'sub/b'])})
        self.fill(tree, {path: MEMBERS[path]
                         for path in (b'sub/empty', b'z')})
        self.commit(tree)
        self.assertEqual(self.seen(), self.below(b'tree'))
        self.assertEqual(self.wire.uploads(), {})

    def test_a_killed_server_goes_on_with_it(self):
        tree = self.begin()
        self.fill(tree, {path: MEMBERS[path] for path in (b'a', b'sub')})
        os.kill(self.server.worker, signal.SIGKILL)
        self.wire.cut()
        self.wire = self.log_in()
        self.assertEqual(set(self.resume(tree)), {b'a', b'sub'})
        self.fill(tree)
        self.commit(tree)
        self.assertEqual(self.seen(), self.below(b'tree'))

    def test_what_was_never_noted_or_changed_is_removed(self):
        tree = self.begin()
        self.fill(tree)
        stage = self.server.root / '.ftserver/stage' / tree.hex()
        (stage / 'stray').write_bytes(b'1')
        (stage / 'strays').mkdir()
        (stage / 'strays/x').write_bytes(b'1')
        for name in ('stray', 'strays', 'strays/x'):
            self.server.own(stage.relative_to(self.server.root) / name)
        (stage / 'z').unlink()
        (stage / 'a').write_bytes(b'longer than before')
        members = self.resume(tree)
        self.assertEqual(set(members), {b'sub', b'sub/b', b'sub/empty'})
        self.fill(tree)
        self.commit(tree)
        self.assertEqual(self.seen(), self.below(b'tree'))

    def test_the_old_connection_has_nothing_to_say_any_more(self):
        tree = self.begin()
        other = self.log_in()
        self.resume(tree, other)
        self.assertRefused('locked', self.wire.put, 'a', b'', TREE=tree)
        self.fill(tree, wire=other)
        self.commit(tree, wire=other)
        self.assertEqual(self.seen(), self.below(b'tree'))

    def test_a_long_member_is_gone_on_with(self):
        content = self.commit_long()
        self.assertEqual(self.server.read('tree/big'), content)

    def test_given_up_it_is_gone_whole(self):
        tree = self.begin()
        self.fill(tree)
        id_ = self.wire.ask('PUT', {'PATH': 'big', 'TREE': tree,
                                    'SIZE': 3 * ftwire.MIB})
        self.wire.receive()
        for at in range(0, 2 * ftwire.MIB, ftwire.DATA_BYTES):
            self.wire.send_data(id_, at, bytes(ftwire.DATA_BYTES))
        with self.server.wire() as other:
            self.patiently(lambda: other.call('DISCARD', {'UPLOAD': tree}))
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(self.seen(), {})


class Users(Parcels):
    def setUp(self):
        ftlib.Test.setUp(self)
        setup = self.set_up(users={
            'ann': 'root=/ann,quota_bytes=10K,quota_files=8',
            'bob': 'root=/ann', 'drop': 'root=/ann,rights=drop',
            'write': 'root=/ann,rights=list+write'})
        (setup.root / 'ann').mkdir()
        if setup.account:
            shutil.chown(setup.root / 'ann', setup.account)
        self.server = self.serve(setup)
        self.wire = self.log_in(user='ann')

    def used(self):
        answer = self.wire.call('DF', {'PATH': '/'})
        return answer['QUOTA_USED'], answer['QUOTA_FILES_USED']

    def test_nobody_else_knows_of_it(self):
        tree = self.begin()
        with self.server.wire(user='bob') as bob:
            self.assertRefused('not-found', self.resume, tree, bob)
            self.assertRefused('not-found', bob.call, 'DISCARD',
                               {'UPLOAD': tree})
            self.assertRefused('not-found', self.commit, tree, {b'a': b''},
                               bob)
            self.assertEqual(bob.uploads(), {})
        self.fill(tree)
        self.commit(tree)

    def test_who_only_drops_is_told_no_name(self):
        for count in (1, 2):
            with self.server.wire(user='drop') as drop:
                tree = self.begin(wire=drop)
                self.fill(tree, wire=drop)
                drop.cut()
            with self.server.wire(user='drop') as drop:
                self.assertEqual(set(self.resume(tree, drop)), set(MEMBERS))
                receipt = self.commit(tree, wire=drop)
            self.assertNotIn('PATH', receipt)
            self.assertEqual(len(self.wire.list()), count)
        for name in (entry.name for entry in self.wire.list()):
            self.assertEqual(self.wire.get(name + b'/z'), b'last')
        with self.server.wire(user='drop') as drop:
            self.assertRefused('not-permitted', self.begin, 'a/b', drop)

    def test_who_only_drops_goes_on_with_a_long_member(self):
        self.wire = self.log_in(user='drop')
        content = self.commit_long(user='drop')
        name, = os.listdir(self.server.root / 'ann')
        self.assertEqual(self.server.read(f'ann/{name}/big'), content)

    def test_the_client_of_who_only_drops_sends_one(self):
        top = self.folder / 'box'
        top.mkdir()
        (top / 'a').write_bytes(b'first')
        for _ in range(2):
            done = self.server.client(argv=[
                ftlib.program('ftclient'), '--pin', self.server.pin,
                '--password-file', str(self.server.password_file),
                f'drop@127.0.0.1:{self.server.port}', 'put', '-r',
                '--atomic', 'box'], cwd=self.folder)
            self.assertEqual(done.stdout,
                             b'put box 1 files, 0 folders, 5 bytes\n')
        names = [entry.name for entry in self.wire.list()]
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertEqual(self.wire.get(name + b'/a'), b'first')

    def test_who_may_make_no_folders_sends_none(self):
        with self.server.wire(user='write') as wire:
            self.assertRefused('not-permitted', self.begin, 'tree', wire)
        self.assertIn('audit tree user="write"', self.server.log())

    def test_rights_that_are_taken_away_end_it(self):
        tree = self.begin()
        users = self.server.setup.user_file
        new = users.with_suffix('.new')
        shutil.copy(users, new)
        new.write_text(users.read_text().replace(
            'root=/ann,quota_bytes=10K,quota_files=8',
            'root=/ann,rights=read'))
        if self.server.setup.account:
            shutil.chown(new, self.server.setup.account)
        new.replace(users)
        self.server.reload()
        ftlib.wait_until('the user is another', lambda: not self.may_put(tree))

    def may_put(self, tree):
        try:
            self.wire.put('a', b'', TREE=tree)
        except ftwire.Refused as refused:
            self.assertEqual(refused.code, 'not-permitted')
            return False
        return True

    def test_all_of_it_counts_for_the_quota(self):
        self.assertRefused('too-large', self.begin, SIZE=11 << 10)
        self.assertRefused('too-large', self.begin, COUNT=8)
        tree = self.begin(SIZE=6009, COUNT=5)
        # What is promised is not there for others.
        self.assertRefused('quota', self.wire.put, 'x', bytes(5 << 10))
        self.fill(tree)
        self.assertEqual(self.used(), (0, 0))
        self.commit(tree)
        self.assertEqual(self.used(), (6009, 6))
        self.wire.put('x', bytes(4 << 10))

    def test_members_that_were_not_announced_meet_it_as_they_come(self):
        tree = self.begin()
        self.fill(tree)
        self.assertRefused('quota', self.wire.put, 'big', bytes(6 << 10),
                           TREE=tree)
        for name in ('1', '2'):
            self.wire.put(name, b'', TREE=tree)
        self.assertRefused('quota', self.wire.put, '3', b'', TREE=tree)
        self.commit(tree, {**MEMBERS, b'1': b'', b'2': b''})
        self.assertEqual(self.used(), (6009, 8))

    def test_what_was_given_up_counts_no_more(self):
        tree = self.begin(SIZE=9 << 10, COUNT=5)
        self.fill(tree)
        self.wire.call('DISCARD', {'UPLOAD': tree})
        self.begin('other', SIZE=9 << 10, COUNT=5)
        self.assertEqual(self.used(), (0, 0))


if __name__ == '__main__':
    ftlib.main()
