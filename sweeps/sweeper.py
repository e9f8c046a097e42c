"""The resumable sweeper: plan → match with the disk → launch what is due → ask the strategy → sum up.

It serves any Hydra application (`hydra/sweeper: resumable`); sweeps/planning/settings.py has its settings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from sweeps.cli.command import mistake
from sweeps.cli.streams import open_streams
from sweeps.execution.cell_run import Job, Runner
from sweeps.execution.checks import check_launcher, check_machine, check_workers
from sweeps.execution.clearing import drop_checkpoints
from sweeps.execution.directory import working_in
from sweeps.execution.launch import Launch, worker_count
from sweeps.execution.plan_store import store
from sweeps.execution.returned import returns
from sweeps.execution.stopping import Stop, mark_interrupted, stoppable
from sweeps.planning import without_effect
from sweeps.planning.callables import call, load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import of_other_data
from sweeps.planning.draft import Draft
from sweeps.planning.due import Retry, has_result, is_stale
from sweeps.planning.grid import LARGEST
from sweeps.planning.groups import groups
from sweeps.planning.match import Match
from sweeps.planning.place import short, sweep_directory
from sweeps.planning.quoting import composed
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course, End
from sweeps.planning.strategies.ranges import searched
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.layout import SUPERSEDED
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record, load_records
from sweeps.records.strategy import latest_step, trial_ids
from sweeps.view import live
from sweeps.view.closing import closing_words
from sweeps.view.wording import finished, interrupted, planned, without_metric


def command(
    context: HydraContext,
    task_function: TaskFunction,
    config: DictConfig,
    settings: Mapping[str, Any],
    arguments: list[str],
) -> list[list[JobReturn]]:
    """Run a sweep as a command: mistakes on stderr, exit code as SystemExit unless it is 0.

    Returns one batch, the cells' ends.
    """
    open_streams()
    try:
        sweep = Sweep.of(context, task_function, composed(config), Settings.of(settings), arguments)
        code = sweep.run()
    except UserError as error:
        code = mistake(*error.lines)
    if code:
        context.callbacks.on_multirun_end(config=config, config_name=config.hydra.job.config_name)
        raise SystemExit(code)
    return [sweep.ends]


@dataclass(frozen=True)
class Sweep:
    """One sweep, from its command line to its exit code."""

    context: HydraContext
    task_function: TaskFunction
    config: DictConfig
    settings: Settings
    arguments: list[str]
    root: Path
    composer: Composer
    ends: list[JobReturn] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
        settings: Settings,
        arguments: list[str],
    ) -> Sweep:
        """Return the sweep of a command line. Raises UserError if it cannot run as it is set up."""
        check_machine()
        check_workers(config)
        root = sweep_directory(config)
        composer = Composer(context.config_loader, config)
        without_effect.refuse(config, context.config_loader)
        settings, arguments = searched(settings, arguments, composer.parser)
        settings.require_strategy()
        return cls(context, task_function, config, settings, arguments, root, composer)

    def run(self) -> int:
        """Run the sweep and return its exit code. Raises UserError before anything is written."""
        started = time.monotonic()
        closing = load_callable("closing", self.settings.closing)
        course = Course.of(Draft(self.settings, self.composer, self.arguments, self.root), started)
        before = self._advance(course, {} if self.settings.fresh else load_records(self.root))
        if self.settings.dry_run:
            print("\n".join([self._describe(before), *before.near_misses(self.settings)]))
            return 0
        check_launcher(self.config)
        for line in before.near_misses(self.settings):
            print(f"{line}; what is not planned stays on disk", flush=True)
        self._prepare(before)
        with working_in(self.root, fresh=self.settings.fresh, named=bool(self.settings.sweep)) as folder:
            problem = None
            with stoppable(folder / "stop") as stop:  # which ends the body, at the second signal
                problem = self._work(course, folder, stop, due=len(before.due))
            code = self._end(course, before.kept, stop, problem, time.monotonic() - started)
        if stop.signal is None and closing is not None:  # the directory is free for the next command by now
            trials = trial_ids(course.plan)
            closing_words(closing, self.root, [c.id for c in course.plan.cells if c.id not in trials])
        return code

    def _work(self, course: Course, folder: Path, stop: Stop, due: int) -> str | None:
        """Run what is due, until the strategy has ended. Returns what stopped the sweep, or None."""
        launch: Launch | None = None
        while True:
            plan, revision = store(course.plan, course.entries, self.root, folder, self.settings, due)
            course.saved(plan)
            match = course.match(load_records(self.root))
            if match.due:
                launch = launch or self._launch(match.plan, folder, revision)
                problem = self._run(match, launch, stop)
                if problem or stop.signal is not None:
                    return problem
            if course.is_over:
                return None
            due = self._continue(course, match.due)

    def _advance(self, course: Course, records: Mapping[str, Record]) -> Match:
        """Let the strategy add what it wants, unless something is due. Raises UserError."""
        return course.advance(records, worker_count(self.config, self.settings.workers, LARGEST))

    def _continue(self, course: Course, launched: Sequence[Cell]) -> int:
        """Ask the strategy after a launch; return how many cells are due by its answer."""
        course.launched.update(cell.id for cell in launched)
        try:
            match = self._advance(course, load_records(self.root))
            self._prepare(match)
        except UserError as error:
            course.stop(error)
            return 0
        return len(match.due)

    def _describe(self, match: Match) -> str:
        grouped = groups(match.plan.cells, self.settings, self.config)
        workers = worker_count(self.config, self.settings.workers, max(len(match.due), 1))
        due = [grouped[cell.id] for cell in match.due]
        return planned(short(self.root), match.plan, match.records, match.verdicts, workers, due)

    def _prepare(self, match: Match) -> None:
        """Let the application group the cells that are due, and get ready for them. Raises UserError."""
        groups(match.due, self.settings, self.config)
        prepare = load_callable("prepare", self.settings.prepare)
        if prepare is not None and (due := [cell.config for cell in match.due]):
            call("prepare", lambda: prepare(due), prepare)

    def _launch(self, plan: Plan, folder: Path, revision: dict[str, Any]) -> Launch:
        """Return what runs the cells of this command."""
        runner = Runner(
            task_function=self.task_function,
            hydra_context=self.context,
            composer=self.composer,
            root=self.root,
            sweep=plan.sweep,
            launch="",
            code=plan.code,
            ignore=self.settings.ignore,
            revision=revision,
            goal=self.settings.goal,
            group_job=load_callable("group_job", self.settings.group_job),
        )
        return Launch(runner, self.config, folder, self.settings)

    def _run(self, match: Match, launch: Launch, stop: Stop) -> str | None:
        """Run what is due, shown live. Returns what stopped the sweep, or None."""
        plan, records, verdicts = match.plan, match.records, match.verdicts
        grouped = groups(match.due, self.settings, self.config)
        due = {cell.id for cell in match.due}
        jobs = [
            Job.of(number, cell, verdicts[cell.id], records.get(cell.id), grouped[cell.id].key)
            for number, cell in enumerate(plan.cells)
            if cell.id in due
        ]
        if line := other_data(of_other_data(plan, {cell_id: records.get(cell_id) for cell_id in due})):
            print(f"{line}: run again; the old ones are kept in {short(self.root / SUPERSEDED)}")
        workers = worker_count(self.config, self.settings.workers, len(jobs))
        with live.live(self.root, plan, records=records, due=due, workers=workers, note=latest_step(plan)):
            return launch.run(jobs, stop)

    def _end(self, course: Course, kept: int, stop: Stop, problem: str | None, seconds: float) -> int:
        """Print how the sweep ended and return its exit code."""
        plan, records = course.plan, load_records(self.root)
        results = sum(has_result(records.get(cell.id), cell.content) for cell in plan.cells)
        if stop.signal is not None:
            mark_interrupted(records, stop.file.parent.name)
            print(interrupted(short(self.root), plan, results, stop.signal.name, seconds))
            return stop.exit_code
        if course.end is not None and course.end.finished:
            drop_checkpoints(records[cell] for cell in trial_ids(plan) if cell in records)
        stale = sum(
            cell.id in records and records[cell.id].is_complete and is_stale(records[cell.id], plan.code)
            for cell in plan.cells
        )
        self.ends.extend(returns(plan, records, self.root, self.composer))
        retried = self.settings.mode is not Retry.NONE
        print(finished(short(self.root), plan, records, kept, stale, seconds, retried))
        if line := without_metric(self.settings.goal, plan, records):
            print(line)
        print_end(course.end)
        if problem:
            print(f"error: {problem}", file=sys.stderr)
        if line := other_data(of_other_data(plan, records)):
            print(f"{line}: not what was planned; the same command runs them again")
        broken = problem or (course.end is not None and course.end.problem)
        return 0 if results == len(plan.cells) and not broken else 1


def print_end(end: End | None) -> None:
    """Print why the strategy has ended, and what it leaves open."""
    if end is None:
        return
    if end.problem:
        print(f"error: {end.why}", file=sys.stderr)
        return
    for line in filter(None, (end.why, *end.left)):
        print(line)
