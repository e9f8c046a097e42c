"""What the figures of all runs and their curves together say, as columns of `runs`."""

from typing import Any

import pandas as pd

from reports.runs.curves import best_epochs, convergence, to_target, until
from reports.runs.results import NUMBERS

NAN = float("nan")


def with_ours(runs: pd.DataFrame, history: pd.DataFrame, target: float) -> pd.DataFrame:
    """Return the runs with what their figures and their curves together say of networks."""
    runs = runs.assign(gap=(runs["train_accuracy"] - runs["test_accuracy"]).round(12))
    runs = with_best_epochs(runs, history)
    return runs.join(curve_figures(runs, history, target))


def without_ours(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the columns of networks that they lack, NaN."""
    return runs.assign(**{name: NAN for name in NUMBERS if name not in runs})


def numbered(seeds: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return seeds as they are if all are integers, else a number for each distinct one."""
    if all(isinstance(seed, int) for seed in seeds):
        return seeds
    return pd.Series(pd.factorize(seeds.map(repr))[0], index=seeds.index)


def with_best_epochs(runs: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the best epochs that their curves have; a record tells those without a curve."""
    seen = best_epochs(history).reindex(runs["cell_id"].to_numpy()).set_index(runs.index)
    seen = seen.where(runs["status"] == "done")
    return runs.assign(**{str(name): seen[name].fillna(runs[name]) for name in seen})


def curve_figures(runs: pd.DataFrame, history: pd.DataFrame, target: float) -> pd.DataFrame:
    """Epochs recorded of every run, and convergence and time to the target of those that are done.

    A run whose seconds are a share of a group's has no time to the target.
    """
    epochs = history.groupby("cell_id", observed=True)["epoch"].last().astype(float).rename("epochs")
    kept = until(history, runs.set_index("cell_id")["final_epoch"])
    both = (convergence(kept), to_target(kept, target))  # categories may be of unlike sizes: texts join
    figures = pd.concat([each.set_axis(each.index.astype(str)) for each in both], axis=1)
    found = figures.reindex(runs["cell_id"].to_numpy()).set_index(runs.index)
    found[runs["status"] != "done"] = NAN
    found["seconds_to_target"] = found["seconds_to_target"].where(runs["epoch_cpu_s"].notna())
    return found.assign(epochs=epochs.reindex(runs["cell_id"].to_numpy()).to_numpy())
