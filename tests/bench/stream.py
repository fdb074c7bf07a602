#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One stream: get and put of a cached file against the pump, in turn.

usage: stream.py [--rounds 5] [--mib 1024] [--dir /dev/shm]

The pump sends the same file, by the same cipher, to the same kind of sink.
Ours is timed from the start of ftclient to its end, login included; the pump
from the end of its handshake.  "pwd" is a session that moves nothing.
"""

import os
import re
import subprocess

import bench

FIGURES = re.compile(r'([\d.]+) MB/s.*sender ([\d.]+) .*receiver ([\d.]+) ')


def pump(source, mib, sink=None):
    """MB/s, and CPU s per GB of the sender and the receiver."""
    out = subprocess.run(
        [bench.ftlib.program('tests/bench/pump'), '-n', str(mib), '-s', source,
         *(['-o', sink] if sink else [])],
        check=True, text=True, stdout=subprocess.PIPE).stdout
    return tuple(float(x) for x in FIGURES.match(out).groups())


def ours(server, mib, *words):
    """The same of the server and the client."""
    cost = bench.run_client(server, *words)
    size = mib * bench.MIB
    return (size / 1e6 / cost.wall, cost.server / size * 1e9,
            cost.client / size * 1e9)


def check_same(a, b):
    subprocess.run(['cmp', a, b], check=True)
    os.unlink(b)


def warm(sink, mib):
    """Touch the memory that the file will take: all find it alike.

    What the hypervisor has taken back makes the first to touch it wait.
    """
    with open(sink, 'wb') as file:
        for _ in range(mib):
            file.write(bytes(bench.MIB))
    os.unlink(sink)


def cases(server, mib, source, sink):
    """Name and what to do, pump and ours side by side."""
    name, up = source.name, server.path('up')

    def get_file():
        figures = ours(server, mib, 'get', name, str(sink))
        check_same(source, sink)
        return figures

    def put_file():
        figures = ours(server, mib, 'put', str(source), 'up')
        check_same(source, up)
        return figures

    return [
        ('pump, discard', lambda: pump(source, mib)),
        ('get, discard', lambda: ours(server, mib, 'get', name, '-')),
        ('get, file', get_file),
        ('pump, file', lambda: pump(source, mib, sink)),
        ('put, file', put_file),
        ('pwd', lambda: (bench.run_client(server, 'pwd').wall * 1e3, 0, 0)),
    ]


def one_round(todo, mib, sink, results):
    for name, run in todo:
        if name.endswith('file'):
            warm(sink, mib)
        results.setdefault(name, []).append(run())


def report(results):
    print(f'{"":16} {"MB/s":>22} {"ratio":>6} {"server s/GB":>12} '
          f'{"client s/GB":>12}')
    for name, rows in sorted(results.items()):
        if name == 'pwd':
            continue
        rates, sender, receiver = zip(*rows)
        peer = 'pump, ' + name.split(', ')[1]
        against = bench.ratio(rates, [row[0] for row in results[peer]])
        print(f'{name:16} {bench.spread(rates):>22} {against:6.2f} '
              f'{bench.median(sender):12.3f} {bench.median(receiver):12.3f}')
    walls = [row[0] for row in results['pwd']]
    print(f'pwd: {bench.spread(walls)} ms')


def main():
    opt = bench.options(__doc__, rounds=5, mib=1024, dir='/dev/shm')
    bench.conditions()
    results = {}
    with bench.folder(opt.dir) as folder, \
            bench.server(folder / 'server') as server:
        source = server.path('source')
        bench.random_file(source, opt.mib * bench.MIB)
        sink = folder / 'sink'
        todo = cases(server, opt.mib, source, sink)
        for turn in range(opt.rounds):
            # Nobody always comes first.
            one_round(todo if turn % 2 else todo[::-1], opt.mib, sink, results)
    report(results)


if __name__ == '__main__':
    main()
