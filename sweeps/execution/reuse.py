"""Taking over a run that another directory has: files are linked or copied, the record names the origin."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweeps.execution.clearing import clear
from sweeps.execution.jobs import Job
from sweeps.planning.due import Verdict
from sweeps.planning.match import Match
from sweeps.planning.neighbours import Origin, is_same
from sweeps.records import lock, superseded
from sweeps.records.errors import UserError
from sweeps.records.layout import CHECKPOINT, HIDDEN, LOCK, REPORT
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import read_record, write_record
from sweeps.records.untrusted import read_json


def take_over(match: Match, origins: Mapping[str, Origin], root: Path, command: str) -> dict[str, Origin]:
    """Copy runs into a sweep's directory; return those that were: by cell id, the origin.

    `command` is the name of this command's folder. What is gone, or being run here, by now is left alone.
    Raises UserError where nothing can be written.
    """
    cells = [cell for cell in match.plan.cells if cell.id in origins]
    try:
        return {
            cell.id: origins[cell.id]
            for cell in cells
            if _take(cell, match.verdicts[cell.id], origins[cell.id], match.plan, root, command)
        }
    except OSError as error:
        raise UserError(f"cannot write {error.filename or root}: {error.strerror}") from error


def _take(cell: Cell, decided: Verdict, origin: Origin, plan: Plan, root: Path, command: str) -> bool:
    path = root / cell.name
    path.mkdir(parents=True, exist_ok=True)
    try:
        with lock.acquire(path / LOCK):
            here = read_record(path)
            if here.status == "running" or is_same(here, cell, plan.code):
                return False
            if not is_same(read_record(origin.path), cell, plan.code):
                return False
            data = read_json(origin.path / REPORT)
            clear(root, Job.of(0, cell, decided, here), here)
            superseded.keep(root, cell.name)
            copy_files(origin.path, path)
            copy_changes(data, origin.root, root)
            write_record(path, _record(data, cell, origin, plan, command))
            superseded.drop(root, cell.name)
            return True
    except (lock.Held, ValueError):
        return False


def _record(data: dict[str, Any], cell: Cell, origin: Origin, plan: Plan, command: str) -> dict[str, Any]:
    """Return the record of a run that was taken over; one that was so before keeps its first origin."""
    first = {"directory": origin.name, "name": origin.path.name, "sweep": data.get("sweep")}
    here = {"name": cell.name, "sweep": plan.sweep, "overrides": cell.overrides, "launch": f"{command}.0"}
    return data | here | {"origin": data.get("origin") or first}


def copy_files(source: Path, target: Path) -> None:
    """Link what a run has left beside its record, or copy it where links cannot be had."""
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        aside = entry.name in (REPORT, LOCK, CHECKPOINT) or entry.name.startswith((".", f"{LOCK}."))
        if aside or ".damaged-" in entry.name or entry.is_symlink():
            continue
        if entry.is_dir():
            shutil.copytree(entry.path, target / entry.name, copy_function=_link, ignore=_links)
        elif entry.is_file():
            _link(entry.path, str(target / entry.name))


def _links(folder: str, names: list[str]) -> list[str]:
    """Return the links among the names, which may lead anywhere: they are not followed, and not taken."""
    return [name for name in names if (Path(folder) / name).is_symlink()]


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def copy_changes(data: Mapping[str, Any], source: Path, root: Path) -> None:
    """Take along the uncommitted changes that a record's provenance names, from where those are kept."""
    facts = data.get("provenance")
    name = facts.get("git_diff") if isinstance(facts, Mapping) else None
    if isinstance(name, str) and Path(name).parent == Path(HIDDEN) and (source / name).is_file():
        with suppress(OSError):
            if not (root / name).exists():
                _link(str(source / name), str(root / name))
