"""The run record, report.json: what a run leaves on disk, read with the standard library alone.

It is written atomically (atomic.py). A record that cannot be believed all the same is `damaged`: the cell is
due, and the file is kept under another name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeps.records import lock
from sweeps.records.atomic import plain, write_json
from sweeps.records.history import history_problem
from sweeps.records.layout import HISTORY, LOCK, REPORT, cell_dirs, cell_id_of
from sweeps.records.process import Owner
from sweeps.records.schema import COMPLETE, RECORD_KINDS, SCHEMA, STATUSES, is_schema, record_problem
from sweeps.records.untrusted import read_json


@dataclass(frozen=True)
class Record:
    """What is known of one cell from its directory.

    `status` is one of STATUSES, or `lost` (it says running, but its process is dead), `damaged` (a file,
    report.json or the history.csv that it speaks of, cannot be believed; `problem` says which and why) or
    `missing` (nothing was recorded yet). `data` is the content of report.json.
    """

    path: Path
    cell_id: str
    status: str
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    damaged: str = REPORT

    @property
    def is_complete(self) -> bool:
        """Whether the cell has a result, done or diverged, with the history that belongs to it.

        This is what a sweep keeps, what `status` counts and what a report shows: nobody asks more, or less.
        """
        return self.status in COMPLETE


def load_records(root: Path) -> dict[str, Record]:
    """Return cell id → record of every cell directory under `root`. Changes nothing on disk."""
    return {cell_id: read_record(path) for cell_id, path in cell_dirs(root).items()}


def read_record(path: Path) -> Record:
    """Return the record in a cell's directory, whatever state it is in."""
    cell_id = cell_id_of(path.name) or ""
    try:
        data = read_json(path / REPORT)
    except (FileNotFoundError, NotADirectoryError):
        return Record(path, cell_id, "missing")
    except OSError as error:
        return Record(path, cell_id, "damaged", problem=f"cannot be read: {error.strerror}")
    except ValueError as error:
        return Record(path, cell_id, "damaged", problem=str(error))
    if problem := _problem(data, cell_id):
        return Record(path, cell_id, "damaged", problem=problem)
    if data["status"] in COMPLETE and (problem := history_problem(path, data)):
        return Record(path, cell_id, "damaged", without_nulls(data), problem, HISTORY)
    data = without_nulls(data)
    data = data | as_diverged(data) if data["status"] == "done" else data
    status = data["status"]
    if status == "running" and not _is_worked_on(path, data.get("worker")):
        status = "lost"
    return Record(path, cell_id, status, data)


def without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without the keys of its own that are null: they may as well not be there."""
    return {key: value for key, value in data.items() if value is not None or key not in RECORD_KINDS}


def _problem(data: object, cell_id: str) -> str:
    """Return why the content of a report.json cannot be believed; empty if it can."""
    if not isinstance(data, dict):
        return "is no JSON object"
    if not is_schema(data.get("schema")):
        return f"has schema {data.get('schema')!r}, not {SCHEMA}"
    if data.get("status") not in STATUSES:
        return f"has status {data.get('status')!r}, not one of {', '.join(STATUSES)}"
    if data.get("cell_id") != cell_id:
        return f"belongs to cell {data.get('cell_id')!r}"
    if not isinstance(data.get("config"), dict):
        return "has no config"
    return record_problem(data) or _unexplained(data)


def _unexplained(data: Mapping[str, Any]) -> str:
    """Return why the final figures of a done run cannot be believed: one is null, and not for its value."""
    if data["status"] != "done":
        return ""
    nulls = [name for name, figure in (data.get("final") or {}).items() if figure is None]
    wrong = [name for name in nulls if f"final.{name}" not in (data.get("nonfinite") or ())]
    return f"is done, but its final.{wrong[0]} is null" if wrong else ""


def as_diverged(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says instead of `done` if a final figure was not finite (null, once written)."""
    for name, figure in (data.get("final") or {}).items():
        if plain(figure) is None:
            return {"status": "diverged", "diverged": {"what": f"final {name.replace('_', ' ')}"}}
    return {}


def _is_worked_on(path: Path, worker: object) -> bool:
    """Return whether the process that a running record names is alive; elsewhere its lock's age decides."""
    try:
        owner = Owner(**worker)  # type: ignore[arg-type]
    except TypeError:
        return False
    return owner.is_running() if owner.is_here() else lock.is_alive(path / LOCK, owner)


def write_record(path: Path, data: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write a cell's report.json; what is no finite number becomes null and is listed in `nonfinite`."""
    nonfinite: list[str] = []
    clean = {str(key): plain(value, str(key), nonfinite) for key, value in data.items()}
    if nonfinite:
        clean["nonfinite"] = nonfinite
    write_json(path / REPORT, clean, durable=durable)


def timestamp() -> str:
    """Return the time in UTC, in ISO format, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
