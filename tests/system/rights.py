#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What users may do: rights, the preset drop, groups; refusals are on record."""

import re
import subprocess

import ftlib

RIGHTS = ['list', 'read', 'write', 'overwrite', 'append', 'delete', 'mkdir',
          'rename', 'lock']

# What each command needs, and what it does with a fresh copy of the files.
COMMANDS = {
    'list': (['list'], {'list'}),
    'stat': (['stat', 'file'], {'list'}),
    'cd': (['cd', 'folder'], {'list'}),
    'get': (['get', 'file', 'local'], {'read'}),
    'put': (['put', 'local', 'new'], {'write'}),
    'mkdir': (['mkdir', 'made'], {'mkdir'}),
    'rmdir': (['rmdir', 'empty'], {'delete'}),
    'rm': (['rm', 'file'], {'delete'}),
    'mv': (['mv', 'file', 'moved'], {'rename'}),
    'append': (['append', 'local', 'file'], {'append'}),
    'write': (['put', '--offset', '0', 'local', 'file'], {'overwrite'}),
    'truncate': (['truncate', 'file', '1'], {'overwrite'}),
    'cp': (['cp', 'file', 'copied'], {'read', 'write'}),
    'sum': (['sum', 'file'], {'read'}),
    'find': (['find'], {'list'}),
    'du': (['du'], {'list'}),
    'df': (['df'], {'list'}),
    'lock': (['lock', 'file'], {'lock'}),
    'unlock': (['unlock', 'file'], {'lock'}),
    'locks': (['locks'], {'lock'}),
    'uploads': (['uploads'], {'list'}),
}

# Each command that takes a path, with what else it needs.
PATHS = [('LIST', {}), ('STAT', {}), ('GET', {}), ('PUT', {}), ('CD', {}),
       ('MKDIR', {}), ('RMDIR', {}), ('RM', {}), ('RM', {'RECURSIVE': b''}),
       ('MV', {'TARGET': 'x'}), ('APPEND', {}), ('WRITE', {'OFFSET': 0}),
       ('TRUNCATE', {'SIZE': 0}), ('CP', {'TARGET': 'x'}),
       ('SUM', {'METHOD': 'sha256'}), ('FIND', {}), ('DU', {}), ('DF', {}),
       ('TOUCH', {}), ('LOCK', {}), ('LOCKS', {}), ('PIECES', {})]

SHOUT = b'loud and clear'


