"""What there is to say of one recorded cell beside its status: how far it is, its figure, why it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.planning.due import Verdict
from sweeps.records.layout import HISTORY
from sweeps.records.metric import NAME, Goal, figures_of, goal_of, number_of
from sweeps.records.record import Record
from sweeps.records.schema import BEGUN, ENDED_BADLY
from sweeps.view.running_cell import last_row
from sweeps.view.wording import duration, reason


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
