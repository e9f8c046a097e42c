"""A sweep's directory while a command works in it: held, and with a hidden folder for that command."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from sweeps.execution.on_slurm import cancel_left_behind
from sweeps.planning.place import short
from sweeps.records import lock
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, LOCK, PLAN, cell_dirs
from sweeps.records.process import Owner

START_S = 60.0  # what a command may take from making its folder to taking its lock


@contextlib.contextmanager
def working_in(root: Path, *, fresh: bool, named: bool) -> Iterator[Path]:
    """Work in a sweep's directory within the body; yields a folder for this command alone.

    `fresh` moves aside what is there. A `named` sweep has its directory to itself. Raises UserError.
    """
    with contextlib.ExitStack() as stack:
        try:
            if fresh:
                move_aside(root)
            (root / HIDDEN).mkdir(parents=True, exist_ok=True)
            if named:
                stack.enter_context(lock.kept(lock.acquire(root / HIDDEN / LOCK)))
            name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
            folder = stack.enter_context(command_folder(root, name))
        except OSError as error:
            raise UserError(f"cannot write {error.filename or root}: {error.strerror}") from error
        except lock.Held as error:
            raise UserError(f"{short(root)} is in use by the sweep of {error.owner}") from error
        yield folder


def move_aside(root: Path) -> None:
    """Rename the directory of earlier runs, unless somebody works in it, or it is something else."""
    if not root.is_dir() or not any(root.iterdir()):
        return
    if (owner := at_work(root)) is not None:
        raise lock.Held(owner)
    if not any((root / name).exists() for name in (HIDDEN, PLAN)) and not cell_dirs(root):
        raise UserError(f"hydra.sweeper.fresh=true: {short(root)} holds no sweep to move aside")
    if Path.cwd().is_relative_to(root.resolve()):
        raise UserError(f"hydra.sweeper.fresh=true: {root} holds the present directory")
    root.rename(root.with_name(f"{root.name}.{time.strftime('%Y%m%d-%H%M%S')}"))


@contextlib.contextmanager
def command_folder(root: Path, name: str) -> Iterator[Path]:
    """Make this command's hidden folder, remove it at the end, and those that dead commands left behind."""
    hidden = root / HIDDEN
    folder = hidden / name
    folder.mkdir(parents=True)
    with lock.kept(lock.acquire(folder / LOCK)):
        now = folder.stat().st_mtime  # the file system's clock
        for other in hidden.iterdir():
            if other.is_dir() and other != folder and _is_left_behind(other, now):
                cancel_left_behind(other)
                shutil.rmtree(other, ignore_errors=True)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _is_left_behind(folder: Path, now: float) -> bool:
    """Return whether the command of this folder is dead. One that has no lock may be about to take it."""
    with contextlib.suppress(FileNotFoundError):
        begun = (folder / LOCK).exists() or abs(now - folder.stat().st_mtime) > START_S
        return begun and lock.holder(folder / LOCK) is None
    return False


def at_work(root: Path, besides: Path | None = None) -> Owner | None:
    """Return a process that runs a command in a sweep's directory, `besides` the one with this folder."""
    hidden = root / HIDDEN
    folders = [path for path in hidden.iterdir() if path.is_dir()] if hidden.is_dir() else []
    places = (place / LOCK for place in (hidden, *folders) if place != besides)
    return next((owner for place in places if (owner := lock.holder(place)) is not None), None)