class Rights(ftlib.Test):
    def serve_user(self, **users):
        self.setup = self.set_up(users=users)
        self.server = self.serve(self.setup)
        for name in ('folder', 'empty'):
            self.server.path(name).mkdir()
            self.server.own(name)
        self.server.write('file', b'old')
        self.write('local', SHOUT)
        self.write('other', b'other content')

    def as_user(self, name):
        self.server.user = name
        return self.server

    def client(self, name, *words, **more):
        return self.as_user(name).client(*words, cwd=self.folder, **more)

    def audits(self, verb, outcome='not-permitted'):
        return re.findall(f'audit {verb} .*outcome={outcome}',
                          self.server.log())

    def test_a_command_without_its_right_is_refused_and_audited(self):
        users = {f'no-{right}': 'rights=' + '+'.join(
            other for other in RIGHTS if other != right)
            for right in RIGHTS}
        self.serve_user(**users)
        for verb, (words, needs) in COMMANDS.items():
            for right in needs:
                with self.subTest(verb=verb, right=right):
                    before = self.server.tree()
                    self.client(f'no-{right}', *words, code=ftlib.EX_NOPERM)
                    self.assertEqual(self.server.tree(), before)
                    self.server.wait_log(
                        f'audit {verb} user="no-{right}".*'
                        'outcome=not-permitted')

    def test_what_is_refused_to_all_is_audited_too(self):
        self.serve_user(alice='rights=full')
        self.server.path('closed').mkdir()
        self.server.own('closed')
        self.server.path('closed').chmod(0)
        path = 'closed/x'
        with self.server.wire(user='alice') as wire:
            for type_, more in PATHS:
                with self.subTest(type=type_, **more):
                    before = len(self.audits('.*'))
                    id_ = wire.ask(type_, {'PATH': path, **more})
                    self.assertRefused('not-permitted', wire.answer, id_)
                    if type_ in ('PUT', 'APPEND', 'WRITE'):
                        wire.send('ABORT', id_)
                    said = self.audits('.*')[before:]
                    self.assertEqual(len(said), 1, said)
                    self.assertIn(f'path="/{path}"', said[0])

    def test_a_new_file_is_no_right_to_replace(self):
        self.serve_user(adder='rights=list+read+write+rename',
                        replacer='rights=list+read+write+overwrite')
        self.server.write('other', b'other')
        self.client('adder', 'put', 'local', 'file',
                    code=ftlib.EX_NOPERM)
        self.client('adder', 'cp', 'other', 'file', code=ftlib.EX_NOPERM)
        self.client('adder', 'mv', 'other', 'file', code=ftlib.EX_NOPERM)
        with self.server.wire(user='adder') as wire:
            # What is too large to be sent in vain is refused at its begin.
            id_ = wire.ask('PUT', {'PATH': 'file', 'SIZE': 1 << 30})
            self.assertRefused('not-permitted', wire.answer, id_)
            wire.send('ABORT', id_)
        self.assertEqual(self.server.read('file'), b'old')
        self.assertEqual(len(self.audits('(put|cp|mv)')), 4)
        # Who asks for a free name is told that it is none.
        with self.server.wire(user='adder') as wire:
            self.assertRefused('exists', wire.put, 'file', b'x', IF_ABSENT=b'')
            self.assertRefused('exists', wire.call, 'MV', {
                'PATH': 'other', 'TARGET': 'folder'})
        self.client('adder', 'put', 'local', 'new')
        self.client('replacer', 'put', 'local', 'file')
        self.assertEqual(self.server.read('file'), SHOUT)

    def test_a_change_holds_from_the_next_request_on(self):
        self.serve_user(alice='rights=full')
        with self.server.wire(user='alice') as wire:
            wire.put('a', b'1')
            subprocess.run([ftlib.program('ftuser'), '-f',
                            self.setup.user_file, 'set', 'alice',
                            'rights=read'], check=True)
            self.assertRefused('not-permitted', wire.put, 'a', b'2')
            self.assertRefused('not-permitted', wire.call, 'RM',
                               {'PATH': 'a'})
            wire.call('LIST')
        self.assertEqual(self.server.read('a'), b'1')

    def test_groups_give_their_keys(self):
        self.serve_user(**{
            '@readers': 'root=/folder,rights=read', 'ann': 'groups=readers',
            'bob': 'groups=@readers,rights=full'})
        self.server.write('folder/inside', b'text')
        self.assertIn(b'inside', self.client('ann', 'list').stdout)
        self.client('ann', 'put', 'local', 'new', code=ftlib.EX_NOPERM)
        self.client('bob', 'put', 'local', 'new')
        self.assertEqual(self.server.read('folder/new'), SHOUT)
        subprocess.run([ftlib.program('ftuser'), '-f', self.setup.user_file,
                        'lock', '@readers'], check=True)
        self.client('bob', 'list', code=ftlib.EX_NOPERM)

    def test_a_group_is_changed_by_ftuser_and_cannot_log_in(self):
        self.serve_user(ann='')
        ftuser = [ftlib.program('ftuser'), '-f', self.setup.user_file]
        subprocess.run([*ftuser, 'add', '@team', 'rights=drop'], check=True)
        subprocess.run([*ftuser, 'set', 'ann', 'groups=team'], check=True)
        self.client('ann', 'list', code=ftlib.EX_NOPERM)
        shown = subprocess.run([*ftuser, 'list'], check=True,
                               capture_output=True).stdout.decode()
        self.assertRegex(shown, r'@team +active +group +drop')
        self.assertRegex(shown, r'ann +active +argon2id\S+ +drop')
        # It is in use.
        self.assertEqual(subprocess.run(
            [*ftuser, 'del', '@team'], capture_output=True).returncode,
            ftlib.EX_CONFIG)
        with self.server.connect() as wire:
            self.assertRefused('login-refused', wire.login, '@team', '')

    # --- drop ---

    def serve_drop(self):
        self.serve_user(drop='rights=drop', admin='rights=full')

    def test_a_dropped_file_never_replaces(self):
        self.serve_drop()
        with self.server.wire(user='drop') as wire:
            first = wire.put('file', b'mine')
            self.assertNotIn('PATH', first)
        self.assertEqual(self.server.read('file'), b'old')
        fresh = [name for name in self.server.tree()
                 if re.fullmatch(rb'file-[0-9a-f]{8}', name)]
        self.assertEqual(len(fresh), 1)
        self.assertEqual(self.server.tree()[fresh[0]][1], b'mine')
        self.server.wait_log('audit put user="drop" .*path="/file" '
                             f'target="{fresh[0].decode()}" .*outcome=ok')

    def test_a_drop_cannot_tell_a_taken_name_from_a_free_one(self):
        self.serve_drop()
        with self.server.wire(user='drop') as wire:
            for path in ('file', 'folder', 'free'):
                answer = wire.put(path, b'mine')
                self.assertEqual(set(answer), {
                    'SIZE', 'VERSION_NOW', 'DIGEST', 'UPLOAD', 'TIME'}, path)
            for path in ('folder/x', 'missing/x', 'file/x'):
                self.assertRefused('not-permitted', wire.put, path, b'mine')
            for condition in ({'IF_ABSENT': b''}, {'TAKEN': 1},
                              {'IF_VERSION': bytes(16)}):
                for path in ('file', 'free'):
                    self.assertRefused('not-permitted', wire.put, path,
                                       b'mine', **condition)

    def test_a_drop_is_refused_all_else_alike(self):
        self.serve_drop()
        with self.server.wire(user='drop') as wire:
            for type_ in ('LIST', 'STAT', 'GET', 'CD', 'MKDIR', 'RMDIR',
                          'RM', 'MV'):
                for path in ('file', 'folder', 'missing'):
                    fields = {'PATH': path}
                    if type_ == 'MV':
                        fields['TARGET'] = 'new'
                    self.assertRefused('not-permitted', wire.call, type_,
                                       fields)
        self.assertEqual(len(self.audits('(list|stat|get|cd|mkdir|rmdir|rm|'
                                         'mv)')), 24)

    def test_a_name_of_full_length_gets_a_fresh_one_too(self):
        self.serve_drop()
        long = 'n' * 255
        with self.server.wire(user='drop') as wire:
            wire.put(long, b'first')
            wire.put(long, b'second')
        found = sorted(name for name in self.server.tree() if b'n' * 9 in name)
        self.assertEqual([len(name) for name in found], [255, 255])

    def test_anybody_may_ask_for_a_fresh_name(self):
        self.serve_drop()
        with self.server.wire(user='admin') as wire:
            wire.put('file', b'more', TAKEN=2)
        self.assertEqual(self.server.read('file'), b'old')


ftlib.main()
