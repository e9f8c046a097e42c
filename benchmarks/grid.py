"""The default grid as a whole: how much of the cores' time went into its matrix products.

It is run here, from the command to the finished report, or judged by the files that an earlier run left.
"""

import statistics
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.command import ROOT, timed
from benchmarks.floor import epoch_flops, flops_per_example
from benchmarks.machine import Settings, cores
from benchmarks.page import Goal, Section
from benchmarks.task import CLASSES, FEATURES, ONE_HIDDEN
from sweeps.job.measured.process import ask
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import load_records

LIMIT = 0.70
OF_BEFORE = 0.70
TITLE = "The whole grid"


def run(settings: Settings) -> Section:
    """Run the default grid and its report by the clock (an earlier version's first), or judge a directory."""
    if settings.grid is not None:
        return of_directory(settings.grid, settings)
    before_s = command_to_report(settings.before)[0] if settings.before else None
    wall_s, found = command_to_report(ROOT)
    section = _judged(found, wall_s, "from the command to the finished report", settings)
    return beside(section, wall_s, before_s) if before_s else section


def command_to_report(version: Path) -> tuple[float, list[dict[str, Any]]]:
    """Run the default grid and its report by a version of this project: seconds, and the runs' records."""
    with tempfile.TemporaryDirectory() as folder:
        wall_s = timed("sweeps", ["sweep=grid", f"hydra.sweep.dir={folder}"], root=version)
        wall_s += timed("reports", [folder], root=version)
        return wall_s, records(Path(folder))


def beside(section: Section, wall_s: float, before_s: float) -> Section:
    """Return the section with what an earlier version took for the same, just before."""
    share = wall_s / before_s
    text = f"The version before took {before_s:.1f} s for the same: now {share:.2f} of that."
    goal = Goal(
        "the default grid, command to finished report, × before",
        f"≤ {OF_BEFORE:.2f}",
        f"{share:.2f}",
        share <= OF_BEFORE,
    )
    return replace(section, parts=[*section.parts, text], goals=[*section.goals, goal])


def of_directory(root: Path, settings: Settings) -> Section:
    """Judge a finished sweep by the times in its files, which leave out its planning and its report."""
    plan, found = read_plan(root), records(root)
    if plan is None or (problem := unfit(plan, found)):
        return Section(TITLE, [f"Not measured: {root} {problem if plan else 'holds no sweep'}."])
    last = max(record["finished"] for record in found)
    wall_s = (datetime.fromisoformat(last) - datetime.fromisoformat(plan.created)).total_seconds()
    return _judged(found, wall_s, "from its plan to its last cell", settings)


def records(root: Path) -> list[dict[str, Any]]:
    """Return the run records below a sweep's directory."""
    return [record.data for record in load_records(root).values()]


def unfit(plan: Plan, found: list[dict[str, Any]]) -> str | None:
    """Say why a directory's times tell nothing: unfinished, or not run in one go."""
    if {cell.id for cell in plan.cells} != {record["cell_id"] for record in found}:
        return "holds no finished sweep"
    if any(record["status"] != "done" or record["started"] < plan.created for record in found):
        return "holds cells that are not all from its latest run"
    return None


def _judged(found: list[dict[str, Any]], wall_s: float, span: str, settings: Settings) -> Section:
    configs = [record["config"] for record in found]
    share = efficiency(configs, measured_peak(settings.core), cores(), wall_s)
    text = (
        f"{len(found)} cells in {wall_s:.1f} s {span}, on {cores()} cores: the floors of all cells together "
        f"are {share:.1%} of the cores' time."
    )
    goal = Goal(f"the grid's floors over core time, {span}", f"≥ {LIMIT:.2f}", f"{share:.3f}", share >= LIMIT)
    return Section(TITLE, [text], [goal])


def measured_peak(core: int | None, times: int = 5) -> float:
    """Return the median of this core's peak, in flops per second."""
    rounds = [ask("benchmarks.floor:Floor", "epoch", 0, core=core, task=ONE_HIDDEN) for _ in range(times)]
    return epoch_flops(ONE_HIDDEN) / statistics.median(float(one.seconds) for one in rounds)


def cell_flops(config: Mapping[str, Any]) -> int:
    """Return the flops of all products that a cell of MNIST trains with, from its resolved config."""
    examples = config["dataset"]["train_size"] or 60_000
    widths = (FEATURES, *config["model"]["hidden"], CLASSES)
    return flops_per_example(widths) * int(examples) * int(config["training"]["epochs"])


def efficiency(configs: Iterable[Mapping[str, Any]], peak: float, cores: int, wall_s: float) -> float:
    """Return the sum of the cells' floors over cores × wall time."""
    return sum(map(cell_flops, configs)) / peak / (cores * wall_s)
