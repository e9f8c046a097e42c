"""Train some runs again and compare every bit: `python -m sweeps.verify DIR|FILE.zip|RESULTS [--cells N]`.

Each is trained from its own recorded configuration, in a directory that is thrown away, by the present code
and, where this processor has them, by the kernels of BLAS that the record names: nothing is started that the
plan or a record names. RESULTS is a folder of published studies, or one of them.
Before that, every record is read: damaged ones, and runs of other data than the plan's, are told.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.cli.application import require_ours, starts
from sweeps.cli.command import command, parser_of
from sweeps.execution.in_turn import Commands
from sweeps.execution.repeat import Check, Repeatable, again
from sweeps.records.archive import unpacked
from sweeps.records.errors import UnusableRun, UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import PLAN, PUBLISHED_RUNS
from sweeps.records.plan import Plan, read_plan
from sweeps.records.published import read_published, table_problems
from sweeps.records.record import Record, load_records
from sweeps.records.same import Likeness

CELLS = 3
EPILOG = """\
Exit code 0: what was trained again came out the same, or close where another processor or BLAS trained it.
1: something came out different, is damaged, or is of other data. Nothing in DIR is changed."""


@dataclass(frozen=True)
class Draw:
    """How many runs are drawn, by which seed, among those that took at most so many seconds of one core."""

    cells: int
    seed: int
    longest_s: float | None = None

    def of(self, runs: Sequence[Repeatable]) -> tuple[list[Repeatable], int]:
        """Return the runs that are drawn, and how many there were to draw from."""
        longest = float("inf") if self.longest_s is None else self.longest_s
        short = [run for run in runs if run.cpu_s <= longest]
        return random.Random(self.seed).sample(short, min(self.cells, len(short))), len(short)


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Train some runs of a sweep, or of published studies, again and compare every bit."""
    parser = parser_of("sweeps.verify", main.__doc__, EPILOG)
    parser.add_argument(
        "sweep", type=Path, metavar="DIR|FILE.zip", help="a sweep's directory, its bundle, or docs/results"
    )
    parser.add_argument("--cells", type=int, default=CELLS, metavar="N", help=f"how many runs ({CELLS})")
    parser.add_argument("--seed", type=int, metavar="N", help="which runs are drawn (by chance)")
    parser.add_argument(
        "--longest", type=float, metavar="S", help="draw runs that took at most S seconds of one core"
    )
    parser.add_argument("--application", metavar="COMMAND", help="of another application: 'python my_app.py'")
    options = parser.parse_args(arguments)
    if options.cells < 1:
        raise UserError(f"--cells = {options.cells}: must be at least 1")
    if options.longest is not None and not options.longest > 0:
        raise UserError(f"--longest = {options.longest:g}: must be above 0")
    seed = random.randrange(2**32) if options.seed is None else options.seed
    draw = Draw(options.cells, seed, options.longest)
    if options.sweep.suffix != ".zip" or not options.sweep.is_file():
        return verify(options.sweep, draw, options.application)
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        root = unpacked(options.sweep, Path(place))
        try:
            return verify(root, draw, options.application)
        except UserError as error:  # of a directory that is gone when this is read
            error.lines = tuple(line.replace(str(root), str(options.sweep)) for line in error.lines)
            raise


def verify(root: Path, draw: Draw, application: str | None) -> int:
    """Check what is kept of runs, train some again, tell how they come out; return the exit code.

    `application`: the command of another Hydra application, without overrides. None: this package's own;
    UserError if the sweep was not made by that, for nothing that a plan names is started.
    """
    studies = published_in(root)
    if studies:
        runs, wrong = of_studies(studies)
        if not runs and not wrong:
            print("0 runs trained again: nothing here keeps what trains them")
            return 0
    else:
        runs, wrong = of_sweep(root, application)
    print("\n".join(wrong), end="\n" if wrong else "")
    return int(bool(wrong)) if not runs else max(int(bool(wrong)), train(runs, draw, starts(application)))


def train(runs: Sequence[Repeatable], draw: Draw, start: Sequence[str]) -> int:
    """Train runs again that are drawn by chance and tell how they come out; return the exit code."""
    drawn, among = draw.of(runs)
    if not drawn:
        raise UserError(f"--longest = {draw.longest_s:g}: no run took so little, of {len(runs):,}")
    commands = Commands()
    checks: list[Check] = []
    with commands.listening():
        for run in drawn:
            checks.append(again(run, start, commands))
            print(checks[-1], flush=True)
            if commands.signal:
                return 128 + commands.signal
    print(summary(checks, len(runs), among, draw))
    return int(any(check.compared.likeness is Likeness.DIFFERENT for check in checks))


def published_in(root: Path) -> list[Path]:
    """Return the folders of published studies: the one that this is, or those that it holds."""
    if (root / PLAN).exists():
        return []
    if (root / PUBLISHED_RUNS).is_file():
        return [root]
    return sorted(path.parent for path in root.glob(f"*/{PUBLISHED_RUNS}"))


def of_studies(folders: Sequence[Path]) -> tuple[list[Repeatable], list[str]]:
    """Return the runs of published studies that can be trained again, and a line for all that is wrong."""
    runs: list[Repeatable] = []
    wrong: list[str] = []
    for folder in folders:
        kept = read_published(folder)
        if kept is None:
            print(
                f"{folder.resolve().name}: was published before overrides were kept; its runs cannot be drawn"
            )
            continue
        runs += [Repeatable(run.record, run.digest) for run in kept]
        wrong += [f"{'different':<10} {line}" for line in table_problems(folder, kept)]
    return runs, wrong


def of_sweep(root: Path, application: str | None) -> tuple[list[Repeatable], list[str]]:
    """Return the runs of a sweep that have a result, and a line for each record that cannot be believed."""
    plan, records = read_plan(root), load_records(root)
    if plan is None:
        raise UserError(f"{root} holds no sweep: there is no {PLAN}")
    if application is None:
        require_ours(root, plan)
    excluded = read_excluded(root)
    complete = [
        Repeatable(record)
        for cell_id, record in records.items()
        if record.is_complete and cell_id not in excluded
    ]
    wrong = list(problems(plan, records))
    if not complete:
        print("\n".join(wrong), end="\n" if wrong else "")
        if wrong:
            raise UnusableRun(f"{root}: no run has a result that can be believed, so none is trained again")
        raise UserError(f"{root}: no run has a result yet, so none can be trained again")
    return complete, wrong


def problems(plan: Plan, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield a line for each record that cannot be believed, or is of other data than was planned."""
    contents = {cell.id: cell.content for cell in plan.cells}
    for record in records.values():
        content = contents.get(record.cell_id)
        if record.status == "damaged":
            yield f"damaged    {record.path.name}: {record.damaged} {record.problem}"
        elif record.is_complete and content is not None and not content.is_of(record.data):
            yield f"other data {record.path.name}: not of what {content.name} held when it was planned"


def summary(checks: Sequence[Check], complete: int, among: int, draw: Draw) -> str:
    """Return how all came out, in a line that can be quoted."""
    counts = Counter(check.compared.likeness for check in checks)
    told = ", ".join(f"{counts[likeness]} {likeness}" for likeness in Likeness if counts[likeness])
    if set(counts) == {Likeness.IDENTICAL}:
        told = "identical"
    short = "" if draw.longest_s is None else f", among {among:,} that take at most {draw.longest_s:g} s"
    drawn = f"drawn with --seed {draw.seed}{short}"
    return f"{len(checks):,} of {complete:,} runs trained again: {told} ({drawn})"


if __name__ == "__main__":
    sys.exit(main())
