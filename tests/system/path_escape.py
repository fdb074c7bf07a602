#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""No path leads out of a user's folder or into the server's own."""

import os

import ftlib
import ftwire

SECRET = b'secret of somebody else'


class Escape(ftlib.Test):
    """A user whose root is a folder of the base, with others beside it."""

    def setUp(self):
        super().setUp()
        self.setup = self.set_up(users={
            ftlib.USER: 'root=/mine', 'whole': ''})
        self.outside = self.path('outside')
        self.outside.mkdir(mode=0o777)
        self.outside.chmod(0o777)
        (self.outside / 'secret').write_bytes(SECRET)
        self.server = self.serve(self.setup)
        self.mine = self.server.path('mine')
        for name in ('mine', 'mine/sub', 'theirs'):
            os.mkdir(self.server.path(name))
            self.server.own(name)
        self.server.write('theirs/secret', SECRET)
        self.server.write('mine/file', b'mine')
        self.server.write('mine/sub/file', b'mine')

    def link(self, name, target):
        os.symlink(target, self.mine / name)

    def everything(self):
        """All that must stay as it is: the outside, and others' folders."""
        found = {name: row for name, row in self.server.tree().items()
                 if not name.startswith(b'mine')}
        for name in sorted(os.listdir(self.outside)):
            found[f'outside/{name}'] = self.server.describe(
                self.outside / name)
        private = self.server.root / '.ftserver'
        found['private'] = sorted(os.listdir(private))
        found['names'] = sorted(os.listdir(private / 'names'))
        found['stage'] = self.server.stages()
        return found

    def attempts(self, path):
        """Every request that takes a path; those with two in both places."""
        return [
            ('LIST', {'PATH': path}), ('STAT', {'PATH': path}),
            ('GET', {'PATH': path}), ('CD', {'PATH': path}),
            ('MKDIR', {'PATH': path}), ('RMDIR', {'PATH': path}),
            ('RM', {'PATH': path}), ('PUT', {'PATH': path}),
            ('MV', {'PATH': path, 'TARGET': '/stolen'}),
            ('MV', {'PATH': '/file', 'TARGET': path}),
            ('MV', {'PATH': '/sub', 'TARGET': path}),
        ]

    def outcome(self, wire, type_, fields):
        """'ok' or the word of the error; the content of a get."""
        try:
            if type_ == 'PUT':
                wire.put(fields['PATH'], b'overwritten')
            elif type_ == 'GET':
                return wire.get(fields['PATH'])
            elif type_ == 'LIST':
                return [e.name for e in wire.list(fields['PATH'])]
            else:
                wire.call(type_, fields)
        except ftwire.Refused as error:
            return error.code
        return 'ok'

    def never_leads_out(self, path):
        """Each request on it fails cleanly, and nothing at all changes."""
        before, own = self.everything(), self.own_tree()
        with self.server.wire() as wire:
            for type_, fields in self.attempts(path):
                self.assertIn(self.outcome(wire, type_, fields),
                              ('not-found', 'not-a-folder'), (type_, fields))
            self.assertEqual(wire.call('PWD')['PATH'], b'/')
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.own_tree(), own)

    def own_tree(self):
        return {name: row for name, row in self.server.tree().items()
                if name.startswith(b'mine')}


