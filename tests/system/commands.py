#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every command of ftclient, in each way that it can be given."""

import contextlib
import os
import re
import shlex
import socket
import stat

import ftlib
import ftwire

# Each line, and what it says; the folders are named from the root, so that it
# does not matter whether a cd is remembered.
SCRIPT = [
    ('mkdir /new "/new/with space" /gone', ''),
    ('put a /new/a', 'put /new/a 7 bytes\n'),
    ('put a', 'put a 7 bytes\n'),
    ('put a /gone/', 'put /gone/a 7 bytes\n'),
    ('mv /gone/a "/new/with space/b"', ''),
    ('rmdir /gone', ''),
    ('cd /new', ''),
    ('put b /x', 'put /x 0 bytes\n'),
    ('put b /y', 'put /y 0 bytes\n'),
    ('rm /x /y', ''),
    ('get "/new/with space/b" fetched', 'get /new/with space/b 7 bytes\n'),
    ('get /new/a -', 'content'),
    ('list "/new/with space"', '-            7 TIME b\n'),
    ('list -l /new/a', '-rw-r--r--            7 TIME a\n'),
    ('stat /new/a', 'name: a\ntype: file\nsize: 7\nmode: 0644 (-rw-r--r--)\n'
     'time: TIME\nversion: VERSION\nmime: text/plain\n'),
]


