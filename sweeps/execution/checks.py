"""Whether workers can be launched here at all: asked before anything is written."""

from __future__ import annotations

from hydra.utils import get_class
from omegaconf import DictConfig

from sweeps.records.errors import UserError
from sweeps.records.process import this_process

ONE = ("array_parallelism", "min_cells", "cpus_per_task")
LEAST = dict.fromkeys(ONE, 1) | dict.fromkeys(("timeout_min", "signal_delay_s", "mem_gb"), 0)
"""The least that settings of launchers may be, named as submitit names them; no time limit is 0."""


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
    getattr(launcher, "check", lambda _: None)(config.hydra.launcher)


def check_workers(config: DictConfig) -> None:
    """Raise UserError unless the launcher's own settings make at least one worker that can work."""
    launcher = config.hydra.launcher
    if launcher.get("n_jobs") == 0:
        raise UserError("hydra.launcher.n_jobs = 0: must be at least 1, or below 0: -1 is one for each core")
    for key, least in LEAST.items():
        value = launcher.get(key)
        if isinstance(value, int | float) and value < least:
            raise UserError(f"hydra.launcher.{key} = {value}: must be at least {least}")
    limit, warning = launcher.get("timeout_min"), launcher.get("signal_delay_s")
    if limit and warning is not None and warning >= limit * 60:
        rule = f"below {limit * 60}, the limit that it comes before: hydra.launcher.timeout_min = {limit}"
        raise UserError(f"hydra.launcher.signal_delay_s = {warning}: must be {rule}")
