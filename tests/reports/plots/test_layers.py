"""Figures of layers: taken from the histories that have them, and no plot where no run kept any."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.plots import save_all
from reports.plots.layers import layer_plots
from reports.runs.layers import layer_curves
from reports.runs.reader import load
from reports.runs.results import Results
from tests.support import synthetic

AXES: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "model.hidden": [[8], [8, 4], [2], [3]]}


def swept(folder: Path, *, kept: bool, dead: str = "0.25") -> Results:
    """Two seeds of each cell; layer i of seed s has norms of i + s, and the last layer no dead units."""
    cells = synthetic.grid(AXES, seeds=(0, 1), epochs=3)
    for one in cells:
        one.config["training"]["layer_stats"] = kept
        history = synthetic.write_cell(folder, one) / "history.csv"
        if kept:
            layers = range(1, len(one.config["model"]["hidden"]) + 2)
            header, *rows = history.read_text().splitlines()
            names = [f"grad_norm_{i}" for i in layers] + [f"dead_{i}" for i in layers[:-1]]
            more = [str(i + one.config["seed"]) for i in layers] + [dead] * (len(layers) - 1)
            lines = [",".join([header, *names]), *(",".join([row, *more]) for row in rows)]
            history.write_text("\n".join(lines) + "\n")
    synthetic.write_plan(folder, cells)
    return load(folder)


def test_a_layers_figures_are_means_over_the_seeds(tmp_path: Path) -> None:
    curves = layer_curves(swept(tmp_path / "grid", kept=True))
    assert len(curves) == 2 * 3 * (2 + 3 + 2 + 2)  # activations × epochs × layers of each network
    norms = curves.groupby("layer")["grad_norm"].unique()
    assert [list(norms[layer]) for layer in (1, 2, 3)] == [[1.5], [2.5], [3.5]]
    assert set(curves.loc[curves["layer"] == 1, "dead"]) == {0.25}
    assert curves.loc[curves["layer"] == 3, "dead"].isna().all()


def test_there_is_a_figure_for_every_six_cells(tmp_path: Path) -> None:
    plots = layer_plots(swept(tmp_path / "grid", kept=True))
    assert [plot.name for plot in plots] == ["layers", "layers_2"]
    assert [len(plot.arguments[2]) for plot in plots] == [6, 2]
    save_all(plots[1:], tmp_path / "plots", jobs=1)
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"layers_2.png", "layers_2.svg"}


def test_runs_that_kept_none_have_no_figure(tmp_path: Path) -> None:
    assert layer_plots(swept(tmp_path / "without", kept=False)) == []
    cells = synthetic.grid({"activation": ["relu"]})
    assert layer_plots(load(synthetic.write_sweep(tmp_path / "other", cells))) == []


def test_a_history_that_has_changed_meanwhile_is_left_out(tmp_path: Path) -> None:
    results = swept(tmp_path / "grid", kept=True)
    first = results.runs["name"].iloc[0]
    (tmp_path / "grid" / first / "history.csv").write_text("epoch,grad_norm_1\n1,x\n")
    curves = layer_curves(results)
    cell = results.runs["cell"].iloc[0]
    assert np.unique(
        curves.loc[(curves["cell"] == cell) & (curves["layer"] == 1), "grad_norm"]
    ) == pytest.approx(2)