class Commands(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.work = self.path('work')
        self.work.mkdir()
        self.new_server()

    def new_server(self, **options):
        self.server = self.serve(self.set_up(**options))

    def run_client(self, *words, code=ftlib.OK, **options):
        """Run ftclient in self.work; whatever it says is fit to be shown."""
        done = self.server.client(*words, code=code, cwd=self.work, **options)
        self.assertNotRegex(done.stderr, rb'[\x00-\x09\x0b-\x1f\x7f]')
        return done

    def says(self, *words, **options):
        """What it prints, if nothing went wrong."""
        done = self.run_client(*words, **options)
        self.assertEqual(done.stderr, b'')
        return done.stdout

    def fails(self, code, word, *words, **options):
        """One line with the word, and the server is as it was."""
        before = self.server.tree()
        done = self.run_client(*words, code=code, **options)
        self.assertRegex(done.stderr,
                         rb'\Aftclient: [^\n]+ \(%s\)\n\Z' % word.encode())
        self.assertEqual(self.server.tree(), before)
        self.assertEqual(self.server.stages(), [])
        return done

    def here(self, name, content=b'content'):
        """A file on the client's side."""
        (self.work / name).write_bytes(content)
        return name

    def there(self, name, content=b'content'):
        """A file on the server's side, as a local program might make it."""
        self.server.write(name, content)
        return name

    def local(self):
        return sorted(os.listdir(self.work))


class Ways(Commands):
    """The same commands one by one, in a batch and on standard input."""

    def setUp(self):
        super().setUp()
        self.here('a')
        self.here('b', b'')

    def check(self, said, wanted):
        said = re.sub(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', 'TIME',
                      said.decode())
        said = re.sub(r'\b[0-9a-f]{32}\b', 'VERSION', said)
        self.assertEqual(said, wanted)

    def check_outcome(self):
        tree = self.server.tree()
        self.assertEqual(sorted(tree), [b'a', b'new', b'new/a',
                                        b'new/with space',
                                        b'new/with space/b'])
        self.assertEqual(self.server.read('new/with space/b'), b'content')
        self.assertEqual((self.work / 'fetched').read_bytes(), b'content')
        self.assertEqual(self.local(), ['a', 'b', 'fetched'])

    def test_commands_run_one_by_one(self):
        for line, wanted in SCRIPT:
            with self.subTest(line=line):
                self.check(self.says(*shlex.split(line)), wanted)
        self.check_outcome()

    def run_all(self, *options, **more):
        said = self.says(argv=[ftlib.program('ftclient'), '--pin',
                               self.server.pin, '--password-file',
                               self.server.password_file, *options,
                               self.server.target()], **more)
        self.check(said, ''.join(wanted for _, wanted in SCRIPT))
        self.check_outcome()

    def lines(self):
        return ''.join(line + '\n' for line, _ in SCRIPT).encode()

    def test_commands_run_in_a_batch(self):
        batch = self.write('batch', self.lines())
        self.run_all('-b', batch)

    def test_commands_run_from_standard_input(self):
        self.run_all(input=self.lines())

    def test_a_batch_can_be_standard_input(self):
        self.run_all('-b', '-', input=self.lines())

    def test_the_last_line_needs_no_newline(self):
        self.run_all(input=self.lines()[:-1])


class Verbs(Commands):
    def test_list_shows_type_size_time_and_name(self):
        self.there('file', b'x' * 1234)
        (self.server.root / 'folder').mkdir()
        (self.server.root / 'link').symlink_to('file')
        os.utime(self.server.path('file'), (86400, 86400))
        said = self.says('list', env={'TZ': 'UTC'})
        lines = {line.split()[-1]: line for line in said.splitlines()}
        self.assertEqual(lines[b'file'],
                         b'-         1234 1970-01-02 00:00:00 file')
        self.assertEqual(lines[b'folder'][:2], b'd ')
        self.assertEqual(lines[b'link'][:2], b'l ')
        self.assertEqual(len(lines), 3)

    def test_an_empty_folder_lists_as_nothing(self):
        self.assertEqual(self.says('list'), b'')

    def test_ls_is_list_and_del_is_rm_and_rename_is_mv(self):
        self.there('a')
        self.assertIn(b' a\n', self.says('ls'))
        self.says('rename', 'a', 'b')
        self.says('del', 'b')
        self.assertEqual(self.server.tree(), {})

    def test_stat_follows_a_link_and_list_does_not(self):
        self.there('file')
        (self.server.root / 'link').symlink_to('file')
        self.assertIn(b'type: file\nsize: 7\n', self.says('stat', 'link'))
        self.assertEqual(self.says('list')[:2], b'- ')

    def test_get_takes_the_name_that_the_file_has(self):
        os.mkdir(self.server.path('d'))
        self.there('d/a')
        self.says('get', 'd/a')
        self.assertEqual(self.read('work/a'), b'content')
        self.assertEqual(self.local(), ['a'])

    def test_get_goes_into_a_folder(self):
        self.there('a')
        os.mkdir(self.work / 'f')
        self.says('get', 'a', 'f')
        self.assertEqual(self.read('work/f/a'), b'content')
        os.unlink(self.work / 'f/a')
        self.says('get', 'a', 'f/')
        self.assertEqual(self.read('work/f/a'), b'content')

    def test_get_replaces_a_file_and_keeps_its_mode(self):
        self.there('a', b'new')
        self.here('a', b'something that is longer')
        os.chmod(self.work / 'a', 0o600)
        self.says('get', 'a')
        self.assertEqual(self.read('work/a'), b'new')
        self.assertEqual(self.mode(self.work / 'a'), 0o600)

    def test_get_to_a_dash_prints_the_content_and_nothing_else(self):
        content = bytes(range(256)) * 1000
        self.there('a', content)
        self.assertEqual(self.says('get', 'a', '-'), content)
        self.assertEqual(self.local(), [])

    def test_a_get_that_fails_leaves_the_old_file(self):
        self.here('a', b'old')
        self.fails(ftlib.EX_NOINPUT, 'not-found', 'get', 'a')
        self.assertEqual(self.read('work/a'), b'old')
        self.assertEqual(self.local(), ['a'])

    def test_put_takes_the_name_that_the_file_has(self):
        os.mkdir(self.work / 'f')
        self.here('f/a')
        self.says('put', 'f/a')
        self.assertEqual(self.server.read('a'), b'content')

    def test_put_goes_into_a_folder(self):
        os.mkdir(self.server.path('d'))
        self.server.own('d')
        self.here('a')
        for name in ('d', 'd/', 'd/.'):
            with self.subTest(name=name):
                self.says('put', 'a', name)
                self.assertEqual(self.server.read('d/a'), b'content')
                os.unlink(self.server.path('d/a'))

    def test_put_replaces_a_file_and_keeps_its_mode(self):
        self.here('a', b'new')
        self.there('a', b'something that is longer')
        self.server.path('a').chmod(0o640)
        self.says('put', 'a')
        self.assertEqual(self.server.read('a'), b'new')
        self.assertEqual(self.mode(self.server.path('a')), 0o640)

    def test_put_of_a_dash_sends_standard_input(self):
        content = os.urandom(3 << 20)
        self.assertEqual(self.says('put', '-', 'a', input=content),
                         b'put a %d bytes\n' % len(content))
        self.assertEqual(self.server.read('a'), content)
        self.says('put', '-', 'empty', input=b'')
        self.assertEqual(self.server.read('empty'), b'')

    def test_put_of_a_dash_takes_what_follows_its_line_of_a_batch(self):
        batch = self.write('batch', b'put - a\nput - b\n')
        self.says(argv=self.argv_of_batch(batch), input=b'all of it')
        self.assertEqual(self.server.read('a'), b'all of it')
        self.assertEqual(self.server.read('b'), b'')

    def argv_of_batch(self, batch):
        return [ftlib.program('ftclient'), '--pin', self.server.pin,
                '--password-file', self.server.password_file, '-b', batch,
                self.server.target()]

    def test_cd_and_pwd_go_together(self):
        os.makedirs(self.server.path('d/e'))
        said = self.says(input=b'pwd\ncd d\npwd\ncd e\npwd\ncd ../..\npwd\n'
                               b'cd /d/e\ncd\npwd\ncd ../../..\npwd\n')
        self.assertEqual(said, b'/\n/d\n/d/e\n/\n/\n/\n')

    def test_names_are_seen_from_the_current_folder(self):
        self.here('a')
        self.says(input=b'mkdir d\ncd d\nput a\nmkdir e\nmv a e/b\nput a\n'
                        b'rm a\nmkdir f\nrmdir f\n')
        self.assertEqual(sorted(self.server.tree()), [b'd', b'd/e', b'd/e/b'])

    def test_a_session_begins_in_the_folder_of_the_target(self):
        os.makedirs(self.server.path('d/with space'))
        self.there('d/with space/a')
        self.assertEqual(self.at('/d/with space', 'pwd'), b'/d/with space\n')
        self.assertEqual(self.at('/d/with space', 'get', 'a', '-'),
                         b'content')
        self.assertEqual(self.at('/', 'pwd'), b'/\n')

    def test_a_url_names_the_server_and_the_folder(self):
        os.makedirs(self.server.path('d/with space'))
        url = f'fts://{self.server.target("/d/with%20space")}'
        self.assertEqual(self.says(argv=self.argv_of(url, 'pwd')),
                         b'/d/with space\n')
        url = f'FTS://{self.server.target()}'
        self.assertEqual(self.says(argv=self.argv_of(url, 'pwd')), b'/\n')

    def at(self, path, *words):
        return self.says(argv=self.argv_of(self.server.target(path), *words))

    def argv_of(self, target, *words):
        return [ftlib.program('ftclient'), '--pin', self.server.pin,
                '--password-file', self.server.password_file, target, *words]

    def test_mkdir_makes_all_folders_that_are_named(self):
        self.says('mkdir', 'a', 'a/b', 'c')
        self.assertEqual(sorted(self.server.tree()), [b'a', b'a/b', b'c'])

    def test_rm_removes_files_and_links_up_to_the_first_failure(self):
        for name in 'abc':
            self.there(name)
        (self.server.root / 'l').symlink_to('nowhere')
        done = self.run_client('rm', 'l', 'a', 'missing', 'b',
                               code=ftlib.EX_NOINPUT)
        self.assertRegex(done.stderr, rb'^ftclient: [^\n]*missing: .*not-found')
        self.assertEqual(sorted(self.server.tree()), [b'b', b'c'])

    def test_mv_renames_files_and_folders(self):
        os.mkdir(self.server.path('d'))
        self.server.own('d')
        self.there('d/a')
        self.says('mv', 'd', 'e')
        self.says('mv', 'e/a', 'b')
        self.assertEqual(sorted(self.server.tree()), [b'b', b'e'])

    def test_mv_replaces_a_file(self):
        self.there('a', b'new')
        self.there('b', b'old')
        self.says('mv', 'a', 'b')
        self.assertEqual(self.server.read('b'), b'new')
        self.assertEqual(sorted(self.server.tree()), [b'b'])

    def test_mv_goes_into_a_folder(self):
        os.mkdir(self.server.path('d'))
        self.server.own('d')
        self.there('a')
        self.says('mv', 'a', 'd')
        self.assertEqual(sorted(self.server.tree()), [b'd', b'd/a'])
        self.says('mv', 'd/a', '.')
        self.assertEqual(sorted(self.server.tree()), [b'a', b'd'])
        os.mkdir(self.server.path('e'))
        self.server.own('e')
        self.says('mv', 'd', 'e')
        self.assertEqual(sorted(self.server.tree()), [b'a', b'e', b'e/d'])

    def test_a_dash_dash_ends_the_options_of_a_command(self):
        self.here('-l')
        self.says('put', '--', '-l')
        self.assertIn(b' -l\n', self.says('list', '--', '-l'))
        self.says('rm', '--', '-l')
        self.assertEqual(self.server.tree(), {})

    def test_quiet_transfers_say_nothing(self):
        self.here('a')
        argv = self.server.client_argv('put', 'a')
        argv.insert(1, '-q')
        self.assertEqual(self.says(argv=argv), b'')


class Failures(Commands):
    """Each kind of failure has its code, its word, and no effect."""

    def setUp(self):
        super().setUp()
        self.here('a')
        self.there('file')
        os.mkdir(self.server.path('folder'))
        self.there('folder/full')
        (self.server.root / 'dangling').symlink_to('nowhere')
        os.mkfifo(self.server.path('fifo'))
        for name in ('folder', 'dangling', 'fifo'):
            self.server.own(name)

    def fail_all(self, code, rows):
        for word, line in rows:
            with self.subTest(line=line):
                self.fails(code, word, *shlex.split(line))
        self.assertEqual(self.local(), ['a'])

    def test_wrong_use_is_64(self):
        self.fail_all(ftlib.EX_USAGE, [
            ('usage', 'frobnicate'),
            ('usage', 'lits'),
            ('usage', 'get'),
            ('usage', 'get file b c'),
            ('usage', 'get /'),
            ('usage', 'put'),
            ('usage', 'put -'),
            ('usage', 'stat'),
            ('usage', 'list -z'),
            ('usage', 'rm -x folder'),
            ('usage', 'mkdir'),
            ('usage', 'mv file'),
            ('usage', 'mv file x y'),
            ('usage', 'pwd x'),
            ('bad-request', 'mv folder folder/x'),
            ('name-too-long', 'mkdir ' + 'n' * 256),
            ('name-too-long', 'put a ' + 'n' * 256),
            ('name-too-long', 'get ' + 'n/' * 2048),
            ('name-too-long', 'mv file ' + 'n' * 5000),
        ])

    def test_what_is_not_there_is_66(self):
        self.fail_all(ftlib.EX_NOINPUT, [
            ('not-found', 'list missing'),
            ('not-found', 'stat missing'),
            ('not-found', 'get missing'),
            ('not-found', 'get missing/file'),
            ('not-found', 'get dangling'),
            ('not-found', 'put missing'),
            ('not-found', 'put a missing/a'),
            ('not-found', 'cd missing'),
            ('not-found', 'mkdir missing/new'),
            ('not-found', 'rmdir missing'),
            ('not-found', 'rm missing'),
            ('not-found', 'mv missing x'),
            ('not-found', 'mv file missing/x'),
        ])

    def test_what_is_of_another_kind_is_66(self):
        self.fail_all(ftlib.EX_NOINPUT, [
            ('is-a-folder', 'get folder'),
            ('is-a-folder', 'put ../work'),
            ('is-a-folder', 'rm folder'),
            ('not-a-folder', 'cd file'),
            ('not-a-folder', 'rmdir file'),
            ('not-a-folder', 'list file/x'),
            ('not-a-folder', 'get file/x'),
            ('not-a-folder', 'put a file/x'),
            ('not-a-folder', 'mkdir file/x'),
            ('not-a-file', 'get fifo'),
            ('not-a-file', 'rm fifo'),
            ('not-a-file', 'mv fifo x'),
            ('not-a-file', 'put a fifo'),
            ('not-a-file', 'put /dev/zero'),
        ])

    def test_an_unknown_host_is_68(self):
        self.fails(ftlib.EX_NOHOST, 'unknown-host', argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            'tester@no..such.host', 'list'])

    def test_a_host_that_nobody_could_look_up_is_75(self):
        self.fails(ftlib.EX_TEMPFAIL, 'timeout', argv=[
            # Root in a chroot makes no namespace of users, and needs none.
            'unshare', '-n' if os.geteuid() == 0 else '-rn',
            ftlib.program('ftclient'), '--pin',
            self.server.pin, 'tester@no-such-host.invalid', 'list'])

    def test_a_server_that_is_not_there_is_69(self):
        with contextlib.closing(socket.socket()) as taken:
            taken.bind(('127.0.0.1', 0))
            self.fails(ftlib.EX_UNAVAILABLE, 'unreachable', argv=[
                ftlib.program('ftclient'), '--pin', self.server.pin,
                f'tester@127.0.0.1:{taken.getsockname()[1]}', 'list'])

    def test_what_cannot_be_made_is_73(self):
        self.fail_all(ftlib.EX_CANTCREAT, [
            ('exists', 'mkdir folder'),
            ('exists', 'mkdir file'),
            ('exists', 'put a dangling'),
            ('exists', 'mv file dangling'),
            ('exists', 'mv folder file'),
            ('not-empty', 'rmdir folder'),
            ('cannot-create', 'get file missing/x'),
            ('cannot-create', 'get file a/x'),
        ])

    def test_a_folder_is_never_replaced(self):
        os.makedirs(self.server.path('other/folder'))
        self.server.own('other')
        self.fails(ftlib.EX_CANTCREAT, 'exists', 'mv', 'folder', 'other')

    def test_a_full_disk_is_74(self):
        done = self.fails(ftlib.EX_IOERR, 'no-space', 'get', 'file',
                          '/dev/full')
        self.assertEqual(done.stdout, b'')

    def test_a_full_standard_output_is_74(self):
        before = self.server.tree()
        for words in (['get', 'file', '-'], ['list'], ['stat', 'file']):
            with self.subTest(words=words), open('/dev/full', 'wb') as full:
                with self.server.start_client(
                        *words, stdout=full, stderr=-1) as client:
                    said = client.stderr.read()
                    self.assertEqual(client.wait(), ftlib.EX_IOERR)
                self.assertRegex(said, rb'\A[^\n]* \(no-space\)\n\Z')
        self.assertEqual(self.server.tree(), before)

    def test_a_lock_of_somebody_else_is_75(self):
        with ftlib.LocalLock(self.server.path('file')):
            self.fail_all(ftlib.EX_TEMPFAIL, [
                ('locked', 'get file'),
                ('locked', 'put a file'),
                ('locked', 'rm file'),
                ('locked', 'mv file x'),
            ])

    def test_a_server_that_is_not_trusted_is_76(self):
        pin = 'sha256//' + 'A' * 43 + '='
        self.fails(ftlib.EX_PROTOCOL, 'trust', 'list', trust=('--pin', pin))

    def test_a_wrong_password_is_77(self):
        self.server.password_file.write_text('wrong\n')
        self.fails(ftlib.EX_NOPERM, 'login-refused', 'list')

    def test_what_is_not_permitted_is_77(self):
        self.server.setup.write_users({ftlib.USER: 'rights=read'})
        self.fail_all(ftlib.EX_NOPERM, [
            ('not-permitted', 'put a'),
            ('not-permitted', 'mkdir x'),
            ('not-permitted', 'rmdir folder'),
            ('not-permitted', 'rm file'),
            ('not-permitted', 'mv file x'),
        ])
        self.assertEqual(self.says('get', 'file', '-'), b'content')

    def test_who_may_not_read_is_told_so(self):
        self.server.setup.write_users({ftlib.USER: 'rights=write'})
        self.fail_all(ftlib.EX_NOPERM, [
            ('not-permitted', 'list'),
            ('not-permitted', 'stat file'),
            ('not-permitted', 'get file'),
            ('not-permitted', 'cd folder'),
        ])
        # Nor are they told which names are taken.
        self.says('put', 'a', 'new')
        self.says('put', 'a', 'new')
        self.assertEqual(len([name for name in os.listdir(self.server.root)
                              if name.startswith('new')]), 2)

    def test_who_may_not_overwrite_is_told_so(self):
        self.server.setup.write_users({ftlib.USER: 'rights=list+write'})
        self.says('put', 'a', 'new')
        self.fails(ftlib.EX_NOPERM, 'not-permitted', 'put', 'a', 'new')

    def test_a_password_file_that_others_may_read_is_78(self):
        self.server.password_file.chmod(0o644)
        self.fails(ftlib.EX_CONFIG, 'config', 'list')

    def test_nonsense_in_front_of_the_target_is_64(self):
        program = ftlib.program('ftclient')
        target = self.server.target()
        for argv in ([program], [program, '--frobnicate', target],
                     [program, '--pin', 'x', target, 'list'],
                     [program, '-b'], [program, '-b', 'x', target, 'list'],
                     [program, 'ftp://127.0.0.1/', 'list'],
                     [program, 'tester@127.0.0.1:0', 'list'],
                     [program, 'tester@127.0.0.1:65536', 'list'],
                     [program, 'fts://tester:word@127.0.0.1/', 'list']):
            with self.subTest(argv=argv[1:]):
                self.fails(ftlib.EX_USAGE, 'usage', argv=argv)

    def test_a_start_folder_that_is_missing_ends_it(self):
        self.fails(ftlib.EX_NOINPUT, 'not-found', argv=[
            ftlib.program('ftclient'), '--pin', self.server.pin,
            '--password-file', self.server.password_file,
            self.server.target('/missing'), 'put', 'a'])


