"""The process that waits for a command's end, and then ends what it has left behind: see orphan_guard.py.

It is run by its file, and imports next to nothing: most often nothing is left, and it has only waited.
"""

import contextlib
import os
import sys
import time

MARK = "SWEEP_GUARD"
SEARCHES, PAUSE_S = 5, 0.2  # again and again: a process may be about to start another


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
    if not sys.stdin.buffer.read(1):  # the command ended without a word
        end_marked(sys.argv[1])
