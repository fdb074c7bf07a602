# SPDX-License-Identifier: ISC
"""What system tests share: real programs in a folder of their own.

    class Uploads(ftlib.Test):
        def test_a_file_comes_back_as_it_went(self):
            server = self.serve()
            self.write('a', b'content')
            server.client('put', 'a')
            self.assertEqual(server.read('a'), b'content')

    ftlib.main()

Each test gets self.folder, which is removed at its end together with all that
runs in it.  Programs come from $FT_BUILD.
"""

import base64
import contextlib
import ctypes
import glob
import hashlib
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import ftwire

BUILD = pathlib.Path(os.environ.get('FT_BUILD', '.')).resolve()
SOURCE = pathlib.Path(os.environ.get(
    'FT_SOURCE', pathlib.Path(__file__).parents[2])).resolve()
NIGHTLY = 'FT_NIGHTLY' in os.environ

# Everything takes longer under a sanitizer; a limit is there to end a test
# that hangs, not to measure.
LIMIT = 120

# Exit codes of sysexits(3), as the programs promise them.
OK = 0
EX_USAGE = 64
EX_DATAERR = 65
EX_NOINPUT = 66
EX_NOHOST = 68
EX_UNAVAILABLE = 69
EX_CANTCREAT = 73
EX_IOERR = 74
EX_TEMPFAIL = 75
EX_PROTOCOL = 76
EX_NOPERM = 77
EX_CONFIG = 78

USER = 'tester'
PASSWORD = 'correct horse'


def program(name):
    return str(BUILD / name)


def wait_until(what, holds, limit=LIMIT):
    """Wait for a fact, not for the clock."""
    end = time.monotonic() + limit
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'still not so after {limit} s: {what}')
        time.sleep(0.01)


def children(pid):
    """The processes whose parent is `pid`."""
    found = []
    for entry in os.listdir('/proc'):
        with contextlib.suppress(OSError, ValueError):
            with open(f'/proc/{int(entry)}/stat', 'rb') as file:
                # The name, in parentheses, may hold anything.
                fields = file.read().rpartition(b')')[2].split()
            if int(fields[1]) == pid:
                found.append(int(entry))
    return found


def is_running(pid):
    """Any of its threads, that is: each keeps files and locks in use."""
    for thread in glob.glob(f'/proc/{pid}/task/*/stat'):
        with contextlib.suppress(OSError), open(thread, 'rb') as file:
            if file.read().rpartition(b')')[2].split()[0] != b'Z':
                return True
    return False


def pss(*pids):
    """Proportional set size of processes, in bytes."""
    total = 0
    for pid in pids:
        with open(f'/proc/{pid}/smaps_rollup') as file:
            total += sum(int(line.split()[1]) for line in file
                         if line.startswith('Pss:')) * 1024
    return total


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def cheap_hash(password):
    """An argon2id hash that costs next to nothing to check."""
    argon2 = ctypes.CDLL('libargon2.so.1')
    out = ctypes.create_string_buffer(256)
    password = password.encode()
    code = argon2.argon2id_hash_encoded(
        ctypes.c_uint32(1), ctypes.c_uint32(8), ctypes.c_uint32(1),
        password, ctypes.c_size_t(len(password)),
        os.urandom(16), ctypes.c_size_t(16), ctypes.c_size_t(32),
        out, ctypes.c_size_t(len(out)))
    if code != 0:
        raise AssertionError(f'libargon2 says {code}')
    return out.value.decode()


