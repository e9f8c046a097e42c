"""Commands that run one after another, each in a process of its own; a signal goes to the present one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

HOME = Path(__file__).resolve().parents[2]


class Commands:
    """Runs `python ARGUMENTS`, one at a time; after a signal none is started any more."""

    def __init__(self) -> None:
        self.signal = 0
        self._present: subprocess.Popen[bytes] | None = None

    def run(
        self,
        arguments: Sequence[str],
        *,
        quiet: bool = False,
        said: Path | None = None,
        ours: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Run a command to its end and return its exit code: 128 + n if signal n ended it, or came before.

        What it prints is lost if `quiet`; its errors go to the file `said`, if one is named. `ours`: it is
        one of this package's, which nothing in the user's folder is to replace. `environment`: what is set
        for it besides what this process has.
        """
        if self.signal:
            return 128 + self.signal
        safe = ["-P"] if ours and Path.cwd() != HOME else []
        output = subprocess.DEVNULL if quiet else None
        with Path(said or os.devnull).open("wb") as errors:
            self._present = subprocess.Popen(
                [sys.executable, *safe, *arguments],
                stdout=output,
                stderr=errors if said else None,
                env={**os.environ, **(environment or {})},
            )
        if self.signal:  # it came while the process was started
            self._present.send_signal(self.signal)
        code = self._present.wait()
        self._present = None
        return 128 + self.signal if self.signal else code if code >= 0 else 128 - code

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass SIGINT and SIGTERM within the body on to the present command, which ends in its own way."""
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        if self._present is not None and not (number == signal.SIGINT and in_foreground()):
            self._present.send_signal(number)


def in_foreground() -> bool:
    """Return whether this process is in a terminal's foreground: Ctrl-C has reached the whole group."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
