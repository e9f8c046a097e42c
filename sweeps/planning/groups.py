"""Which cells may be run together: what the application's `hydra.sweeper.group` says of each.

The job for groups is called without Hydra. So where Hydra is asked to do something around each job, that job
is called through Hydra, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from omegaconf import DictConfig

from sweeps.planning.callables import call, load_callable, named
from sweeps.planning.settings import Settings
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell


class Group(NamedTuple):
    """What a cell has in common with those that it may be run with; None, and why, if it is run alone.

    Empty for a cell that the job for groups runs by itself.
    """

    key: str | None
    why: str


def groups(cells: Iterable[Cell], settings: Settings, config: DictConfig) -> dict[str, Group]:
    """Return each cell's group by its id. Raises UserError if the application's functions cannot be used."""
    group = load_callable("group", settings.group)
    job = load_callable("group_job", settings.group_job)
    if group is None or job is None:
        return {cell.id: Group(None, "") for cell in cells}
    why, files = _around_each(config.hydra), _writes_files(config.hydra)
    return {cell.id: _through_hydra(_group(group, cell), why, files) for cell in cells}


def _through_hydra(group: Group, why: str, files: bool) -> Group:
    """Return the group of a cell whose job Hydra has to do something around."""
    if not group.key:
        return Group(None, group.why) if why or files else group
    return Group(None, why) if why else group


def _around_each(hydra: DictConfig) -> str:
    """Return which of Hydra's settings are for one job at a time, as a reason to run each alone; or ""."""
    asked = {
        "callbacks are called": hydra.get("callbacks"),
        "job.chdir is done": hydra.job.chdir,
        "job.env_set is set": hydra.job.env_set,
    }
    return next((f"hydra.{key} for one cell at a time" for key, value in asked.items() if value), "")


def _writes_files(hydra: DictConfig) -> bool:
    """Return whether Hydra writes files of its own into a job's directory: its configs, or a log."""
    handlers = (hydra.get("job_logging") or {}).get("handlers") or {}
    return bool(hydra.output_subdir) or any("filename" in handlers[name] for name in handlers)


def _group(function: Callable[..., Any], cell: Cell) -> Group:
    """Return a cell's group as the application's function has it. Raises UserError if it says none."""
    match call("group", lambda: function(cell.config), function):
        case (None | str() as key, str() as why):
            return Group(key, why)
    raise UserError(f"{named('group', function)}: must return a text or None, and a reason")
