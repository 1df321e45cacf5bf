"""`python -m benchmarks`: measure the paths asked for, and print each ratio beside its goal."""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings

from benchmarks import databases
from benchmarks.paths import PATHS
from benchmarks.report import Line, print_line, print_machine
from benchmarks.rounds import Pace

TRIAL = Pace(seconds=0.1, rounds=1, is_trial=True)


def main() -> int:
    """Run; the exit status is 1 when a goal that must be reached is missed."""
    options = _options()
    warnings.simplefilter("ignore")
    databases.SERVER = options.postgresql
    started = time.perf_counter()
    missed: list[Line] = []
    print_machine()
    for name in options.paths or PATHS:
        for line in PATHS[name](TRIAL if options.trial else Pace(options.seconds, options.rounds)):
            print_line(line)
            missed += [line] if line.verdict == "MISSED" else []
    print(f"\n{time.perf_counter() - started:.0f} s; {len(missed)} goals missed.")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"what to measure: {', '.join(PATHS)}; default all")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=4, help="of each comparison, in turn (default %(default)s)")
    parser.add_argument("--trial", action="store_true", help="see that everything runs; the figures mean nothing")
    server = os.environ.get("BENCH_POSTGRESQL", databases.SERVER)
    parser.add_argument("--postgresql", default=server, help="the server to make databases on (default %(default)s)")
    options = parser.parse_args()
    for unknown in set(options.paths) - set(PATHS):
        parser.error(f"no path {unknown}; there are {', '.join(PATHS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
