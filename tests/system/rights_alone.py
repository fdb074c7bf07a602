#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each request of the protocol by each right alone, and by each two."""

import itertools
import os
import re

import ftlib
import ftwire

RIGHTS = ('list', 'read', 'write', 'overwrite', 'append', 'delete', 'mkdir',
          'rename', 'lock')
NOTHING = bytes(16)
SHA = {'METHOD': 'sha256'}


def sees(has):
    return 'list' in has or 'read' in has


def puts_old(has):
    """Who sees nothing is given a fresh name instead."""
    return 'write' in has and ('overwrite' in has or not sees(has))


def touches_new(has):
    return 'write' in has and ('overwrite' in has or sees(has))


def delivers(has):
    """Whole folders; who sees nothing may do so without making others."""
    return 'write' in has and ('mkdir' in has or not sees(has))


# Type and fields, who may, and how it ends then.
def links(has):
    return 'write' in has and not {'list', 'read'}.isdisjoint(has)


TABLE = [
    ('LIST', {}, 'list', 'ok'),
    ('LIST', {'PATH': 'folder'}, 'list', 'ok'),
    ('STAT', {'PATH': 'file'}, 'list', 'ok'),
    ('GET', {'PATH': 'file'}, 'read', 'ok'),
    ('GET', {'PATH': 'file', 'OFFSET': 1, 'LENGTH': 1}, 'read', 'ok'),
    ('PUT', {'PATH': 'new'}, 'write', 'ok'),
    ('PUT', {'PATH': 'new', 'SIZE': 0}, 'write', 'ok'),
    ('PUT', {'PATH': 'new', 'TAKEN': 2}, 'write', 'ok'),
    ('PUT', {'PATH': 'file'}, puts_old, 'ok'),
    ('PUT', {'PATH': 'file', 'SIZE': 0}, puts_old, 'ok'),
    ('PUT', {'PATH': 'file', 'TAKEN': 2}, 'write', 'ok'),
    ('PUT', {'UPLOAD': NOTHING}, 'write', 'not-found'),
    ('PUT', {'UPLOAD': NOTHING, 'OFFSET': 0, 'LENGTH': 1}, 'write',
     'not-found'),
    ('CD', {'PATH': '/'}, 'list', 'ok'),
    ('PWD', {}, '', 'ok'),
    ('MKDIR', {'PATH': 'new'}, 'mkdir', 'ok'),
    ('MKDIR', {'PATH': 'new/er', 'PARENTS': b''}, 'mkdir', 'ok'),
    ('RMDIR', {'PATH': 'empty'}, 'delete', 'ok'),
    ('RM', {'PATH': 'file'}, 'delete', 'ok'),
    ('RM', {'PATH': 'folder', 'RECURSIVE': b''}, 'delete', 'ok'),
    ('MV', {'PATH': 'file', 'TARGET': 'new'}, 'rename', 'ok'),
    ('MV', {'PATH': 'folder', 'TARGET': 'new'}, 'rename', 'ok'),
    ('MV', {'PATH': 'file', 'TARGET': 'folder/file'}, 'rename overwrite',
     'ok'),
    ('LOCK', {'PATH': 'file'}, 'lock', 'ok'),
    ('LOCK', {'PATH': 'file', 'SHARED': b'', 'WAIT_LOCK': 1}, 'lock', 'ok'),
    ('UNLOCK', {'PATH': 'folder/file'}, 'lock', 'not-found'),
    ('LOCKS', {}, 'lock', 'ok'),
    ('LOCKS', {'PATH': 'file'}, 'lock', 'ok'),
    ('UPLOADS', {}, 'list', 'ok'),
    ('UPLOADS', {'PATH': ''}, 'list', 'ok'),
    ('DISCARD', {'UPLOAD': NOTHING}, 'write', 'not-found'),
    ('PIECES', {'PATH': 'file'}, 'read', 'ok'),
    ('APPEND', {'PATH': 'file'}, 'append', 'ok'),
    ('WRITE', {'PATH': 'file', 'OFFSET': 0}, 'overwrite', 'ok'),
    ('TRUNCATE', {'PATH': 'file', 'SIZE': 1}, 'overwrite', 'ok'),
    ('TRUNCATE', {'PATH': 'file', 'SIZE': 9}, 'overwrite', 'ok'),
    ('CP', {'PATH': 'file', 'TARGET': 'new'}, 'read write', 'ok'),
    ('SUM', {'PATH': 'file', **SHA}, 'read', 'ok'),
    ('FIND', {}, 'list', 'ok'),
    ('DU', {}, 'list', 'ok'),
    ('DF', {}, 'list', 'ok'),
    ('TOUCH', {'PATH': 'file'}, 'overwrite', 'ok'),
    ('TOUCH', {'PATH': 'new'}, touches_new, 'ok'),
    ('TREE', {'PATH': 'new'}, delivers, 'ok'),
    ('TREE', {'UPLOAD': NOTHING}, delivers, 'not-found'),
    ('SYMLINK', {'PATH': 'new', 'LINK': 'file'}, links, 'ok'),
    ('GET_TREE', {'PATH': 'folder'}, 'list read', 'ok'),
    ('GET_TREE', {'PATH': 'file'}, 'list read', 'not-a-folder'),
    ('TREE_COMMIT', {'UPLOAD': NOTHING, 'COUNT': 0, 'DIGEST': NOTHING},
     delivers, 'not-found'),
]
# As the audit has them.
VERBS = {'TREE_COMMIT': 'tree', 'GET_TREE': 'get-tree'}
STREAMS = ('PUT', 'APPEND', 'WRITE')


