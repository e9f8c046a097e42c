"""What identifies a data set: the SHA-256 of its content, and the values by which it was known before."""

import functools
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlp.workspace import Array

Mark = tuple[int, int, int, int]


@dataclass(frozen=True)
class Identity:
    """The content of a data set.

    `sha256` (64 hex digits) is that of its file or files as they lie on disk, or of its arrays where there is
    no file. `file` is the one file that it is of, if there is just one. `files` are those that it is made of,
    with the `rule` by which (label, split): it is then `joined` of their hashes. `earlier` are the values by
    which run records of the first version know the same content. `warnings` are lines on what looks like a
    mistake.
    """

    sha256: str
    file: Path | None = None
    earlier: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    rule: str = ""


def joined(hashes: Sequence[str], rule: str = "") -> str:
    """Return one hash for the hashes of several files and the rule by which they make the data.

    One file without a rule keeps its own. `sweeps/records/content.py` looks at files by the same formula.
    """
    if len(hashes) == 1 and not rule:
        return hashes[0]
    return hashlib.sha256("\n".join([*hashes, rule]).encode()).hexdigest()


def sha256_of_arrays(*arrays: Array) -> str:
    """Return the SHA-256 over dtype, shape and bytes of each array in turn."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, hashed again whenever its mark has changed."""
    return _hashed(path, mark(path.stat()))


def mark(state: os.stat_result) -> Mark:
    """Return what changes with a file's content: size, times of writing and of change (ns), inode.

    A time of writing can be set back, by cp -p or tar, say; a time of change cannot.
    """
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino


@functools.lru_cache(maxsize=64)
def _hashed(path: Path, _: Mark) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
