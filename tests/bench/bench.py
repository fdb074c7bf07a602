# SPDX-License-Identifier: ISC
"""What the drivers share: real servers, and what they cost.

Programs come from $FT_BUILD (default: the current folder), as in the system
tests, whose library this uses.
"""

import argparse
import contextlib
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'system'))
import ftlib  # noqa: E402

TICK = os.sysconf('SC_CLK_TCK')
MIB = 1 << 20
KIB = 1024


def options(doc, **defaults):
    """Options --NAME with these defaults, all numbers but `dir`."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument('--' + name, default=default, type=type(default))
    return parser.parse_args()


@contextlib.contextmanager
def folder(where):
    """A folder that is gone afterwards, and that other accounts may enter."""
    made = pathlib.Path(tempfile.mkdtemp(prefix='ftserver-bench-', dir=where))
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextlib.contextmanager
def server(where, sections=None, users=None):
    """A server with 4 workers and limits out of the way."""
    limits = {'workers': 4, 'max_per_address': 100000,
              'stall_timeout': 3600, 'idle_timeout': 3600}
    where.mkdir(exist_ok=True)
    where.chmod(0o711)
    setup = ftlib.Setup(where, {'limits': limits, **(sections or {})}, users)
    running = ftlib.Server(where, setup)
    try:
        yield running
    finally:
        running.end()


def give(path, running):
    """Let the server's account own `path`."""
    if running.setup.account:
        shutil.chown(path, running.setup.account)


def random_file(path, size):
    with open(path, 'wb') as file:
        for at in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - at)))
    path.chmod(0o644)


def cpu(pids):
    """CPU seconds that processes have used so far."""
    total = 0
    for pid in pids:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            fields = file.read().rpartition(b')')[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Cost:
    """Seconds of wall, of the client's CPU and of the server's."""

    def __init__(self, wall, client, server_):
        self.wall, self.client, self.server = wall, client, server_


def run_client(running, *words):
    """What one ftclient, from its start to its end, costs."""
    pids = (running.monitor, running.worker)
    argv = running.client_argv(*words)
    env = {**os.environ, 'HOME': str(running.home)}
    used, client, start = cpu(pids), children_cpu(), time.monotonic()
    subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    return Cost(wall, children_cpu() - client, cpu(pids) - used)


def median(values):
    return statistics.median(values)


def ratio(ours, theirs):
    """The median of the ratios within each round."""
    return median(a / b for a, b in zip(ours, theirs))


def spread(values):
    return f'{median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})'


def settled_pss(running, still=0.5, limit=20):
    """PSS of both processes in bytes, once it no longer moves."""
    end = time.monotonic() + limit
    last = running.pss()
    while time.monotonic() < end:
        time.sleep(still)
        now = running.pss()
        if abs(now - last) < 64 * KIB:
            return now
        last = now
    return last


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def conditions():
    """One line for the top of a report."""
    print(f'{os.cpu_count()} cores, Linux {platform.release()}, '
          f'load {os.getloadavg()[0]:.1f}')
