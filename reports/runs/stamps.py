"""What changes whenever a file does, without reading it."""

import os

Stamp = str
"""Size, both times of change and number of a file; empty if there is none."""


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """Return the stamp of a file.

    The second time is the file system's own: it cannot be set, so that no copy and no edit looks untouched.
    """
    try:
        state = os.lstat(path)
    except OSError:
        return ""
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
