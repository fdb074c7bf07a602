#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Small files, pipelined over one connection: durable against not.

usage: small.py [--rounds 5] [--files 10000] [--dir /dev/shm] [--mib 2048]

On ext4 in a loop device over a file in `dir` (made and removed here, by root
alone), then in `dir` itself.  Both kinds go by turns; between them everything
is removed and flushed, outside the timed part.
"""

import contextlib
import os
import re
import shutil
import subprocess

import bench

FIGURES = re.compile(
    r'([\d.]+) files/s, folders ([\d.]+) s, client CPU ([\d.]+) s')
KINDS = ('commit', 'async')
SIZE = 4096
FOLDERS = 100


@contextlib.contextmanager
def loop_ext4(folder, mib):
    image, mounted = folder / 'image', folder / 'ext4'
    with open(image, 'wb') as file:
        file.truncate(mib * bench.MIB)
    subprocess.run(['mkfs.ext4', '-q', '-F', image], check=True)
    mounted.mkdir()
    subprocess.run(['mount', '-o', 'loop', image, mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(['umount', mounted], check=True)
        image.unlink()


@contextlib.contextmanager
def server_on(folder, disk):
    """A server with a base of each kind on `disk`, and a user for each."""
    sections, users = {}, {}
    for kind in KINDS:
        (disk / kind).mkdir()
        sections[f'base {kind}'] = {'path': disk / kind, 'durability': kind}
        users[kind] = f'base={kind},rights=full'
        if os.getuid() == 0:
            shutil.chown(disk / kind, 'nobody')
    with bench.server(folder, sections, users) as server:
        yield server


def settle(disk):
    """Nothing that another run left may be flushed in the next."""
    subprocess.run(['sync', '-f', disk], check=True)


def check(tree, files):
    """All there, each with its own content."""
    seen = set()
    for folder, _, names in os.walk(tree):
        for name in names:
            with open(os.path.join(folder, name), 'rb') as file:
                content = file.read()
            assert len(content) == SIZE, (folder, name)
            seen.add(content[:4])
    assert len(seen) == files, f'{len(seen)} files, not {files}'


def one_run(server, disk, kind, files):
    """Files per second, CPU s of the server and of the client."""
    pids = (server.monitor, server.worker)
    settle(disk)
    used = bench.cpu(pids)
    out = subprocess.run(
        [bench.ftlib.program('tests/bench/small'), '-n', str(files),
         '-f', str(FOLDERS), '-s', str(SIZE), server.address,
         str(server.port), kind, bench.ftlib.PASSWORD, 'tree'],
        check=True, text=True, stdout=subprocess.PIPE).stdout
    used = bench.cpu(pids) - used
    tree = disk / kind / 'tree'
    check(tree, files)
    shutil.rmtree(tree)
    rate, _, client = FIGURES.match(out).groups()
    return float(rate), used, float(client)


def measure(name, folder, disk, opt):
    results = {kind: [] for kind in KINDS}
    with server_on(folder, disk) as server:
        for turn in range(opt.rounds):
            # Neither always comes second.
            for kind in KINDS if turn % 2 else reversed(KINDS):
                results[kind].append(one_run(server, disk, kind, opt.files))
    rates = {kind: [row[0] for row in rows] for kind, rows in results.items()}
    for kind, rows in results.items():
        _, server_cpu, client_cpu = zip(*rows)
        print(f'{name:6} {kind:7} {bench.spread(rates[kind]):>24} files/s, '
              f'CPU s: server {bench.median(server_cpu):.2f}, '
              f'client {bench.median(client_cpu):.2f}')
    print(f'{name:6} ratio   '
          f'{bench.ratio(rates["commit"], rates["async"]):.2f}')


def main():
    opt = bench.options(__doc__, rounds=5, files=10000, dir='/dev/shm',
                        mib=2048)
    bench.conditions()
    with bench.folder(opt.dir) as folder:
        with loop_ext4(folder, opt.mib) as disk:
            measure('ext4', folder / 'one', disk, opt)
        memory = folder / 'tmpfs'
        memory.mkdir()
        measure('tmpfs', folder / 'two', memory, opt)


if __name__ == '__main__':
    main()
