from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from reports.__main__ import main
from reports.analysis.effects import Effect
from reports.analysis.intervals import Interval, t_interval
from reports.page.build import make_report
from reports.page.report import Report
from reports.plots import save_all
from reports.plots.curves import curve_bands, first_of
from reports.plots.factors import even
from reports.plots.heatmaps import draw_heatmaps, grid_panels, shades
from reports.plots.level_axis import mark_beyond, near_the_best, scale
from reports.plots.overview import dot, frontier
from reports.plots.shared_settings import short, usual, usual_note
from reports.plots.sheets import Sheet, draw_curves, limits, remarks
from reports.plots.style import (
    COLOURS,
    RC,
    SOFT,
    TickLabels,
    accuracy_ticks,
    key_columns,
    log_axis,
    log_error,
    mixed_pen,
    pen,
    room_for,
)
from reports.runs.metrics import METRICS
from reports.runs.reader import load
from tests.support import synthetic

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "model.hidden": [[128], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0005],
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    cells = synthetic.grid(AXES, seeds=range(3))
    cells[0].status = "diverged"
    return make_report(load(synthetic.write_sweep(tmp_path_factory.mktemp("sweep"), cells)))


def test_bands_are_the_mean_and_interval_over_the_finished_seeds(report: Report) -> None:
    results = report.results
    bands = curve_bands(results)
    cell = results.done[results.done["cell"] == 5]
    at_4 = results.history[results.history["cell_id"].isin(cell["cell_id"]) & (results.history["epoch"] == 4)]
    expected = t_interval(at_4["test_accuracy"])
    row = bands[(bands["cell"] == 5) & (bands["epoch"] == 4)].iloc[0]
    found = (row["test_accuracy"], row["test_accuracy_low"], row["test_accuracy_high"], row["n"])
    assert found == pytest.approx((expected.mean, expected.low, expected.high, 3))
    assert bands.loc[bands["cell"] == 0, "n"].unique() == [2]


def test_each_depth_has_a_figure_per_activation_and_one_per_loss(report: Report) -> None:
    names = {plot.name for plot in report.plots}
    for hidden in ("128", "256-64"):
        for fixed in ("activation-relu", "activation-gelu", "loss-mse", "loss-hinge"):
            assert f"convergence-hidden-{hidden}-{fixed}" in names
    assert {
        "timing",
        "cost-accuracy",
        "grid",
        "accuracy-against-weight_decay",
        "heatmap-test_accuracy",
    } <= names


def test_every_plot_is_drawn_as_png_and_svg_and_the_same_again(report: Report, tmp_path: Path) -> None:
    some = list({plot.paint: plot for plot in report.plots}.values())
    for folder in ("a", "b"):
        save_all(some, tmp_path / folder, jobs=1)
    files = sorted((tmp_path / "a").iterdir())
    assert {file.suffix for file in files} == {".png", ".svg"}
    assert len(files) == 2 * len({plot.file for plot in some})
    assert all(file.read_bytes() == (tmp_path / "b" / file.name).read_bytes() for file in files)


STAR: list[dict[str, Any]] = [
    {"activation": "relu", "model.hidden": [128]},
    {"activation": "gelu", "model.hidden": [128]},
    {"activation": "relu", "model.hidden": [128], "loss": "mse"},
    {"activation": "relu", "model.hidden": [128], "optimizer.weight_decay": 0.01},
    *({"activation": "relu", "model.hidden": [width]} for width in (16, 32, 64)),
]


def star(path: Path) -> Report:
    """A sweep around one cell: each other differs from it in one setting."""
    cells = [
        synthetic.cell({"loss": "hinge", **values, "seed": seed}) for values in STAR for seed in range(2)
    ]
    return make_report(load(synthetic.write_sweep(path, cells)))


