"""A sweep that has ended: which of its cells have a result, what is said of them, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sweeps.planning.contents import of_other_data
from sweeps.planning.due import Retry, has_result, is_stale
from sweeps.planning.match import Match
from sweeps.planning.place import short
from sweeps.planning.strategies.course import Course
from sweeps.records.content import other_data
from sweeps.records.plan import Cell
from sweeps.records.record import Record
from sweeps.view.wording import finished, interrupted, without_metric


@dataclass(frozen=True)
class Ended:
    """A sweep at its end: the course of its plan, and the records that are there now.

    `before` is what the command began with, `copied` the directory that a cell's run was copied from (by cell
    id), `problem` what stopped the sweep (None: nothing), `seconds` how long it took.
    """

    course: Course
    before: Match
    records: Mapping[str, Record]
    copied: Mapping[str, str]
    problem: str | None
    seconds: float

    @cached_property
    def counted(self) -> list[Cell]:
        """The cells that are to have a result: all but those that are excluded."""
        course = self.course
        return [cell for cell in course.plan.cells if course.again or cell.id not in course.excluded]

    @cached_property
    def results(self) -> int:
        """How many of them have one."""
        return sum(has_result(self.records.get(cell.id), cell.content) for cell in self.counted)

    @property
    def exit_code(self) -> int:
        """0 if every counted cell has a result and nothing went wrong, else 1."""
        end = self.course.end
        broken = self.problem or (end is not None and end.problem)
        return 0 if self.results == len(self.counted) and not broken else 1

    def interrupted(self, signal: str) -> str:
        """Return the words on a sweep that this signal has stopped."""
        return interrupted(
            short(self.course.draft.root), self.course.plan, self.results, signal, self.seconds
        )

    def tell(self) -> None:
        """Print how the sweep ended; what went wrong on stderr."""
        plan, end = self.course.plan, self.course.end
        print(self._finished())
        if line := without_metric(plan, self.records):
            print(line)
        if end is not None and not end.problem:
            for line in filter(None, (end.why, *end.left)):
                print(line)
        for problem in self._problems():
            print(f"error: {problem}", file=sys.stderr)
        if line := other_data(of_other_data(plan, self.records)):
            print(f"{line}: not what was planned; the same command runs them again")

    def _finished(self) -> str:
        plan, records, settings = self.course.plan, self.records, self.course.draft.settings
        stale = sum(
            cell.id in records and records[cell.id].is_complete and is_stale(records[cell.id], plan.code)
            for cell in plan.cells
        )
        left_out = {cell.id for cell in plan.cells} - {cell.id for cell in self.counted}
        retried, root = settings.mode is not Retry.NONE, short(self.course.draft.root)
        return finished(
            root, plan, records, self.before.kept, stale, self.seconds, retried, self.copied, left_out
        )

    def _problems(self) -> Iterator[str]:
        """Yield why the strategy could not go on, and what stopped the sweep."""
        end = self.course.end
        if end is not None and end.problem:
            yield end.why
        if self.problem:
            yield self.problem