class Setup:
    """A configuration of its own, as an administrator would write it.

    `sections` is a dict of dicts, with '' for the keys outside of sections;
    `users` maps names to the keys of their lines (PASSWORD is the password of
    all).  Run by root, the server drops to `account`.
    """

    def __init__(self, folder, sections=None, users=None, account='nobody'):
        self.folder = folder
        self.path = folder / 'ftserver.conf'
        self.user_file = folder / 'users'
        self.root = folder / 'root'
        self.tls = folder / 'tls'
        self.state = folder / 'state'
        self.account = account if os.getuid() == 0 else None
        self.root.mkdir()
        self.state.mkdir(mode=0o700)
        self.make_certs()
        self.write_users(users or {USER: 'base=main,rights=full'})
        self.write_config(sections or {})
        if self.account:
            for path in (self.root, self.state):
                shutil.chown(path, self.account)

    def make_certs(self):
        subprocess.run([SOURCE / 'certs/make-certs', '-d', self.tls, 'new',
                        'localhost', '127.0.0.1', '::1'], check=True,
                       capture_output=True)
        key = subprocess.run(
            ['openssl', 'pkey', '-in', self.tls / 'server.key', '-pubout',
             '-outform', 'DER'], check=True, capture_output=True).stdout
        self.pin = 'sha256//' + base64.b64encode(
            hashlib.sha256(key).digest()).decode()

    def write_users(self, users):
        """Replace the user file in one step, as ftuser does."""
        hash_ = cheap_hash(PASSWORD)
        new = self.user_file.with_suffix('.new')
        new.touch(0o640)
        new.write_text(''.join(f'{name}:{"" if name[0] == "@" else hash_}:{keys}\n'
                               for name, keys in users.items()))
        if self.account:
            shutil.chown(new, group=pwd.getpwnam(self.account).pw_gid)
        new.replace(self.user_file)

    def write_config(self, sections):
        all_ = {
            '': {'listen': ['127.0.0.1:0'], 'state': self.state},
            'tls': {'certificate': self.tls / 'server.crt',
                    'private_key': self.tls / 'server.key'},
            'login': {'user_file': self.user_file, 'hash_memory': 8,
                      'hash_passes': 1},
            'base main': {'path': self.root},
        }
        if self.account:
            all_['']['user'] = self.account
        for name, keys in sections.items():
            all_.setdefault(name, {}).update(keys)
        lines = []
        for name, keys in all_.items():
            indent = '\t' if name else ''
            lines += [f'{name} {{'] if name else []
            lines += [f'{indent}{key} = {self.value(value)}'
                      for key, value in keys.items()]
            lines += ['}'] if name else []
        self.path.write_text('\n'.join(lines) + '\n')

    def value(self, value):
        if isinstance(value, list):
            return '{' + ', '.join(map(self.value, value)) + '}'
        return f'"{value}"'


