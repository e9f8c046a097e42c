"""Reads the records of a sweep one by one: what can be believed becomes rows, damage is named."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.runs.contents import Contents
from reports.runs.figures import Figures
from reports.runs.record_cache import RecordCache
from reports.runs.record_row import Row, is_plane, mapping
from reports.runs.results import Problem
from reports.runs.run_curves import Known, RunCurves
from reports.runs.settings import Flattener, Parts
from reports.runs.splits import Split, split_of
from reports.runs.test_bits import Answers, answers_of, classes_tested
from sweeps.records.differences import near_misses, settings_of
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import HISTORY, REPORT
from sweeps.records.metric import NAME, Goal
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.schema import BEGUN, COMPLETE
from sweeps.records.strategy import trial_ids

MAX_BOUNDARIES = 12


class Reader:
    """Reads records one by one and keeps of each only its row, its settings and its curve."""

    def __init__(
        self, root: Path, plan: Plan | None, known: Known | None = None, *, trials: bool = False
    ) -> None:
        self.cache = RecordCache(root)
        self.read_record = known.record if known else self.cache.record
        self.curves = RunCurves(root, known)
        tried, cells = trial_ids(plan) if plan else set(), plan.cells if plan else []
        self.planned = {cell.id: cell for cell in cells if (cell.id in tried) == trials}
        self.others = {cell.id for cell in cells} - set(self.planned)  # trials and runs are never compared
        self.ignore = plan.ignore if plan else []
        self.contents = Contents(plan)
        self.plan = plan
        self.figures = Figures(Goal(NAME))
        self.problems: list[Problem] = []
        self.near_misses: list[str] = []
        self.reasons = read_excluded(root)
        self.excluded: list[str] = []
        self.flatten = Flattener()
        self.rows: list[Row] = []
        self.settings: list[Parts] = []
        self.provenance: dict[str, Mapping[str, Any]] = {}
        self.latest: Mapping[str, Any] = {}
        self.boundaries: dict[str, Mapping[str, Any]] = {}
        self.answers: dict[str, Answers] = {}
        self.classes: dict[str, int] = {}
        self.splits: set[Split] = set()

    def settle(self, folders: Mapping[str, Path]) -> None:
        """Find out what the sweep is about, and whose learning curves its runs leave."""
        self.figures = Figures.of(self.plan, map(self.read_record, folders.values()))
        self.curves.settle(folders.values())

    def read(self, folders: Mapping[str, Path], unplanned: bool) -> list[str]:
        """Take in the planned cells in the plan's order, then the others; return the names left out."""
        for cell_id, cell in self.planned.items():
            path = folders.get(cell_id)
            if self.is_excluded(cell_id, cell.name if path is None else path.name):
                continue
            record = self.read_record(path) if path else None
            self.add(cell_id, cell.name if path is None else path.name, record, cell)
        known = {*self.planned, *self.others}
        outside = [
            path
            for cell_id, path in folders.items()
            if cell_id not in known and not self.is_excluded(cell_id, path.name)
        ]
        taken = outside if unplanned or not known else []
        for path in taken:
            record = self.read_record(path)
            if record.status != "missing":
                self.add(record.cell_id, path.name, record, None)
        left_out = [] if taken else outside
        self.near_misses = self.compared_with_the_plan(left_out)
        return [path.name for path in left_out]

    def is_excluded(self, cell_id: str, name: str) -> bool:
        """Whether a run is excluded on purpose; then it is named with the reason, and counts in nothing."""
        if cell_id not in self.reasons:
            return False
        self.excluded.append(f"{name}: {self.reasons[cell_id]}")
        return True

    def compared_with_the_plan(self, folders: list[Path]) -> list[str]:
        """Return what tells runs that are left out from planned ones, where that is little."""
        data = [record.data for folder in folders if (record := self.read_record(folder)).data]
        ignore = self.ignore
        old = [settings_of(each["config"], each.get("choices") or {}, ignore) for each in data]
        cells = self.planned.values() if old else ()
        new = [settings_of(cell.config, cell.choices, ignore) for cell in cells]
        return near_misses(old, new)

    def add(self, cell_id: str, name: str, record: Record | None, cell: Cell | None) -> None:
        """Keep what is known of one cell; a record that cannot be believed leaves its planned cell."""
        status = record.status if record else "missing"
        data = record.data if record else {}
        planned = self.contents.planned(cell)
        other = record is not None and self.contents.is_other(planned, record)
        superseded = record is not None and other and record.is_complete
        if superseded:
            status, data = "missing", {}
        elif record and status == "damaged":
            self.problems.append(Problem(record.path / record.damaged, record.problem))
        elif record and not other and (reason := self.take_curve(cell_id, record)):
            status, data = "damaged", {}
            self.problems.append(Problem(*reason))
        if cell is not None:
            config, choices = cell.config, cell.choices
        elif data:
            config, choices = data["config"], data.get("choices") or {}
        else:
            return
        said = {
            "cell_id": cell_id,
            "name": name,
            "status": status,
            "planned": cell is not None,
            **self.figures.columns(data, status),
            **self.contents.columns(planned, data),
            **({"problem": "what is recorded is of other data"} if superseded else {}),
        }
        self.rows.append(Row(data, said))
        ignore = self.ignore if cell is not None else data.get("ignore") or self.ignore
        self.settings.append(self.flatten(config, choices, ignore))
        facts = self.contents.facts(planned, data)
        if facts and facts is not self.latest and facts != self.latest:
            self.latest = self.provenance.setdefault(json.dumps(facts, sort_keys=True), facts)
        if record and status == "done" and (boundary := mapping(data, "boundary")):
            self.take_boundary(record, boundary)
        if record and status == "done":
            split = split_of(record.data)
            self.splits.add(split)
            if classes := classes_tested(record.data):
                self.classes[cell_id] = classes
            if not split.tied:
                self.take_answers(record)

    def take_boundary(self, record: Record, boundary: Mapping[str, Any]) -> None:
        """Keep the boundary of a run, if it is one and there are not too many."""
        if not is_plane(boundary):
            reason = "has a boundary that is no grid over the plane; it is not drawn"
            self.problems.append(Problem(record.path / REPORT, reason))
        elif len(self.boundaries) < MAX_BOUNDARIES:
            self.boundaries[record.cell_id] = boundary

    def take_answers(self, record: Record) -> None:
        """Keep the run's answers on the test examples, if it has any that can be believed."""
        try:
            answers = answers_of(record.data)
        except ValueError as error:
            reason = f"{error}; its figures stand, its test examples are not looked at"
            self.problems.append(Problem(record.path / REPORT, reason))
            return
        if answers is not None:
            self.answers[record.cell_id] = answers

    def take_curve(self, cell_id: str, record: Record) -> tuple[Path, str] | None:
        """Keep the run's history; return the file and the reason if the record has nothing to report."""
        if record.status == "done" and (reason := self.figures.lacks(record.data)):
            return record.path / REPORT, reason
        if record.status not in (*COMPLETE, *BEGUN):
            return None
        complete, state = record.status == "done", self.cache.state_of_history(record.path)
        try:
            self.curves.take(cell_id, record.path, complete, state)
        except (OSError, ValueError) as error:
            if complete:  # and so as the run left it: its figures stand
                reason = f"{why(error)}; the run has no learning curve"
                self.problems.append(Problem(record.path / HISTORY, reason))
        return None


class FiguresReader(Reader):
    """Takes from records what they say themselves, and opens no file."""

    def take_curve(self, cell_id: str, record: Record) -> tuple[Path, str] | None:
        """Return the file and the reason if the record has nothing to report."""
        reason = self.figures.lacks(record.data) if record.status == "done" else ""
        return (record.path / REPORT, reason) if reason else None

    def take_answers(self, record: Record) -> None:
        """Leave the answers on the test examples where they are."""


def why(error: OSError | ValueError) -> str:
    """Return the reason that a file could not be read."""
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