class DotDot(Escape):
    def test_dots_stop_at_the_root(self):
        for path in ('..', '../..', '/..', '/../..', './..', 'sub/../..',
                     'sub/../../', '/sub/./.././..//.'):
            with self.subTest(path=path), self.server.wire() as wire:
                self.assertEqual(wire.call('CD', {'PATH': path})['PATH'],
                                 b'/')
                self.assertEqual(
                    sorted(e.name for e in wire.list(path)),
                    [b'file', b'sub'])

    def test_dots_lead_to_no_sibling(self):
        for path in ('../theirs/secret', '/../theirs/secret',
                     'sub/../../theirs/secret',
                     '../../outside/secret', '../mine/file',
                     '/' + '../' * 50 + 'etc/passwd',
                     '..//theirs//secret', './../theirs/./secret'):
            with self.subTest(path=path):
                self.never_leads_out(path)

    def test_dots_are_seen_from_the_current_folder(self):
        with self.server.wire() as wire:
            wire.call('CD', {'PATH': 'sub'})
            self.assertEqual(wire.get('../file'), b'mine')
            self.assertRefused('not-found', wire.get, '../../theirs/secret')
            self.assertRefused('not-found', wire.get, '../../mine/file')

    def test_absolute_paths_begin_at_the_root(self):
        for path in (self.outside / 'secret', '/etc/passwd', '/proc/self/fd',
                     self.server.root / 'theirs/secret'):
            with self.subTest(path=path):
                self.never_leads_out(os.fsencode(path))

    def test_dots_in_names_are_only_names(self):
        with self.server.wire() as wire:
            for name in ('...', '..a', 'a..', '. .', '.. ', '%2e%2e',
                         '..\\..\\x'):
                wire.put(name, b'x')
                self.assertEqual(wire.get(name), b'x')
                self.assertEqual((self.mine / name).read_bytes(), b'x')

    def test_a_nul_ends_no_path_early(self):
        with self.server.wire() as wire:
            for path in (b'file\0', b'file\0/../../theirs/secret', b'\0'):
                for type_, fields in self.attempts(path):
                    with self.subTest(type=type_, path=path):
                        self.assertEqual(self.outcome(wire, type_, fields),
                                         'bad-path')


