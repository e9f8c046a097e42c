"""What a run writes as it goes: it continues from its checkpoint to the same end, believing no torn file."""

import csv
import io
import json
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

from mlp.checkpoint import packed
from mlp.datasets import Sample
from sweeps.job.components import Components
from sweeps.job.journal import Journal
from sweeps.records.layout import CHECKPOINT, HISTORY
from sweeps.records.record import Record, load_records
from tests.support.configs import compose_config
from tests.support.small_run import trainer

ROOT = Path(__file__).parents[3]
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


def kill_after(root: Path, epochs: int, seed: int = 0) -> Path:
    """Start the run, kill every process of it after so many epochs; return the cell's directory.

    Not before it has a checkpoint.
    """
    sweep = subprocess.Popen(
        [*command(root), f"seed={seed}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (
        (found := [path for path in root.glob(f"*/{HISTORY}") if path.read_text().count("\n") > epochs])
        and found[0].with_name(CHECKPOINT).exists()
    ):
        assert time.monotonic() < deadline
        assert sweep.poll() is None
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
    saved = len(contents((killed / CHECKPOINT).read_bytes())["history"])
    kept = (killed / HISTORY).read_text().splitlines()[1 : saved + 1]
    record = run(tmp_path)
    assert_as_undisturbed(record, calm)
    rows = (record.path / HISTORY).read_text().splitlines()
    assert rows[1 : saved + 1] == kept  # times and all: these epochs were not trained again
    assert record.data["attempts"] == 2
    assert not (record.path / "checkpoint.npz").exists()


def encrypted(archive: bytes) -> bytes:
    """Set the bit of the last entry's flags that says so."""
    place = archive.rindex(b"PK\x01\x02") + 8
    return archive[:place] + b"\x01" + archive[place + 1 :]


def contents(archive: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(archive)) as arrays:
        return dict(arrays)


def written(entries: dict[str, Any], save: Callable[..., None] = np.savez) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **entries)
    return buffer.getvalue()


def forged(state: dict[str, Any], **origin: str) -> bytes:
    """A checkpoint whose digest is right, whatever it holds."""
    about = json.loads(str(state.pop("about")))
    return packed(state, about["origin"] | origin, about["epoch"])


