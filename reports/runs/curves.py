"""Learning curves: history.csv into one frame, and what a curve as a whole says of its run."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sweeps.records.history import COLUMNS as REQUIRED
from sweeps.records.history import LARGEST_HISTORY
from sweeps.records.untrusted import read_file

COLUMNS = (*REQUIRED, "validation_loss", "validation_accuracy")  # NaN where no examples were held out
LIMITS = {  # of columns, by the end of their names: the largest value, and what is allowed
    "accuracy": (1.0, "from 0 to 1"),
    "s": (sys.float_info.max, "seconds of 0 or more"),
}
STEP = "epoch"  # the column of steps in every history, whatever a file calls it
ACCURACY_SHARE = 0.99
LOSS_SHARE = 0.95

Curve = NDArray[np.float64]


def read_curve(path: Path, complete: bool = True) -> Curve:
    """Return the history of one run, (epochs, len(COLUMNS)); of an unfinished run the last line may be torn.

    Raises ValueError, with the reason, for a file that is not a history. A file that is not there is empty.
    """
    try:
        text = read_file(path, LARGEST_HISTORY).decode()
    except FileNotFoundError:
        return np.empty((0, len(COLUMNS)))
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    header, *lines = text.split("\n")
    lines = lines[:-1] if lines and (not lines[-1] or not complete) else lines
    names = header.rstrip("\r").split(",")
    if absent := [name for name in REQUIRED if name not in names]:
        raise ValueError(f"has no column {absent[0]}")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise ValueError(f"has the column {twice[0]} twice")
    try:
        numbers = map(float, ",".join(lines).split(",") if lines else [])
        table = np.fromiter(numbers, dtype=np.float64).reshape(len(lines), len(names))
    except ValueError:
        raise ValueError(f"has a line that is not {len(names)} numbers") from None
    curve = np.full((len(lines), len(COLUMNS)), np.nan)
    known = [place for place, name in enumerate(COLUMNS) if name in names]
    curve[:, known] = table[:, [names.index(COLUMNS[place]) for place in known]]
    if not np.array_equal(curve[:, 0], np.arange(1, len(lines) + 1)):
        raise ValueError("does not count its epochs 1, 2, 3, …")
    require_possible(curve)
    return curve


def require_possible(curve: Curve) -> None:
    """Raise ValueError for a figure that cannot be: an accuracy beyond 0 to 1, seconds below 0 or infinite.

    A NaN may be: it stands for what was not measured, or no longer finite. So may a loss of any size.
    """
    for place, name in enumerate(COLUMNS):
        if (kind := name.rsplit("_", maxsplit=1)[-1]) in LIMITS:
            most, allowed = LIMITS[kind]
            wrong = (curve[:, place] < 0) | (curve[:, place] > most)
            if wrong.any():
                row = int(wrong.argmax())
                raise ValueError(f"has {name} {curve[row, place]:g} in epoch {row + 1}, not {allowed}")


def history_frame(curves: Mapping[str, Curve]) -> pd.DataFrame:
    """All curves under one another: `cell_id` (categorical) and COLUMNS, one row per run and epoch."""
    ids = list(curves)
    stacked = np.concatenate([np.empty((0, len(COLUMNS))), *curves.values()])
    codes = np.repeat(np.arange(len(ids)), [len(curve) for curve in curves.values()])
    cell_id = pd.Categorical.from_codes(codes, categories=pd.Index(ids, dtype=object))
    return pd.DataFrame({"cell_id": cell_id, **dict(zip(COLUMNS, stacked.T, strict=True))}).astype(
        {"epoch": int}
    )


def convergence(history: pd.DataFrame) -> pd.DataFrame:
    """Epochs to convergence, per run: `convergence` and `convergence_loss`, indexed by cell id.

    The first epoch whose test accuracy reaches 99 % of the run's own last one, and the first after 95 % of
    the drop in training loss, from the first epoch's to the last's. The last epoch of a history is here the
    one that the final figures are of: see `until`.
    """
    by_run = history.groupby("cell_id", observed=True)
    first, last = by_run["train_loss"].transform("first"), by_run["train_loss"].transform("last")
    accurate = history["test_accuracy"] >= ACCURACY_SHARE * by_run["test_accuracy"].transform("last")
    dropped = (first - history["train_loss"] >= LOSS_SHARE * (first - last)) & (last < first)
    return pd.DataFrame(
        {"convergence": first_epoch(history[accurate]), "convergence_loss": first_epoch(history[dropped])}
    )


def until(history: pd.DataFrame, final: "pd.Series[float]") -> pd.DataFrame:
    """Return the history up to the epoch that each run's final figures are of; `final` is on the cell id.

    With patience a run trains on beyond that epoch, and then goes back to it. NaN: its last one.
    """
    last = history["cell_id"].astype(object).map(final).astype(float)
    return history[~(history["epoch"] > last)]


def best_epochs(history: pd.DataFrame) -> pd.DataFrame:
    """Return the epochs in which each run was best, indexed by cell id, with figures of theirs.

    `best_…`: the first with the best test accuracy. `selected_…`: the first with the best accuracy on
    held-out examples; NaN for runs that have none.
    """
    figures = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    best = at_most(history, "test_accuracy")[figures].add_prefix("best_")
    selected = at_most(history, "validation_accuracy")[["epoch", "test_accuracy"]].add_prefix("selected_")
    return best.join(selected, how="outer").astype(float)


def at_most(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the first row of each run in which a column is at its maximum, indexed by cell id."""
    known = history[history[column].notna()]
    places = known.groupby("cell_id", observed=True)[column].idxmax()
    return known.loc[places].assign(cell_id=list(places.index)).set_index("cell_id")


def first_epoch(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the first epoch of each run among these rows."""
    return rows.groupby("cell_id", observed=True)["epoch"].first().astype(float)


def to_target(history: pd.DataFrame, target: float) -> pd.DataFrame:
    """Return what a run took to reach a test accuracy: `epochs_to_target`, `seconds_to_target` (CPU seconds).

    Indexed by cell id; runs that never reach it are not in the frame.
    """
    seconds = history.groupby("cell_id", observed=True)["epoch_cpu_s"].cumsum()
    reached = history.assign(seconds=seconds)[history["test_accuracy"] >= target]
    firsts = reached.groupby("cell_id", observed=True)[["epoch", "seconds"]].first()
    return firsts.astype(float).set_axis(["epochs_to_target", "seconds_to_target"], axis=1)


def choose_target(final: "pd.Series[float]", steps: Sequence[float] | None = None) -> float:
    """Return the highest round test accuracy that at least half of the finished runs end at or above."""
    steps = steps or (0.5, 0.6, 0.7, 0.8, 0.85, *(round(0.9 + 0.01 * k, 2) for k in range(10)), 0.995)
    known = final.dropna()
    good = [step for step in steps if len(known) and float((known >= step).mean()) >= 0.5]
    return max(good, default=steps[0])