class Links(Escape):
    def test_links_that_lead_out_are_not_followed(self):
        for target in ('../theirs', '../../outside', '/', '/etc', '..',
                       str(self.outside), 'sub/../../theirs',
                       str(self.mine), '../mine', '/proc/self/root',
                       '/proc/self/cwd', '/proc/self/fd', '/dev'):
            with self.subTest(target=target):
                self.link('link', target)
                for path in ('link/secret', 'link/file', 'link/new',
                             'link/theirs/secret', 'link/etc/passwd',
                             'link/0', 'link/null'):
                    self.never_leads_out_by_link(path)
                with self.server.wire() as wire:
                    self.assertRefused('not-permitted', wire.call, 'CD',
                                       {'PATH': 'link/'})
                    # What is listed is the link itself.
                    self.assertEqual([(e.type, e.name)
                                      for e in wire.list('link/')],
                                     [('l', b'link')])
                os.unlink(self.mine / 'link')

    def never_leads_out_by_link(self, path):
        before, own = self.everything(), self.own_tree()
        with self.server.wire() as wire:
            for type_, fields in self.attempts(path):
                self.assertEqual(self.outcome(wire, type_, fields),
                                 'not-permitted', (type_, fields))
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.own_tree(), own)

    def test_a_file_behind_a_link_that_leads_out_is_not_read(self):
        for target in ('../theirs/secret', str(self.outside / 'secret'),
                       '/etc/passwd', '/proc/self/environ',
                       '/proc/version', '/dev/zero'):
            with self.subTest(target=target):
                self.link('link', target)
                with self.server.wire() as wire:
                    for call in (wire.get, wire.stat):
                        self.assertRefused('not-permitted', call, 'link')
                    # What shows is the link, and what it would be.
                    entry, = (e for e in wire.list() if e.name == b'link')
                    self.assertEqual(entry.type, 'l')
                os.unlink(self.mine / 'link')

    def test_a_put_never_writes_through_a_link(self):
        before = self.everything()
        with self.server.wire() as wire:
            for target in ('../theirs/secret', '../theirs/new', 'file',
                           str(self.outside / 'secret'), 'nowhere'):
                self.link('link', target)
                self.assertRefused('exists', wire.put, 'link', b'through')
                self.assertRefused('exists', wire.call, 'MV',
                                   {'PATH': 'sub/file', 'TARGET': 'link'})
                os.unlink(self.mine / 'link')
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.server.read('mine/file'), b'mine')

    def test_rm_and_mv_take_the_link_and_not_what_it_leads_to(self):
        before = self.everything()
        with self.server.wire() as wire:
            for target in ('../theirs/secret', '../theirs', 'file', 'sub'):
                self.link('link', target)
                wire.call('MV', {'PATH': 'link', 'TARGET': 'moved'})
                self.assertEqual(os.readlink(self.mine / 'moved'), target)
                wire.call('RM', {'PATH': 'moved'})
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.server.read('mine/file'), b'mine')

    def test_links_that_stay_inside_are_followed(self):
        self.link('link', 'sub')
        self.link('sub/up', '../file')
        self.link('twice', 'link/up')
        with self.server.wire() as wire:
            self.assertEqual(wire.get('link/file'), b'mine')
            self.assertEqual(wire.get('sub/up'), b'mine')
            self.assertEqual(wire.get('twice'), b'mine')
            wire.put('link/new', b'new')
            self.assertEqual(self.server.read('mine/sub/new'), b'new')

    def test_links_in_a_circle_end(self):
        self.link('a', 'b')
        self.link('b', 'a')
        self.link('c', 'c/c')
        for path in ('a', 'a/x', 'c', 'c/x'):
            with self.subTest(path=path), self.server.wire() as wire:
                for type_ in ('GET', 'STAT', 'CD'):
                    self.assertEqual(
                        self.outcome(wire, type_, {'PATH': path}),
                        'not-permitted')

    def test_a_folder_that_is_moved_out_takes_no_session_along(self):
        with self.server.wire() as wire:
            wire.call('CD', {'PATH': 'sub'})
            os.rename(self.mine / 'sub', self.server.path('theirs/sub'))
            for type_, fields in (('LIST', None), ('GET', 'file'),
                                  ('GET', '../secret'), ('PUT', 'new')):
                if type_ == 'LIST':
                    self.assertRefused('not-found', wire.list)
                else:
                    self.assertEqual(
                        self.outcome(wire, type_, {'PATH': fields}),
                        'not-found')
        self.assertEqual(self.server.tree()[b'theirs/secret'][1], SECRET)

    def test_a_folder_that_turns_into_a_link_takes_no_upload_along(self):
        """Parents are resolved again at the commit."""
        before = self.everything()
        with self.server.wire() as wire:
            id_ = wire.ask('PUT', {'PATH': 'sub/new'})
            wire.send_data(id_, 0, b'content')
            self.assertEqual(wire.receive().name, 'BEGUN')
            os.rename(self.mine / 'sub', self.mine / 'gone')
            self.link('sub', '../theirs')
            wire.send('COMMIT', id_, {
                'SIZE': 7, 'DIGEST': ftwire.digest(b'content')})
            self.assertRefused('not-permitted', wire.answer, id_)
        self.assertEqual(self.everything(), before)

    def test_devices_and_pipes_are_not_served(self):
        os.mkfifo(self.mine / 'fifo')
        self.server.own('mine/fifo')
        self.link('to-fifo', 'fifo')
        with self.server.wire() as wire:
            for path in ('fifo', 'to-fifo'):
                self.assertRefused('not-a-file', wire.get, path)
            self.assertRefused('not-a-file', wire.put, 'fifo', b'x')
            self.assertRefused('not-a-file', wire.call, 'RM',
                               {'PATH': 'fifo'})


