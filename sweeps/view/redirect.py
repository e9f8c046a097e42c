"""Keep apart, on a terminal, the live view and what everything else prints.

Workers inherit file descriptors 1 and 2 and would write into the view. While it is shown, those descriptors
lead into a pipe, and each line that comes out of it is handed to the view, which puts it above itself.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

_END = b"\0end of the live view\n"


class Relay:
    """The pipe. A process has one and never closes it: workers outlive a launch and hold it."""

    def __init__(self) -> None:
        self._source, self._entry = os.pipe()
        self._terminal = os.dup(2)
        self._sink: Callable[[str], None] | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._pump, daemon=True).start()

    @contextlib.contextmanager
    def to(self, sink: Callable[[str], None]) -> Iterator[None]:
        """Give each line that this process and its children write to `sink`, in order, none lost."""
        _flush()
        saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2) if os.isatty(descriptor)}
        self._sink = sink
        self._ended.clear()
        for descriptor in saved:
            os.dup2(self._entry, descriptor)
        try:
            yield
        finally:
            _flush()
            for descriptor, original in saved.items():
                os.dup2(original, descriptor)
                os.close(original)
            os.write(self._entry, _END)
            self._ended.wait(5)

    def _pump(self) -> None:
        pending = b""
        while chunk := os.read(self._source, 1 << 16):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._hand_on(line + b"\n")

    def _hand_on(self, line: bytes) -> None:
        text, ended, _ = line.partition(_END)
        if text and self._sink:
            with contextlib.suppress(Exception):  # a view that fails must not stop the workers' pipe
                self._sink(text.rstrip(b"\r\n").decode(errors="replace"))
        elif text:
            os.write(self._terminal, text)
        if ended:
            self._sink = None
            self._ended.set()


@lru_cache(maxsize=1)
def relay() -> Relay:
    """Return the process's relay."""
    return Relay()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
