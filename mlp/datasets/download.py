"""The cache of downloaded data sets: get the IDX files from the first source that works, verify, remember.

Files lie uncompressed, so that every process can map them, in `<cache>/<data set>/`, where <cache> is
MLP_DATA_DIR or the user's cache directory. Files derived from them (.npy) may lie beside them.
"""

import contextlib
import fcntl
import gzip
import hashlib
import json
import logging
import os
import shutil
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlp.datasets.sources import Directory, Source, SourceError, stored

log = logging.getLogger(__name__)
STAMP = "verified.json"
_UNUSABLE = (SourceError, OSError, EOFError, LookupError, zlib.error, tarfile.TarError)


class DatasetError(Exception):
    """A data set cannot be had or is not what it should be; the message is one line for the user."""


@dataclass(frozen=True)
class Files:
    """The files of one data set: their SHA-256 when uncompressed, and the sources to try, in order."""

    name: str
    title: str
    sha256: Mapping[str, str]
    sources: tuple[Source, ...]

    @property
    def folder(self) -> Path:
        """Where this data set is cached."""
        return cache_dir() / self.name


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

    Hashing 55 MB takes a while, so a file that was verified once is known by its size and time afterwards.
    Raises DatasetError when no source works.
    """
    if _known(files) or not _problems(files):
        return files.folder
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        with _lock(files.folder):
            if problems := _problems(files):  # another process may have fetched while this one waited
                _fetch(files, problems)
    except OSError as error:
        raise DatasetError(
            f"cannot store {files.title} in {files.folder} ({error}): set MLP_DATA_DIR to another folder"
        ) from error
    _remember(files)
    return files.folder


def _known(files: Files) -> bool:
    """Say whether every file still is the one that was verified, by size and modification time."""
    try:
        stamp = json.loads((files.folder / STAMP).read_text())
        return bool(stamp == _marks(files))
    except (OSError, ValueError):
        return False


def _remember(files: Files) -> None:
    """Note size and modification time of verified files."""
    with contextlib.suppress(OSError):  # a read-only cache is merely hashed each time
        partial = files.folder / f".{STAMP}.{os.getpid()}"
        partial.write_text(json.dumps(_marks(files), indent=1) + "\n")
        partial.replace(files.folder / STAMP)


def _marks(files: Files) -> dict[str, list[int | str]]:
    stats = {name: (files.folder / name).stat() for name in files.sha256}
    return {name: [stat.st_size, stat.st_mtime_ns, files.sha256[name]] for name, stat in stats.items()}


def _problems(files: Files) -> dict[str, str]:
    """Hash what the cache holds; return what is wrong with each file that is not right."""
    problems = {}
    for name, expected in files.sha256.items():
        path = files.folder / name
        if not path.is_file():
            problems[name] = f"no {name}"
        elif (found := _sha256(path)) != expected:
            problems[name] = f"{name} is damaged (SHA-256 {found}, expected {expected})"
    if not problems:
        _remember(files)
    return problems


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch into a folder; the system drops the lock of a process that dies."""
    with open(folder / ".lock", "w") as file:
        with contextlib.suppress(OSError):  # without locks two processes fetch twice, which is harmless
            fcntl.flock(file, fcntl.LOCK_EX)
            for abandoned in folder.glob(".fetch-*"):  # by a process that was killed
                shutil.rmtree(abandoned)
        yield


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
        folder = source.fetch(names, Path(scratch))
        ready = Path(scratch, "verified")
        ready.mkdir()
        for name in names:
            _unpack(folder, name, ready / name, files.sha256[name])
        for name in names:
            (ready / name).replace(files.folder / name)


def _unpack(folder: Path, name: str, target: Path, expected: str) -> None:
    """Copy a file, uncompressed, to target; raise SourceError if its SHA-256 is not the expected one."""
    path = stored(folder, name)
    if path is None:
        raise SourceError(f"no {name}")
    with open(path, "rb") as raw:
        gzipped = raw.peek(2)[:2] == b"\x1f\x8b"  # not by name: servers may unpack on the way
    digest = hashlib.sha256()
    with gzip.open(path) if gzipped else open(path, "rb") as content, open(target, "wb") as copy:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != expected:
        raise SourceError(f"{name} is damaged or another version (SHA-256 {digest.hexdigest()})")
