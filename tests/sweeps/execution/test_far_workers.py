"""Workers on another machine than their sweeper's, which know of it only through files."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from sweeps.execution.attempts import Limits
from sweeps.execution.queue_on_disk import Todo
from sweeps.execution.worker import Worker
from sweeps.records import lock
from sweeps.records.process import Owner

FAR = Owner("elsewhere", 1, "1", "a" * 12)


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """Return a worker whose sweeper is elsewhere, and alive."""
    (tmp_path / "lock").write_text(json.dumps(asdict(FAR)))
    return Worker(Todo(tmp_path / "1"), tmp_path / "stop", FAR, Limits())


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_it_works_while_the_sweepers_lock_is_fresh(worker: Worker) -> None:
    assert not worker.is_over()
    age(worker.stop.with_name("lock"), lock.STALE_S - 20)
    assert not worker.is_over()


def test_it_ends_when_the_sweep_is_stopped(worker: Worker) -> None:
    worker.stop.touch()
    assert worker.is_over()


def test_it_ends_when_the_sweeper_has_died_with_its_machine(worker: Worker) -> None:
    age(worker.stop.with_name("lock"), lock.STALE_S + 1)
    assert worker.is_over()


def test_it_ends_when_the_command_has_ended_and_removed_its_folder(worker: Worker) -> None:
    worker.stop.with_name("lock").unlink()
    assert worker.is_over()


def test_it_says_so_where_the_sweeps_directory_is_not_shared(worker: Worker) -> None:
    problem = worker(None)["problem"]  # type: ignore[arg-type]
    assert problem.startswith(f"{worker.todo.folder}/runner is not there on {os.uname().nodename}")


def test_a_kept_lock_is_refreshed_and_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "REFRESH_S", 0.05)
    path = tmp_path / "lock"
    with lock.kept(lock.acquire(path)):
        age(path, 60)
        time.sleep(0.3)
        assert time.time() - path.stat().st_mtime < 10
    assert not path.exists()


def test_a_holder_that_was_halted_too_long_notices_that_its_lock_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.acquire(path) as held:
        assert held.refresh()
        path.write_text(json.dumps(asdict(FAR)))
        age(path, 50)
        assert not held.refresh()
        assert time.time() - path.stat().st_mtime > 40, "nobody refreshes another's lock"
