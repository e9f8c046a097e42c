"""Workers as the tasks of one SLURM job array, submitted by submitit.

submitit waits without end for a task that SLURM has forgotten or will never start again, and asks as seldom
as every ten minutes; so the waiting is done here. A task is over when it has left the queue, which slurmctld
is asked for (squeue; no accounting is needed), and asked at once when all have left a result.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from sweeps.execution.slurm_commands import run

if TYPE_CHECKING:
    from sweeps.execution.worker import Worker

FOLDER = ".submitit"  # <the command's folder>/.submitit: what is submitted, and each task's result and log
LOOK_S, MANY = 1.0, 100  # between looks for results, and as much longer for each so many tasks
ASK_S, SELDOM_S = 2.0, 60.0  # between questions to SLURM: at first, and later
LATE_S = 15.0  # what a result may take to be seen, through the file system, once its task has left the queue
SILENCE_S = 1800.0  # without an answer from SLURM, and without any result, before its tasks count as lost
CANCEL_S = 8.0  # what cancelled tasks get to end
NEVER = ("requeue", "dependencyneversatisfied")  # in a pending task's reason: it is not started any more
LOST = (
    *("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED"),
    *("NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"),
)  # states of a task that leaves no result any more


class TaskLost(Exception):
    """A task has ended without a result: it was killed, cancelled, preempted, or its node has died."""


def launch(worker: Worker, count: int, folder: str, settings: Mapping[str, Any]) -> list[JobReturn]:
    """Run the worker in so many tasks, and return how each has ended. No task is left, however that ends."""
    place = Path(folder) / FOLDER
    array = Array(place, submit(worker, count, place, settings), worker.todo.is_empty)
    try:
        array.wait()
    except BaseException:
        array.cancel()
        raise
    cancel(array.ids)  # tasks that have not begun when all cells were taken
    return [array.result(task) for task in array.ids]


def submit(worker: Worker, count: int, place: Path, settings: Mapping[str, Any]) -> list[str]:
    """Submit the tasks as one array and return their ids. Raises submitit's error if sbatch refuses them."""
    import submitit

    plain = {key: OmegaConf.to_container(v) if OmegaConf.is_config(v) else v for key, v in settings.items()}
    general = {key: plain.pop(key) for key in ("timeout_min", "cpus_per_task", "mem_gb", "name")}
    for key in ("min_cells", "start_method"):  # the sweeper's
        plain.pop(key, None)
    special = {f"slurm_{key}": value for key, value in plain.items() if value not in (None, [], {})}
    executor = submitit.AutoExecutor(cluster="slurm", folder=place, slurm_max_num_timeout=0)
    executor.update_parameters(nodes=1, tasks_per_node=1, **general, **special)
    return [job.job_id for job in executor.map_array(worker, [None] * count)]


