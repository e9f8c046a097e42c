"""The runs of a sweep by their ids: `python -m sweeps.runs DIR list | rerun | drop | exclude | … ID…`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.records.errors import UserError
from sweeps.records.excluded import exclude, include
from sweeps.records.record import timestamp
from sweeps.records.untrusted import printable
from sweeps.upkeep.chosen_runs import Sweep
from sweeps.upkeep.listing import table
from sweeps.upkeep.merging import merge
from sweeps.upkeep.renaming import rename
from sweeps.upkeep.run_again import rerun
from sweeps.upkeep.set_aside import drop, restore

IDS = "an id, the beginning of one, or a run's name"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Look at the runs of a sweep, run some again, set them aside, leave them out, bring sweeps together."""
    options = _parser().parse_args(arguments)
    user_modules.extend([Path.cwd()])
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("sweeps.runs", main.__doc__)
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=type(parser))

    def verb(run: Callable[[argparse.Namespace], int], *, ids: str = "+") -> argparse.ArgumentParser:
        name = run.__name__.strip("_")
        made = verbs.add_parser(name, help=run.__doc__, description=run.__doc__)
        made.set_defaults(run=run)
        if ids:
            made.add_argument("ids", nargs=ids, metavar="ID", help=IDS)
        return made

    verb(_list, ids="*")
    again = verb(_rerun)
    again.add_argument("--application", metavar="COMMAND", help="of another application: 'python my_app.py'")
    verb(_drop).add_argument("--reason", metavar="TEXT", help="kept beside the run")
    verb(_restore)
    verb(_exclude).add_argument("--reason", metavar="TEXT", required=True, help="named in every report")
    verb(_include)
    verb(_merge, ids="").add_argument("other", type=Path, help="another directory of the sweep")
    verb(_rename, ids="").add_argument("name", help="the new name, or a path")
    return parser


def _list(options: argparse.Namespace) -> int:
    """Show each run: id, status, figure, attempts, overrides, and what was decided about it."""
    sweep = Sweep.of(options.directory)
    return _say(table(sweep, sweep.cases(options.ids)))


def _rerun(options: argparse.Namespace) -> int:
    """Run exactly these cells again; their earlier records are kept in .superseded."""
    sweep = Sweep.of(options.directory)
    return rerun(sweep, sweep.cases(options.ids), options.application)


def _drop(options: argparse.Namespace) -> int:
    """Move runs aside, into .dropped; the sweep runs them anew if they are planned."""
    sweep = Sweep.of(options.directory)
    return _say(drop(sweep.root, sweep.cases(options.ids), options.reason))


def _restore(options: argparse.Namespace) -> int:
    """Bring dropped runs back."""
    return _say(restore(Sweep.of(options.directory).root, options.ids))


def _exclude(options: argparse.Namespace) -> int:
    """Let runs count in nothing; every report names them with the reason, no sweep runs them."""
    if not (reason := " ".join(options.reason.split())):
        raise UserError("--reason: must say why, in words")
    sweep = Sweep.of(options.directory)
    cases = sweep.cases(options.ids)
    exclude(sweep.root, [case.id for case in cases], reason, timestamp())
    return _say(f"{case.name}: excluded: {reason}" for case in cases)


def _include(options: argparse.Namespace) -> int:
    """Let excluded runs count again."""
    sweep = Sweep.of(options.directory)
    cases = sweep.cases(options.ids)
    if wrong := [case.id for case in cases if case.id not in sweep.excluded]:
        raise UserError(*(f"{cell_id}: is not excluded" for cell_id in wrong))
    include(sweep.root, [case.id for case in cases])
    return _say(f"{case.name}: counts again" for case in cases)


def _merge(options: argparse.Namespace) -> int:
    """Take in the runs of another directory of this sweep; conflicts are named by id, nothing is lost."""
    lines, whole = merge(options.directory, options.other)
    return max(_say(lines), 0 if whole else 1)


def _rename(options: argparse.Namespace) -> int:
    """Rename the sweep's directory, and say how it is continued."""
    return _say(rename(Sweep.of(options.directory), options.name))


def _say(lines: Iterable[str]) -> int:
    for line in lines:
        print(printable(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
