"""Who works on what: locks that outlive neither their process nor, for long, their machine.

A lock is a small file that names its holder: host, process, the moment that process started. It is taken with
a hard link, which is atomic on local disks and on NFS, and it is never believed when the holder is dead. A
holder on another machine, or in another container of this one, cannot be looked up; there the file's age
counts, so holders `refresh` their lock. Machines may share a host name, and containers do: a process is here
only if the kernel was started at the same moment and counts its processes in the same namespace.

Taking over a dead holder's lock must not remove the lock of somebody who was faster. So nobody removes it:
the n-th successor, after the lock with token `t`, is the file `<name>.<t>-<n>`, which only one claimant can
create. The holder is the last one of that chain, and then renames its own file onto the first.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from sweeps.records.atomic import set_aside
from sweeps.records.untrusted import read_json

REFRESH_S = 10.0  # how often a holder touches its lock
TURN_S = 0.05  # between attempts to take a lock that is held for a moment only
SILENT_S = 5.0  # of waiting, before it is told for whom
STALE_S = 120.0  # a lock from another host that was not touched for so long, or says it will be, is dead
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class Owner:
    """A process, named so that no other one with the same number is mistaken for it.

    `boot` and `namespace` are None where the system does not tell them, and in files of earlier versions.
    """

    host: str
    pid: int
    process_started: str | None
    token: str = ""
    boot: str | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        known = isinstance(self.host, str) and isinstance(self.pid, int) and isinstance(self.token, str)
        known = known and all(isinstance(text, str | None) for text in (self.boot, self.namespace))
        if not known or self.token.strip("0123456789abcdefghijklmnopqrstuvwxyz"):
            raise TypeError("names no process")

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.host else "a process that its lock does not name"

    def is_here(self) -> bool:
        """Whether the process is (or was) one that can be looked up from here; all others go by age."""
        here = this_process()
        same = self.boot in (None, here.boot) and self.namespace in (None, here.namespace)
        looks = here.process_started is not None and not _is_hidden(self.pid)
        return self.host == here.host and same and looks

    def is_running(self) -> bool:
        """Whether the process runs, here."""
        return self.is_here() and process_started(self.pid) == self.process_started is not None


class Held(Exception):
    """The lock belongs to a process that is alive."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(f"locked by {owner}")
        self.owner = owner


def process_started(pid: int) -> str | None:
    """Return when the process started, as a text to compare; None if there is none or it has ended."""
    if sys.platform == "linux":
        try:
            fields = (
                Path(f"/proc/{pid}/stat")
                .read_text(errors="replace", encoding="utf-8")
                .rpartition(")")[2]
                .split()
            )
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]  # BSD's takes what follows = as a title
    plain = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}  # the same text whoever asks, in summer and in winter
    listing = subprocess.run(command, env=plain, capture_output=True, encoding="utf-8", errors="replace")
    state, _, started = listing.stdout.strip().partition(" ")
    return started.strip() or None if state and not state.startswith("Z") else None


def _is_hidden(pid: int) -> bool:
    """Whether there is such a process, of another user, but it is not shown (/proc with hidepid)."""
    if process_started(pid) is not None:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def this_process() -> Owner:
    """Return the calling process."""
    return _owner(os.getpid())


@lru_cache(maxsize=2)
def _owner(pid: int) -> Owner:
    return Owner(
        socket.gethostname(), pid, process_started(pid), boot=_boot(), namespace=_target(PID_NAMESPACE)
    )


def _boot() -> str | None:
    """Return what tells this start of the system from all others, on any machine."""
    with suppress(OSError):
        return BOOT_ID.read_text(encoding="utf-8").strip()
    with suppress(OSError, subprocess.SubprocessError):
        command = ["sysctl", "-n", "kern.bootsessionuuid"]  # macOS
        said = subprocess.run(command, capture_output=True, check=True, encoding="utf-8", errors="replace")
        return said.stdout.strip() or None
    return None


def _target(link: Path) -> str | None:
    with suppress(OSError):
        return os.readlink(link)
    return None