def test_a_sweep_around_one_cell_has_a_figure_per_setting_and_no_empty_panel(tmp_path: Path) -> None:
    report = star(tmp_path)
    sheets = {plot.name: plot.arguments[0] for plot in report.plots if plot.name.startswith("convergence")}
    assert set(sheets) == {f"convergence-{name}" for name in ("activation", "loss", "hidden", "weight_decay")}
    hidden = sheets["convergence-hidden"]
    assert list(hidden.places) == ["16", "32", "64", "128"]
    assert len(hidden.bands["cell"].unique()) == 4
    assert hidden.note == "All with loss hinge, activation relu, weight decay 0."
    decay = next(plot.arguments[0] for plot in report.plots if plot.name == "accuracy-against-weight_decay")
    assert (decay.panels, decay.lines, len(decay.test)) == (({},), None, 2)
    save_all(
        [p for p in report.plots if p.name in ("grid", "gradient_norm-loss")], tmp_path / "plots", jobs=1
    )
    assert len(list((tmp_path / "plots").glob("*.svg"))) == 2


def test_what_most_panels_share_is_said_once() -> None:
    combinations = [{"a": "1", "b": "2", "c": str(k)} for k in range(3)] + [{"a": "0", "b": "2", "c": "0"}]
    common = usual(combinations)
    assert common == {"a": "1", "b": "2"}
    assert [short(levels, common) for levels in combinations] == ["c 0", "c 1", "c 2", "a 0, c 0"]
    assert usual_note(common) == "Usual: a 1, b 2."
    assert usual([{"a": "1", "b": "2"}] * 3) == {}
    assert short({"a": "1"}, {"a": "1"}) == "as usual"


def test_every_panel_of_a_heat_map_names_its_own_rows(tmp_path: Path) -> None:
    table = star(tmp_path).tables["test_accuracy"]
    figure = draw_heatmaps(table, METRICS["test_accuracy"])
    found = [[tick.get_text() for tick in axes.get_yticklabels()] for axes in figure.axes]
    assert found == [list(panel.labels) for panel in grid_panels(table, METRICS["test_accuracy"])]
    assert ["hinge", "mse"] in found
    assert ["hinge"] in found


def test_held_out_examples_have_curves_of_their_own(tmp_path: Path) -> None:
    synthetic.write_sweep(tmp_path, synthetic.grid({"loss": ["mse", "hinge"]}))
    path = next(tmp_path.glob("*hinge*")) / "history.csv"
    header, *rows = path.read_text().splitlines()
    more = [f"{row},0.5,0.{90 + epoch}" for epoch, row in enumerate(rows)]
    path.write_text("\n".join([f"{header},validation_loss,validation_accuracy", *more]) + "\n")
    report = make_report(load(tmp_path))
    plot = next(plot for plot in report.plots if plot.name.startswith("convergence"))
    sheet = plot.arguments[0]
    by_loss = sheet.bands.groupby("loss", observed=True)["validation_accuracy"]
    assert by_loss.first()["hinge"] == 0.9
    assert by_loss.count()["mse"] == 0
    crossed = [line for axes in draw_curves(sheet).axes for line in axes.lines if line.get_marker() == "x"]
    assert len(crossed) == 2
    assert "validation crossed" in plot.caption


@pytest.mark.parametrize(
    "axes",
    [
        {"optimizer.lr": [0.1, 0.01, 0.001]},
        {"loss": ["mse"]},
        {"model.residual": [False, True], "training.batch_size": [10, 100]},
        {"activation": ["relu", "gelu", "selu"]},
    ],
)
def test_any_sweep_can_be_drawn(tmp_path: Path, axes: dict[str, list[object]]) -> None:
    report = make_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(axes, epochs=3))))
    save_all(report.plots, tmp_path / "plots", jobs=1)
    assert len(list((tmp_path / "plots").glob("*.svg"))) == len(report.plots) > 0


def test_xor_boundaries_are_drawn(tmp_path: Path) -> None:
    one = synthetic.cell({"seed": 0})
    axis = [0.0, 0.5, 1.0]
    one.extra = {"boundary": {"x": axis, "y": axis, "label": np.outer(axis, axis).tolist()}}
    report = make_report(load(synthetic.write_sweep(tmp_path, [one])))
    save_all([plot for plot in report.plots if plot.name == "boundary"], tmp_path / "plots", jobs=1)
    assert (tmp_path / "plots" / "boundary.svg").is_file()


def test_a_bad_option_does_not_flatten_the_shades_of_the_others() -> None:
    shade = shades(
        [0.1, 0.96, 0.97, 0.98, 0.97, 0.96, 0.97, 0.98, 0.97, 0.96, 0.97, 0.96], METRICS["test_accuracy"]
    )
    assert shade[0] < 0
    assert shade[3] == 1
    assert shade[3] - shade[1] > 0.3
    assert np.isnan(shades([np.nan, 0.5], METRICS["test_accuracy"])[0])


