"""Follow a sweep by its run directories alone, whatever launcher runs it.

A poll looks at every running cell, at the next cells in the plan's order, and at some of the rest in turn:
its cost grows with what runs and what has changed, not with the size of the sweep.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from sweeps.records.layout import REPORT
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record, load_records, read_record
from sweeps.records.schema import ENDED_BADLY, TO_START
from sweeps.view.best_so_far import BestSoFar
from sweeps.view.running_cell import Running, label, shared_words
from sweeps.view.snapshot import Stop, View
from sweeps.view.time_left import Forecast
from sweeps.view.wording import reason

AHEAD = 32  # cells looked at beyond the last one known to have started
IN_TURN = 60  # others looked at in each poll
ALIVE_S = 10.0  # how often a running cell's process is looked for

Mark = tuple[int, int] | None  # a report.json's time and inode, which every new one changes


class Watch:
    """The state of a plan's cells, of which `due` (ids; None: all that have no result) are run now."""

    def __init__(
        self,
        root: Path,
        plan: Plan,
        *,
        records: Mapping[str, Record] | None = None,
        due: Collection[str] | None = None,
        workers: int | None = None,
    ) -> None:
        known = load_records(root) if records is None else records
        self._shared = shared_words(plan.cells)
        self._paths: dict[str, Path] = {}
        self._states: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._waiting: dict[str, Cell] = {}
        self._running: dict[str, Running] = {}
        self._marks: dict[str, Mark] = {}
        self._turn: Iterator[str] = iter(())
        self._forecast = Forecast()
        self._best = BestSoFar()
        self._workers = workers or 1
        for cell in plan.cells:
            record = known.get(cell.id)
            self._paths[cell.id] = record.path if record else root / cell.name
            complete = record is not None and record.is_complete
            self._begin(cell, record, cell.id in due if due is not None else not complete)

    def _begin(self, cell: Cell, record: Record | None, due: bool) -> None:
        """Sort a cell by what is known of it before the launch."""
        if record and record.is_complete:
            self._learn(cell, record)
        runs = record is not None and record.status == "running"  # by another sweep's hand
        if due or runs:
            self._wait(cell)
            self._marks[cell.id] = None if runs else _mark(self._paths[cell.id])
        else:
            self._set(cell, record.status if record else "missing")

    def poll(self) -> list[Stop]:
        """Bring the state up to date; return the cells that stopped without a result since the last poll."""
        now = time.time()
        stops: list[Stop] = []
        for running in list(self._running.values()):
            self._follow(running, now, stops)
        idle = 0
        for cell in list(self._waiting.values()):
            idle = 0 if self._look(cell, now, stops) else idle + 1
            if idle == AHEAD:
                break
        for cell_id in self._some():
            if cell_id in self._waiting:
                self._look(self._waiting[cell_id], now, stops)
        self._workers = max(self._workers, len(self._running))
        return stops

    def view(self) -> View:
        """Return what there is to show."""
        count = self._counts
        failed = sum(count[state] for state in ENDED_BADLY)
        left = sum(count[state] for state in TO_START)
        running = list(self._running.values())
        return View(
            len(self._states),
            count["done"],
            count["diverged"],
            failed,
            left,
            running,
            self._left_s(time.time()),
            self._best.leader,
        )

    def _some(self) -> Iterator[str]:
        """Yield some of the waiting cells, others each time, for launchers that keep no order."""
        in_turn = list(itertools.islice(self._turn, IN_TURN))
        if not in_turn:
            self._turn = iter(list(self._waiting))
        yield from in_turn

    def _look(self, cell: Cell, now: float, stops: list[Stop]) -> bool:
        """Return whether a waiting cell has a new record; take it in."""
        path = self._paths[cell.id]
        mark = _mark(path)
        if mark is None or mark == self._marks[cell.id]:
            return False
        self._take(cell, read_record(path), mark, now, stops)
        return True

    def _follow(self, running: Running, now: float, stops: list[Stop]) -> None:
        """Take in a running cell's new record, or its last epoch; see now and then whether it lives."""
        mark = _mark(running.path)
        if mark == self._marks[running.cell.id] and now - running.looked_for < ALIVE_S:
            running.read_history(now)
        else:
            self._take(running.cell, read_record(running.path), mark, now, stops)

    def _take(self, cell: Cell, record: Record, mark: Mark, now: float, stops: list[Stop]) -> None:
        """Move a cell to the state that its record says."""
        again = mark == self._marks[cell.id]
        self._marks[cell.id] = mark
        self._waiting.pop(cell.id, None)
        before = self._running.pop(cell.id, None)
        if record.status == "running":
            running = before if before and again else self._start(cell, record, now)
            running.looked_for = now
            running.read_history(now)
            self._running[cell.id] = running
            self._set(cell, "running")
        elif record.is_complete:
            self._learn(cell, record)
            self._set(cell, record.status)
        else:
            self._wait(cell, record.status)
            if record.status not in (
                "interrupted",
                "missing",
            ):  # every cell is interrupted, and missing is no end
                stops.append(Stop(cell.name, reason(record)))

    def _start(self, cell: Cell, record: Record, now: float) -> Running:
        return Running(cell, record.path, label(cell, self._shared), now)

    def _wait(self, cell: Cell, state: str = "missing") -> None:
        """Let a cell wait for its next start, behind all others."""
        self._waiting[cell.id] = cell
        self._best.forget(cell.id)
        self._set(cell, state)

    def _set(self, cell: Cell, state: str) -> None:
        before = self._states.get(cell.id, "")
        self._states[cell.id] = state
        self._counts[before] -= 1
        self._counts[state] += 1
        if (state in TO_START) != (before in TO_START):
            self._forecast.expect(cell.overrides, 1 if state in TO_START else -1)

    def _learn(self, cell: Cell, record: Record) -> None:
        cost_s = (record.data.get("timing") or {}).get("total_wall_s")
        if isinstance(cost_s, int | float):
            self._forecast.spent(cell.overrides, cost_s)
        self._best.take(label(cell, self._shared), record)

    def _left_s(self, now: float) -> float | None:
        """Return the time until all cells are done: shared by the workers, but not before the slowest one."""
        paces = {key: pace for key, cell in self._running.items() if (pace := cell.pace_s(now)) is not None}
        mean = self._forecast.mean_s or (statistics.fmean(paces.values()) if paces else None)
        if mean is None:
            return None
        rests = [
            (1 - cell.share) * (paces.get(key) or self._forecast.cell_s(cell.cell.overrides) or mean)
            for key, cell in self._running.items()
        ]
        left = self._forecast.left_s()
        waiting = self._forecast.cells * mean if left is None else left
        return max([(waiting + sum(rests)) / self._workers, *rests])


def _mark(path: Path) -> Mark:
    try:
        stat = (path / REPORT).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino
