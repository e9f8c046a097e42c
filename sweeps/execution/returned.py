"""What a sweep returns to Hydra: its list of JobReturn, made from the records of the cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from hydra import version
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from sweeps.planning.compose import Composer, without_hydra
from sweeps.planning.subdir import placed
from sweeps.records.metric import VALUE, figures_of
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record


class CellReturn(JobReturn):
    """A cell's end, as Hydra tells of it; its configs are composed only when somebody asks for them."""

    def __init__(self, cell: Cell, number: int, record: Record, root: Path, composer: Composer) -> None:
        self.overrides = list(cell.overrides)
        self.status = JobStatus.COMPLETED
        self._return_value = returned(record.data)
        self.task_name = str(composer.master.hydra.job.name)
        self._compose: Callable[[], DictConfig] = lambda: placed(
            composer.full(cell.overrides), root, record.path.name, number
        )
        changed = composer.master.hydra.job.chdir
        if changed is None:
            changed = not version.base_at_least("1.2")
        self.working_dir = str(record.path if changed else Path.cwd())

    @cached_property
    def hydra_cfg(self) -> DictConfig:  # type: ignore[override]
        """The cell's config with the `hydra` node alone."""
        config = self._compose()
        return DictConfig({"hydra": config.hydra}, flags={"allow_objects": True})

    @cached_property
    def cfg(self) -> DictConfig:  # type: ignore[override]
        """What the job saw."""
        return without_hydra(self._compose())


def returns(plan: Plan, records: Mapping[str, Record], root: Path, composer: Composer) -> list[JobReturn]:
    """Return the ends of a plan's cells, in its order, of those that have a result."""
    return [
        CellReturn(cell, number, records[cell.id], root, composer)
        for number, cell in enumerate(plan.cells)
        if cell.id in records and records[cell.id].is_complete
    ]


def returned(data: Mapping[str, Any]) -> Any:
    """Return what a job returned, as far as its record has it: a number, its figures, or something else."""
    if "result" in data:
        return data["result"]
    figures = figures_of(data)
    return figures[VALUE] if set(figures) == {VALUE} else figures or None
