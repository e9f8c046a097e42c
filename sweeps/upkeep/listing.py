"""The runs of a sweep as a table: id, status, overrides, the main figure, attempts, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sweeps.records.layout import DROPPED
from sweeps.records.plan import Plan
from sweeps.records.record import Record
from sweeps.upkeep.chosen_runs import Sweep
from sweeps.view.explain import Case
from sweeps.view.wording import count

METRIC = "test_accuracy"  # where the plan names no other


def table(sweep: Sweep, cases: Sequence[Case]) -> Iterator[str]:
    """Yield a heading and a line for each run, and how many were dropped."""
    metric = metric_of(sweep.plan)
    rows: list[tuple[str, ...]] = [("id", "status", metric, "attempts", "overrides", "")]
    rows += [_row(sweep, case, metric) for case in cases]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        parts = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        yield "  ".join([*parts, row[5]]).rstrip()
    if names := dropped(sweep.root):
        what = count(len(names), "dropped run")
        yield f"{what} in {DROPPED} (restore brings them back): {', '.join(names)}"


def metric_of(plan: Plan | None) -> str:
    """Return the name of the main figure of a sweep's runs."""
    named = (plan.head().get("metric") or {}).get("name") if plan else None
    return str(named or METRIC)


def dropped(root: Path) -> list[str]:
    """Return the names of the folders of dropped runs."""
    folder = root / DROPPED
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _row(sweep: Sweep, case: Case, metric: str) -> tuple[str, ...]:
    record = case.record
    data: dict[str, Any] = record.data if record else {}
    overrides = case.cell.overrides if case.cell else data.get("overrides") or []
    attempts = str(data.get("attempts", "")) if data else ""
    return (
        case.id,
        record.status if record else "missing",
        _figure(record, metric),
        attempts,
        " ".join(overrides),
        "; ".join(_notes(sweep, case, data)),
    )


def _figure(record: Record | None, metric: str) -> str:
    value = (record.data.get("final") or {}).get(metric) if record else None
    return f"{value:.6g}" if isinstance(value, int | float) else ""


def _notes(sweep: Sweep, case: Case, data: dict[str, Any]) -> Iterator[str]:
    if case.id in sweep.excluded:
        yield f"excluded: {sweep.excluded[case.id]}"
    if case.cell is None and sweep.plan is not None:
        yield "outside the plan"
    if isinstance(origin := data.get("origin"), dict):
        yield f"copied from {origin.get('directory')}"
