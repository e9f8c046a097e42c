"""A longer run that continues a shorter one has the same bits as one that is trained straight through."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sweeps.records.record import load_records

ROOT = Path(__file__).parents[3]
SMALL = ("dataset=sample", "model.hidden=[8]", "model.dropout=0.1", "training.validation_size=300")


def run(cwd: Path, *words: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "sweeps", *SMALL, *words]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def results(folder: Path) -> dict[str, Any]:
    """What runs have left that does not depend on how long it took."""
    found = {}
    for cell, record in load_records(folder).items():
        lines = (record.path / "history.csv").read_text().splitlines()
        untimed = [name for name in lines[0].split(",") if not name.endswith("_s")]
        places = [lines[0].split(",").index(name) for name in untimed]
        rows = [[line.split(",")[place] for place in places] for line in lines]
        found[cell] = record.data["final"], record.data["test_correct"], rows
    return found


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rung_is_continued_to_the_same_bits(tmp_path: Path, optimizer: str) -> None:
    there, straight = "hydra.sweep.dir=there", "hydra.sweep.dir=straight"
    run(tmp_path, there, f"optimizer={optimizer}", "training.epochs=2", "training.keep_checkpoint=true")
    (short,) = load_records(tmp_path / "there").values()
    assert (short.path / "checkpoint.npz").is_file()
    more = f"training.continue_from='{short.cell_id}'"
    run(tmp_path, there, f"optimizer={optimizer}", "training.epochs=5", more)
    (long,) = [record for cell, record in load_records(tmp_path / "there").items() if cell != short.cell_id]
    run(tmp_path, straight, f"optimizer={optimizer}", "training.epochs=5")
    assert results(tmp_path / "straight")[long.cell_id] == results(tmp_path / "there")[long.cell_id]
    rows = [(r.path / "history.csv").read_text().splitlines()[1:3] for r in (short, long)]
    assert rows[0] == rows[1]  # with their seconds: they were not trained again
    assert not (long.path / "checkpoint.npz").exists()


def test_what_differs_in_more_than_its_epochs_is_not_continued(tmp_path: Path) -> None:
    there = "hydra.sweep.dir=there"
    run(tmp_path, there, "training.epochs=1", "training.keep_checkpoint=true", "seed=1")
    (short,) = load_records(tmp_path / "there").values()
    more = ("training.epochs=2", "seed=2,3", "hydra.sweeper.workers=1")  # in one process
    run(tmp_path, there, *more, f"training.continue_from='{short.cell_id}'")
    run(tmp_path, "hydra.sweep.dir=straight", *more)
    assert results(tmp_path / "straight").items() <= results(tmp_path / "there").items()
    others = [r.path for r in load_records(tmp_path / "there").values() if r.cell_id != short.cell_id]
    logs = [(path / "output.log").read_text().splitlines() for path in others]
    why = f"{short.path.name} is not continued: it differs in more than its epochs; the run begins anew"
    assert logs == [[why], [why]]  # to each its own


def test_schedules_and_patience_that_depend_on_the_epochs_are_refused(tmp_path: Path) -> None:
    for words, told in (
        (["schedule=cosine"], "schedule = Cosine: must not depend on the epochs"),
        (["training.patience=2"], "patience = 2: must be null where runs of fewer epochs are continued"),
    ):
        assert told in run(tmp_path, "training.keep_checkpoint=true", *words, code=2)
    assert not (tmp_path / "runs").exists()


def test_successive_halving_continues_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    run(
        tmp_path,
        "hydra.sweep.dir=there",
        "activation=relu,gelu",
        "optimizer.lr=interval(1e-2,1)",
        "hydra.sweeper.trials=2",
        "hydra.sweeper.rungs=[1,2]",
        "hydra.sweeper.trial={training.validation_size: 300}",
        "training.epochs=2",
    )
    plan = json.loads((tmp_path / "there" / "sweep.json").read_text())
    first, second, last = plan["strategy"]["steps"]
    assert [len(step["cells"]) for step in (first, second, last)] == [4, 2, 2]
    records = load_records(tmp_path / "there")
    for cell in second["cells"]:
        source = records[cell].data["config"]["training"]["continue_from"]
        rows = [(records[c].path / "history.csv").read_text().splitlines()[1] for c in (source, cell)]
        assert rows[0] == rows[1]
    assert not list((tmp_path / "there").glob("*/checkpoint.npz"))
    assert all(records[cell].data["config"]["training"]["continue_from"] is None for cell in last["cells"])


def test_lengths_that_are_swept_go_on_from_one_another_to_the_same_bits(tmp_path: Path) -> None:
    words = ("init=he,normal", "training.epochs=4,1,2")
    run(tmp_path, "hydra.sweep.dir=there", *words, "hydra.sweeper.strategy=longer")
    run(tmp_path, "hydra.sweep.dir=alone", *words)
    assert results(tmp_path / "there") == results(tmp_path / "alone")
    records = load_records(tmp_path / "there")
    for record in records.values():
        training = record.data["config"]["training"]
        shorter = {4: 2, 2: 1}.get(training["epochs"])
        source = records[training["continue_from"]].data["config"] if shorter else None
        assert (source and source["training"]["epochs"], source and source["init"]) == (
            shorter,
            record.data["config"]["init"] if shorter else None,
        )
        assert training["keep_checkpoint"] == (training["epochs"] != 4)
    steps = json.loads((tmp_path / "there" / "sweep.json").read_text())["strategy"]["steps"]
    assert [len(step["cells"]) for step in steps] == [2, 2, 2]
    assert not list((tmp_path / "there").glob("*/checkpoint.npz"))
    again = run(tmp_path, "hydra.sweep.dir=there", *words, "hydra.sweeper.strategy=longer")
    assert "(6 kept, 0 run)" in again


def test_lengths_that_are_not_swept_are_one_line(tmp_path: Path) -> None:
    out = run(tmp_path, "init=he,normal", "hydra.sweeper.strategy=longer", code=2)
    told = "training.epochs must be swept, over whole numbers from 1 on"
    assert out == f"error: hydra.sweeper.strategy = longer: {told}\n"
    assert not (tmp_path / "runs").exists()
