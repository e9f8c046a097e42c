"""One run of one cell, in the process that may die of it: record `running`, call the job, record the end.

The application's function is called as Hydra calls it (callbacks, HydraConfig, logging, working directory);
cells that need nothing of Hydra are handed to its function for groups, those of a group together.
What it returns, a mapping, goes into the record; any exception, `sys.exit` included, goes there with its
traceback.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

import yaml
from hydra.core.utils import JobStatus, configure_log, run_job
from hydra.errors import HydraException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from sweeps.execution.job_call import exit_as_exception, in_directory
from sweeps.execution.jobs import Job
from sweeps.execution.outcome import failure, outcome
from sweeps.execution.output_log import captured
from sweeps.planning.compose import Composer
from sweeps.planning.identity import cell_id, job_values_as_text, resolve
from sweeps.planning.subdir import placed
from sweeps.records import superseded
from sweeps.records.atomic import write_atomic
from sweeps.records.history import HISTORY_KEY, description
from sweeps.records.layout import CONFIG, OUTPUT
from sweeps.records.member import Member
from sweeps.records.metric import Goal
from sweeps.records.process import this_process
from sweeps.records.record import read_record, timestamp, write_record
from sweeps.records.schema import COMPLETE, SCHEMA

GroupJob = Callable[[Sequence[Member]], Iterable[tuple[int, Any]]]


@dataclass
class Runner:
    """Runs cells of one sweep; travels to every worker."""

    task_function: TaskFunction
    hydra_context: HydraContext
    composer: Composer
    root: Path
    sweep: str
    launch: str
    code: str
    ignore: list[str]
    workers: int = 1
    revision: dict[str, Any] = field(default_factory=dict)
    group_job: GroupJob | None = None
    goal: Goal | None = None
    logs: bool = False  # in this process, as Hydra has it: on its standard output, wherever that goes

    def run(self, job: Job) -> str:
        """Run a cell and return its status. Raises OSError if its record cannot be written."""
        return self._run_alone(job, self._open(job))

    def run_group(self, jobs: Sequence[Job]) -> None:
        """Run cells together. Raises OSError if a record cannot be written.

        If the job for groups fails, those without an end are run one by one: which of them is at fault shows
        only then.
        """
        assert self.group_job is not None
        left = {number: self._open(job) for number, job in enumerate(jobs)}
        members = [self._member(job, left[number]) for number, job in enumerate(jobs)]
        with captured(self.root / jobs[0].name / OUTPUT), contextlib.suppress(Exception):
            for number, job in enumerate(jobs):
                self._begin(job, left[number])
            for number, value in self.group_job(members):
                self._end(left[number], outcome(value, left[number]))
                del left[number]
        for number, record in left.items():
            self._run_alone(jobs[number], record)

    def _open(self, job: Job) -> dict[str, Any]:
        """Write the record of a cell that starts, and return it."""
        record = self.header(job)
        write_record(self.root / job.name, record, durable=False)
        return record

    def _run_alone(self, job: Job, record: dict[str, Any]) -> str:
        started = time.monotonic()
        with captured(self.root / job.name / OUTPUT):
            try:
                end = self._call(job, record)
            except Exception as error:
                end = failure(error)
        if end["status"] in COMPLETE:
            timing = end.get("timing") or record["timing"]
            end["timing"] = {"total_wall_s": time.monotonic() - started, **timing}  # a job may know better
        return self._end(record, end)

    def _end(self, record: dict[str, Any], end: dict[str, Any]) -> str:
        """Write the record of a cell that has ended, and return its status."""
        try:
            self.close(record | end)
        except (TypeError, ValueError, RecursionError) as error:  # what the job returned is no JSON
            self.close(record | (end := failure(error)))
        return str(end["status"])

    def header(self, job: Job) -> dict[str, Any]:
        """Return what the record of a cell says when it starts."""
        config, choices = self._composed(job)
        worker = asdict(this_process())
        del worker["token"]
        known = {"provenance": self.revision} if self.revision else {}
        if job.content is not None:
            known["dataset"] = {"name": job.content.name, "sha256": job.content.sha256}
        return {
            "schema": SCHEMA,
            "cell_id": job.id,
            "name": job.name,
            "sweep": self.sweep,
            "status": "running",
            "config": config,
            "choices": choices,
            "overrides": job.overrides,
            "code": self.code,
            "ignore": self.ignore,
            "attempts": int(read_record(self.root / job.name).data.get("attempts", 0)) + 1,
            "started": timestamp(),
            "launch": self.launch,
            "worker": worker,
            "timing": {"concurrent_runs": self.workers},
            **({"metric": self.goal.as_json()} if self.goal else {}),
            **known,
        }

    def close(self, record: dict[str, Any]) -> None:
        """Write the record of a cell that has ended; with a result, drop what was kept of an earlier one."""
        record.pop("worker", None)
        end: dict[str, Any] = {"finished": timestamp()}
        if record["status"] in COMPLETE:
            end[HISTORY_KEY] = description(self.root / record["name"])
        write_record(self.root / record["name"], record | end)
        if record["status"] in COMPLETE:
            superseded.drop(self.root, record["name"])

    def _composed(self, job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a cell's config and choices; none if they do not compose here, which `_call` reports."""
        try:
            task, choices = self.composer.task(job.overrides)
            with job_values_as_text():
                return resolve(task), choices
        except (HydraException, OmegaConfBaseException):
            return {}, {}

    def _call(self, job: Job, record: dict[str, Any]) -> dict[str, Any]:
        """Call the job and return what its end adds to the record."""
        if self.group_job is not None and job.group is not None:
            self._begin(job, record)
            return outcome(exit_as_exception(lambda _: self._alone(job, record))(None), record)
        config = self._hydra_config(job)
        self._begin(job, record)
        result = run_job(
            task_function=exit_as_exception(in_directory(self.task_function, self.root / job.name)),
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=self.hydra_context,
        )
        if result.status is JobStatus.FAILED:
            return failure(result._return_value)
        return outcome(result.return_value, record)

    def _alone(self, job: Job, record: dict[str, Any]) -> Any:
        """Call the job for groups with one cell, which saves what Hydra does around a job: 30 ms."""
        assert self.group_job is not None
        if not (job.group or self.logs):  # all that Hydra would do for it: see planning/groups.py
            hydra, self.logs = self.composer.master.hydra, True
            configure_log(hydra.job_logging, hydra.verbose)
        ((_, value),) = self.group_job([self._member(job, record)])
        return value

    def _member(self, job: Job, record: dict[str, Any]) -> Member:
        return Member(record["config"], self.root / job.name, self.workers)

    def _begin(self, job: Job, record: dict[str, Any]) -> None:
        """Write a cell's config. Raises RuntimeError if it is not the one that was planned."""
        if (found := cell_id(record["config"], self.ignore)) != job.id:
            raise RuntimeError(
                f"composed here, the config is that of cell {found}: it depends on the machine"
            )
        text = yaml.dump(record["config"], Dumper=_Dumper, sort_keys=False, allow_unicode=True)
        write_atomic(self.root / job.name / CONFIG, text.encode(), durable=False)

    def _hydra_config(self, job: Job) -> DictConfig:
        """Compose the config that tells the job where and as what it runs."""
        return placed(self.composer.full(job.overrides), self.root, job.name, job.number)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes paths as text."""


_Dumper.add_multi_representer(PurePath, lambda dumper, path: dumper.represent_str(str(path)))
