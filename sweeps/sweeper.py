"""The resumable sweeper: plan → match with the disk → launch what is due → sum up.

It serves any Hydra application (`hydra/sweeper: resumable`); sweeps/planning/settings.py has its settings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
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
from sweeps.planning.draft import draft
from sweeps.planning.due import Retry, has_result, is_stale
from sweeps.planning.groups import Group, groups
from sweeps.planning.match import Match
from sweeps.planning.neighbours import Origin, as_places, found
from sweeps.planning.place import short, sweep_directory
from sweeps.planning.quoting import composed
from sweeps.planning.settings import Settings
from sweeps.records.commands import session_of
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import SUPERSEDED
from sweeps.records.plan import Plan
from sweeps.records.record import Record, load_records
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
        return cls(context, task_function, config, settings, arguments, root, composer)

    def run(self) -> int:
        """Run the sweep and return its exit code. Raises UserError before anything is written."""
        started, settings = time.monotonic(), self.settings
        closing = load_callable("closing", settings.closing)
        records = {} if settings.fresh else load_records(self.root)
        plan = self._draft(records)
        grouped = groups(plan.cells, settings, self.config)
        before = self._match(plan, records)
        there = self._elsewhere(before)
        if settings.dry_run:
            print("\n".join([self._describe(before, grouped, there), *self._near_misses(before)]))
            return 0
        check_launcher(self.config)
        for line in self._near_misses(before):
            print(f"{line}; what is not planned stays on disk", flush=True)
        self._prepare(before, there)
        workers = self._workers(len(before.due) - len(there))
        forks = fork_server.running(wanted=len(before.due) > len(there) and self._may_fork())
        place = working_in(self.root, terms_of(plan, settings), fresh=settings.fresh, workers=workers)
        with forks, place as folder:  # in this order: a lock is refreshed by a thread
            revision = store(plan, self.root, folder, settings, due=len(before.due))
            copied = take_over(before, there, self.root, folder.name)
            match = self._match(plan, load_records(self.root), session_of(folder.name))
            problem = None
            with stoppable(folder / "stop") as stop:  # which ends the body, at the second signal
                if match.due:
                    problem = self._launch(match, grouped, folder, stop, revision)
            code = self._end(match, copied, stop, problem, time.monotonic() - started)
        if stop.signal is None and closing is not None:  # the directory is free for the next command by now
            closing_words(closing, self.root, [cell.id for cell in plan.cells])
        return code

    def _draft(self, records: Mapping[str, Record]) -> Plan:
        if self.settings.only:
            return draft_again(self.settings, self.composer, self.root, records)
        return draft(self.settings, self.composer, self.arguments, self.root)

    def _match(self, plan: Plan, records: Mapping[str, Record], session: str = "") -> Match:
        excluded = {} if self.settings.fresh else read_excluded(self.root)
        again = bool(self.settings.only)
        return Match(plan, records, self.settings.mode, excluded, again, session)

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

    def _describe(self, match: Match, grouped: Mapping[str, Group], there: Mapping[str, Origin]) -> str:
        due = [grouped[cell.id] for cell in match.due if cell.id not in there]
        workers = self._workers(len(due))
        places = as_places(there)
        return planned(short(self.root), match.plan, match.records, match.verdicts, workers, due, places)

    def _prepare(self, match: Match, there: Mapping[str, Origin]) -> None:
        """Let the application get ready for the cells that are to be run, if there are any."""
        prepare = load_callable("prepare", self.settings.prepare)
        if prepare is not None and (due := [cell.config for cell in match.due if cell.id not in there]):
            call("prepare", lambda: prepare(due), prepare)

    def _launch(
        self,
        match: Match,
        grouped: Mapping[str, Group],
        folder: Path,
        stop: Stop,
        revision: dict[str, Any],
    ) -> str | None:
        """Run what is due, shown live. Returns what stopped the sweep, or None."""
        plan, records, verdicts = match.plan, match.records, match.verdicts
        jobs = [
            Job.of(number, cell, verdicts[cell.id], records.get(cell.id), grouped[cell.id].key)
            for number, cell in enumerate(plan.cells)
            if verdicts[cell.id].due
        ]
        due = {job.id for job in jobs}
        if line := other_data(of_other_data(plan, {cell_id: records.get(cell_id) for cell_id in due})):
            print(f"{line}: run again; the old ones are kept in {short(self.root / SUPERSEDED)}")
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
        workers = worker_count(self.config, self.settings.workers, len(jobs))
        with live.live(self.root, plan, records=records, due=due, workers=workers):
            return Launch(runner, self.config, folder, self.settings).run(jobs, stop)

    def _may_fork(self) -> bool:
        """Whether the launcher can do with forks, and nobody wants processes that start anew."""
        launcher = get_class(self.config.hydra.launcher._target_)
        return getattr(launcher, "forks", False) and self.settings.start_method != "spawn"

    def _end(
        self, match: Match, copied: Mapping[str, Origin], stop: Stop, problem: str | None, seconds: float
    ) -> int:
        """Print how the sweep ended and return its exit code."""
        plan, records = match.plan, load_records(self.root)
        counted = [cell for cell in plan.cells if match.again or cell.id not in match.excluded]
        results = sum(has_result(records.get(cell.id), cell.content) for cell in counted)
        if stop.signal is not None:
            mark_interrupted(records, stop.file.parent.name)
            print(interrupted(short(self.root), plan, results, stop.signal.name, seconds))
            return stop.exit_code
        stale = sum(
            cell.id in records and records[cell.id].is_complete and is_stale(records[cell.id], plan.code)
            for cell in plan.cells
        )
        self.ends.extend(returns(plan, records, self.root, self.composer))
        kept, left_out = match.kept - len(copied), {cell.id for cell in plan.cells} - {c.id for c in counted}
        retried, places = self.settings.mode is not Retry.NONE, as_places(copied)
        print(finished(short(self.root), plan, records, kept, stale, seconds, retried, places, left_out))
        if line := without_metric(self.settings.goal, plan, records):
            print(line)
        if problem:
            print(f"error: {problem}", file=sys.stderr)
        if line := other_data(of_other_data(plan, records)):
            print(f"{line}: not what was planned; the same command runs them again")
        return 0 if results == len(counted) and not problem else 1
