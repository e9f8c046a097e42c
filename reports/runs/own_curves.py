"""Learning curves of any application: history.csv with a step in its first column, the others as they are."""

import csv
import io
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.runs.curves import COLUMNS, STEP
from sweeps.records.history import COLUMNS as REQUIRED
from sweeps.records.history import LARGEST_HISTORY
from sweeps.records.untrusted import read_file

TAKEN = (STEP, "cell_id", "cell", "seed")  # columns that histories are joined with
LONGEST_HEADER = 2**16  # characters


def is_own(paths: Iterable[Path]) -> bool:
    """Whether there are histories, and none has the columns of ours."""
    found = False
    for path in paths:
        names = header_of(path)
        if names and not set(REQUIRED) - set(names):
            return False
        found = found or bool(names)
    return found


def header_of(path: Path) -> list[str]:
    """Return the columns of a history, none if it has no first line that could be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return []
        with path.open(encoding="utf-8") as file:
            line = file.readline(LONGEST_HEADER)
    except (OSError, UnicodeDecodeError):
        return []
    return [name.strip().strip('"') for name in line.strip().split(",")] if line.strip() else []


def read_own_curve(path: Path, complete: bool = True) -> pd.DataFrame:
    """Return a history: its steps as first column, then every other column that holds numbers.

    Of an unfinished run the last line may be torn. A file that is not there is an empty frame. Raises
    ValueError, with the reason, for a file that is no such table.
    """
    try:
        text = read_file(path, LARGEST_HISTORY).decode()
    except FileNotFoundError:
        return pd.DataFrame()
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    if not complete:
        text = text[: text.rfind("\n") + 1]
    header, *rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row] or [[]]
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"has a line that is not {len(header)} values")
    return numbers_of([name.strip() for name in header], rows)


def numbers_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return the columns of numbers. Raises ValueError if the first, the steps, is none."""
    columns: dict[str, NDArray[np.float64]] = {}
    for place, name in enumerate(names):
        values = np.array([number_of(row[place]) for row in rows], dtype=np.float64)
        if place == 0 and not np.isfinite(values).all():
            raise ValueError(f"has steps ({name}) that are no numbers")
        if place == 0 or np.isfinite(values).any():
            columns[name if place == 0 or name not in TAKEN else f"column {name}"] = values
    return pd.DataFrame(columns)


def number_of(text: str) -> float:
    """Return the number that a text is, NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def own_history(curves: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, str]:
    """Return all curves under one another, and what their steps are called.

    Columns: `cell_id` (categorical), STEP, and every column that any of them has.
    """
    known = {cell_id: curve for cell_id, curve in curves.items() if len(curve)}
    steps = list(dict.fromkeys(str(curve.columns[0]) for curve in known.values()))
    parts = [curve.set_axis([STEP, *curve.columns[1:]], axis=1) for curve in known.values()]
    ids = pd.Categorical.from_codes(
        np.repeat(np.arange(len(known)), [len(part) for part in parts]),
        categories=pd.Index(list(known), dtype=object),
    )
    if not parts:
        return pd.DataFrame({"cell_id": ids, STEP: np.empty(0)}), STEP
    history = pd.concat(parts, ignore_index=True)
    history.insert(0, "cell_id", pd.Series(ids))
    return history, " or ".join(steps)


def with_ours(history: pd.DataFrame) -> pd.DataFrame:
    """Return a history with the columns of ours that it lacks, NaN."""
    absent = [name for name in COLUMNS if name not in history]
    return history.assign(**dict.fromkeys(absent, np.nan))
