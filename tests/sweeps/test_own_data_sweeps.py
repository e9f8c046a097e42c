"""Sweeps on own data, by real processes: what they record, when they run again, what has no effect."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlp import saved
from reports.runs.reader import load
from sweeps.job import inspection
from sweeps.status import main as status

ROOT = Path(__file__).parents[2]
SMALL = ["training.epochs=2", "training.batch_size=8", "model.hidden=[4]"]


def sweep(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Sweep a file, or another data set that the arguments name."""
    data = [] if any(argument.startswith("dataset=") for argument in arguments) else ["dataset=file"]
    command = [sys.executable, "-m", "sweeps", *data, *SMALL, "hydra/launcher=basic", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a csv, and a sweep of two seeds on it that kept its networks."""
    folder = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(0)
    kinds = np.repeat(["ash", "oak"], [40, 20])
    height = rng.normal(np.where(kinds == "oak", 9.0, 4.0), 0.5)
    rows = [
        f"{a!r},{k},{b!r}" for a, k, b in zip(height.tolist(), kinds, rng.random(60).tolist(), strict=True)
    ]
    (folder / "trees.csv").write_text("\n".join(["height,kind,age", *rows]) + "\n", encoding="utf-8-sig")
    done = sweep(
        folder, *("dataset.path=trees.csv", "dataset.label=kind", "dataset.scale=unit", "seed=0,1"),
        "training.save_weights=last",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_records_say_what_classes_were_called_and_how_the_split_was_drawn(swept: Path) -> None:
    results = load(swept / "runs" / "adhoc")
    assert len(results.runs) == 2
    assert results.runs["data_hash"].nunique() == 1
    for path in (swept / "runs" / "adhoc").glob("*/report.json"):
        record = json.loads(path.read_text())
        assert record["dataset"]["labels"] == ["ash", "oak"]
        split = {"test_share": 0.2, "seed": record["config"]["seed"], "by": "seed"}
        assert record["dataset"]["split"] == split
        fair = {"test_balanced_accuracy", "test_macro_f1", "test_majority_accuracy"}
        assert record["final"].keys() >= fair
        assert record["final"]["test_majority_accuracy"] == 8 / 12
        recalls = [right / total for right, total in record["test_by_class"]]
        assert record["final"]["test_balanced_accuracy"] == pytest.approx(np.mean(recalls))
        network = saved.load(path.parent / "weights.npz")
        assert set(network.predict(np.array([[9.5, 0.5], [3.5, 0.5]]))) <= {"ash", "oak"}


def test_what_a_network_gets_wrong_is_told_by_labels(
    swept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = next((swept / "runs" / "adhoc").glob("*seed=1*"))
    monkeypatch.chdir(swept)
    assert inspection.main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.split()[:1] in (["ash"], ["oak"])] == ["ash", "oak"]
    assert not any("the record says" in line for line in lines)


def test_an_edited_file_is_noticed_and_run_again(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(swept, folder)
    plan = folder / "runs" / "adhoc" / "sweep.json"
    plan.write_text(plan.read_text().replace(str(swept), str(folder)))
    monkeypatch.chdir(folder)
    assert status(["runs/adhoc"]) == 0
    (folder / "trees.csv").write_text((folder / "trees.csv").read_text().replace("ash", "elm"))
    capsys.readouterr()
    assert status(["runs/adhoc"]) == 1
    assert "2 results of other data (trees.csv: " in capsys.readouterr().out


def test_a_share_without_effect_is_refused_and_one_line_warns_of_scales(swept: Path) -> None:
    given = ["dataset.path=trees.csv", "dataset.label=kind", "hydra.sweeper.dry_run=true"]
    refused = sweep(swept, *given, "dataset.test_path=trees.csv", "dataset.test_share=0.1,0.2")
    (line,) = refused.stderr.splitlines()[-1:]
    assert refused.returncode == 2
    assert "has no effect here" in line
    assert "test_share" in line
    warned = sweep(swept, *given, "dataset.test_path=trees.csv")
    assert warned.returncode == 0
    assert "of 60 test examples have the inputs of a training example" in warned.stderr
