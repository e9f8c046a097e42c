"""The main table: one training epoch of each engine beside the floor."""

from collections.abc import Sequence

from benchmarks.contest import Entry, Result, contest, indispensable, ratio
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table
from benchmarks.task import ONE_HIDDEN, SMALL, TWO_HIDDEN, Task

TASKS = (ONE_HIDDEN, TWO_HIDDEN, SMALL)
FLOOR = Entry("floor: the matrix products at this core's peak", "benchmarks.floor:Floor")
OWN = Entry("**this engine**", "benchmarks.engines.own:Own")
JAX = Entry("JAX jit + scan", "benchmarks.engines.jax_scan:JaxScan", ("jax", "jaxlib"))
JAX_LIMITS = {ONE_HIDDEN: 0.95, TWO_HIDDEN: 0.95, SMALL: 1.5}
ENTRIES = (
    FLOOR,
    Entry("the same products through NumPy, nothing else", "benchmarks.floor:Products"),
    OWN,
    Entry("this engine, relu", "benchmarks.engines.own:Own", arguments={"activation": "relu"}),
    JAX,
    Entry("textbook NumPy", "benchmarks.engines.textbook:Textbook"),
    Entry("scikit-learn, relu", "benchmarks.engines.scikit_learn:ScikitLearn", ("scikit-learn",)),
    Entry("PyTorch eager", "benchmarks.engines.pytorch:PyTorch", ("torch",)),
    Entry("PyTorch compiled", "benchmarks.engines.pytorch:PyTorchCompiled", ("torch",)),
)

ABOUT = """Seconds of one training epoch of MNIST: 60,000 images, float32, softmax_ce, gelu (tanh form) \
unless relu is named, momentum .9, weight decay 5e-4 on the weights, learning rate .01, shuffled anew, the \
running mean loss and accuracy included. All but scikit-learn start from the same weights and see the same \
batches, so that their accuracies must agree. The floor is the flops of the step's matrix products, all 784 \
columns included, over the highest rate of large products on this core in the same round. `× floor` is the \
median of the rounds' own ratios. Accuracy is on the 10,000 test images, after all rounds. Set-up is what \
the first network takes from the start of a process to the end of its first epoch, beyond that epoch: \
imports, data, compilation."""


def run(settings: Settings) -> Section:
    """Measure every engine on every task."""
    entries = [entry for entry in ENTRIES if not settings.quick or entry in (FLOOR, OWN, JAX)]
    results = [contest(entries, task, settings.rounds, settings.core) for task in TASKS]
    for column in results:
        indispensable(column[0])
    goals = [goal for task, column in zip(TASKS, results, strict=True) for goal in _goals(task, column)]
    return Section("An epoch", [ABOUT, _table(results), *map(_spread, TASKS, results)], goals)


def _table(results: Sequence[Sequence[Result]]) -> str:
    headers = [title for task in TASKS for title in (f"{task}: s", "× floor", "accuracy")]
    rows = []
    for i, result in enumerate(results[0]):
        cells = (cell for column in results for cell in _cells(column[i], column))
        rows.append([result.entry.title, *cells, _setup(result)])
    return table(["", *headers, "set-up s"], rows)


def _cells(result: Result, column: Sequence[Result]) -> tuple[str, str, str]:
    if result.problem:
        return result.problem, "", ""
    accuracy = "" if result.accuracy is None else f"{result.accuracy:.4f}"
    return f"{result.median_s:.4f}", f"{ratio(result, column[0]):.2f}", accuracy


def _setup(result: Result) -> str:
    return "" if result.problem or result.accuracy is None else f"{result.setup_s:.1f}"


def _own(column: Sequence[Result]) -> Result:
    return indispensable(next(result for result in column if result.entry is OWN))


def _spread(task: Task, column: Sequence[Result]) -> str:
    ratios = sorted(ours / floor for ours, floor in zip(_own(column).seconds, column[0].seconds, strict=True))
    return (
        f"{task}: this engine's ratio to the floor was {ratios[0]:.3f} to {ratios[-1]:.3f} over the rounds; "
        f"it tests all 10,000 images in {_own(column).test_s or 0:.4f} s."
    )


def _goals(task: Task, column: Sequence[Result]) -> list[Goal]:
    """The two main networks have a limit to their ratio; evaluation has one everywhere."""
    own = _own(column)
    share = (own.test_s or 0.0) / own.median_s
    goals = [Goal(f"evaluation after an epoch, {task}", "≤ 10 %", f"{share:.1%}", share <= 0.10)]
    jax = next(result for result in column if result.entry is JAX)
    if not jax.problem:
        times, limit = ratio(own, jax), JAX_LIMITS[task]
        goals.insert(0, Goal(f"an epoch of {task}, × JAX", f"≤ {limit}", f"{times:.3f}", times <= limit))
    if task is not SMALL:
        times = ratio(own, column[0])
        goals.insert(0, Goal(f"an epoch of {task}, × floor", "≤ 1.15", f"{times:.3f}", times <= 1.15))
    return goals
