"""How many workers there are: what is asked for, what the launcher offers, and what there is to do."""

from __future__ import annotations

import math
import os

from omegaconf import DictConfig


def worker_count(config: DictConfig, workers: int | None, due: int) -> int:
    """Return how many workers there are, and so how many cells run at once, at most all.

    That is what is asked for, else what the launcher offers, unless its `min_cells` for each make it fewer.
    """
    launcher = config.hydra.launcher
    offered = next(
        (launcher[key] for key in ("n_jobs", "array_parallelism") if launcher.get(key) is not None), 1
    )
    wanted = offered if workers is None else workers
    if str(launcher.get("_target_")).endswith(".BasicLauncher"):
        wanted = 1  # Hydra's own runs one after another, whatever is asked for
    if wanted < 0:
        wanted = max(1, available_cores() + 1 + wanted)
    if workers is None:
        due = math.ceil(due / (launcher.get("min_cells") or 1))
    return min(int(wanted), due)


def available_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
