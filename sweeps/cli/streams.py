"""Standard streams that can be relied on: open, inherited by every child, able to take any character.

A program may be started with descriptors 0 to 2 closed (`>&-`). The next files it opens then get these
numbers, and whatever is printed, by C code or by a child, goes into them.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys


def open_streams() -> None:
    """Let what is printed go nowhere if a stream was closed, and as ? if a stream cannot show it."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if not _is_open(descriptor):
            _to_null(descriptor)
        if getattr(sys, name) is None:
            mode = "w" if descriptor else "r"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError):  # it is flushed, and nobody reads it any more
                stream.reconfigure(errors="replace")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _to_null(descriptor: int) -> None:
    """Open the null device under this number, for the children too."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened == descriptor:
        os.set_inheritable(descriptor, True)  # otherwise it is closed again in what this process starts
    else:
        os.dup2(opened, descriptor)
        os.close(opened)
