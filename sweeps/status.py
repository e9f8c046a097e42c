"""The state of every cell of a sweep: `python -m sweeps.status DIR [--all | --json | --explain CELL]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.planning.due import Retry
from sweeps.records.errors import UserError
from sweeps.records.untrusted import printable
from sweeps.view.explain import find
from sweeps.view.state import Status
from sweeps.view.sweeps_below import is_sweep, sweeps_below


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Show the state of every cell of a sweep, and why it would be run again or not."""
    parser = parser_of("sweeps.status", main.__doc__)
    parser.add_argument(
        "directory",
        type=Path,
        help="a sweep's directory, such as runs/grid; or one above several, such as runs",
    )
    parser.add_argument("--all", action="store_true", help="list every cell, done ones too")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--explain", metavar="CELL", help="say why one cell (its id or name) is run or skipped"
    )
    parser.add_argument(
        "--retry", choices=[*map(str, Retry)], default="failed", help="assume hydra.sweeper.retry=…"
    )
    options = parser.parse_args(arguments)
    user_modules.extend([Path.cwd()])  # where a user's own code is, which the results may depend on
    root = options.directory
    if root.is_dir() and not is_sweep(root) and (below := list(sweeps_below(root))):
        return _several([_status(path, Retry(options.retry)) for path in below], options)
    status = Status(root, Retry(options.retry))
    print(printable("\n".join(_answer(status, options))))
    return status.exit_code


def _status(root: Path, retry: Retry) -> Status | UserError:
    """Return the state of a sweep, or why it has none."""
    try:
        return Status(root, retry)
    except UserError as error:
        return error


def _several(found: Sequence[Status | UserError], options: argparse.Namespace) -> int:
    """Print a line for each sweep, and return the exit code: 0 if every one is whole."""
    if options.explain is not None:
        raise UserError(f"--explain: {options.directory} holds several sweeps; name one of them")
    known = [status for status in found if isinstance(status, Status)]
    if options.json:
        print(json.dumps([status.as_json() for status in known], indent=1))
    for status in () if options.json else found:
        print(printable(next(status.summary()) if isinstance(status, Status) else status.lines[0]))
    return max([status.exit_code for status in known] + [1] * (len(known) < len(found)))


def _answer(status: Status, options: argparse.Namespace) -> Iterator[str]:
    if options.explain is not None:
        yield from status.explanation.lines(find(options.explain, status.plan, status.records))
    elif options.json:
        yield json.dumps(status.as_json(), indent=1)
    else:
        yield from status.summary()
        yield from status.table(options.all)


if __name__ == "__main__":
    sys.exit(main())
