"""The strategy that a sweep names: its check of the plan, its answers, and what these must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sweeps.cli.near import nearest
from sweeps.planning.callables import call, load_callable
from sweeps.planning.figures import figures_of
from sweeps.planning.settings import JUDGED_BY, Settings
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.strategy import TRIALS, Step

Strategy = Callable[[Plan, Mapping[str, Record]], Step | None]


def strategy_of(settings: Settings) -> Strategy | None:
    """Return the strategy of a sweep, None without one. Raises UserError if there is no such function."""
    name = settings.strategy
    if name is None:
        return None
    dotted = settings.strategies.get(name, name)
    if "." not in dotted:
        known = [*settings.strategies, "the dotted name of a function"]
        near = nearest(name, settings.strategies)
        raise UserError(f"hydra.sweeper.strategy={name}: must be one of {', '.join(known)}{near}")
    return load_callable("strategy", dotted)


def runs_named(strategy: Strategy) -> bool:
    """Whether the cells that a command names are run as they are (`runs_named` of the strategy)."""
    return bool(getattr(strategy, "runs_named", True))


def check(strategy: Strategy, plan: Plan) -> None:
    """Let a strategy say what is wrong with a plan, by its own `check(plan)` if it has one.

    Raises UserError, a line for each mistake.
    """
    function: Callable[[Plan], Iterator[str]] | None = getattr(strategy, "check", None)
    if function is not None and (wrong := call("strategy", lambda: list(function(plan)), strategy)):
        raise UserError(*wrong)


def ask(strategy: Strategy, plan: Plan, records: Mapping[str, Record]) -> Step:
    """Return what a strategy answers to a plan and the records of its cells.

    Raises UserError if it raises or answers something else.
    """
    known = {cell.id: records[cell.id] for cell in plan.cells if cell.id in records}
    answer = call("strategy", lambda: strategy(plan, known), strategy)
    if answer is None:
        return Step()
    if not isinstance(answer, Step) or not all(map(_is_cell, answer.cells)):
        raise UserError(
            f"hydra.sweeper.strategy={plan.strategy['name']}: must return a Step of cells, each a list of "
            "overrides such as loss=hinge, or None when it has finished"
        )
    return answer


def require_figure(settings: Settings, step: Step, new: Iterable[Cell]) -> None:
    """Raise UserError for trials that the application says do not have the figure that judges them."""
    figures = figures_of(settings)
    if step.kind != TRIALS or figures is None:
        return
    for cell in new:
        known = figures(cell.config)
        if (judged_by := settings.judged_by or JUDGED_BY) not in known:
            raise UserError(
                f"hydra.sweeper.judged_by = {judged_by}: must be one of {', '.join(known)}, "
                f"which trials have; what makes one of a cell is hydra.sweeper.trial = {settings.trial}"
            )


def blamed(settings: Settings, step: Step, error: UserError) -> UserError:
    """Return what is wrong with the cells of a step; of a key of trials what sets it: no override does."""
    if step.kind != TRIALS:
        return error
    sets = f"; hydra.sweeper.trial = {settings.trial} sets it"
    return UserError(*(line + sets * (line.partition(" = ")[0] in settings.trial) for line in error.lines))


def _is_cell(overrides: Any) -> bool:
    return isinstance(overrides, list | tuple) and all(
        isinstance(text, str) and "=" in text for text in overrides
    )
