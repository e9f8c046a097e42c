"""From a sweep's results to a tracker, adding what is not there yet."""

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from reports.exports.trackers.runs import TrackedRun, tracked
from reports.runs.results import Results
from sweeps.records.errors import UserError


class Tracker(Protocol):
    """A tracker as it is seen from here: which runs it has, with their stamps, and how it is given more."""

    look: str
    """The command that shows what was exported."""

    def known(self) -> dict[str, str]:
        """Return cell id → stamp of every run that is there."""

    def add(self, run: TrackedRun) -> None:
        """Write a run."""

    def remove(self, run: TrackedRun) -> None:
        """Drop what was written of an earlier form of this run."""


def export_to(results: Results, to: str, folder: Path) -> Iterator[str]:
    """Give every run that has a result to a tracker, and yield lines on what was done.

    Runs that are there already are left alone; one that was run again since replaces its earlier form. Raises
    UserError if the tracker's package is not installed.
    """
    package, make = TRACKERS[to]
    if find_spec(package) is None:
        raise UserError(f"export --to {to} needs the package {package}: pip install {package}")
    tracker = make(re.sub(r"[^A-Za-z0-9_.-]", "_", results.sweep)[:100] or "sweep", folder)
    known, counts = tracker.known(), {"added": 0, "replaced": 0, "there already": 0}
    for run in tracked(results):
        if known.get(run.cell_id) == run.stamp:
            counts["there already"] += 1
            continue
        if run.cell_id in known:
            tracker.remove(run)
        tracker.add(run)
        counts["replaced" if run.cell_id in known else "added"] += 1
    yield f"{results.sweep}: " + (
        ", ".join(f"{n:,} runs {what}" for what, n in counts.items() if n) or "no runs"
    )
    yield f"to look at them: {tracker.look}"


def make_mlflow(experiment: str, folder: Path) -> Tracker:
    """Return MLflow, imported only now."""
    from reports.exports.trackers.mlflow import MLflow

    return MLflow(experiment, folder)


def make_tensorboard(experiment: str, folder: Path) -> Tracker:
    """Return TensorBoard, imported only now."""
    from reports.exports.trackers.tensorboard import TensorBoard

    return TensorBoard(folder / "tensorboard")


def make_wandb(experiment: str, folder: Path) -> Tracker:
    """Return Weights & Biases, imported only now."""
    from reports.exports.trackers.wandb import WeightsAndBiases

    return WeightsAndBiases(experiment, folder / "wandb-offline")


TRACKERS: dict[str, tuple[str, Callable[[str, Path], Tracker]]] = {
    "mlflow": ("mlflow", make_mlflow),
    "tensorboard": ("tensorboard", make_tensorboard),
    "wandb": ("wandb", make_wandb),
}
