"""The course of a sweep: its plan, to which the strategy adds whenever nothing is due, until it ends.

    advance   ask, extend the plan, ask again, until something is due or the strategy has ended

Nothing is written here. Where the plan on disk has the same strategy on the same cells, it is continued; any
other begins with the cells of the command, and the answers come again as they came before, from the records.
Of commands that work together each asks for itself; what is planned is what the first of them has written.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sweeps.planning.draft import Draft
from sweeps.planning.due import has_result
from sweeps.planning.match import Match
from sweeps.planning.strategies.continued import begun, continued, go_on_from, is_same, steps_of, with_steps
from sweeps.planning.strategies.entries import Entries
from sweeps.planning.strategies.forecast import forecast_s
from sweeps.planning.strategies.named import (
    Strategy,
    ask,
    blamed,
    check,
    require_figure,
    runs_named,
    strategy_of,
)
from sweeps.records import plan_history
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record, timestamp
from sweeps.records.strategy import Step, step_text

MOST_STEPS = 1000  # of a strategy within one command: one that needs more has no end


@dataclass(frozen=True)
class End:
    """Why a strategy has ended, and what it leaves open; `problem`: it could not go on.

    `finished`: it has nothing more to ask, by its own answer.
    """

    why: str
    left: tuple[str, ...] = ()
    problem: bool = False
    finished: bool = False


@dataclass
class Course:
    """The plan of a command as it grows.

    `typed` is the plan of the command line, `begun` what the strategy makes of that, `plan` what it has come
    to, `entries` what that adds to the history. `launched` are the cells that this command has run, by id:
    they are not due again.
    """

    draft: Draft
    typed: Plan
    begun: Plan
    plan: Plan
    strategy: Strategy | None
    started: float
    entries: Entries
    launched: set[str] = field(default_factory=set)
    end: End | None = None
    asks: int = 0
    excluded: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    session: str = ""

    @classmethod
    def of(cls, draft: Draft, records: Mapping[str, Record], started: float) -> Course:
        """Return the course of a command that began at `started` (time.monotonic).

        One that runs certain cells again runs nothing more: it has no strategy. Raises UserError that lists
        what is wrong with any cell, or with the strategy.
        """
        earlier = draft.earlier
        typed = draft.again(records) if draft.settings.only else draft.plan()
        settings = draft.settings  # the plan's cells decide on some of them
        strategy = None if settings.only else strategy_of(settings)
        first = typed if strategy is None else begun(typed, strategy, settings)
        plan = first if strategy is None else continued(first, earlier, draft)
        entries = Entries({cell.id for cell in earlier.cells} if earlier else set())
        course = cls(draft, typed, first, plan, strategy, started, entries, again=bool(settings.only))
        course.excluded = {} if settings.fresh else read_excluded(draft.root)
        course._note(plan_history.past(earlier), plan)
        if strategy is not None and runs_named(strategy):
            check(strategy, course.plan)
        return course

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.strategy is None or self.end is not None

    def match(self, records: Mapping[str, Record]) -> Match:
        """Return the present plan beside the records."""
        return Match(
            self.plan,
            records,
            self.draft.settings.mode,
            self.excluded,
            self.again,
            self.session,
            frozenset(self.launched),
            awaited=self.strategy is not None,
        )

    def advance(self, records: Mapping[str, Record], workers: int) -> Match:
        """Ask the strategy until something is due, or it has ended; return the plan beside the records.

        Raises UserError for a strategy that cannot be used.
        """
        while not (match := self.match(records)).due and self.strategy is not None and self.end is None:
            self._take(ask(self.strategy, self.plan, records), records, workers)
        return match

    def agreed(self, earlier: Plan | None) -> Plan:
        """Return what is to be written over the plan on disk, whose steps are this course's from now on.

        Those who work together may have written steps meanwhile. Once it has ended, the course goes on from
        nothing: further steps of theirs are left as they are.
        """
        if earlier is None or not is_same(self.begun, earlier):
            return self.plan
        own, theirs = steps_of(self.plan), steps_of(earlier)
        if go_on_from(own, theirs):
            self.plan = with_steps(self.plan, [*theirs, *own[len(theirs) :]])
        elif self.end is not None:
            return earlier
        else:
            self.plan = continued(self.begun, earlier, self.draft)
        return self.plan

    def written(self, earlier: Plan | None, due: int) -> list[dict[str, Any]]:
        """Return the history of the plan on disk with this course's entries, which count as written now."""
        history = [*plan_history.past(earlier), *self.entries.written(earlier, due)]
        self.plan = replace(self.plan, history=history)
        return history

    def stop(self, problem: UserError) -> None:
        """End a strategy that cannot go on; nothing more is run."""
        self._end(End("; ".join(problem.lines), problem=True))
        self.launched.update(cell.id for cell in self.plan.cells)

    def _take(self, step: Step, records: Mapping[str, Record], workers: int) -> None:
        """Extend the plan by a step, or end."""
        self.asks += 1
        if not step.cells:
            self._end(End(step.why, tuple(step.left), finished=True))
            return
        if self.asks > MOST_STEPS:
            raise UserError(f"{self._name}: has not finished after {MOST_STEPS:,} steps")
        try:
            plan, new = self.draft.extended(self.plan, step.cells)
        except UserError as error:
            raise blamed(self.draft.settings, step, error) from error
        if not new:
            raise UserError(f"{self._name}: asks for no cell that is not planned, and has not finished")
        require_figure(self.draft.settings, step, new)
        taken = self._step(step, new, records, workers)
        if taken["runs"] and self._is_late(taken["about_s"]):
            budget = self.draft.settings.budget
            why = f"hydra.sweeper.budget = {budget}: no time left for {step_text(taken)}"
            self._end(End(why, tuple(step.left)))
            return
        strategy = self.plan.strategy | {"steps": [*self.plan.strategy["steps"], taken]}
        self._note(self.plan.history, replace(plan, strategy=strategy))

    def _step(
        self, step: Step, new: Sequence[Cell], records: Mapping[str, Record], workers: int
    ) -> dict[str, Any]:
        """Return what the plan keeps of a step."""
        to_run = [cell for cell in new if not has_result(records.get(cell.id), cell.content)]
        return {
            "time": timestamp(),
            "why": step.why,
            "kind": step.kind,
            "cells": [cell.id for cell in new],
            "runs": len(to_run),
            "about_s": forecast_s(to_run, self.plan.cells, records, workers),
        }

    def _is_late(self, about_s: float | None) -> bool:
        """Whether a step that may take so long does not fit into what is left of the budget."""
        budget_s = self.draft.settings.budget_s
        return budget_s is not None and time.monotonic() - self.started + (about_s or 0.0) > budget_s

    def _note(self, history: list[dict[str, Any]], plan: Plan) -> None:
        """Make a plan the present one, with an entry in the history if it has new cells or is the first."""
        self.plan = replace(plan, history=[*history, *self.entries.note(plan)])

    def _end(self, end: End) -> None:
        self.end = end
        ended = {"why": end.why, "left": list(end.left)}
        self.plan = replace(self.plan, strategy=self.plan.strategy | {"end": ended})

    @property
    def _name(self) -> str:
        return f"hydra.sweeper.strategy={self.draft.settings.strategy}"
