"""Files of arrays: opened once, hashed as they are read, and believed no further than they reach."""

import contextlib
import hashlib
import math
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.lib import format as npy

from mlp.datasets.download import DatasetError
from mlp.datasets.identity import mark

UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
LONGEST = 200  # characters of a reason in a line
KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
Header = tuple[tuple[int, ...], np.dtype[np.generic]]


def plain_file(name: str, wanted: str) -> Path:
    """Return a file's path; DatasetError unless it is plain: a pipe would be waited for."""
    try:
        path = Path(name).expanduser()
        mode = path.stat().st_mode
    except RuntimeError as error:  # ~name, of nobody
        raise DatasetError(f"cannot read {name}: there is no such user") from error
    except (OSError, ValueError) as error:  # a name with a null byte in it
        raise DatasetError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "no file")
        raise DatasetError(f"cannot read {path}: must be {wanted}, not a {kind}")
    return path


@contextlib.contextmanager
def steady(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file, and give it with the SHA-256 of all that is in it.

    DatasetError for a file that cannot be read, or that was changed while it was.
    """
    try:
        with path.open("rb") as file:
            before = mark(os.fstat(file.fileno()))
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)  # hashing has left it at its end
            yield file, sha256
            if mark(os.fstat(file.fileno())) != before:
                raise DatasetError(f"{path}: was changed while it was read; try again when it is complete")
    except UNREADABLE as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: BaseException) -> DatasetError:
    """Return what to say of a file that cannot be read."""
    return DatasetError(f"cannot read {path}: {getattr(error, 'strerror', None) or one_line(error)}")


def one_line(error: BaseException) -> str:
    """Return what an error says, short enough for a line, or its type if it says nothing."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def header(file: IO[bytes], name: str, size: int) -> Header:
    """Return shape and dtype of the array that a .npy file of so many bytes holds, without reading it.

    DatasetError if it is no array, or announces more than there is.
    """
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    except Exception as error:  # NumPy has many ways to say that a header is not as it was
        raise DatasetError(f"{name} is not an array ({one_line(error)})") from error
    announced, size = math.prod(shape) * dtype.itemsize, size - file.tell()
    if not dtype.hasobject and announced > size:
        raise DatasetError(
            f"{name} announces {announced:,} bytes of {dtype} {shape}, of which there are at most {size:,}"
        )
    return shape, dtype
