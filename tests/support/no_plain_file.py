"""What may stand where a plain file is expected."""

import os
from pathlib import Path

KINDS = ("fifo", "directory", "link", "device", "huge")


def put_in_place_of(file: Path, kind: str) -> None:
    """Move a file beside itself, and put something of one of the KINDS in its place."""
    moved = file.rename(file.with_name(f"moved{file.suffix}"))
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "directory":
        file.mkdir()
    elif kind == "huge":
        with file.open("wb") as content:
            content.truncate(2**40)  # takes no room on disk
    else:
        file.symlink_to(moved if kind == "link" else "/dev/zero")
