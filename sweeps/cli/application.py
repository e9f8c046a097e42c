"""How the application of a sweep is started: never by what the plan names, which may be a stranger's."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeps.cli.command import COMMANDS
from sweeps.records.errors import UserError
from sweeps.records.plan import Plan

PACKAGE = ("-m", "sweeps")
OPTIONS = ("--config-dir", "-cd")  # of Hydra: whose options it names, decides what is run


def starts(application: str | None) -> list[str]:
    """Return what follows `python` to start an application: the one of a command, else this package's own.

    Raises UserError for a command that is not Python's.
    """
    if application is None:
        return list(PACKAGE)
    try:
        python, *words = shlex.split(application)
    except ValueError as error:
        raise UserError(f"--application {application}: must be a command ({error})") from error
    if not Path(python).name.startswith("python") or not words:
        raise UserError(f"--application {application}: must be python and what it runs, 'python my_app.py'")
    return words


def is_ours(command: Sequence[str]) -> bool:
    """Return whether a recorded command, or one without a program, is of this package's application."""
    program = "".join(command[:1]).replace("\\", "/")
    return not program or program.endswith(("sweeps/__main__.py", COMMANDS["sweeps"]))


def of_plan(plan: Plan | None) -> str:
    """Return the command that a user would start a plan's application by, to be shown and never run."""
    command = plan.command if plan else []
    program = PACKAGE if is_ours(command) else (Path(command[0]).name,)
    return shlex.join(["python", *program, *_places(command[1:])])


def option_for(plan: Plan | None) -> str:
    """Return the --application that a plan needs, to be typed by a user; empty if it is this package's."""
    command = plan.command if plan else []
    plain = is_ours(command) and not list(_places(command[1:]))
    return "" if plain else f"--application {shlex.quote(of_plan(plan))}"


def require_ours(root: Path, plan: Plan | None, otherwise: str = "") -> None:
    """Raise UserError if another application, or a folder of options, has made a sweep.

    `otherwise`: what else could be done about it.
    """
    command = plan.command if plan else []
    made_by = "with a --config-dir" if is_ours(command) else f"by {command[0]}"
    if option := option_for(plan):
        raise UserError(f"{root} was made {made_by}: say how it is started, {option}{otherwise}")


def _places(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command that say where options are."""
    for word, following in itertools.pairwise([*words, ""]):
        if word in OPTIONS:
            yield from (word, following)
        elif word.startswith(tuple(f"{option}=" for option in OPTIONS)):
            yield word
