"""Where something large is built before it takes an older one's place, and what killed processes left.

Beside the target `report` lie, while it is built, `.report-<8 hex>.tmp` (the new one), `….old` (the one that
it replaces, for a moment) and `….lock`, which says whose they are.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.records import lock
from sweeps.records.errors import UserError

START_S = 60.0  # what may pass between a draft and its lock, before it counts as left behind
ENDS = (signal.SIGTERM, signal.SIGHUP)
_LEFT = re.compile(r"\..+-[0-9a-f]{8}\.(tmp|old|lock)")


@contextmanager
def alone_at(target: Path) -> Iterator[None]:
    """Wait for whoever changes `target` in the same way, and hold it in the body: each sees the other's work.

    Raises UserError where nothing can be written.
    """
    require_outside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        held = lock.acquire_in_turn(target.with_name(f".{target.name}.lock"))
    except OSError as error:
        raise UserError(f"{target}: cannot be written: {error.strerror}") from error
    with lock.kept(held):
        yield


def require_outside(target: Path) -> None:
    """Raise UserError for a directory that cannot be exchanged: the present one, or one that holds it."""
    if not target.name or target.name == ".." or Path.cwd().is_relative_to(target.resolve()):
        raise UserError(
            f"{target}: cannot be written: it holds the present directory; start the command outside of it"
        )


@contextmanager
def draft_for(target: Path, advice: str = "") -> Iterator[Path]:
    """Yield the path to build a new `target` at; what is there at the end is removed.

    Raises UserError where nothing can be written, with the advice; of a full disk, too, which names no file.
    """
    draft = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        clear(target)
        held = lock.acquire(draft.with_suffix(".lock"))
    except OSError as error:
        raise UserError(f"{target}: cannot be written{advice}: {error.strerror}") from error
    with ended_by_signals(), lock.kept(held):
        try:
            yield draft
        except OSError as error:
            if error.filename is not None and not Path(error.filename).is_relative_to(draft):
                raise  # of something else, which is read
            raise UserError(f"{target}: cannot be written{advice}: {error.strerror}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the body as an exception does, so that it clears up.

    Where something else is done about a signal already, that stays.
    """
    here = threading.current_thread() is threading.main_thread()
    heard = [number for number in ENDS if here and signal.getsignal(number) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def replace_directory(new: Path, old: Path, keep: str | None = None) -> None:
    """Put a finished directory in the place of an older one, with what the older has under the name `keep`.

    Raises UserError if a file is in that place.
    """
    if old.is_file() and not old.is_symlink():
        raise UserError(f"{old}: is a file, where a directory has to be written")
    if keep and not old.is_symlink() and (old / keep).is_dir():
        shutil.copytree(old / keep, new / keep, symlinks=True)  # until the end both are whole
    if not old.exists() and not old.is_symlink():
        new.rename(old)
        return
    aside = new.with_suffix(".old")
    try:
        old.rename(aside)
        new.rename(old)
    except BaseException:  # Ctrl-C, too
        if not os.path.lexists(old):
            aside.rename(old)
        raise
    if aside.is_symlink():
        aside.unlink()  # only the link: where it leads is not ours
    shutil.rmtree(aside, ignore_errors=True)


def clear(target: Path) -> None:
    """Remove what killed processes have left beside a target; put back what they had moved aside."""
    left = [
        path
        for path in target.parent.glob(f".{glob.escape(target.name)}-*")
        if _LEFT.fullmatch(path.name) and _is_left(path)
    ]
    for path in sorted(left, key=lambda path: path.suffix == ".lock"):
        if path.suffix == ".old" and not target.exists():
            path.rename(target)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    owned = path.with_suffix(".lock")
    if lock.holder(owned) is not None:
        return False
    try:
        return owned.exists() or abs(time.time() - path.lstat().st_mtime) > START_S
    except OSError:
        return False
