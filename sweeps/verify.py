"""Train some runs of a sweep again and compare every bit: `python -m sweeps.verify DIR|FILE.zip [--cells N]`.

Each is trained from its own recorded configuration, in a directory that is thrown away, by the present code:
nothing is started that the plan or a record names.
Before that, every record is read: damaged ones, and runs of other data than the plan's, are told.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.cli.application import PACKAGE, require_ours, starts
from sweeps.cli.command import command, parser_of
from sweeps.execution.in_turn import Commands
from sweeps.planning.quoting import quoted
from sweeps.planning.recorded import overrides
from sweeps.records.archive import unpacked
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import OUTPUT, cell_dirs
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import Record, load_records, read_record
from sweeps.records.same import Compared, Likeness, compare

CELLS = 3
EPILOG = """\
Exit code 0: what was trained again came out the same, or close where another processor or BLAS trained it.
1: something came out different, is damaged, or is of other data. Nothing in DIR is changed."""


@dataclass(frozen=True)
class Check:
    """A run that was trained again: its record, and how the second one came out."""

    record: Record
    compared: Compared
    same_code: bool = True


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Train some runs of a sweep again and compare every bit."""
    parser = parser_of("sweeps.verify", main.__doc__, EPILOG)
    parser.add_argument("sweep", type=Path, metavar="DIR|FILE.zip", help="a sweep's directory, or its bundle")
    parser.add_argument("--cells", type=int, default=CELLS, metavar="N", help=f"how many runs ({CELLS})")
    parser.add_argument("--seed", type=int, metavar="N", help="which runs are drawn (by chance)")
    parser.add_argument("--application", metavar="COMMAND", help="of another application: 'python my_app.py'")
    options = parser.parse_args(arguments)
    if options.cells < 1:
        raise UserError(f"--cells = {options.cells}: must be at least 1")
    if options.sweep.suffix != ".zip" or not options.sweep.is_file():
        return verify(options.sweep, options.cells, options.seed, options.application)
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        root = unpacked(options.sweep, Path(place))
        return verify(root, options.cells, options.seed, options.application)


def verify(root: Path, cells: int, seed: int | None, application: str | None) -> int:
    """Check a sweep's records, train some of its runs again, tell how they come out; return the exit code.

    `application`: the command of another Hydra application, without overrides. None: this package's own;
    UserError if the sweep was not made by that, for nothing that a plan names is started.
    """
    plan, records = read_plan(root), load_records(root)
    if plan is None:
        raise UserError(f"{root} holds no sweep: there is no sweep.json")
    if application is None:
        require_ours(root, plan)
    start = starts(application)
    wrong = list(problems(plan, records))
    print("\n".join(wrong), end="\n" if wrong else "")
    excluded = read_excluded(root)
    complete = [
        record for cell_id, record in records.items() if record.is_complete and cell_id not in excluded
    ]
    if not complete:
        raise UserError(f"{root}: no run has a result yet, so none can be trained again")
    seed = random.randrange(2**32) if seed is None else seed
    drawn = random.Random(seed).sample(complete, min(cells, len(complete)))
    commands = Commands()
    checks = []
    with commands.listening():
        for record in drawn:
            checks.append(again(record, start, commands))
            print(line_of(checks[-1]), flush=True)
            if commands.signal:
                return 128 + commands.signal
    print(summary(checks, len(complete), seed))
    return int(bool(wrong) or any(check.compared.likeness is Likeness.DIFFERENT for check in checks))


def problems(plan: Plan, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield a line for each record that cannot be believed, or is of other data than was planned."""
    contents = {cell.id: cell.content for cell in plan.cells}
    for record in records.values():
        content = contents.get(record.cell_id)
        if record.status == "damaged":
            yield f"damaged    {record.path.name}: {record.damaged} {record.problem}"
        elif record.is_complete and content is not None and not content.is_of(record.data):
            yield f"other data {record.path.name}: not of what {content.name} held when it was planned"


def again(record: Record, start: Sequence[str], commands: Commands) -> Check:
    """Train a run again in a directory of its own, which goes afterwards, and compare."""
    place = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        ours = tuple(start[: len(PACKAGE)]) == PACKAGE
        commands.run(command_for(record, start, place, ours), quiet=True, said=place / OUTPUT, ours=ours)
        folder = cell_dirs(place).get(record.cell_id)
        if folder is None:
            return Check(record, Compared(Likeness.DIFFERENT, reason(place)))
        repeated = read_record(folder)
        if not repeated.is_complete:
            error = repeated.data.get("error") or {}
            why = f"is {repeated.status}: {error.get('type', '')} {error.get('message', '')}".rstrip(": ")
            return Check(record, Compared(Likeness.DIFFERENT, why))
        same_code = record.data.get("code") == repeated.data.get("code")
        return Check(record, with_data(record, repeated), same_code)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def with_data(record: Record, repeated: Record) -> Compared:
    """Compare two runs, the hashes of their data first: other data explain everything else."""
    then, now = ((each.data.get("dataset") or {}).get("sha256") for each in (record, repeated))
    if then is not None and then != now:
        return Compared(Likeness.DIFFERENT, f"the data had SHA-256 {then[:12]}, now {str(now)[:12]}")
    return compare(record, repeated)


def reason(place: Path) -> str:
    """Return why a run could not even begin: the last line that its command said."""
    if list(cell_dirs(place)):
        return "its configuration is another cell's now: its options have changed"
    try:
        said = (place / OUTPUT).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        said = []
    return f"could not be run: {said[-1] if said else 'its command said nothing'}"


def command_for(record: Record, start: Sequence[str], place: Path, ours: bool) -> list[str]:
    """Return what follows `python` to train a run again below a directory."""
    values = overrides(record.data.get("choices") or {}, record.data["config"])
    own = ["hydra.sweeper.closing=null"] if ours else ["--multirun"]
    ignored = [f"hydra.sweeper.ignore=[{','.join(map(quoted, record.data.get('ignore') or []))}]"]
    places = [f"hydra.sweep.dir={quoted(place)}", "hydra/launcher=basic"]
    return [*start, *own, *values, *ignored, *places, "hydra.sweeper.reuse=false"]  # computed, not copied


def line_of(check: Check) -> str:
    """Return the line of a run that was trained again."""
    why = f": {check.compared.why}" if check.compared.why else ""
    code = "" if check.same_code else " (it was made by other code)"
    return f"{check.compared.likeness:<10} {check.record.path.name}{why}{code}"


def summary(checks: Sequence[Check], complete: int, seed: int) -> str:
    """Return how all came out, in a line that can be quoted."""
    counts = Counter(check.compared.likeness for check in checks)
    told = ", ".join(f"{counts[likeness]} {likeness}" for likeness in Likeness if counts[likeness])
    if set(counts) == {Likeness.IDENTICAL}:
        told = "identical"
    return f"{len(checks):,} of {complete:,} runs trained again: {told} (drawn with --seed {seed})"


if __name__ == "__main__":
    sys.exit(main())
