"""Starts processes for the benchmark and counts what each takes: JSON in, JSON out, line by line.

Towards a process's peak of memory Linux counts what its parent holds at the start. This one is
started before the benchmark holds much, and stays small.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from time import perf_counter


def main() -> None:
    """Run each command line that comes in, with its standard error in its output where asked."""
    for line in sys.stdin:
        arguments, errors = json.loads(line)
        with tempfile.TemporaryFile() as output:
            begun = perf_counter()
            moves = [
                (os.POSIX_SPAWN_DUP2, output.fileno(), to) for to in ((1, 2) if errors else (1,))
            ]
            pid = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=moves)
            _, status, usage = os.wait4(pid, 0)
            wall = perf_counter() - begun
            output.seek(0)
            said = output.read().decode()
        cpu = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps([code, cpu, wall, usage.ru_maxrss / 1000, said]), flush=True)


if __name__ == "__main__":
    main()
