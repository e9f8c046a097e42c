"""Observations: one flat row for each run of a study, its timing sweep and its measurements included.

What claims and reported figures are judged by. A sweep's directory may hold further sweeps (`timing/`) and
tables of measurements that are no runs (`measured/*.csv`); each is a part of its own, and parts are never
averaged together. The rows can be kept as one CSV file and read back, so that everything that is built from
them can be rebuilt without the run records.
"""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype

from reports.runs.factors import ABSENT, label, short_names
from reports.runs.metrics import METRICS
from reports.runs.own_curves import with_ours
from reports.runs.reader import load
from reports.runs.results import Results
from reports.tables.spreadsheet import read_csv, write_csv
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.strategy import TRIALS

MAIN = "main"
MEASURED = "measured"
EARLY = 20
DECIMALS = 9
FIGURES = (
    "train_accuracy",
    "test_accuracy",
    "gap",
    "train_loss",
    "test_loss",
    "best_test_accuracy",
    "best_epoch",
    "convergence",
    "convergence_loss",
    "unstable",
    "early_dip",
    "epoch_cpu_s",
    "epoch_wall_s",
    "total_wall_s",
    "concurrent_runs",
    "blas_threads",
    "parameters",
    "nonfinite",
)
RUN = ("part", "status", "seed", "cell_id")
CORE = (
    "activation",
    "loss",
    "hidden",
    "dataset",
    "init",
    "optimizer",
    "lr",
    "momentum",
    "weight_decay",
    "batch_size",
    "epochs",
)


def observe(results: Results) -> pd.DataFrame:
    """Return the runs of a directory, its trials, the sweeps below it and its tables of measurements.

    Columns: RUN, every setting by its short name as text ("–" where a run does not have it), and FIGURES, NaN
    unless the run is done
    (but `unstable`, which is 1 if it diverged).
    """
    below = sorted(path.parent for path in results.directory.glob(f"*/{PLAN}"))
    parts = {MAIN: results, **trials_part(results), **{path.name: load(path) for path in below}}
    return with_measurements(parts_frame(parts), results.directory)


def trials_part(results: Results) -> dict[str, Results]:
    """Return the trials of a sweep that tunes, as a part of their own."""
    strategy = (results.plan or {}).get("strategy") or {}
    tunes = any(step.get("kind") == TRIALS for step in strategy.get("steps") or ())
    return {TRIALS: load(results.directory, trials=True)} if tunes else {}


def parts_frame(parts: Mapping[str, Results]) -> pd.DataFrame:
    """Return the runs of a sweep and of those below it, by the name of their part."""
    settings = pd.concat([part.settings.map(label) for part in parts.values()], ignore_index=True)
    settings = settings.fillna(ABSENT).drop(columns="seed", errors="ignore")
    settings = settings[[c for c in settings if not (str(c).endswith("_target_") or c in ("study", "sweep"))]]
    taken = (*RUN, *FIGURES, *parts[MAIN].measures.metrics)
    settings = settings.rename(columns=short_names(list(settings.columns), taken))
    runs = pd.concat([figures(part, name) for name, part in parts.items()], ignore_index=True)
    return pd.concat([runs[list(RUN)], settings, runs.drop(columns=list(RUN))], axis=1)


def figures(results: Results, part: str) -> pd.DataFrame:
    """Return what identifies each run and what was measured of it."""
    runs, status = results.runs, results.runs["status"]
    curves = (
        curve_figures(with_ours(results.history)).reindex(runs["cell_id"].to_numpy()).set_index(runs.index)
    )
    unstable = (curves["loss_rises"] > 0).astype(float).where(status == "done")
    unstable = unstable.mask(status == "diverged", 1.0)
    dips = curves["early_dip"].where(status == "done")
    frame = runs.assign(part=part, unstable=unstable, early_dip=dips, nonfinite=np.nan)
    own = [name for name in results.measures.metrics if name not in (*METRICS, *FIGURES)]
    return frame[[*RUN, *FIGURES, *own]].round(dict.fromkeys(FIGURES, DECIMALS))


