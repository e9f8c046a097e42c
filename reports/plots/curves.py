"""Learning curves: convergence by activation and by loss, or by each factor, and gradient norms."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reports.analysis.cells import having, layout
from reports.analysis.intervals import LEVEL, t_quantile
from reports.plots.plot import Plot
from reports.plots.shared_settings import lost_note, short, usual, usual_note
from reports.plots.sheets import MEASURES, Kind, Levels, Limits, Sheet, draw_curves, has_validation, limits
from reports.runs.factors import Factor, said, spoken
from reports.runs.results import Results

CURVES = (*(f"{name}_{kind}" for name in MEASURES for kind in ("loss", "accuracy")), "grad_norm")
MAX_COLUMNS = 6
MAX_LINES = 12
MAX_FIGURES = 48


def curve_bands(results: Results) -> pd.DataFrame:
    """Return mean, low and high of every curve over the finished seeds: one row per cell and epoch.

    Columns: the factors, `cell`, `epoch`, `n`, and for each of CURVES its name (the mean), name_low,
    name_high.
    """
    runs = results.done[["cell_id", "cell", *results.names]]
    rows = results.history.merge(runs, on="cell_id")
    grouped = rows.groupby(["cell", "epoch"])[list(CURVES)]
    mean, sd, n = grouped.mean(), grouped.std(), grouped.count().max(axis=1)
    half = sd.mul(t_quantile((1 - LEVEL) / 2, np.maximum(n - 1, 1)) / np.sqrt(n), axis=0)
    bands = pd.concat([mean, (mean - half).add_suffix("_low"), (mean + half).add_suffix("_high")], axis=1)
    factors = runs.drop_duplicates("cell").set_index("cell")[results.names]
    return bands.assign(n=n).reset_index().merge(factors, left_on="cell", right_index=True)


def convergence_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return, for each depth, one figure per activation with a curve per loss, and the other way round.

    Where most of these combinations were not run, one figure per factor instead: its levels with all else
    alike.
    """
    if is_sparse(results, bands):
        return [
            curves_plot(f"convergence-{sheet.lines.name}", sheet, "convergence")
            for sheet in factor_sheets(results, bands, "Convergence", ("accuracy", "loss"))
            if sheet.lines
        ]
    plan = layout(results.factors)
    depth = depth_of(results)
    rest = tuple(f for f in plan.panels if f is not depth)
    ways = [(plan.column, plan.row), (plan.row, plan.column)] if plan.column else [(None, plan.row)]
    accuracies = limits(bands, "accuracy")
    plots = [
        plot
        for way, (fixed, lines) in enumerate(ways)
        for at, name in levels_of(fixed)
        for shared in [Limits(accuracy=accuracies, loss=loss_limits(bands, fixed, at))]
        for at_depth, _ in levels_of(depth)
        for lost in [lost_note(results, at_depth | at)]
        for plot in sheets(bands, at_depth | at, name, lines, rest, shared, lost)
        if way == 0 or len(plot.arguments[0].places) > 1
    ]
    return first_of(plots)


def loss_limits(bands: pd.DataFrame, fixed: Factor | None, at: Levels) -> tuple[float, float]:
    """Return the ends of the axis of losses, the same in all figures, or in all of one loss."""
    return limits(bands[having(bands, at)] if fixed and fixed.key == "loss" else bands, "loss")


def first_of(plots: Sequence[Plot]) -> list[Plot]:
    """Return as many figures as a page can show; the last one tells of those that are left out."""
    if len(plots) <= MAX_FIGURES:
        return list(plots)
    *most, last = plots[:MAX_FIGURES]
    more = f"{last.caption} (The first {MAX_FIGURES} of {len(plots)} figures.)"
    return [*most, replace(last, caption=more)]


def depth_of(results: Results) -> Factor | None:
    """Return the factor of the layers' widths, if it is none of rows and columns."""
    return next((f for f in layout(results.factors).panels if f.key == "model.hidden"), None)


def is_sparse(results: Results, bands: pd.DataFrame) -> bool:
    """Whether most combinations of loss, activation and depth have no run."""
    plan = layout(results.factors)
    shown = [f for f in (plan.row, plan.column, depth_of(results)) if f]
    present = len(bands[[f.name for f in shown]].drop_duplicates()) if shown else 1
    return 2 * present < math.prod(len(f.levels) for f in shown)


def factor_sheets(
    results: Results, bands: pd.DataFrame, title: str, kinds: tuple[Kind, ...]
) -> Iterator[Sheet]:
    """Yield a figure per factor: the cells that differ in nothing else, where most of its levels were run."""
    for factor in results.factors:
        others = [name for name in results.names if name != factor.name]
        by = bands.groupby(others, observed=True) if others else bands.groupby(lambda _: 0)
        block = by[factor.name].transform("nunique")
        part = bands[block == block.max()]
        where = {name: str(part[name].iloc[0]) for name in others} if len(part) else {}
        part = part[having(part, where)]
        if 1 < part[factor.name].nunique() <= MAX_LINES:
            note = f"All with {said(where)}." if where else ""
            yield Sheet(f"{title} by {factor.words}", part, factor, (("", {}),), kinds, note)


