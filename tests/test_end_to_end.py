"""The whole way, as a user goes it: a sweep in a process of its own, its records, its report."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from reports.runs.test_bits import answers_of
from sweeps.records.record import load_records

ROOT = Path(__file__).parent.parent
COLUMNS = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,lr,epoch_cpu_s,epoch_wall_s,grad_norm"


def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two activations by two losses, on the sample."""
    root = tmp_path_factory.mktemp("runs") / "smoke"
    run("sweeps", "sweep=smoke", f"hydra.sweep.dir={root}")
    return root


def test_every_cell_leaves_a_full_record(smoke: Path) -> None:
    records = load_records(smoke)
    assert len(records) == 4
    for record in records.values():
        data = record.data
        assert record.status == "done"
        assert data["final"].keys() == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
        assert data["final"]["test_accuracy"] > 0.3  # chance is 0.1
        answers = answers_of(data)
        assert answers is not None
        assert answers.examples == 500
        assert len(answers.by_class) == 10
        assert data["timing"]["blas_threads"] == 1
        assert data["timing"]["concurrent_runs"] in (1, 2, 3, 4)
        assert data["parameters"] == 784 * 32 + 32 + 32 * 10 + 10
        assert data["provenance"]["dataset_sha256"]
        rows = list(csv.DictReader((record.path / "history.csv").read_text().splitlines()))
        assert ",".join(rows[0]) == COLUMNS
        assert [row["epoch"] for row in rows] == ["1", "2"]
        assert data["best"]["test_accuracy"] == max(float(row["test_accuracy"]) for row in rows)
        assert {path.name for path in record.path.iterdir()} == {"report.json", "history.csv", "config.yaml"}


def test_the_same_command_again_runs_nothing(smoke: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in smoke.glob("*/report.json")}
    assert "4 kept, 0 run" in run("sweeps", "sweep=smoke", f"hydra.sweep.dir={smoke}").stdout
    assert {path: path.stat().st_mtime_ns for path in smoke.glob("*/report.json")} == before


def test_the_report_is_rebuilt_from_the_records_byte_for_byte(smoke: Path) -> None:
    """Its tables here; with its plots and its page in test_page.py."""

    def tables(*options: str) -> dict[str, str]:
        run("reports", str(smoke), *options)
        paths = sorted((smoke / "report" / "tables").iterdir())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    first = tables()
    assert {"test_accuracy.csv", "test_accuracy.md", "test_accuracy.tex"} <= first.keys()
    assert (smoke / "report" / "index.html").exists()
    assert list((smoke / "report").rglob("*.png"))
    subprocess.run(["rm", "-r", str(smoke / "report")], check=True)
    assert tables("--no-plots") == first


def test_a_run_is_bit_identical_whichever_process_ran_it(smoke: Path, tmp_path: Path) -> None:
    cell = ("activation=relu", "loss=hinge", "dataset=sample", "training.epochs=2", "model.hidden=[32]")
    run("sweeps", *cell, "hydra/launcher=basic", f"hydra.sweep.dir={tmp_path}")
    (alone,) = load_records(tmp_path).values()
    assert alone.data["final"] == load_records(smoke)[alone.cell_id].data["final"]


def test_a_diverged_run_is_a_result(tmp_path: Path) -> None:
    arguments = ("dataset=sample", "training.epochs=3", "optimizer.lr=1e12", f"hydra.sweep.dir={tmp_path}")
    run("sweeps", *arguments)
    (record,) = load_records(tmp_path).values()
    assert record.status == "diverged"
    assert record.data["diverged"]["what"] in ("loss", "parameters")
    assert record.data["diverged"]["epoch"] >= 1
    assert record.data["final"]["test_accuracy"] is None


def test_xor_leaves_the_boundary_that_it_has_learned(tmp_path: Path) -> None:
    arguments = ("dataset=xor", "model.hidden=[16]", "training.epochs=20", "optimizer.lr=0.1")
    run("sweeps", *arguments, f"hydra.sweep.dir={tmp_path}")
    (record,) = load_records(tmp_path).values()
    boundary = record.data["boundary"]
    assert len(boundary["label"]) == len(boundary["y"])
    assert len(boundary["label"][0]) == len(boundary["x"])
    assert {label for row in boundary["label"] for label in row} == {0, 1}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("loss=hinj", "no such option (did you mean loss=hinge?)"),
        ("optimizer.lrr=1", "optimizer.lrr: no such key (did you mean optimizer.lr=1?)"),
        ("optimizer.lr=fast", "optimizer.lr = 'fast': must be a number > 0"),
        ("optimizer.lr=${nope}", "optimizer.lr: Interpolation key 'nope' not found"),
        ("training.batch_size=5000", "training.batch_size = 5000: must be at most the 1500"),
        ("loss=null", "loss"),
        ("sweep=gird", "no such option (did you mean sweep=grid?)"),
        ("activation=relu,tanhh", "no such option (did you mean activation=relu,tanh?)"),
        ("dataset=npz", "dataset.path"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_writes_nothing(override: str, said: str, tmp_path: Path) -> None:
    target = tmp_path / "runs"
    arguments = ("dataset=sample", override) if "dataset" not in override else (override,)
    done = run("sweeps", *arguments, f"hydra.sweep.dir={target}", code=2)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert not target.exists()


def test_a_report_of_nothing_is_refused(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        done = run("reports", str(directory), code=2)
        assert len(done.stderr.strip().splitlines()) == 1
        assert str(directory) in done.stderr


def test_a_damaged_record_is_named_and_the_rest_reported(smoke: Path) -> None:
    victim = next(iter(load_records(smoke).values())).path
    whole = (victim / "report.json").read_text()
    try:
        (victim / "report.json").write_text(whole[: len(whole) // 2])
        done = run("reports", str(smoke), "--no-plots", code=1)
        assert victim.name in done.stderr
        assert (smoke / "report" / "index.html").exists()
    finally:
        (victim / "report.json").write_text(whole)
    assert json.loads((smoke / "sweep.json").read_text())["sweep"] == "smoke"
