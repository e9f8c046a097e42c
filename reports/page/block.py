"""The data block of a page: all cells, runs and curves of a sweep, for exploration by its script."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.page.boxes import layout_of
from reports.page.content import Content, Curves, Metric, Runs, Sweep
from reports.page.packed import Packer

DRAWN = 16_383  # steps of a curve, which is only drawn: finer than any screen
FIRST = 4  # cells whose curves are shown before a reader picks any
MOST_POINTS = 600_000  # numbers of curves on one page: about 1 MB packed
FEWEST_STEPS = 10  # a thinned curve keeps at least so many


def pack(content: Content) -> str:
    """Return the block of a page."""
    sweep, packer = content.sweep, Packer()
    for place, factor in enumerate(sweep.factors):
        packer.integers(f"level.{factor.name}", sweep.cells.levels[:, place])
    packer.integers("runs", sweep.cells.runs)
    shown = [metric for metric in sweep.metrics if metric.name in sweep.cells.figures]
    for metric in shown:
        add_figures(packer, sweep, metric)
    head = {
        "metrics": [asdict(metric) for metric in sweep.metrics],
        "factors": [asdict(factor) for factor in sweep.factors],
        "best": [best.cell for best in content.answer.best],
        "near": sorted({cell for best in content.answer.best for cell in best.may_be_best}),
        "effects": [plain_effect(effect) for effect in content.effects],
        "pairs": [plain_pair(pair) for pair in content.comparisons],
        "layout": asdict(layout_of(content)),
        "first": first_picks(content),
        "rerun": content.rerun,
        "interval": content.interval,
        **add_runs(packer, sweep.runs),
        **add_curves(packer, sweep.curves),
    }
    return packer.packed(**head)


def first_picks(content: Content) -> list[int]:
    """Return the best cell, and the best at each other level of the setting that matters most."""
    sweep, metric = content.sweep, content.sweep.metrics[0]
    effects = [e for e in content.effects if e.metric == metric.name and np.isfinite(e.size)]
    best = [one.cell for one in content.answer.best][:1]
    if not effects or not best:
        return best
    matters = max(effects, key=lambda effect: effect.size).factor
    place = [factor.name for factor in sweep.factors].index(matters)
    means = sweep.cells.figures[metric.name].mean
    better = np.argsort(means if metric.direction == "minimize" else -means, kind="stable")
    order = [*best, *(int(cell) for cell in better if np.isfinite(means[cell]))]
    levels = sweep.cells.levels[order, place]
    return [order[k] for k in np.sort(np.unique(levels, return_index=True)[1])][:FIRST]


def add_figures(packer: Packer, sweep: Sweep, metric: Metric) -> None:
    """Add a metric of every cell and of every run."""
    figures = sweep.cells.figures[metric.name]
    packer.numbers(f"mean.{metric.name}", figures.mean)
    if np.isfinite(figures.half).any():
        packer.numbers(f"half.{metric.name}", figures.half)
    packer.integers(f"n.{metric.name}", figures.n)
    packer.numbers(f"run.{metric.name}", sweep.runs.metrics[metric.name])


def add_runs(packer: Packer, runs: Runs) -> dict[str, Any]:
    """Add what each run is, and return the head's entries that its columns refer to.

    The name of a run's directory ends in its id, which is not said again.
    """
    pairs = zip(runs.id, runs.folder, strict=True)
    ids = ["" if folder.endswith(cell_id) else cell_id for cell_id, folder in pairs]
    head: dict[str, Any] = {"ids": "\n".join(ids), "folders": "\n".join(runs.folder)}
    packer.integers("cell", runs.cell)
    for name in ("status", "seed", "problem"):
        distinct, places = indexed(getattr(runs, name))
        packer.integers(name, places)
        head[f"{name}_texts"] = distinct
    return head


def indexed(texts: Any) -> tuple[list[str], NDArray[np.int64]]:
    """Return distinct texts in the order in which they come, and the place of each."""
    places: dict[str, int] = {}
    found = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(found, dtype=np.int64)


def add_curves(packer: Packer, curves: Curves | None) -> dict[str, Any]:
    """Add the curves, thinned where they are too long for a page."""
    if curves is None or not len(curves.steps):
        return {"curves": []}
    shown = thinned(curves, MOST_POINTS // max(len(curves.values), 1))
    packer.integers("length", shown.lengths)
    packer.numbers("step", shown.steps, along=True)
    for name, values in shown.values.items():
        packer.numbers(f"curve.{name}", values, along=True, codes=DRAWN)
    entries = [
        {"name": name, "label": shown.labels[name], "metric": shown.metric.get(name, "")}
        for name in shown.values
    ]
    return {"curves": entries, "step_name": shown.step, "thinned": shown is not curves}


def thinned(curves: Curves, points: int) -> Curves:
    """Return the same curves with about so many points in all: first and last stay, the rest evenly."""
    if len(curves.steps) <= points:
        return curves
    most = max(FEWEST_STEPS, points // max(int((curves.lengths > 0).sum()), 1))
    starts = np.cumsum(curves.lengths) - curves.lengths
    kept = [
        start + np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(np.int64))
        for start, length in zip(starts.tolist(), curves.lengths.tolist(), strict=True)
    ]
    places = np.concatenate(kept)
    values = {name: column[places] for name, column in curves.values.items()}
    lengths = np.array([len(part) for part in kept], dtype=np.int64)
    return replace(curves, lengths=lengths, steps=curves.steps[places], values=values)


def plain_effect(effect: Any) -> dict[str, Any]:
    """Return an effect in JSON's types, null for what is not there."""
    return {key: number(value) for key, value in asdict(effect).items() if key != "detail"}


def plain_pair(pair: Any) -> dict[str, Any]:
    """Return a comparison in JSON's types."""
    return {key: number(value) for key, value in asdict(pair).items()}


def number(value: Any) -> Any:
    """Return a value as JSON holds it: what is not finite becomes null."""
    if isinstance(value, dict):
        return {key: number(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [number(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.8g}") if np.isfinite(value) else None
    return value
