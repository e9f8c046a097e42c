"""The default grid as a whole: how much of the cores' time went into its matrix products.

It is run here, from the command to the finished report, or judged by the files that an earlier run left.
"""

import csv
import statistics
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.command import ROOT, timed
from benchmarks.floor import epoch_flops, flops_per_example
from benchmarks.machine import Settings, cores
from benchmarks.page import Goal, Section, table
from benchmarks.task import CLASSES, FEATURES, ONE_HIDDEN
from sweeps.job.measured.process import ask
from sweeps.records.layout import HISTORY
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import load_records

LIMIT = 0.70
OF_BEFORE = 0.70
TITLE = "The whole grid"


def run(settings: Settings) -> Section:
    """Run the default grid and its report by the clock (an earlier version's first), or judge a directory."""
    if settings.grid is not None:
        return of_directory(settings.grid, settings)
    before_s = command_to_report(settings.before).wall_s if settings.before else None
    took = command_to_report(ROOT)
    section = _judged(took.found, took.wall_s, "from the command to the finished report", settings, took)
    return beside(section, took.wall_s, before_s) if before_s else section


@dataclass(frozen=True)
class Took:
    """What a sweep and its report took (s), its runs' records, and the CPU seconds of all their epochs."""

    sweep_s: float
    report_s: float
    found: list[dict[str, Any]]
    epochs_cpu_s: float

    @property
    def wall_s(self) -> float:
        """Both, one after the other."""
        return self.sweep_s + self.report_s

    def parts(self, floors_s: float) -> str:
        """Return where the cores' seconds went, as a table; `floors_s` are those of the products at peak."""
        whole = cores() * self.wall_s
        parts = {
            "the matrix products at this core's peak": floors_s,
            "the rest of the training epochs": self.epochs_cpu_s - floors_s,
            "the sweep beside them: tests, records, start, cores that wait": cores() * self.sweep_s
            - self.epochs_cpu_s,
            "the report, on all cores": cores() * self.report_s,
        }
        rows = [(part, f"{seconds:.1f}", f"{seconds / whole:.1%}") for part, seconds in parts.items()]
        return table(("of the cores' time", "s", "share"), rows)


def command_to_report(version: Path) -> Took:
    """Run the default grid and its report by a version of this project."""
    with tempfile.TemporaryDirectory() as folder:
        sweep_s = timed("sweeps", ["sweep=grid", f"hydra.sweep.dir={folder}"], root=version)
        report_s = timed("reports", [folder], root=version)
        return Took(sweep_s, report_s, records(Path(folder)), epochs_cpu_s(Path(folder)))


def epochs_cpu_s(root: Path) -> float:
    """Return the CPU seconds of all training epochs below a sweep's directory, by the runs' histories."""
    seconds = 0.0
    for path in root.glob(f"*/{HISTORY}"):
        with path.open(newline="", encoding="utf-8") as file:
            seconds += sum(float(row["epoch_cpu_s"]) for row in csv.DictReader(file))
    return seconds


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


def _judged(
    found: list[dict[str, Any]], wall_s: float, span: str, settings: Settings, took: Took | None = None
) -> Section:
    configs = [record["config"] for record in found]
    share = efficiency(configs, measured_peak(settings.core), cores(), wall_s)
    text = (
        f"{len(found)} cells in {wall_s:.1f} s {span}, on {cores()} cores: the floors of all cells together "
        f"are {share:.1%} of the cores' time."
    )
    goal = Goal(f"the grid's floors over core time, {span}", f"≥ {LIMIT:.2f}", f"{share:.3f}", share >= LIMIT)
    parts = [text] if took is None else [text, took.parts(share * cores() * wall_s)]
    return Section(TITLE, parts, [goal])


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
