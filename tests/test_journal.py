"""What a run writes as it goes: it continues from its checkpoint to the same end, believing no torn file."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sweeps.journal import CHECKPOINT, HISTORY, Journal
from sweeps.record import Record, load_records

ROOT = Path(__file__).parent.parent
CELL = (
    "dataset=sample",
    "model.hidden=[64]",
    "model.dropout=0.2",
    "training.epochs=40",
    "training.batch_size=10",
)


def command(root: Path) -> list[str]:
    return [sys.executable, "-m", "sweeps", *CELL, f"hydra.sweep.dir={root}"]


def run(root: Path) -> Record:
    subprocess.run(command(root), cwd=ROOT, capture_output=True, check=True)
    (record,) = load_records(root).values()
    assert record.status == "done"
    return record


def kill_after(root: Path, epochs: int) -> Path:
    """Start the run, kill every process of it after so many epochs, and return the cell's directory."""
    sweep = subprocess.Popen(
        command(root), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (found := [p for p in root.glob("*/history.csv") if p.read_text().count("\n") > epochs]):
        assert time.monotonic() < deadline and sweep.poll() is None
        time.sleep(0.002)
    os.killpg(sweep.pid, signal.SIGKILL)
    sweep.wait()
    directory = found[0].parent
    while load_records(root)[directory.name[-12:]].status == "running":
        time.sleep(0.05)
    return directory


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a sweep whose run was killed after fifteen epochs."""
    return kill_after(tmp_path_factory.mktemp("stopped"), epochs=15).parent


@pytest.fixture
def killed(stopped: Path, tmp_path: Path) -> Path:
    """A copy of the killed run's directory, in tmp_path as a sweep's directory."""
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    (directory,) = (path.parent for path in tmp_path.glob("*/checkpoint.npz"))
    return directory


def history(directory: Path) -> list[dict[str, str]]:
    rows = csv.DictReader((directory / "history.csv").read_text().splitlines())
    return [{key: value for key, value in row.items() if not key.endswith("_s")} for row in rows]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return run(tmp_path_factory.mktemp("calm"))


def assert_as_undisturbed(record: Record, calm: Record) -> None:
    assert record.data["final"] == calm.data["final"]
    assert history(record.path) == history(calm.path)
    assert [row["epoch"] for row in history(record.path)] == [str(n) for n in range(1, 41)]


def test_a_killed_run_continues_to_a_bit_identical_end(calm: Record, killed: Path, tmp_path: Path) -> None:
    kept = (killed / "history.csv").read_text().splitlines()[1:13]
    record = run(tmp_path)
    assert_as_undisturbed(record, calm)
    rows = (record.path / "history.csv").read_text().splitlines()
    assert rows[1:13] == kept  # times and all: these epochs were not trained again
    assert record.data["attempts"] == 2
    assert not (record.path / "checkpoint.npz").exists()


def encrypted(archive: bytes) -> bytes:
    """Set the bit of the last entry's flags that says so."""
    place = archive.rindex(b"PK\x01\x02") + 8
    return archive[:place] + b"\x01" + archive[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda _: b"garbage \x00\xff", lambda whole: whole[: len(whole) // 2], encrypted],
    ids=["empty", "garbage", "truncated", "encrypted"],
)
def test_a_checkpoint_that_cannot_be_believed_is_set_aside(
    damage: Callable[[bytes], bytes], calm: Record, killed: Path, tmp_path: Path
) -> None:
    checkpoint = killed / "checkpoint.npz"
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    record = run(tmp_path)
    assert_as_undisturbed(record, calm)
    assert (record.path / "checkpoint.npz.damaged-1").exists()


@pytest.mark.parametrize("damage", ["garbage", "missing", "torn", "repeated"])
def test_a_damaged_history_is_written_again_from_the_checkpoint(
    damage: str, calm: Record, killed: Path, tmp_path: Path
) -> None:
    file = killed / "history.csv"
    text = file.read_text()
    changes: dict[str, Any] = {
        "garbage": lambda: file.write_bytes(b"\x00\xff,,,\n1"),
        "missing": file.unlink,
        "torn": lambda: file.write_text(text[:-20]),
        "repeated": lambda: file.write_text(text + text.splitlines()[-1] + "\n"),
    }
    changes[damage]()
    assert_as_undisturbed(run(tmp_path), calm)


def test_with_very_many_runs_at_once_checkpoints_are_rare_but_no_row_is(tmp_path: Path) -> None:
    trainer: Any = SimpleNamespace(history=[{"epoch": 1}], state=lambda: {"weights": np.zeros(1)})
    for pause_s, expected in ((60.0, False), (0.0, True)):
        (tmp_path / f"{pause_s}").mkdir()
        journal = Journal(tmp_path / f"{pause_s}", trainer, pause_s)
        journal.after_epoch(trainer)
        assert (journal.directory / CHECKPOINT).exists() == expected
        assert (journal.directory / HISTORY).read_text() == "epoch\n1\n"
