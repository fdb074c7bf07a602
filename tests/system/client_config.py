#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The configuration of ftclient: which setting counts, and what is refused."""

import os
import signal
import subprocess

import ftlib


class ConfigTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.home = self.folder / 'home'
        self.config = self.home / '.config/ftclient/config'
        self.config.parent.mkdir(parents=True)

    def configure(self, text, mode=0o600):
        """`text` with @PORT@, @PIN@ and @PASSWORD@ filled in."""
        text = text.replace('@PORT@', str(self.server.port))
        text = text.replace('@PIN@', self.server.pin)
        text = text.replace('@PASSWORD@', str(self.server.password_file))
        self.config.write_text(text)
        self.config.chmod(mode)

    def client(self, *words, code=0, **env):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(('FT_', 'XDG_'))}
        done = subprocess.run(
            [ftlib.program('ftclient'), *words], capture_output=True,
            stdin=subprocess.DEVNULL, timeout=ftlib.LIMIT, cwd=self.folder,
            env={**clean, 'HOME': str(self.home), 'SSL_CERT_DIR': '/nowhere',
                 'SSL_CERT_FILE': '/dev/null', **env})
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        self.said = done.stderr.decode()
        return done.stdout.decode()

    ALL = '''
        host "files" {
            hostname = 127.0.0.1
            port = @PORT@
            user = tester
            pin = "@PIN@"
            password-file = "@PASSWORD@"
        }
        '''


class Sections(ConfigTest):
    def test_an_alias_says_all_that_it_takes(self):
        self.configure(self.ALL)
        self.server.write('a', b'1')
        self.assertIn(' a\n', self.client('files', 'list'))
        self.assertIn(' a\n', self.client('FILES', 'list'))

    def test_the_folder_is_where_the_session_begins(self):
        self.configure(self.ALL.replace('user', 'folder = sub\n user'))
        (self.server.root / 'sub').mkdir()
        self.assertEqual(self.client('files', 'pwd'), '/sub\n')
        self.assertEqual(self.client('files/', 'pwd'), '/\n')

    def test_the_target_counts_more(self):
        self.configure(self.ALL.replace('tester', 'nobody')
                       .replace('@PORT@', '1'))
        self.client(f'tester@files:{self.server.port}', 'list')
        self.client(f'files:{self.server.port}', 'list', code=77)
        self.client('tester@files', 'list', code=69)

    def test_the_first_section_that_has_a_key_counts(self):
        self.configure(self.ALL.replace('user = tester', '') + '''
            host "other f*s 10.*" { user = tester
                                    port = 1 }
            host "*" { user = nobody }
            ''')
        self.client('files', 'list')

    def test_a_pattern_is_for_the_name_that_was_typed(self):
        self.configure(self.ALL.replace('user = tester', '') + '''
            host "127.0.0.1" { user = nobody }
            host "*" { user = tester }
            ''')
        self.client('files', 'list')

    def test_a_section_for_others_is_not_looked_at(self):
        self.configure('''
            host "*.example.org" { port = 1
                                   user = nobody }
            ''' + self.ALL)
        self.client('files', 'list')

    def test_a_flag_can_be_turned_off_again(self):
        self.configure(self.ALL.replace('user', 'verbose = no\n user') +
                       'host "*" { verbose = yes }')
        self.client('files', 'list')
        self.assertEqual(self.said, '')
        self.client('-v', 'files', 'list')
        self.assertIn('connected', self.said)

    def test_a_file_is_looked_for_beside_the_configuration(self):
        text = self.ALL.replace('"@PASSWORD@"', 'secret')
        self.configure(text)
        self.client('files', 'list', code=66)
        secret = self.config.parent / 'secret'
        secret.write_text(ftlib.PASSWORD)
        secret.chmod(0o600)
        self.client('files', 'list')
        self.configure(text.replace('secret', '~/.config/ftclient/secret'))
        self.client('files', 'list')

    def test_an_ipv6_address_needs_no_brackets_there(self):
        server = self.serve(options=('--listen', '[::1]:0'))
        self.server = server
        for name in '::1', '"[::1]"':
            self.configure(self.ALL.replace('127.0.0.1', name))
            self.client('files', 'list')


