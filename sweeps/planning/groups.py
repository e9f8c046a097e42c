"""Which cells may be run together: what the application's `hydra.sweeper.group` says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from omegaconf import DictConfig

from sweeps.planning.callables import call, load_callable, named
from sweeps.planning.settings import Settings
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell


class Group(NamedTuple):
    """What a cell has in common with those that it may be run with; None, and why, if it is run alone."""

    key: str | None
    why: str


def groups(cells: Iterable[Cell], settings: Settings, config: DictConfig) -> dict[str, Group]:
    """Return each cell's group by its id. Raises UserError if the application's functions cannot be used."""
    group = load_callable("group", settings.group)
    job = load_callable("group_job", settings.group_job)
    if group is None or job is None:
        return {cell.id: Group(None, "") for cell in cells}
    found = {cell.id: _group(group, cell) for cell in cells}
    if config.hydra.get("callbacks"):
        alone = Group(None, "hydra.callbacks are called for one cell at a time")
        return {cell_id: alone if each.key is not None else each for cell_id, each in found.items()}
    return found


def _group(function: Callable[..., Any], cell: Cell) -> Group:
    """Return a cell's group as the application's function has it. Raises UserError if it says none."""
    match call("group", lambda: function(cell.config), function):
        case (None | str() as key, str() as why):
            return Group(key, why)
    raise UserError(f"{named('group', function)}: must return a text or None, and a reason")