@pytest.mark.parametrize("values", [(0.91, 0.93), (0.90, 0.95, 0.96), (0.90, 0.92, 0.94, 0.95, 0.96)])
def test_the_worst_of_few_cells_is_no_outlier_and_ends_the_colours(values: tuple[float, ...]) -> None:
    shade = shades(values, METRICS["test_accuracy"])
    assert (shade[0], shade[-1]) == (0, 1)


def test_lower_is_better_turns_the_shades_round() -> None:
    assert shades([1.0, 2.0, 3.0], METRICS["convergence"])[0] == 1


def test_the_frontier_is_what_no_cell_beats_in_both() -> None:
    points = pd.DataFrame({"seconds": [1.0, 2.0, 3.0, 4.0], "mean": [0.90, 0.95, 0.94, 0.96]})
    assert frontier(points) == [0, 1, 3]


def test_ticks_are_round_and_apart() -> None:
    ticks = accuracy_ticks(float(log_error(0.85)), float(log_error(0.993)), 0.1)
    assert ticks == sorted(ticks)
    assert {0.9, 0.98, 0.99} <= set(ticks)


def test_pens_tell_levels_apart_in_grey_too() -> None:
    pens = [pen(k) for k in range(len(COLOURS))]
    assert len({(str(p.dashes), p.marker) for p in pens}) == len(pens)
    assert len({p.colour for p in pens}) == len(pens)


def test_a_legend_never_needs_more_room_than_its_figure() -> None:
    assert key_columns(["a long name of a level"] * 10, 4.2) <= 2
    assert key_columns([], 4.2) == 1


@pytest.mark.parametrize("name", ["$\\frac{$", "_hidden", "a $b$ c"])
def test_a_name_is_drawn_as_it_is(name: str, tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", name], "activation": ["relu", "gelu"]}, epochs=2)
    for one in cells:
        one.name = one.cell_id
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)))
    wanted = ("convergence-activation-relu", "cost-accuracy", "heatmap-gap")
    save_all([p for p in report.plots if p.name in wanted], tmp_path, jobs=1, formats=("svg",))
    for plot in wanted:
        assert f">{name}<" in (tmp_path / f"{plot}.svg").read_text(), plot


def test_figures_of_long_names_have_files_of_their_own(tmp_path: Path) -> None:
    names = ["ä" * 150 + end for end in "ab"]
    cells = synthetic.grid({"loss": names, "activation": ["relu", "gelu"]}, epochs=2)
    for one in cells:
        one.name = one.cell_id
    plots = make_report(load(synthetic.write_sweep(tmp_path, cells))).plots
    files = {plot.file for plot in plots}
    assert len(files) == len(plots)
    assert max(len(file.encode()) for file in files) <= 120


def test_a_heat_map_names_its_rows_and_columns(tmp_path: Path) -> None:
    cells = synthetic.grid({"optimizer.lr": [0.1, 0.2], "optimizer.momentum": [0.1, 0.2]}, epochs=2)
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)))
    plot = next(plot for plot in report.plots if plot.name == "heatmap-test_accuracy")
    words = " ".join(text.get_text() for text in draw_heatmaps(*plot.arguments).texts)
    assert "Rows: lr; columns: momentum. Framed: the best of each panel." in words
    assert "Columns: momentum." in report.tables["test_accuracy"].notes


def test_captions_tell_of_intervals_only_where_there_are_any(report: Report, tmp_path: Path) -> None:
    one = make_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(AXES, epochs=2))))
    assert not [plot.name for plot in one.plots if "interval" in plot.caption]
    assert {plot.section for plot in report.plots if "interval" in plot.caption} >= {"rankings"}


def test_ticks_that_differ_have_different_labels() -> None:
    assert TickLabels().format_ticks([0.95866, 0.95867, 0.95868]) == ["0.95866", "0.95867", "0.95868"]
    assert TickLabels().format_ticks([0.9, 0.95, 1.0]) == ["0.9", "0.95", "1"]


