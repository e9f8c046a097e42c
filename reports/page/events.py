"""What a live page is sent, as JSON: runs as they are, findings with the figures that are new."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from reports.page.block import number, plain_effect, plain_pair
from reports.page.content import Content, Numbers
from reports.page.view import parts
from reports.page.watch import Seen
from reports.runs.curves import COLUMNS, Curve
from reports.runs.figures import is_number
from reports.runs.record_row import problem
from sweeps.records.metric import figures_of as recorded_figures

EMPTY = np.empty(0)


@dataclass
class Findings:
    """A sweep's content with its version, and in which version each cell's and run's figures last changed."""

    content: Content
    version: int
    plan: int
    made: float
    cells: Mapping[str, Numbers] = field(default_factory=dict)
    runs: Mapping[str, Numbers] = field(default_factory=dict)


def findings_event(findings: Findings, version: int) -> dict[str, Any]:
    """Return the findings, with the figures that changed after a version."""
    content = findings.content
    near = {cell for best in content.answer.best for cell in best.may_be_best}
    return {
        "parts": parts(content),
        "head": {
            "best": [best.cell for best in content.answer.best],
            "near": sorted(near),
            "effects": [plain_effect(effect) for effect in content.effects],
            "pairs": [plain_pair(pair) for pair in content.comparisons],
        },
        "cells": new_cells(findings, version),
        "runs": new_runs(findings, version),
        "made": findings.made,
    }


def changed_figures(before: Content | None, now: Content, part: str) -> dict[str, np.ndarray]:
    """Return by metric which cells' (or runs') figures differ from before; all where there was nothing."""
    masks = {}
    for metric in now.sweep.metrics:
        new = figures_of(now, part, metric.name)
        old = figures_of(before, part, metric.name) if before else None
        same = old is not None and old.shape == new.shape
        masks[metric.name] = (
            ~((new == old) | (np.isnan(new) & np.isnan(old))).all(axis=0)
            if same and old is not None
            else np.ones(new.shape[1], bool)
        )
    return masks


def figures_of(content: Content, part: str, metric: str) -> Numbers:
    """Return a metric's figures as rows: mean, half and n of the cells, or the values of the runs."""
    if part == "runs":
        values = content.sweep.runs.metrics.get(metric)
        return np.full((1, len(content.sweep.runs.id)), np.nan) if values is None else values[None, :]
    known = content.sweep.cells.figures.get(metric)
    if known is None:
        return np.full((3, len(content.sweep.cells.levels)), np.nan)
    return np.stack([known.mean, known.half, known.n.astype(np.float64)])


def stamped(version: int, mask: np.ndarray, before: Numbers | None) -> Numbers:
    """Return in which version each figure last changed."""
    old = np.full(len(mask), -1.0) if before is None or len(before) != len(mask) else before
    return np.where(mask, float(version), old)


def new_cells(findings: Findings, version: int) -> dict[str, list[list[Any]]]:
    """Return by metric [cell, mean, half, n] of the cells whose figures are newer than a version."""
    return {
        name: [
            [int(cell), *map(number, figures_of(findings.content, "cells", name)[:, cell].tolist())]
            for cell in np.flatnonzero(at > version)
        ]
        for name, at in findings.cells.items()
    }


def new_runs(findings: Findings, version: int) -> dict[str, list[list[Any]]]:
    """Return by metric [run, value] of the runs whose figures are newer than a version."""
    return {
        name: [
            [int(run), number(float(findings.content.sweep.runs.metrics[name][run]))]
            for run in np.flatnonzero(at > version)
        ]
        for name, at in findings.runs.items()
        if name in findings.content.sweep.runs.metrics
    }


def run_event(seen: Seen, sent: dict[str, int]) -> dict[str, Any]:
    """Return a run as it is sent: its state, its figures, the steps of its curve that were not sent yet."""
    record, curve = seen.record, seen.curve
    steps, columns = columns_of(curve)
    start = min(sent.get(record.cell_id, 0), len(curve))
    sent[record.cell_id] = len(curve)
    final = recorded_figures(record.data) if record.status == "done" else {}
    made: dict[str, Any] = {
        "id": record.cell_id,
        "folder": record.path.name if record.status != "missing" else "",
        "status": record.status,
        "problem": record.problem or problem(record.data),
        "epoch": number(float(steps[-1])) if len(curve) and record.status == "running" else 0,
        "metrics": {key: value for key, value in final.items() if is_number(value)},
    }
    if len(curve) > start:
        grown = {name: column[start:].tolist() for name, column in columns.items()}
        names = [name for name, values in grown.items() if any(map(math.isfinite, values))]
        shown = {"steps": steps[start:].tolist()}
        made |= {"from": start, "names": names, "curve": shown | {n: number(grown[n]) for n in names}}
    return made


def columns_of(curve: Curve | pd.DataFrame) -> tuple[Numbers, dict[str, Numbers]]:
    """Return a curve's steps, and its other columns by name."""
    if isinstance(curve, pd.DataFrame):
        steps, *others = (
            (curve[name].to_numpy(np.float64) for name in curve) if len(curve.columns) else (EMPTY,)
        )
        return steps, dict(zip(curve.columns[1:], others, strict=True))
    return curve[:, 0], {name: curve[:, place] for place, name in enumerate(COLUMNS) if place}


def event(kind: str, data: object, version: int | None = None) -> bytes:
    """Return a server-sent event."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    head = f"id: {version}\n" if version is not None else ""
    return f"{head}event: {kind}\ndata: {text}\n\n".encode(errors="replace")
