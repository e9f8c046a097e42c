"""Run a study with all that belongs to it: `python -m sweeps.studies NAME|all [KEY=VALUE …]`.

Its sweeps one after another, seeds where a claim is still open, its measurement and its report, each as the
command that one would type.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.cli.command import called, command, parser_of
from sweeps.cli.near import nearest
from sweeps.execution.in_turn import Commands
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.studies import STUDIES, Study

ALL = "all"
DIRECTORY, DRY_RUN, FRESH = "hydra.sweep.dir", "hydra.sweeper.dry_run", "hydra.sweeper.fresh"
EPILOG = """\
KEY=VALUE goes to every sweep of the study ({sweep} --help lists the keys), hydra.sweep.dir=DIR to
the main one: the others go below it. A whole study (no KEY=VALUE but of hydra) gets more seeds, to 20, where
one of its claims is still open. The same command again runs only what is missing. Where cells failed,
the rest goes on, and the exit code is 1; a mistake (2) and a signal (128 + n) stop it."""


@dataclass(frozen=True)
class Order:
    """A study to be run, where its results go, and what its sweeps are given."""

    study: Study
    directory: Path
    overrides: tuple[str, ...]

    def sweep(self, part: str | None, *more: str) -> list[str]:
        """Return the command of a part, or of the main sweep."""
        from sweeps.planning.quoting import quoted  # Hydra: not for a list of studies

        place = self.directory / (part or "")
        given = () if place == usual(self.study, part) else (f"{DIRECTORY}={quoted(place)}",)
        return ["-m", "sweeps", self.study.option(part), *self.overrides, *given, *more]

    def sweeps(self, *more: str) -> list[list[str]]:
        """Return the commands of all sweeps, the main one last."""
        return [self.sweep(part, *more) for part in (*self.study.parts, None)]

    def closing(self) -> list[list[str]]:
        """Return what follows the sweeps: the measurement, if there is one, and the report."""
        measured = [["-m", "sweeps.job.measured", str(self.directory)]] if self.study.measured else []
        return [*measured, ["-m", "reports", str(self.directory)]]

    def plans(self) -> list[list[str]]:
        """Return the commands that show the plan of each sweep."""
        return self.sweeps(f"{DRY_RUN}=true")

    def more_seeds(self) -> list[list[str]]:
        """Return the command that adds seeds where a claim is still open; none for a part of a study."""
        if not self.study.is_source_report or any(not word.startswith("hydra") for word in self.overrides):
            return []
        claims = f"hydra.sweeper.claims=pkg://reports.sources/{self.study.name}.yaml"
        return [self.sweep(None, "hydra.sweeper.strategy=until_decided", claims)]


def usual(study: Study, part: str | None = None) -> Path:
    """Return the directory that the configuration gives a study, or a part of it."""
    return Path("runs", study.name, part or "")


def typed(arguments: Sequence[str]) -> str:
    """Return a command as one would type it."""
    return f"python {shlex.join(arguments)}"


def run(orders: Sequence[Order], commands: Commands, *, dry_run: bool, fresh: bool) -> int:
    """Run studies; return 0, or 1 if something has no result, or at once the code of what stops them."""
    worst = 0
    for order in orders:
        if fresh and not dry_run and (code := start_anew(order, commands)):
            return code
        for step in order.plans() if dry_run else [*order.sweeps(), *order.more_seeds(), *order.closing()]:
            print(f"── {typed(step)}", flush=True)
            code = commands.run(step)
            if code > 1:
                return code
            worst = max(worst, code)
    return worst


def start_anew(order: Order, commands: Commands) -> int:
    """Move a study's directory aside with all its parts, if the commands are right; return their code."""
    from sweeps.execution.directory import at_work

    for step in order.plans():
        if code := commands.run(step, quiet=True):
            return code
    root = order.directory
    places = ("", *order.study.parts)
    if not any((root / part / PLAN).is_file() for part in places):
        return 0
    for part in places:
        if (owner := at_work(root / part)) is not None:
            raise UserError(f"{root / part} is in use by the sweep of {owner}")
    if Path.cwd().is_relative_to(root.resolve()):
        raise UserError(f"{FRESH}=true: {root} holds the present directory")
    root.rename(root.with_name(f"{root.name}.{time.strftime('%Y%m%d-%H%M%S')}"))
    return 0


def chosen(name: str | None) -> list[Study]:
    """Return the studies of a name. Raises UserError for a name that is none's."""
    known = [study.name for study in STUDIES]
    if name == ALL:
        return list(STUDIES)
    if name in known:
        return [study for study in STUDIES if study.name == name]
    near = nearest(str(name), known, most=2)
    raise UserError(f"NAME = {name or ''}: no such study{near}; there are {', '.join(known)}, {ALL}")


def orders_of(studies: Sequence[Study], overrides: Sequence[str]) -> list[Order]:
    """Return what is to be run. Raises UserError where the directory given cannot be one study's."""
    given = [word.partition("=")[2] for word in overrides if word.partition("=")[0] == DIRECTORY]
    others = tuple(word for word in overrides if word.partition("=")[0] not in (DIRECTORY, FRESH))
    if not given:
        return [Order(study, Path("runs", study.name), others) for study in studies]
    place = given[-1].strip("'\"")
    if not place or "$" in place:
        raise UserError(f"{DIRECTORY} = {given[-1]}: must name a directory")
    if len(studies) > 1:
        raise UserError(f"{DIRECTORY} = {given[-1]}: must be left out with NAME = {ALL}")
    return [Order(studies[0], Path(place), others)]


def listing() -> Iterator[str]:
    """Yield each study and the commands that belong to it, shortly."""
    width = max(len(study.name) for study in STUDIES)
    for study in STUDIES:
        sweeps = [study.option(part) for part in (*study.parts, None)]
        seeds = ["seeds for open claims"] if study.is_source_report else []
        measured = [f"measured {study.measured}"] if study.measured else []
        yield f"{study.name:<{width}}  {', '.join([*sweeps, *seeds, *measured, 'report'])}"


def is_true(overrides: Sequence[str], key: str) -> bool:
    """Return whether the last override of a key switches it on."""
    values = [word.partition("=")[2] for word in overrides if word.partition("=")[0] == key]
    return bool(values) and values[-1].lower() in ("true", "yes", "on", "1")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study: its sweeps one after another, its measurement, its report."""
    parser = parser_of("sweeps.studies", main.__doc__, EPILOG.format(sweep=called("sweeps")))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("words", nargs="*", metavar="NAME [KEY=VALUE …]", help=f"a study, or {ALL}")
    parser.add_argument("--list", action="store_true", help="show the studies and what belongs to each")
    parser.add_argument("--dry-run", action="store_true", help="show what would run, and run nothing")
    parser.add_argument("--config-dir", "-cd", metavar="DIR", help="options of your own, for every sweep")
    options = parser.parse_intermixed_args(arguments)
    if options.list:
        print("\n".join(listing()))
        return 0
    name, *overrides = options.words or [None]
    studies = chosen(name)
    dry_run = options.dry_run or is_true(overrides, DRY_RUN)
    fresh = is_true(overrides, FRESH)
    overrides = [word for word in overrides if word.partition("=")[0] != DRY_RUN]
    if options.config_dir is not None:
        overrides = ["--config-dir", options.config_dir, *overrides]
    commands = Commands()
    with commands.listening():
        return run(orders_of(studies, overrides), commands, dry_run=dry_run, fresh=fresh)


if __name__ == "__main__":
    sys.exit(main())
