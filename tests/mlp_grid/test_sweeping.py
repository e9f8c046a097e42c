"""A sweep from Python: the same as the command line's; stopped, killed and continued."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import mlp_grid
from mlp_grid import UserError
from sweeps.records.record import load_records
from tests.support.tiny.driver import wait_gone, wait_until

ROOT = Path(__file__).parents[2]
GRID = {"activation": ["relu", "gelu"], "dataset": "sample", "model.hidden": (16,)}
SCRIPT = """
import mlp_grid
grid = {"activation": ["relu", "gelu"], "dataset": "sample", "model.hidden": (16,)}
results = mlp_grid.sweep(grid, seeds=2, epochs=EPOCHS, workers=2, dir="runs/script")
print(results.runs["status"].value_counts().to_dict())
"""


def figures(root: Path) -> dict[str, tuple[Any, Any]]:
    """Every result, and its curve without the seconds."""
    found = {}
    for cell_id, record in load_records(root).items():
        rows = [line.split(",") for line in (record.path / "history.csv").read_text().splitlines()]
        found[cell_id] = record.data.get("final"), [[*row[:6], row[8]] for row in rows]
    return found


def start(cwd: Path, epochs: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT.replace("EPOCHS", str(epochs))]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=cwd, env=environment, **pipes)


def running(cwd: Path) -> list[psutil.Process]:
    """The processes that train, once some do."""
    records = load_records(cwd / "runs" / "script").values()
    workers = [record.data["worker"]["pid"] for record in records if record.status == "running"]
    return [psutil.Process(pid) for pid in workers if psutil.pid_exists(pid)]


def test_a_notebook_is_left_with_how_the_sweep_ended_and_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures: list[str] = []
    monkeypatch.setattr("mlp_grid.sweeping.is_notebook", lambda: True)
    monkeypatch.setattr("mlp_grid.notebook.Progress._show", lambda _, content: pictures.append(content))
    mlp_grid.sweep(GRID, seeds=1, epochs=1, workers=1, dir=tmp_path / "notebook")
    last = pictures[-1]
    assert last.startswith("<pre>2 cells: 2 done (0 kept, 2 run)")
    assert "\nThe highest test accuracy, " in last
    assert " left, " not in last, "its progress is over"


def test_the_results_are_those_of_the_command_line_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    results = mlp_grid.sweep(GRID, seeds=2, epochs=1, workers=2, dir="first/one")
    assert "4 cells: 4 done (0 kept, 4 run)" in capfd.readouterr().out
    again = mlp_grid.sweep(GRID, seeds=2, epochs=1, workers=2, dir="first/one")
    assert "4 cells: 4 done (4 kept, 0 run)" in capfd.readouterr().out
    assert again.runs["test_accuracy"].tolist() == results.runs["test_accuracy"].tolist()
    words = ["activation=relu,gelu", "dataset=sample", "model.hidden=[16]", "seed=0,1", "training.epochs=1"]
    command = [sys.executable, "-m", "sweeps", *words, "hydra.sweep.dir=second/two"]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    assert figures(tmp_path / "first" / "one") == figures(tmp_path / "second" / "two")
    assert results.cells["mean"].notna().all()
    assert results.is_whole
    assert results.sweep == "one"
    assert results.table().shape == (1, 2) or results.table().size == 2
    assert "<h3>one</h3>" in results._repr_html_()
    assert results.plot()._repr_png_().startswith(b"\x89PNG")
    assert results.plot("train_loss", x="epoch").save("curve.svg").is_file()
    assert set(results.findings.columns) == {"kind", "about", "factor", "metric", "text"}


def test_arrays_and_frames_are_trained_on_and_are_the_same_cells_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = np.where(x[:, 0] > 0, "up", "down")
    call: dict[str, Any] = {"epochs": 5, "workers": 1, "dir": "runs/own"}
    grid = {"optimizer.lr": 0.1, "training.batch_size": 20, "model.hidden": (8,)}
    results = mlp_grid.sweep(grid, seeds=1, data=(x, y), **call)
    assert results.runs["test_accuracy"].min() > 0.8
    mlp_grid.sweep(grid, seeds=2, data=(x.copy(), y.tolist()), **call)
    assert "2 cells: 2 done (1 kept, 1 run)" in capfd.readouterr().out
    with pytest.raises(UserError, match="data: "):
        mlp_grid.sweep(grid, data=(x, y[:5]), **call)
    with pytest.raises(UserError, match="must be left out without data"):
        mlp_grid.sweep(grid, label="y", **call)


def test_a_mistake_is_an_error_that_names_it_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="activation=rel: no such option"):
        mlp_grid.sweep({"activation": ["rel"], "dataset": "sample"}, dir="runs/no")
    assert not list(tmp_path.iterdir())


XY = (np.arange(40.0).reshape(20, 2), np.arange(20) % 2)


@pytest.mark.parametrize(
    ("grid", "arguments", "said"),
    [
        (["activation"], {}, "grid = ['activation']: must be a mapping, such as"),
        ("activation=relu", {}, "grid = 'activation=relu': must be a mapping"),
        ({"activation": {"relu"}}, {}, "activation: a set is no value of a setting: {'relu'} (a list holds"),
        ({}, {"seeds": 2.5}, "seeds = 2.5: must be how many, at least 1, or a list of them"),
        ({}, {"seeds": "3"}, "seeds = '3': must be how many"),
        ({}, {"workers": 1.5}, "workers = 1.5: must be a whole number, at least 1, or None"),
        ({}, {"workers": True}, "workers = True: must be a whole number"),
        ({}, {"dir": ""}, "dir = '': must be the name of a directory"),
        ({}, {"dir": None}, "dir = None: must be the name of a directory"),
        ({}, {"overrides": "seed=1"}, "overrides = 'seed=1': must be a list of words"),
        ({}, {"overrides": 5}, "overrides = 5: must be a list of words"),
        ({}, {"scale": "unit", "split_seed": 3}, "split_seed, scale: must be left out without data"),
        ({}, {"test_share": 0.5}, "test_share: must be left out without data"),
        ({"dataset": "sample"}, {"data": XY}, "dataset is set twice"),
    ],
)
def test_an_argument_that_cannot_be_is_named_with_what_is_allowed_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: Any, arguments: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        mlp_grid.sweep(grid, **{"dir": "runs/never", **arguments})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_runs_that_fail_are_named_in_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    more = ["hydra.sweeper.timeout_s=0.001"]
    with pytest.warns(UserWarning, match="some runs have no result"):
        results = mlp_grid.sweep({"dataset": "sample"}, epochs=500, dir="runs/slow", overrides=more)
    assert results.runs["status"].tolist() == ["failed"]


def test_an_interrupt_stops_the_sweep_in_order_and_the_same_call_continues(tmp_path: Path) -> None:
    process = start(tmp_path, epochs=1500)
    processes = wait_until(lambda: running(tmp_path), 90)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in error
    wait_gone(processes, 5)
    statuses = {record.status for record in load_records(tmp_path / "runs" / "script").values()}
    assert statuses == {"interrupted"}


def test_a_sweep_ends_with_the_process_that_called_it(tmp_path: Path) -> None:
    process = start(tmp_path, epochs=1500)
    processes = wait_until(lambda: running(tmp_path), 90)
    process.kill()
    process.communicate()
    wait_gone(processes, 20)


def test_what_a_notebook_shows_is_no_markup_of_the_names_in_it() -> None:
    from mlp_grid.notebook import bar
    from sweeps.view.snapshot import View

    shown = bar("<b>", View(10, 3, 1, 0, 6, [], 125.0))
    assert "&lt;b&gt;" in shown
    assert "4/10" in shown
    assert "3 done · 1 diverged · 0 running · 6 left" in shown
    assert "max='10'" in shown
    assert "value='4.000'" in shown
    assert "2 min 5 s to go" in shown
