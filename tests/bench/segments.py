#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""One large file over 1 connection and over several, put and get, in turn.

usage: segments.py [--rounds 3] [--mib 1024] [--segments 4] [--dir /dev/shm]

Source and sink lie in --dir; the wall clock runs from the start of ftclient to
its end, logins included.
"""

import subprocess

import bench


def check_same(a, b):
    subprocess.run(['cmp', a, b], check=True)
    b.unlink()


def one(server, verb, count, source, sink):
    """MB/s, and CPU s per GB of the server and the client."""
    words = (str(source), 'sink') if verb == 'put' else (source.name, str(sink))
    size = source.stat().st_size
    cost = bench.run_client(server, verb, '--segments', str(count), *words)
    check_same(source, server.path('sink') if verb == 'put' else sink)
    return (size / 1e6 / cost.wall, cost.server / size * 1e9,
            cost.client / size * 1e9)


def main():
    opt = bench.options(__doc__, rounds=3, mib=1024, segments=4,
                        dir='/dev/shm')
    bench.conditions()
    results = {}
    with bench.folder(opt.dir) as folder, \
            bench.server(folder / 'server') as server:
        source, sink = server.path('source'), folder / 'sink'
        bench.random_file(source, opt.mib * bench.MIB)
        for turn in range(opt.rounds):
            for verb in ('put', 'get'):
                # Nobody always comes first.
                for count in (1, opt.segments)[::1 if turn % 2 else -1]:
                    results.setdefault((verb, count), []).append(
                        one(server, verb, count, source, sink))
    print(f'{"":16} {"MB/s":>22} {"ratio":>6} {"server s/GB":>12} '
          f'{"client s/GB":>12}')
    for (verb, count), rows in sorted(results.items()):
        rates, ours, theirs = zip(*rows)
        against = bench.ratio(rates, [row[0] for row in results[verb, 1]])
        print(f'{verb + ", " + str(count):16} {bench.spread(rates):>22} '
              f'{against:6.2f} {bench.median(ours):12.3f} '
              f'{bench.median(theirs):12.3f}')


if __name__ == '__main__':
    main()