def garbled(archive: bytes) -> bytes:
    """Compressed, which it never is, with a byte of the stream changed."""
    whole = bytearray(written(contents(archive), np.savez_compressed))
    whole[len(whole) // 2] ^= 0xFF
    return bytes(whole)


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def damage(archive: bytes) -> bytes:
        entries = contents(archive)
        return written(entries | {name: change(entries[name])})

    return damage


def changed_and_signed(name: str, change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def damage(archive: bytes) -> bytes:
        entries = contents(archive)
        return forged(entries | {name: change(entries[name])})

    return damage


def same_epoch(history: Any) -> Any:
    history = history.copy()
    history[:, 0] = 7
    return history


def one_nan(array: Any) -> Any:
    array = array.copy()
    array[3] = np.nan
    return array


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "garbage": lambda _: b"garbage \x00\xff",
    "truncated": lambda whole: whole[: len(whole) // 2],
    "encrypted": encrypted,
    "garbled": garbled,
    "flipped": lambda whole: whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
    "of the first version": lambda whole: written(
        {name: array for name, array in contents(whole).items() if name != "about"}
    ),
    "of another cell": lambda whole: forged(contents(whole), cell="0123456789ab"),
    "of other code": lambda whole: forged(contents(whole), code="0123456789ab"),
    "of other data": lambda whole: forged(contents(whole), data="0" * 64),
    "with other parameters": changed("params", lambda params: params * 1.5),
    "with epochs 7, 7, 7": changed_and_signed("history", same_epoch),
    "with fewer epochs": changed_and_signed("history", lambda history: history[:-1]),
    "with parameters of zero": changed_and_signed("params", np.zeros_like),
    "with a NaN": changed_and_signed("slot.velocity", one_nan),
    "with a loss of NaN": changed_and_signed("history", lambda history: history * np.nan),
    "in another dtype": changed_and_signed("params", np.float64),
}


def journal_of(directory: Path) -> Journal:
    """What a process that is to run the killed cell begins with."""
    data = Sample().load()
    run = Components.of(compose_config(*CELL)).trainer(data)
    return Journal(directory, run, data=data.sha256)


def test_a_checkpoint_as_it_was_written_is_continued(killed: Path) -> None:
    saved = len(contents((killed / CHECKPOINT).read_bytes())["history"])
    assert len(journal_of(killed).trainer.history) == saved > 2
    assert not list(killed.glob("*.damaged-*"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_that_cannot_be_believed_is_set_aside_and_nothing_is_taken_from_it(
    damage: str, killed: Path
) -> None:
    checkpoint = killed / "checkpoint.npz"
    content = DAMAGES[damage](checkpoint.read_bytes())
    checkpoint.write_bytes(content)
    run, fresh = journal_of(killed).trainer, Components.of(compose_config(*CELL)).trainer(Sample().load())
    assert not checkpoint.exists()
    assert (killed / "checkpoint.npz.damaged-1").read_bytes() == content
    assert not run.history
    for name, array in run.state().items():
        np.testing.assert_array_equal(array, fresh.state()[name])


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a link"])
def test_what_only_has_a_checkpoints_name_is_set_aside(kind: str, killed: Path) -> None:
    checkpoint = killed / "checkpoint.npz"
    content = checkpoint.rename(killed / "elsewhere.npz")
    if kind == "a pipe":
        os.mkfifo(checkpoint)
    elif kind == "a folder":
        checkpoint.mkdir()
    else:
        checkpoint.symlink_to(content)
    assert not journal_of(killed).trainer.history
    assert os.path.lexists(killed / "checkpoint.npz.damaged-1")


@pytest.mark.parametrize("damage", ["garbled", "with epochs 7, 7, 7", "of other data"])
def test_a_run_whose_checkpoint_is_refused_begins_anew(
    damage: str, calm: Record, killed: Path, tmp_path: Path
) -> None:
    checkpoint = killed / "checkpoint.npz"
    checkpoint.write_bytes(DAMAGES[damage](checkpoint.read_bytes()))
    record = run(tmp_path)
    assert_as_undisturbed(record, calm)
    assert (record.path / "checkpoint.npz.damaged-1").exists()
    assert "checkpoint.npz.damaged-1: " in (record.path / "output.log").read_text()


def test_a_history_that_is_not_the_checkpoints_is_kept_aside(killed: Path) -> None:
    file = killed / "history.csv"
    other = file.read_text().replace("\n3,0.", "\n3,1.")
    file.write_text(other)
    rows = len(journal_of(killed).trainer.history)
    assert (killed / "history.csv.damaged-1").read_text() == other
    assert len(file.read_text().splitlines()) == 1 + rows


def test_a_checkpoint_from_another_cells_directory_is_not_continued(
    calm: Record, killed: Path, tmp_path: Path
) -> None:
    """Seed 1's file in seed 0's directory: the same network, another run."""
    other = kill_after(tmp_path / "other", epochs=5, seed=1)
    shutil.copy(other / "checkpoint.npz", killed / "checkpoint.npz")
    shutil.rmtree(tmp_path / "other")
    record = run(tmp_path)
    assert_as_undisturbed(record, calm)
    assert (record.path / "checkpoint.npz.damaged-1").exists()


def test_a_refused_state_changes_nothing() -> None:
    done, fresh = trainer(), trainer()
    done.run()
    state = done.state()
    before = fresh.network.params.copy()
    for wrong, why in (
        ({"history": same_epoch(state["history"])}, "does not count epochs"),
        ({"params": one_nan(state["params"])}, "is not finite"),
    ):
        with pytest.raises(ValueError, match=why):
            fresh.load_state(state | wrong)
        assert not fresh.history
        np.testing.assert_array_equal(fresh.network.params, before)
    fresh.load_state(state)
    np.testing.assert_array_equal(fresh.network.params, done.network.params)


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
    trainer: Any = SimpleNamespace(
        history=[{"epoch": 1}],
        state=lambda: {"weights": np.zeros(1)},
        training=SimpleNamespace(continue_from=None, keep_checkpoint=False),
    )
    for pause_s, expected in ((60.0, False), (0.0, True)):
        (tmp_path / f"{pause_s}").mkdir()
        journal = Journal(tmp_path / f"{pause_s}", trainer, pause_s)
        journal.after_epoch(trainer)
        assert (journal.directory / CHECKPOINT).exists() == expected
        assert (journal.directory / HISTORY).read_text() == "epoch\n1\n"


def test_a_checkpoint_that_took_long_is_not_soon_followed_by_another(tmp_path: Path) -> None:
    def state() -> dict[str, Any]:
        time.sleep(0.05)  # of a slow disk
        return {"weights": np.zeros(1)}

    trainer: Any = SimpleNamespace(
        history=[{"epoch": 1}],
        state=state,
        training=SimpleNamespace(continue_from=None, keep_checkpoint=False),
    )
    journal = Journal(tmp_path, trainer)
    journal.after_epoch(trainer)
    (tmp_path / CHECKPOINT).unlink()
    trainer.history.append({"epoch": 2})
    journal.after_epoch(trainer)
    assert not (tmp_path / CHECKPOINT).exists()
    assert (tmp_path / HISTORY).read_text() == "epoch\n1\n2\n"
