"""Reported figures beside ours: prediction intervals, ratios of times, counts of parameters."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.claims.observations import complete
from reports.sources import Count, Reference, reference
from reports.sources.reported import (
    COLUMNS,
    cell_settings,
    parameter_counts,
    reported_against_ours,
    reported_table,
)
from tests.support import planned

CELL = "loss=mse hidden=128 lr=0.01"


def source(figures: list[tuple[str, str, float]], **more: Any) -> Reference:
    rows = [("mine", cell, metric, reported, "") for cell, metric, reported in figures]
    table = pd.DataFrame(rows, columns=["study", "cell", "metric", "reported", "note"])
    empty = Reference("mine", "", "", (), {"epochs": ("50",)}, (), (), (), table)
    return replace(empty, **more)


def runs(values: Iterable[float], **settings: str) -> pd.DataFrame:
    base = {"loss": "mse", "hidden": "128", "lr": "0.01", "epochs": "50", "part": "main", "status": "done"}
    rows = [{**base, **settings, "seed": str(k), "test_accuracy": v} for k, v in enumerate(values)]
    return pd.DataFrame(rows)


def test_a_figure_is_inside_where_one_more_run_would_fall() -> None:
    values = [0.961, 0.963, 0.962, 0.964, 0.960]
    figures = [(CELL, "test_accuracy", x) for x in (0.9620, 0.9665, 0.9575, 0.97)]
    rows = reported_against_ours(source(figures), complete(runs(values)))
    half = stats.t.ppf(0.975, 4) * np.std(values, ddof=1) * np.sqrt(1 + 1 / 5)
    assert rows["low"][0] == pytest.approx(0.962 - half, abs=1e-5)
    assert rows["high"][0] == pytest.approx(0.962 + half, abs=1e-5)
    assert rows["inside"].tolist() == ["true", "true", "true", "false"]
    assert rows["ours"][0] == pytest.approx(0.962)
    assert rows["runs"].tolist() == [5] * 4
    mean_half = stats.t.ppf(0.975, 4) * np.std(values, ddof=1) / np.sqrt(5)
    assert rows["interval"][0] == pytest.approx(mean_half, abs=1e-5)
    assert rows["difference"][3] == pytest.approx(-0.008)


def test_columns_are_those_that_are_promised() -> None:
    rows = reported_against_ours(source([(CELL, "test_accuracy", 0.9)]), complete(runs([0.9, 0.91])))
    assert list(rows) == list(COLUMNS)
    assert {"study", "cell", "metric", "reported", "ours", "interval", "runs", "inside"} <= set(COLUMNS)


def test_only_the_runs_of_that_cell_are_taken() -> None:
    frame = complete(
        pd.concat([runs([0.9] * 5), runs([0.5] * 5, epochs="10"), runs([0.1] * 5, loss="hinge")])
    )
    rows = reported_against_ours(source([(CELL, "test_accuracy", 0.9)]), frame)
    assert rows["ours"][0] == pytest.approx(0.9)
    assert rows["runs"][0] == 5
    two = reported_against_ours(source([("hidden=128", "test_accuracy", 0.9)]), frame)
    assert two["runs"][0] == 0
    assert two["inside"][0] == ""


@pytest.mark.parametrize(("values", "count"), [([], 0), ([0.9], 1)])
def test_without_two_runs_nothing_is_inside_or_outside(values: list[float], count: int) -> None:
    frame = complete(runs(values or [0.9], **({} if values else {"loss": "hinge"})))
    row = reported_against_ours(source([(CELL, "test_accuracy", 0.9)]), frame).iloc[0]
    assert row["runs"] == count
    assert row["inside"] == ""
    assert row["low"] == ""


def test_times_compare_as_ratios_of_one_report() -> None:
    slow, fast = CELL.replace("mse", "focal") + " epochs=200", CELL + " epochs=200"
    figures = [(slow, "total_time_s", 400.0), (fast, "total_time_s", 100.0)]
    rounds = np.array([0.2, 0.21, 0.19, 0.2, 0.205])
    timed = {"part": "timing", "epochs": "3"}
    frame = pd.concat([runs(rounds * 4, loss="focal", **timed), runs(rounds, loss="mse", **timed)])
    frame = frame.assign(epoch_cpu_s=frame["test_accuracy"], concurrent_runs=1.0, test_accuracy=np.nan)
    rows = reported_against_ours(source(figures, unsaid={}), complete(frame))
    assert rows["ours"].tolist() == pytest.approx([rounds.mean() * 4 * 200, rounds.mean() * 200])
    assert rows["compared_as"].tolist() == ["ratio", "ratio"]
    assert rows["difference"].tolist() == pytest.approx([0, 0], abs=1e-9)  # 2 and 1/2, in ours and in theirs
    wrong = reported_against_ours(
        source([(slow, "total_time_s", 250.0), figures[1]], unsaid={}), complete(frame)
    )
    assert wrong["inside"].tolist() == ["false", "false"]


def test_a_repeat_is_the_same_cell() -> None:
    assert cell_settings("loss=mse lr=0.00001 repeat=2") == {"loss": "mse", "lr": "1e-05"}


def test_parameter_counts_stand_beside_those_that_were_printed() -> None:
    frame = complete(runs([0.9] * 5).assign(parameters=101770.0))
    wider = complete(runs([0.9] * 5, hidden="256").assign(parameters=203530.0))
    own = {"hidden": ("128",)}
    counts = (
        Count("right", 101770, own, None),
        Count("wrong", 100000, own, None),
        Count("more", 101760, {"hidden": ("256",)}, own),
        Count("absent", 1, {"hidden": ("512",)}, None),
    )
    table = parameter_counts(source([], counts=counts), pd.concat([frame, wider]))
    assert table["ours"].tolist() == [101770, 101770, 101760, ""]
    assert table["equal"].tolist() == ["true", "false", "true", ""]


def test_the_table_says_how_many_are_inside() -> None:
    study = "activation_loss_grid"
    known = reference(study)
    assert known is not None
    rows = reported_against_ours(known, planned.observations(study))
    table = reported_table(rows)
    assert len(table.rows) == 64
    assert table.notes[0].startswith(f"{(rows['inside'] == 'true').sum()} of 64 reported figures lie inside")
