"""The guard of what a killed command leaves behind: that it is replaced, and not without a pause."""

import os
import signal
import subprocess
import time

import pytest

from sweeps.cli import orphan_search
from sweeps.cli.orphan_guard import Guard
from tests.support.tiny.driver import wait_until


class Counted(Guard):
    """Keeps every process that it has launched."""

    def __init__(self, mark: str) -> None:
        self.launched = list[subprocess.Popen[bytes]]()
        super().__init__(mark)

    def _launched(self) -> subprocess.Popen[bytes]:
        self.launched.append(super()._launched())
        return self.launched[-1]


def test_a_guard_that_was_killed_is_replaced_and_ends_when_it_is_let_go() -> None:
    guard = Counted("a-mark-that-nothing-bears")
    guard.start()
    os.kill(guard.launched[0].pid, signal.SIGKILL)
    wait_until(lambda: len(guard.launched) == 2)
    assert guard.launched[1].poll() is None
    guard.release()
    guard.join(5)
    assert guard.launched[1].returncode == 0


def test_a_guard_that_cannot_start_is_tried_again_after_longer_and_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orphan_search, "__file__", "/nowhere/orphan_search.py")
    guard = Counted("a-mark-that-nothing-bears")
    guard.start()
    time.sleep(1.5)  # the pauses until then are 0, 0.01, 0.03, 0.07, 0.15, 0.31, 0.63
    assert 2 <= len(guard.launched) <= 8
    guard.release()
    guard.join(5)
    assert not guard.is_alive()