def test_a_narrow_range_of_accuracies_has_ticks_too() -> None:
    assert len(accuracy_ticks(float(log_error(0.9694)), float(log_error(0.9706)), 0.1)) > 1


def test_every_option_of_two_groups_has_a_dot_of_its_own() -> None:
    dots = [str(dot(row, column)) for row in range(16) for column in range(16)]
    assert len(set(dots)) == len(dots)


def test_no_column_of_gradients_is_left_out(tmp_path: Path) -> None:
    losses = [f"loss_{k}" for k in range(8)]
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": losses}, epochs=2)
    report = make_report(load(synthetic.write_sweep(tmp_path, cells)))
    own = [plot for plot in report.plots if plot.section == "gradient norms"]
    assert [plot.file for plot in own] == ["gradient_norm", "gradient_norm_2"]
    assert [title for plot in own for title, _ in plot.arguments[0].columns] == [f"loss {n}" for n in losses]


def test_curves_are_labelled_with_what_their_numbers_are(tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "optimizer.weight_decay": [0.0, 0.005]}
    report = make_report(load(synthetic.write_sweep(tmp_path, synthetic.grid(axes, epochs=2))))
    keys = {plot.name: list(plot.arguments[0].keys) for plot in report.plots if "convergence-" in plot.name}
    assert keys["convergence-activation-relu"] == ["weight decay 0", "weight decay 0.005"]
    assert keys["convergence-weight_decay-0"] == ["relu", "gelu"]


def test_figures_that_are_left_out_are_told(report: Report) -> None:
    plots = [plot for plot in report.plots if plot.name.startswith("convergence")] * 10
    assert first_of(plots[:3]) == plots[:3]
    assert f"The first 48 of {len(plots)} figures." in first_of(plots)[-1].caption


def test_by_default_only_the_usual_pictures_are_drawn(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "grid", synthetic.grid({**AXES, "optimizer.lr": [0.1, 0.01]}))
    names = {
        which: {plot.name for plot in make_report(load(root), plots=which).plots}
        for which in ("default", "all")
    }
    usual = names["default"]
    assert usual < names["all"]
    assert make_report(load(root), plots="none").plots == []
    assert {"heatmap-test_accuracy", "timing", "accuracy-against-lr"} <= usual
    kinds = ("convergence-", "accuracy-against-", "heatmap-test_accuracy", "timing")
    assert all(name.startswith(kinds) for name in usual)


def test_no_pictures_leave_the_earlier_ones_and_other_ones_replace_them(tmp_path: Path) -> None:
    root = synthetic.write_sweep(tmp_path / "grid", synthetic.grid({"optimizer.lr": [0.1, 0.01]}, epochs=2))

    def drawn(*words: str) -> set[str]:
        assert main([str(root), *words]) == 0
        return {path.name for path in (root / "report" / "plots").glob("*.png")}

    everything = drawn("--plots", "all")
    assert drawn("--plots", "none") == drawn("--no-plots") == everything
    usual = drawn()
    assert usual < everything
    assert usual == drawn("--plots", "default")
    page = (root / "report" / "index.html").read_text()
    assert "<img" not in page
    assert "plots/timing.svg" in page


def test_an_unknown_choice_of_pictures_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--plots", "som"])
    assert ended.value.code == 2
    assert "'som'" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_a_line_looks_as_its_key_says(report: Report) -> None:
    for name in ("grid", "convergence-hidden-128-loss-mse", "accuracy-against-weight_decay"):
        plot = next(plot for plot in report.plots if plot.name == name)
        figure = plot.paint(*plot.arguments)
        keys = {looks(handle) for legend in figure.legends for handle in legend.get_lines()}
        drawn = {looks(line) for axes in figure.axes for line in axes.get_lines() if line.get_linewidth() > 1}
        assert drawn <= {key for key in keys if key[0] != SOFT}
        assert drawn


def looks(line: Line2D) -> tuple[object, ...]:
    """Return what tells a line from another: colour and mark."""
    marker = line.get_marker()
    return line.get_color(), "" if marker in (None, "None") else marker


def test_combinations_never_share_a_colour_with_levels() -> None:
    assert not {mixed_pen(place).colour for place in range(12)} & set(COLOURS)
    assert len({(mixed_pen(place).colour, mixed_pen(place).dashes) for place in range(12)}) == 12


