"""Locks: files that decide who works on what, and that end with their process or its machine.

A lock is a small file that names its holder: host, process, the moment that process started. It is taken with
a hard link, which is atomic on local disks and on NFS, and it is never believed when the holder is dead. A
holder on another machine, or in another container of this one, cannot be looked up; there the file's age
counts, so holders `refresh` their lock. process.py tells which processes can be looked up from here.

Taking over a dead holder's lock must not remove the lock of somebody who was faster. So nobody removes it:
the n-th successor, after the lock with token `t`, is the file `<name>.<t>-<n>`, which only one claimant can
create. The holder is the last one of that chain, and then renames its own file onto the first.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from sweeps.records.atomic import set_aside
from sweeps.records.process import Owner, this_process
from sweeps.records.untrusted import read_json

REFRESH_S = 10.0  # how often a holder touches its lock
TURN_S = 0.05  # between attempts to take a lock that is held for a moment only
SILENT_S = 5.0  # of waiting, before a line says for whom
STALE_S = 120.0  # a lock from another host that was not touched for so long, or says it will be, is dead


class Held(Exception):
    """The lock belongs to a process that is alive."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(f"locked by {owner}")
        self.owner = owner


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
    """Take the lock `path` as `acquire` does, waiting for its holder: for work of a moment."""
    started, announced = time.monotonic(), False
    while True:
        try:
            return acquire(path)
        except Held as error:
            if not announced and time.monotonic() - started > SILENT_S:
                announced = True
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
    """Return whether the owner of a lock file still holds it; `now` is the file system's clock (s)."""
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
        place.replace(path)
    except IsADirectoryError:
        set_aside(path)
        place.replace(path)


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
