"""Tables of one metric over the whole grid, and against each single factor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.analysis.best import Cells, cells_by, leaders, marks
from reports.analysis.cells import cell_texts, layout, summarise
from reports.analysis.counting import REACH, only_near_best
from reports.analysis.looks import Looks, looks_of
from reports.runs.factors import ABSENT, Factor
from reports.runs.metrics import Metric
from reports.runs.results import Results
from reports.tables.table import Entry, Table
from sweeps.records.metric import NAME

AXIS_METRICS = (NAME, "train_accuracy", "gap", "epoch_cpu_s")
MARKS = {"best": "best", "may be best": "near"}
NOT_COMPARED = "†"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """How a metric is laid out: factors down the side, one across, those within which the best is marked.

    `tested`: whether the cells that may be the best are marked, too.
    """

    rows: tuple[Factor, ...]
    column: Factor | None
    groups: tuple[Factor, ...]
    panels: int = 0
    tested: bool = True


@dataclass(frozen=True)
class Placed:
    """Where the cells stand in a frame: what heads the columns, what leads each row, which cells follow it.

    Cells are places in `Results.cells`, −1 where there is none; `groups` has each cell's group on its number.
    """

    frame: Frame
    heads: Sequence[Key]
    leading: Sequence[tuple[Entry, ...]]
    cells: Sequence[Sequence[int]]
    groups: "pd.Series[int]"


@dataclass(frozen=True)
class Measured:
    """A metric of every cell: the rows of `summarise`, what a table prints for each, and all to judge it."""

    metric: Metric
    summary: pd.DataFrame
    texts: Sequence[str]
    cells: Sequence[Cells]
    looks: Looks


def grid_tables(results: Results, parts: Mapping[str, Results] | None = None) -> list[Table]:
    """Return every metric over the grid, then the main ones against each factor that tells panels apart.

    `parts` are the results of each data set, if they are known already.
    """
    plan, looks = layout(results.factors), looks_of(results)
    parts = results.by_dataset() if parts is None else parts
    rows = tuple(f for f in (*plan.panels, plan.row) if f is not None)
    losses = tuple(f for f in results.factors if f.key == "loss" and f not in plan.panels)
    measured = {name: measure(results, metric, parts, looks) for name, metric in results.metrics.items()}
    frames = {  # values of different losses cannot be compared: the best is marked within each
        across: placed(results, Frame(rows, plan.column, within, len(plan.panels)))
        for across, within in ((True, plan.panels), (False, (*plan.panels, *losses)))
    }
    tables = [
        spread(results, measured[name], name, metric.label, frames[metric.across_losses])
        for name, metric in results.metrics.items()
    ]
    names = results.measures.ranked if results.measures.own else results.measures.first(AXIS_METRICS)
    for factor in plan.panels:
        if factor is not results.dataset:
            tables += axis_tables(results, [measured[name] for name in names], factor)
    return tables


def measure(results: Results, metric: Metric, parts: Mapping[str, Results], looks: Looks) -> Measured:
    """Return a metric of every cell."""
    summary = summarise(results, metric.name)
    texts = cell_texts(summary, metric)
    cells = [cells_by(part, metric.name, looks, results) for part in parts.values() if metric.better]
    return Measured(metric, summary, texts, [own for own in cells if own is not None], looks)


def axis_tables(results: Results, metrics: Sequence[Measured], factor: Factor) -> list[Table]:
    """Return metrics against one factor: its levels across, cells that differ in nothing else in a row."""
    others = tuple(f for f in results.factors if f is not factor)
    frame = placed(results, Frame(others, factor, others, tested=False))
    return [
        spread(
            results,
            each,
            f"{each.metric.name}_by_{factor.name}",
            f"{each.metric.label} by {factor.name}",
            frame,
        )
        for each in metrics
    ]


def placed(results: Results, frame: Frame) -> Placed:
    """Return where each cell stands in a frame."""
    cells, names = results.cells, [f.name for f in frame.groups]
    side, top = keys(cells, frame.rows), keys(cells, [frame.column] if frame.column else [])
    heads: list[Key] = [(level,) for level in frame.column.levels] if frame.column else [()]
    place = {pair: cell for cell, pair in enumerate(zip(side, top, strict=True))}
    order = in_order(set(side), frame.rows)
    grouped = cells.groupby(names, observed=True).ngroup() if names else pd.Series(0, index=cells.index)
    return Placed(
        frame,
        heads,
        [tuple(map(Entry, key)) for key in order],
        [[place.get((key, head), -1) for head in heads] for key in order],
        grouped,
    )


def spread(results: Results, measured: Measured, name: str, title: str, places: Placed) -> Table:
    """Lay a metric out: mean, interval and runs of every cell, the best of each group marked."""
    frame, entries = places.frame, entry_of_cell(measured, places)
    shown = [*entries, Entry(ABSENT)]  # a row asks for cell −1 where there is none
    body = tuple(
        (*leading, *[shown[cell] for cell in cells])
        for leading, cells in zip(places.leading, places.cells, strict=True)
    )
    names = [
        *(f.name for f in frame.rows),
        *(head[0] if head else measured.metric.label for head in places.heads),
    ]
    across = frame.column.name if frame.column else ""
    notes = tuple(notes_on(results, measured, entries, frame))
    return Table(name, title, tuple(names), body, len(frame.rows), notes, across, frame.panels)


def entry_of_cell(measured: Measured, places: Placed) -> list[Entry]:
    """Return the entry of each cell, in the order of its summary."""
    summary, judge = measured.summary, marks if places.frame.tested else leaders
    marked = [MARKS.get(standing, "") for standing in judge(places.groups, measured.cells)]
    means = summary["mean"].where(summary["n"] > 0).tolist()
    figures = zip(texts_of(measured, means), marked, means, summary["half"].tolist(), strict=True)
    return list(map(Entry._make, figures))


def texts_of(measured: Measured, means: Sequence[float]) -> Sequence[str]:
    """Return what a table prints for each cell: NOT_COMPARED after a figure that no comparison takes in."""
    if not only_near_best(measured.metric):
        return measured.texts
    near = {number for cells in measured.cells for number in cells.numbers.tolist()}
    return [
        text if cell in near or mean != mean else f"{text} {NOT_COMPARED}"
        for cell, (text, mean) in enumerate(zip(measured.texts, means, strict=True))
    ]


def keys(summary: pd.DataFrame, factors: Sequence[Factor]) -> list[Key]:
    """Return the levels that each cell has of these factors."""
    columns = [summary[f.name].astype(str).tolist() for f in factors]
    return list(zip(*columns, strict=True)) if columns else [()] * len(summary)


def in_order(found: set[Key], factors: Sequence[Factor]) -> list[Key]:
    """Return the combinations in the order of the factors' levels."""
    places = [{level: place for place, level in enumerate(f.levels)} for f in factors]
    return sorted(found, key=lambda key: [place[level] for place, level in zip(places, key, strict=True)])


