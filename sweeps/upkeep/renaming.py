"""Renaming a sweep's directory, and what has to be typed from then on to continue it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from sweeps.cli.application import is_ours
from sweeps.cli.command import called
from sweeps.planning.place import short
from sweeps.planning.quoting import as_word
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, LOCK, cell_id_of
from sweeps.records.plan import Plan
from sweeps.upkeep.chosen_runs import Sweep, alone_in, require_at_rest


def rename(sweep: Sweep, name: str) -> Iterator[str]:
    """Rename a sweep's directory, to a name beside it or to a path; yield what to know from then on.

    Raises UserError if the place is taken, on another disk, or a command works in the directory or below it.
    """
    if not name.strip() or not name.isprintable():
        raise UserError(f"{name!r}: must be a name for a directory, in signs that can be printed")
    root = sweep.root.absolute()
    target = root.parent / name if os.sep not in name else Path(name).absolute()
    require_place(root, target)
    for below in sorted(root.glob(f"*/{HIDDEN}")):
        require_at_rest(below.parent)
    with alone_in(root):
        try:
            root.rename(target)
        except OSError as error:
            raise UserError(f"{name}: {error.strerror}; {short(root)} is as it was") from error
    (target / HIDDEN / LOCK).unlink(missing_ok=True)
    yield f"{short(root)} is {short(target)} now"
    if sweep.plan:
        yield from to_continue(sweep.plan, target)


def require_place(root: Path, target: Path) -> None:
    """Raise UserError unless a directory can have this place."""
    if not target.name or cell_id_of(target.name) or target.name.startswith("."):
        raise UserError(f"{target.name or target}: must be a name for a directory, not hidden, not a cell's")
    if os.path.lexists(target):
        raise UserError(f"{short(target)}: is there already")
    if not target.parent.is_dir():
        raise UserError(f"{short(target)}: {short(target.parent)} must be a directory that is there")
    if target.is_relative_to(root) or Path.cwd().is_relative_to(root.resolve()):
        raise UserError(f"{short(target)}: {root} cannot be moved into itself, nor from under this command")


def to_continue(plan: Plan, target: Path) -> Iterator[str]:
    """Yield the command that continues a renamed sweep: the name alone would lead to a new directory."""
    words = [word for word in plan.command[1:] if not word.startswith("hydra.sweep.dir=")]
    words = [word for word in words if word != "--multirun" and "hydra.sweeper.fresh=" not in word]
    start = called("sweeps") if is_ours(plan.command) else f"python {shlex.quote(Path(plan.command[0]).name)}"
    place = f"hydra.sweep.dir={as_word(short(target))}"
    yield f"it is continued by: {start} {shlex.join([*words, place])}"
    yield f"reports go on calling it {plan.sweep}, which is the configuration that it was made by"
