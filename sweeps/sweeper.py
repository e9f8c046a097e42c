"""The resumable sweeper: plan → match with the disk → launch what is due → sum up.

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
from hydra.utils import get_class
from omegaconf import DictConfig

from sweeps.cli.command import mistake
from sweeps.cli.streams import open_streams
from sweeps.execution import fork_server
from sweeps.execution.cell_run import Job, Runner
from sweeps.execution.checks import check_launcher, check_machine, check_workers
from sweeps.execution.clearing import drop_checkpoints
from sweeps.execution.directory import working_in
from sweeps.execution.launch import Launch, worker_count
from sweeps.execution.notice import noticed
from sweeps.execution.plan_store import store
from sweeps.execution.returned import returns
from sweeps.execution.reuse import take_over
from sweeps.execution.stopping import Stop, mark_interrupted, stoppable
from sweeps.execution.terms import terms_of
from sweeps.planning import without_effect
from sweeps.planning.again import draft_again
from sweeps.planning.callables import call, load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import of_other_data
from sweeps.planning.draft import Draft
from sweeps.planning.due import Retry, has_result, is_stale
from sweeps.planning.grid import LARGEST
from sweeps.planning.groups import groups
from sweeps.planning.match import Match
from sweeps.planning.neighbours import Origin, as_places, found
from sweeps.planning.place import short, sweep_directory
from sweeps.planning.quoting import composed
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course, End
from sweeps.planning.strategies.ranges import searched
from sweeps.records.commands import session_of
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import SUPERSEDED
from sweeps.records.metric import goal_of
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
        with noticed(sweep.settings, sweep.root) as end:
            code = end.code = sweep.run()
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
        started, settings = time.monotonic(), self.settings
        closing = load_callable("closing", settings.closing)
        records = {} if settings.fresh else load_records(self.root)
        course = self._course(records, started)
        before = self._advance(course, records)
        there = self._elsewhere(before)
        if settings.dry_run:
            print("\n".join([self._describe(before, there), *self._near_misses(before)]))
            return 0
        check_launcher(self.config)
        for line in self._near_misses(before):
            print(f"{line}; what is not planned stays on disk", flush=True)
        self._prepare(before, there)
        due = len(before.due) - len(there)
        forks = fork_server.running(wanted=due > 0 and self._may_fork())
        terms, workers = terms_of(before.plan, settings), self._workers(due)
        place = working_in(self.root, terms, fresh=settings.fresh, workers=workers)
        with forks, place as folder:  # in this order: a lock is refreshed by a thread
            copied: dict[str, Origin] = {}
            course.session, problem = session_of(folder.name), None
            with stoppable(folder / "stop") as stop:  # which ends the body, at the second signal
                problem = self._work(course, before, there, copied, folder, stop)
            code = self._end(course, before, copied, stop, problem, time.monotonic() - started)
        if stop.signal is None and closing is not None:  # the directory is free for the next command by now
            trials = trial_ids(course.plan)
            closing_words(closing, self.root, [c.id for c in course.plan.cells if c.id not in trials])
        return code

    def _course(self, records: Mapping[str, Record], started: float) -> Course:
        """Return the plan of the command, and what its strategy may add to it."""
        draft = Draft(self.settings, self.composer, self.arguments, self.root)
        if self.settings.only:
            again = draft_again(self.settings, self.composer, self.root, records)
            course = Course.without_strategy(draft, again, started)
        else:
            course = Course.of(draft, started)
        course.excluded = {} if self.settings.fresh else read_excluded(self.root)
        course.again = bool(self.settings.only)
        return course

    def _work(
        self,
        course: Course,
        match: Match,
        there: Mapping[str, Origin],
        copied: dict[str, Origin],
        folder: Path,
        stop: Stop,
    ) -> str | None:
        """Run what is due, until the strategy has ended. Returns what stopped the sweep, or None."""
        launch: Launch | None = None
        while True:
            due = len(match.due)
            plan, revision = store(course.plan, course.entries, self.root, folder, self.settings, due)
            course.saved(plan)
            copied |= take_over(match, there, self.root, folder.name)
            match = course.match(load_records(self.root))
            if match.due:
                launch = launch or self._launch(match.plan, folder, revision)
                problem = self._run(match, launch, stop)
                if problem or stop.signal is not None:
                    return problem
            if course.is_over:
                return None
            match, there = self._continue(course, match.due)

    def _advance(self, course: Course, records: Mapping[str, Record]) -> Match:
        """Let the strategy add what it wants, unless something is due. Raises UserError."""
        return course.advance(records, self._workers(LARGEST))

    def _continue(self, course: Course, launched: Sequence[Cell]) -> tuple[Match, dict[str, Origin]]:
        """Ask the strategy after a launch; return the plan, and which of its due runs are elsewhere."""
        course.launched.update(cell.id for cell in launched)
        try:
            match = self._advance(course, load_records(self.root))
            there = self._elsewhere(match)
            self._prepare(match, there)
        except UserError as error:
            course.stop(error)
            return course.match(load_records(self.root)), {}
        return match, there

    def _elsewhere(self, match: Match) -> dict[str, Origin]:
        """Return where runs that are due are found in other directories, unless they are asked for anew."""
        settings = self.settings
        if not settings.reuse or settings.fresh or settings.only or settings.mode is Retry.ALL:
            return {}
        return found({cell.id: cell for cell in match.due}, self.root, match.plan.code)

    def _near_misses(self, match: Match) -> list[str]:
        return [] if self.settings.only else match.near_misses(self.settings)

    def _workers(self, due: int) -> int:
        return worker_count(self.config, self.settings.workers, max(due, 1))

    def _describe(self, match: Match, there: Mapping[str, Origin]) -> str:
        grouped = groups(match.plan.cells, self.settings, self.config)
        due = [grouped[cell.id] for cell in match.due if cell.id not in there]
        workers = self._workers(len(due))
        places = as_places(there)
        return planned(short(self.root), match.plan, match.records, match.verdicts, workers, due, places)

    def _prepare(self, match: Match, there: Mapping[str, Origin]) -> None:
        """Let the application group the cells that are due, and get ready for them. Raises UserError."""
        groups(match.due, self.settings, self.config)
        prepare = load_callable("prepare", self.settings.prepare)
        if prepare is not None and (due := [cell.config for cell in match.due if cell.id not in there]):
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
            goal=goal_of({"metric": plan.metric}),
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

    def _may_fork(self) -> bool:
        """Whether the launcher can do with forks, and nobody wants processes that start anew."""
        launcher = get_class(self.config.hydra.launcher._target_)
        return getattr(launcher, "forks", False) and self.settings.start_method != "spawn"

    def _end(
        self,
        course: Course,
        before: Match,
        copied: Mapping[str, Origin],
        stop: Stop,
        problem: str | None,
        seconds: float,
    ) -> int:
        """Print how the sweep ended and return its exit code."""
        plan, records = course.plan, load_records(self.root)
        counted = [cell for cell in plan.cells if course.again or cell.id not in course.excluded]
        results = sum(has_result(records.get(cell.id), cell.content) for cell in counted)
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
        kept, left_out = before.kept, {cell.id for cell in plan.cells} - {c.id for c in counted}
        retried, places = self.settings.mode is not Retry.NONE, as_places(copied)
        print(finished(short(self.root), plan, records, kept, stale, seconds, retried, places, left_out))
        if line := without_metric(plan, records):
            print(line)
        print_end(course.end)
        if problem:
            print(f"error: {problem}", file=sys.stderr)
        if line := other_data(of_other_data(plan, records)):
            print(f"{line}: not what was planned; the same command runs them again")
        broken = problem or (course.end is not None and course.end.problem)
        return 0 if results == len(counted) and not broken else 1


def print_end(end: End | None) -> None:
    """Print why the strategy has ended, and what it leaves open."""
    if end is None:
        return
    if end.problem:
        print(f"error: {end.why}", file=sys.stderr)
        return
    for line in filter(None, (end.why, *end.left)):
        print(line)
