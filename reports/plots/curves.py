"""Learning curves: convergence by activation and by loss, gradient norms, and the whole grid on one sheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.special import stdtrit

from reports.factors import Factor
from reports.plots.plot import Plot
from reports.plots.style import SOFT, accuracy_axis, legend, log_axis, panels, pen
from reports.results import Results
from reports.statistics import LEVEL
from reports.summary import having, layout

CURVES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "grad_norm")
MAX_COLUMNS = 6
MAX_LINES = 12
MAX_FIGURES = 48
Kind = Literal["accuracy", "loss", "grad_norm"]


def curve_bands(results: Results) -> pd.DataFrame:
    """Return mean, low and high of every curve over the finished seeds: one row per cell and epoch.

    Columns: the factors, `cell`, `epoch`, `n`, and for each of CURVES its name (the mean), name_low,
    name_high.
    """
    runs = results.done[["cell_id", "cell", *results.names]]
    rows = results.history.merge(runs, on="cell_id")
    grouped = rows.groupby(["cell", "epoch"])[list(CURVES)]
    mean, sd, n = grouped.mean(), grouped.std(), grouped.count().max(axis=1)
    half = sd.mul(stdtrit(np.maximum(n - 1, 1), 0.5 + LEVEL / 2) / np.sqrt(n), axis=0)
    bands = pd.concat([mean, (mean - half).add_suffix("_low"), (mean + half).add_suffix("_high")], axis=1)
    factors = runs.drop_duplicates("cell").set_index("cell")[results.names]
    return bands.assign(n=n).reset_index().merge(factors, left_on="cell", right_index=True)


@dataclass(frozen=True)
class Sheet:
    """One figure of curves: a line per level of `lines`, a column per combination of `columns`."""

    title: str
    bands: pd.DataFrame
    lines: Factor | None
    columns: tuple[tuple[str, dict[str, str]], ...]
    kinds: tuple[Kind, ...]


def convergence_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return, for each depth, one figure per activation with a curve per loss, and the other way round."""
    plan = layout(results.factors)
    depth = next((f for f in plan.panels if f.key == "model.hidden"), None)
    rest = tuple(f for f in plan.panels if f is not depth)
    ways = [(plan.column, plan.row), (plan.row, plan.column)] if plan.column else [(None, plan.row)]
    plots = [
        plot
        for fixed, lines in ways
        for at_depth, _ in levels_of(depth)
        for at, name in levels_of(fixed)
        for plot in sheets(bands, at_depth | at, name, lines, rest)
    ]
    return plots[:MAX_FIGURES]


def levels_of(factor: Factor | None) -> list[tuple[dict[str, str], str]]:
    """Return each level as a condition, with the factor's name; one empty condition for no factor."""
    return [({factor.name: level}, factor.name) for level in factor.levels] if factor else [({}, "")]


def sheets(
    bands: pd.DataFrame, where: dict[str, str], fixed: str, lines: Factor | None, rest: Sequence[Factor]
) -> Iterator[Plot]:
    """Yield the figures for one condition, so many columns at a time."""
    part = bands[having(bands, where)]
    names = [f.name for f in rest]
    columns = combinations(part, names)
    if part.empty or (lines is not None and len(lines.levels) > MAX_LINES):
        return
    label = ", ".join(f"{key} {value}" for key, value in where.items())
    for number, start in enumerate(range(0, len(columns), MAX_COLUMNS)):
        title = f"Convergence{': ' if label else ''}{label}" + (
            f" ({number + 1})" if len(columns) > MAX_COLUMNS else ""
        )
        name = "-".join(
            ["convergence", *(f"{k}-{v}" for k, v in where.items()), *([str(number + 1)] if number else [])]
        )
        sheet = Sheet(title, part, lines, tuple(columns[start : start + MAX_COLUMNS]), ("accuracy", "loss"))
        by = f" Curves: {lines.name}." if lines else ""
        caption = f"{title}.{by} Test thick, training thin; bands: 95 % intervals over seeds."
        yield Plot(
            name, title, caption, f"convergence by {fixed}" if fixed else "convergence", draw_curves, (sheet,)
        )