def test_figures_of_a_metric_share_their_scale(report: Report) -> None:
    named = [plot for plot in report.plots if plot.name.startswith("convergence-")]
    scales = [plot.paint(*plot.arguments).axes[0].get_ylim() for plot in named]
    assert len(named) > 4
    assert len(set(scales)) == 1
    of_mse = [
        plot.paint(*plot.arguments).axes[-1].get_ylim() for plot in named if plot.name.endswith("loss-mse")
    ]
    assert len(of_mse) == 2
    assert len(set(of_mse)) == 1


def test_an_axis_of_accuracy_says_that_it_is_logarithmic_in_the_error(report: Report) -> None:
    for plot in report.plots:
        figure = plot.paint(*plot.arguments)
        bent = any(axes.get_yscale() == "function" for axes in figure.axes)
        words = " ".join(text.get_text() for text in reversed(figure.texts))  # a note may take several lines
        assert bent == ("logarithmic in the error" in words), plot.name


def test_one_figure_a_row_is_drawn_as_dots_with_intervals(tmp_path: Path) -> None:
    cells = synthetic.grid({"optimizer.lr": [0.1, 0.01, 0.001]}, seeds=range(3))
    plots = make_report(load(synthetic.write_sweep(tmp_path, cells))).plots
    plot = next(plot for plot in plots if plot.name == "heatmap-test_accuracy")
    (axes,) = plot.paint(*plot.arguments).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["lr 0.001", "lr 0.01", "lr 0.1"]
    assert len(axes.containers) == 3
    assert not axes.images
    assert "95 % intervals" in plot.caption


def test_a_heat_map_explains_its_colours(report: Report) -> None:
    plot = next(plot for plot in report.plots if plot.name == "heatmap-test_accuracy")
    texts = [text.get_text() for text in plot.paint(*plot.arguments).texts]
    best = max(entry.value for row in plot.arguments[0].rows for entry in row if entry.value == entry.value)
    assert f"{best:.4f}" in texts


@pytest.mark.parametrize("losses", [["mse", "hinge"], ["mse", "hinge", "focal", "softmax_ce"]])
def test_nothing_is_written_over_the_title_of_a_heat_map(tmp_path: Path, losses: list[str]) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": losses})
    table = make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False).tables["test_accuracy"]
    figure = draw_heatmaps(table, METRICS["test_accuracy"])
    figure.draw_without_rendering()
    title, *others = (text.get_window_extent() for text in figure.texts)
    assert figure.texts[0].get_text() == table.title
    assert not any(title.overlaps(other) for other in others)


@pytest.mark.parametrize("rates", [[0.1, 0.01], [0.1, 0.01, 0.001, 0.0001]])
def test_the_colours_of_a_heat_map_lie_over_no_title_of_a_panel(tmp_path: Path, rates: list[float]) -> None:
    cells = synthetic.grid({"activation": ["relu", "gelu"], "loss": ["mse", "hinge"], "optimizer.lr": rates})
    table = make_report(load(synthetic.write_sweep(tmp_path, cells)), plots=False).tables["test_accuracy"]
    for title in ("Test accuracy", "Generalisation gap", "CPU seconds per training epoch"):
        with mpl.rc_context(RC):
            figure = draw_heatmaps(replace(table, title=title), METRICS["test_accuracy"])
            figure.draw_without_rendering()
        bar = [part for part in figure.artists if isinstance(part, Rectangle)] + figure.texts[1:]
        titles = [axes._left_title for axes in figure.axes]  # type: ignore[attr-defined]
        assert {text.get_text() for text in titles} == {f"lr {rate}" for rate in rates}
        assert len(bar) > 2
        places = [part.get_window_extent() for part in bar]
        assert not any(text.get_window_extent().overlaps(place) for text in titles for place in places)