class LocalLock:
    """A lock that a program of this machine holds, by classic fcntl(2).

    In a process of its own, because such locks belong to the process: they
    would not stand in its own way, and go when it closes the file anywhere.
    """

    PROGRAM = """if True:
        import fcntl, sys
        path, how, start, length = sys.argv[1:]
        file = open(path, 'rb' if how == 'SH' else 'r+b')
        try:
            fcntl.lockf(file, getattr(fcntl, 'LOCK_' + how) | fcntl.LOCK_NB,
                        int(length), int(start))
        except BlockingIOError:
            sys.exit(1)
        print('locked', flush=True)
        sys.stdin.read()
    """

    def __init__(self, path, how='EX', start=0, length=0):
        self.process = subprocess.Popen(
            [sys.executable, '-c', self.PROGRAM, path, how, str(start),
             str(length)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b'locked\n':
            self.release()
            raise BlockingIOError(f'{path} is locked by somebody else')

    def release(self):
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Lines:
    """Lines from a pipe, each waited for with a limit."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.rest = b''
        self.seen = []

    def next(self, limit=LIMIT):
        """The next line; None at the end."""
        end = time.monotonic() + limit
        while b'\n' not in self.rest:
            left = max(0, end - time.monotonic())
            if not select.select([self.pipe], [], [], left)[0]:
                raise AssertionError(f'no line after {limit} s')
            data = os.read(self.pipe.fileno(), 65536)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b'\n')
        self.seen.append(line.decode('utf-8', 'surrogateescape'))
        return self.seen[-1]


class Server:
    """A running ftserver: a monitor and its server process.

    By default `--quick` with the user USER and PASSWORD; with `setup`, a
    Setup.  Made by Test.serve.
    """

    def __init__(self, folder, setup=None, options=(), env=None, root=None,
                 wrapper=()):
        self.folder = folder
        self.setup = setup
        self.root = setup.root if setup else root or folder / 'root'
        self.log_path = folder / 'log'
        self.password_file = folder / 'password'
        self.home = folder / 'home'
        self.root.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        self.state = folder / 'state'
        self.write_password()
        self.pin = setup and setup.pin
        self.user = USER
        if setup is None:
            self.write_quick_user()
            words = ['--quick', str(self.root), '--listen', '127.0.0.1:0',
                     '--state', str(self.state), '--user', USER,
                     '--password-file', str(self.password_file)]
        else:
            words = ['--config', str(setup.path)]
        self.argv = [*wrapper, program('ftserver'), *words, *options]
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, env={**os.environ, **(env or {})})
        self.lines = Lines(self.process.stdout)
        self.address, self.port = self.wait_ready()

    def write_password(self):
        fd = os.open(self.password_file,
                     os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, 'w') as file:
            file.write(PASSWORD + '\n')

    def write_quick_user(self):
        """As an earlier run would have left it, but with a cheap hash."""
        users = self.state / 'users'
        if not users.exists():
            self.state.mkdir(mode=0o700, exist_ok=True)
            users.touch(0o600)
            users.write_text(f'{USER}:{cheap_hash(PASSWORD)}:rights=full\n')

    def wait_ready(self):
        while (line := self.lines.next()) is not None:
            if match := re.search(r'--pin (sha256//[A-Za-z0-9+/=]+)', line):
                self.pin = match[1]
            if match := re.fullmatch(r'ready \[?(.*?)\]?:(\d+)', line):
                return match[1], int(match[2])
        code = self.process.wait()
        raise AssertionError(
            f'ftserver ended with {code} before it was ready:\n{self.log()}')

    @property
    def monitor(self):
        return self.process.pid

    @property
    def worker(self):
        """The pid of the server process."""
        found = wait_until('there is a server process',
                           lambda: children(self.monitor))
        return found[0]

    def pss(self):
        return pss(self.monitor, self.worker)

    def log(self):
        return self.log_path.read_text('utf-8', 'surrogateescape')

    def wait_log(self, pattern, limit=LIMIT):
        return wait_until(f'the log says {pattern}',
                          lambda: re.search(pattern, self.log()), limit)

    def path(self, name):
        return self.root / os.fsdecode(name)

    def read(self, name):
        return self.path(name).read_bytes()

    def write(self, name, content):
        """A file such as the server itself might have made."""
        self.path(name).write_bytes(content)
        self.own(name)

    def own(self, name):
        """Give to the server's account what a test has made."""
        if self.setup and self.setup.account:
            os.chown(self.path(name), pwd.getpwnam(
                self.setup.account).pw_uid, -1, follow_symlinks=False)

    def tree(self):
        """All that users could see: what each path is and holds."""
        found, root = {}, os.fsencode(self.root)
        for folder, folders, files in os.walk(root):
            if folder == root:
                folders.remove(b'.ftserver')
            for name in folders + files:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, root)] = self.describe(path)
        return found

    def describe(self, path):
        facts = os.lstat(path)
        content = None
        if stat.S_ISREG(facts.st_mode):
            with open(path, 'rb') as file:
                content = file.read()
        elif stat.S_ISLNK(facts.st_mode):
            content = os.readlink(path)
        return facts.st_mode, content, facts.st_mtime_ns, facts.st_ino

    def stages(self):
        """Uploads that are not finished, or were not cleaned up."""
        return os.listdir(self.root / '.ftserver/stage')

    # --- talking to it ---

    def target(self, path=''):
        address = f'[{self.address}]' if ':' in self.address else self.address
        return f'{self.user}@{address}:{self.port}{path}'

    def client_argv(self, *words, trust=None):
        trust = ('--pin', self.pin) if trust is None else trust
        return [program('ftclient'), *trust, '--password-file',
                str(self.password_file), self.target(), *words]

    def client(self, *words, code=OK, cwd=None, trust=None, argv=None, **more):
        """Run ftclient to its end; its exit code must be `code`."""
        env = {**os.environ, 'HOME': str(self.home), **more.pop('env', {})}
        done = subprocess.run(
            argv or self.client_argv(*words, trust=trust),
            cwd=cwd or self.folder.parent, env=env, capture_output=True,
            timeout=more.pop('timeout', LIMIT * 5),
            **({'stdin': subprocess.DEVNULL} if 'input' not in more else {}),
            **more)
        if code is not None and done.returncode != code:
            raise AssertionError(
                f'{words} ended with {done.returncode}, not {code}:\n'
                f'{done.stdout!r}\n{done.stderr!r}\n{self.log()}')
        return done

    def start_client(self, *words, cwd=None, argv=None, **more):
        env = {**os.environ, 'HOME': str(self.home)}
        return subprocess.Popen(argv or self.client_argv(*words), env=env,
                                cwd=cwd or self.folder.parent, **more)

    def connect(self, **options):
        """A Wire that has said nothing yet."""
        return ftwire.Wire(self.address, self.port, **options)

    def wire(self, user=None, password=PASSWORD, **options):
        """A Wire that is logged in."""
        wire = self.connect(**options)
        try:
            wire.login(user or self.user, password)
        except BaseException:
            wire.cut()
            raise
        return wire

    # --- ending it ---

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, code=OK):
        """SIGTERM; it must end with `code`, and all of it."""
        pids = [self.monitor, *children(self.monitor)]
        self.process.send_signal(signal.SIGTERM)
        return self.wait(code, pids)

    def wait(self, code=OK, pids=()):
        got = self.process.wait(LIMIT)
        self.process.stdout.close()
        for pid in pids:
            wait_until(f'process {pid} is gone', lambda: not is_running(pid))
        if got != code:
            raise AssertionError(
                f'ftserver ended with {got}, not {code}:\n{self.log()}')
        self.check_log()
        return got

    def check_log(self):
        """No sanitizer, assertion or sandbox has complained."""
        log = self.log()
        for sign in ('Sanitizer', 'runtime error:', 'Assertion',
                     'stack smashing', 'SIGSYS'):
            if sign in log:
                raise AssertionError(f'{sign} in the log:\n{log}')

    def end(self):
        """Whatever state it is in, nothing is left of it."""
        if self.process.poll() is None:
            try:
                self.stop()
            except BaseException:
                self.kill()
                raise
        elif not self.process.stdout.closed:
            self.process.stdout.close()

    def kill(self):
        pids = [self.monitor, *children(self.monitor)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        for pid in pids:
            wait_until(f'process {pid} is gone', lambda: not is_running(pid))


class Test(unittest.TestCase):
    """A test case with a folder, and servers that end with it."""

    maxDiff = 2000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='ftserver-test-'))
        # A server that has dropped its privileges must get through.
        self.folder.chmod(0o711)
        self.addCleanup(self.remove_folder)
        self.servers = 0

    def remove_folder(self):
        def once_more(remove, path, _):
            if path == str(self.folder):
                raise    # nothing above it is ours
            os.chmod(os.path.dirname(path), 0o700)
            if os.path.isdir(path) and not os.path.islink(path):
                os.chmod(path, 0o700)
            if remove is not os.open and remove is not os.scandir:
                remove(path)
        shutil.rmtree(self.folder, onerror=once_more)

    def new_folder(self):
        self.servers += 1
        folder = self.folder / f'server{self.servers}'
        folder.mkdir()
        folder.chmod(0o711)
        return folder

    def set_up(self, **options):
        """A Setup for a server of this test."""
        return Setup(self.new_folder(), **options)

    def serve(self, setup=None, **options):
        """Start a server of this test; see Server."""
        folder = setup.folder if setup else self.new_folder()
        server = Server(folder, setup, **options)
        self.addCleanup(server.end)
        return server

    def path(self, name):
        return self.folder / os.fsdecode(name)

    def write(self, name, content):
        """A file in the folder, which is where the client runs."""
        path = self.path(name)
        path.write_bytes(content)
        return path

    def read(self, name):
        return self.path(name).read_bytes()

    def mode(self, path):
        return stat.S_IMODE(os.lstat(path).st_mode)

    def assertRefused(self, code, call, *args, **options):
        """The call ends in an ERROR with this word; the error."""
        with self.assertRaises(ftwire.Refused) as caught:
            call(*args, **options)
        self.assertEqual(caught.exception.code, code)
        return caught.exception


def main():
    """Run all tests of the file; a skipped one has failed."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules['__main__'])
    if len(sys.argv) > 1:
        suite = unittest.defaultTestLoader.loadTestsFromNames(
            sys.argv[1:], sys.modules['__main__'])
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    bad = (len(result.failures) + len(result.errors) + len(result.skipped)
           + len(result.expectedFailures) + len(result.unexpectedSuccesses))
    good = max(0, result.testsRun - bad)
    sys.stderr.flush()
    print(f'{good} passed, {bad} failed', flush=True)
    sys.exit(0 if good and not bad else 1)