def combinations(part: pd.DataFrame, names: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Return every combination of these factors that there is, with its title."""
    if not names:
        return [("", {})]
    rows = part[list(names)].drop_duplicates().sort_values(list(names)).astype(str)
    found = [dict(zip(names, levels, strict=True)) for levels in rows.itertuples(index=False, name=None)]
    return [(", ".join(f"{key} {level}" for key, level in levels.items()), levels) for levels in found]


def gradient_plots(results: Results, bands: pd.DataFrame) -> list[Plot]:
    """Return the gradient norms: a column per loss, a line per activation, a figure per depth."""
    plan = layout(results.factors)
    depth = next((f for f in plan.panels if f.key == "model.hidden"), None)
    plots = []
    for where, _ in levels_of(depth):
        part = bands[having(bands, where)]
        cells = one_per_line(part, plan.row, plan.column)
        names = [plan.row.name] if plan.row and plan.column else []
        columns = (
            tuple((f"{names[0]} {v}", {names[0]: v}) for v in plan.row.levels[:MAX_COLUMNS])
            if names and plan.row
            else (("", {}),)
        )
        label = ", ".join(f"{k} {v}" for k, v in {**where, **cells}.items())
        sheet = Sheet(
            f"Gradient norm{': ' if label else ''}{label}",
            part[having(part, cells)],
            plan.column or plan.row,
            columns,
            ("grad_norm",),
        )
        name = "-".join(["gradient_norm", *where.values()])
        plots.append(
            Plot(
                name,
                sheet.title,
                f"{sheet.title}. Mean over the epoch's steps.",
                "gradient norms",
                draw_curves,
                (sheet,),
            )
        )
    return [plot for plot in plots if len(plot.arguments[0].bands)]


def one_per_line(part: pd.DataFrame, *shown: Factor | None) -> dict[str, str]:
    """Return the first level of every factor not shown, so that no two cells share a line."""
    names = {f.name for f in shown if f}
    others = [c for c in part.columns if isinstance(part[c].dtype, pd.CategoricalDtype) and c not in names]
    first = part.sort_values(others).head(1) if others else part.head(0)
    return {name: str(first[name].iloc[0]) for name in others if len(first) and part[name].nunique() > 1}


def draw_curves(sheet: Sheet) -> Figure:
    """Draw rows of accuracy, loss or gradient norm, in columns, a line per level."""
    keys = [*(sheet.lines.levels if sheet.lines else []), "test", "training"]
    figure, grid = panels(sheet.title, len(sheet.kinds), len(sheet.columns), keys=keys)
    for kind, row in zip(sheet.kinds, grid, strict=True):
        for (title, where), axes in zip(sheet.columns, row, strict=True):
            part = sheet.bands[having(sheet.bands, where)]
            draw_lines(axes, part, sheet.lines, kind)
            axes.set_title(title if row is grid[0] else "")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.set_xlabel("epoch" if row is grid[-1] else "")
        finish(row[0], sheet.bands, kind)
    figure.align_ylabels([row[0] for row in grid])
    extra = (
        []
        if sheet.kinds == ("grad_norm",)
        else [
            Line2D([], [], color=SOFT, linewidth=1.8, label="test"),
            Line2D([], [], color=SOFT, linewidth=0.8, label="training"),
        ]
    )
    legend(figure, sheet.lines.levels if sheet.lines else [], extra=extra)
    return figure


def draw_lines(axes: Axes, part: pd.DataFrame, lines: Factor | None, kind: Kind) -> None:
    """Draw one line with its band per level: test with markers, training thin."""
    measures = ["grad_norm"] if kind == "grad_norm" else [f"train_{kind}", f"test_{kind}"]
    for place, level in enumerate(lines.levels if lines else [""]):
        own = part[part[lines.name].astype(str) == level] if lines else part
        p = pen(place)
        for name in measures if len(own) else []:
            thin = name.startswith("train")
            style = {"linewidth": 0.8} if thin else {"marker": p.marker, "markevery": max(1, len(own) // 5)}
            axes.plot(own["epoch"], own[name], color=p.colour, linestyle=p.dashes, **style)
            if not thin and (own["n"] > 1).any():
                low, high = own[f"{name}_low"], own[f"{name}_high"]
                axes.fill_between(own["epoch"], low, high, color=p.colour, alpha=0.18, linewidth=0)


def finish(axes: Axes, bands: pd.DataFrame, kind: Kind) -> None:
    """Scale and label the y axis that a row of panels shares."""
    if kind == "accuracy":
        values = bands[["train_accuracy", "test_accuracy"]].to_numpy(np.float64)
        low = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
        accuracy_axis(axes, low, float(np.nanmax(values)) if np.isfinite(values).any() else 1.0)
        axes.set_ylabel("accuracy")
        return
    names = ["grad_norm"] if kind == "grad_norm" else ["train_loss", "test_loss"]
    values = bands[names].to_numpy(np.float64)
    if np.isfinite(values).any() and (values[np.isfinite(values)] > 0).all():
        axes.set_yscale("log")
        log_axis(axes.yaxis)
    axes.set_ylabel("gradient norm" if kind == "grad_norm" else "loss")
