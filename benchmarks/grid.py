"""The default grid as a whole: how much of the cores' time went into its matrix products.

It is run here, from the command to the finished report, or judged by the files that an earlier run left.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.command import timed
from benchmarks.efficiency import efficiency, measured_peak, records, seconds_between
from benchmarks.machine import Settings, cores
from benchmarks.page import Goal, Section
from sweeps.records.plan import read_plan

LIMIT = 0.70
TITLE = "The whole grid"


def run(settings: Settings) -> Section:
    """Run the default grid and its report by the clock, or judge the given directory."""
    if settings.grid is not None:
        return of_directory(settings.grid, settings)
    with tempfile.TemporaryDirectory() as folder:
        wall_s = timed("sweeps", ["sweep=grid", f"hydra.sweep.dir={folder}"]) + timed("reports", [folder])
        return _judged(records(Path(folder)), wall_s, "from the command to the finished report", settings)


def of_directory(root: Path, settings: Settings) -> Section:
    """Judge a finished sweep by the times in its files, which leave out its planning and its report."""
    found = records(root)
    if problem := unfit(root, found):
        return Section(TITLE, [f"Not measured: {problem}."])
    return _judged(found, wall_s(root, found), "from its plan to its last cell", settings)


def unfit(root: Path, found: list[dict[str, Any]]) -> str | None:
    """Say why a directory's times tell nothing: nothing there, unfinished, or not run in one go."""
    plan = read_plan(root)
    if plan is None or {cell.id for cell in plan.cells} != {record["cell_id"] for record in found}:
        return f"{root} holds no finished sweep"
    if any(record["status"] != "done" or record["started"] < plan.created for record in found):
        return f"the cells in {root} are not all from its latest run"
    return None


def wall_s(root: Path, found: list[dict[str, Any]]) -> float:
    """Return the seconds from the plan to the end of the last cell."""
    plan = read_plan(root)
    assert plan is not None
    return seconds_between(plan.created, max(record["finished"] for record in found))


def _judged(found: list[dict[str, Any]], wall_s: float, span: str, settings: Settings) -> Section:
    configs = [record["config"] for record in found]
    share = efficiency(configs, measured_peak(settings.core), cores(), wall_s)
    text = (
        f"{len(found)} cells in {wall_s:.1f} s {span}, on {cores()} cores: the floors of all cells together "
        f"are {share:.1%} of the cores' time."
    )
    goal = Goal(f"the grid's floors over core time, {span}", f"≥ {LIMIT:.2f}", f"{share:.3f}", share >= LIMIT)
    return Section(TITLE, [text], [goal])
