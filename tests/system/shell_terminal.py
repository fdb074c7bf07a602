#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The shell of ftclient on an emulated terminal, as a person sees it."""

import os
import re
import threading

import ftlib
import ftpeer
import ftscreen


class Columns(ftscreen.ScreenTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        for name in ('aa', 'bb', 'cc', 'dd'):
            self.server.write(name, b'')
        self.server.path('folder').mkdir()
        self.server.write('tool', b'')
        self.server.path('tool').chmod(0o755)
        self.server.path('link').symlink_to('aa')
        self.server.write('x.tar', b'')

    def list(self, *words, width=80, **env):
        screen = self.screen(self.server.client_argv(*words), width=width,
                             env=env)
        self.assertEqual(screen.exit_code(), 0)
        return screen

    def test_names_stand_in_columns(self):
        screen = self.list('ls')
        screen.see(r'^aa  bb  cc  dd  folder  link  tool  x.tar$')

    def test_a_narrow_terminal_has_fewer(self):
        screen = self.list('dir', width=21)
        screen.see(r'^aa  cc  folder  tool\nbb  dd  link    x.tar$')

    def test_types_have_colors(self):
        shown = self.list('list').text(colors=True)
        self.assertRegex(shown, r'\x1b\[1m\x1b\[34mfolder\x1b\[0m')
        self.assertRegex(shown, r'\x1b\[1m\x1b\[36mlink\x1b\[0m')
        self.assertRegex(shown, r'\x1b\[1m\x1b\[32mtool\x1b\[0m')
        self.assertRegex(shown, r'  x\.tar')

    def test_the_environment_chooses_the_colors(self):
        screen = self.list('ls', '-l', LS_COLORS='di=33:*.tar=35')
        shown = screen.text(colors=True)
        self.assertRegex(shown, r' \x1b\[33mfolder\n')
        self.assertRegex(shown, r' \x1b\[35mx\.tar')
        self.assertRegex(shown, r'-rwxr-xr-x +0 [-0-9]+ [:0-9]+ tool')

    def test_no_color_is_none(self):
        screen = self.list('ls', NO_COLOR='1')
        self.assertNotIn('\x1b', screen.text(colors=True))

    def test_a_pipe_gets_a_line_each(self):
        done = self.server.client('ls', env={'TERM': 'xterm'})
        lines = done.stdout.split(b'\n')
        self.assertEqual(len(lines), 9)
        self.assertRegex(lines[0], rb'^- +0 [-0-9]+ [:0-9]+ aa$')
        self.assertNotIn(b'\x1b', done.stdout)

    def test_wide_and_hostile_names_keep_the_columns(self):
        for name in os.listdir(self.server.root):
            if not name.startswith('.') and name != 'folder':
                self.server.path(name).unlink()
        for name in ('日本', 'b\x1b[2J', 'c', 'd', 'e'):
            self.server.write(name, b'')
        screen = self.list('ls', width=23)
        screen.see(r'^b\\e\[2J  d  folder\nc       e  日本$')


class Completion(ftscreen.ScreenTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.screen_ = self.shell(self.server)

    def complete(self, typed, becomes, tabs=1):
        """What tab makes of a line; the line is gone afterwards."""
        self.screen_.see_prompt()
        self.screen_.type(typed)
        self.screen_.see_prompt(typed)
        self.screen_.keys(*['Tab'] * tabs)
        self.screen_.see_prompt(becomes)
        self.screen_.keys('C-u')
        self.screen_.see_prompt()

    def stays(self, typed):
        """Tab adds nothing: what is typed next stands right behind."""
        self.screen_.see_prompt()
        self.screen_.type(typed)
        self.screen_.keys('Tab')
        self.screen_.type('!')
        self.screen_.see_prompt(typed + '!')
        self.screen_.keys('C-u')

    def run_line(self, line):
        self.screen_.see_prompt()
        self.screen_.run(line)
        self.screen_.see_prompt()

    def test_commands_and_their_options(self):
        self.complete('trunc', 'truncate ')
        self.complete('pag', 'page ')
        self.complete('get --seg', 'get --segments ')
        self.complete('help unl', 'help unlock ')
        self.complete('put --segments 2 --ato', 'put --segments 2 --atomic ')
        self.screen_.clear()
        self.screen_.type('lo')
        self.screen_.keys('Tab', 'Tab')
        self.screen_.see(r'^lock +locks +login +logout$')
        self.screen_.see_prompt('lo')

    def test_names_of_the_server_in_each_style_of_quoting(self):
        self.server.write('two words', b'')
        self.server.path('other place').mkdir()
        self.server.write('other place/in "it"', b'')
        self.complete('stat tw', r'stat two\ words ')
        self.complete('stat "tw', 'stat "two words" ')
        self.complete("stat 'tw", "stat 'two words' ")
        self.complete('stat oth', r'stat other\ place/')
        self.complete('stat "oth', 'stat "other place/')
        self.complete('stat "other place/', r'stat "other place/in \"it\"" ')
        self.complete(r'stat other\ place/i', r'stat other\ place/in\ \"it\" ')
        self.complete('rm -r /oth', r'rm -r /other\ place/')

    def test_names_with_control_bytes_are_escaped_and_work(self):
        name = b'x\x1b[2J\xff\\ \'y'
        self.server.write(name, b'hello')
        typed = r"$'x\e[2J\xff\\ \'y'"
        self.complete('cat x', f'cat {typed} ')
        self.run_line(f'get {typed} copy')
        self.assertEqual((self.work / 'copy').read_bytes(), b'hello')

    def test_the_second_tab_lists_what_could_be(self):
        for name in ('report-1', 'report-2', 'rest', '.hidden'):
            self.server.write(name, b'')
        self.server.path('reports').mkdir()
        self.complete('get rep', 'get report')
        self.screen_.clear()
        self.screen_.type('get re')
        self.screen_.keys('Tab', 'Tab')
        self.screen_.see(r'^report-1  report-2  reports  rest$')
        self.screen_.see_prompt('get re')
        self.screen_.keys('C-u')
        self.complete('get .', 'get .hidden ')

    def test_local_words_are_names_here(self):
        (self.work / 'my file').write_bytes(b'')
        (self.work / 'folder').mkdir()
        (self.work / 'folder/inside').write_bytes(b'')
        self.server.write('my remote', b'')
        self.complete('put my', r'put my\ file ')
        self.complete(r'put my\ file my', r'put my\ file my\ remote ')
        self.complete('get my', r'get my\ remote ')
        self.complete('page my', r'page my\ remote ')
        self.complete('get x fol', 'get x folder/')
        self.complete('get -r -j 2 my', r'get -r -j 2 my\ remote ')
        self.complete('put folder/i', 'put folder/inside ')
        (self.work / 'folder/inner').mkdir()
        self.complete('lcd folder/i', 'lcd folder/inner/')
        self.complete('!cat my', r'!cat my\ file ')

    def test_of_sync_each_folder_is_on_its_side(self):
        (self.work / 'here').mkdir()
        (self.work / ':odd').mkdir()
        self.server.path('far off').mkdir()
        self.server.path('far off/deep').mkdir()
        self.complete('sync he', 'sync here/')
        self.complete('sync :fa', r'sync :far\ off/')
        self.complete('sync here ', r'sync here :far\ off/')
        self.complete('sync here/ ":far off/d', 'sync here/ ":far off/deep/')
        self.complete('sync -n :far he', 'sync -n :far here/')
        self.stays('sync here fa')
        (self.work / 'here').rmdir()
        self.complete('sync ', 'sync ./:odd/')
        self.complete('sync --delete :far ./', 'sync --delete :far ./:odd/')

    def test_patterns_begin_as_names_do(self):
        for name in ('there 1.txt', 'set[1].c', 'set[2].c', 'wild*'):
            self.server.write(name, b'it')
        self.server.path('a[b]').mkdir()
        self.server.write('a[b]/c', b'')
        (self.work / 'here').mkdir()
        (self.work / 'here/one?').write_bytes(b'')
        self.complete('mget th', r'mget there\ 1.txt ')
        self.complete('mget -d here -j 4 th',
                      r'mget -d here -j 4 there\ 1.txt ')
        self.complete("mget *.c 'se", r"mget *.c 'set\[")
        self.complete(r"mget 'a\[b]/", r"mget 'a\[b]/c' ")
        self.stays('mget th*')
        self.stays('mput th')
        self.complete('mput he', 'mput here/')
        self.complete("mput x 'here/o", r"mput x 'here/one\?' ")
        self.run_line("mget 'set\\[1].c' 'wild\\*'")
        self.assertEqual(sorted(os.listdir(self.work)),
                         ['here', 'set[1].c', 'wild*'])

    def test_what_a_command_changes_is_seen(self):
        self.server.write('aaa', b'')
        self.complete('stat a', 'stat aaa ')
        self.run_line('mv aaa bbb')
        self.complete('stat a', 'stat a')
        self.complete('stat b', 'stat bbb ')
        self.run_line('mkdir sub')
        self.run_line('cd sub')
        self.complete('stat b', 'stat b')

    def test_unicode_is_not_torn(self):
        self.server.write('fä', b'')
        self.server.write('få', b'')
        self.server.write('g日本', b'')
        self.complete('stat f', 'stat f')
        self.complete('stat g', 'stat g日本 ')


class Interrupted(ftscreen.ScreenTest):
    def test_ctrl_c_in_a_sync_leaves_nothing_behind(self):
        server = self.serve()
        (self.work / 'tree').mkdir()
        for number in range(64):
            (self.work / f'tree/{number:02}').write_bytes(bytes(1 << 18))
        # What is used behind its function is then told, if it can be.
        program, *words = server.client_argv()
        screen = self.screen(
            [program, '--limit-rate', '1M', *words], env={'ASAN_OPTIONS':
            'detect_stack_use_after_return=1:exitcode=99'})
        screen.see(r'^tester@127\.0\.0\.1:/>')
        screen.run('sync tree :there')
        ftlib.wait_until('files come', lambda:
                         server.path('there/01').exists())
        screen.keys('C-c')
        screen.see(r'\(cancelled\)')
        screen.see_prompt()
        screen.clear()
        screen.run('stat there/00')
        screen.see(r'^size: 262144')
        screen.see_prompt()
        had = len(os.listdir(server.path('there')))
        screen.run('sync tree :there')
        ftlib.wait_until('it goes on', lambda: had <
                         len(os.listdir(server.path('there'))))
        screen.keys('C-c')
        screen.see(r'\(cancelled\)')
        screen.see_prompt()
        screen.keys('C-d')
        self.assertEqual(screen.exit_code(), 0, screen.text())


class Silent(ftscreen.ScreenTest):
    """Completion beside a server that does not answer."""

    def setUp(self):
        super().setUp()
        self.peer = ftpeer.Peer(self.folder, {b'a': b'abc'})
        self.peer.__enter__()
        self.addCleanup(self.peer.__exit__)
        self.asked, self.may_end = threading.Event(), threading.Event()
        self.addCleanup(self.may_end.set)
        password = self.write('password', b'correct horse\n')
        password.chmod(0o600)
        self.screen_ = self.screen([
            ftlib.program('ftclient'), '--pin', self.peer.pin,
            '--password-file', password,
            f'tester@127.0.0.1:{self.peer.port}'])
        self.screen_.see_prompt()

    def deaf(self, session, frame):
        self.asked.set()
        self.may_end.wait(ftlib.LIMIT)
        self.peer.list(session, frame)

    def test_ctrl_c_ends_a_completion(self):
        self.peer.on['LIST'] = self.deaf
        self.screen_.type('stat ')
        self.screen_.see_prompt('stat')
        self.screen_.keys('Tab')
        self.assertTrue(self.asked.wait(ftlib.LIMIT))
        self.screen_.keys('C-c')
        self.screen_.see(r'> stat *\n.*/> *$')
        self.may_end.set()
        self.screen_.run('stat a')
        self.screen_.see(r'^size: 3')
        self.screen_.see_prompt()

    def test_a_completion_ends_by_itself(self):
        self.peer.on['LIST'] = self.deaf
        self.screen_.type('stat ')
        self.screen_.see_prompt('stat')
        self.screen_.keys('Tab')
        self.assertTrue(self.asked.wait(ftlib.LIMIT))
        self.screen_.type('a')
        self.screen_.see_prompt('stat a')
        self.may_end.set()
        self.screen_.keys('Enter')
        self.screen_.see(r'^size: 3')

    def half(self, session, frame):
        """Half a file, and the rest never."""
        session.begin(frame, 1 << 20)
        session.data(frame, 0, bytes(1 << 18))
        while (other := session.receive()).name != 'CANCEL':
            pass
        session.error(other.id, 'cancelled', 'cancelled', 1)

    def test_ctrl_c_in_a_transfer_keeps_the_session(self):
        self.peer.on['GET'] = self.half
        self.screen_.run('get a')
        ftlib.wait_until('it has begun', lambda: os.listdir(self.work))
        self.screen_.keys('C-c')
        self.screen_.see(r'\(cancelled\)')
        self.screen_.see_prompt()
        self.assertEqual(os.listdir(self.work), [])
        self.screen_.run('stat a')
        self.screen_.see(r'^size: 3')
        self.screen_.see_prompt()
        self.screen_.keys('C-d')
        self.assertEqual(self.screen_.exit_code(), 0,
                         self.screen_.text())
        self.assertEqual(self.peer.connections, 1)

    def test_a_folder_is_listed_once(self):
        self.screen_.type('stat ')
        self.screen_.keys('Tab')
        self.screen_.see_prompt('stat a ')
        self.screen_.keys('C-u')
        self.screen_.type('get ')
        self.screen_.keys('Tab')
        self.screen_.see_prompt('get a ')
        self.assertEqual(len(self.peer.names('LIST')), 1)

    def test_a_lost_connection_leaves_the_line(self):
        self.peer.on['LIST'] = lambda s, f: s.cut()
        self.screen_.type('stat ')
        self.screen_.keys('Tab')
        ftlib.wait_until('it was asked', lambda: self.peer.names('LIST'))
        self.screen_.type('a')
        self.screen_.see_prompt('stat a')
        self.screen_.keys('Enter')
        self.screen_.see(r'reconnect\? \[Y/n\]')
        self.screen_.keys('Enter')
        self.screen_.see_prompt()
        self.screen_.run('stat a')
        self.screen_.see(r'^size: 3')


    def test_what_was_interrupted_is_told_once(self):
        self.peer.on['PWD'] = lambda s, f: None
        self.screen_.run('pwd')
        ftlib.wait_until('it was asked', lambda: self.peer.names('PWD'))
        self.screen_.keys('C-c')
        ftlib.wait_until('it was told', lambda: self.peer.names('CANCEL'))
        self.screen_.keys('C-c')
        self.screen_.see(r'interrupted')
        self.screen_.see(r'reconnect\? \[Y/n\]')
        self.screen_.run('n')
        self.screen_.see_prompt()
        self.screen_.clear()
        self.screen_.run('pwd')
        self.screen_.see(r'the connection was broken off')
        self.assertNotIn('interrupted', self.screen_.text())


class Pager(ftscreen.ScreenTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def pager(self, text, **options):
        """A shell whose PAGER is that script."""
        script = self.write('pager', text.encode())
        script.chmod(0o755)
        return self.shell(self.server, env={'PAGER': str(script)}, **options)

    def page(self, screen, line):
        """A command that cannot be taken for one that has ended."""
        screen.type(line)
        screen.see_prompt(line)
        screen.keys('Enter')

    def stays_usable(self, screen):
        screen.see_prompt()
        screen.run('pwd')
        screen.see(r'^/$')
        screen.see_prompt()
        screen.keys('C-d')
        self.assertEqual(screen.exit_code(), 0)

    def test_less_shows_a_file_and_is_left_early(self):
        lines = b''.join(b'line %d\n' % i for i in range(1000000))
        self.server.write('long', lines)
        screen = self.shell(self.server)
        self.page(screen, 'less long')
        screen.see(r'(?s)^line 0\n.*^line 22\n:')
        # The key comes only after the pieces in between.
        screen.type('G')
        screen.see(r'(?s)^line 999998\nline 999999\n\(END\)')
        screen.type('g')
        screen.see(r'^line 0\n')
        screen.keys('C-c')
        screen.see(r'^line 0\n')
        screen.type('q')
        self.stays_usable(screen)

    def test_one_command_from_a_command_line(self):
        self.server.write('short', b'hello\n')
        screen = self.screen(self.server.client_argv('page', 'short'))
        screen.see(r'(?s)^hello\n.*\(END\)')
        screen.type('q')
        self.assertEqual(screen.exit_code(), 0)

    def test_less_is_told_to_be_secure(self):
        self.server.write('short', b'hello\n')
        screen = self.shell(self.server)
        self.page(screen, 'page short')
        screen.see(r'\(END\)')
        screen.type('!')
        screen.see(r'not available')
        screen.keys('Enter')
        screen.type('q')
        screen.see_prompt()
        screen.run('!echo =$LESSSECURE=')
        screen.see(r'^==$')

    def test_all_of_it_comes_with_controls_escaped(self):
        text = 'ä日\t\\\n' * 400000 + '\x1b[2J\x9bm\r\x00'
        raw = text.encode() + b'\xff\xe6\x97'
        self.server.write('text', raw)
        screen = self.pager(f'#!/bin/sh\nexec cat >{self.folder}/shown\n')
        self.page(screen, 'page text')
        screen.see_prompt()
        shown = (self.folder / 'shown').read_text(encoding='utf-8')
        self.assertEqual(shown, 'ä日\t\\\n' * 400000 +
                         r'\e[2J\xc2\x9bm\r\x00\xff\xe6\x97')
        self.stays_usable(screen)

    def test_a_hole_is_zeros(self):
        self.server.write('hole', b'a')
        os.truncate(self.server.path('hole'), 6 << 20)
        screen = self.pager(f'#!/bin/sh\nwc -c >{self.folder}/shown\n')
        self.page(screen, 'page hole')
        screen.see_prompt()
        self.assertEqual(int((self.folder / 'shown').read_text()),
                         1 + 4 * ((6 << 20) - 1))

    def test_a_pager_that_takes_little_is_no_failure(self):
        self.server.write('long', b'x' * 79 + b'\n' * 12345678)
        screen = self.pager('#!/bin/sh\nexec head -c 3\n')
        self.page(screen, 'page long')
        screen.see(r'xxx')
        screen.see_prompt()
        self.assertNotIn('ftclient:', screen.text())
        self.stays_usable(screen)

    def test_ctrl_c_goes_to_the_pager(self):
        self.server.write('long', b'x\n' * 12345678)
        screen = self.pager('#!/bin/sh\necho begun\nexec sleep 1000\n')
        self.page(screen, 'page long')
        screen.see(r'^begun$')
        screen.keys('C-c')
        screen.see_prompt()
        self.assertNotIn('ftclient:', screen.text())
        self.stays_usable(screen)

    def test_a_pager_that_fails_is_told(self):
        self.server.write('short', b'hello\n')
        screen = self.pager('#!/bin/sh\ncat\nexit 3\n')
        self.page(screen, 'page short')
        screen.see(r'^hello$')
        screen.see(r'pager ended with exit code 3')
        self.stays_usable(screen)

    def test_no_pager_for_what_cannot_be_had(self):
        self.server.path('folder').mkdir()
        screen = self.pager('#!/bin/sh\necho begun\n')
        self.page(screen, 'page nothing')
        screen.see(r'nothing: .*\(not-found\)')
        self.page(screen, 'page folder')
        screen.see(r'folder: .*\(is-a-folder\)')
        self.assertNotIn('begun', screen.text())
        self.stays_usable(screen)

    def test_a_change_meanwhile_is_told(self):
        self.server.write('file', b'x\n' * (4 << 20))
        screen = self.pager(
            '#!/bin/sh\necho begun\nread line </dev/tty\ncat >/dev/null\n')
        self.page(screen, 'page file')
        screen.see(r'^begun$')
        self.server.write('file', b'other\n')
        screen.keys('Enter')
        screen.see(r'changed while it was shown')
        self.stays_usable(screen)

    def test_a_lost_connection_is_made_again(self):
        setup = self.set_up()
        server = self.serve(setup)
        server.write('file', b'x\n' * (4 << 20))
        self.server = server
        screen = self.pager(
            '#!/bin/sh\necho begun\nread line </dev/tty\nwc -c\n')
        self.page(screen, 'page file')
        screen.see(r'^begun$')
        server.kill()
        setup.write_config({'': {'listen': [f'127.0.0.1:{server.port}']}})
        self.server = self.serve(setup)
        screen.keys('Enter')
        screen.see(rf'^{8 << 20}$')
        self.stays_usable(screen)

    def test_without_a_terminal_it_is_cat(self):
        raw = b'\x1b[2J\xff\n'
        self.server.write('raw', raw)
        for name in ('page', 'more', 'less'):
            self.assertEqual(self.server.client(name, 'raw').stdout, raw)
        self.server.client('--json', 'page', 'raw', code=ftlib.EX_USAGE)


class Life(ftscreen.ScreenTest):
    def setUp(self):
        super().setUp()
        self.state = self.folder / 'state'

    def serve_at(self, port=0):
        """A server that can be had again at the same port."""
        return self.serve(options=('--listen', f'127.0.0.1:{port}'),
                          root=self.folder / 'files')

    def test_a_server_that_comes_back_is_gone_on_with(self):
        setup = self.set_up()
        server = self.serve(setup)
        server.path('deep').mkdir()
        server.own('deep')
        server.write('deep/file', b'abc')
        screen = self.shell(server)
        screen.run('cd deep')
        screen.see_prompt()
        server.kill()
        screen.run('ls')
        screen.see(r'reconnect\? \[Y/n\]')
        screen.keys('Enter')
        screen.see(r'nobody listens')
        screen.see(r'/deep \(not connected\)>')
        screen.run('lpwd')
        screen.see(r'^/.*/work$')
        setup.write_config({'': {'listen': [f'127.0.0.1:{server.port}']}})
        self.serve(setup)
        screen.run('ls')
        screen.see(r'reconnect\? \[Y/n\] *$')
        screen.keys('Enter')
        screen.see(r'^tester@127\.0\.0\.1:/deep> *$')
        screen.clear()
        screen.run('ls')
        screen.see(r'^file$')
        screen.see_prompt()

    def test_without_a_ticket_the_password_is_asked_anew(self):
        setup = self.set_up()
        server = self.serve(setup)
        server.path('deep').mkdir()
        server.own('deep')
        server.write('deep/file', b'abc')
        screen = self.shell_by_password(server)
        screen.run('cd deep')
        screen.see_prompt()
        server.kill()
        # With other keys, the ticket of the session is worth nothing.
        (setup.state / 'ticket-keys').unlink()
        setup.write_config({'': {'listen': [f'127.0.0.1:{server.port}']}})
        server = self.serve(setup)
        screen.clear()
        screen.run('ls')
        screen.see(r'reconnect\? \[Y/n\]')
        screen.keys('Enter')
        screen.see(r"^tester@127\.0\.0\.1's password: *\Z")
        screen.run('wrong')
        screen.see(r'^Login refused, try again\.\n'
                   r"tester@127\.0\.0\.1's password: *\Z")
        screen.run(ftlib.PASSWORD)
        screen.see(r'^tester@127\.0\.0\.1:/deep> *$')
        screen.run('ls')
        screen.see(r'^file$')
        screen.see_prompt()
        self.assertNotIn('horse', screen.text())
        # Password; then ticket, the wrong one, the right one.
        self.assertEqual(re.findall(r'audit login .* outcome=(\S+)',
                                    server.log()),
                         ['ok', 'login-refused', 'login-refused', 'ok'])

    def shell_by_password(self, server):
        """The shell of a person who types the password."""
        argv = [word for word in server.client_argv()
                if word not in ('--password-file', str(server.password_file))]
        screen = self.screen(argv)
        screen.see(r'password:')
        screen.run(ftlib.PASSWORD)
        screen.see_prompt()
        return screen

    def test_a_prompt_follows_the_terminal(self):
        screen = self.shell(self.serve(), width=80)
        screen.type('stat ' + 'x' * 60 + ' and more')
        screen.see('more')
        screen.resize(40, 10)
        screen.wait('it is drawn once', lambda text: text.count('tester') == 1
                    and text.replace('\n', '').endswith('x and more'))
        screen.keys('BSpace')
        screen.see('x and mor$')
        screen.keys('C-c')
        screen.see_prompt()

    def test_a_prompt_that_was_narrow_stands_once(self):
        screen = self.shell(self.serve(), width=80)
        screen.type('stat abc')
        screen.see('abc')
        screen.resize(12, 24)
        screen.see(r'^\.0\.1:/> stat\n abc$')
        screen.resize(80, 24)
        screen.wait('it is whole', lambda text:
                    text == 'tester@127.0.0.1:/> stat abc')

    def test_the_history_is_closed_and_has_no_secrets(self):
        server = self.serve()
        screen = self.shell_by_password(server)
        for line in ('pwd', ' !echo secret-token', 'lpwd'):
            screen.run(line)
            screen.see_prompt()
        screen.keys('Up', 'Up')
        screen.see_prompt('pwd')
        screen.keys('C-u', 'C-d')
        self.assertEqual(screen.exit_code(), 0)
        file = self.home / '.local/state/ftclient/history'
        self.assertEqual(self.mode(file), 0o600)
        text = file.read_text()
        self.assertRegex(text, r'(?s)\npwd\n(.*\n)?lpwd\n')
        self.assertNotIn('secret', text)
        self.assertNotIn('horse', text)


if __name__ == '__main__':
    ftlib.main()
