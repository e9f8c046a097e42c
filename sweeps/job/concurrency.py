"""How many runs go on at once: what their times and their files share a machine with."""

from pathlib import Path
from typing import cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from sweeps.records.record import read_record


def concurrent_runs(directory: Path) -> int | None:
    """Return how many runs go on at once; None where that is not known.

    A worker of the sweeper writes it into the record before it calls the job. Hydra's other sweepers write no
    record; their runs follow one another unless a launcher that starts several is chosen.
    """
    record = read_record(directory)
    if record.status == "running":
        number = (record.data.get("timing") or {}).get("concurrent_runs")
        return number if isinstance(number, int) else None
    return 1 if _one_after_another(cast(DictConfig, HydraConfig.get())) else None


def _one_after_another(hydra: DictConfig) -> bool:
    return hydra.mode is RunMode.RUN or str(hydra.launcher.get("_target_")).endswith(".BasicLauncher")
