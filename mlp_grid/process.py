"""A sweep as a process of its own: the same command line as in a terminal, watched, stopped and heard."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from mlp_grid.origin import HOME
from sweeps.records.errors import UserError

POLL_S = 0.3
MISTAKE = 2
ERROR = "error: "


class Process:
    """`python -m sweeps` with these overrides, in a process group of its own.

    It ends with this process. What it prints is kept, and shown as it comes if `relays`; in a terminal it
    has that to itself.
    """

    def __init__(self, overrides: Sequence[str], *, terminal: bool, relays: bool) -> None:
        safe = [] if Path.cwd() == HOME else ["-P"]  # nothing in the user's folder replaces what is installed
        command = [sys.executable, *safe, "-m", "mlp_grid.child", str(os.getpid()), *overrides]
        pipe = None if terminal else subprocess.PIPE
        self.lines: list[str] = []
        self._said: list[str] = []  # on stdout, and errors
        self.relays = relays
        self._process = subprocess.Popen(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, process_group=0
        )
        self.pid = self._process.pid
        streams = ((self._process.stdout, "stdout"), (self._process.stderr, "stderr"))
        self._readers = [
            threading.Thread(target=self._read, args=(stream, name), daemon=True)
            for stream, name in streams
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def wait(self, watch: Callable[[], None] = lambda: None) -> int:
        """Wait for the end, calling `watch` meanwhile, and return the exit code.

        An interrupt is passed on: the sweep then stops in order, and KeyboardInterrupt is raised.
        """
        try:
            while self._process.poll() is None:
                watch()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(POLL_S)
        except BaseException:
            self._stop()
            raise
        finally:
            self._close()
        return self._process.returncode

    def mistakes(self) -> UserError:
        """Return what it said is wrong, as the error of a call."""
        said = [line.removeprefix(ERROR) for line in self.lines if line.startswith(ERROR)]
        return UserError(*(said or ["the sweep was refused; the reason stands above"]))

    def ending(self) -> str:
        """Return what it said of its end: all but its progress, which goes to stderr; else its last line."""
        return "\n".join(self._said or self.lines[-1:])

    def _stop(self) -> None:
        """Let it stop in order; at a second interrupt at once."""
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            try:
                self._process.wait()
                return
            except KeyboardInterrupt:
                continue

    def _close(self) -> None:
        for reader in self._readers:
            reader.join(timeout=5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read(self, stream: IO[bytes], name: str) -> None:
        for content in stream:
            line = content.decode(errors="replace").rstrip("\n")
            self.lines.append(line)
            if name == "stdout" or line.startswith(ERROR):
                self._said.append(line)
            if self.relays and not line.startswith(ERROR):
                print(line, file=getattr(sys, name), flush=True)


def _environment() -> dict[str, str]:
    """Return the environment in which the child imports the packages that this process has imported."""
    if "site-packages" in HOME.parts:
        return dict(os.environ)
    path = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}
