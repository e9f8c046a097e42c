"""Ends what a command leaves behind that was killed: a process that outlives it, and then ends its workers.

A worker sees to it itself that it ends with the sweeper (child.die_with), but only once it runs: joblib's
processes that have not yet begun, or wait for work, would stay for good. So each process that is started
inherits a mark in its environment, and the guard (orphan_search.py) ends those that bear it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator

from sweeps.cli import orphan_search
from sweeps.cli.orphan_search import MARK

LASTS_S = 1.0  # a guard that is there for so long had started


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let processes that are started within the body end with this one, however it ends."""
    outer = os.environ.get(MARK)
    os.environ[MARK] = mark = uuid.uuid4().hex
    guard = Guard(mark)
    guard.start()
    try:
        yield
    finally:
        if outer is None:
            del os.environ[MARK]
        else:
            os.environ[MARK] = outer
        guard.release()


class Guard(threading.Thread):
    """Keeps a guarding process for the mark, another one if that is killed."""

    def __init__(self, mark: str) -> None:
        super().__init__(daemon=True)
        self.mark, self.over = mark, threading.Event()
        self.process = self._launched()

    def run(self) -> None:
        """Wait for the end of the process, and replace it until all is over.

        At once, as long as it lasts; one that cannot even start is tried again after ever longer pauses.
        """
        begun, pause_s = time.monotonic(), 0.0
        while self.process.wait() is not None and not self.over.wait(pause_s):
            pause_s = 0.0 if time.monotonic() - begun > LASTS_S else min(LASTS_S, 2 * pause_s + 0.01)
            begun, ended, self.process = time.monotonic(), self.process, self._launched()
            _close(ended)

    def release(self) -> None:
        """Let the process go: there is nothing to guard any more."""
        self.over.set()
        with contextlib.suppress(OSError, ValueError):  # it was ended with the other descendants, or replaced
            self.process.communicate(b"over")

    def _launched(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", orphan_search.__file__, self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # out of reach of a terminal's Ctrl-C
        )


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
