"""The resumable sweeper: plan → check → match with the disk → launch what is due → sum up.

It serves any Hydra application (`hydra/sweeper: resumable`); the settings are those of
hydra_plugins.resumable.ResumableSweeperConf.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from sweeps.cli.streams import open_streams
from sweeps.execution.cell_run import Job, Runner, now
from sweeps.execution.launch import (
    Launch,
    at_work,
    check_launcher,
    check_workers,
    command_folder,
    worker_count,
)
from sweeps.execution.stopping import Stop, stoppable
from sweeps.planning import revision, sources, without_effect
from sweeps.planning.callables import call, load_callable
from sweeps.planning.compose import Composer
from sweeps.planning.contents import of_other_data, with_contents, with_present
from sweeps.planning.due import Verdict, check_retry, has_result, is_stale, verdict
from sweeps.planning.fingerprint import fingerprint
from sweeps.planning.planner import Planner
from sweeps.planning.quoting import composed
from sweeps.records import lock, plan_history
from sweeps.records.atomic import set_aside
from sweeps.records.content import other_data
from sweeps.records.differences import near_misses, settings_of
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN, LOCK, PLAN, SUPERSEDED, cell_dirs
from sweeps.records.plan import Cell, Plan, read_plan, write_plan
from sweeps.records.record import Record, load_records, write_record
from sweeps.view import live
from sweeps.view.wording import duration, finished, planned

UNNAMED = "adhoc"


def command(
    context: HydraContext,
    task_function: TaskFunction,
    config: DictConfig,
    settings: Mapping[str, Any],
    arguments: list[str],
) -> None:
    """Run a sweep as a command: mistakes on stderr, exit code as SystemExit unless it is 0."""
    open_streams()
    try:
        code = Sweep(context, task_function, composed(config), _plain(settings), arguments).run()
    except UserError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        code = 2
    if code:
        context.callbacks.on_multirun_end(config=config, config_name=config.hydra.job.config_name)
        raise SystemExit(code)


def check(settings: Mapping[str, Any]) -> None:
    """Raise UserError for a setting that is out of range."""
    limits = {
        "max_attempts": (settings["max_attempts"] >= 1, "at least 1"),
        "workers": (settings["workers"] is None or settings["workers"] >= 1, "at least 1, or null"),
        "timeout_s": (settings["timeout_s"] is None or settings["timeout_s"] > 0, "more than 0, or null"),
        "start_method": (settings["start_method"] in (None, "fork", "spawn"), "fork, spawn or null"),
    }
    for key in ("grids", "exclude", "code", "ignore", "name"):
        kind, items = (
            (Mapping, "mappings of keys to values") if key in ("grids", "exclude") else (str, "texts")
        )
        limits[key] = (all(isinstance(item, kind) for item in settings[key]), f"a list of {items}")
    if wrong := [
        f"hydra.sweeper.{key} = {_number(settings[key])}: must be {rule}"
        for key, (ok, rule) in limits.items()
        if not ok
    ]:
        raise UserError("\n".join(wrong))


def check_place(root: Path, below: str | None) -> None:
    """Raise UserError where Hydra itself would write elsewhere: it takes a `${` in a path for a reference."""
    if below is not None and "${" in str(root):
        raise UserError(f"hydra.output_subdir = {below}: must be null below a directory like {root}")


def check_machine() -> None:
    """Raise UserError where processes cannot be looked up: nobody could tell the living from the dead."""
    if lock.this_process().process_started is None:
        raise UserError("no process can be looked up here: /proc (on macOS: ps) must be there")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        for key, value in settings.items()
    }


@dataclass
class Sweep:
    """One sweep, from its command line to its exit code."""

    context: HydraContext
    task_function: TaskFunction
    config: DictConfig
    settings: dict[str, Any]
    arguments: list[str]
    moved: bool = False
    revision: dict[str, Any] = field(default_factory=dict)

    def run(self) -> int:
        """Run the sweep and return its exit code. Raises UserError before anything is written."""
        started = time.monotonic()
        check(self.settings)
        check_machine()
        check_workers(self.config)
        self.retry = check_retry(self.settings["retry"])
        if not self.config.hydra.sweep.dir:
            raise UserError("hydra.sweep.dir = '': must name a directory")
        self.root = Path(self.config.hydra.sweep.dir).absolute()
        check_place(self.root, self.config.hydra.output_subdir)
        _require_directory(self.root)
        without_effect.refuse(self.config, self.context.config_loader)
        self.composer = Composer(self.context.config_loader, self.config)
        plan = self._with_directories(self._plan())
        if self.settings["dry_run"]:
            records, verdicts = self._match(plan)
            print("\n".join([self._describe(plan, records, verdicts), *self._near_misses(plan, records)]))
            return 0
        check_launcher(self.config)
        records, verdicts = self._match(plan)
        for line in self._near_misses(plan, records):
            print(f"{line}; what is not planned stays on disk", flush=True)
        self._prepare(plan, verdicts)
        with self._directory() as folder:
            self._store(plan, folder, due=sum(decided.due for decided in verdicts.values()))
            return self._launch(plan, folder, started)

    def _plan(self) -> Plan:
        """Plan and check every cell."""
        grids = [self.settings["params"] | grid for grid in self.settings["grids"] or [{}]]
        planner = Planner(
            self.composer,
            exclude=self.settings["exclude"],
            ignore=self.settings["ignore"],
            named=self.settings["name"],
            validate=load_callable("validate", self.settings["validate"]),
            effective=load_callable("effective", self.settings["effective"]),
        )
        planner.run(grids, self.arguments)
        return Plan(
            sweep=self.settings["sweep"] or UNNAMED,
            cells=with_contents(list(planner.cells.values()), self.settings["identify"]),
            swept=planner.swept,
            exclusions=[{"condition": str(item), "count": item.count} for item in planner.exclusions],
            duplicates=planner.duplicates,
            created=now(),
            command=sys.argv,
            code=fingerprint(self.settings["code"]),
        )

    def _with_directories(self, plan: Plan) -> Plan:
        """Name the cells that have a directory already by that, whatever it is called."""
        there = {} if self.settings["fresh"] else cell_dirs(self.root)
        cells = [replace(cell, name=there[cell.id].name) if cell.id in there else cell for cell in plan.cells]
        return replace(plan, cells=cells)

    def _match(self, plan: Plan) -> tuple[dict[str, Record], dict[str, Verdict]]:
        """Compare the plan with what is on disk, once what a fresh start moves aside is out of the way."""
        aside = self.settings["fresh"] and not self.moved
        records = {} if aside else load_records(self.root)
        return records, {
            cell.id: verdict(records.get(cell.id), plan.code, self.retry, cell.content) for cell in plan.cells
        }

    def _describe(self, plan: Plan, records: Mapping[str, Record], verdicts: Mapping[str, Verdict]) -> str:
        due = sum(verdict.due for verdict in verdicts.values())
        workers = worker_count(self.config, self.settings["workers"], max(due, 1))
        return planned(_short(self.root), plan, records, verdicts, workers)

    def _near_misses(self, plan: Plan, records: Mapping[str, Record]) -> list[str]:
        """Return what tells recorded cells that are not planned from planned ones without a record.

        Where plans are joined nothing is dropped, so nothing is said of what the command itself asks for.
        """
        known = {cell.id for cell in plan.cells}
        ignore = self.settings["ignore"]
        old = [
            settings_of(record.data["config"], record.data.get("choices") or {}, ignore)
            for record in records.values()
            if record.cell_id not in known and "config" in record.data
        ]
        new = [cell for cell in plan.cells if cell.id not in records] if old else []
        asked = {override.partition("=")[0].lstrip("+") for cell in new for override in cell.overrides}
        planned = [settings_of(cell.config, cell.choices, ignore) for cell in new]
        return near_misses(old, planned, () if self.settings["sweep"] else asked)

    def _prepare(self, plan: Plan, verdicts: Mapping[str, Verdict]) -> None:
        """Let the application get ready for the cells that are due, if there are any."""
        prepare = load_callable("prepare", self.settings["prepare"])
        if prepare is None:
            return
        if due := [cell.config for cell in plan.cells if verdicts[cell.id].due]:
            call("prepare", lambda: prepare(due), prepare)

    @contextlib.contextmanager
    def _directory(self) -> Iterator[Path]:
        """Hold the sweep's directory; yields a folder for this command alone."""
        with contextlib.ExitStack() as stack:
            try:
                if self.settings["fresh"]:
                    self._move_aside()
                (self.root / HIDDEN).mkdir(parents=True, exist_ok=True)
                if self.settings["sweep"]:
                    stack.enter_context(lock.kept(lock.acquire(self.root / HIDDEN / LOCK)))
                name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"
                folder = stack.enter_context(command_folder(self.root, name))
            except OSError as error:
                raise UserError(f"cannot write {error.filename or self.root}: {error.strerror}") from error
            except lock.Held as error:
                raise UserError(f"{_short(self.root)} is in use by the sweep of {error.owner}") from error
            yield folder

    def _move_aside(self) -> None:
        """Rename the directory of earlier runs, unless somebody works in it, or it is something else."""
        if not self.root.is_dir() or not any(self.root.iterdir()):
            return
        if (owner := at_work(self.root)) is not None:
            raise lock.Held(owner)
        if not any((self.root / name).exists() for name in (HIDDEN, PLAN)) and not cell_dirs(self.root):
            raise UserError(f"hydra.sweeper.fresh=true: {_short(self.root)} holds no sweep to move aside")
        if Path.cwd().is_relative_to(self.root.resolve()):
            raise UserError(f"hydra.sweeper.fresh=true: {self.root} holds the present directory")
        self.moved = True
        self.root.rename(self.root.with_name(f"{self.root.name}.{time.strftime('%Y%m%d-%H%M%S')}"))

    def _store(self, plan: Plan, folder: Path, due: int) -> None:
        """Write sweep.json; without a name of its own the sweep joins those that share the directory."""
        try:
            with lock.acquire_in_turn(self.root / HIDDEN / "plan-lock"):
                earlier = _earlier(self.root)
                told = replace(plan, history=plan_history.extended(plan, earlier, due))
                write_plan(self.root, told if self.settings["sweep"] else self._joined(told, earlier, folder))
                sources.remember(self.root, self.settings["code"])
            if due and self.settings["code"]:
                self.revision = revision.facts(self.settings["code"], self.root)
        except OSError as error:
            raise UserError(f"cannot write {self.root}: {error.strerror}") from error

    def _joined(self, plan: Plan, earlier: Plan | None, folder: Path) -> Plan:
        """Return the plan with the cells of earlier ones that were begun, or that somebody may yet begin.

        Of data that both are trained on, the present content counts for both.
        """
        if earlier is None:
            return plan
        known = {cell.id for cell in plan.cells}
        others = [cell for cell in earlier.cells if cell.id not in known]
        others = with_present(others, plan.cells, self.settings["identify"])
        if at_work(self.root, besides=folder) is None:
            there = cell_dirs(self.root)
            others = [cell for cell in others if cell.id in there]
        swept = list(dict.fromkeys([*earlier.swept, *plan.swept]))
        return replace(plan, cells=[*others, *plan.cells], swept=swept)

    def _launch(self, plan: Plan, folder: Path, started: float) -> int:
        """Run what is due, and tell how it ended. Returns the exit code."""
        records, verdicts = self._match(plan)
        jobs = [
            _job(number, cell, verdicts[cell.id], records.get(cell.id))
            for number, cell in enumerate(plan.cells)
            if verdicts[cell.id].due
        ]
        if told := other_data(of_other_data(plan, {job.id: records.get(job.id) for job in jobs})):
            print(f"{told}: run again; the old ones are kept in {_short(self.root / SUPERSEDED)}")
        problem = None
        with stoppable(folder / "stop") as stop:
            if jobs:
                due = {job.id for job in jobs}
                workers = worker_count(self.config, self.settings["workers"], len(jobs))
                with live.live(self.root, plan, records=records, due=due, workers=workers):
                    problem = self._launcher(plan, folder).run(jobs, stop)
        kept = sum(
            record.is_complete and not verdicts[key].due for key, record in records.items() if key in verdicts
        )
        return self._end(plan, stop, problem, kept, time.monotonic() - started)

    def _launcher(self, plan: Plan, folder: Path) -> Launch:
        runner = Runner(
            task_function=self.task_function,
            hydra_context=self.context,
            composer=self.composer,
            root=self.root,
            sweep=plan.sweep,
            launch="",
            code=plan.code,
            ignore=self.settings["ignore"],
            revision=self.revision,
        )
        keys = ("max_attempts", "timeout_s", "workers", "start_method")
        return Launch(runner, self.config, folder, **{key: self.settings[key] for key in keys})

    def _end(self, plan: Plan, stop: Stop, problem: str | None, kept: int, seconds: float) -> int:
        """Print how the sweep ended and return its exit code."""
        records = load_records(self.root)
        if stop.signal is not None:
            self._mark_interrupted(records, stop)
            done = sum(has_result(records.get(cell.id), cell.content) for cell in plan.cells)
            print(
                f"interrupted by {stop.signal.name} after {duration(seconds)}: {done:,} of "
                f"{len(plan.cells):,} cells have a result; the same command continues → {_short(self.root)}"
            )
            return stop.exit_code
        stale = sum(
            cell.id in records and records[cell.id].is_complete and is_stale(records[cell.id], plan.code)
            for cell in plan.cells
        )
        print(finished(_short(self.root), plan, records, kept, stale, seconds))
        if problem:
            print(f"error: {problem}", file=sys.stderr)
        if told := other_data(of_other_data(plan, records)):
            print(f"{told}: not what was planned; the same command runs them again")
        complete = all(has_result(records.get(cell.id), cell.content) for cell in plan.cells)
        return 0 if complete and not problem else 1

    def _mark_interrupted(self, records: dict[str, Record], stop: Stop) -> None:
        """Complete the records of cells whose workers had to be killed."""
        own = stop.file.parent.name
        for record in records.values():
            if record.status == "lost" and str(record.data.get("launch", "")).startswith(own):
                data = {key: value for key, value in record.data.items() if key != "worker"}
                with contextlib.suppress(OSError):  # then it stays lost, which is due again as well
                    write_record(record.path, data | {"status": "interrupted", "finished": now()})


def _job(number: int, cell: Cell, decided: Verdict, record: Record | None) -> Job:
    seen = record.data.get("launch") if record else None
    superseded, content = decided.superseded, cell.content
    return Job(number, cell.id, cell.name, cell.overrides, decided.restart, seen, superseded, content)


def _require_directory(root: Path) -> None:
    """Raise UserError for `~`, and if there is something else in the place of a directory or of one above."""
    if _short(root).parts[:1] and _short(root).parts[0].startswith("~"):
        raise UserError(
            f"hydra.sweep.dir={_short(root)}: must be a path without ~, which is not expanded here"
        )
    try:
        there = next(path for path in (root, *root.parents) if path.exists())
    except OSError as error:
        raise UserError(f"hydra.sweep.dir={_short(root)}: {error.strerror}") from error
    if not there.is_dir():
        raise UserError(f"hydra.sweep.dir={_short(root)}: must be a directory, but {_short(there)} is none")


def _earlier(root: Path) -> Plan | None:
    """Return the plan on disk; one that is damaged is set aside, not written over. Raises OSError."""
    try:
        return read_plan(root)
    except UserError:
        set_aside(root / PLAN)
        return None


def _short(path: Path) -> Path:
    """Return the path as seen from here, if it is below."""
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path
