#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each example of ftclient(1) does what it says, as it is printed.

A section of the configuration makes files.example.org a server of the test.
"""

import os
import re
import subprocess

import ftlib


def examples():
    """Sentence and shell text of each, in the order of the page."""
    page = (ftlib.SOURCE / 'man/ftclient.1').read_text()
    page = page.split('.Sh EXAMPLES\n')[1].split('\n.Sh ')[0]
    found = re.findall(r'^([A-Z][^:]*):\n\.Bd -literal[^\n]*\n(.*?)\n\.Ed$',
                       page, re.DOTALL | re.MULTILINE)
    return [(sentence.replace('\n', ' '), commands(text))
            for sentence, text in found]


def commands(text):
    """What a person types: behind the prompt, and what continues that."""
    script, goes_on, end = [], False, None
    for line in text.replace('\\e', '\\').splitlines():
        typed = line[2:] if line.startswith('$ ') else line
        if typed == line and not goes_on:
            continue    # what is printed
        script.append(typed)
        if end is None and (here := re.search(r'<<(\w+)', typed)):
            end = here[1]
        elif typed == end:
            end = None
        goes_on = end is not None or typed.endswith(('\\', '|'))
    return '\n'.join(script) + '\n'


class Examples(ftlib.Test):
    def setUp(self):
        super().setUp()
        setup = self.set_up(users={'jo': 'base=main,rights=full'})
        self.server = self.serve(setup)
        self.server.user = 'jo'
        self.here = self.folder / 'here'
        self.here.mkdir()
        (self.folder / 'run').mkdir(mode=0o700)
        self.configure()
        self.make_tools()
        self.fill()

    def configure(self):
        config = self.folder / '.config/ftclient/config'
        config.parent.mkdir(parents=True)
        config.write_text(f'''
            host "files.example.org work" {{
                hostname = 127.0.0.1
                port = {self.server.port}
                pin = "{self.server.pin}"
                password-file = "{self.server.password_file}"
            }}
            ''')
        config.chmod(0o600)

    def make_tools(self):
        """In the place of programs that the machine may not have."""
        tools = self.folder / 'tools'
        tools.mkdir()
        for name, line in {
                'pass': f'[ "$*" = "show files" ] && echo "{ftlib.PASSWORD}"',
                'file': 'echo $(wc -c) bytes in',
                'mpv': 'echo $(wc -c) bytes in'}.items():
            (tools / name).write_text(f'#!/bin/sh\n{line}\n')
            (tools / name).chmod(0o755)

    def fill(self):
        """What the examples find, here and there."""
        for name, content in {
                'report.pdf': b'%PDF', 'database.dump': b'rows',
                'all my notes.txt': b'notes', 'results.csv': b'1,2',
                'disk.img': os.urandom(9 << 20), 'due': b'put report.pdf\n',
                'src/a.c': b'int a;', 'src/a.o': b'obj', 'src/old.c': b'old',
                'site/index.html': b'<p>', 'site/css/a.css': b'a',
                'album/1.jpg': b'1', 'Downloads/': None}.items():
            path = self.here / name
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
        os.utime(self.here / 'src/old.c', (0, 0))
        self.path('papers').mkdir()
        self.write('papers/a.tex', b'a')
        (self.here / 'pw').write_text(ftlib.PASSWORD + '\n')
        (self.here / 'pw').chmod(0o600)
        ca = self.server.setup.tls / 'ca.crt'
        (self.here / 'ca.crt').write_bytes(ca.read_bytes())
        for name in ('in box', 'projects', 'backup', 'photos', 'photos/sub',
                     'releases', 'album', 'logs', 'old', 'scrap'):
            (self.server.root / name).mkdir()
            self.server.own(name)
        for name, content in {
                'in box/letter': b'1', 'projects/plan': b'1',
                'plan.txt': b'a draft', 'budget.txt': b'a draft',
                'photos/sub/1.jpg': b'jpg', 'album/gone.jpg': b'0',
                'logs/big.log': bytes(1000001), 'logs/small.log': b'1',
                'notes.txt': b'notes', 'draft.txt': b'draft',
                'scrap/x': b'x'}.items():
            self.server.write(name, content)
        for name, size in ('film.mp4', 1100000), ('film.ts', 700000010):
            self.server.write(name, b'')
            os.truncate(self.server.path(name), size)

    def run_example(self, script):
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(('FT_', 'XDG_'))}
        done = subprocess.run(
            ['bash', '-e', '-o', 'pipefail', '-c', script], cwd=self.here,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=ftlib.LIMIT,
            env={**clean, 'HOME': str(self.folder),
                 'XDG_RUNTIME_DIR': str(self.folder / 'run'),
                 'PATH': f'{self.folder}/tools:{ftlib.BUILD}:'
                 + os.environ['PATH']})
        self.assertEqual(done.returncode, 0, (script, done))
        return done.stdout

    def has(self, path, content):
        self.assertEqual(self.server.read(path), content)

    def test_there_are_twenty_and_each_does_what_it_says(self):
        found = examples()
        self.assertGreaterEqual(len(found), 20)
        self.assertEqual([sentence for sentence, _ in found],
                         list(self.OUTCOMES))
        for sentence, script in found:
            with self.subTest(sentence):
                self.OUTCOMES[sentence](self, self.run_example(script))

    # --- what each has come to, in the order of the page ---

    def show_key(self, out):
        self.assertIn(self.server.pin, out)
        self.assertIn('trusted:', out)

    def put(self, _):
        self.has('report.pdf', b'%PDF')

    def get(self, _):
        self.assertEqual((self.here / 'Downloads/report.pdf').read_bytes(),
                         b'%PDF')

    def mget(self, _):
        self.assertEqual((self.here / 'small.log').read_bytes(), b'1')
        self.assertTrue((self.here / 'big.log').exists())

    def url(self, out):
        self.assertRegex(out, r'^-rw.* letter\n$')

    def login(self, out):
        self.assertIn('logged in until', out)
        self.assertIn('report.pdf', out)
        self.assertEqual(list((self.folder / 'run/ftclient').iterdir()), [])

    def password_command(self, out):
        self.assertIn('report.pdf', out)

    def alias(self, out):
        self.assertRegex(out, r' plan\n$')

    def script(self, _):
        self.has('backup/today/database.dump', b'rows')
        self.has('backup/today/notes.txt', b'notes')

    def json(self, out):
        self.assertEqual(out, 'nothing to try again\n')
        self.assertIn('report.pdf', (self.here / 'receipts').read_text())
        self.assertIn('"type":', (self.here / 'told').read_text())

    def pipe(self, out):
        self.assertIn('src/a.c\n', out)

    def film(self, out):
        self.assertRegex(out, r'^65536 bytes in\n(.*\n)?10 bytes in\n$')
        self.assertEqual((self.here / 'end.mp4').stat().st_size, 1000000)

    def if_absent(self, _):
        self.has('results.csv', b'1,2')

    def if_version(self, _):
        self.has('plan.txt', b'a final')

    def lock(self, _):
        self.has('budget.txt', b'a final')

    def segments(self, _):
        self.has('disk.img', (self.here / 'disk.img').read_bytes())

    delta = segments

    def sum(self, out):
        self.assertEqual(out, 'disk.img: OK\n')

    def get_tree(self, _):
        self.assertEqual((self.here / 'photos/sub/1.jpg').read_bytes(),
                         b'jpg')

    def put_tree(self, _):
        self.has('backup/src/a.c', b'int a;')
        self.assertEqual(os.listdir(self.server.root / 'backup/src'),
                         ['a.c'])

    def atomic(self, _):
        self.has('releases/42/css/a.css', b'a')
        self.has('releases/site/css/a.css', b'a')

    def delete(self, out):
        self.assertIn('gone.jpg', out)
        self.assertEqual(os.listdir(self.server.root / 'album'), ['1.jpg'])

    def sync(self, _):
        self.has('papers/a.tex', b'a')
        self.assertEqual(self.read('papers/a.tex'), b'a')

    def find(self, out):
        self.assertIn('logs/big.log\n', out)
        self.assertNotIn('small.log', out)
        self.assertIn('1000002', out)

    def on_the_server(self, _):
        self.has('old/2025/notes.txt', b'notes')
        self.has('old/2025/draft.txt', b'draft')
        self.assertFalse((self.server.root / 'scrap').exists())

    OUTCOMES = {
        'See whose key a server has, before it is trusted': show_key,
        'Send a file': put,
        'Fetch it into another folder': get,
        'Fetch all files that a pattern fits': mget,
        'Look at a folder that has a blank in its name': url,
        'Give the password once for the whole day': login,
        'Let a keyring give the password': password_command,
        'Write down what it takes to reach a server, and type one word from '
        'then on': alias,
        'From a script, without a terminal': script,
        'Send what is due, keep the receipts, and look for failures that '
        'another try may mend': json,
        'Send a folder through a pipe, and look into it without keeping it':
            pipe,
        'See what a film begins with, how it ends, and play it from the '
        'middle': film,
        'Send a file only if there is none of its name': if_absent,
        'Change a file only if nobody else has meanwhile': if_version,
        'Or keep everybody else from it while it is changed': lock,
        'Send a large file over four connections; after a mishap go on with '
        'it': segments,
        'Send, or fetch, what was changed in a large file since it was moved '
        'last': delta,
        'Compare it with what is here, without fetching it': sum,
        'Fetch a folder with all in it, times and permissions too': get_tree,
        'Send of a folder what was changed in the last week, and no object '
        'files': put_tree,
        'Publish a folder in one step, so that nobody sees a half of it, '
        'under a name that is free, then under its own in a folder': atomic,
        'Tell what would be removed to make a folder there like the one '
        'here, then do it': delete,
        'Keep a folder on the server like one here, and fetch it on another '
        'machine': sync,
        'Find large logs, and how much a folder holds': find,
        'Copy, move and remove on the server, without anything coming here':
            on_the_server,
    }


if __name__ == '__main__':
    ftlib.main()