def may(needs, has):
    if callable(needs):
        return needs(has)
    return set(needs.split()) <= set(has)


class RightsAlone(ftlib.Test):
    def serve_sets(self, sets):
        self.names = {has: 'u' + ''.join(str(RIGHTS.index(right))
                                         for right in has) for has in sets}
        self.server = self.serve(self.set_up(users={
            # By itself the word read is the preset.
            name: f'root=/{name},rights=' + '+'.join(
                has if has != ('read',) else ('read', 'read'))
            for has, name in self.names.items()}))
        for name in self.names.values():
            for folder in ('', '/folder', '/empty'):
                self.make(name + folder)

    def make(self, folder):
        if not self.server.path(folder).is_dir():
            self.server.path(folder).mkdir()
            self.server.own(folder)

    def restore(self, name):
        """What each request finds."""
        for folder in ('folder', 'empty'):
            self.make(f'{name}/{folder}')
        for file in ('file', 'folder/file'):
            self.server.write(f'{name}/{file}', b'old')

    def forget(self, name):
        """What may be left of it."""
        for path in ('new/er', 'new/file', 'new'):
            path = self.server.path(f'{name}/{path}')
            if path.is_dir():
                path.rmdir()
            elif path.exists():
                path.unlink()

    def ends(self, wire, type_, fields):
        """How the request ends; a stream of no bytes follows it."""
        id_ = wire.ask(type_, fields)
        if type_ in STREAMS:
            wire.send('COMMIT', id_, ftwire.encode_fields(
                {'SIZE': 0, 'DIGEST': ftwire.digest(b'')}))
        try:
            wire.answer(id_)
        except ftwire.Refused as refused:
            return refused.code
        return 'ok'

    def there(self, name):
        return [(folder, folders, files, os.stat(folder).st_mtime_ns)
                for folder, folders, files in os.walk(self.server.path(name))
                ] + [self.server.read(f'{name}/file')]

    def try_all(self, wire, has):
        name, refused = self.names[has], []
        for type_, fields, needs, good in TABLE:
            self.restore(name)
            before = self.there(name)
            end = self.ends(wire, type_, fields)
            expected = good if may(needs, has) else 'not-permitted'
            self.assertEqual(end, expected, (has, type_, fields))
            if end == 'not-permitted':
                refused.append(VERBS.get(type_, type_.lower()))
                self.assertEqual(self.there(name), before)
            self.forget(name)
        return refused

    def check(self, sets):
        self.serve_sets(sets)
        for has, name in self.names.items():
            with self.subTest(has=has):
                with self.server.wire(user=name) as wire:
                    refused = self.try_all(wire, has)
                self.assertEqual(
                    re.findall(f'audit ([a-z-]+) user="{name}" .*'
                               'outcome=not-permitted', self.server.log()),
                    refused)

    def test_the_table_knows_each_request(self):
        self.assertEqual(
            {type_ for type_, *_ in TABLE} | {'COMMIT', 'ABORT'},
            {name for name, number in ftwire.TYPES.items()
             if 0x10 <= number < 0x50})

    def test_one_right_is_what_it_is_and_no_more(self):
        self.check([(right,) for right in RIGHTS])

    def test_two_rights_are_their_sum(self):
        self.check(itertools.combinations(RIGHTS, 2))

    # --- drop ---

    def test_a_drop_user_is_told_nothing(self):
        self.server = self.serve(self.set_up(users={'d': 'rights=drop'}))
        self.server.write('file', b'old')
        self.server.user = 'd'
        self.write('local', b'mine')
        said = {}
        for name in ('file', 'free'):
            done = self.server.client('put', 'local', name, cwd=self.folder)
            said[name] = done.stdout.replace(name.encode(), b'NAME')
        self.assertEqual(said['file'], said['free'])
        self.assertEqual(self.server.read('file'), b'old')
        fresh = [name for name in os.listdir(self.server.root)
                 if name.startswith('file-')]
        self.assertEqual(len(fresh), 1)
        for words in (['list'], ['get', 'file'], ['get', fresh[0]],
                      ['cat', 'file'], ['rm', 'file'], ['rm', '-r', fresh[0]],
                      ['mkdir', 'd'], ['mkdir', '-p', 'd/e'],
                      ['rmdir', 'd'], ['mv', 'file', 'x'],
                      ['cp', 'file', 'x'], ['append', 'local', 'file'],
                      ['put', '--offset', '0', 'local', 'file'],
                      ['truncate', 'file', '0'], ['sum', 'file'], ['find'],
                      ['du'], ['df'], ['touch', 'file'], ['touch', 'x'],
                      ['stat', 'file'], ['cd', '/'], ['lock', 'file'],
                      ['unlock', 'file'], ['locks'], ['uploads']):
            before = self.server.tree()
            self.server.client(*words, cwd=self.folder, code=ftlib.EX_NOPERM)
            self.assertEqual(self.server.tree(), before, words)


ftlib.main()