class Precedence(ConfigTest):
    """Command line, environment, file: whatever decides shows in the end."""

    WRONG = 'sha256//' + 'A' * 43 + '='

    def test_the_command_line_counts_most(self):
        self.configure(self.ALL.replace('@PIN@', self.WRONG))
        self.client('--pin', self.server.pin, 'files', 'list',
                    FT_PIN=self.WRONG)
        self.client('files', 'list', code=76)

    def test_the_environment_counts_more_than_the_file(self):
        self.configure(self.ALL.replace('@PIN@', self.WRONG))
        self.client('files', 'list', FT_PIN=self.server.pin)
        self.configure(self.ALL)
        self.client('files', 'list', FT_PIN=self.WRONG, code=76)

    def test_the_user_goes_the_same_way(self):
        self.configure(self.ALL)
        self.client('files', 'list', USER='nobody')
        self.client('files', 'list', FT_USER='nobody', code=77)
        self.client('tester@files', 'list', FT_USER='nobody')

    def test_a_way_to_trust_puts_another_one_out_of_force(self):
        self.configure(self.ALL.replace('pin = "@PIN@"', 'cafile = /nowhere'))
        self.client('files', 'list', code=66)
        self.client('--pin', self.server.pin, 'files', 'list')
        self.client('files', 'list', FT_PIN=self.server.pin)
        self.configure(self.ALL + 'host "*" { cafile = /nowhere }')
        self.client('files', 'list')

    def test_the_environment_alone_is_enough(self):
        self.client(f'127.0.0.1:{self.server.port}', 'list',
                    FT_USER='tester', FT_PIN=self.server.pin,
                    FT_PASSWORD_FILE=str(self.server.password_file))

    def test_what_is_empty_is_not_there(self):
        self.configure(self.ALL)
        self.client('files', 'list', FT_PIN='', FT_USER='', FT_CONFIG='')

    def test_a_wrong_variable_is_named(self):
        self.configure(self.ALL)
        self.client('files', 'list', FT_RETRIES='many', code=78)
        self.assertRegex(self.said, r'FT_RETRIES .*0 to 1000')
        self.client('files', 'list', FT_QUIET='perhaps', code=78)
        self.assertRegex(self.said, r'FT_QUIET .*yes or no')


class Passwords(ConfigTest):
    """From a command, as a keyring has it."""

    def setUp(self):
        super().setUp()
        self.configure(self.ALL.replace('password-file = "@PASSWORD@"',
                                        'password-command = "cat secret"'))
        self.write('secret', b'correct horse\nurl: x\n' + 3000 * b'more\n')

    def command(self, command, code=0, **env):
        return self.client('--password-command', command, 'files', 'list',
                           code=code, **env)

    def test_the_first_line_of_what_it_prints_is_the_password(self):
        self.client('files', 'list')
        self.command("printf 'correct %s' horse")
        self.command('exit 3', 78)
        self.client('files', 'list', code=77, FT_PASSWORD_COMMAND='echo no')

    def test_a_failure_is_told_with_what_the_command_says_itself(self):
        self.command('echo locked >&2; exit 3', 78)
        self.assertRegex(self.said,
                         r'^locked\nftclient: .*failed with code 3: echo')
        self.command('no-such-keyring', 78)
        self.assertIn('code 127', self.said)
        self.command('echo correct horse; exit 1', 78)
        self.command('kill -9 $$', 78)
        self.assertIn('signal 9', self.said)

    def test_no_password_is_an_error(self):
        for command in 'true', 'echo', 'printf "\\nx"':
            self.command(command, 78)
            self.assertIn('printed none', self.said)

    def test_what_never_ends_is_ended(self):
        self.command('yes', 78)
        self.assertIn('code 141', self.said)    # of SIGPIPE

    def test_what_it_leaves_running_is_not_waited_for(self):
        os.mkfifo(self.path('never'))
        for command in ('echo correct horse', 'printf "correct horse"'):
            # It holds the output open until the test ends it.
            self.command('sh -c "echo \\$\\$ >pid; exec cat never" '
                         '2>/dev/null & while ! test -s pid; do :; done; ' +
                         command)
            pid = int(self.read('pid'))
            self.assertTrue(ftlib.is_running(pid))
            os.kill(pid, signal.SIGKILL)
            self.path('pid').unlink()

    def test_it_takes_nothing_of_a_batch(self):
        argv = [ftlib.program('ftclient'), '--password-command',
                'cat >eaten; echo correct horse', '--pin', self.server.pin,
                f'tester@127.0.0.1:{self.server.port}']
        done = subprocess.run(argv, input=b'pwd\n', capture_output=True,
                              cwd=self.folder, timeout=ftlib.LIMIT,
                              env={**os.environ, 'HOME': str(self.home)})
        self.assertEqual((done.returncode, done.stdout), (0, b'/\n'))
        self.assertEqual(self.read('eaten'), b'')

    def test_file_and_command_exclude_each_other_where_they_are_equal(self):
        self.client('--password-file', 'x', '--password-command', 'y',
                    'files', 'list', code=64)
        self.assertIn('exclude each other', self.said)
        self.client('--password-file', self.server.password_file, 'files',
                    'list', FT_PASSWORD_COMMAND='false')
        self.client('files', 'list', code=78, FT_PASSWORD_FILE='x',
                    FT_PASSWORD_COMMAND='y')

    def test_a_kept_ticket_asks_no_command(self):
        runtime = self.folder / 'run'
        runtime.mkdir(mode=0o700)
        self.client('files', 'login', XDG_RUNTIME_DIR=str(runtime))
        self.command('touch asked; false', XDG_RUNTIME_DIR=str(runtime))
        self.assertFalse(self.path('asked').exists())