class Batches(Commands):
    """A batch ends at its first failure, with its code, and at no other."""

    def setUp(self):
        super().setUp()
        for name in 'abc':
            self.here(name)

    def batch(self, *lines, code=ftlib.OK):
        """Once from a file and once from standard input; what it said."""
        batch = self.write('batch', '\n'.join(lines).encode() + b'\n')
        before = self.server.tree()
        argv = self.server.client_argv()
        from_file = self.run_client(argv=[*argv[:1], '-b', batch, *argv[1:]],
                                    code=code)
        after = self.server.tree()
        self.empty(before)
        from_input = self.run_client(input=batch.read_bytes(), code=code)
        self.assertEqual(self.names_of(after),
                         self.names_of(self.server.tree()))
        self.assertEqual(self.strip(from_file), self.strip(from_input))
        self.assertEqual(self.server.stages(), [])
        return from_file

    def strip(self, done):
        """What is the same each time."""
        said = re.sub(rb'version: \w+|\d\d:\d\d:\d\d', b'', done.stdout)
        return said, re.sub(rb'ftclient: \S+/batch:(\d+)',
                            rb'ftclient: line \1', done.stderr)

    def names_of(self, tree):
        return {name: row[:2] for name, row in tree.items()}

    def empty(self, before):
        """Take away what the batch has made."""
        for name in sorted(self.server.tree(), reverse=True):
            path = self.server.path(name)
            if name not in before:
                path.rmdir() if stat.S_ISDIR(path.lstat().st_mode) else \
                    path.unlink()

    def names(self):
        return sorted(self.server.tree())

    def test_nothing_runs_behind_the_first_failure(self):
        for code, word, line in [
                (64, 'usage', 'frobnicate'),
                (64, 'usage', 'mkdir "open'),
                (64, 'usage', 'list a b'),
                (66, 'not-found', 'get missing'),
                (66, 'not-found', 'put missing'),
                (66, 'not-found', 'put a missing/a'),
                (73, 'exists', 'mkdir one'),
                (73, 'cannot-create', 'get a no/where'),
                (77, 'not-permitted', 'put a .ftserver')]:
            with self.subTest(line=line):
                done = self.batch('put a', 'mkdir one', line, 'mkdir two',
                                  'put b', 'frobnicate', code=code)
                self.assertRegex(
                    done.stderr,
                    rb'\Aftclient: [^\n]+ \(%s\)\n\Z' % word.encode())
                self.assertEqual(self.names(), [b'a', b'one'])
                self.empty({})

    def test_puts_behind_one_that_fails_are_not_stored(self):
        done = self.batch('put a', 'put b missing/b', *['put c'] * 20,
                          code=66)
        self.assertEqual(self.names(), [b'a'])
        self.assertEqual(done.stdout, b'put a 7 bytes\n')
        self.assertRegex(done.stderr,
                         rb'\Aftclient: [^\n]*missing/b: [^\n]*\n\Z')

    def test_the_code_is_that_of_the_first_failure(self):
        self.batch('mkdir d', 'rmdir missing', 'mkdir d', code=66)
        self.empty({})
        self.batch('mkdir d', 'mkdir d', 'rmdir missing', code=73)

    def test_a_line_that_may_fail_ends_nothing(self):
        done = self.batch('-rm missing', '- mkdir d', '-mkdir d',
                          '-put missing', '-put a missing/a', 'put a',
                          '-frobnicate', 'put b d')
        self.assertEqual(self.names(), [b'a', b'd', b'd/b'])
        self.assertEqual(done.stderr.count(b'\n'), 5)

    def test_what_may_fail_does_not_hide_what_may_not(self):
        self.batch('put a', '-put a no/a', 'put b no/b', '-put c', 'put c',
                   code=66)
        self.assertNotIn(b'b', self.names())
        self.assertNotIn(b'c', self.names())

    def test_success_never_ends_it(self):
        self.there('a', b'old')
        self.batch('', '# a comment', '   ', 'put a', 'put a', 'list',
                   'get a x', 'get a x', 'mkdir d', 'cd d', 'pwd', 'put b',
                   'rm b', 'cd', 'rmdir d', 'stat a', 'lpwd', 'help', 'put c')
        self.assertEqual(self.names(), [b'a', b'c'])

    def test_quit_ends_it_well(self):
        for word in ('quit', 'exit', 'bye'):
            with self.subTest(word=word):
                self.batch('put a', word, 'put b', 'frobnicate')
                self.assertEqual(self.names(), [b'a'])

    def test_words_can_be_quoted(self):
        self.batch(r'''mkdir "a b" 'c"d' e\ f "g\"h" i#j''', r'mkdir \#k')
        self.assertEqual(self.names(), [b'#k', b'a b', b'c"d', b'e f',
                                        b'g"h', b'i#j'])

    def test_a_batch_that_is_missing_is_66(self):
        argv = self.server.client_argv()
        self.fails(ftlib.EX_NOINPUT, 'not-found',
                   argv=[*argv[:1], '-b', self.path('missing'), *argv[1:]])

    def test_a_line_that_is_too_long_or_has_a_nul_is_refused(self):
        self.fails(ftlib.EX_USAGE, 'usage', input=b'mkdir ' + b'x' * 70000)
        self.fails(ftlib.EX_USAGE, 'usage', input=b'mkdir a\0b\n')


