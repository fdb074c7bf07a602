#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""ftclient in scripts: --json, --receipts, and where a batch ends."""

import base64
import json
import os
import re
import subprocess

import ftlib
import ftwire

MIB = 1 << 20

# As they are in the folder of the server; the last are no UTF-8.
NAMES = [b'plain', 'ümläut'.encode(), b'two\nlines', b'esc\x1b[2J', b'del\x7f',
         b'"quoted\\"', 'turn\u202e'.encode(), '\U0001f600'.encode(),
         b'\xff\xfe', b'half\xc3', b'surrogate\xed\xa0\x80']


def bytes_of(told, key='name'):
    """The bytes that a member stands for, as ftclient-json(5) has it."""
    if key + '_bytes' in told:
        return base64.b64decode(told[key + '_bytes'])
    return told[key].encode()


class Script(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve(self.set_up())

    def run_client(self, *words, options=(), **more):
        argv = self.server.client_argv(*words)
        return self.server.client(argv=[argv[0], *options, *argv[1:]],
                                  cwd=self.folder, **more)

    def objects(self, output):
        """Each line an object, of nothing but printable ASCII."""
        self.assertRegex(output, rb'\A([ -~]+\n)+\Z')
        found = [json.loads(line) for line in output.splitlines()]
        for told in found:
            self.assertIsInstance(told['type'], str)
        return found

    def tell(self, *words, code=ftlib.OK, options=(), **more):
        """What --json tells, but for the total, which is self.total."""
        done = self.run_client(*words, options=['--json', *options],
                               code=code, **more)
        *found, self.total = self.objects(done.stdout)
        self.assertEqual(self.total['type'], 'total')
        self.assertEqual(self.total['exit'], code)
        self.assertEqual(self.total['failures'],
                         sum(told['type'] == 'error' for told in found))
        self.assertNotIn('total', [told['type'] for told in found])
        return found

    def tell_one(self, *words, **more):
        found = self.tell(*words, **more)
        self.assertEqual(len(found), 1, found)
        return found[0]


class Results(Script):
    def check_entry(self, told, name):
        facts = os.stat(self.server.path(name))
        self.assertEqual(told['kind'], 'file')
        self.assertEqual(told['size'], facts.st_size)
        self.assertEqual(int(told['mode'], 8), facts.st_mode & 0o777)
        self.assertEqual(told['time'] * 10**9 + told['nanoseconds'],
                         facts.st_mtime_ns)
        self.assertRegex(told['version'], r'\A[0-9a-f]{32}\Z')

    def test_any_name_comes_back_byte_for_byte(self):
        for i, name in enumerate(NAMES):
            self.server.write(name, b'x' * i)
        for command, key in (('list', 'name'), ('find', 'path')):
            told = self.tell(command)
            self.assertEqual({each['type'] for each in told}, {command})
            self.assertEqual(sorted(bytes_of(each, key) for each in told),
                             sorted(NAMES))
            for each in told:
                self.check_entry(each, bytes_of(each, key))
        for name in NAMES:
            told = self.tell_one('stat', name)
            self.assertEqual((told['type'], bytes_of(told)), ('stat', name))
        self.assertEqual(
            [key for key in ('name', 'name_bytes')
             if key in self.tell_one('stat', 'ümläut')], ['name'])

    def test_times_before_1970_are_told(self):
        self.server.write('old', b'')
        os.utime(self.server.path('old'), ns=(0, -1))
        told = self.tell_one('stat', 'old')
        self.assertEqual((told['time'], told['nanoseconds']), (-1, 999999999))

    def test_kinds_are_told(self):
        self.server.path('d').mkdir()
        self.server.path('l').symlink_to('d')
        self.assertEqual({bytes_of(told): told['kind']
                          for told in self.tell('list')},
                         {b'd': 'folder', b'l': 'symlink'})

    def test_sums_usage_and_room(self):
        self.server.write('f', b'hello\n')
        told = self.tell_one('sum', 'f')
        self.assertEqual(told, {
            'type': 'sum', 'path': 'f', 'method': 'sha256', 'sum':
            '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'})
        told = self.tell_one('sum', '-x', 'f')
        self.assertEqual(told['method'], 'xxh128')
        self.assertEqual(self.tell_one('du'),
                         {'type': 'du', 'bytes': 6, 'files': 1})
        told = self.tell_one('df')
        self.assertGreater(told['size'], told['free'])
        self.assertEqual(told['durability'], 'commit')
        self.assertEqual(self.tell_one('pwd'), {'type': 'pwd', 'path': '/'})

    def test_locks_and_uploads(self):
        self.server.write('f', b'hello\n')
        told = self.tell_one(input=b'lock f\nlocks\nunlock f\n')
        self.assertGreater(told.pop('session'), 0)
        self.assertEqual(told, {
            'type': 'lock', 'path': '/f', 'exclusive': True, 'offset': 0,
            'user': ftlib.USER, 'own': True})
        told = self.tell_one(input=b'lock --shared f 2:3\nlocks f\n')
        self.assertEqual((told['exclusive'], told['offset'], told['length']),
                         (False, 2, 3))
        with self.server.wire() as wire:
            wire.ask('PUT', {'PATH': 'big', 'SIZE': 3 * MIB})
            upload = wire.receive().fields['UPLOAD']
            told = self.tell_one('uploads')
        self.assertEqual(told['id'], upload.hex())
        self.assertEqual((told['type'], told['path'], told['kind'],
                          told['size'], told['held']),
                         ('upload', '/big', 'file', 3 * MIB, 0))

    def test_files_and_folders_that_come(self):
        self.server.write('f', b'hello\n')
        self.server.path('d').mkdir()
        self.server.write('d/\xff', b'in it')
        self.server.path('d/link').symlink_to('nowhere')
        self.assertEqual(self.tell_one('get', 'f', 'here'), {
            'type': 'get', 'path': 'f', 'local': 'here', 'size': 6})
        self.assertEqual((self.total['files'], self.total['bytes']), (1, 6))
        skip, get, tree = self.tell('get', '-r', 'd', 'copy')
        self.assertEqual((skip['type'], skip['name']), ('skip', 'link'))
        self.assertEqual((get['path'], get['local']),
                         ('d/\xff', 'copy/\xff'))
        self.assertEqual(tree, {**tree, 'type': 'tree', 'command': 'get',
                                'path': 'd', 'files': 1, 'folders': 1,
                                'bytes': 5, 'failures': 0})
        self.assertEqual(self.total['files'], 1)

    def test_what_prints_something_else_is_refused(self):
        self.server.write('f', b'hello\n')
        for words in (('cat', 'f'), ('get', 'f', '-'), ('lls',), ('help',)):
            told = self.tell_one(*words, code=ftlib.EX_USAGE)
            self.assertEqual((told['error'], told['command']),
                             ('usage', words[0]))
        told = self.tell_one(code=ftlib.EX_USAGE, input=b'!echo no\n')
        self.assertEqual(told['error'], 'usage')

    def test_a_login_is_told_and_no_secret_is(self):
        run = self.path('run')
        run.mkdir(0o700)
        env = {'XDG_RUNTIME_DIR': str(run)}
        told = self.tell_one('login', env=env, options=['-v'])
        self.assertEqual(told['type'], 'login')
        self.assertGreater(told['until'], 10**9)
        ticket = next((run / 'ftclient').iterdir()).read_bytes()
        receipts = self.path('receipts')
        self.write('f', b'x')
        done = self.run_client('put', 'f', env=env, options=[
            '--json', '-v', '--receipts', receipts])
        for secret in (ftlib.PASSWORD.encode(), *re.findall(
                rb'[A-Za-z0-9+/=_-]{40,}', ticket)):
            self.assertNotIn(secret, done.stdout + receipts.read_bytes())
        self.assertEqual(self.tell_one('logout', env=env),
                         {'type': 'logout', 'logins': 1})

    def test_a_long_listing_is_told_whole(self):
        for i in range(3000):
            self.server.write(f'{i:0200}', b'')
        told = self.tell('list')
        self.assertEqual([bytes_of(each) for each in told],
                         [b'%0200d' % i for i in range(3000)])


class Failures(Script):
    def fail(self, *words, code, **more):
        return self.tell(*words, code=code, **more)[-1]

    def test_a_failure_has_its_word_class_and_exit_status(self):
        told = self.fail('get', 'nothing', code=ftlib.EX_NOINPUT)
        self.assertEqual(told, {
            'type': 'error', 'command': 'get', 'name': 'nothing',
            'error': 'not-found', 'class': 'permanent',
            'exit': ftlib.EX_NOINPUT,
            'text': '/nothing: No such file or directory'})
        self.assertEqual(self.total['commands'], 1)

    def test_what_may_work_later_is_temporary(self):
        self.server.write('f', b'hello\n')
        with ftlib.LocalLock(self.server.path('f')):
            told = self.fail('rm', 'f', code=ftlib.EX_TEMPFAIL)
        self.assertEqual((told['error'], told['class'], told['exit']),
                         ('locked', 'temporary', ftlib.EX_TEMPFAIL))
        with self.server.wire() as wire:
            wire.call('LOCK', {'PATH': 'f'})
            told = self.fail('rm', 'f', code=ftlib.EX_TEMPFAIL)
        self.assertRegex(told['text'], r'locked by tester \(session \d+\)')

    def test_failures_before_any_command_are_told(self):
        told = self.fail('list', code=ftlib.EX_USAGE, options=['--lits'])
        self.assertEqual((told['error'], told['class']),
                         ('usage', 'permanent'))
        self.server.password_file.write_text('wrong\n')
        told = self.fail('list', code=ftlib.EX_NOPERM)
        self.assertEqual((told['error'], told['class']),
                         ('login-refused', 'permanent'))
        self.server.write_password()
        self.server.stop()
        told = self.fail('list', code=ftlib.EX_UNAVAILABLE,
                         options=['--retries', '0'])
        self.assertEqual((told['error'], told['class']),
                         ('unreachable', 'temporary'))

    def test_wrong_use_names_the_mistake_and_where_help_is(self):
        for words, text in (
                (['--exclud', 'x'], 'there is no option --exclud, '
                 'did you mean `--exclude`?'),
                (['-Z'], 'there is no option -Z'),
                ([], 'something is missing')):
            told = self.fail('put', *words, code=ftlib.EX_USAGE)
            self.assertEqual(told['text'], f'put: {text} (see `help put`)')

    def test_failures_name_the_option_that_was_meant(self):
        self.path('d').mkdir()
        self.server.path('e').mkdir()
        for words, hint, code in (
                ('put d', '-r takes it', ftlib.EX_NOINPUT),
                ('get e', '-r takes it', ftlib.EX_NOINPUT),
                ('rm e', '-r takes it', ftlib.EX_NOINPUT),
                ('mkdir x/y', '-p makes the folders above it',
                 ftlib.EX_NOINPUT),
                ('rm no*', '-g takes patterns', ftlib.EX_NOINPUT),
                ('put no*', '-g takes patterns', ftlib.EX_NOINPUT)):
            told = self.fail(*words.split(), code=code)
            self.assertTrue(told['text'].endswith(f' ({hint})'), told)
        self.assertNotIn('(-', self.fail('rm', 'no',
                                         code=ftlib.EX_NOINPUT)['text'])

    def test_each_failure_of_a_tree_is_told(self):
        folder = self.path('d')
        folder.mkdir()
        (folder / 'f').write_bytes(b'x')
        (folder / 'taken').write_bytes(b'x')
        os.mkfifo(folder / 'pipe')
        self.server.path('d/taken').mkdir(parents=True)
        self.server.own('d')
        self.server.own('d/taken')
        found = self.tell('put', '-r', 'd', '.', code=ftlib.EX_NOINPUT)
        self.assertEqual([told['type'] for told in found],
                         ['error', 'receipt', 'error', 'tree', 'error'])
        self.assertEqual([told['error'] for told in found
                          if told['type'] == 'error'],
                         ['not-a-file', 'is-a-folder', 'not-a-file'])
        self.assertEqual(found[3]['failures'], 2)

    def test_a_batch_ends_at_the_first_failure_with_its_code(self):
        self.server.write('f', b'hello\n')
        self.write('batch', b'')
        for line, code in ((b'get nothing', ftlib.EX_NOINPUT),
                           (b'put nothing', ftlib.EX_NOINPUT),
                           (b'mkdir f', ftlib.EX_CANTCREAT),
                           (b'rm -x f', ftlib.EX_USAGE),
                           (b'lsit', ftlib.EX_USAGE),
                           (b'rm f', ftlib.EX_TEMPFAIL),
                           (b'put f', ftlib.EX_TEMPFAIL)):
            self.write('batch', b'pwd\n-get nothing\n%b\nmkdir late\n' % line)
            with ftlib.LocalLock(self.server.path('f')):
                found = self.tell(code=code,
                                  options=['-b', self.path('batch')])
            self.assertEqual([told['type'] for told in found],
                             ['pwd', 'error', 'error'])
            self.assertEqual(found[-1]['exit'], code)
            self.assertEqual([told['line'] for told in found[1:]], [2, 3])
            self.assertEqual(
                found[-1]['class'], 'temporary'
                if code == ftlib.EX_TEMPFAIL else 'permanent')
            self.assertFalse(self.server.path('late').exists())
            self.write('f', b'put')

    def test_lines_that_may_fail_do_not_end_it(self):
        self.write('batch', b'-get nothing\n-lsit\n-put nothing\nmkdir d\n')
        found = self.tell(options=['-b', self.path('batch')])
        self.assertEqual([told['exit'] for told in found], [66, 64, 66])
        self.assertTrue(self.server.path('d').is_dir())

    def test_no_line_behind_hides_that_a_put_failed(self):
        self.write('f', b'new')
        self.server.write('f', b'old')
        with ftlib.LocalLock(self.server.path('f')):
            for line in (b'-rm nothing', b'-put nothing', b'-put f other',
                         b'put\0', b'- put -r %b' % os.fsencode(self.folder)):
                with self.subTest(line=line):
                    done = self.run_client(
                        input=b'put f\n%b\nmkdir late\n' % line,
                        code=ftlib.EX_TEMPFAIL)
                    self.assertRegex(
                        done.stderr,
                        rb'\Aftclient: line 1: /?f: [^\n]*\(locked\)\n\Z')
                    self.assertEqual(set(self.server.tree()), {b'f'})

    def test_failures_are_told_with_their_lines(self):
        for name in ('f', 'g'):
            self.write(name, b'new')
            self.server.write(name, b'old')
        lines = b'\n-lsit\n-put f\n-put g\n-get nothing\nput nothing\npwd\n'
        self.write('batch', lines)
        with ftlib.LocalLock(self.server.path('f')), \
                ftlib.LocalLock(self.server.path('g')):
            for path, words in ((self.path('batch'), b'%b:' %
                                 os.fsencode(self.path('batch'))),
                                ('-', b'line ')):
                done = self.run_client(options=['-b', path], input=lines,
                                       code=ftlib.EX_NOINPUT)
                self.assertEqual(
                    re.findall(rb'^ftclient: %b(\d+): ' % re.escape(words),
                               done.stderr, re.M),
                    [b'2', b'3', b'4', b'5', b'6'])


class Receipts(Script):
    def setUp(self):
        super().setUp()
        self.file = self.path('receipts')

    def keep(self, *words, **more):
        self.run_client(*words, options=['--receipts', self.file], **more)

    def kept(self):
        return self.objects(self.file.read_bytes())

    def test_a_receipt_says_what_the_server_has(self):
        content = os.urandom(3 * MIB + 7)
        self.write('f', content)
        self.server.path('in').mkdir()
        self.server.own('in')
        told = self.tell_one(input=b'cd in\nput f g\n',
                             options=['--receipts', self.file])
        self.assertEqual(self.kept(), [told])
        stat = self.tell_one('stat', 'in/g')
        self.assertEqual(told['version'], stat['version'])
        self.assertEqual(told['digest'], ftwire.digest(content).hex())
        self.assertEqual(
            [told[key] for key in ('type', 'command', 'server', 'user',
                                   'path', 'kind', 'sent', 'size',
                                   'durable')],
            ['receipt', 'put', f'127.0.0.1:{self.server.port}', ftlib.USER,
             '/in/g', 'file', len(content), len(content), True])
        self.assertGreaterEqual(told['time'], stat['time'])
        self.server.wait_log(told['id'])

    def test_changes_in_place_have_receipts(self):
        self.server.write('f', b'0123456789')
        self.write('more', b'abc')
        self.keep('append', 'more', 'f')
        self.keep('put', '--offset', '2', 'more', 'f')
        self.keep('truncate', 'f', '4')
        append, put, cut = self.kept()
        self.assertEqual([(told['command'], told['sent'], told['size'])
                          for told in (append, put, cut)],
                         [('append', 3, 13), ('put', 3, 13),
                          ('truncate', 0, 4)])
        self.assertEqual(append['digest'], ftwire.digest(b'abc').hex())
        self.assertEqual(cut['version'],
                         self.tell_one('stat', 'f')['version'])
        self.assertNotIn('digest', cut)

    def test_trees_have_one_for_each_file_or_one_as_a_whole(self):
        (self.path('d') / 'e').mkdir(parents=True)
        for name in ('d/a', 'd/e/b', 'd/e/c'):
            self.write(name, name.encode())
        self.keep('put', '-r', 'd', 'there')
        self.assertEqual(sorted(told['path'] for told in self.kept()),
                         ['/there/a', '/there/e/b', '/there/e/c'])
        self.file.unlink()
        self.keep('put', '-r', '--atomic', 'd', 'whole')
        told, = self.kept()
        self.assertEqual((told['path'], told['kind'], told['files'],
                          told['size']), ('/whole', 'folder', 3, 13))
        self.server.wait_log(told['id'])

    def test_what_failed_has_none(self):
        self.write('f', b'x')
        self.server.path('f').mkdir()
        self.keep('put', 'f', 'f/g/h', code=ftlib.EX_NOINPUT)
        self.assertEqual(self.file.read_bytes(), b'')

    def test_they_are_added_whole_and_flushed(self):
        for name in ('a', 'b', 'c'):
            self.write(name, b'x')
        self.write('receipts', b'{"torn')
        trace = self.path('trace')
        argv = self.server.client_argv()
        argv[1:1] = ['--receipts', self.file]
        done = subprocess.run(
            ['strace', '-f', '-y', '-o', trace, '-e',
             'trace=openat,write,fsync,exit_group', *argv],
            input=b'put a\nput b\nput c\n', cwd=self.folder,
            capture_output=True, timeout=ftlib.LIMIT * 5,
            env={**os.environ, 'HOME': str(self.folder),
                 'ASAN_OPTIONS': 'detect_leaks=0'})
        self.assertEqual(done.returncode, 0, done.stderr)
        ours = [line.split(None, 1)[1] for line in
                trace.read_text().splitlines()
                if str(self.file) in line or 'exit_group' in line]
        self.assertIn('O_APPEND', ours[0])
        self.assertEqual([call.partition('(')[0] for call in ours[1:]],
                         ['write'] * 4 + ['fsync', 'exit_group'])
        torn, *lines = self.file.read_bytes().splitlines(keepends=True)
        self.assertEqual(torn, b'{"torn\n')
        self.assertEqual([told['path'] for told in
                          self.objects(b''.join(lines))], ['/a', '/b', '/c'])

    def test_several_runs_can_add_at_once(self):
        self.write('f', b'x')
        argv = self.server.client_argv()
        argv[1:1] = ['--receipts', self.file]
        running = [self.server.start_client(
            argv=argv, cwd=self.folder, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL) for _ in range(4)]
        for i, client in enumerate(running):
            client.stdin.write(b''.join(b'put f %d-%d\n' % (i, j)
                                        for j in range(50)))
            client.stdin.close()
        self.assertEqual([client.wait() for client in running], [0] * 4)
        self.assertEqual(sorted(told['path'] for told in self.kept()),
                         sorted(f'/{i}-{j}' for i in range(4)
                                for j in range(50)))
        self.assertEqual(self.mode(self.file), 0o600)

    def test_a_file_that_cannot_be_kept_fails_the_command(self):
        self.write('f', b'x')
        self.run_client('put', 'f', options=['--receipts', '/dev/full'],
                        code=ftlib.EX_IOERR)
        self.assertEqual(self.server.read('f'), b'x')
        self.run_client('put', 'f', 'g', code=ftlib.EX_NOINPUT,
                        options=['--receipts', self.path('no/file')])
        self.assertFalse(self.server.path('g').exists())

    def test_output_that_cannot_be_written_fails_it_too(self):
        self.write('f', b'x')
        with open('/dev/full', 'wb') as full:
            client = subprocess.run(
                [*(argv := self.server.client_argv('put', 'f'))[:1], '--json',
                 *argv[1:]], stdout=full, stderr=subprocess.PIPE,
                cwd=self.folder, timeout=ftlib.LIMIT)
        self.assertEqual(client.returncode, ftlib.EX_IOERR, client.stderr)


class Ranges(Script):
    def setUp(self):
        super().setUp()
        self.content = os.urandom(3 * MIB + 5)
        self.server.write('film', self.content)

    def cut(self, range_):
        return self.run_client('cat', '--range', range_, 'film').stdout

    def test_a_part_is_what_it_is_of_the_file(self):
        end = len(self.content)
        for first, last in ((0, 1), (0, end), (MIB - 1, MIB + 1),
                            (1, 3 * MIB + 1), (end - 1, end), (end, end),
                            (7, 7)):
            cut = self.cut(f'{first}:{last - first}')
            self.assertTrue(cut == self.content[first:last], (first, last))
        for first in (0, MIB, MIB + 1, end):
            self.assertTrue(self.cut(f'{first}:') == self.content[first:])
        for count in (1, MIB + 3, end, end + 1, 10 * end):
            self.assertTrue(self.cut(f'-{count}:') == self.content[-count:])
        self.assertEqual(self.cut('-0:'), b'')

    def test_it_is_cut_at_the_end_and_begins_no_later(self):
        end = len(self.content)
        self.assertEqual(self.cut(f'{end - 3}:1000'), self.content[-3:])
        done = self.run_client('get', '--range', f'{end + 1}:', 'film', 'cut',
                               code=ftlib.EX_USAGE)
        self.assertIn(b'(bad-request)', done.stderr)
        self.assertFalse(self.path('cut').exists())

    def test_sizes_have_units(self):
        self.run_client('truncate', 'film', '3K')
        self.assertEqual(self.server.path('film').stat().st_size, 3072)
        for size, found in (('3K', b'film\n'), ('1M', b'')):
            done = self.run_client('find', '--min', size)
            self.assertEqual(done.stdout, found)
        self.assertEqual(self.cut('1K:1K'), self.content[1024:2048])
        self.run_client('truncate', 'film', '3k', code=ftlib.EX_USAGE)

    def test_holes_are_zeros(self):
        with open(self.server.path('film'), 'r+b') as file:
            file.truncate(64 * MIB)
            file.seek(40 * MIB)
            file.write(b'here')
        cut = self.cut(f'{39 * MIB}:{3 * MIB}')
        self.assertTrue(cut == bytes(MIB) + b'here' + bytes(2 * MIB - 4))
        self.assertEqual(self.cut('-5:'), bytes(5))

    def test_it_comes_into_a_file_when_it_is_whole(self):
        self.write('cut', b'old')
        told = self.tell_one('get', '--range', f'5:{MIB}', 'film', 'cut')
        self.assertEqual(told, {'type': 'get', 'path': 'film', 'local': 'cut',
                                'offset': 5, 'size': MIB})
        self.assertTrue(self.read('cut') == self.content[5:MIB + 5])
        self.assertEqual([name for name in os.listdir(self.folder)
                          if name.endswith('.part')], [])

    def test_no_more_than_the_part_is_locked(self):
        with ftlib.LocalLock(self.server.path('film'), 'EX', 100, 10):
            self.assertEqual(self.cut('0:100'), self.content[:100])
            self.run_client('cat', '--range', '109:1', 'film',
                            code=ftlib.EX_TEMPFAIL)

    def test_what_makes_no_sense_is_refused(self):
        for range_ in ('', ':', '5', 'a:b', '5:-1', '-5:3', '-5', '+1:2',
                       f'{1 << 63}:', '1:2:3', '0x1:'):
            for verb in ('get', 'cat'):
                self.run_client(verb, f'--range={range_}', 'film',
                                code=ftlib.EX_USAGE)
        for words in (('-a',), ('-r',), ('-p',), ('--segments', '2')):
            self.run_client('get', *words, '--range', '0:1', 'film',
                            code=ftlib.EX_USAGE)
        self.assertFalse(self.path('film').exists())


ftlib.main()
