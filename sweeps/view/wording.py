"""What a sweep says before and after: the plan's table, and each cell that has no result and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.cli.command import called
from sweeps.planning.due import Verdict
from sweeps.records.metric import figures_of, goal_of
from sweeps.records.plan import Plan
from sweeps.records.record import Record
from sweeps.records.strategy import latest_step
from sweeps.view.snapshot import Leader

NAMED = 5  # cells of one reason

if TYPE_CHECKING:  # which needs Hydra; the status does not
    from sweeps.planning.groups import Group
    from sweeps.planning.ready import Ready


def planned(root: Path, ready: Ready, workers: int) -> str:
    """Return the plan as text: how many cells there are, what is due and why, and how long it should take."""
    plan, records, verdicts = ready.match.plan, ready.match.records, ready.match.verdicts
    due = [cell for cell in plan.cells if verdicts[cell.id].due]
    copied = ready.places
    lines = [f"{plan.sweep} → {root}: {count(len(plan.cells), 'cell')}"]
    states = Counter(records[cell.id].status if cell.id in records else "missing" for cell in plan.cells)
    lines += [f"  {number:>7,} {state}" for state, number in states.most_common()]
    lines += [f"  {item['count']:>7,} excluded by {item['condition']}" for item in plan.exclusions]
    if plan.duplicates:
        lines.append(f"  {plan.duplicates:>7,} duplicate")
    reasons = Counter(verdicts[cell.id].why for cell in due)
    lines.append(f"  {len(due):>7,} due" + (f" on {count(workers, 'worker')}" if due else ""))
    lines += [f"          {number:,} {why}" for why, number in reasons.most_common()]
    lines += [f"          {number:,} of them {there}" for there, number in copied_from(copied).items()]
    lines += _grouped([ready.groups[cell.id] for cell in ready.to_run])
    left = len(due) - len(copied)
    if left and (cost := _typical_cost_s(records.values())) is not None:
        lines.append(f"  about {duration(cost * left / workers)}, going by the cells on disk")
    lines += _of_strategy(plan)
    lines += [f"  {_fate(verdicts[cell.id], cell.id in copied)} {cell.name}" for cell in plan.cells]
    return "\n".join(lines)


def _of_strategy(plan: Plan) -> Iterator[str]:
    """Yield where the plan's strategy stands, and that it may add to the cells shown, or why it has ended."""
    if not plan.strategy:
        return
    if end := plan.strategy.get("end"):
        stands = end["why"]
    else:
        step = latest_step(plan)
        stands = (
            f"{step}; what they find decides what follows" if step else "more may follow, by what these find"
        )
    yield f"  strategy {plan.strategy['name']}: {stands}"


def _fate(decided: Verdict, copied: bool) -> str:
    """Return in four letters what becomes of a cell."""
    if copied:
        return "copy"
    return "due " if decided.due else "kept"


def copied_from(copied: Mapping[str, str]) -> dict[str, int]:
    """Return how many cells are copied from where ("copied from runs/first"), the most first."""
    return {f"copied from {place}": number for place, number in Counter(copied.values()).most_common()}


def _grouped(groups: Collection[Group]) -> Iterator[str]:
    """Yield how many of the due cells are run together, in as many groups, and why the others are not."""
    sizes = Counter(group.key for group in groups if group.key)
    together = [size for size in sizes.values() if size > 1]
    if together:
        yield f"          {sum(together):,} together, in {count(len(together), 'group')}"
    alone = Counter(group.why for group in groups if group.key is None and group.why)
    if lonely := sum(size == 1 for size in sizes.values()):
        alone["no other cell is of its group"] += lonely
    for why, number in alone.most_common():
        yield f"          {number:,} alone: {why}"


def _typical_cost_s(records: Iterable[Record]) -> float | None:
    times = [record.data.get("timing", {}).get("total_wall_s") for record in records if record.is_complete]
    known = [time for time in times if isinstance(time, (int, float))]
    return sum(known) / len(known) if known else None


