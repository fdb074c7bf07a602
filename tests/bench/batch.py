#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Small files by the real client, in one batch and as one folder: durable
against not.

usage: batch.py [--rounds 5] [--files 10000] [--dir /dev/shm] [--mib 2048]

On ext4 in a loop device over a file in `dir` (made and removed here, by root
alone), to bases of both kinds by turns; between them everything is removed and
flushed, outside the timed part.
"""

import os
import shutil
import subprocess
import time

import bench
import small


def make_files(folder, count):
    """As in small.py; each begins with its number."""
    for number in range(count):
        inner = folder / 'tree' / f'd{number % small.FOLDERS}'
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f'f{number}').write_bytes(
            number.to_bytes(4, 'big') + os.urandom(small.SIZE - 4))


def make_batch(folder, count):
    lines = ['mkdir tree']
    lines += [f'mkdir tree/d{n}' for n in range(min(count, small.FOLDERS))]
    lines += [f'put {path} {path}' for path in (
        f'tree/d{number % small.FOLDERS}/f{number}'
        for number in range(count))]
    path = folder / 'batch'
    path.write_text('\n'.join(lines) + '\n')
    return path


def client(server, kind, files, *words, options=()):
    """Seconds that a run of ftclient takes."""
    began = time.monotonic()
    subprocess.run(
        [bench.ftlib.program('ftclient'), '-q', '--pin', server.pin,
         '--password-file', server.password_file, *options,
         f'{kind}@{server.address}:{server.port}', *words],
        check=True, cwd=files, stdin=subprocess.DEVNULL,
        env={**os.environ, 'HOME': str(server.home)})
    return time.monotonic() - began


def one_run(server, disk, kind, way, opt):
    """Files per second."""
    small.settle(disk)
    files = opt.local
    seconds = client(server, kind, files, options=('-b', files / 'batch')) \
        if way == 'batch' else client(server, kind, files, 'put', '-r', 'tree')
    tree = disk / kind / 'tree'
    small.check(tree, opt.files)
    shutil.rmtree(tree)
    return opt.files / seconds


def measure(way, server, disk, opt):
    rates = {kind: [] for kind in small.KINDS}
    for turn in range(opt.rounds):
        for kind in small.KINDS if turn % 2 else reversed(small.KINDS):
            rates[kind].append(one_run(server, disk, kind, way, opt))
    for kind, row in rates.items():
        print(f'{way:6} {kind:7} {bench.spread(row):>24} files/s')
    print(f'{way:6} ratio   '
          f'{bench.ratio(rates["commit"], rates["async"]):.2f}', flush=True)


def main():
    opt = bench.options(__doc__, rounds=5, files=10000, dir='/dev/shm',
                        mib=2048)
    bench.conditions()
    with bench.folder(opt.dir) as folder:
        opt.local = folder / 'local'
        opt.local.mkdir()
        make_files(opt.local, opt.files)
        make_batch(opt.local, opt.files)
        with small.loop_ext4(folder, opt.mib) as disk, \
                small.server_on(folder / 'one', disk) as server:
            for way in 'batch', 'folder':
                measure(way, server, disk, opt)


if __name__ == '__main__':
    main()
