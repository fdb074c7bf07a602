#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What idle sessions that are logged in cost the server.

usage: idle.py [--sessions 2000] [--dir /dev/shm]

PSS of both processes, before and after; one descriptor each.  Before anything
is counted, one session comes and goes.
"""

import bench


def sessions(server, count):
    return [server.wire() for _ in range(count)]


def main():
    opt = bench.options(__doc__, sessions=2000, dir='/dev/shm')
    bench.raise_file_limit()
    bench.conditions()
    with bench.folder(opt.dir) as folder, bench.server(folder / 's') as server:
        server.wire().close()
        before = bench.settled_pss(server)
        files = bench.ftlib.descriptors(server.worker)
        held = sessions(server, opt.sessions)
        after = bench.settled_pss(server)
        files = bench.ftlib.descriptors(server.worker) - files
        each = (after - before) / opt.sessions / bench.KIB
        in_all = after / opt.sessions / bench.KIB
        print(f'{opt.sessions} sessions: {each:.1f} KiB each, '
              f'{in_all:.1f} KiB with what the server itself takes '
              f'({before / bench.MIB:.1f} MiB), '
              f'{files / opt.sessions:.2f} descriptors each')
        for wire in held:
            wire.cut()


if __name__ == '__main__':
    main()
