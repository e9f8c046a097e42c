"""The state of every cell of a sweep: `python -m sweeps.status DIR [--all | --json | --explain CELL]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.planning.due import Retry, Verdict, verdict
from sweeps.records import lock
from sweeps.records.commands import active
from sweeps.records.content import Content, other_data
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import HIDDEN, HISTORY, LOCK
from sweeps.records.metric import NAME, Goal, figures_of, goal_of, number_of
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import Record, load_records
from sweeps.records.schema import BEGUN, BY_URGENCY, COMPLETE, ENDED_BADLY
from sweeps.records.untrusted import printable
from sweeps.view.explain import Explanation, find
from sweeps.view.running_cell import last_row
from sweeps.view.sweeps_below import is_sweep, sweeps_below
from sweeps.view.wording import count, duration, reason

OTHER_DATA = "other data"  # the state of a result of other data than its cell is planned for
EXCLUDED = "excluded"  # the state of a run that counts in nothing, on purpose
STATES = (*BY_URGENCY[:-3], OTHER_DATA, *BY_URGENCY[-3:-1], EXCLUDED, BY_URGENCY[-1])
MISSING_SHOWN = 10  # cells that were never started, unless all are asked for


@dataclass(frozen=True)
class Row:
    """One cell: planned or not, its state, and what there is to say about it."""

    id: str
    name: str
    status: str
    detail: str
    planned: bool
    due: bool


class Status:
    """What the files of a sweep's directory say. Raises UserError if there is no sweep in it."""

    def __init__(self, root: Path, retry: Retry = Retry.FAILED) -> None:
        if not root.is_dir():
            raise UserError(f"{root}: {'is no directory' if root.exists() else 'there is no such directory'}")
        self.root, self.retry = root, retry
        self.plan: Plan | None = read_plan(root)
        self.records = load_records(root)
        self.excluded = read_excluded(root)
        if self.plan is None and not self.records:
            raise UserError(f"{root}: holds no plan and no run records")
        self.explanation = Explanation(root, self.plan, self.records, retry)
        self.other_data: list[tuple[dict[str, Any], Content]] = []  # results, and what their data are now

    @cached_property
    def rows(self) -> list[Row]:
        """Every cell, the planned ones first, in the plan's order."""
        planned = {cell.id: cell for cell in self.plan.cells} if self.plan else {}
        others = {key: record.path.name for key, record in self.records.items() if key not in planned}
        inside = not self.plan  # without a plan the records are all there is
        rows = [self._row(key, cell.name, True, cell) for key, cell in planned.items()]
        return rows + [self._row(key, name, inside) for key, name in others.items()]

    def _row(self, cell_id: str, name: str, planned: bool, cell: Cell | None = None) -> Row:
        record = self.records.get(cell_id)
        if cell_id in self.excluded:
            return Row(cell_id, name, EXCLUDED, self.excluded[cell_id], planned, False)
        content = self.explanation.content(cell)
        decided = verdict(record, self.explanation.code, self.retry, content)
        if record is not None and content is not None and decided.superseded:
            self.other_data.append((record.data, content))
        status = record.status if record else "missing"
        if decided.superseded:
            status = OTHER_DATA
        return Row(cell_id, name, status, detail(record, decided), planned, decided.due and planned)

    @cached_property
    def counts(self) -> Counter[str]:
        """Cells of the plan by state."""
        return Counter(row.status for row in self.rows if row.planned)

    def summary(self) -> Iterator[str]:
        """Yield the counts, and what else there is to know of the whole."""
        planned = [row for row in self.rows if row.planned]
        states = ", ".join(f"{self.counts[state]:,} {state}" for state in STATES[::-1] if self.counts[state])
        name = self.plan.sweep if self.plan else "no plan"
        yield f"{self.root} ({name}): {count(len(planned), 'cell')}: {states}"
        yield from self._workers()
        if due := sum(row.due for row in planned):
            yield f"  {count(due, 'cell')} would be run by the same command again"
        if outside := len(self.rows) - len(planned):
            yield f"  {count(outside, 'recorded cell')} outside the plan (--all lists them)"
        if told := other_data(self.other_data):
            yield f"  {told}: due again"
        yield from (f"  {line}" for line in self.explanation.near_misses())
        if stale := sum("other code" in row.detail for row in planned):
            yield f"  {count(stale, 'result')} made by other code (hydra.sweeper.retry=stale runs them again)"

    def _workers(self) -> Iterator[str]:
        """Yield who works on the sweep: each command with its workers, or the one that has locked it."""
        at_work = active(self.root)
        for each in at_work:
            does = "has joined this sweep" if each.has_joined else "is running this sweep"
            yield f"  {each.owner} {does}, with {count(each.workers, 'worker')}"
        if not at_work and (owner := lock.holder(self.root / HIDDEN / LOCK)):
            yield f"  {owner} is running this sweep"

    def table(self, everything: bool) -> Iterator[str]:
        """Yield a line for each cell that has no result, or for every cell."""
        rows = self.rows if everything else [row for row in self.rows if row.planned and row.status != "done"]
        rows = sorted(rows, key=lambda row: STATES.index(row.status))
        never = [row for row in rows if row.status == "missing"]
        hidden = set() if everything else {row.id for row in never[MISSING_SHOWN:]}
        shown = [row for row in rows if row.id not in hidden]
        width = max((len(row.name) for row in shown), default=0)
        for row in shown:
            note = "" if row.planned else "outside the plan"
            about = ", ".join(part for part in (note, row.detail) if part)
            yield f"{row.status:<11}  {row.name:<{width}}  {about}".rstrip()
        if hidden:
            yield f"and {len(hidden):,} more that were never started (--all lists them)"

    @property
    def exit_code(self) -> int:
        """0 if every planned cell has a result and every record can be believed, else 1."""
        whole = all(row.status in (*COMPLETE, EXCLUDED) or not row.planned for row in self.rows)
        return 0 if whole and all(row.status != "damaged" for row in self.rows) else 1

    def as_json(self) -> dict[str, Any]:
        """Return the state of everything in plain containers."""
        return {
            "directory": str(self.root),
            "sweep": self.plan.sweep if self.plan else None,
            "counts": dict(self.counts),
            "at_work": [
                {"process": str(each.owner), "workers": each.workers, "joined": each.has_joined}
                for each in active(self.root)
            ],
            "cells": [vars(row) for row in self.rows],
        }


