#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A worker that does what it must not is stopped, and the service goes on."""

import pathlib

import ftlib
import ftwire

# The same server, with a hook that does what a user's name says.
real_program = ftlib.program
ftlib.program = lambda name: real_program(
    'tests/system/hooked' if name == 'ftserver' else name)

KILLED = ['execute', 'socket', 'trace', 'traced', 'peek', 'mount', 'kill',
          'fork']
REFUSED = ['shadow', 'write']


class Sandbox:
    """Each deed, in a server that runs the way a subclass starts it."""

    def try_deed(self, user):
        server = self.serve_for(user)
        self.addCleanup(server.kill)
        worker = server.worker
        try:
            server.wire(user).cut()
        except (OSError, ftwire.Cut, ftwire.Closed):
            pass
        return server, worker

    def check_killed(self, user):
        server, worker = self.try_deed(user)
        server.wait_log('killed by SIGSYS')
        self.assertNotIn(f'hook {user}', server.log())
        ftlib.wait_until('the worker is gone',
                         lambda: not ftlib.is_running(worker))
        # A new one serves; only a user who does no harm asks it.
        server.wait_log('a new server process serves')
        self.assertNotEqual(server.worker, worker)
        self.assertIsNone(server.process.poll())

    def check_refused(self, user):
        server, worker = self.try_deed(user)
        server.wait_log(f'hook {user}: Permission denied')
        self.assertTrue(ftlib.is_running(worker))
        self.assertFalse(pathlib.Path('/tmp/ftserver-was-here').exists())


def add_tests(cls):
    for user in KILLED:
        setattr(cls, f'test_{user}_kills_the_process',
                lambda self, user=user: self.check_killed(user))
    for user in REFUSED:
        setattr(cls, f'test_{user}_is_refused',
                lambda self, user=user: self.check_refused(user))
    return cls


@add_tests
class Quick(Sandbox, ftlib.Test):
    def serve_for(self, user):
        server = self.serve(options=['--user', user])
        server.user = user
        return server


@add_tests
class Configured(Sandbox, ftlib.Test):
    def serve_for(self, user):
        return self.serve(self.set_up(users={user: 'rights=full'}))


ftlib.main()
