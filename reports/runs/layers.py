"""What training.layer_stats adds to history.csv: each layer's gradient norm and share of dead units."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from reports.runs.results import Results
from sweeps.records.history import LARGEST_HISTORY
from sweeps.records.layout import HISTORY
from sweeps.records.untrusted import read_file

SETTING = "training.layer_stats"
LAYER = re.compile(r"(grad_norm|dead)_([1-9][0-9]{0,3})")
COLUMNS = ("cell", "epoch", "layer", "grad_norm", "dead")


def layer_curves(results: Results) -> pd.DataFrame:
    """Return the means over the finished seeds, one row per cell, epoch and layer (counted from 1).

    Columns: COLUMNS; `dead`, in [0, 1], is NaN of a layer that has no activation. Empty if no run kept them.
    """
    if SETTING not in results.settings:
        return pd.DataFrame(columns=list(COLUMNS))
    kept = results.done[results.settings.loc[results.done.index, SETTING].isin([True])]
    frames = [frame for run in kept.itertuples() for frame in _layers(results, run.name, run.cell)]
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    by = pd.concat(frames, ignore_index=True).groupby(["cell", "epoch", "layer"], as_index=False)
    return by.mean()[list(COLUMNS)]


def _layers(results: Results, name: object, cell: object) -> Iterator[pd.DataFrame]:
    """Yield a frame for each layer of a run; none of a file that does not hold together."""
    try:
        text = read_file(results.directory / str(name) / HISTORY, LARGEST_HISTORY).decode()
        header, *lines = text.splitlines()
        table = np.array([line.split(",") for line in lines], dtype=np.float64)
    except (OSError, ValueError):
        return
    columns = dict(zip(header.split(","), table.T, strict=False))
    layers = sorted({int(found[2]) for column in columns if (found := LAYER.fullmatch(column))})
    unknown = np.full(len(table), np.nan)
    for layer in layers:
        figures = {kind: columns.get(f"{kind}_{layer}", unknown) for kind in ("grad_norm", "dead")}
        epochs = np.arange(1, len(table) + 1)
        yield pd.DataFrame({"cell": cell, "epoch": epochs, "layer": layer, **figures})
