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
from omegaconf import DictConfig

from sweeps.cli.command import mistake
from sweeps.cli.streams import open_streams
from sweeps.execution.cell_run import Job, Runner
from sweeps.execution.checks import check_launcher, check_machine, check_workers
from sweeps.execution.directory import working_in
from sweeps.execution.launch import Launch, worker_count
from sweeps.execution.plan_store import store
from sweeps.execution.returned import returns
from sweeps.execution.stopping import Stop, mark_interrupted, stoppable
from sweeps.planning import without_effect
from sweeps.planning.callables import call, load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import of_other_data
from sweeps.planning.draft import draft
from sweeps.planning.due import has_result, is_stale
from sweeps.planning.groups import Group, groups
from sweeps.planning.match import Match
from sweeps.planning.place import short, sweep_directory
from sweeps.planning.quoting import composed
from sweeps.planning.settings import Settings
from sweeps.records.content import other_data
from sweeps.records.errors import UserError
from sweeps.records.layout import SUPERSEDED
from sweeps.records.plan import Plan
from sweeps.records.record import load_records
from sweeps.view import live
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
        return cls(context, task_function, config, settings, arguments, root, composer)

    def run(self) -> int:
        """Run the sweep and return its exit code. Raises UserError before anything is written."""
        started = time.monotonic()
        plan = draft(self.settings, self.composer, self.arguments, self.root)
        grouped = groups(plan.cells, self.settings, self.config)
        before = self._match(plan, {} if self.settings.fresh else load_records(self.root))
        if self.settings.dry_run:
            print("\n".join([self._describe(before, grouped), *before.near_misses(self.settings)]))
            return 0
        check_launcher(self.config)
        for line in before.near_misses(self.settings):
            print(f"{line}; what is not planned stays on disk", flush=True)
        self._prepare(before)
        with working_in(self.root, fresh=self.settings.fresh, named=bool(self.settings.sweep)) as folder:
            revision = store(plan, self.root, folder, self.settings, due=len(before.due))
            match = self._match(plan, load_records(self.root))
            problem = None
            with stoppable(folder / "stop") as stop:  # which ends the body, at the second signal
                if match.due:
                    problem = self._launch(match, grouped, folder, stop, revision)
            return self._end(match, stop, problem, time.monotonic() - started)

    def _match(self, plan: Plan, records: Mapping[str, Any]) -> Match:
        return Match(plan, records, self.settings.mode)

    def _describe(self, match: Match, grouped: Mapping[str, Group]) -> str:
        workers = worker_count(self.config, self.settings.workers, max(len(match.due), 1))
        due = [grouped[cell.id] for cell in match.due]
        return planned(short(self.root), match.plan, match.records, match.verdicts, workers, due)

    def _prepare(self, match: Match) -> None:
        """Let the application get ready for the cells that are due, if there are any."""
        prepare = load_callable("prepare", self.settings.prepare)
        if prepare is not None and (due := [cell.config for cell in match.due]):
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

    def _end(self, match: Match, stop: Stop, problem: str | None, seconds: float) -> int:
        """Print how the sweep ended and return its exit code."""
        plan, records = match.plan, load_records(self.root)
        results = sum(has_result(records.get(cell.id), cell.content) for cell in plan.cells)
        if stop.signal is not None:
            mark_interrupted(records, stop.file.parent.name)
            print(interrupted(short(self.root), plan, results, stop.signal.name, seconds))
            return stop.exit_code
        stale = sum(
            cell.id in records and records[cell.id].is_complete and is_stale(records[cell.id], plan.code)
            for cell in plan.cells
        )
        self.ends.extend(returns(plan, records, self.root, self.composer))
        print(finished(short(self.root), plan, records, match.kept, stale, seconds))
        if line := without_metric(self.settings.goal, plan, records):
            print(line)
        if problem:
            print(f"error: {problem}", file=sys.stderr)
        if line := other_data(of_other_data(plan, records)):
            print(f"{line}: not what was planned; the same command runs them again")
        return 0 if results == len(plan.cells) and not problem else 1
