"""The final figures of runs, whatever they are called: which is the main one, and their columns."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reports.runs.metrics import METRICS, Measures, measures_of
from reports.runs.results import FINAL, NUMBERS, TEXTS
from reports.runs.test_bits import is_count
from sweeps.records.layout import cell_dirs
from sweeps.records.metric import NAME, Goal, figures_of, goal_of
from sweeps.records.plan import Plan, read_plan
from sweeps.records.record import Record, read_record

NAN = float("nan")
LARGEST = sys.float_info.max
UNEVEN = 1.5  # between MNIST's 1.3 and what makes accuracy the accuracy of the largest class
SWEEPER = ("total_wall_s", "blas_threads", "concurrent_runs", "attempts", "parameters")  # not of the job
OURS = frozenset(NUMBERS)
FIXED = (*TEXTS, *SWEEPER, "cell", "epoch", "planned", "seed", "lr_now", "grad_norm")


def is_number(value: object) -> bool:
    """Whether a recorded figure is there and finite (null stands for one that is not)."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return False
    return -LARGEST <= value <= LARGEST


@dataclass
class Figures:
    """The figures of a sweep's runs; `names` are those seen so far, in the order in which they came.

    `named`: whether the sweep says what it is about. `uneven`: whether the classes of a test set are of such
    sizes that accuracy says little of the small ones.
    """

    goal: Goal
    named: bool = False
    names: dict[str, None] = field(default_factory=dict)
    uneven: bool = False

    @classmethod
    def of(cls, plan: Plan | None, records: Iterable[Record]) -> "Figures":
        """Return what a sweep is about: as its plan says, else its records, else its first figure.

        Of records without a word on it, `test_accuracy` if they have that.
        """
        goal = goal_of({"metric": plan.metric}) if plan else None
        for record in () if goal and goal.name else records:
            goal = goal or goal_of(record.data)
            if goal and goal.name:
                break
            if figures := figures_of(record.data):
                return cls(replace(goal or Goal(), name=NAME if NAME in figures else next(iter(figures))))
        goal = goal or Goal()
        return cls(replace(goal, name=goal.name or NAME), named=goal.name is not None)

    @property
    def own(self) -> bool:
        """Whether the sweep is about a figure that networks of ours do not have."""
        return self.goal.name not in METRICS

    def columns(self, data: Mapping[str, Any], status: str) -> dict[str, float]:
        """Return a run's figures by their columns, NaN where it has not ended well."""
        found, own = figures_of(data), self.own
        if not found.keys() <= self.names.keys():
            self.names |= dict.fromkeys(found)
        self.uneven = self.uneven or is_uneven(data.get("test_by_class"))
        return {
            self.column(name): float(value) if status == "done" and is_number(value) else NAN
            for name, value in found.items()
            if own or name not in OURS
        }

    def column(self, name: str) -> str:
        """Return the column of a figure: its name, unless another column has that."""
        taken = FIXED if self.own else (*FIXED, *(other for other in NUMBERS if other not in FINAL))
        return f"final.{name}" if name in taken and name not in METRICS else name

    def lacks(self, data: Mapping[str, Any]) -> str:
        """Why a run that is done has no main figure, or one that cannot be; empty if all is well."""
        found, name = figures_of(data), str(self.goal.name)
        if is_number(found.get(name)):
            wrong = () if self.own else beyond(found)
            return next((f"has a final.{key} of {value:g}, not in [0, 1]" for key, value in wrong), "")
        there = ", ".join(key for key, value in found.items() if is_number(value))
        return f"is done but has no final.{name}" + (f"; it has {there}" if there and self.own else "")

    def measures(self) -> Measures:
        """Return what the runs were measured by."""
        goal = replace(self.goal, name=self.column(str(self.goal.name)))
        return measures_of(goal, [self.column(name) for name in self.names], self.uneven, self.named)


def beyond(figures: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the accuracies among figures that are none: below 0 or above 1, as those in per cent are."""
    for name, value in figures.items():
        metric = METRICS.get(name)
        if metric is not None and metric.unit == "accuracy" and is_number(value):
            least, most = metric.bounds
            if not least <= value <= most:
                yield name, value


def is_uneven(by_class: object) -> bool:
    """Whether the largest class of a test set has more than UNEVEN times the examples of the smallest."""
    if not isinstance(by_class, list) or not all(map(is_count, by_class)):
        return False
    totals = [total for _, total in by_class]
    return bool(totals) and max(totals) > UNEVEN * min(totals)


def measures_planned(root: Path) -> Measures:
    """Return what the runs of a directory will be measured by, as far as it is known before any has ended."""
    folders = cell_dirs(root) if root.is_dir() else {}
    figures = Figures.of(read_plan(root), map(read_record, folders.values()))
    for path in folders.values():
        figures.columns(read_record(path).data, "")
    return figures.measures()