def test_boundaries_are_drawn_with_the_examples_that_a_record_has(tmp_path: Path) -> None:
    one = synthetic.cell({"seed": 0})
    axis = np.linspace(-1, 1, 5).tolist()
    plane = {"x": axis, "y": axis, "label": np.outer(axis, axis).tolist()}
    for examples, marks in (
        ({"x": [0.1, 0.2, 0.3], "y": [0, 0, 1], "label": [0, 1, 1]}, 2),
        ("none", 0),
        ({"x": [1]}, 0),
    ):
        one.extra = {"boundary": plane | {"test": examples}}
        report = make_report(load(synthetic.write_sweep(tmp_path, [one])))
        plot = next(plot for plot in report.plots if plot.name == "boundary")
        assert len(plot.paint(*plot.arguments).axes[0].get_lines()) == marks


def test_an_interval_to_one_leaves_the_means_their_room() -> None:
    low, high = room_for([0.5, 0.6, 0.8], [0.1, 0.9, 0.99999, np.nan])
    assert 0.3 < low < 0.5
    assert 0.8 < high < 0.87  # a quarter of the means' span further, in log errors
    assert room_for([0.9, 0.98], [0.9, 0.98]) == pytest.approx((0.9, 0.98))


@pytest.mark.parametrize("high", [0.2, 5, 1e3, 1e9, 1e30])
def test_a_logarithmic_axis_has_ticks_over_any_number_of_decades(high: float) -> None:
    axes = Figure().add_subplot()
    axes.set_yscale("log")
    axes.set_ylim(0.1, high)
    log_axis(axes.yaxis)
    inside = [tick for tick in axes.yaxis.get_majorticklocs() if 0.1 <= tick <= high]
    assert 2 <= len(inside) <= 12


def test_losses_that_blow_up_do_not_hide_the_others_and_are_told_of() -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.4], [0.2, 1e12]])
    bands = pd.DataFrame(values, columns=["train_loss", "test_loss"]).assign(validation_loss=np.nan, n=1)
    low, high = limits(bands, "loss")
    assert low == 0.1
    assert 0.4 < high < 100
    assert [
        text for text in remarks(Sheet("t", bands, None, (("", {}),), ("loss",))) if "off the axis" in text
    ]
    assert not list(remarks(Sheet("t", bands.head(2), None, (("", {}),), ("loss",))))


def test_a_figure_tells_of_the_runs_that_it_lacks_and_of_losses_that_do_not_compare(tmp_path: Path) -> None:
    cells = synthetic.grid({"loss": ["mse", "hinge"], "activation": ["relu", "gelu"]}, epochs=2)
    cells[0].status = "diverged"  # mse, relu
    made = make_report(load(synthetic.write_sweep(tmp_path, cells))).plots
    captions = {plot.name: plot.caption for plot in made if plot.name.startswith("convergence")}
    assert "1 diverged run is not drawn." in captions["convergence-activation-relu"]
    assert "diverged" not in captions["convergence-activation-gelu"]
    (sheet,) = next(plot.arguments for plot in made if plot.name == "convergence-activation-gelu")
    assert "Values of different losses cannot be compared, only their courses." in remarks(sheet)


@pytest.mark.parametrize(
    ("count", "most", "inner", "columns"), [(8, 6, 2, 4), (12, 6, 3, 6), (5, 6, 5, 5), (7, 6, 1, 4)]
)
def test_panels_fill_their_rows_evenly(count: int, most: int, inner: int, columns: int) -> None:
    assert even(count, most, inner) == columns


def levels(*means: float) -> Effect:
    own = {str(place): Interval(mean, mean - 0.001, mean + 0.001, 5) for place, mean in enumerate(means)}
    return cast(Effect, SimpleNamespace(levels=own))


def test_one_level_at_chance_does_not_hide_the_differences_of_the_others() -> None:
    good = levels(*np.linspace(0.96, 0.98, 12))
    low, high = near_the_best([good, levels(0.1)], METRICS["test_accuracy"])
    assert (0.95 < low < 0.96, 0.98 < high < 0.99) == (True, True)
    axes = Figure().add_subplot()
    axes.set_xlim(low, high)
    mark_beyond(axes, [0.97, 0.1], METRICS["test_accuracy"])
    assert [text.get_text() for text in axes.texts] == ["0.1000"]
    assert [line.get_marker() for line in axes.lines] == ["<"]

    late = levels(*np.linspace(3, 5, 12)), levels(90.0)
    assert near_the_best(late, METRICS["convergence"])[1] < 6
    assert near_the_best([good], METRICS["test_accuracy"]) == scale([good])
