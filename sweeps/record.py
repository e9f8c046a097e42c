"""The run record: what a run leaves on disk, written so that a crash at any moment cannot make it lie.

    <root>/sweep.json                   the plan: every cell that the sweep should have (see sweeps/plan.py)
    <root>/<readable>-<id>/report.json  the run record of one cell (`Record`), beside what the job writes
    <root>/<readable>-<id>/lock         while a process works on the cell
    <root>/.sweep/                      the plan's lock and what else a sweep needs while it runs

A file is written to a temporary name, flushed to disk and renamed, so a reader sees the old or the new
content, never half of it. What cannot be believed all the same is treated as not there and kept under
another name. Only the standard library is needed to read records.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps import lock
from sweeps.content import Content, other_data, recorded, recorded_at_first, short
from sweeps.differences import near_misses, settings_of
from sweeps.files import links_out, printable, read_file, read_json
from sweeps.history import COLUMNS, HISTORY, LARGEST_HISTORY, history_problem
from sweeps.shape import RECORD_KINDS, plan_problem, record_problem

__all__ = [
    "COLUMNS",
    "HISTORY",
    "LARGEST_HISTORY",
    "Content",
    "Record",
    "UserError",
    "cell_dirs",
    "cell_id_of",
    "links_out",
    "load_records",
    "near_misses",
    "other_data",
    "plain",
    "plan_problem",
    "printable",
    "read_file",
    "read_json",
    "read_record",
    "recorded",
    "recorded_at_first",
    "remove_drafts",
    "set_aside",
    "settings_of",
    "short",
    "write_atomic",
    "write_json",
    "write_record",
]

SCHEMA = 1
REPORT = "report.json"
PLAN = "sweep.json"
LOCK = "lock"
LARGEST_PLAN = 512 * 2**20  # bytes
STATUSES = ("done", "diverged", "failed", "running", "interrupted")
COMPLETE = ("done", "diverged")
_SURROGATE = re.compile("[\ud800-\udfff]")  # in a name that is no text, which could be written nowhere
_DRAFT = re.compile(r"\..+-[0-9a-f]{8}\.tmp")
_CELL_DIR = re.compile(r"(?:.*-)?([0-9a-f]{12})")


class UserError(Exception):
    """A mistake of the user's; its text is shown, one problem per line, and the exit code is 2."""


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


def cell_id_of(name: str) -> str | None:
    """Return the cell id that a directory name ends in; None if it is no cell's directory."""
    found = _CELL_DIR.fullmatch(name)
    return found[1] if found and not _SURROGATE.search(name) else None


def cell_dirs(root: Path) -> dict[str, Path]:
    """Return cell id → directory, for all cells under a sweep's directory; of several the first by name.

    Raises UserError for a directory that cannot be read.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(f"cannot read {root}: {error.strerror}") from error
    found = {cell_id: root / name for name in reversed(names) if (cell_id := cell_id_of(name))}
    return dict(sorted(found.items(), key=lambda item: item[1].name))


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
    """Why the content of a report.json cannot be believed; empty if it can."""
    if not isinstance(data, dict):
        return "is no JSON object"
    if data.get("schema") != SCHEMA:
        return f"has schema {data.get('schema')!r}, not {SCHEMA}"
    if data.get("status") not in STATUSES:
        return f"has status {data.get('status')!r}, not one of {', '.join(STATUSES)}"
    if data.get("cell_id") != cell_id:
        return f"belongs to cell {data.get('cell_id')!r}"
    if not isinstance(data.get("config"), dict):
        return "has no config"
    return record_problem(data) or _unexplained(data)


def _unexplained(data: Mapping[str, Any]) -> str:
    """Why the final figures of a run that is done cannot be believed: one is null, and not for its value."""
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
    """Whether the process that a running record names is alive; on another host its lock's age decides."""
    try:
        owner = lock.Owner(**worker)  # type: ignore[arg-type]
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


def plain(value: Any, where: str = "", nonfinite: list[str] | None = None) -> Any:
    """Return the value in JSON's types; append the dotted path of each non-finite number to `nonfinite`."""
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}", nonfinite) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}.{index}", nonfinite) for index, item in enumerate(value)]
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        if nonfinite is not None:
            nonfinite.append(where)
        return None
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars
        return plain(value.tolist(), where, nonfinite)
    return str(value)


def write_json(path: Path, data: object, *, durable: bool = True) -> None:
    """Write strict JSON atomically; half a character, which no file can hold, becomes a question mark."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode(errors="replace"), durable=durable)


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file in one step; `durable`: safe from a power cut. Leaves nothing behind if it fails."""
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        _sync_directory(path.parent)


def remove_drafts(folder: Path) -> None:
    """Remove what processes that were killed while they wrote have left of `write_atomic` in a folder."""
    for draft in folder.glob(".*.tmp"):
        if _DRAFT.fullmatch(draft.name):
            draft.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(file: Path) -> Path:
    """Rename a file that cannot be believed to the first free `<name>.damaged-N`; returns the new path."""
    names = (file.with_name(f"{file.name}.damaged-{number}") for number in itertools.count(1))
    return file.rename(next(name for name in names if not name.exists()))