class Private(Escape):
    """The folder .ftserver of the base, for a user who has all of the base."""

    SPELLINGS = [
        '.ftserver', '/.ftserver', './.ftserver', '//.ftserver//',
        'mine/../.ftserver', '.ftserver/.', '.ftserver/../.ftserver',
        '.FTSERVER', '.FtServer', 'in/.ftserver',
    ]
    BELOW = ['', '/stage', '/names', '/names/00', '/stage/x', '/x',
             '/stage/..', '/../.ftserver/names/00']

    def test_it_is_out_of_reach_by_every_spelling(self):
        for spelling in self.SPELLINGS:
            for below in self.BELOW:
                if (spelling + below).endswith('/stage/..'):
                    continue
                with self.subTest(path=spelling + below):
                    self.is_hidden(spelling + below)

    def is_hidden(self, path):
        """Nothing of it is seen, made, changed or taken away."""
        before = self.everything()
        with self.server.wire('whole') as wire:
            for type_, fields in self.attempts(path):
                fields = {name: value.replace('/file', '/mine/file')
                          .replace('/sub', '/mine/sub')
                          if value in ('/file', '/sub') else value
                          for name, value in fields.items()}
                self.assertIn(
                    self.outcome(wire, type_, fields),
                    ('not-found', 'not-permitted'), (type_, fields))
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.server.read('mine/file'), b'mine')

    def test_no_listing_shows_it(self):
        with self.server.wire('whole') as wire:
            for path in ('', '/', '.', 'mine/..'):
                self.assertEqual(sorted(e.name for e in wire.list(path)),
                                 [b'mine', b'theirs'])

    def test_no_link_leads_into_it(self):
        os.symlink('.ftserver', self.server.path('link'))
        os.symlink('.ftserver/names', self.server.path('names'))
        os.symlink('.ftserver/names/00', self.server.path('file'))
        os.symlink('link', self.server.path('twice'))
        os.symlink('mine/../.ftserver/names/00', self.server.path('dots'))
        before = self.everything()
        with self.server.wire('whole') as wire:
            for path in ('link/names', 'link/names/00', 'names/00',
                         'names/new', 'twice/names/00', 'link/stage/new'):
                for type_, fields in self.attempts(path):
                    self.assertIn(self.outcome(wire, type_, fields), (
                        'not-found', 'not-permitted', 'not-a-folder',
                        'exists'), (type_, fields))
            for path in ('file', 'dots', 'twice', 'link', 'names'):
                for type_ in ('GET', 'STAT', 'CD'):
                    self.assertIn(
                        self.outcome(wire, type_, {'PATH': path}),
                        ('not-found', 'not-permitted', 'not-a-folder'),
                        (type_, path))
        self.assertEqual(self.everything(), before)

    def test_its_name_is_free_elsewhere(self):
        with self.server.wire() as wire:
            wire.call('MKDIR', {'PATH': '.ftserver'})
            wire.put('.ftserver/a', b'mine')
            self.assertIn(b'.ftserver', [e.name for e in wire.list()])
            wire.call('RM', {'PATH': '.ftserver/a'})
            wire.call('RMDIR', {'PATH': '.ftserver'})

    def test_a_stage_is_out_of_reach_while_it_is_there(self):
        with self.server.wire('whole') as wire, \
                self.server.wire('whole') as other:
            id_ = wire.ask('PUT', {'PATH': 'a'})
            wire.send_data(id_, 0, b'content')
            self.assertEqual(wire.receive().name, 'BEGUN')
            stage, = self.server.stages()
            for type_, fields in self.attempts(f'.ftserver/stage/{stage}'):
                if fields.get('TARGET', '/stolen') == '/stolen':
                    self.assertEqual(self.outcome(other, type_, fields),
                                     'not-found')
            wire.send('ABORT', id_)
            self.assertRefused('cancelled', wire.answer, id_)
        self.assertEqual(self.server.stages(), [])

    def test_the_real_client_is_told_cleanly(self):
        self.write('a', b'x')
        self.server.user = 'whole'
        for code, word, words in (
                (ftlib.EX_NOINPUT, 'not-found', ['list', '.ftserver']),
                (ftlib.EX_NOINPUT, 'not-found', ['cd', '.ftserver']),
                (ftlib.EX_NOINPUT, 'not-found',
                 ['get', '.ftserver/names/00']),
                (ftlib.EX_NOPERM, 'not-permitted', ['put', 'a', '.ftserver']),
                (ftlib.EX_NOINPUT, 'not-found', ['put', 'a', '.ftserver/']),
                (ftlib.EX_NOPERM, 'not-permitted', ['rm', '.ftserver']),
                (ftlib.EX_NOPERM, 'not-permitted',
                 ['mv', '.ftserver', 'x'])):
            with self.subTest(words=words):
                done = self.server.client(*words, code=code, cwd=self.folder)
                self.assertRegex(
                    done.stderr,
                    rb'\Aftclient: [^\n]* \(%s\)\n\Z' % word.encode())


if __name__ == '__main__':
    ftlib.main()
