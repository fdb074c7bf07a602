#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Shares: folders of the configuration in the roots of those they allow."""

import os
import shutil
import signal

import ftlib
import ftwire

MIB = ftwire.MIB


class Shares(ftlib.Test):
    def start(self, **shares):
        self.other = self.folder / 'other-base'
        self.other.mkdir()
        self.sections = {
            'base big': {'path': self.other},
            'share box': {'path': '/shared/box',
                          'allow': ['@staff:full', 'drop:drop', '@all:read']},
            'share far': {'path': '/far', 'base': 'big', 'allow': ['@staff']},
            **shares}
        self.setup = self.set_up(sections=self.sections, users={
            '@staff': '', 'ann': 'root=/ann,groups=staff',
            'bob': 'root=/bob,rights=read', 'drop': 'root=/bob,rights=drop'})
        for folder in (self.setup.root / 'ann', self.setup.root / 'bob',
                       self.setup.root / 'shared/box', self.other / 'far',
                       self.other):
            folder.mkdir(parents=True, exist_ok=True)
            if self.setup.account:
                shutil.chown(folder, self.setup.account)
        self.server = self.serve(self.setup)

    def client(self, user, *words, **more):
        self.server.user = user
        return self.server.client(*words, cwd=self.folder, **more)

    def names(self, user, path='/'):
        with self.server.wire(user=user) as wire:
            return sorted(entry.name for entry in wire.list(path))

    def test_a_share_is_seen_by_whom_it_allows_only(self):
        self.start()
        self.assertEqual(self.names('ann'), [b'box', b'far'])
        self.assertEqual(self.names('bob'), [b'box'])
        self.client('bob', 'list', '/far', code=ftlib.EX_NOINPUT)

    def test_what_one_puts_another_gets(self):
        self.start()
        self.write('local', b'for all')
        self.client('ann', 'put', 'local', '/box/file')
        self.assertEqual(self.server.read('shared/box/file'), b'for all')
        self.client('bob', 'get', '/box/file', 'back')
        self.assertEqual((self.folder / 'back').read_bytes(), b'for all')
        self.client('bob', 'put', 'local', '/box/file', code=ftlib.EX_NOPERM)
        self.client('bob', 'rm', '/box/file', code=ftlib.EX_NOPERM)
        self.server.wait_log('audit rm user="bob" .*path="/box/file" '
                             'outcome=not-permitted')

    def test_a_share_itself_stays(self):
        self.start()
        done = self.client('ann', 'mv', 'box', 'other', code=ftlib.EX_NOPERM)
        self.assertIn(b'is shared, and stays', done.stderr)

    def test_a_drop_box_is_for_dropping(self):
        self.start()
        self.server.write('shared/box/file', b'old')
        self.write('local', b'new')
        self.client('drop', 'put', 'local', '/box/file')
        self.client('drop', 'list', '/box', code=ftlib.EX_NOPERM)
        self.assertEqual(self.server.read('shared/box/file'), b'old')
        self.assertEqual(len(os.listdir(self.server.path('shared/box'))), 2)

    def test_puts_to_several_bases_are_one_row(self):
        self.start()
        with self.server.wire(user='ann') as wire:
            ids = [wire.send_put(f'{folder}/{i}', b'%d' % i)
                   for i in range(30) for folder in ('/box', '/far', '')]
            for id_ in ids:
                wire.answer(id_)
        for folder in (self.server.path('shared/box'), self.other / 'far',
                       self.server.path('ann')):
            self.assertEqual(len(os.listdir(folder)), 30)

    def test_a_working_folder_may_lie_in_it(self):
        self.start()
        self.server.write('shared/box/file', b'text')
        with self.server.wire(user='ann') as wire:
            self.assertEqual(wire.call('CD', {'PATH': 'box'})['PATH'],
                             b'/box')
            wire.call('MKDIR', {'PATH': 'sub'})
            wire.call('MV', {'PATH': 'file', 'TARGET': 'sub/file'})
            self.assertEqual(wire.get('sub/../sub/file'), b'text')
            self.assertRefused('cross-device', wire.call, 'MV',
                               {'PATH': 'sub/file', 'TARGET': '../file'})

    def test_a_reload_changes_shares_in_running_sessions(self):
        self.start()
        with self.server.wire(user='bob') as wire:
            wire.call('LIST', {'PATH': '/box'})
            self.sections['share box'] = {'path': '/shared/box',
                                          'allow': ['@staff']}
            self.sections['share new'] = {'path': '/shared',
                                          'allow': ['bob:list']}
            self.setup.write_config(self.sections)
            os.kill(self.server.monitor, signal.SIGHUP)
            ftlib.wait_until('the new share is there', lambda: [
                entry.name for entry in wire.list('/')] == [b'new'])
            self.assertRefused('not-found', wire.list, '/box')
            self.assertEqual([entry.name for entry in wire.list('/new')],
                             [b'box'])

    def test_locks_in_shares_are_shown_by_the_names_there(self):
        self.start()
        self.server.write('ann/a', b'text')
        self.server.write('shared/box/b', b'text')
        self.server.write(self.other / 'far/c', b'text')
        shown = self.client('ann', input=b'lock a\nlock /box/b\nlock /far/c\n'
                            b'locks\nlocks /box/b\n').stdout.decode()
        names = [line.split()[-1] for line in shown.splitlines()
                 if 'ann' in line]
        self.assertEqual(sorted(names),
                         ['/a', '/box/b', '/box/b', '/far/c'], shown)

    # --- durability ---

    def test_each_share_says_how_durable_its_files_are(self):
        self.start(**{
            'base big': {'path': self.folder / 'other-base',
                         'durability': 'async'},
            'share quick': {'path': '/shared/box', 'allow': ['@staff'],
                            'durability': 'async'},
            'share safe': {'path': '/far', 'allow': ['@staff'],
                           'base': 'big', 'durability': 'commit'}})
        self.write('local', b'text')
        (self.folder / 'folder').mkdir()
        self.write('folder/file', b'text')
        with self.server.connect() as wire:
            # He sees none of those that are async, and she does.
            self.assertEqual(wire.login('bob', ftlib.PASSWORD)['DURABILITY'],
                             0)
        with self.server.connect() as wire:
            self.assertEqual(wire.login('ann', ftlib.PASSWORD)['DURABILITY'],
                             1)
            for path, durability in (('', 0), ('/quick', 1), ('/box', 0),
                                     ('/far', 1), ('/safe', 0)):
                for size in (1, 2 * MIB):
                    receipt = wire.put(f'{path}/file', bytes(size))
                    self.assertEqual(receipt.get('DURABILITY', 0),
                                     durability, path)
                self.assertEqual(wire.call('DF', {'PATH': path or '/'})[
                    'DURABILITY'], durability, path)
                word = ['commit', 'async'][durability]
                shown = self.client('ann', 'df', path or '/').stdout.decode()
                self.assertIn(f'durability: {word}\n', shown)
                said = self.client('ann', 'put', 'local',
                                   f'{path}/file').stdout.decode()
                self.assertEqual(', async' in said, bool(durability), said)
                said = self.client('ann', 'put', '-r', 'folder',
                                   f'{path}/tree').stdout.decode()
                self.assertEqual(', async' in said, bool(durability), said)

    # --- trees ---

    def plant(self):
        """Two files in the own folder, a share, and one on another base."""
        for name in ('ann/sub', 'ann/box', 'shared/box/sub'):
            self.server.path(name).mkdir()
            self.server.own(name)
        for name in ('ann/a', 'ann/sub/b', 'ann/box/hidden',
                     'shared/box/sub/c', self.other / 'far/d'):
            self.server.write(name, b'1234')

    def found(self, user, *words):
        shown = self.client(user, 'find', *words).stdout.decode()
        return sorted(shown.splitlines())

    def test_find_goes_through_the_shares_by_the_rights_of_each(self):
        self.start(**{'share seen': {'path': '/shared/box',
                                     'allow': ['@staff:write']},
                      'share gone': {'path': '/gone', 'allow': ['@all']}})
        self.plant()
        self.assertEqual(self.found('ann', '/'), [
            'a', 'box', 'box/sub', 'box/sub/c', 'far', 'far/d', 'seen',
            'sub', 'sub/b'])
        with self.server.wire(user='ann') as wire:
            for depth, count in ((1, 5), (2, 8), (3, 9)):
                self.assertEqual(
                    wire.call('FIND', {'DEPTH': depth})['COUNT'], count)
        self.assertEqual(self.found('ann', '/box'), ['sub', 'sub/c'])
        self.assertEqual(self.found('ann', '/sub'), ['b'])

    def test_du_counts_the_shares_that_may_be_listed(self):
        self.start(**{'share seen': {'path': '/shared/box',
                                     'allow': ['@staff:write']}})
        self.plant()
        with self.server.wire(user='ann') as wire:
            for path, files in (('/', 4), ('/box', 1), ('/far', 1),
                                ('/sub', 1)):
                answer = wire.call('DU', {'PATH': path})
                self.assertEqual((answer['COUNT'], answer['SIZE']),
                                 (files, 4 * files), path)
            self.assertRefused('not-permitted', wire.call, 'DU',
                               {'PATH': '/seen'})

    def test_rm_of_all_stops_before_a_share(self):
        self.start()
        self.plant()
        self.setup.write_users({'ann': 'root=/ann,groups=staff',
                                '@staff': '', 'root': 'root=/'})
        before = self.server.tree()
        for user, path in (('ann', '/box'), ('ann', '/far'), ('ann', '/')):
            said = self.client(user, 'rm', '-r', path, code=ftlib.EX_NOPERM)
            self.assertIn(b'stays as it is', said.stderr)
        # By another way than as a share.
        said = self.client('root', 'rm', '-r', '/shared',
                           code=ftlib.EX_NOPERM)
        self.assertIn(b'/shared/box: is shared', said.stderr)
        self.assertEqual(self.server.tree(), before)
        self.assertTrue((self.other / 'far/d').exists())
        for command in (('mv', '/shared/box', '/gone'),
                        ('mv', '/shared', '/gone'),
                        ('rmdir', '/shared/box')):
            said = self.client('root', *command, code=ftlib.EX_NOPERM)
            self.assertIn(b'is shared, and stays as it is', said.stderr)
        self.assertEqual(self.server.tree(), before)
        self.client('root', 'mkdir', '/sharedish')
        self.client('root', 'mv', '/sharedish', '/more')
        self.client('root', 'rmdir', '/more')
        self.server.wait_log('audit rm user="ann" .*path="/box" .*'
                             'outcome=not-permitted')
        self.client('ann', 'rm', '-r', '/box/sub')
        self.client('ann', 'rm', '-r', '/sub')
        self.assertFalse(self.server.path('shared/box/sub').exists())

    def test_a_share_is_not_removed_or_renamed_by_its_name(self):
        self.start()
        with self.server.wire(user='ann') as wire:
            for type_, fields in (('RMDIR', {}), ('RM', {}),
                                  ('MV', {'TARGET': '/other'}),
                                  ('MV', {'TARGET': '/box/other'}),
                                  ('PUT', {'SIZE': 0}),
                                  ('MKDIR', {})):
                with self.assertRaises(ftwire.Refused) as caught:
                    wire.call(type_, {'PATH': '/box', **fields})
                self.assertIn(caught.exception.code, (
                    'not-permitted', 'cross-device'), type_)
                if type_ == 'PUT':
                    wire.send('ABORT', wire.last_id)
        self.assertEqual(self.names('ann'), [b'box', b'far'])

    # --- uploads that were cut off, known by their ids alone ---

    def cut_off(self, user, path, size=3 * MIB):
        """Begin an upload, lose the connection, and return the id."""
        wire = self.server.wire(user=user)
        id_ = wire.ask('PUT', {'PATH': path, 'SIZE': size})
        upload = wire.receive().fields['UPLOAD']
        for at in range(0, 2 * MIB, ftwire.DATA_BYTES):
            wire.send_data(id_, at, bytes(ftwire.DATA_BYTES))
        wire.ask('PING')
        wire.receive()
        wire.cut()
        return upload

    def resume(self, wire, upload):
        """Take it up again once its older holder has let go."""
        def attempt():
            id_ = wire.ask('PUT', {'UPLOAD': upload})
            while (frame := wire.receive()).name == 'HAVE':
                pass
            if frame.name == 'BEGUN':
                return id_
            refused = ftwire.Refused(frame.fields)
            if refused.code != 'busy':
                raise refused
            return None
        return ftlib.wait_until('the upload can be taken up', attempt)

    def go_on(self, user, upload, size=3 * MIB):
        content = bytes(size)
        with self.server.wire(user=user) as wire:
            id_ = self.resume(wire, upload)
            for at in range(0, size, ftwire.DATA_BYTES):
                wire.send_data(id_, at, content[at:at + ftwire.DATA_BYTES])
            wire.send('COMMIT', id_, ftwire.encode_fields(
                {'SIZE': size, 'DIGEST': ftwire.digest(content)}))
            return wire.answer(id_)[-1].fields

    def discards(self, user, fields):
        with self.server.wire(user=user) as wire:
            try:
                wire.call('DISCARD', fields)
            except ftwire.Refused as refused:
                if refused.code != 'busy':
                    raise
                return False
        return True

    def test_an_upload_into_a_share_goes_on_by_its_id(self):
        self.start()
        for path, there in (('/box/a', self.server.path('shared/box/a')),
                            ('/far/a', self.other / 'far/a'),
                            ('/a', self.server.path('ann/a'))):
            receipt = self.go_on('ann', self.cut_off('ann', path))
            self.assertEqual(receipt['SIZE'], 3 * MIB)
            self.assertEqual(there.read_bytes(), bytes(3 * MIB))

    def test_a_path_beside_an_id_must_lead_to_its_upload(self):
        self.start(**{f'share {name}': {'path': '/ann', 'allow': ['@staff']}
                      for name in ('home', 'longsharename')})
        uploads = {path: self.cut_off('ann', path)
                   for path in ('/a', '/home/bc')}
        with self.server.wire(user='ann') as wire:
            for type_ in ('DISCARD', 'PUT'):
                for path, upload in (('/longsharename', uploads['/a']),
                                     ('/home', uploads['/a']),
                                     ('/', uploads['/home/bc']),
                                     ('/longsharename', uploads['/home/bc']),
                                     ('/box', uploads['/a'])):
                    with self.assertRaises(ftwire.Refused) as caught:
                        wire.call(type_, {'UPLOAD': upload, 'PATH': path})
                    self.assertEqual(caught.exception.code, 'not-found')
                    if type_ == 'PUT':
                        wire.send('ABORT', wire.last_id)
        for path, upload in uploads.items():
            ftlib.wait_until('nobody holds it', lambda: self.discards(
                'ann', {'UPLOAD': upload, 'PATH': os.path.dirname(path)}))

    def test_uploads_in_all_places_are_shown_and_given_up(self):
        self.start()
        paths = ['/a', '/box/a', '/far/a']
        uploads = {path: self.cut_off('ann', path).hex() for path in paths}
        for in_, seen in (((), paths), (('cd', '/box'), paths)):
            script = '\n'.join([' '.join(in_), 'uploads']).encode()
            shown = self.client('ann', input=script).stdout.decode()
            self.assertEqual(
                sorted(line.split()[-1] for line in shown.splitlines()), seen)
        with self.server.wire(user='ann') as wire:
            self.assertEqual(wire.call('UPLOADS', {'PATH': '/box'})['COUNT'],
                             1)
        for id_ in uploads.values():
            ftlib.wait_until('nobody holds it', lambda: self.client(
                'ann', 'uploads', '-d', id_, code=None).returncode == 0)
        self.assertEqual(self.client('ann', 'uploads').stdout, b'')
        for base in (self.server.root, self.other):
            self.assertEqual(os.listdir(base / '.ftserver/uploads'), [])
            self.assertEqual(os.listdir(base / '.ftserver/stage'), [])

    def test_a_drop_user_goes_on_in_a_share_and_sees_nothing(self):
        self.start()
        upload = self.cut_off('drop', '/box/a')
        others = self.cut_off('ann', '/box/b')
        self.client('drop', 'uploads', code=ftlib.EX_NOPERM)
        with self.server.wire(user='drop') as wire:
            for type_ in ('DISCARD', 'PUT'):
                self.assertRefused('not-found', wire.call, type_,
                                   {'UPLOAD': others})
        receipt = self.go_on('drop', upload)
        self.assertEqual(receipt['UPLOAD'], upload)
        given_up = self.cut_off('drop', '/box/c')
        with self.server.wire(user='drop') as wire:
            self.discard(wire, given_up)
        self.assertEqual(os.listdir(self.server.path('shared/box')), ['a'])

    def discard(self, wire, upload):
        def attempt():
            try:
                return wire.call('DISCARD', {'UPLOAD': upload}) is not None
            except ftwire.Refused as refused:
                self.assertEqual(refused.code, 'busy')
        ftlib.wait_until('nobody holds it', attempt)

    def test_the_rights_of_the_share_hold_for_an_upload_in_it(self):
        self.start()
        upload = self.cut_off('ann', '/box/a')
        self.sections['share box']['allow'] = ['@all:read']
        self.setup.write_config(self.sections)
        os.kill(self.server.monitor, signal.SIGHUP)
        with self.server.wire(user='ann') as wire:
            def is_refused():
                try:
                    wire.put('/box/probe', b'')
                except ftwire.Refused as refused:
                    return refused.code == 'not-permitted'
            ftlib.wait_until('the reload is done', is_refused)
            for type_ in ('DISCARD', 'PUT'):
                self.assertRefused('not-permitted', wire.call, type_,
                                   {'UPLOAD': upload})
        self.server.wait_log('audit discard user="ann" .*not-permitted')

    def test_a_right_that_is_gone_is_gone_for_a_resume_too(self):
        self.start()
        uploads = {}
        for name in ('a', 'b'):
            self.server.write(f'ann/{name}', b'old')
            uploads[name] = self.cut_off('ann', f'/{name}')
        self.setup.write_users({'ann': 'root=/ann,rights=list+write'})
        with self.assertRaises(ftwire.Refused) as caught:
            self.go_on('ann', uploads['a'])
        self.assertEqual(caught.exception.code, 'not-permitted')
        self.setup.write_users({'ann': 'root=/ann,rights=drop'})
        self.go_on('ann', uploads['b'])
        for name in ('a', 'b'):
            self.assertEqual(self.server.read(f'ann/{name}'), b'old')
        self.assertEqual(sorted(name[:2] for name in os.listdir(
            self.server.path('ann'))), ['a', 'b', 'b-'])

    def test_a_copy_into_a_drop_box_tells_nothing_of_it(self):
        self.start(**{'share box': {'path': '/shared/box',
                                    'allow': ['@staff:drop']}})
        self.server.write('ann/mine', b'mine')
        self.server.write('shared/box/taken', b'old')
        with self.server.wire(user='ann') as wire:
            for name in ('taken', 'free'):
                answer = wire.call('CP', {'PATH': '/mine',
                                          'TARGET': f'/box/{name}'})
                self.assertEqual(set(answer), {'SIZE', 'VERSION_NOW'})
                for target in (f'/box/{name}/x', f'/box/no/{name}'):
                    self.assertRefused('not-permitted', wire.call, 'CP', {
                        'PATH': '/mine', 'TARGET': target})
                self.assertRefused('not-permitted', wire.call, 'CP', {
                    'PATH': '/mine', 'TARGET': f'/box/{name}',
                    'IF_ABSENT': b''})
        self.assertEqual(self.server.read('shared/box/taken'), b'old')
        self.assertEqual(len(os.listdir(self.server.path('shared/box'))), 3)

    def test_nothing_leads_out_of_a_share(self):
        self.start()
        self.server.write('shared/secret', b'text')
        os.symlink('../secret', self.server.path('shared/box/link'))
        with self.server.wire(user='ann') as wire:
            self.assertRefused('not-permitted', wire.get, '/box/link')
            self.assertRefused('not-found', wire.get, '/box/../secret')
            self.assertRefused('not-permitted', wire.call, 'RMDIR',
                               {'PATH': '/box'})
        self.server.wait_log('audit get .*path="/box/link".*not-permitted')


ftlib.main()
