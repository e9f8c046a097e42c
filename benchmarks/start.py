"""What a sweep costs around its training, in CPU seconds of all its processes together."""

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.command import cpu_seconds
from benchmarks.grid import records
from benchmarks.machine import Settings
from benchmarks.page import Goal, Section, table

TINY = ["dataset=sample", "training.epochs=1", "seed=0,1"]
GRID = ["dataset=sample", "activation=selu,swish,relu,gelu", "loss=mse,softmax_ce,hinge,focal", "seed=0,1,2"]
BEYOND_S, TIMES = 1.5, 1.10

ABOUT = """CPU seconds, user and system, of a command and of all processes that it has started: they do not \
depend on how many cores there are. Plain joblib trains the same cells with the same engine, one alone after \
another: no plan, no checks, no records, no checkpoints, nothing resumed."""


def run(settings: Settings) -> Section:
    """Measure each command in interleaved rounds."""
    rounds = [_round() for _ in range(settings.rounds)]
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    beyond = medians["two tiny cells"] - medians["their training"]
    times = statistics.median(
        one["16 cells × 3 seeds"] / one["the same under plain joblib"] for one in rounds
    )
    goals = [
        Goal("two tiny cells, CPU s beyond training", f"≤ {BEYOND_S}", f"{beyond:.2f}", beyond <= BEYOND_S),
        Goal("16 cells × 3 seeds, CPU s, × plain joblib", f"≤ {TIMES:.2f}", f"{times:.2f}", times <= TIMES),
    ]
    rows = [(name, f"{median:.2f}") for name, median in medians.items()]
    return Section("Around the training", [ABOUT, table(("", "CPU s"), rows)], goals)


def _round() -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        tiny, grid = Path(folder, "tiny"), Path(folder, "grid")
        found = {
            "`--help`": cpu_seconds("sweeps", ["--help"]),
            "two tiny cells": cpu_seconds("sweeps", [*TINY, f"hydra.sweep.dir={tiny}"]),
            "their training": sum(trained_s(record) for record in records(tiny)),
            "their status": cpu_seconds("sweeps.status", [str(tiny)]),
            "16 cells × 3 seeds": cpu_seconds("sweeps", [*GRID, f"hydra.sweep.dir={grid}"]),
        }
        plain = cpu_seconds("benchmarks.joblib_sweep", ["records", str(grid)])
        return found | {"the same under plain joblib": plain}


def trained_s(record: Mapping[str, dict[str, float]]) -> float:
    """Return the CPU seconds of a run's epochs, by its record."""
    return record["timing"]["epoch_cpu_s_median"] * record["final_epoch"]  # type: ignore[operator]
