"""The report of 10,000 runs, and of them again after a few new ones: every table, ranking and the page."""

import resource
import tempfile
from pathlib import Path

from benchmarks.machine import Settings
from benchmarks.many import Copies
from benchmarks.page import Goal, Section, table
from benchmarks.scale import AXES, NEW, measured

RUNS = 10_000
EXAMPLES = 10_000
SECONDS, AGAIN, MEGABYTES = 15.0, 2.0, 1024.0


def run(settings: Settings) -> Section:
    """Report as many runs, with and without the answers on the test examples in their records."""
    rows, goals = [], list[Goal]()
    for examples in (0, EXAMPLES):
        (wall_s, cpu_s, peak), again = measure(examples)
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
    about = (
        f"{RUNS:,} runs of {RUNS // 5:,} cells and five seeds, five factors: tables, rankings, findings and "
        "page, no figures. CPU seconds are those of all its threads; where the wall seconds are far above, "
        "the machine was busy. Again: the same command, which finds what it had read. With answers, every "
        "verdict also says whether it holds for new images."
    )
    return Section(
        "The report of 10,000 runs", [about, table(("records", "wall, s", "CPU, s", "MB"), rows)], goals
    )


def measure(examples: int) -> list[tuple[float, float, float]]:
    """Return the wall seconds, the CPU seconds and the memory (MB) of a report, and of it with NEW runs."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(AXES, RUNS, epochs=10, examples=examples)
        cells = copies.plan.cells
        for count, some in ((len(cells) - NEW, cells[:-NEW]), (len(cells), cells[-NEW:])):
            copies.write_plan(Path(folder), count)
            copies.write(Path(folder), some)
            before = cpu()
            wall_s, peak, _ = measured("reports", folder, "--no-plots")
            found.append((wall_s, cpu() - before, peak))
    return found


def cpu() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