def curve_figures(history: pd.DataFrame) -> pd.DataFrame:
    """Return, by cell id, two ways in which a learning curve is not smooth.

    `loss_rises`: epochs whose training loss is above that of the epoch before. `early_dip`: how far the test
    accuracy falls below the best one so far within the first 20 epochs. (`unstable` is 1 for a run that
    diverged or whose loss ever rose, else 0.)
    """
    by_run = history.groupby("cell_id", observed=True)
    rises = (by_run["train_loss"].diff() > 0).groupby(history["cell_id"], observed=True).sum()
    early = history[history["epoch"] <= EARLY]
    best = early.groupby("cell_id", observed=True)["test_accuracy"].cummax()
    dip = (best - early["test_accuracy"]).groupby(early["cell_id"], observed=True).max()
    return pd.DataFrame({"loss_rises": rises.astype(float), "early_dip": dip})


def with_measurements(frame: pd.DataFrame, directory: Path) -> pd.DataFrame:
    """Add the rows of `measured/*.csv`: any settings, `seed`, and figures; each file a part of its own."""
    parts = [frame]
    for path in sorted((directory / MEASURED).glob("*.csv")):
        table = read_rows(path)
        parts.append(table.assign(part=path.stem, status="done"))
    return complete(pd.concat(parts, ignore_index=True))


def read_rows(path: Path) -> pd.DataFrame:
    """Read rows as they are kept on disk: figures as numbers, everything else as text."""
    try:
        table = read_csv(path)
        for name in [name for name in FIGURES if name in table]:
            table[name] = table[name].replace("", "nan").astype(float)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as a table of runs ({error})") from error
    if "seed" not in table:
        raise UserError(f"{path}: has no column seed")
    return table


def complete(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with every column that observations have, settings filled in where they are absent."""
    absent = [name for name in (*RUN, *FIGURES) if name not in frame]
    figures = [*(name for name in frame if name not in FIGURES and is_figure(frame, name)), *FIGURES]
    texts = [name for name in (*frame.columns, *absent) if name not in figures]
    added = frame.reindex(columns=[*frame.columns, *absent])
    words = added[texts].astype(object)
    order = [*RUN, *(name for name in texts if name not in RUN)]
    filled = words.where(words.notna(), ABSENT).astype(str)
    return pd.concat([filled[order], added[figures].astype(float)], axis=1)


def settings_of(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold settings: texts, while figures are numbers."""
    return [
        name
        for name, kind in frame.dtypes.items()  # a claims file asks it of every test: no column is taken out
        if isinstance(name, str) and name not in RUN and name not in FIGURES and not is_float_dtype(kind)
    ]


def is_figure(frame: pd.DataFrame, name: Hashable) -> bool:
    """Whether a column is a figure, of ours or of an application's own."""
    return name in FIGURES or is_float_dtype(frame[name])


def varying(frame: pd.DataFrame) -> list[str]:
    """Return the settings with more than one value."""
    return [name for name in settings_of(frame) if frame[name].nunique() > 1]


def compact(frame: pd.DataFrame, keep: Iterable[str] = ()) -> pd.DataFrame:
    """Return the rows without the settings and figures that say nothing, but with those to `keep`."""
    wanted = {*varying(frame), *CORE, *keep}
    told = [name for name in frame if is_figure(frame, name) and frame[name].notna().any()]
    return frame[[*RUN, *(name for name in settings_of(frame) if name in wanted), *told]]


def write_observations(frame: pd.DataFrame, path: Path) -> None:
    """Write the rows as CSV, figures in full."""
    write_csv(frame, path)


def read_observations(path: Path) -> pd.DataFrame:
    """Read what `write_observations` wrote; UserError if it is not that."""
    frame = read_rows(path)
    if missing := [name for name in RUN if name not in frame]:
        raise UserError(f"{path}: has no column {missing[0]}")
    return complete(frame)
