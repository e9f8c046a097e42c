"""From a sweep's directory to tidy frames: the plan and every run record, read once, damage named."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from reports.runs import own_curves
from reports.runs.contents import Contents, by_content
from reports.runs.curve_cache import CurveCache
from reports.runs.curves import (
    STEP,
    Curve,
    best_epochs,
    choose_target,
    convergence,
    history_frame,
    read_curve,
    to_target,
    until,
)
from reports.runs.factors import REPLICATE, Flattener
from reports.runs.figures import Figures, is_number
from reports.runs.metrics import METRICS, OF_CLASSES, SOMETIMES, VALIDATION, Measures
from reports.runs.own_curves import is_own, own_history, read_own_curve
from reports.runs.results import FINAL, NUMBERS, TEXTS, Problem, Results, with_factors, without_repeats
from reports.runs.splits import Split, split_note, split_of
from reports.runs.test_bits import Answers, answers_of
from sweeps.records.differences import near_misses, settings_of
from sweeps.records.errors import UserError
from sweeps.records.excluded import read_excluded
from sweeps.records.layout import HISTORY, REPORT, cell_dirs
from sweeps.records.metric import NAME, Goal
from sweeps.records.plan import Cell, Plan, read_plan
from sweeps.records.record import Record, read_record
from sweeps.records.schema import BEGUN, COMPLETE
from sweeps.records.strategy import trial_ids

NAN = float("nan")
MAX_BOUNDARIES = 12
Row = dict[str, Any]


class Known(Protocol):
    """Records and curves that were read before; a curve is None where it was not."""

    def record(self, path: Path) -> Record:
        """Return the record in a cell's directory."""

    def curve(self, cell_id: str, path: Path) -> Curve | None:
        """Return the curve of a run."""


def load(
    directory: str | Path,
    *,
    unplanned: bool = False,
    target: float | None = None,
    known: Known | None = None,
) -> Results:
    """Read a sweep's directory; `unplanned` also takes in recorded cells that the plan does not have.

    `known` serves what was read before, so that only what changed is read again. `target` is the test
    accuracy that `epochs_to_target` counts to (by default the highest round one that half of the finished
    runs reach). Raises UserError if there is nothing to read, or the plan is damaged.
    """
    root = Path(directory)
    if not root.is_dir():
        raise UserError(f"{root}: no such directory; a report needs the directory of a sweep")
    plan = read_plan(root)
    folders = cell_dirs(root)
    if not folders and plan is None:
        raise UserError(f"{root}: no run records and no plan in this directory")
    reader = Reader(root, plan, known)
    reader.settle(folders)
    outside = reader.read(folders, unplanned)
    return assemble(root, plan, reader, outside, target)


def figures_of(plan: Plan, records: Mapping[str, Record]) -> Results:
    """Return the figures of the records of a plan's cells, without curves: what a strategy decides by."""
    root = next((record.path.parent for record in records.values()), Path())
    reader = FiguresReader(root, plan)
    reader.figures = Figures.of(plan, records.values())
    for cell in reader.planned.values():
        reader.add(cell.id, cell.name, records.get(cell.id), cell)
    return assemble(root, plan, reader, [], None)


