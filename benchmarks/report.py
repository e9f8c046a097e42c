"""The report of 10,000 runs, and of them again after a few new ones: every table, ranking and the page."""

import json
import resource
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks.machine import Settings
from benchmarks.many import Copies
from benchmarks.page import Goal, Section, table
from benchmarks.scale import AXES, NEW, measured

RUNS = 10_000
EXAMPLES = 10_000
SECONDS, AGAIN, MEGABYTES = 15.0, 2.0, 1024.0
PARTS_OF = f"Where the time goes when {NEW} runs are new: the parts one after another, in one process."
Measured = tuple[float, float, float]
"""Wall seconds, CPU seconds and memory (MB) of a command."""


def run(settings: Settings) -> Section:
    """Report as many runs, with and without the answers on the test examples in their records."""
    rows, goals, seconds = [], list[Goal](), list[Mapping[str, float]]()
    for examples in (0, EXAMPLES):
        (wall_s, cpu_s, peak), again, into = measure(examples)
        kind = f"with {examples:,} answers each" if examples else "without answers"
        rows.append((kind, f"{wall_s:.1f}", f"{cpu_s:.1f}", f"{peak:.0f}"))
        rows.append((f"again, {NEW} of them new", f"{again[0]:.1f}", f"{again[1]:.1f}", f"{again[2]:.0f}"))
        goals += [
            Goal(
                f"CPU seconds of a report of {RUNS:,} runs, {kind}",
                f"≤ {SECONDS:g}",
                f"{cpu_s:.1f}",
                cpu_s <= SECONDS,
            ),
            Goal(
                f"CPU seconds of it again, {NEW} of the runs new, {kind}",
                f"< {AGAIN:g}",
                f"{again[1]:.1f}",
                again[1] < AGAIN,
            ),
            Goal(f"its memory, MB, {kind}", f"≤ {MEGABYTES:g}", f"{peak:.0f}", peak <= MEGABYTES),
        ]
        seconds.append(into)
    about = (
        f"{RUNS:,} runs of {RUNS // 5:,} cells and five seeds, five factors: tables, rankings, findings and "
        "page, no figures. CPU seconds are those of all its threads; where the wall seconds are far above, "
        "the machine was busy. Again: the same command, which finds what it had read. With answers, every "
        "verdict also says whether it holds for new images."
    )
    whole = table(("records", "wall, s", "CPU, s", "MB"), rows)
    return Section("The report of 10,000 runs", [about, whole, PARTS_OF, of_parts(seconds)], goals)


def of_parts(seconds: Sequence[Mapping[str, float]]) -> str:
    """Return the parts of a report that is made again, in milliseconds."""
    parts = [(part, *(f"{1000 * each[part]:.0f}" for each in seconds)) for part in seconds[0]]
    sums = ("**all of it**", *(f"{1000 * sum(each.values()):.0f}" for each in seconds))
    return table(("CPU ms of it again", "without answers", "with them"), [*parts, sums])


def measure(examples: int) -> tuple[Measured, Measured, Mapping[str, float]]:
    """Return what a report takes, what it takes again with NEW runs, and with as many more by its parts."""
    found = list[Measured]()
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(AXES, RUNS, epochs=10, examples=examples)
        cells = copies.plan.cells
        ends = (len(cells) - 2 * NEW, len(cells) - NEW, len(cells))
        for begin, end in pairwise((0, *ends)):
            copies.write_plan(Path(folder), end)
            copies.write(Path(folder), cells[begin:end])
            if end == len(cells):
                break
            before = cpu()
            wall_s, peak, _ = measured("reports", folder, "--no-plots")
            found.append((wall_s, cpu() - before, peak))
        first, again = found
        return first, again, json.loads(measured("benchmarks.rebuild", folder)[2])


def cpu() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
