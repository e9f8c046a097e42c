"""A sweep of 16 cells here, against the same grid as PyTorch jobs under Hydra's joblib launcher."""

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.command import timed
from benchmarks.contest import version
from benchmarks.grid import efficiency, measured_peak, records
from benchmarks.machine import Settings, cores
from benchmarks.page import Section, table
from mlp.datasets import MNIST
from sweeps.job.measured.process import CannotRun

GRID = ["activation=selu,swish,relu,gelu", "loss=mse,softmax_ce,hinge,focal"]
ABOUT = """4 activations × 4 losses, 784-128-10, 10 epochs each, tested after every epoch, on all cores; \
the wall time of one run each. The other side is `benchmarks/torch_sweep/job.py`, the script that one would \
write: tensors in memory, the usual loop, Hydra's joblib launcher. Efficiency is the sum of the cells' \
floors over cores × wall time. Joblib alone calls a function for each cell and keeps nothing; JAX trains \
gelu with softmax_ce in all sixteen, which is all that its engine here can."""


def run(settings: Settings) -> Section:
    """Run both sweeps, once each."""
    with tempfile.TemporaryDirectory() as folder:
        own_s = timed("sweeps", [*GRID, f"hydra.sweep.dir={folder}"])
        found = records(Path(folder))
    configs = [record["config"] for record in found]
    peak = measured_peak(settings.core)

    def row(name: str, seconds: float, accuracies: Sequence[float]) -> tuple[str, ...]:
        share = efficiency(configs, peak, cores(), seconds)
        mean, worst = statistics.mean(accuracies), min(accuracies)
        return name, f"{seconds:.1f}", f"{seconds / own_s:.2f}", f"{share:.2f}", f"{mean:.4f}", f"{worst:.4f}"

    rows = [row("**this project**", own_s, [record["final"]["test_accuracy"] for record in found])]
    for title, others in PEERS.items():
        try:
            rows.append(row(title, *others()))
        except CannotRun as error:
            rows.append((title, str(error), "", "", "", ""))
    headers = ("16 cells", "s", "× this", "efficiency", "mean accuracy", "lowest")
    return Section("A sweep", [ABOUT, table(headers, rows)])


def joblib_sweep(kind: str) -> tuple[float, list[float]]:
    """Run sixteen cells under joblib alone; return its seconds and every cell's test accuracy."""
    if kind == "jax" and version("jax") is None:
        raise CannotRun("not installed: jax")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        seconds = timed("benchmarks.joblib_sweep", [kind], output=output.fileno())
        output.seek(0)
        return seconds, json.loads(output.read())


def torch_sweep() -> tuple[float, list[float]]:
    """Run the PyTorch sweep; return its seconds and every cell's test accuracy."""
    if version("torch") is None:
        raise CannotRun("not installed: torch")
    data = MNIST.files.folder
    with tempfile.TemporaryDirectory() as folder:
        seconds = timed(
            "benchmarks.torch_sweep.job", ["-m", *GRID, f"data='{data}'", f"hydra.sweep.dir={folder}"]
        )
        results = [
            json.loads(path.read_text(encoding="utf-8")) for path in Path(folder).glob("*/result.json")
        ]
    if len(results) != 16:
        raise CannotRun(f"{len(results)} of 16 cells have a result")
    return seconds, [result["test_accuracy"] for result in results]


PEERS: dict[str, Callable[[], tuple[float, list[float]]]] = {
    "this engine under joblib alone": partial(joblib_sweep, "own"),
    "JAX jit + scan under joblib alone": partial(joblib_sweep, "jax"),
    "PyTorch under Hydra joblib": torch_sweep,
}