class Order(Commands):
    """Puts that are sent in one go are answered in order."""

    def test_an_error_takes_its_turn_and_skips_what_is_chained(self):
        for code, path, fields in [
                ('not-found', 'missing/b', {}),
                ('name-too-long', 'b' * 256, {}),
                ('not-permitted', '.ftserver', {}),
                ('not-permitted', '.FtServer', {}),
                ('bad-path', 'b\0', {}),
                ('unsupported', 'b', {0x7fff: b''}),
                ('unsupported', 'b', {'OFFSET': 0}),
                ('bad-request', 'b', {'IF_ABSENT': b'',
                                      'IF_VERSION': b'v' * 16}),
                ('size', 'b', {'SIZE': 1}),
                ('precondition', 'b', {'IF_VERSION': b'v' * 16})]:
            with self.subTest(code=code, path=path), \
                    self.server.wire() as wire:
                flags = (0, 0, ftwire.CHAINED, ftwire.CHAINED, 0,
                         ftwire.CHAINED)
                ids = [self.put(wire, f'{n}', flags=flag)
                       for n, flag in enumerate(flags)]
                ids.append(self.put(wire, path, 0, fields))
                self.assertEqual([self.outcome(wire, id_) for id_ in ids],
                                 ['ok'] * 6 + [code])
                ids = [self.put(wire, 'a'),
                       self.put(wire, path, ftwire.CHAINED, fields),
                       *(self.put(wire, f'skipped{n}', ftwire.CHAINED)
                         for n in range(3)),
                       wire.ask('MKDIR', {'PATH': 'skipped'},
                                flags=ftwire.CHAINED),
                       self.put(wire, 'b'),
                       wire.ask('MKDIR', {'PATH': 'skipped'},
                                flags=ftwire.CHAINED),
                       self.put(wire, 'c', ftwire.CHAINED)]
                self.assertEqual(
                    [self.outcome(wire, id_) for id_ in ids],
                    ['ok', code, *['skipped'] * 4, 'ok', 'ok', 'ok'])
                names = sorted(self.server.tree())
                self.assertEqual(names, [b'0', b'1', b'2', b'3', b'4', b'5',
                                         b'a', b'b', b'c', b'skipped'])
                self.assertEqual(self.server.stages(), [])
                for name in names[:-1]:
                    self.server.path(name).unlink()
                self.server.path('skipped').rmdir()

    def put(self, wire, path, flags=0, more=()):
        content = b'content'
        fields = {'PATH': path, 'SIZE': len(content), **dict(more)}
        id_ = wire.ask('PUT', fields, flags=flags)
        wire.send_data(id_, 0, content)
        wire.send('COMMIT', id_, {'SIZE': len(content),
                                  'DIGEST': ftwire.digest(content)})
        return id_

    def outcome(self, wire, id_):
        try:
            wire.answer(id_)
        except ftwire.Refused as error:
            return error.code
        return 'ok'


if __name__ == '__main__':
    ftlib.main()
