"""Exports to trackers: everything arrives, is read back by the tracker itself, and arrives only once.

The trackers are not among the project's own requirements: `make test-trackers` installs them into an
environment of their own and runs this file there.
"""

import importlib
import math
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from reports import load
from reports.__main__ import main
from reports.exports.trackers.runs import key_of, tracked
from tests.support import synthetic

AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}
CHROMIUM = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Four planned runs: two done, one diverged, one failed."""
    cells = synthetic.grid(AXES, epochs=3)
    cells[2].status, cells[3].status = "diverged", "failed"
    return synthetic.write_sweep(tmp_path / "grid", cells)


def rerun(sweep: Path) -> str:
    """Change the last figure of one done run, as another training would; returns its cell id."""
    (first, *_) = synthetic.grid(AXES, epochs=3)
    file = sweep / first.name / "history.csv"
    *rows, last = file.read_text().splitlines()
    file.write_text("\n".join([*rows, last.rpartition(",")[0] + ",0.25"]) + "\n")
    return first.cell_id


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"needs {package}: make test-trackers")


def test_runs_with_a_result_are_told_in_types_that_every_tracker_takes(sweep: Path) -> None:
    runs = list(tracked(load(sweep)))
    assert [run.tags["status"] for run in runs] == ["done", "done", "diverged"]
    first = runs[0]
    assert first.settings["activation"] == "relu"
    assert first.settings["optimizer.lr"] == 0.01
    assert first.settings["model.hidden"] == "128"
    assert first.settings["training.gradient_clip"] == "None"
    assert "loss.margin" not in first.settings, "a setting that the run does not have"
    assert [epoch.number for epoch in first.epochs] == [1, 2, 3]
    assert first.started_s < first.epochs[0].time_s < first.epochs[2].time_s
    assert first.figures["test_accuracy"] == first.epochs[-1].figures["test_accuracy"]
    assert "test_loss" not in runs[2].figures
    assert len({run.stamp for run in runs}) == 3


def test_a_stamp_says_whether_anything_has_changed(sweep: Path) -> None:
    before = {run.cell_id: run.stamp for run in tracked(load(sweep))}
    assert {run.cell_id: run.stamp for run in tracked(load(sweep))} == before
    changed = rerun(sweep)
    after = {run.cell_id: run.stamp for run in tracked(load(sweep))}
    assert {cell for cell in after if after[cell] != before[cell]} == {changed}


def test_names_are_made_of_harmless_characters() -> None:
    assert key_of("optimizer.lr") == "optimizer.lr"
    assert key_of("../x\n<b>'\"") == ".._x__b___"


@pytest.mark.parametrize("to", ["mlflow", "tensorboard", "wandb"])
def test_without_its_package_an_export_says_what_to_install(
    to: str, sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module("reports.exports.trackers.export")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert main(["export", str(sweep), "--to", to]) == 2
    assert f"pip install {to}" in capsys.readouterr().err
    assert not (sweep / "export").exists()


def export(sweep: Path, to: str, code: int = 0) -> str:
    """Run the command as a user does, check its exit code, and return the line that counts."""
    command = [sys.executable, "-m", "reports", "export", str(sweep), "--to", to]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW", "WANDB"))}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines()[0]


def adds_only_what_is_new(sweep: Path, to: str) -> None:
    assert export(sweep, to, code=1) == "grid: 3 runs added"  # a planned run has no result
    assert export(sweep, to, code=1) == "grid: 3 runs there already"
    (failed,) = (cell for cell in synthetic.grid(AXES, epochs=3)[3:])
    synthetic.write_cell(sweep, failed)
    assert export(sweep, to) == "grid: 1 runs added, 3 runs there already"
    rerun(sweep)
    assert export(sweep, to) == "grid: 1 runs replaced, 3 runs there already"


@pytest.mark.trackers
@needs("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_back_what_was_exported_once(sweep: Path) -> None:
    adds_only_what_is_new(sweep, "mlflow")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{sweep}/export/mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'grid'")
    found = {run.data.tags["mlp_grid.cell_id"]: run for run in client.search_runs([experiment.experiment_id])}
    expected = {run.cell_id: run for run in tracked(load(sweep))}
    assert found.keys() == expected.keys()
    assert len(found) == 4
    for cell, run in expected.items():
        stored = found[cell]
        assert stored.info.run_name == run.name
        assert stored.info.status == "FINISHED"
        assert stored.data.params == {key: str(value) for key, value in run.settings.items()}
        assert stored.data.metrics.get("final_test_accuracy") == run.figures.get("test_accuracy")
        curve = client.get_metric_history(stored.info.run_id, "test_accuracy")
        assert [(m.step, m.value) for m in curve] == [
            (epoch.number, epoch.figures["test_accuracy"]) for epoch in run.epochs
        ]
    page = seen_in_the_ui(sweep, f"experiments/{experiment.experiment_id}/runs")
    assert "4</" in page
    assert "matching runs" in page
    assert any(run.name[:12] in page for run in expected.values())


def seen_in_the_ui(sweep: Path, place: str) -> str:
    """Open a page of MLflow's UI in a browser without a screen, and return what it shows."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = f"sqlite:///{sweep}/export/mlflow.db"
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store, "--workers", "1"]
    server = subprocess.Popen(
        [*command, "--port", str(port)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        browser = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"]
        shown = subprocess.run(
            [*browser, "--window-size=1500,900", "--dump-dom", f"http://127.0.0.1:{port}/#/{place}"],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return shown.stdout
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def wait_for(url: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer")


@pytest.mark.trackers
@needs("tensorboard")
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_back_what_was_exported_once(sweep: Path) -> None:
    adds_only_what_is_new(sweep, "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    folder = sweep / "export" / "tensorboard"
    runs = list(tracked(load(sweep)))
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {run.name for run in runs}
    for run in runs:
        assert len(list((folder / run.name).iterdir())) == 1
        events = EventAccumulator(str(folder / run.name))
        events.Reload()
        for name in ("train_loss", "test_accuracy", "lr", "epoch_wall_s"):
            scalars = events.Scalars(name)
            assert [e.step for e in scalars] == [epoch.number for epoch in run.epochs]
            assert [e.value for e in scalars] == pytest.approx([epoch.figures[name] for epoch in run.epochs])
        if run.figures:
            (final,) = events.Scalars("final/test_accuracy")
            assert math.isclose(final.value, run.figures["test_accuracy"], rel_tol=1e-6)
        about = events.summary_metadata[SESSION_START_INFO_TAG].plugin_data.content
        settings = HParamsPluginData.FromString(about).session_start_info.hparams
        assert settings["activation"].string_value == run.settings["activation"]
        assert settings["optimizer.lr"].number_value == 0.01


@pytest.mark.trackers
@needs("wandb")
@pytest.mark.filterwarnings("ignore")
def test_wandb_keeps_offline_what_was_exported_once(sweep: Path) -> None:
    adds_only_what_is_new(sweep, "wandb")
    from wandb.proto import wandb_internal_pb2

    folder = sweep / "export" / "wandb-offline" / "wandb"
    runs = list(tracked(load(sweep)))
    assert len(list(folder.glob("offline-run-*"))) == len(runs) == 4
    for run in runs:
        (file,) = folder.glob(f"offline-run-*/run-{run.cell_id}-{run.stamp}.wandb")
        curve, name = [], ""
        for content in leveldb_log(file):
            entry = wandb_internal_pb2.Record.FromString(content)
            name = entry.run.display_name or name
            values = {"/".join(i.nested_key) or i.key: i.value_json for i in entry.history.item}
            if "test_accuracy" in values:
                curve.append(float(values["test_accuracy"]))
        assert name == run.name
        assert curve == [epoch.figures["test_accuracy"] for epoch in run.epochs]


def leveldb_log(file: Path, block: int = 32768, header: int = 7) -> Iterator[bytes]:
    """The records of a LevelDB log, which is what wandb writes after 7 bytes of its own."""
    content = file.read_bytes()
    at, record = 7, b""
    while at + header <= len(content):
        if block - at % block < header:  # the rest of a block that no header fits into
            at += block - at % block
            continue
        size, kind = struct.unpack_from("<HB", content, at + 4)
        record += content[at + header : at + header + size]
        at += header + size
        if kind in (1, 4):  # whole, or the last part
            yield record
            record = b""
