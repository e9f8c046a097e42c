"""Sixteen cells of one seed in lockstep: what one of them takes, beside alone and beside JAX."""

from collections.abc import Sequence

from benchmarks.contest import Entry, Result, contest, indispensable, ratio
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.task import ONE_HIDDEN, SMALL, Task

TINY = Task((32,), batch_size=32, sample=True)
TASKS = (ONE_HIDDEN, SMALL, TINY)
GROUP = Entry("**this engine in lockstep**", "benchmarks.engines.group:Group")
ALONE = Entry("this engine, one cell after another", "benchmarks.engines.group:Alone")
SCAN = Entry("JAX jit + scan, one cell", "benchmarks.engines.jax_scan:JaxScan", ("jax", "jaxlib"))
VMAP = Entry("JAX jit + scan + vmap", "benchmarks.engines.jax_vmap:JaxVmap", ("jax", "jaxlib"))
ENTRIES = (GROUP, ALONE, SCAN, VMAP)

ABOUT = """Microseconds of a step for one cell, when the sixteen pairs of activation and loss of the default \
grid are trained on the same batches. JAX trains gelu with softmax_ce only: one network, or sixteen of them \
at once, vmapped. In brackets the median of the rounds' ratios to this engine in lockstep. A cell ends with \
the same bits in lockstep and alone. 784-32-10 is trained on the sample of 1,500 images."""


def run(settings: Settings) -> Section:
    """Measure every entry on every task."""
    columns = {task: contest(entries(task), task, settings.rounds, settings.core) for task in TASKS}
    goals = [goal for task, column in columns.items() for goal in _goals(task, column)]
    rows = [
        [entry.title, *(_cell(task, column, entry) for task, column in columns.items())] for entry in ENTRIES
    ]
    return Section("Lockstep", [ABOUT, table(["", *map(str, TASKS)], rows)], goals)


def entries(task: Task) -> Sequence[Entry]:
    """Return the entries that can train a task: JAX's scan needs batches of one size."""
    return [entry for entry in ENTRIES if not entry.requires or task.examples % task.batch_size == 0]


def _found(column: Sequence[Result], entry: Entry) -> Result | None:
    return next((result for result in column if result.entry is entry), None)


def _cell(task: Task, column: Sequence[Result], entry: Entry) -> str:
    result = _found(column, entry)
    if result is None or result.problem:
        return "" if result is None or result.problem is None else result.problem
    times = ratio(result, indispensable(column[0]))
    return f"{1e6 * result.median_s / task.steps:.1f} ({times:.2f})"


def _goals(task: Task, column: Sequence[Result]) -> list[Goal]:
    """Against JAX, the better of its two ways, where it is installed; against alone for the tiny network."""
    group = indispensable(column[0])
    if task is TINY:
        times = ratio(group, indispensable(column[1]))
        return [Goal(f"a cell in lockstep, {task}, × alone", "≤ 0.50", f"{times:.2f}", times <= 0.50)]
    peers = [peer for entry in (SCAN, VMAP) if (peer := _found(column, entry)) and not peer.problem]
    if not peers:
        return []
    times = max(ratio(group, peer) for peer in peers)
    return [Goal(f"a cell in lockstep, {task}, × JAX", "≤ 0.80", f"{times:.2f}", times <= 0.80)]
