"""history.csv, the learning curve beside a record: its columns, and whether it is the one that was recorded.

A record of a run that has ended says under `history_csv` how many rows the file has, and the SHA-256 of its
content; null stands for a run that left none. Records of the first version say nothing: of those that have
epochs the rows are read and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.records.layout import HISTORY
from sweeps.records.untrusted import read_file

HISTORY_KEY = "history_csv"
LARGEST_HISTORY = 256 * 2**20  # bytes
COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "lr",
    "epoch_cpu_s",
    "epoch_wall_s",
    "grad_norm",
)


def description(folder: Path) -> dict[str, Any] | None:
    """Return what the record of a finished run says of its history; None if it left none.

    Raises ValueError if what has the file's name is no plain file.
    """
    try:
        content = read_file(folder / HISTORY, LARGEST_HISTORY)
    except FileNotFoundError:
        return None
    return {"rows": _rows(content), "sha256": hashlib.sha256(content).hexdigest()}


def history_problem(folder: Path, data: Mapping[str, Any]) -> str:
    """Return why a run's history is not that of its finished record; empty if all is well."""
    described, epochs = HISTORY_KEY in data, epochs_trained(data)
    if (data[HISTORY_KEY] if described else epochs) is None:
        return ""
    try:
        content = read_file(folder / HISTORY, LARGEST_HISTORY)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    if described:
        if hashlib.sha256(content).hexdigest() != data[HISTORY_KEY].get("sha256"):
            return "is not as the run left it: its SHA-256 is another than the record's"
        return _length_problem(_rows(content), data)
    return _rows_problem(content, epochs or 0, exactly=data["status"] == "done")


def _rows(content: bytes) -> int:
    """Return how many lines follow the header."""
    return len(content.splitlines()) - 1


def _length_problem(rows: int, data: Mapping[str, Any]) -> str:
    """Return why so many rows are not those of a record; empty if they are.

    Its final figures are those of a row, which must be there.
    """
    described, final = data[HISTORY_KEY].get("rows"), data.get("final_epoch")
    if described is not None and described != rows:
        return f"has {rows} rows, not the {described} of its record"
    if data["status"] == "done" and isinstance(final, int) and rows < final:
        return f"ends before epoch {final}, whose figures the record has"
    return ""


def epochs_trained(data: Mapping[str, Any]) -> int | None:
    """Return how many epochs a record of the first version says that its run had; None if it says nothing.

    With patience a run stops so many epochs after its best one.
    """
    training, best = (node.get(key) for node, key in ((data["config"], "training"), (data, "best")))
    if not isinstance(training, Mapping) or not isinstance(best, Mapping):
        return None
    epochs, patience, at_best = training.get("epochs"), training.get("patience"), best.get("epoch")
    if not isinstance(epochs, int) or not isinstance(at_best, int):
        return None
    if data["status"] == "diverged":
        return at_best
    return min(epochs, at_best + patience) if isinstance(patience, int) else epochs


def _rows_problem(content: bytes, epochs: int, *, exactly: bool) -> str:
    """Return why the content is not a history of so many epochs, or of at least so many; empty if it is."""
    try:
        header, *rows = content.decode().split("\n")
    except UnicodeDecodeError:
        return "is no text"
    names = header.rstrip("\r").split(",")
    if absent := [name for name in COLUMNS if name not in names]:
        return f"has no column {absent[0]}"
    if not rows or rows.pop():
        return "is torn"
    if problem := _numbers_problem(rows, len(names)):
        return problem
    if len(rows) < epochs or (exactly and len(rows) > epochs):
        return f"has {len(rows)} rows, not the {epochs} epochs of its run"
    return ""


def _numbers_problem(rows: list[str], columns: int) -> str:
    """Return why rows are not that many numbers each, the first of them 1, 2, 3, …; empty if they are."""
    for number, row in enumerate(rows, 1):
        try:
            epoch, *others = map(float, row.split(","))
        except ValueError:
            return f"has a line that is not {columns} numbers"
        if len(others) != columns - 1:
            return f"has a line that is not {columns} numbers"
        if epoch != number:
            return "does not count its epochs 1, 2, 3, …"
    return ""


def best_row(rows: Sequence[Mapping[str, Any]], judge: str) -> Mapping[str, Any]:
    """Return the epoch that is best by an accuracy, the first of several. Raises ValueError without any."""
    return max(rows, key=lambda row: row[judge])