class Lock:
    """A lock that is held; made by `acquire`. Also a context manager that releases it."""

    def __init__(self, path: Path, token: str) -> None:
        self.path = path
        self.token = token

    def refresh(self) -> bool:
        """Show other hosts that the holder is alive; False if the lock is no longer its own.

        That happens to a holder that was halted for longer than STALE_S, and to nobody else.
        """
        owner = _read(self.path)
        if owner is None or owner.token != self.token:
            return False
        os.utime(self.path)
        return True

    def release(self) -> None:
        """Give the lock up, unless another process has taken it over meanwhile."""
        owner = _read(self.path)
        if owner is not None and owner.token == self.token:
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(path: Path) -> Lock:
    """Take the lock `path`, from a dead holder too. Raises Held, and OSError where nothing can be written."""
    mine = Owner(**{**asdict(this_process()), "token": uuid.uuid4().hex[:12]})
    draft = path.with_name(f".{path.name}-{mine.token}.tmp")
    try:
        while True:
            draft.write_text(json.dumps(asdict(mine)), encoding="utf-8")
            chain = _chain(path)
            if chain and is_alive(*chain[-1], now=draft.stat().st_mtime):
                raise Held(chain[-1][1])
            place = _successor(path, chain)
            _link(draft, place)
            if (after := _chain(path)) and after[-1][1] == mine:
                if place != path:
                    _replace(place, path)
                for file, _ in chain[1:]:
                    file.unlink(missing_ok=True)
                return Lock(path, mine.token)
            if _read(place) == mine:
                place.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)


def acquire_in_turn(path: Path) -> Lock:
    """Take the lock `path`, as `acquire` does, once nobody else holds it: for work of a moment."""
    started, told = time.monotonic(), False
    while True:
        try:
            return acquire(path)
        except Held as error:
            if not told and time.monotonic() - started > SILENT_S:
                told = True
                print(f"waiting for {error.owner}, which holds {path}", file=sys.stderr)
            time.sleep(TURN_S)


@contextmanager
def kept(held: Lock) -> Iterator[Lock]:
    """Hold a lock within the body and show all the while that its holder is alive; release it then."""
    over = threading.Event()
    thread = threading.Thread(target=_refresh, args=(held, over), daemon=True)
    with held:
        thread.start()
        try:
            yield held
        finally:
            over.set()
            thread.join()


def _refresh(held: Lock, over: threading.Event) -> None:
    while not over.wait(REFRESH_S):
        with suppress(OSError):
            held.refresh()


def holder(path: Path) -> Owner | None:
    """Return the living process that holds the lock, if there is one."""
    chain = _chain(path)
    return chain[-1][1] if chain and is_alive(*chain[-1]) else None


def is_alive(file: Path, owner: Owner, now: float | None = None) -> bool:
    """Whether the owner of a lock file still holds it; `now` is the file system's clock (s)."""
    if owner.is_here():
        return owner.is_running()
    try:
        state = file.lstat()
    except OSError:
        return False
    # what is no plain file was made by nobody's `acquire`
    recent = abs((time.time() if now is None else now) - state.st_mtime) < STALE_S
    return recent and stat.S_ISREG(state.st_mode)


def _replace(place: Path, path: Path) -> None:
    """Rename the lock that was taken over onto the first; a directory that has its name is set aside."""
    try:
        os.replace(place, path)
    except IsADirectoryError:
        set_aside(path)
        os.replace(place, path)


def _link(draft: Path, place: Path) -> None:
    """Create `place` with the draft's content, unless it is there; an NFS server may say so of one's own."""
    try:
        os.link(draft, place)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        _copy(draft, place)


def _copy(draft: Path, place: Path) -> None:
    try:
        with place.open("xb") as file:
            file.write(draft.read_bytes())
    except FileExistsError:
        return
    except OSError:
        place.unlink(missing_ok=True)
        raise


def _chain(path: Path) -> list[tuple[Path, Owner]]:
    chain: list[tuple[Path, Owner]] = []
    while (owner := _read(file := _successor(path, chain))) is not None:
        chain.append((file, owner))
    return chain


def _successor(path: Path, chain: list[tuple[Path, Owner]]) -> Path:
    return path.with_name(f"{path.name}.{chain[-1][1].token}-{len(chain)}") if chain else path


def _read(path: Path) -> Owner | None:
    """Return the owner that a lock file names; None if there is no file. A torn file has a dead owner."""
    try:
        return Owner(**read_json(path))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return Owner("", 0, None, "torn")
