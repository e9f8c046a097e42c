"""Whether workers can be launched here at all: asked before anything is written."""

from __future__ import annotations

import math

from hydra.utils import get_class
from omegaconf import DictConfig

from sweeps.records.errors import UserError
from sweeps.records.process import this_process


def check_machine() -> None:
    """Raise UserError where processes cannot be looked up: then no lock says whether its holder is alive."""
    if this_process().process_started is None:
        raise UserError("no process can be looked up here: /proc (on macOS: ps) must be there")


def check_launcher(config: DictConfig) -> None:
    """Raise UserError if the launcher has a check of its own, and that finds that it cannot work here."""
    try:
        launcher = get_class(config.hydra.launcher._target_)
    except Exception:  # Hydra says what is wrong with it when it makes one
        return
    getattr(launcher, "check", lambda: None)()


def check_workers(config: DictConfig) -> None:
    """Raise UserError unless the launcher's own settings make at least one worker."""
    for key, least in (("n_jobs", -math.inf), ("array_parallelism", 1), ("min_cells", 1)):
        value = config.hydra.launcher.get(key)
        if value is not None and (value == 0 or value < least):
            rule = "at least 1" if least == 1 else "at least 1, or below 0: -1 is one for each core"
            raise UserError(f"hydra.launcher.{key} = {value}: must be {rule}")