class Reader:
    """Reads records one by one and keeps of each only its row, its settings and its curve."""

    def __init__(self, root: Path, plan: Plan | None, known: Known | None = None) -> None:
        self.known = known
        self.read_record = known.record if known else read_record
        self.cache = CurveCache(root)
        self.trials = trial_ids(plan) if plan else set()
        cells = plan.cells if plan else []
        self.planned = {cell.id: cell for cell in cells if cell.id not in self.trials}
        self.ignore = plan.ignore if plan else []
        self.contents = Contents(plan)
        self.plan = plan
        self.figures = Figures(Goal(NAME))
        self.own_curves: dict[str, pd.DataFrame] | None = None  # None: the curves are like ours
        self.problems: list[Problem] = []
        self.near_misses: list[str] = []
        self.reasons = read_excluded(root)
        self.excluded: list[str] = []
        self.flatten = Flattener()
        self.rows: list[Row] = []
        self.settings: list[dict[str, Any]] = []
        self.curves: dict[str, Curve] = {}
        self.provenance: dict[str, Mapping[str, Any]] = {}
        self.boundaries: dict[str, Mapping[str, Any]] = {}
        self.answers: dict[str, Answers] = {}
        self.splits: set[Split] = set()

    def settle(self, folders: Mapping[str, Path]) -> None:
        """Find out what the sweep is about, and whose learning curves its runs leave."""
        self.figures = Figures.of(self.plan, map(self.read_record, folders.values()))
        if is_own(path / HISTORY for path in folders.values()):
            self.own_curves = {}

    def read(self, folders: Mapping[str, Path], unplanned: bool) -> list[str]:
        """Take in the planned cells in the plan's order, then the others; return the names left out."""
        for cell_id, cell in self.planned.items():
            path = folders.get(cell_id)
            if self.is_excluded(cell_id, cell.name if path is None else path.name):
                continue
            record = self.read_record(path) if path else None
            self.add(cell_id, cell.name if path is None else path.name, record, cell)
        known = {
            *self.planned,
            *self.trials,
        }  # trials are compared with nothing (tuning/trials.py reads them)
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
        self.rows.append(
            {
                "cell_id": cell_id,
                "name": name,
                "status": status,
                "planned": cell is not None,
                **row(data, status),
                **self.figures.columns(data, status),
                **self.contents.columns(planned, data),
                **({"problem": "what is recorded is of other data"} if superseded else {}),
            }
        )
        ignore = self.ignore if cell is not None else data.get("ignore") or self.ignore
        self.settings.append(self.flatten(config, choices, ignore))
        if facts := self.contents.facts(planned, data):
            self.provenance.setdefault(json.dumps(facts, sort_keys=True), facts)
        if record and status == "done" and (boundary := mapping(data, "boundary")):
            self.take_boundary(record, boundary)
        if record and status == "done":
            split = split_of(record.data)
            self.splits.add(split)
            if not split.tied:
                self.take_answers(record)

    def history(self, measures: Measures) -> tuple[pd.DataFrame, str]:
        """Return all curves as one frame, and what their steps are called."""
        if self.own_curves is None:
            return history_frame(self.curves), STEP
        history, step = own_history(self.own_curves)
        return (history if measures.own else own_curves.with_ours(history)), step

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
        path, complete = record.path / HISTORY, record.status == "done"
        try:
            if self.own_curves is not None:
                self.own_curves[cell_id] = read_own_curve(path, complete)
                return None
            curve = self.known.curve(cell_id, path) if self.known else None
            if curve is None or (complete and not len(curve)):
                curve = self.cache.curve(cell_id, path) if complete else read_curve(path, complete=False)
        except (OSError, ValueError) as error:
            if complete:  # and so as the run left it: its figures stand
                self.problems.append(Problem(path, f"{why(error)}; the run has no learning curve"))
            return None
        self.curves[cell_id] = curve
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


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the mapping under a key, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def is_plane(boundary: Mapping[str, Any]) -> bool:
    """Whether a boundary has finite numbers for every point of a grid over the plane."""
    try:
        x, y, z = (np.array(boundary[key], float) for key in ("x", "y", "label"))
    except (KeyError, ValueError, TypeError, OverflowError):
        return False
    whole = all(np.isfinite(numbers).all() for numbers in (x, y, z))
    return whole and x.ndim == y.ndim == 1 and z.shape == (len(y), len(x)) and min(z.shape) > 1


def row(data: Mapping[str, Any], status: str) -> Row:
    """Return the columns of `runs` that come from report.json; figures only of runs that are done."""
    final, timing = mapping(data, "final"), mapping(data, "timing")
    best = mapping(data, "best_by_test") or mapping(data, "best")
    shared = is_number(timing.get("lockstep"))  # its seconds are a share of a group's
    figures: Row = {name: final.get(name) for name in FINAL}
    figures |= {f"best_{name}": best.get(name) for name in ("epoch", *FINAL)}
    figures |= dict.fromkeys(SOMETIMES) | {n: final.get(n) for n in (*VALIDATION.values(), *OF_CLASSES)}
    figures["final_epoch"] = data.get("final_epoch", restored(data))
    figures |= {
        "epoch_cpu_s": None if shared else timing.get("epoch_cpu_s_median"),
        "epoch_wall_s": None if shared else timing.get("epoch_wall_s_median"),
    }
    figures |= {name: timing.get(name) for name in ("total_wall_s", "blas_threads", "concurrent_runs")}
    figures["parameters"] = data.get("parameters")
    numbers = {k: v if status == "done" and is_number(v) else NAN for k, v in figures.items()}
    attempts = data.get("attempts")
    return numbers | {"attempts": attempts if is_number(attempts) else NAN, **texts(data)}


def restored(data: Mapping[str, Any]) -> Any:
    """Return the epoch that a run of the first version went back to; None where it had no patience."""
    patience = mapping(mapping(data, "config"), "training").get("patience")
    return None if patience is None else mapping(data, "best").get("epoch")


def texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of `runs` that are words: what went wrong, and where the run was made."""
    facts = mapping(data, "provenance")
    made = {key: str(data.get(key) or "") for key in ("code", "started", "finished")}
    made |= {"version": str(facts.get("version") or ""), "git_commit": str(facts.get("git_commit") or "")}
    machine = [facts.get("host"), facts.get("cpu"), facts.get("blas")]
    return made | {"machine": ", ".join(str(part) for part in machine if part), "problem": problem(data)}


def problem(data: Mapping[str, Any]) -> str:
    """One line on why a run did not end well, empty if it did."""
    if error := mapping(data, "error"):
        return f"{error.get('type')}: {error.get('message')}"
    if where := mapping(data, "diverged"):
        place = ", ".join(f"{key} {where[key]}" for key in ("epoch", "step") if key in where)
        return f"{where.get('what')} not finite" + (f" in {place}" if place else "")
    return ""


def assemble(
    root: Path, plan: Plan | None, reader: Reader, outside: list[str], target: float | None
) -> Results:
    """Return the frames, with what each curve says of its run joined on, and the factors found."""
    measures = reader.figures.measures()
    history, step = reader.history(measures)
    base = [c for c in (*TEXTS, *NUMBERS, "planned") if c not in ("gap", "epochs")]
    first = [c for c in base if not c.startswith(("convergence", "epochs_to", "seconds_to"))]
    own = [c for c in measures.metrics if c not in (*first, *METRICS)]
    runs = pd.DataFrame(reader.rows, columns=[*first, *own])
    settings = pd.DataFrame(reader.settings, index=runs.index)
    settings = by_content(settings, runs["data_hash"].tolist(), runs["data_name"].tolist())
    seed = numbered(settings[REPLICATE]) if REPLICATE in settings else pd.Series(0, index=runs.index)
    runs = runs.assign(seed=seed)
    target = choose_target(runs["test_accuracy"]) if target is None else target
    runs = without_ours(runs) if measures.own else with_ours(runs, history, target)
    sweep = (plan.sweep if plan else "") or root.resolve().name
    made = Results(
        directory=root,
        sweep=sweep,
        runs=runs,
        history=history,
        settings=settings,
        factors=(),
        target=target,
        plan=plan.head() if plan else None,
        problems=tuple(reader.problems),
        unplanned=tuple(outside),
        near_misses=tuple(reader.near_misses),
        excluded=tuple(reader.excluded),
        provenance=tuple(reader.provenance.values()),
        boundaries=reader.boundaries,
        answers=reader.answers,
        split=split_note(reader.splits),
        stamps=reader.cache.stamps,
        other_data=reader.contents.other_data,
        measures=measures,
        step=step,
    )
    return without_repeats(with_factors(made, plan.swept if plan else []))


def with_ours(runs: pd.DataFrame, history: pd.DataFrame, target: float) -> pd.DataFrame:
    """Return the runs with what their figures and their curves together say of networks."""
    runs = runs.assign(gap=(runs["train_accuracy"] - runs["test_accuracy"]).round(12))
    runs = with_best_epochs(runs, history)
    return runs.join(curve_figures(runs, history, target))


def without_ours(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the columns of networks that they lack, NaN."""
    return runs.assign(**{name: NAN for name in NUMBERS if name not in runs})


def numbered(seeds: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return seeds as they are if all are integers, else a number for each distinct one."""
    if all(isinstance(seed, int) for seed in seeds):
        return seeds
    return pd.Series(pd.factorize(seeds.map(repr))[0], index=seeds.index)


def with_best_epochs(runs: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the best epochs that their curves have; a record tells those without a curve."""
    seen = best_epochs(history).reindex(runs["cell_id"].to_numpy()).set_index(runs.index)
    seen = seen.where(runs["status"] == "done")
    return runs.assign(**{str(name): seen[name].fillna(runs[name]) for name in seen})


def curve_figures(runs: pd.DataFrame, history: pd.DataFrame, target: float) -> pd.DataFrame:
    """Epochs recorded of every run, and convergence and time to the target of those that are done.

    A run whose seconds are a share of a group's has no time to the target.
    """
    epochs = history.groupby("cell_id", observed=True)["epoch"].last().astype(float).rename("epochs")
    kept = until(history, runs.set_index("cell_id")["final_epoch"])
    both = (convergence(kept), to_target(kept, target))  # categories may be of unlike sizes: texts join
    figures = pd.concat([each.set_axis(each.index.astype(str)) for each in both], axis=1)
    found = figures.reindex(runs["cell_id"].to_numpy()).set_index(runs.index)
    found[runs["status"] != "done"] = NAN
    found["seconds_to_target"] = found["seconds_to_target"].where(runs["epoch_cpu_s"].notna())
    return found.assign(epochs=epochs.reindex(runs["cell_id"].to_numpy()).to_numpy())
