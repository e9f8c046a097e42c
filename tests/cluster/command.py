"""The 16-cell grid of the cluster tests, as a command in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from sweeps.records.record import Record, load_records
from tests.support.tiny.driver import PROJECT, wait_until

CELLS, EPOCHS = 16, 30
GRID = (
    *("activation=relu,gelu,tanh,selu", "loss=softmax_ce,hinge", "optimizer.weight_decay=0,5e-4"),
    *("dataset=sample", "model.hidden=[16]", "training.batch_size=5", f"training.epochs={EPOCHS}"),
)
LOCAL = ("hydra/launcher=local", "hydra.launcher.n_jobs=2")
SLURM = (
    *("hydra/launcher=slurm", "hydra.launcher.min_cells=1", "hydra.launcher.mem_gb=0.5"),
    "hydra.launcher.array_parallelism=2",
)
# what may differ between runs; the rows of a history are compared by themselves, without their seconds
TIMES = ("timing", "started", "finished", "launch", "attempts", "provenance", "history_csv")


class Grid:
    """The grid in a directory, run by one launcher; `mine` are its overrides."""

    def __init__(
        self, root: Path, mine: tuple[str, ...], environment: Mapping[str, str] | None = None
    ) -> None:
        self.root, self.mine = root, mine
        self.environment = {**os.environ, "SWEEP_TEST": "1", **(environment or {})}
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *overrides: str) -> "subprocess.Popen[str]":
        always = (*GRID, *self.mine, f"hydra.sweep.dir={self.root}")
        process = subprocess.Popen(
            [sys.executable, "-m", "sweeps", *instead(always, overrides)],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Stop the commands that a failed test has left at work: the next has the cluster to itself."""
        for process in self.started:
            stop(process)

    def run(self, *overrides: str, code: int = 0) -> str:
        """Run to the end, check the exit code, and return what was printed."""
        return finish(self.start(*overrides), code)

    def kept(self) -> list[str]:
        """Return what `.sweep` holds but the changes of a tree that is not committed."""
        return [path.name for path in (self.root / ".sweep").iterdir() if path.suffix != ".diff"]

    def records(self) -> list[Record]:
        return list(load_records(self.root).values())

    def results(self) -> dict[str, dict[str, Any]]:
        """Return cell id → its record, without what says when and where it was run."""
        return {
            record.cell_id: {key: value for key, value in record.data.items() if key not in TIMES}
            for record in self.records()
        }

    def histories(self) -> dict[str, list[str]]:
        """Return cell id → the rows of its history.csv, without the columns of times."""
        return {record.cell_id: _history(record.path / "history.csv") for record in self.records()}

    def wait_for_running(self, cells: int = 1, done: int = 0) -> list[Record]:
        """Wait until so many cells run, a few epochs in, and so many are done; return those that run."""

        def found() -> list[Record]:
            records = self.records()
            mine = [
                one for one in records if one.status == "running" and (one.path / "checkpoint.npz").exists()
            ]
            enough = sum(one.status == "done" for one in records) >= done
            return mine if len(mine) >= cells and enough else []

        running: list[Record] = wait_until(found, 180)  # a busy machine starts Ray in a minute
        return running


def instead(always: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return all of them, but those that an override replaces: no command may set a key twice."""
    replaced = {override.partition("=")[0] for override in overrides}
    return [*(each for each in always if each.partition("=")[0] not in replaced), *overrides]


def finish(process: "subprocess.Popen[str]", code: int = 0, seconds: float = 240) -> str:
    """Wait for a command's end, check its exit code, and return what it printed."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
        raise AssertionError(f"did not end within {seconds} s\n{out}\n{err}") from None
    except BaseException:  # the tests are to end
        process.terminate()
        raise
    assert process.returncode == code, f"exit code {process.returncode}, not {code}\n{out}\n{err}"
    return f"{out}\n{err}"


def stop(process: "subprocess.Popen[str]") -> None:
    """End a command that is still at work."""
    if process.poll() is None:
        process.terminate()
        process.communicate()


def assert_same(grid: Grid, reference: Grid) -> None:
    """Every figure is bit-identical, and each epoch is there exactly once."""
    assert len(grid.results()) == CELLS
    theirs = reference.results()
    for cell, record in grid.results().items():
        apart = {key for key in record | theirs[cell] if record.get(key) != theirs[cell].get(key)}
        assert not apart, {key: (record.get(key), theirs[cell].get(key)) for key in apart}
    assert grid.histories() == reference.histories()
    assert {len(rows) for rows in grid.histories().values()} == {1 + EPOCHS}


def assert_continues(grid: Grid, reference: Grid) -> None:
    """The same command finishes a stopped grid: what was done is kept as it is, nothing is left out."""
    assert "running" not in {record.status for record in grid.records()}
    done = {record.cell_id: record.data["finished"] for record in grid.records() if record.is_complete}
    assert 2 <= len(done) < CELLS
    assert f"({len(done)} kept, {CELLS - len(done)} run)" in grid.run()
    assert {one.cell_id: one.data["finished"] for one in grid.records() if one.cell_id in done} == done
    assert_same(grid, reference)


def attempts(grid: Grid) -> list[int]:
    """Return how often each cell was started, in increasing order."""
    return sorted(record.data["attempts"] for record in grid.records())


def worker_of(record: Record) -> psutil.Process:
    """Return the worker of a running cell: the parent of the process that trains it."""
    parent = psutil.Process(record.data["worker"]["pid"]).parent()
    assert parent is not None
    return parent


def disturb(grid: Grid, fault: Callable[[Record], object]) -> str:
    """Run the grid, with a fault to one of its running cells, and return what was printed."""
    process = grid.start()
    try:
        running = grid.wait_for_running(cells=2, done=2)
        fault(running[0])
    except BaseException:
        process.terminate()
        print(*process.communicate(), sep="\n")
        raise
    return finish(process)


def _history(path: Path) -> list[str]:
    rows = [row.split(",") for row in path.read_text().splitlines()]
    times = {rows[0].index(name) for name in ("epoch_cpu_s", "epoch_wall_s")}
    return [",".join(value for index, value in enumerate(row) if index not in times) for row in rows]
