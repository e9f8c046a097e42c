"""Ends what a sweeper leaves behind that was killed: a process that outlives it, and then ends its workers.

A worker sees to it itself that it ends with the sweeper (child.die_with), but only once it runs: joblib's
processes that have not yet begun, or wait for work, would stay for good. So each process that is started
inherits a mark in its environment, and the guard ends those that bear it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

MARK = "SWEEP_GUARD"
SEARCHES, PAUSE_S = 5, 0.2  # again and again: a process may be about to start another


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Within, processes that are started end with this one, however it ends."""
    os.environ[MARK] = mark = uuid.uuid4().hex
    guard = subprocess.Popen(
        [sys.executable, "-P", __file__, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # out of reach of a terminal's Ctrl-C
    )
    try:
        yield
    finally:
        del os.environ[MARK]
        with contextlib.suppress(OSError):  # it was ended with the other descendants
            guard.communicate(b"over")


def end_marked(mark: str) -> None:
    """Kill every process of this user with the mark in its environment, resource trackers excepted."""
    import psutil

    for _ in range(SEARCHES):
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                bears = process.pid != os.getpid() and process.environ().get(MARK) == mark
                if bears and "resource_tracker" not in " ".join(process.cmdline()):
                    process.kill()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    if not sys.stdin.buffer.read(1):  # the sweeper ended without a word
        end_marked(sys.argv[1])