@dataclass
class Array:
    """The tasks of a launch, and what is known of them; `is_idle`: whether there is nothing left to take."""

    place: Path
    ids: Sequence[str]
    is_idle: Callable[[], bool]
    gone: dict[str, float] = field(default_factory=dict)  # task -> since when it is not in the queue
    done: set[str] = field(default_factory=set)  # tasks that have left a result
    why: dict[str, str] = field(default_factory=dict)  # what is known of a task that was lost
    spare: set[str] = field(default_factory=set)  # tasks that are not needed any more

    def wait(self) -> None:
        """Return when every task is over."""
        started = heard = time.monotonic()
        asked = 0.0
        left = set(self.ids)
        while left:
            time.sleep(LOOK_S * (1 + len(left) / MANY))
            now = time.monotonic()
            if new := self._results() - self.done:
                self.done |= new
                heard = now
            pause = ASK_S if self.gone else min(SELDOM_S, max(ASK_S, (now - started) / 10))
            if self.done.issuperset(left) or now - asked > pause:
                asked = now
                if (queue := self._queue()) is not None:
                    heard = now
                    left = self._left(left, queue, now)
                elif self.done.issuperset(left):
                    return
            if now - heard > SILENCE_S:
                self.why |= dict.fromkeys(left, f"SLURM does not answer for {SILENCE_S / 60:.0f} minutes")
                return

    def _left(self, left: set[str], queue: Mapping[str, tuple[str, str]], now: float) -> set[str]:
        """Return the tasks that are not over: a task with a result may have been put into the queue again."""
        there = {task for task, (state, _) in queue.items() if state != "COMPLETING"}
        pending = {task for task in left if queue.get(task, ("", ""))[0] == "PENDING"}
        if self.is_idle():
            self.spare |= pending
        stuck = {task for task in pending if any(word in queue[task][1].lower() for word in NEVER)}
        self.why |= {task: queue[task][1] for task in stuck}
        left = left - self.spare - stuck - (self.done - queue.keys())
        self.gone = {task: self.gone.get(task, now) for task in left - there}
        return left - self._lost(left - queue.keys()) - self._late(now)

    def _lost(self, tasks: set[str]) -> set[str]:
        """Return those of the tasks that will leave no result: all are asked for at once."""
        states = self._states() if tasks else {}
        self.why |= {task: states[task] for task in tasks & states.keys()}
        return {task for task in tasks if states.get(task) in LOST}

    def _late(self, now: float) -> set[str]:
        return {task for task, since in self.gone.items() if now - since > LATE_S}

    def _results(self) -> set[str]:
        """Return the tasks that have left a result."""
        names = {path.name for path in self.place.glob("*_result.pkl")}
        return {task for task in self.ids if f"{task}_0_result.pkl" in names}

    def _queue(self) -> dict[str, tuple[str, str]] | None:
        """Return task -> (state, reason) of what SLURM has to run or runs; None if it does not answer."""
        array = self.ids[0].partition("_")[0]
        asked = run("squeue", "--noheader", "--array", f"--jobs={array}", "--format=%i|%T|%r")
        if asked is None:
            return None
        if asked.returncode:  # of a job that has ended a while ago it says that there is none
            return {} if "Invalid job id" in asked.stderr else None
        rows = [line.strip().split("|", 2) for line in asked.stdout.splitlines() if line.count("|") == 2]
        return {task: (state, reason) for task, state, reason in rows}

    def _states(self) -> dict[str, str]:
        """Return task -> SLURM's word for how it is or has ended, as long as slurmctld remembers it."""
        shown = run("scontrol", "--oneliner", "show", "job", self.ids[0].partition("_")[0])
        lines = shown.stdout.splitlines() if shown is not None and shown.returncode == 0 else []
        rows = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
        return {f"{row.get('ArrayJobId')}_{row.get('ArrayTaskId')}": row.get("JobState", "") for row in rows}

    def result(self, task: str) -> JobReturn:
        """Return how a task has ended: with what its worker returned, with its exception, or lost."""
        try:
            outcome, value = pickle.loads((self.place / f"{task}_0_result.pkl").read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError):
            if task in self.spare:
                return JobReturn(_return_value={"problem": None}, status=JobStatus.COMPLETED)
            value = TaskLost(f"SLURM task {task}: {self.why.get(task, 'left no result')}")
            outcome = "lost"
        if outcome == "success":
            return JobReturn(_return_value=value, status=JobStatus.COMPLETED)
        if outcome == "error":  # what submitit keeps of an exception is its traceback
            value = TaskLost(f"SLURM task {task}: {str(value).strip().splitlines()[-1]}")
        print(f"{value}; its cells are run again", file=sys.stderr)
        return JobReturn(_return_value=value, status=JobStatus.FAILED)

    def cancel(self) -> None:
        """Cancel all tasks, and wait a moment until they have let go of their cells."""
        cancel(self.ids)
        end = time.monotonic() + CANCEL_S
        while time.monotonic() < end and self._queue():
            time.sleep(0.2)


def cancel_left_behind(folder: Path) -> None:
    """Cancel the tasks of a command that has died, going by what it left in its folder.

    The folder may be anybody's: only what was submitted from there is cancelled.
    """
    place = folder / FOLDER
    named = {path.name.partition("_")[0] for path in place.glob("*_submi*")}
    ids = sorted(name for name in named if name.isascii() and name.isdigit())
    asked = run("squeue", "--noheader", f"--jobs={','.join(ids)}", "--format=%F|%o") if ids else None
    rows = [line.strip().partition("|") for line in asked.stdout.splitlines()] if asked else []
    if own := {array for array, _, script in rows if array in ids and Path(script).is_relative_to(place)}:
        cancel(sorted(own))


def cancel(ids: Sequence[str]) -> None:
    """Cancel the arrays that these tasks belong to."""
    run("scancel", "--quiet", *sorted({task.partition("_")[0] for task in ids}))
