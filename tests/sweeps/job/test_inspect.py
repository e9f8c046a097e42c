"""What `mlp-inspect` says of a network is what its record says; its pictures are drawn."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mlp
from mlp.datasets import Sample
from sweeps.job import inspection
from sweeps.job.predictions import Predictions
from sweeps.records.record import Record, load_records

ROOT = Path(__file__).parents[3]


def sweep(root: Path, *overrides: str) -> Record:
    command = [sys.executable, "-m", "sweeps", *overrides, f"hydra.sweep.dir={root}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (record,) = load_records(root).values()
    return record


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A run that has kept its last network."""
    overrides = ("dataset=sample", "training.epochs=2", "model.hidden=[16]", "training.save_weights=last")
    return sweep(tmp_path_factory.mktemp("kept"), *overrides)


def test_the_kept_network_predicts_as_well_as_its_record_says(run: Record) -> None:
    data = Sample().load()
    network = mlp.load(run.path / "weights.npz")
    accuracy = (network.predict(data.original(data.x_test)) == data.y_test).mean()
    assert accuracy == pytest.approx(run.data["final"]["test_accuracy"], abs=1e-12)


def test_keeping_the_weights_changes_neither_the_cell_nor_its_result(run: Record, tmp_path: Path) -> None:
    plain = sweep(tmp_path, "dataset=sample", "training.epochs=2", "model.hidden=[16]")
    assert (plain.cell_id, plain.path.name) == (run.cell_id, run.path.name)
    assert plain.data["final"] == run.data["final"]
    assert not (plain.path / "weights.npz").exists()


def test_table_and_pictures_show_the_mistakes(run: Record, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspection.main([str(run.path.parent)]) == 0
    out, err = capsys.readouterr()
    folder = run.path / "inspect"
    lines = out.splitlines()
    assert not err
    assert lines[-1] == str(folder)
    assert f"test accuracy {run.data['final']['test_accuracy']:.4f}" in lines[1]
    assert "record says" not in out
    assert sum(int(line.split()[1]) for line in lines[4:-1]) == 500
    assert (folder / "summary.txt").read_text().splitlines() == lines[:-1]
    for name in ("confusion", "mistakes", "weights"):
        with Image.open(folder / f"{name}.png") as image:
            assert min(image.size) > 150
            assert np.asarray(image.convert("L")).std() > 5, f"{name}.png is blank"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert inspection.main([str(run.path)]) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_predictions_rank_mistakes_by_confidence() -> None:
    scores = np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 0.0], [0.0, 1.0]])
    predictions = Predictions(np.array([0, 0, 1, 1]), scores)
    assert predictions.counts.tolist() == [[1, 1], [1, 1]]
    assert predictions.accuracy == 0.5
    assert predictions.mistakes().tolist() == [2, 1]
    assert predictions.lead().tolist() == [0, 3, 5, 0]


def test_the_best_network_of_a_run_without_images_has_a_table_and_no_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ("dataset=xor", "training.epochs=4", "optimizer.lr=0.1", "training.save_weights=best")
    best = sweep(tmp_path, *overrides)
    assert inspection.main([str(best.path)]) == 0
    assert f"test accuracy {best.data['best']['test_accuracy']:.4f}" in capsys.readouterr().out
    assert {path.name for path in (best.path / "inspect").iterdir()} == {"confusion.png", "summary.txt"}


def test_what_cannot_be_inspected_is_said_in_one_line(
    run: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / run.path.name
    plain.mkdir()
    (plain / "report.json").write_text((run.path / "report.json").read_text())
    (tmp_path / "empty").mkdir()
    for path, said in (
        (tmp_path / "missing", "no such directory"),
        (tmp_path, "no run in it kept weights; run it again with training.save_weights=last"),
        (tmp_path / "empty", "is no finished run"),
        (plain, "kept no weights; run it again with training.save_weights=last"),
    ):
        assert inspection.main([str(path)]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1
    (plain / "weights.npz").write_text("torn")
    assert inspection.main([str(plain)]) == 1
    assert "is no saved network" in capsys.readouterr().err


@pytest.mark.parametrize("status", ["failed", "diverged", "interrupted", "running", "damaged"])
def test_a_run_that_is_damaged_or_not_finished_is_no_mistake_of_the_users(
    run: Record, tmp_path: Path, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / run.path.name
    path.mkdir()
    (path / "weights.npz").write_bytes((run.path / "weights.npz").read_bytes())
    (path / "report.json").write_text(
        "{" if status == "damaged" else json.dumps({**run.data, "status": status})
    )
    assert inspection.main([str(path)]) == 1
    err = capsys.readouterr().err
    assert f"{path}: is no finished run: its record is " in err
    assert err.count("\n") == 1


def test_other_arrays_can_be_looked_at_and_what_a_record_names_is_not_imported(
    run: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = tmp_path / run.path.name
    hostile.mkdir()
    (hostile / "weights.npz").write_bytes((run.path / "weights.npz").read_bytes())
    data = json.loads((run.path / "report.json").read_text())
    data["config"]["dataset"] = {"_target_": "hostile_module.Data", "path": "x"}
    (hostile / "report.json").write_text(json.dumps(data))
    (tmp_path / "hostile_module.py").write_text("raise SystemExit('imported')")
    assert inspection.main([str(hostile)]) == 2
    assert "give its arrays, --data FILE.npz" in capsys.readouterr().err
    sample = Path(mlp.__file__).parent / "datasets" / "mnist_sample.npz"
    assert inspection.main([str(hostile), "--data", str(sample), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "mistakes.png").exists()


def test_arrays_of_some_of_the_classes_will_do_and_what_does_not_fit_is_said_in_one_line(
    run: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.random.default_rng(0).integers(0, 256, (24, 784)).astype(np.uint8)

    def look(x: np.ndarray, classes: int, out: Path) -> int:
        y = np.arange(len(x)) % classes
        np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
        return inspection.main([str(run.path), "--data", str(tmp_path / "own.npz"), "--out", str(out)])

    assert look(x, 5, tmp_path / "new" / "folder") == 0
    assert (tmp_path / "new" / "folder" / "summary.txt").exists()
    capsys.readouterr()
    for arrays, classes, out, said in (
        (x[:, :9], 5, "out", "the data have 9 inputs, the network has 784"),
        (x, 12, "out", "the data have 12 classes, the network has 10"),
        (x.astype(np.float32), 5, "out", "must be integers from 0 to 255, or floats in [0, 1]"),
        (x, 5, "own.npz", "cannot write"),
    ):
        assert look(arrays, classes, tmp_path / out) == 2
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_network_of_another_run_is_not_taken_for_this_ones(
    run: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ("dataset=sample", "training.epochs=1", "model.hidden=[16]")
    other = sweep(tmp_path, "seed=1", "training.save_weights=last", *shared)
    (other.path / "weights.npz").write_bytes((run.path / "weights.npz").read_bytes())
    assert inspection.main([str(other.path)]) == 1
    assert f"is the network of cell {run.cell_id}, not of this one" in capsys.readouterr().err
