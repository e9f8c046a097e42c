"""A sweep's directory while a command works in it: held, and with a hidden folder for that command."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeps.execution.on_slurm import cancel_left_behind
from sweeps.execution.terms import in_use
from sweeps.planning.place import short
from sweeps.records import lock
from sweeps.records.commands import Command, Terms, active, folder_name, write_terms
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, LOCK, PLAN, cell_dirs
from sweeps.records.process import Owner

TURNS, TURN_S = 50, 0.1  # looks at what the holder of a directory has undertaken, and between two (s)
START_S = 60.0  # what a command may take from making its folder to taking its lock


@contextlib.contextmanager
def working_in(root: Path, terms: Terms, *, fresh: bool = False, workers: int = 1) -> Iterator[Path]:
    """Work in a sweep's directory within the body; yields a folder for this command alone.

    `fresh` moves aside what is there. A sweep with a name has its directory to itself, but for commands of
    the same terms: those work together. Raises UserError.
    """
    with contextlib.ExitStack() as stack:
        try:
            if fresh:
                move_aside(root)
            (root / HIDDEN).mkdir(parents=True, exist_ok=True)
            session = let_in(root, terms, stack)
            folder = stack.enter_context(command_folder(root, folder_name(session), terms, workers))
            let_in_beside(root, terms, [each for each in active(root) if each.folder != folder])
        except OSError as error:
            raise UserError(f"cannot write {error.filename or root}: {error.strerror}") from error
        except lock.Held as error:
            raise in_use(root, error.owner) from error
        yield folder


def let_in(root: Path, terms: Terms, stack: contextlib.ExitStack) -> str | None:
    """Take the directory for a sweep with a name; return the session that it joins, None if it begins one.

    Raises UserError where commands of other terms are at work, lock.Held if its holder says nothing of its.
    """
    for _ in range(TURNS):
        held = None
        if terms.named:
            try:
                stack.enter_context(lock.kept(lock.acquire(root / HIDDEN / LOCK)))
            except lock.Held as error:
                held = error
        session = let_in_beside(root, terms, active(root))
        if session is not None or held is None:
            return session
        time.sleep(TURN_S)  # it may be about to write its terms
    raise held or AssertionError


def let_in_beside(root: Path, terms: Terms, others: Sequence[Command]) -> str | None:
    """Return the session of those at work that have the same terms. Raises UserError if any bars this one."""
    for other in others:
        if terms.named and other.terms.named and terms.differing(other.terms):
            raise in_use(root, other.owner, other, terms)
    return next((other.session for other in others if not terms.differing(other.terms)), None)


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
def command_folder(root: Path, name: str, terms: Terms | None = None, workers: int = 1) -> Iterator[Path]:
    """Make this command's hidden folder, remove it at the end, and those that dead commands left behind."""
    hidden = root / HIDDEN
    folder = hidden / name
    folder.mkdir(parents=True)
    if terms is not None:
        write_terms(folder, terms, workers)
    with lock.kept(lock.acquire(folder / LOCK)):
        now = folder.stat().st_mtime  # the file system's clock
        for other in hidden.iterdir():
            if other.is_dir() and other != folder and _is_left_behind(other, now):
                cancel_left_behind(other)
                shutil.rmtree(other, ignore_errors=True)
        yield folder
        # under the lock: by it a command that is killed here is known to be dead
        for place in folder.iterdir():
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
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
