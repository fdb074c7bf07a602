# SPDX-License-Identifier: ISC
"""A program on a terminal that a test can look at: tmux emulates it.

    screen = ftscreen.Screen(folder, argv, env, cwd)
    screen.see(r'> $')
    screen.type('list')
    screen.keys('Enter')

Whatever is waited for is waited for on the screen, never by the clock.  Each
Screen is a tmux of its own, with its socket in the test's folder.
"""

import os
import re
import shlex
import subprocess
import termios

import ftlib


class Screen:
    def __init__(self, folder, argv, env, cwd, width=80, height=24):
        self.folder = folder
        # tmux forgets an exit status now and then.
        self.status = folder / 'status'
        config = folder / 'tmux.conf'
        config.write_text('set -g remain-on-exit on\n'
                          "set -g remain-on-exit-format ''\n"
                          'set -g default-terminal screen-256color\n'
                          'set -g status off\n'
                          'set -g escape-time 0\n')
        self.env = {**env, 'TMUX_TMPDIR': str(folder)}
        # What tmux says of itself to its panes is not for the client.
        for name in ('TMUX', 'TMUX_PANE'):
            self.env.pop(name, None)
        self.tmux('-f', config, 'new-session', '-d', '-x', str(width), '-y',
                  str(height), '-c', cwd, shlex.join(map(str, [
                      'sh', '-c', 'trap : INT; "$@"; echo $? > "$0"',
                      self.status, *argv])))

    def tmux(self, *words):
        done = subprocess.run(
            ['tmux', '-u', '-L', 'screen', *map(str, words)], env=self.env,
            stdin=subprocess.DEVNULL, capture_output=True,
            timeout=ftlib.LIMIT)
        if done.returncode != 0:
            raise AssertionError(f'tmux {words}: {done.stderr!r}')
        return done.stdout.decode('utf-8', 'surrogateescape')

    def type(self, text):
        self.tmux('send-keys', '-l', '--', text)

    def keys(self, *names):
        """Keys by the names that tmux has for them: Enter, Tab, C-c."""
        self.tmux('send-keys', *names)

    def run(self, line):
        """A line and Enter."""
        self.type(line)
        self.keys('Enter')

    def text(self, colors=False):
        """What is on the screen, without the empty lines at its end."""
        shown = self.tmux('capture-pane', '-p', *(['-e'] * colors))
        return shown.rstrip('\n')

    def wait(self, what, holds, limit=40):
        try:
            return ftlib.wait_until(what, lambda: holds(self.text()),
                                     limit)
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.text()}') from None

    def see(self, pattern):
        """Wait until the screen matches; the match."""
        return self.wait(f'the screen shows {pattern}', lambda text:
                         re.search(pattern, text, re.MULTILINE))

    def see_prompt(self, line=''):
        """Wait until the last line is a prompt with no more than `line`."""
        # tmux does not tell a blank at the end of a line from none.
        end = re.escape('> ' + line).rstrip('\\ ')
        self.wait(f'a prompt with {line!r}', lambda text: re.search(
            end + r' *$', text.split('\n')[-1]))
        ftlib.wait_until('the editor reads', self.is_raw)

    def is_raw(self):
        """A prompt is drawn before the terminal gives each key by itself."""
        fd = os.open(self.fact('pane_tty'), os.O_RDWR | os.O_NOCTTY)
        try:
            return not termios.tcgetattr(fd)[3] & termios.ICANON
        finally:
            os.close(fd)

    def clear(self):
        """Nothing of what was is there to be taken for what comes."""
        self.keys('C-l')
        self.wait('an empty screen', lambda text: '\n' not in text)

    def resize(self, width, height):
        self.tmux('resize-window', '-x', str(width), '-y', str(height))

    def fact(self, name):
        return self.tmux('display-message', '-p', f'#{{{name}}}').strip()

    def exit_code(self):
        """Wait for the end of the program."""
        return int(ftlib.wait_until(
            'the program has ended', lambda: self.status.exists() and
            self.status.read_text().strip()))

    def end(self):
        """Whatever runs in it ends with it, and so does tmux."""
        pids = [int(self.fact('pid')), int(self.fact('pane_pid'))]
        self.tmux('kill-server')
        for pid in pids:
            ftlib.wait_until(f'process {pid} is gone',
                             lambda: not ftlib.is_running(pid))


class ScreenTest(ftlib.Test):
    """A test with a home of its own, and ftclients on screens."""

    def setUp(self):
        super().setUp()
        self.home = self.folder / 'home'
        self.work = self.folder / 'work'
        self.home.mkdir()
        self.work.mkdir()
        self.screens = 0
        self.env = {**os.environ, 'HOME': str(self.home),
                    'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
        for name in ('LS_COLORS', 'NO_COLOR', 'PAGER', 'LESS', 'SHELL',
                     'XDG_STATE_HOME', 'XDG_RUNTIME_DIR'):
            self.env.pop(name, None)

    def screen(self, argv, env=None, **options):
        self.screens += 1
        folder = self.folder / f'screen{self.screens}'
        folder.mkdir()
        screen = Screen(folder, argv, {**self.env, **(env or {})}, self.work,
                        **options)
        self.addCleanup(screen.end)
        return screen

    def shell(self, server, **options):
        """The client's shell, with its first prompt."""
        screen = self.screen(server.client_argv(), **options)
        screen.see(r'^tester@127\.0\.0\.1:/>')
        return screen
