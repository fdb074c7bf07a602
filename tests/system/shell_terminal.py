#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The shell of ftclient on an emulated terminal, as a person sees it."""

import os

import ftlib
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


if __name__ == '__main__':
    ftlib.main()
