#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Run several pumps in turn, several rounds, and print the medians.

usage: rounds.py [-n ROUNDS] [COMMON-OPTION ...] -- OPTIONS ...

Each OPTIONS is one quoted argument with the options of one pump; the first is
what the others are compared with.  PUMP names the program (default ./pump).
"""
import os
import re
import shlex
import statistics
import subprocess
import sys

FIGURES = re.compile(r"([\d.]+) MB/s.*sender ([\d.]+) .*receiver ([\d.]+) ")


def run(pump, options):
    out = subprocess.run([pump, *options], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return tuple(float(x) for x in FIGURES.match(out).groups())


def main():
    args = sys.argv[1:]
    rounds = 5
    if args[:1] == ["-n"]:
        rounds, args = int(args[1]), args[2:]
    if "--" not in args:
        sys.exit(__doc__)
    split = args.index("--")
    common, cases = args[:split], args[split + 1:]
    pump = os.environ.get("PUMP", "./pump")
    results = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            results[case].append(run(pump, common + shlex.split(case)))
    first = None
    print("%-34s %6s %6s %7s %7s" % ("", "MB/s", "ratio", "tx s/GB", "rx s/GB"))
    for case in cases:
        rate, tx, rx = (statistics.median(c) for c in zip(*results[case]))
        # Rounds are compared with their own neighbour, not with the median.
        first = first or results[case]
        ratio = statistics.median(
            a[0] / b[0] for a, b in zip(results[case], first))
        print("%-34s %6.0f %6.2f %7.3f %7.3f" % (case, rate, ratio, tx, rx))


if __name__ == "__main__":
    main()
