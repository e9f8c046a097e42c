"""The studies, and what belongs to each: its sweeps in their order, its measurement. The one list of them.

`python -m sweeps.studies` runs what stands here; reports publish these, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Study:
    """Sweeps that answer one report's questions, in runs/<name> and folders below it.

    parts: sweeps that run before the main one, each in a folder of its own
    group: the config group that its sweeps are options of
    measured: a module of sweeps.job.measured, and the name of the table that it makes
    """

    name: str
    parts: tuple[str, ...] = ()
    group: str = "study"
    measured: str | None = None

    @property
    def is_source_report(self) -> bool:
        """Whether the study is a source report's; else it goes beyond them."""
        return self.group == "study"

    def option(self, part: str | None = None) -> str:
        """Return the override that selects a part, or the main sweep."""
        return f"{self.group}={self.name}" + (f"/{part}" if part else "")


STUDIES = (
    Study("activation_loss_grid", parts=("timing",)),
    Study("margin_and_hyperparameters", parts=("timing",)),
    Study("fashion_tuning", parts=("timing",), measured="engines"),
    Study("capacity_and_regularisation"),
    Study("long_run_grid", parts=("timing",), measured="stability"),
    Study("tuned_grid", group="sweep"),
)


def measurement_of(name: str) -> str | None:
    """Return the measurement that belongs to the study of this name, if that has one."""
    return next((study.measured for study in STUDIES if study.name == name), None)
