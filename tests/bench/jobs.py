#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Many files over 1 connection and over several, near and far.

usage: jobs.py [--rounds 5] [--files 10000] [--large 0] [--delay 0]
               [--dir /dev/shm]

A tree of `files` files of 4 KiB and `large` ones of 256 MiB goes up by
`put -r` and down by `get -r`, with -j 1, 2 and 4 by turns, logins and a
durable base included.  With --delay the client talks to a relay that hands on
each piece so many milliseconds later, either way.
"""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import subprocess

import bench
import small

JOBS = (1, 2, 4)
LARGE = 256 * bench.MIB
PIECE = 256 * bench.KIB
FLYING = 64		# pieces on their way, about the window of a long line


async def hand_on(pieces, writer, loop):
    """Write each piece when its time has come; b'' ends it."""
    while True:
        due, piece = await pieces.get()
        await asyncio.sleep(max(0, due - loop.time()))
        if not piece:
            break
        writer.write(piece)
        await writer.drain()
    writer.close()


async def one_way(reader, writer, delay):
    loop = asyncio.get_running_loop()
    pieces = asyncio.Queue(FLYING)
    sender = asyncio.create_task(hand_on(pieces, writer, loop))
    with contextlib.suppress(OSError):
        while True:
            piece = await reader.read(PIECE)
            await pieces.put((loop.time() + delay, piece))
            if not piece:
                break
        await sender


async def relay(port, delay, told):
    async def accept(reader, writer):
        there = await asyncio.open_connection('127.0.0.1', port)
        await asyncio.gather(one_way(reader, there[1], delay),
                             one_way(there[0], writer, delay))
    server = await asyncio.start_server(accept, '127.0.0.1', 0)
    told.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def run_relay(port, delay, told):
    asyncio.run(relay(port, delay, told))


@contextlib.contextmanager
def far_away(server, milliseconds):
    """The client finds the server behind a relay, if there is a delay."""
    if not milliseconds:
        yield
        return
    port, told = server.port, multiprocessing.Queue()
    process = multiprocessing.Process(
        target=run_relay, args=(port, milliseconds / 1000, told))
    process.start()
    server.port = told.get()
    try:
        yield
    finally:
        server.port = port
        process.terminate()
        process.join()


def make_tree(folder, opt):
    for number in range(opt.files):
        inner = folder / f'd{number % small.FOLDERS}'
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f'f{number}').write_bytes(os.urandom(small.SIZE))
    for number in range(opt.large):
        bench.random_file(folder / f'large{number}', LARGE)


def one(server, verb, jobs, tree, sink):
    """Seconds, and CPU seconds of the client and of the server."""
    source = tree if verb == 'put' else 'tree'
    target = 'sink' if verb == 'put' else sink
    cost = bench.run_client(server, verb, '-r', '-j', str(jobs), str(source),
                            str(target))
    came = server.path('sink') if verb == 'put' else sink
    subprocess.run(['diff', '-r', tree, came], check=True)
    shutil.rmtree(came)
    return cost.wall, cost.client, cost.server


def main():
    opt = bench.options(__doc__, rounds=5, files=10000, large=0, delay=0.0,
                        dir='/dev/shm')
    bench.conditions()
    results = {}
    with bench.folder(opt.dir) as folder, \
            bench.server(folder / 'server') as server, \
            far_away(server, opt.delay):
        tree = server.path('tree')
        make_tree(tree, opt)
        subprocess.run(['chmod', '-R', 'a+rX', tree], check=True)
        for turn in range(opt.rounds):
            for verb in 'put', 'get':
                # Nobody always comes first.
                for jobs in JOBS[::1 if turn % 2 else -1]:
                    results.setdefault((verb, jobs), []).append(
                        one(server, verb, jobs, tree, folder / 'sink'))
    print(f'{"":10} {"s":>6} {"against -j 1":>13} {"client CPU s":>13} '
          f'{"server CPU s":>13}')
    for (verb, jobs), rows in sorted(results.items(), reverse=True):
        walls, ours, theirs = zip(*rows)
        against = bench.ratio([row[0] for row in results[verb, 1]], walls)
        print(f'{verb + " -j " + str(jobs):10} {bench.median(walls):6.2f} '
              f'{against:13.2f} {bench.median(ours):13.2f} '
              f'{bench.median(theirs):13.2f}')


if __name__ == '__main__':
    main()
