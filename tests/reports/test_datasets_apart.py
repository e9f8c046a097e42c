from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.analysis.cliques import cliques
from reports.analysis.sweep import analyse
from reports.on_demand import plot_of
from reports.page.build import make_report
from reports.page.report import Report
from reports.plots.heatmaps import grid_panels
from reports.runs.metrics import METRICS
from reports.runs.reader import load
from tests.support import synthetic

WIDTHS = {"mnist": ([64], [128], [256]), "xor": ([8], [], [256])}


def on(dataset: str, **values: object) -> list[synthetic.Cell]:
    """Five seeds of a cell on a data set."""
    cells = [synthetic.cell({**values, "seed": seed}) for seed in range(5)]
    for one in cells:
        one.choices["dataset"] = one.values["dataset"] = dataset
        one.config["dataset"] = {"_target_": f"mlp.datasets.{dataset}"}
        one.cell_id = f"{synthetic.cell(one.values).cell_id[:6]}{hash_of(dataset)}"
        one.name = f"{dataset}-{one.name}-{one.cell_id}"
    return cells


def hash_of(dataset: str) -> str:
    return dataset.encode().hex()[:6]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    cells = [
        one
        for data, widths in WIDTHS.items()
        for width in widths
        for one in on(data, **{"model.hidden": width})
    ]
    for one in cells:  # xor is far below mnist, its 8 units best
        if one.choices["dataset"] == "xor":
            shift = -0.3 if one.config["model"]["hidden"] == [8] else -0.4
            one.extra = {"final": shifted(one, shift)}
    return make_report(load(synthetic.write_sweep(tmp_path_factory.mktemp("data"), cells)))


def shifted(one: synthetic.Cell, by: float) -> dict[str, float]:
    last = synthetic.learning_curve(one)[-1]
    return {
        "train_loss": last[1],
        "train_accuracy": last[2] + by,
        "test_loss": last[3],
        "test_accuracy": last[4] + by,
    }


def test_a_factor_is_ranked_within_each_data_set(report: Report) -> None:
    own = [r for r in report.rankings if r.metric.name == "test_accuracy"]
    assert [(r.title, set(r.levels)) for r in own] == [
        ("hidden (mnist)", {"64", "128", "256"}),
        ("hidden (xor)", {"none", "8", "256"}),
    ]
    assert all(pair.look for r in own for pair in r.pairs)
    assert next(iter(own[1].levels)) == "8"
    within = [f.within for f in report.findings if f.factor == "hidden" and f.metric == "test_accuracy"]
    assert within == [{"dataset": "mnist"}, {"dataset": "xor"}]
    assert not any(ranking.factor == "dataset" for ranking in report.rankings)


def test_a_plot_on_demand_has_a_line_for_each_data_set(tmp_path: Path) -> None:
    rates = [0.1, 0.01]
    cells = [one for data in WIDTHS for rate in rates for one in on(data, **{"optimizer.lr": rate})]
    results = load(synthetic.write_sweep(tmp_path, cells))
    lines = plot_of(results, "lr", "test_accuracy").arguments[0].lines
    assert [line.name for line in lines] == ["dataset mnist", "dataset xor"]
    for line in lines:
        own = results.runs[results.runs["dataset"] == line.name.removeprefix("dataset ")]
        means = own.assign(lr=own["lr"].astype(float)).groupby("lr")["test_accuracy"].mean()
        assert np.allclose([point.mean for point in line.points], means)


def test_the_best_cell_is_one_per_data_set(report: Report) -> None:
    best = [finding.text for finding in report.findings if finding.about == "Best cell"]
    assert len(best) == 2
    assert best[0].startswith("On mnist, the highest")
    assert best[1].startswith("On xor, the highest")
    assert "has hidden 8" in best[1]
    assert "dataset" not in best[1]
    table = report.tables["best_cells"]
    place = table.heads.index("dataset")
    assert [row[place].text for row in table.rows] == ["mnist"] * 3 + ["xor"] * 3
    assert [any(entry.mark == "best" for entry in row) for row in table.rows] == [True, False, False] * 2


