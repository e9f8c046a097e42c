"""Bringing two machines' directories of a sweep together: what the other one has comes here, and stays there.

Runs come first, each whole or not at all, the plan last: killed at any moment, this leaves two directories as
good as before, and the same command goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.records.differences import is_within
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_entries, write_entries
from sweeps.records.layout import cell_id_of
from sweeps.records.plan import Cell, Plan, write_plan
from sweeps.records.record import Record
from sweeps.records.same import TIMES
from sweeps.records.schema import COMPLETE
from sweeps.upkeep.chosen_runs import Sweep, alone_in, require_at_rest
from sweeps.upkeep.incoming import bring, bring_notes, clear

CONTRACTS = ("ladder", "margin", "ignore", "metric")  # of a plan; both must have the same
OF_THE_RUN = (
    "name sweep launch worker overrides timing started finished attempts provenance origin code ignore"
)
"""Keys of a record that two runs of one cell need not share for their results to be the same."""


def merge(root: Path, other: Path) -> tuple[list[str], bool]:
    """Take into a sweep's directory what another one has; return lines to show, and whether all could be.

    Raises UserError where the two cannot belong together, or somebody works in one of them.
    """
    here, there = Sweep.of(root), Sweep.of(other)
    require_two(root, other)
    require_alike(here, there)
    with alone_in(root):
        require_at_rest(other)
        clear(root)
        conflicts = [*_merge_exclusions(here, there)]
        brought = 0
        for cell_id, record in there.records.items():
            problem = conflict(here, cell_id, record)
            if problem:
                conflicts.append(problem)
            elif is_wanted(here.records.get(cell_id), record):
                bring(record, name_here(here, there, cell_id), root, other)
                brought += 1
        conflicts += bring_notes(root, other)
        if there.plan:
            write_plan(root, joined(here.plan, there.plan))
    total = len(there.records)
    told = f"{brought:,} of {total:,} runs of {other} brought into {root}, {len(conflicts):,} conflicts"
    return [*conflicts, told], not conflicts


def require_two(root: Path, other: Path) -> None:
    """Raise UserError for a directory and itself, or one within the other."""
    one, two = root.resolve(), other.resolve()
    if one.is_relative_to(two) or two.is_relative_to(one):
        raise UserError(f"{other}: must be another directory than {root}, and not above or below it")


def require_alike(here: Sweep, there: Sweep) -> None:
    """Raise UserError, a line for each contract of the two plans that differs."""
    if here.plan is None or there.plan is None:
        return
    heads = here.plan.head(), there.plan.head()
    wrong = [key for key in CONTRACTS if heads[0].get(key) != heads[1].get(key)]
    if wrong:
        raise UserError(
            *(
                f"{there.root}: its plan has {key} = {heads[1].get(key)}, that of {here.root} "
                f"{heads[0].get(key)}: they cannot be one sweep"
                for key in wrong
            )
        )


def conflict(here: Sweep, cell_id: str, record: Record) -> str:
    """Return why a run of the other directory cannot come here, in a line with its id; empty if it can."""
    if record.status == "damaged":
        return f"{cell_id}: is damaged there ({record.damaged} {record.problem}), and stays there"
    cell = planned(here.plan).get(cell_id)
    content = cell.content if cell else None
    if content is not None and record.is_complete and not content.is_of(record.data):
        return f"{cell_id}: is of other data there than {content.name} is planned here, and stays there"
    known = here.records.get(cell_id)
    if known is None or not (known.is_complete and record.is_complete):
        return ""
    differing = list(differences(known.data, record.data))
    return (
        f"{cell_id}: has another result there ({', '.join(differing)}); the one here stays"
        if differing
        else ""
    )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys, and the values of figures, in which the results of two runs of a cell differ."""
    ignored = OF_THE_RUN.split()
    for key in dict.fromkeys([*one, *other]):
        mine, theirs = one.get(key), other.get(key)
        if is_within(key, ignored) or mine == theirs:
            continue
        if key == "history_csv":  # it has the seconds of each epoch
            continue
        if key == "final" and isinstance(mine, dict) and isinstance(theirs, dict):
            yield from (
                f"{name} {mine.get(name)} here, {theirs.get(name)} there"
                for name in dict.fromkeys([*mine, *theirs])
                if mine.get(name) != theirs.get(name) and not name.endswith(TIMES)
            )
        elif key != "config":
            yield key


def is_wanted(known: Record | None, record: Record) -> bool:
    """Whether a run adds something: a result where there is none here, a beginning where there is nothing."""
    if record.status == "missing":
        return False
    if known is None or known.status == "missing":
        return True
    return record.status in COMPLETE and not known.is_complete


def planned(plan: Plan | None) -> dict[str, Cell]:
    """Return the cells of a plan by id."""
    return {cell.id: cell for cell in plan.cells} if plan else {}


def name_here(here: Sweep, there: Sweep, cell_id: str) -> str:
    """Return what a run's directory is called here: as it is, as it is planned, or as it is there.

    A plan may be another's: no name of it leads out of the directory.
    """
    if cell_id in here.records:
        return here.records[cell_id].path.name
    cell = planned(here.plan).get(cell_id)
    is_name = cell is not None and os.sep not in cell.name and cell_id_of(cell.name) == cell_id
    return cell.name if cell and is_name else there.records[cell_id].path.name


def joined(plan: Plan | None, other: Plan) -> Plan:
    """Return the plan with the cells and the commands of the other one that it does not have."""
    if plan is None:
        return other
    known = planned(plan)
    history = [entry for entry in other.history if entry not in plan.history]
    return replace(
        plan,
        cells=[*plan.cells, *(cell for cell in other.cells if cell.id not in known)],
        swept=list(dict.fromkeys([*plan.swept, *other.swept])),
        exclusions=[*plan.exclusions, *(each for each in other.exclusions if each not in plan.exclusions)],
        history=sorted([*plan.history, *history], key=lambda entry: str(entry["time"])),
    )


def _merge_exclusions(here: Sweep, there: Sweep) -> Iterator[str]:
    """Take over which runs are excluded; yield a line for each that has another reason here."""
    mine, theirs = read_entries(here.root), read_entries(there.root)
    if new := {cell_id: entry for cell_id, entry in theirs.items() if cell_id not in mine}:
        write_entries(here.root, mine | new)
    for cell_id, entry in theirs.items():
        if cell_id in mine and mine[cell_id]["reason"] != entry["reason"]:
            yield f"{cell_id}: is excluded there for another reason ({entry['reason']}); the one here stays"
