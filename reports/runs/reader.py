"""From a sweep's directory to tidy frames: the plan and every run record, read once, damage named."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from reports.runs.contents import by_content
from reports.runs.curves import choose_target
from reports.runs.factors import REPLICATE, without_chosen_targets
from reports.runs.figures import Figures
from reports.runs.metrics import METRICS
from reports.runs.record_row import runs_frame
from reports.runs.results import NUMBERS, TEXTS, Results, with_factors, without_repeats
from reports.runs.run_curves import Known
from reports.runs.run_frames import numbered, with_ours, without_ours
from reports.runs.settings import settings_frame
from reports.runs.splits import split_note
from reports.runs.sweep_reader import FiguresReader, Reader
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN, cell_dirs
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import Record

NEAR = 3  # sweeps that are named where a directory holds none itself


def load(
    directory: str | Path,
    *,
    unplanned: bool = False,
    target: float | None = None,
    known: Known | None = None,
    trials: bool = False,
) -> Results:
    """Read a sweep's directory; `unplanned` also takes in recorded cells that the plan does not have.

    `known` serves what was read before, so that only what changed is read again. `target` is the test
    accuracy that `epochs_to_target` counts to (by default the highest round one that half of the finished
    runs reach).
    `trials` reads those of a sweep that tunes in place of the runs that they were for. Raises UserError if
    there is nothing to read, or the plan is damaged.
    """
    root = Path(directory)
    if not root.is_dir():
        what = "is no directory" if root.exists() else "no such directory"
        raise UserError(f"{root}: {what}; a report needs the directory of a sweep")
    plan = read_plan(root)
    folders = cell_dirs(root)
    if not folders and plan is None:
        raise UserError(f"{root}: no run records and no plan in this directory{sweeps_near(root)}")
    reader = Reader(root, plan, known, trials=trials)
    reader.settle(folders)
    outside = reader.read(folders, unplanned)
    return assemble(root, plan, reader, outside, target)


def sweeps_near(root: Path) -> str:
    """Return which sweeps are below a directory, or which one it belongs to, as a question."""
    below = sorted(path.parent for path in root.glob(f"*/{PLAN}"))
    above = [root.parent] if (root.parent / PLAN).is_file() else []
    near = list(map(str, [*above, *below][:NEAR]))
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def figures_of(plan: Plan, records: Mapping[str, Record], *, curves: bool = False) -> Results:
    """Return the figures of the records of a plan's cells: what a strategy decides by.

    `curves` also reads the histories beside the records, for what only they tell: epochs to convergence, say.
    """
    root = next((record.path.parent for record in records.values()), Path())
    reader = (Reader if curves else FiguresReader)(root, plan)
    reader.figures = Figures.of(plan, records.values())
    reader.curves.settle(record.path for record in records.values() if curves)
    for cell in reader.planned.values():
        reader.add(cell.id, cell.name, records.get(cell.id), cell)
    return assemble(root, plan, reader, [], None)


def assemble(
    root: Path, plan: Plan | None, reader: Reader, outside: list[str], target: float | None
) -> Results:
    """Return the frames, with what each curve says of its run joined on, and the factors found."""
    measures = reader.figures.measures()
    history, step = reader.curves.history(measures)
    base = [c for c in (*TEXTS, *NUMBERS, "planned") if c not in ("gap", "epochs")]
    first = [c for c in base if not c.startswith(("convergence", "epochs_to", "seconds_to"))]
    own = [c for c in measures.metrics if c not in (*first, *METRICS)]
    runs = runs_frame(reader.rows, [*first, *own])
    settings = without_chosen_targets(settings_frame(reader.settings))
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
        classes=reader.classes,
        split=split_note(reader.splits),
        stamps=reader.curves.stamps,
        cache=reader.cache,
        other_data=reader.contents.other_data,
        measures=measures,
        step=step,
    )
    return without_repeats(with_factors(made, plan.swept if plan else []))
