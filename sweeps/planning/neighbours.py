"""Runs that other directories under the same `runs/` have already: the same id, code, data and settings.

A folder is listed once for each sweep, and only records of cells that are wanted are read, so hundreds of
sweeps take a moment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeps.planning.identity import canonical
from sweeps.planning.place import short
from sweeps.records.content import recorded
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import REPORT_DIR, cell_id_of
from sweeps.records.plan import Cell
from sweeps.records.record import Record, read_record

RUNS = "runs"
DEPTH = 3  # folders below `runs` that a sweep's may be: runs/<study>/<part>/<one more>
_MOVED_ASIDE = re.compile(r".*\.\d{8}-\d{6}")  # by hydra.sweeper.fresh: it was to start anew


@dataclass(frozen=True)
class Origin:
    """Where a run is: the directory of its sweep, the run's own, and that of the sweep below `runs`."""

    root: Path
    path: Path
    name: str


def found(wanted: Mapping[str, Cell], root: Path, code: str) -> dict[str, Origin]:
    """Return cell id → a run of it elsewhere that can be taken over.

    `code` is the present code's fingerprint; without one nothing says which code made a run: there is none.
    """
    runs = runs_above(root)
    if runs is None or not code:
        return {}
    origins: dict[str, Origin] = {}
    for path in _directories(runs, DEPTH):
        if len(origins) == len(wanted):
            break
        if path != root:
            origins = {**_in_directory(path, wanted, runs, code), **origins}
    return origins


def runs_above(root: Path) -> Path | None:
    """Return the nearest folder called `runs` above a sweep's directory, None if there is none."""
    return next((path for path in root.parents if path.name == RUNS), None)


def _directories(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders below one that may hold runs, in the order of their names; no links, no cells."""
    try:
        inside = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for name in inside:
        hidden = name.startswith(".") or name == REPORT_DIR or _MOVED_ASIDE.fullmatch(name)
        if not hidden and cell_id_of(name) is None:
            yield folder / name
            if depth > 1:
                yield from _directories(folder / name, depth - 1)


def _in_directory(root: Path, wanted: Mapping[str, Cell], runs: Path, code: str) -> dict[str, Origin]:
    """Return the runs in one directory that can be taken over."""
    try:
        names = [entry.name for entry in os.scandir(root) if cell_id_of(entry.name) in wanted]
        excluded = read_excluded(root) if names else {}
    except (OSError, UserError):
        return {}
    there = {str(cell_id_of(name)): root / name for name in sorted(names, reverse=True)}
    return {
        cell_id: Origin(root, path, str(root.relative_to(runs)))
        for cell_id, path in there.items()
        if cell_id not in excluded
        and not path.is_symlink()
        and is_same(read_record(path), wanted[cell_id], code)
    }


def is_same(record: Record, cell: Cell, code: str) -> bool:
    """Whether a record is what this cell would give: a result of the same settings, code and data.

    Settings that cannot change a result count here, too: they may ask for more files, or other times.
    """
    if not record.is_complete or record.data.get("code") != code:
        return False
    data = None if cell.content is None else cell.content.sha256
    return recorded(record.data) == data and canonical(record.data["config"]) == canonical(cell.config)


def as_places(origins: Mapping[str, Origin]) -> dict[str, str]:
    """Return cell id → the directory that has its run, as it is shown."""
    return {cell_id: str(short(origin.root)) for cell_id, origin in origins.items()}