def detail(record: Record | None, decided: Verdict) -> str:
    """Return what there is to say about a cell beside its status."""
    if record is None or record.status == "missing":
        return ""
    parts = [_progress(record)] if record.status in BEGUN else []
    if record.status in ENDED_BADLY:
        parts.append(reason(record).partition(": ")[2])
    if record.status == "diverged":
        parts += _divergence(record.data.get("diverged") or {})
    if record.is_complete:
        parts += [_figure(record.data), _cost(record)]
    if (attempts := record.data.get("attempts", 1)) != 1:
        parts.append(f"{attempts} attempts")
    if "other code" in decided.why:
        parts.append("made by other code")
    return ", ".join(part for part in parts if part)


def _divergence(diverged: Mapping[str, Any]) -> list[str]:
    """Return what was not finite, and where."""
    what = [f"{diverged['what']} not finite"] if "what" in diverged else []
    return [*what, *(f"{key} {value}" for key, value in diverged.items() if key != "what")]


def _progress(record: Record) -> str:
    row = last_row(record.path / HISTORY)
    step, value = next(iter(row.items()), ("epoch", ""))
    epoch = f"after {step} {value}" if row else "in its first epoch" if _counts_epochs(record) else "begun"
    worker = record.data.get("worker") or {}
    at = f", process {worker.get('pid')} on {worker.get('host')}" if record.status == "running" else ""
    return f"{epoch}{at}"


def _counts_epochs(record: Record) -> bool:
    goal = goal_of(record.data)
    return goal is None or goal.name in (None, NAME)


def _figure(data: Mapping[str, Any]) -> str:
    """Return the figure that the sweep is about."""
    goal, figures = goal_of(data) or Goal(), figures_of(data)
    name = goal.name or (NAME if NAME in figures else next(iter(figures), NAME))
    value = number_of(figures.get(name))
    if value is None:
        return ""
    return f"test accuracy {value:.4f}" if name == NAME else f"{name} {value:.4g}"


def _cost(record: Record) -> str:
    seconds = (record.data.get("timing") or {}).get("total_wall_s")
    return duration(seconds) if isinstance(seconds, int | float) else ""


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