class Places(ConfigTest):
    def is_unknown(self):
        """Where no server of names answers, it is but not found now."""
        self.client('files', 'list', code=None)
        self.assertIn('cannot find the address of files', self.said)

    def test_config_names_another_file(self):
        self.configure(self.ALL)
        other = self.config.rename(self.folder / 'other')
        self.client('--config', other, 'files', 'list')
        self.client('files', 'list', FT_CONFIG=str(other))
        self.is_unknown()
        self.client('--config', '/nowhere', 'files', 'list', code=66)

    def test_none_is_no_file(self):
        self.configure('host "*" { port = what }')
        words = (f'tester@127.0.0.1:{self.server.port}', 'list')
        options = ('--pin', self.server.pin, '--password-file',
                   str(self.server.password_file))
        self.client(*options, *words, code=78)
        self.client('--config', 'none', *options, *words)
        self.client(*options, *words, FT_CONFIG='none')
        self.client('--config', self.config, *options, *words,
                    FT_CONFIG='none', code=78)

    def test_xdg_config_home_is_honoured(self):
        self.configure(self.ALL)
        (self.home / '.config').rename(self.folder / 'elsewhere')
        self.is_unknown()
        self.client('files', 'list',
                    XDG_CONFIG_HOME=str(self.folder / 'elsewhere'))

    def test_who_else_can_change_it_decides_nothing(self):
        for mode in 0o620, 0o602, 0o666:
            self.configure(self.ALL, mode)
            self.client('files', 'list', code=78)
            self.assertIn(f'others can change it: chmod go-w {self.config}',
                          self.said)
        self.configure(self.ALL, 0o644)
        self.client('files', 'list')

    def test_a_file_of_somebody_else_is_refused(self):
        self.assertEqual(os.getuid(), 0, 'root is needed to give it away')
        self.configure(self.ALL)
        os.chown(self.config, 65534, -1)
        self.client('files', 'list', code=78)
        self.assertIn('belongs to somebody else', self.said)

    def test_what_is_no_file_is_refused(self):
        os.mkfifo(self.config)
        self.client('files', 'list', code=78)
        self.assertIn('not a regular file', self.said)


class Mistakes(ConfigTest):
    def refused(self, text, line, *words):
        self.configure(text)
        self.client('files', 'list', code=78)
        self.assertIn(f'{self.config}:{line}: ', self.said)
        for word in words:
            self.assertIn(word, self.said)

    def test_an_unknown_key_is_told_with_its_line_and_the_nearest(self):
        self.refused('# mine\nhost "a" {\n\tpasword-file = x\n}\n', 3,
                     'unknown key `pasword-file`', '`password-file`?')
        self.refused('host "a" {\n\thostnme = x\n}\n', 2, '`hostname`?')
        self.refused('hosts "a" {\n}\n', 1, 'unknown section', '`host`?')

    def test_a_key_outside_of_sections_is_told(self):
        self.refused('\nretries = 3\n', 2, 'stands only in a section')

    def test_a_value_that_makes_no_sense_is_told_for_any_host(self):
        for value, words in {'retries = many': '0 to 1000',
                             'port = 70000': '1 to 65535',
                             'quiet = 7': 'yes or no',
                             'pin = abc': 'a pin looks like',
                             'user = ""': 'user is empty',
                             'hostname = "a/b"': 'no name of a host',
                             'hostname = "a:1"': 'port does not belong',
                             }.items():
            self.refused(f'host "b" {{\n\n\t{value}\n}}\n', 3, words)

    def test_what_excludes_each_other_is_told(self):
        self.refused('host "b" {\n\tpin = "@PIN@"\n\tcafile = b\n}\n', 3,
                     'exclude each other')

    def test_what_stands_twice_is_told(self):
        self.refused('host "b" {\n\tport = 1\n\tport = 2\n}\n', 3, 'already')
        self.refused('host "b" {\n\tquiet = no\n\tquiet = no\n}\n', 3,
                     'already')
        self.refused('host "b" { }\nhost "b" {\n}\n', 2, 'duplicate title')

    def test_options_of_one_run_are_no_keys(self):
        for key in 'tls', 'help', 'version', 'config', 'batch', 'show-key':
            self.refused(f'host "b" {{\n{key} = yes\n}}\n', 2, 'unknown key')

    def test_the_form_is_told(self):
        self.refused('host "a" {\n\tport = 1\n', 1, 'never closed')
        self.refused('host {\n}\n', 1, 'title')
        self.refused('host "" { port = 1 }\n', 1, 'name the hosts')
        self.refused('host *.org {\n}\n', 1, 'quotes')

    def test_every_option_of_help_can_stand_there(self):
        """Or is one of those that the page leaves out."""
        for_one_run = {'--tls', '--config', '--batch', '--help', '--version',
                       '--show-key'}
        text = self.client('--help').split('commands:')[0]
        options = [line.split() for line in text.splitlines()
                   if line.startswith('  ') and '--' in line[:8]]
        seen = set()
        for words in options:
            words = words[1:] if words[0][1] != '-' else words
            seen.add(words[0])
            if words[0] in for_one_run:
                continue
            key = words[0][2:]
            self.configure(f'host "b" {{ {key} = "?" }}')
            self.client('files', 'list', code=None)
            self.assertNotIn('unknown key', self.said)
        self.assertTrue(for_one_run < seen, seen)


if __name__ == '__main__':
    ftlib.main()
