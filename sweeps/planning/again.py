"""Cells that are to be run again by their ids, `hydra.sweeper.only`: composed from what is recorded of them.

The plan of the directory stays; nothing else of it is run, and no grid is looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.callables import load_callable, mistakes
from sweeps.planning.compose import Composer
from sweeps.planning.contents import with_contents
from sweeps.planning.fingerprint import fingerprint
from sweeps.planning.hydra_errors import one_line
from sweeps.planning.identity import cell_id, job_values_as_text, resolve
from sweeps.planning.place import short
from sweeps.planning.settings import Settings
from sweeps.records.differences import difference
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import Record, timestamp


def draft_again(settings: Settings, composer: Composer, root: Path, records: Mapping[str, Record]) -> Plan:
    """Return a plan of the cells that the setting names alone. Raises UserError, a line for each mistake."""
    earlier = read_plan(root)
    known = {key: cell for key, record in records.items() if (cell := _recorded(record)) is not None}
    known |= {cell.id: cell for cell in earlier.cells} if earlier else {}
    cells, problems = [], []
    for key in dict.fromkeys(settings.only):
        try:
            cells.append(_composed(known[key], composer, settings))
        except KeyError:
            problems.append(f"hydra.sweeper.only: {key}: {short(root)} neither plans nor records this cell")
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            problems.append(f"{key}: {one_line(error)}")
    if not problems and (validate := load_callable("validate", settings.validate)):
        problems = [f"{cell.id}: {line}" for cell in cells for line in mistakes(validate, cell.config)]
    if problems:
        raise UserError(*problems)
    return Plan(
        sweep=earlier.sweep if earlier else settings.title,
        cells=with_contents(cells, settings.identify),
        swept=earlier.swept if earlier else [],
        created=timestamp(),
        command=sys.argv,
        code=fingerprint(settings.code),
        ignore=settings.ignore,
        ladder=earlier.ladder if earlier else None,
        margin=earlier.margin if earlier else None,
        metric=earlier.metric if earlier else settings.metric_as_json,
    )


def _recorded(record: Record) -> Cell | None:
    """Return the cell that a record is of, if it says what made it."""
    data = record.data
    if not isinstance(data.get("overrides"), list) or not all(isinstance(x, str) for x in data["overrides"]):
        return None
    return Cell(
        record.cell_id, record.path.name, data["overrides"], data["config"], data.get("choices") or {}
    )


def _composed(cell: Cell, composer: Composer, settings: Settings) -> Cell:
    """Return a cell as its overrides make it now. Raises ValueError if that is another one."""
    with job_values_as_text():
        task, choices = composer.task(cell.overrides)
        now = replace(cell, config=resolve(task), choices=choices, content=None)
    if cell_id(now.config, settings.ignore) != cell.id:
        changes = ", ".join(difference(cell, now, settings.ignore)) or "hydra.sweeper.ignore"
        raise ValueError(f"{' '.join(cell.overrides)}: makes another cell now ({changes})")
    return now