def test_no_table_plot_or_shade_sets_one_data_set_against_another(report: Report) -> None:
    assert not [name for name in report.tables if name.endswith("by_dataset")]
    assert {plot.data for plot in report.plots if plot.section not in ("rankings", "heat maps", "cost")} == {
        "mnist",
        "xor",
    }
    assert not [plot.name for plot in report.plots if "against-dataset" in plot.name]
    shades = [panel.shades for panel in grid_panels(report.tables["test_accuracy"], METRICS["test_accuracy"])]
    assert [float(np.nanmax(shade)) for shade in shades] == [1.0, 1.0]


def test_shares_of_variance_are_those_of_each_data_set(report: Report) -> None:
    assert {data for _, data in report.analysis.components} == {"mnist", "xor"}
    table = report.tables["variance"]
    assert table.heads[:3] == ("metric", "dataset", "hidden")


def test_only_levels_that_share_cells_are_ranked_together(tmp_path: Path) -> None:
    pairs = {"selu": 0.1, "relu": 0.1, "swish": 0.01, "gelu": 0.01, "tanh": 0.003}
    cells = [
        synthetic.cell({"activation": name, "optimizer.lr": lr, "model.hidden": hidden, "seed": seed})
        for name, lr in pairs.items()
        for hidden in ([128], [256, 64])
        for seed in range(5)
    ]
    cells += [synthetic.cell({"activation": "relu", "optimizer.lr": 0.03, "seed": seed}) for seed in range(5)]
    cells += [synthetic.cell({"activation": "selu", "optimizer.lr": 0.03, "seed": seed}) for seed in range(5)]
    found = analyse(load(synthetic.write_sweep(tmp_path, cells))).effects
    own = [r for r in found if r.metric.name == "test_accuracy" and r.factor == "activation"]
    assert [r.title for r in own] == ["activation (1)", "activation (2)"]
    assert [set(r.levels) for r in own] == [{"selu", "relu"}, {"swish", "gelu"}]
    assert all(pair.look for r in own for pair in r.pairs)
    assert own[0].alone == ("tanh",)
    assert own[1].alone == ()


def test_levels_of_which_no_two_share_a_cell_are_not_compared(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"]}, seeds=range(10))
    report = make_report(load(synthetic.write_sweep(tmp_path, [*cells[:5], *cells[15:]])), plots=False)
    told = " ".join(finding.text for finding in report.findings)
    assert "not compared, for no two levels have runs that differ in nothing else" in told


def test_levels_whose_runs_are_still_to_come_are_said_to_wait(tmp_path: Path) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "optimizer.lr": [0.1, 0.01]}, seeds=range(5))
    for one in cells[5:15]:
        one.status = "missing"
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False)
    own = [pair for e in report.rankings if e.metric.name == "test_accuracy" for pair in e.pairs]
    assert [(pair.relation, pair.look, pair.outstanding) for pair in own] == [("?", 0, 10)] * 2
    assert not any(finding.kind == "size" for finding in report.findings)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.frozensets(st.sampled_from("abcdefg"), min_size=2, max_size=2)))
def test_cliques_are_all_the_largest_sets_without_a_pair_apart(apart: set[frozenset[str]]) -> None:
    found = cliques("abcdefg", apart)
    every = {frozenset(s for k, s in enumerate("abcdefg") if bits >> k & 1) for bits in range(1, 128)}
    fits = {group for group in every if not any(pair <= group for pair in apart)}
    largest = {group for group in fits if not any(group < other for other in fits)}
    assert {frozenset(group) for group in found} == largest
    assert len(found) == len(largest)


def test_twenty_levels_without_a_difference_are_one_set_at_once() -> None:
    levels = [str(k) for k in range(20)]
    assert cliques(levels, set()) == (tuple(levels),)