def finished(
    root: Path,
    plan: Plan,
    records: Mapping[str, Record],
    ends: Mapping[str, int],
    stale: int,
    seconds: float,
    retried: bool = True,
    excluded: Collection[str] = (),
) -> str:
    """Return the last lines of a sweep: its cells without a result, then one line that sums it up.

    `ends` says how many cells were kept, copied (from where) and run, `retried` whether the same command runs
    again what has no result; `excluded` are the ids of cells that are.
    """
    cells = [cell for cell in plan.cells if cell.id not in excluded]
    states = Counter(records[cell.id].status if cell.id in records else "missing" for cell in cells)
    lines = list(without_result(root, replace(plan, cells=cells), records))
    parts = ", ".join(f"{number:,} {state}" for state, number in states.most_common())
    if left_out := len(plan.cells) - len(cells):
        parts += f", {left_out:,} excluded"
    came = ", ".join(f"{number:,} {end}" for end, number in ends.items())
    if lines and retried:
        lines.append("The same command runs again what has no result.")
    lines.append(f"{count(len(plan.cells), 'cell')}: {parts} ({came}) in {duration(seconds)} → {root}")
    if stale:
        lines.append(
            f"{count(stale, 'result')} made by other code kept; hydra.sweeper.retry=stale runs them again"
        )
    return "\n".join(lines)


def without_result(root: Path, plan: Plan, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield why cells have no result, the commonest reason first and each once, with the cells' names.

    Reasons that differ in nothing but numbers (a time, an address) are one.
    """
    names: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for cell in plan.cells:
        if cell.id not in records or not records[cell.id].is_complete:
            text = reason(records.get(cell.id))
            kind = re.sub(r"\d+", "…", text)
            names.setdefault(kind, []).append(cell.name)
            reasons.setdefault(kind, text)
    width = max((len(each[0]) for each in names.values() if len(each) == 1), default=0)
    for kind in sorted(names, key=lambda kind: -len(names[kind])):
        first, *others = names[kind]
        if not others:
            yield f"{first:<{width}}  {reasons[kind]}"
            continue
        yield f"{len(others) + 1:,} cells {reasons[kind]}"
        yield from (f"  {name}" for name in names[kind][:NAMED])
        if len(others) >= NAMED:
            yield f"  and {len(others) + 1 - NAMED:,} more: {called('sweeps.status')} {root} lists them"


def without_metric(plan: Plan, records: Mapping[str, Record]) -> str:
    """Return how many results lack the figure that the sweep is about, and what they have; "" if none do."""
    goal = goal_of({"metric": plan.metric})
    if goal is None or goal.name is None:
        return ""
    ended = [records[cell.id].data for cell in plan.cells if cell.id in records]
    found = [figures_of(data) for data in ended if data.get("status") == "done"]
    lacking = [figures for figures in found if goal.name not in figures]
    if not lacking:
        return ""
    there = ", ".join(dict.fromkeys(name for figures in lacking for name in figures)) or "no figure"
    return (
        f"{count(len(lacking), 'result')} without {goal.name}, which hydra.sweeper.metric names; the job "
        f"returned {there}"
    )


def interrupted(root: Path, plan: Plan, results: int, signal: str, seconds: float) -> str:
    """Return the last line of a sweep that was stopped: how many of its cells have a result."""
    return (
        f"interrupted by {signal} after {duration(seconds)}: {results:,} of {len(plan.cells):,} cells "
        f"have a result; the same command continues → {root}"
    )


def reason(record: Record | None) -> str:
    """Return in one line why a cell has no result."""
    if record is None or record.status == "missing":
        return "missing: was not started"
    error = record.data.get("error", {})
    if record.status == "failed":
        message = (str(error.get("message", "")).strip().splitlines() or [""])[0]
        return f"failed: {str(error.get('type', '')).rpartition('.')[2]}: {message}"
    if record.status == "damaged":
        return f"damaged: {record.damaged} {record.problem}"
    if record.status == "running":
        return "running in another process"
    return record.status


def leading(best: Leader) -> str:
    """Return the best run so far in a few words."""
    return f"{best.metric} {best.value:.5g}: {best.name}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 cell" or "1,200 cells"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """Return a time as people say it: 0.4 s, 3 min 40 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