def notes_on(results: Results, measured: Measured, entries: Sequence[Entry], frame: Frame) -> list[str]:
    """Return what a reader has to know to read the table."""
    metric, summary = measured.metric, measured.summary
    most = int(summary["n"].max()) if len(summary) else 0
    notes = [f"Columns: {frame.column.name}."] if frame.column else []
    if most:
        lost = any(cells.matched.diverged.any() for cells in measured.cells)
        which = ", of the runs that finished" if lost else ""
        several = f"Mean ± 95 % t interval of the cell alone over {most} seeds{which}."
        notes.append(several if most > 1 else "Single runs (1 seed): nothing is tested.")
        if (summary["half"].gt(0) & summary["sd"].eq(0)).any():
            notes.append("Of equal runs: the interval that rounding to the metric's step leaves.")
    notes += [concurrency_note(results)] if most and metric.unit == "seconds" else []
    notes += [f"Target: a test accuracy of {results.target:g}."] if "target" in metric.name else []
    if any(" of " in entry.text for entry in entries):
        notes.append(
            "(4 of 5): runs behind the figure; the others diverged, or never got there, or are missing."
        )
    if any(entry.text.endswith(NOT_COMPARED) for entry in entries):
        notes.append(
            f"{NOT_COMPARED}: not compared; its accuracy is more than {REACH:g} below the best cell's."
        )
    if any(entry.mark == "best" for entry in entries):
        within = ", ".join(f.name for f in frame.groups)
        notes.append(
            f"Best {'per ' + within if within else 'of all'} marked{counts_note(measured)}."
            + (near_note(most, measured.looks) if frame.tested else "")
        )
    return notes


def counts_note(measured: Measured) -> str:
    """Return what runs without a figure count as where the best is found, if there are any such runs."""
    told = dict.fromkeys(
        cells.use.why for cells in measured.cells if cells.matched.diverged.any() and cells.use.why
    )
    return f", a diverged run counted as {' or '.join(told)}" if told else ""


def near_note(seeds: int, looks: Looks) -> str:
    """Return how the cells that may be the best were found."""
    first = looks.steps.looks[0]
    if seeds >= first:
        return " Also marked: may be the best (multiple comparisons with the best)."
    return f" Whether others are worse is not tested yet: {seeds} of {first} seeds." if seeds > 1 else ""


def concurrency_note(results: Results) -> str:
    """Return the conditions under which times were measured: a warning unless runs were alone."""
    done = results.done
    if not done["concurrent_runs"].notna().any():
        return "How many runs went on at once was not recorded: compare these times with care."
    most, threads = int(done["concurrent_runs"].max()), done["blas_threads"].max()
    blas = "" if threads != threads else f", {int(threads)} BLAS thread{'s' if threads > 1 else ''} each"
    if most == 1:
        return f"Measured one run at a time{blas}."
    return f"Warning: measured with up to {most} runs at once{blas}; they slow each other down."
