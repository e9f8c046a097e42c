"""The resumable sweeper: plan → match with the disk → launch what is due → sum up.

It serves any Hydra application (`hydra/sweeper: resumable`); sweeps/planning/settings.py has its settings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from mlp_grid import interrupts
from sweeps.cli.command import mistake
from sweeps.cli.streams import open_streams
from sweeps.execution import fork_server
from sweeps.execution.capacity import worker_count
from sweeps.execution.checks import check_launcher, check_machine, check_workers
from sweeps.execution.clearing import drop_checkpoints
from sweeps.execution.directory import working_in
from sweeps.execution.jobs import jobs_of
from sweeps.execution.launch import Launch
from sweeps.execution.notice import End, noticed
from sweeps.execution.plan_store import store
from sweeps.execution.returned import returns
from sweeps.execution.reuse import take_over
from sweeps.execution.stopping import Stop, mark_interrupted, stoppable
from sweeps.execution.terms import terms_of
from sweeps.planning import without_effect
from sweeps.planning.callables import load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import of_other_data
from sweeps.planning.draft import Draft
from sweeps.planning.grid import LARGEST
from sweeps.planning.match import Match
from sweeps.planning.neighbours import Origin, as_places
from sweeps.planning.place import short, sweep_directory
from sweeps.planning.quoting import composed
from sweeps.planning.ready import Ready
from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course
from sweeps.planning.strategies.longer import gone_on_from
from sweeps.planning.strategies.ranges import searched
from sweeps.records.commands import session_of
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.layout import SUPERSEDED
from sweeps.records.record import load_records
from sweeps.records.strategy import compared, latest_step, trial_ids
from sweeps.view import live
from sweeps.view.closing import closing_words
from sweeps.view.ending import Ended
from sweeps.view.wording import planned


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
    interrupts.raise_again()
    open_streams()
    try:
        sweep = Sweep.of(context, task_function, composed(config), Settings.of(settings), arguments)
        with noticed(sweep.settings, sweep.root) as end:
            code = end.code = sweep.run(end)
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

    def run(self, end: End) -> int:
        """Run the sweep and return its exit code. Raises UserError before anything is written."""
        started, settings = time.monotonic(), self.settings
        closing = load_callable("closing", settings.closing)
        records = {} if settings.fresh else load_records(self.root)
        course = end.course = Course.of(
            Draft(settings, self.composer, self.arguments, self.root), records, started
        )
        ready = Ready.of(course.advance(records, self._workers(LARGEST)), course.draft)
        workers, near_misses = self._workers(len(ready.to_run)), ready.match.near_misses(settings)
        if settings.dry_run:
            print("\n".join([planned(short(self.root), ready, workers), *near_misses]))
            return 0
        check_launcher(self.config)
        for line in near_misses:
            print(f"{line}; what is not planned stays on disk", flush=True)
        ready.prepared(settings)
        copied: dict[str, Origin] = {}
        terms = terms_of(course.typed, settings)
        place = working_in(self.root, terms, fresh=settings.fresh, workers=workers)
        more = bool(ready.to_run) or not course.is_over
        forks = fork_server.running(wanted=more and fork_server.can_fork(self.config, settings))
        with forks, place as folder:  # in this order: a lock is refreshed by a thread
            course.session, problem = session_of(folder.name), None
            with stoppable(folder / "stop") as stop:  # which ends the body, at the second signal
                problem = self._work(course, ready, copied, folder, stop)
            records, seconds = load_records(self.root), time.monotonic() - started
            code = self._end(Ended(course, ready.match, records, as_places(copied), problem, seconds), stop)
        if stop.signal is None and closing is not None:  # the directory is free for the next command by now
            closing_words(closing, self.root, compared(course.plan))
        return code

    def _workers(self, due: int) -> int:
        return worker_count(self.config, self.settings.workers, max(due, 1))

    def _work(
        self, course: Course, ready: Ready, copied: dict[str, Origin], folder: Path, stop: Stop
    ) -> str | None:
        """Run what is due, until the strategy has ended. Returns what stopped the sweep, or None."""
        launch, job = None, (self.context, self.task_function)
        while True:
            revision = store(course, folder, len(ready.match.due))
            copied |= take_over(ready.match, ready.there, self.root, folder.name)
            match = course.match(load_records(self.root))
            if match.due:
                if not ready.covers(match):  # others have asked the strategy first
                    ready = Ready.of(match, course.draft).prepared(self.settings)
                launch = launch or Launch.of(*job, course.draft, match.plan, folder, revision)
                problem = self._run(match, ready, launch, stop)
                if problem or stop.signal is not None:
                    return problem
            if course.is_over:
                return None
            course.launched.update(cell.id for cell in match.due)
            ready = self._continue(course)

    def _continue(self, course: Course) -> Ready:
        """Ask the strategy after a launch; return what is to be run next."""
        try:
            match = course.advance(load_records(self.root), self._workers(LARGEST))
            return Ready.of(match, course.draft).prepared(self.settings)
        except UserError as error:
            course.stop(error)
            return Ready.of(course.match(load_records(self.root)), course.draft)

    def _run(self, match: Match, ready: Ready, launch: Launch, stop: Stop) -> str | None:
        """Run what is due, shown live. Returns what stopped the sweep, or None."""
        plan, records, due = match.plan, match.records, {cell.id for cell in match.due}
        if line := other_data(of_other_data(plan, {cell_id: records.get(cell_id) for cell_id in due})):
            print(f"{line}: run again; the old ones are kept in {short(self.root / SUPERSEDED)}")
        workers, note = self._workers(len(due)), latest_step(plan)
        with live.live(self.root, plan, records=records, due=due, workers=workers, note=note):
            return launch.run(jobs_of(match, ready.groups), stop)

    def _end(self, ended: Ended, stop: Stop) -> int:
        """Print how the sweep ended and return its exit code."""
        plan, records, end = ended.course.plan, ended.records, ended.course.end
        if stop.signal is not None:
            mark_interrupted(records, stop.file.parent.name)
            print(ended.interrupted(stop.signal.name))
            return stop.exit_code
        if end is not None and end.finished:
            passed = trial_ids(plan) | gone_on_from(plan, self.settings.rung_from)
            drop_checkpoints(records[cell] for cell in passed if cell in records)
        self.ends.extend(returns(plan, records, self.root, self.composer))
        ended.tell()
        return ended.exit_code