def levels_of(factor: Factor | None) -> list[tuple[Levels, str]]:
    """Return each level as a condition, with the factor's name; one empty condition for no factor."""
    return [({factor.name: level}, factor.name) for level in factor.levels] if factor else [({}, "")]


def sheets(
    bands: pd.DataFrame,
    where: Levels,
    fixed: str,
    lines: Factor | None,
    rest: Sequence[Factor],
    shared: Limits,
    lost: str = "",
) -> Iterator[Plot]:
    """Yield the figures for one condition, with the ends of the axes that all share, and what they lack."""
    part = bands[having(bands, where)]
    columns, note = combinations(part, [f.name for f in rest])
    if part.empty or (lines is not None and len(lines.levels) > MAX_LINES):
        return
    sheet = Sheet(
        titled("Convergence", where),
        part,
        lines,
        tuple(columns),
        ("accuracy", "loss"),
        f"{lost} {note}".strip(),
        shared,
    )
    name = "-".join(["convergence", *(f"{k}-{v}" for k, v in where.items())])
    yield from in_parts(name, sheet, f"convergence by {spoken(fixed)}" if fixed else "convergence")


def titled(title: str, where: Levels) -> str:
    """Return a title with the settings that all of its figure share."""
    return f"{title}: {said(where)}" if where else title


def in_parts(name: str, sheet: Sheet, section: str) -> Iterator[Plot]:
    """Yield a sheet as figures of so many columns at a time."""
    for number, start in enumerate(range(0, len(sheet.columns), MAX_COLUMNS), 1):
        count = f" ({number})" if len(sheet.columns) > MAX_COLUMNS else ""
        some = sheet.columns[start : start + MAX_COLUMNS]
        own = replace(sheet, title=f"{sheet.title}{count}", columns=some)
        yield curves_plot(f"{name}_{number}" if number > 1 else name, own, section)


def curves_plot(name: str, sheet: Sheet, section: str) -> Plot:
    """Return the figure of a sheet with its words."""
    by = f" Curves: {sheet.lines.words}." if sheet.lines else ""
    held_out = " validation crossed," if has_validation(sheet) else ""
    bands = "; bands: 95 % intervals over seeds" if (sheet.bands["n"] > 1).any() else ""
    what = (
        "Mean over the epoch's steps."
        if sheet.kinds == ("grad_norm",)
        else f"Test thick,{held_out} training thin{bands}."
    )
    caption = " ".join(filter(None, [f"{sheet.title}.{by}", what, sheet.note]))
    return Plot(name, sheet.title, caption, section, draw_curves, (sheet,))


def combinations(part: pd.DataFrame, names: Sequence[str]) -> tuple[list[tuple[str, Levels]], str]:
    """Return every combination of these factors that there is, with its title, and what is usual."""
    if not names:
        return [("", {})], ""
    rows = part[list(names)].drop_duplicates().sort_values(list(names)).astype(str)
    found = [dict(zip(names, levels, strict=True)) for levels in rows.itertuples(index=False, name=None)]
    common = usual(found)
    return [(short(levels, common), levels) for levels in found], usual_note(common)


def gradient_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return the gradient norms: a column per loss, a line per activation, or a figure per factor."""
    if is_sparse(results, bands):
        found = factor_sheets(results, bands, "Gradient norm", ("grad_norm",))
        return [curves_plot(f"gradient_norm-{s.lines.name}", s, "gradient norms") for s in found if s.lines]
    plan = layout(results.factors)
    plots: list[Plot] = []
    for where, _ in levels_of(depth_of(results)):
        part = bands[having(bands, where)]
        cells = one_per_line(part, plan.row, plan.column)
        part = part[having(part, cells)]
        columns = row_columns(part, plan.row if plan.column else None)
        title = titled("Gradient norm", {**where, **cells})
        lost = lost_note(results, {**where, **cells})
        sheet = Sheet(title, part, plan.column or plan.row, columns, ("grad_norm",), lost)
        if len(part):
            plots += in_parts("-".join(["gradient_norm", *where.values()]), sheet, "gradient norms")
    return first_of(plots)


def row_columns(part: pd.DataFrame, row: Factor | None) -> tuple[tuple[str, Levels], ...]:
    """Return a column for each level of the row factor that has runs."""
    if row is None:
        return (("", {}),)
    there = set(part[row.name].astype(str))
    return tuple((f"{row.words} {v}", {row.name: v}) for v in row.levels if v in there)


def one_per_line(part: pd.DataFrame, *shown: Factor | None) -> Levels:
    """Return the levels of the factors not shown that most cells have, so that no two cells share a line."""
    names = {f.name for f in shown if f}
    hidden = [c for c in part.columns if isinstance(part[c].dtype, pd.CategoricalDtype) and c not in names]
    others = [name for name in hidden if part[name].nunique() > 1]
    if not others:
        return {}
    counts = part.drop_duplicates("cell").groupby(others, observed=True).size()
    most = counts[counts == counts.max()].index.to_frame(index=False).iloc[0]
    return {name: str(most[name]) for name in others}
