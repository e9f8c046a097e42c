"""The cache of downloaded data sets: get the IDX files from the first source that works, verify, remember.

Files lie uncompressed, so that every process can map them, in `<cache>/<data set>/`, where <cache> is
MLP_DATA_DIR or the user's cache directory. Files derived from them (.npy) may lie beside them.
"""

import contextlib
import fcntl
import gzip
import hashlib
import logging
import os
import shutil
import socket
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mlp.datasets import verified
from mlp.datasets.sources import Directory, Source, SourceError, stored

log = logging.getLogger(__name__)
LARGEST = 64 * 2**20  # bytes: of a file whose size is not known
TURN_S, SILENT_S = 0.05, 5.0  # between looks at a lock that another process holds, and until that is told
_UNUSABLE = (SourceError, OSError, EOFError, LookupError, zlib.error, tarfile.TarError)


class DatasetError(Exception):
    """A data set cannot be had or is not what it should be; the message is one line for the user."""


@dataclass(frozen=True)
class Files:
    """The files of one data set: their SHA-256 and sizes when uncompressed, and the sources, in order."""

    name: str
    title: str
    sha256: Mapping[str, str]
    sources: tuple[Source, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)  # bytes, uncompressed
    content: str = ""  # the SHA-256 over the files one after another, in their order

    @property
    def folder(self) -> Path:
        """Where this data set is cached."""
        return cache_dir() / self.name

    def size(self, name: str) -> int:
        """Return how many bytes a file has at most."""
        return self.sizes.get(name, LARGEST)


def cache_dir() -> Path:
    """Return MLP_DATA_DIR, or this project's folder in the user's cache directory."""
    if chosen := os.environ.get("MLP_DATA_DIR"):
        try:
            return Path(chosen).expanduser().absolute()
        except RuntimeError as error:
            raise DatasetError(f"MLP_DATA_DIR={chosen}: there is no such user") from error
    import pooch  # type: ignore[import-untyped]  # here: not needed once MLP_DATA_DIR is set

    return Path(pooch.os_cache("mlp-grid"))


def ensure(files: Files) -> Path:
    """Return the folder that holds the verified files, fetching what is missing or damaged.

    Files that were hashed since the machine was started are not hashed again. Raises DatasetError when no
    source works.
    """
    if verified.is_known(files.folder, files.sha256) or not verified.problems(files.folder, files.sha256):
        return files.folder
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        with _lock(files.folder):
            # another process may have fetched while this one waited
            if problems := verified.problems(files.folder, files.sha256):
                _fetch(files, problems)
    except OSError as error:
        raise DatasetError(
            f"cannot store {files.title} in {files.folder} ({error}): set MLP_DATA_DIR to another folder"
        ) from error
    verified.problems(files.folder, files.sha256)  # to note that they are good
    return files.folder


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch into a folder; the system drops the lock of a process that dies."""
    with (folder / ".lock").open("a+b") as file:
        with contextlib.suppress(OSError):  # without locks two processes fetch twice, which is harmless
            _take_turn(file, folder)
            for abandoned in folder.glob(".fetch-*"):  # by a process that was killed
                shutil.rmtree(abandoned)
        yield


def _take_turn(file: BinaryIO, folder: Path) -> None:
    """Take the lock once nobody else holds it, and write into the file who has it; raise OSError."""
    told, started = False, time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not told and time.monotonic() - started > SILENT_S:
                told = True
                file.seek(0)
                who = file.read(200).decode(errors="replace") or "another process"
                print(f"waiting for {who}, which fetches into {folder}", file=sys.stderr)
            time.sleep(TURN_S)
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
    file.flush()


def _fetch(files: Files, problems: dict[str, str]) -> None:
    """Try the sources in order; raise DatasetError with every reason when none has worked."""
    for problem in problems.values():
        if "damaged" in problem:
            log.warning("%s: %s in %s; fetching it again", files.title, problem, files.folder)
    here = "no files" if len(problems) == len(files.sha256) else ", ".join(problems.values())
    reasons = [f"{files.folder}: {here}"]
    by_hand = (Directory(str(files.folder)),) if any(files.folder.glob("*.gz")) else ()
    for source in (*by_hand, *files.sources):
        if sys.stderr.isatty():
            print(f"{files.title}: trying {source}", file=sys.stderr)
        try:
            return _take(files, list(problems), source)
        except _UNUSABLE as error:
            reasons.append(f"{source}: {str(error) or type(error).__name__}")
    raise DatasetError(
        f"cannot get {files.title}; tried {'; '.join(reasons)}. "
        f"Put {', '.join(files.sha256)} (plain or .gz) into {files.folder} by hand, or set MLP_DATA_DIR"
    )


def _take(files: Files, names: list[str], source: Source) -> None:
    """Bring the named files from one source, and place them in the cache once all of them are verified."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=files.folder) as scratch:
        folder = source.fetch({name: files.size(name) for name in names}, Path(scratch))
        ready = Path(scratch, "verified")
        ready.mkdir()
        for name in names:
            _unpack(folder, name, ready / name, files)
        for name in names:
            (ready / name).replace(files.folder / name)
        verified.sync(files.folder)


def _unpack(folder: Path, name: str, target: Path, files: Files) -> None:
    """Copy a file, uncompressed, to target; raise SourceError if it is not the one that was expected."""
    path = stored(folder, name)
    if path is None:
        raise SourceError(f"no {name}")
    with path.open("rb") as raw:
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"  # not by name: servers may unpack on the way
    digest = hashlib.sha256()
    with gzip.open(path) if gzipped else path.open("rb") as content, target.open("wb") as copy:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            copy.write(chunk)
            if copy.tell() > files.size(name):
                raise SourceError(f"{name} is larger than the {files.size(name):,} bytes that it has")
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != files.sha256[name]:
        raise SourceError(f"{name} is damaged or another version (SHA-256 {digest.hexdigest()})")
