#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The completions of bash and zsh know all that --help knows."""

import os
import re
import subprocess

import ftlib

FOLDER = ftlib.SOURCE / 'etc/completions'
PROGRAMS = 'ftclient', 'ftserver', 'ftuser', 'ftctl'


def help_of(program):
    return subprocess.run([ftlib.program(program), '--help'], check=True,
                          capture_output=True, text=True).stdout


def options_of(program):
    """The long options of the program itself, not those of its commands."""
    text = help_of(program).split('\ncommands:')[0]
    rows = [line[:32] for line in text.splitlines() if line.startswith('  ')]
    return set(re.findall(r'(?<!\w)--[a-z][a-z-]*', '\n'.join(rows)))


def verbs_of_ftclient():
    text = help_of('ftclient').split('\ncommands:')[1].split('\n\n')[0]
    return set(re.findall(r'^  ([a-z][a-z-]*)', text, re.MULTILINE))


class CompletionTest(ftlib.Test):
    def setUp(self):
        super().setUp()
        config = self.path('.config/ftclient/config')
        config.parent.mkdir(parents=True)
        config.write_text('host "work  home" { port = 1 }\n'
                          "host '*.org' { }\n")
        known = self.path('.local/state/ftclient/known_hosts')
        known.parent.mkdir(parents=True)
        known.write_text('# mine\nfiles.example.org:4433 sha256//x\n'
                         'other:99 sha256//y\n')
        self.write('report.pdf', b'')
        self.write('two words', b'')

    def run_shell(self, argv, script, *words):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(('FT_', 'XDG_'))}
        done = subprocess.run([*argv, script, '-', *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=60,
                              env={**env, 'HOME': str(self.folder)})
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return set(done.stdout.splitlines())


class Bash(CompletionTest):
    SCRIPT = '''
        . "$1/$3.bash"
        COMP_LINE=$4
        COMP_POINT=${#4}
        # As bash splits them: at blanks, and at each of these by itself.
        mapfile -t COMP_WORDS < <(grep -oE '[:@=]|[^[:blank:]:@=]+' <<<"$4")
        [[ $4 != *[[:blank:]] ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        rule=$(complete -p "$3")
        rule=${rule#*-F }
        "${rule%% *}" "$2/$3"
        printf '%s\\n' "${COMPREPLY[@]}"
        '''

    def complete(self, line):
        return self.run_shell(['bash', '-c'], self.SCRIPT, FOLDER,
                              ftlib.BUILD, line.split()[0], line) - {''}

    def test_each_option_of_help_is_offered(self):
        for program in PROGRAMS:
            with self.subTest(program):
                offered = self.complete(f'{program} --')
                self.assertEqual(offered, options_of(program))
        self.assertIn('-q', self.complete('ftclient -'))

    def test_help_of_a_command_tells_what_each_option_does(self):
        for verb in verbs_of_ftclient():
            done = subprocess.run(
                [ftlib.program('ftclient'), '--config', 'none', 'localhost',
                 'help', verb], check=True, capture_output=True, text=True)
            usage = done.stdout.split('\n    ')[0]
            told = set(re.findall(r'^    (?:-[A-Za-z], )?(-[A-Za-z]|--[a-z-]+)',
                                  done.stdout, re.MULTILINE))
            told |= set(re.findall(r'^    (-[A-Za-z]), --', done.stdout,
                                   re.MULTILINE))
            wanted = set(re.findall(r'\[(--?[A-Za-z-]+)', usage))
            wanted = {option for word in wanted for option in
                      ([word] if word.startswith('--') else
                       ['-' + letter for letter in word[1:]])}
            self.assertLessEqual(wanted, told, verb)
            self.assertLessEqual(
                max(map(len, done.stdout.splitlines())), 80, verb)

    def test_each_command_of_help_is_offered_behind_a_target(self):
        verbs = verbs_of_ftclient()
        self.assertLess({'get', 'put', 'list', 'logout'}, verbs)
        for line in 'ftclient jo@host:99 ', 'ftclient -q --pin x host ':
            self.assertEqual(self.complete(line), verbs)
        self.assertEqual(self.complete('ftclient host ge'), {'get'})
        self.assertEqual(self.complete('ftclient host help ge'), {'get'})

    def test_the_options_of_a_command_are_offered(self):
        offered = self.complete('ftclient host put -')
        self.assertLess({'--atomic', '--segments', '--if-absent', '--taken',
                         '-r', '-p', '-a'}, offered)
        self.assertLess({'--name', '--newer', '--depth'},
                        self.complete('ftclient host find --'))

    def test_hosts_come_from_settings_and_known_hosts(self):
        hosts = {'work', 'home', 'files.example.org', 'other:99'}
        self.assertEqual(self.complete('ftclient '), hosts)
        self.assertEqual(self.complete('ftclient -q w'), {'work'})
        self.assertEqual(self.complete('ftclient --show-key ho'), {'home'})
        # Behind the last @ or colon, as that is all that bash replaces.
        self.assertEqual(self.complete('ftclient jo@fi'),
                         {'files.example.org'})

    def test_files_are_offered_where_they_belong(self):
        for line in ('ftclient host put re', 'ftclient --cafile re',
                     'ftclient -b re', 'ftserver --config re',
                     'ftuser import re'):
            self.assertEqual(self.complete(line), {'report.pdf'}, line)
        self.assertEqual(self.complete('ftclient host put tw'),
                         {'two words'})
        self.assertEqual(self.complete('ftclient host rm re'), set())

    def test_the_tools_have_their_commands(self):
        self.assertLess({'add', 'passwd', 'import', 'verify'},
                        self.complete('ftuser '))
        self.assertEqual(self.complete('ftctl '), {'store'})
        self.assertEqual(self.complete('ftctl store '), {'check'})


class Zsh(CompletionTest):
    """The functions run with what zsh gives them, and say what they add."""

    SCRIPT = '''
        compadd() { [[ $1 == -a ]] && print -l -- ${(P)2} }
        _describe() { local row; for row in ${(P)3}; print -r -- ${row%%:*} }
        _files() { print -r -- FILES }
        compset() { [[ $1 == -P && $PREFIX == *@* ]] && PREFIX=${PREFIX#*@} }
        words=("$2/${4%% *}" ${(z)${4#* }})
        [[ $4 != *' ' ]] || words+=('')
        CURRENT=$#words
        PREFIX=$words[CURRENT]
        . "$1/$3"
        true
        '''

    def complete(self, line):
        program = line.split()[0]
        file = '_ftclient' if program == 'ftclient' else '_ftserver'
        return self.run_shell(['zsh', '-f', '-c'], self.SCRIPT, FOLDER,
                              ftlib.BUILD, file, line) - {''}

    def test_they_are_well_formed(self):
        for file in FOLDER.glob('_*'):
            subprocess.run(['zsh', '-n', file], check=True)

    def test_each_option_of_help_is_offered(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertEqual(self.complete(f'{program} --'),
                                 options_of(program))

    def test_each_command_of_help_is_offered_behind_a_target(self):
        for line in 'ftclient jo@host ', 'ftclient -q --pin x host ':
            self.assertEqual(self.complete(line), verbs_of_ftclient())
        self.assertLess({'add', 'import'}, self.complete('ftuser '))
        self.assertEqual(self.complete('ftctl store '), {'check'})

    def test_the_options_of_a_command_are_offered(self):
        self.assertLess({'--atomic', '--segments', '--if-absent'},
                        self.complete('ftclient host put --'))

    def test_hosts_and_files_are_offered(self):
        self.assertEqual(self.complete('ftclient '), {
            'work', 'home', 'files.example.org', 'other:99'})
        self.assertEqual(self.complete('ftclient host put r'), {'FILES'})
        self.assertEqual(self.complete('ftclient --cafile r'), {'FILES'})
        self.assertEqual(self.complete('ftclient host rm r'), set())


if __name__ == '__main__':
    ftlib.main()
