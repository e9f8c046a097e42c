"""Efficiency of a whole sweep: the floors of its cells over the core-seconds that it took."""

import json
import statistics
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.floor import epoch_flops, flops_per_example
from benchmarks.process import Remote
from benchmarks.task import CLASSES, FEATURES, ONE_HIDDEN


def measured_peak(core: int | None, times: int = 5) -> float:
    """Return the median of this core's peak, in flops per second."""
    remote = Remote("benchmarks.floor:Floor", core, task=ONE_HIDDEN)
    try:
        seconds: list[float] = [remote.call("epoch", number).seconds for number in range(times)]
    finally:
        remote.close()
    return epoch_flops(ONE_HIDDEN) / statistics.median(seconds)


def cell_flops(config: Mapping[str, Any]) -> int:
    """Return the flops of all products that a cell of MNIST trains with, from its resolved config."""
    examples = config["dataset"]["train_size"] or 60_000
    widths = (FEATURES, *config["model"]["hidden"], CLASSES)
    return flops_per_example(widths) * int(examples) * int(config["training"]["epochs"])


def efficiency(configs: Iterable[Mapping[str, Any]], peak: float, cores: int, wall_s: float) -> float:
    """Return the sum of the cells' floors over cores × wall time."""
    return sum(map(cell_flops, configs)) / peak / (cores * wall_s)


def records(root: Path) -> list[dict[str, Any]]:
    """Return the run records below a sweep's directory."""
    return [json.loads(path.read_bytes()) for path in sorted(root.glob("*/report.json"))]


def seconds_between(first: str, last: str) -> float:
    """Return the seconds between two ISO times."""
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
