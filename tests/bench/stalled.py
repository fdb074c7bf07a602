#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients that stop reading in mid-get: what they cost, and whom they hold up.

usage: stalled.py [--sessions 2000] [--stalled 200] [--rounds 7]
                  [--dir /dev/shm]

Their cost is the PSS of both processes plus what `ss -tm` counts on the
server's side of their connections.  While they stand, a new client logs in and
gets 100 MiB, by turns from this server and from one that has nothing to do.
"""

import os
import re
import subprocess

import bench

STOP_AFTER = bench.MIB


def socket_memory(port):
    """Bytes that the kernel holds for the server's connections."""
    out = subprocess.run(['ss', '-Htmn', f'sport = :{port}'], check=True,
                         text=True, stdout=subprocess.PIPE).stdout
    # r: received, t and w: to be sent, f: set aside, o: options, bl: backlog;
    # rb, tb and d are limits and counts.
    held = re.compile(r'\b(?:r|t|f|w|o|bl)(\d+)')
    return sum(int(n) for skmem in re.findall(r'skmem:\((.*?)\)', out)
               for n in held.findall(skmem))


def stall(server, name):
    """A client that has read a little of the file, and reads no more."""
    wire = server.wire()
    wire.ask('GET', {'PATH': name})
    left = STOP_AFTER
    while left > 0:
        left -= len(wire.tls.recv(65536))
    return wire


def settled_cost(server):
    pss = bench.settled_pss(server)
    return pss, socket_memory(server.port)


def hold_sessions(server, opt):
    """Idle ones, then stalled ones; prints what the latter cost."""
    held = [server.wire() for _ in range(opt.sessions)]
    pss, kernel = settled_cost(server)
    held += [stall(server, 'big') for _ in range(opt.stalled)]
    new_pss, new_kernel = settled_cost(server)
    pss = (new_pss - pss) / opt.stalled / bench.KIB
    kernel = (new_kernel - kernel) / opt.stalled / bench.KIB
    print(f'{opt.stalled} stalled beside {opt.sessions} idle: '
          f'{pss + kernel:.1f} KiB each (PSS {pss:.1f}, '
          f'sockets {kernel:.1f})')
    return held


def compare(servers, rounds):
    """Login and get on both servers, by turns."""
    walls = {name: [] for name in servers}
    for turn in range(rounds):
        names = list(servers)
        for name in names if turn % 2 else reversed(names):
            cost = bench.run_client(servers[name], 'get', 'mid', '-')
            walls[name].append(cost.wall * 1e3)
    for name, values in walls.items():
        print(f'{name:6} login and 100 MiB: {bench.spread(values)} ms')
    print(f'ratio  {bench.ratio(walls["held"], walls["idle"]):.2f}')


def main():
    opt = bench.options(__doc__, sessions=2000, stalled=200, rounds=7,
                        dir='/dev/shm')
    bench.raise_file_limit()
    bench.conditions()
    with bench.folder(opt.dir) as folder, \
            bench.server(folder / 'idle') as idle, \
            bench.server(folder / 'held') as held:
        bench.random_file(idle.path('mid'), 100 * bench.MIB)
        os.link(idle.path('mid'), held.path('mid'))
        bench.random_file(held.path('big'), 1024 * bench.MIB)
        wires = hold_sessions(held, opt)
        compare({'idle': idle, 'held': held}, opt.rounds)
        for wire in wires:
            wire.cut()


if __name__ == '__main__':
    main()
