"""Launching: workers through whatever launcher is configured, again while cells are lost with their workers.

The rule for what dies: a cell whose own process dies is started again by its worker, at most `max_attempts`
times in all. When the worker itself dies (joblib then ends all of them), every cell that was running is lost
without being at fault, and is started again by new workers; since one of them may have been at fault, that
happens at most `max_attempts` times to each cell within one command.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra._internal.callbacks import Callbacks
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from sweeps.cli.orphan_guard import guarded
from sweeps.execution.attempts import Limits
from sweeps.execution.capacity import worker_count
from sweeps.execution.cell_run import Runner
from sweeps.execution.elsewhere import is_done_elsewhere
from sweeps.execution.jobs import Job
from sweeps.execution.queue_on_disk import Todo
from sweeps.execution.stopping import Interrupted, Stop, end_descendants
from sweeps.execution.units import units
from sweeps.execution.worker import Worker
from sweeps.planning.callables import load_callable
from sweeps.planning.draft import Draft
from sweeps.planning.quoting import literal, quoted
from sweeps.planning.settings import Settings
from sweeps.records import lock
from sweeps.records.layout import LOCK
from sweeps.records.metric import goal_of
from sweeps.records.plan import Plan
from sweeps.records.process import this_process
from sweeps.records.record import Record, read_record
from sweeps.records.schema import BEGUN

IDLE_ROUNDS = 4  # launches in a row that start no cell, before a sweep is given up
WAIT_S = 0.5  # between looks at the cells that another sweep runs


@dataclass
class Launch:
    """Runs due cells; `folder` is this command's own, and gone when it ends."""

    runner: Runner
    config: DictConfig
    folder: Path
    settings: Settings
    losses: Counter[str] = field(default_factory=Counter)
    loss: str = ""  # how a worker of the last round was lost, if one was
    rounds: int = 0  # of this command
    content: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Pickle the config while that can be done.

        A launcher that runs a worker in this process (joblib, if there is one only) has Hydra import all
        plugins anew; pickle then refuses an object whose class was made before.
        """
        self.content = pickle.dumps(self.config)

    @classmethod
    def of(
        cls,
        context: HydraContext,
        task_function: TaskFunction,
        draft: Draft,
        plan: Plan,
        folder: Path,
        revision: dict[str, Any],
    ) -> Launch:
        """Return what runs the cells of a plan; `revision` is that of their code."""
        settings, composer = draft.settings, draft.composer
        runner = Runner(
            task_function=task_function,
            hydra_context=context,
            composer=composer,
            root=draft.root,
            sweep=plan.sweep,
            launch="",
            code=plan.code,
            ignore=settings.ignore,
            revision=revision,
            goal=goal_of({"metric": plan.metric}),
            group_job=load_callable("group_job", settings.group_job),
        )
        return cls(runner, composer.master, folder, settings)

    def run(self, jobs: Sequence[Job], stop: Stop) -> str | None:
        """Run the jobs until each has ended or is given up. Returns what stopped the sweep, or None."""
        due = list(jobs)
        idle = 0
        while due and stop.signal is None:
            self.runner.launch = f"{self.folder.name}.{self.rounds + 1}"
            self.rounds += 1
            problem, crash = self._round(due, stop)
            if problem is not None or stop.signal is not None:
                return problem
            before = len(due)
            due, begun, lost = self._left(due)
            idle = 0 if begun or len(due) < before else idle + 1
            if due and idle and crash is not None:
                return f"the launcher failed: {crash}"
            if due and idle >= IDLE_ROUNDS:
                return f"{idle} times in a row the workers ended without having started a cell{self.loss}"
            self.losses.update(job.id for job in lost)
            due = [job for job in due if self.losses[job.id] < self.settings.max_attempts]
            due = self._free(due, stop)
        return None

    def _round(self, jobs: list[Job], stop: Stop) -> tuple[str | None, str | None]:
        """Launch workers once. Returns what a worker gave up for, and what the launcher raised, if so."""
        count = worker_count(self.config, self.settings.workers, len(jobs))
        self.runner.workers = count
        todo = Todo(self.folder / self.runner.launch.rpartition(".")[2])
        worker = Worker(todo, stop.file, this_process(), self._limits())
        try:
            todo.write(self.runner, units(jobs, count))
        except OSError as error:
            return f"cannot write {error.filename or self.folder}: {error.strerror}", None
        try:
            returned = self._launch(worker, count, jobs[0].overrides)
        except Interrupted:
            end_descendants()
            return None, None
        except BrokenExecutor as error:  # a worker was killed, and joblib has ended the others
            end_descendants()
            self.loss = f" ({type(error).__name__})"
            return None, None
        except Exception as error:
            end_descendants()
            return None, " ".join(f"{type(error).__name__}: {error}".split())
        failed = [job._return_value for job in returned if job.status is not JobStatus.COMPLETED]
        self.loss = f" ({type(failed[0]).__name__}: {failed[0]})" if failed else ""
        problems = [job.return_value["problem"] for job in returned if job.status is JobStatus.COMPLETED]
        return next((problem for problem in problems if problem), None), None

    def _limits(self) -> Limits:
        settings = self.settings
        method = settings.start_method or self.config.hydra.launcher.get("start_method")
        return Limits(settings.max_attempts, settings.timeout_s, method)

    def _launch(self, worker: Worker, count: int, composable: Sequence[str]) -> Sequence[JobReturn]:
        """Hand the workers to the launcher, and wait for them; `composable`: overrides that compose."""
        context = HydraContext(config_loader=self.runner.hydra_context.config_loader, callbacks=Callbacks())
        config: DictConfig = pickle.loads(self.content)
        with open_dict(config):
            config.hydra.sweep.dir = literal(self.folder)
            if "n_jobs" in config.hydra.launcher:
                config.hydra.launcher.n_jobs = count
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=worker, config=config
        )
        quiet = ["hydra.output_subdir=null", "hydra.job.chdir=false", "hydra/job_logging=none"]
        overrides = [
            [*composable, *quiet, f"hydra.sweep.dir={quoted(self.folder)}", f"hydra.sweep.subdir=worker-{n}"]
            for n in range(count)
        ]
        with guarded(), _silent(type(launcher).__module__, bool(config.hydra.verbose)):
            return launcher.launch(overrides, initial_job_idx=0)

    def _free(self, jobs: list[Job], stop: Stop) -> list[Job]:
        """Return the jobs that are still to be done, as soon as another sweep does not run all of them."""
        while jobs and stop.signal is None:
            records = {job.id: read_record(self.runner.root / job.name) for job in jobs}
            launch = self.runner.launch
            jobs = [job for job in jobs if not is_done_elsewhere(job, records[job.id], launch)]
            if not all(_is_worked_on(records[job.id]) for job in jobs):
                break
            time.sleep(WAIT_S)
        return jobs

    def _left(self, jobs: list[Job]) -> tuple[list[Job], bool, list[Job]]:
        """Return the jobs still to be done, whether any was started in this launch, and those lost in it."""
        due, begun, lost = [], False, []
        for job in jobs:
            record = read_record(self.runner.root / job.name)
            of_this_launch = record.data.get("launch") == self.runner.launch
            begun = begun or of_this_launch
            if of_this_launch and record.status in BEGUN:
                lost.append(job)
                due.append(replace(job, restart=False, superseded=False))  # it holds what is of this command
            elif not of_this_launch and not is_done_elsewhere(job, record, self.runner.launch):
                due.append(job)
        return due, begun, lost


def _is_worked_on(record: Record) -> bool:
    return record.status == "running" or lock.holder(record.path / LOCK) is not None


@contextlib.contextmanager
def _silent(module: str, verbose: bool) -> Iterator[None]:
    """Keep the launcher's own list of jobs, which are workers here, off the screen."""
    logger = logging.getLogger(module.rpartition(".")[0] if module.startswith("hydra_plugins.") else module)
    before = logger.level
    logger.setLevel(before if verbose else logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
