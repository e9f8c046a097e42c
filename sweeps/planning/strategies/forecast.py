"""How long further cells may take, going by what finished cells took that differ from them in least."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sweeps.records.plan import Cell
from sweeps.records.record import Record
from sweeps.records.strategy import SEED, key_of

START_S = 4.0  # of the processes of one launch, until the first cell begins


def forecast_s(
    cells: Sequence[Cell], finished: Iterable[Cell], records: Mapping[str, Record], workers: int
) -> float | None:
    """Return how long cells will take on so many workers (s); None before any cell has finished.

    A cell takes what its repeats took, else what the costliest of all took: a budget is to be kept.
    """
    spent: dict[tuple[str, ...], list[float]] = {}
    for cell in finished:
        if (cost_s := _cost_s(records.get(cell.id))) is not None:
            spent.setdefault(_repeated(cell), []).append(cost_s)
    if not spent:
        return None
    most = max(sum(costs) / len(costs) for costs in spent.values())
    known = {cell: sum(costs) / len(costs) for cell, costs in spent.items()}
    costs = [known.get(_repeated(cell), most) for cell in cells]
    return max([START_S + sum(costs) / max(workers, 1), *costs])


def _repeated(cell: Cell) -> tuple[str, ...]:
    """Return what a cell and its repeats with other seeds have in common."""
    return tuple(sorted(text for text in cell.overrides if key_of(text) != SEED))


def _cost_s(record: Record | None) -> float | None:
    """Return what a finished run took (s), by its own clock or by when it began and ended."""
    if record is None or not record.is_complete:
        return None
    cost_s = (record.data.get("timing") or {}).get("total_wall_s")
    if isinstance(cost_s, int | float):
        return float(cost_s)
    try:
        started, finished = (datetime.fromisoformat(record.data[key]) for key in ("started", "finished"))
        return (finished - started).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None
