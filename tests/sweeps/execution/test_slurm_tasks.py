"""When a task of a SLURM array is over: sweeps.execution.on_slurm, with a queue that says what a test wants.

The queue is a script called squeue; tests/cluster has the real one.
"""

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra.core.utils import JobStatus

from sweeps.execution import on_slurm
from sweeps.execution.on_slurm import Array

IDS = ["7_0", "7_1"]


class Queue:
    """A squeue that prints rows, or fails as without slurmctld; scancel notes what it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cancelled = folder / "cancelled"
        self._script("squeue", 'cat "$0.rows" 2>/dev/null || { echo "Unable to contact slurm" >&2; exit 1; }')
        self._script("scancel", f'echo "$@" >> {self.cancelled}')
        self.end("7_1", "COMPLETED")
        self.set()

    def set(self, *rows: str) -> None:
        (self.folder / "squeue.rows").write_text("".join(f"{row}\n" for row in rows))

    def end(self, task: str, state: str) -> None:
        array, _, number = task.partition("_")
        row = f"JobId=8 ArrayJobId={array} ArrayTaskId={number} JobState={state} Reason=x"
        self._script("scontrol", f'echo "{row}"')

    def break_down(self) -> None:
        (self.folder / "squeue.rows").unlink()

    def _script(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for name, value in {"LOOK_S": 0.02, "ASK_S": 0.05, "LATE_S": 0.4, "SILENCE_S": 1.0}.items():
        monkeypatch.setattr(on_slurm, name, value)
    return Queue(tmp_path)


@pytest.fixture
def array(queue: Queue) -> Array:
    return Array(queue.folder, IDS, is_idle=lambda: False)


def leave_result(folder: Path, task: str, outcome: str = "success", value: Any = None) -> None:
    (folder / f"{task}_0_result.pkl").write_bytes(pickle.dumps((outcome, value or {"problem": None})))


def seconds(call: Callable[[], None]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def test_tasks_with_results_that_have_left_the_queue_are_over(queue: Queue, array: Array) -> None:
    for task in IDS:
        leave_result(queue.folder, task, value={"problem": f"that of {task}"})
    assert seconds(array.wait) < 0.3
    ends = [array.result(task) for task in IDS]
    assert [end.return_value["problem"] for end in ends] == ["that of 7_0", "that of 7_1"]


def test_a_task_that_has_ended_without_a_result_is_lost_unless_that_comes_late(
    queue: Queue, array: Array, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_result(queue.folder, "7_0")
    assert 0.4 < seconds(array.wait) < 1
    assert array.result("7_1").status is JobStatus.FAILED
    assert "SLURM task 7_1: COMPLETED; its cells are run again" in capsys.readouterr().err
    leave_result(queue.folder, "7_1")
    assert array.result("7_1").status is JobStatus.COMPLETED


@pytest.mark.parametrize("state", ["NODE_FAIL", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY"])
def test_a_task_that_leaves_no_result_any_more_is_lost_at_once(
    queue: Queue, array: Array, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_result(queue.folder, "7_0")
    queue.end("7_1", state)
    assert seconds(array.wait) < 0.4
    assert array.result("7_1").status is JobStatus.FAILED
    assert f"SLURM task 7_1: {state}; its cells are run again" in capsys.readouterr().err


def test_a_task_that_raised_is_lost_with_its_exception(
    queue: Queue, array: Array, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_result(queue.folder, "7_0", "error", "Traceback …\nMemoryError: no more\n")
    assert array.result("7_0").status is JobStatus.FAILED
    assert "SLURM task 7_0: MemoryError: no more" in capsys.readouterr().err


def test_a_task_with_a_result_that_is_put_into_the_queue_again_is_waited_for(
    queue: Queue, array: Array
) -> None:
    array.done = set(IDS)
    assert array._left(set(IDS), {"7_0": ("PENDING", "BeginTime")}, time.monotonic()) == {"7_0"}


def test_tasks_that_still_wait_when_nothing_is_left_to_do_are_spare(queue: Queue) -> None:
    array = Array(queue.folder, IDS, is_idle=lambda: True)
    leave_result(queue.folder, "7_0")
    queue.set("7_1|PENDING|Resources")
    assert seconds(array.wait) < 0.4
    assert array.result("7_1").status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    "reason", ["launch failed requeued held", "JobHoldMaxRequeue", "DependencyNeverSatisfied"]
)
def test_a_task_that_will_never_be_started_is_not_waited_for(
    queue: Queue, array: Array, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_result(queue.folder, "7_0")
    queue.set(f"7_1|PENDING|{reason}")
    assert seconds(array.wait) < 0.4
    assert array.result("7_1").status is JobStatus.FAILED
    assert reason in capsys.readouterr().err


def test_a_task_that_never_gets_over_completing_is_not_waited_for(queue: Queue, array: Array) -> None:
    leave_result(queue.folder, "7_0")
    queue.set("7_1|COMPLETING|None")
    assert 0.4 < seconds(array.wait) < 1


def test_results_count_while_slurm_does_not_answer(queue: Queue, array: Array) -> None:
    queue.break_down()
    for task in IDS:
        leave_result(queue.folder, task)
    assert seconds(array.wait) < 0.3


def test_a_slurm_that_never_answers_again_is_not_waited_for_without_end(
    queue: Queue, array: Array, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.break_down()
    assert 1 < seconds(array.wait) < 2
    assert array.result("7_0").status is JobStatus.FAILED
    assert "SLURM does not answer" in capsys.readouterr().err


def test_what_a_dead_command_has_left_in_the_queue_is_cancelled(queue: Queue) -> None:
    place = queue.folder / on_slurm.FOLDER
    place.mkdir()
    for name in ("12_0_submitted.pkl", "12_1_submitted.pkl", "12_submission.sh", "13_submitted.pkl"):
        (place / name).touch()
    (place / ".submission_file_ab12.sh").touch()
    queue.set(f"12|{place}/.submission_file_ab12.sh", "13|/home/another/job.sh")
    on_slurm.cancel_left_behind(queue.folder)
    assert queue.cancelled.read_text() == "--quiet 12\n", "what came from elsewhere is none of ours"
