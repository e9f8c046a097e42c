"""Planning: grids → combinations → composed, checked and deduplicated cells. Nothing is written here."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from sweeps.cell import cell_id, directory_name, job_values_as_text, resolve, select
from sweeps.compose import Composer
from sweeps.explain import difference
from sweeps.grid import Exclusion, combinations, swept_keys
from sweeps.plan import Cell
from sweeps.problem import one_line
from sweeps.record import UserError

Validate = Callable[[dict[str, Any]], Iterable[str]]
Effective = Callable[[dict[str, Any]], Mapping[str, Any]]


@dataclass
class Planner:
    """Turns grids into cells. `run` raises UserError that lists everything that is wrong with any cell."""

    composer: Composer
    exclude: Sequence[Mapping[str, Any]] = ()
    ignore: Sequence[str] = ()
    named: Sequence[str] = ()
    validate: Validate | None = None
    effective: Effective | None = None
    cells: dict[str, Cell] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0

    def run(self, grids: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> None:
        """Plan the union of the grids; the result is in `cells`, `swept`, `exclusions` and `duplicates`."""
        self.exclusions = [Exclusion(condition) for condition in self.exclude]
        found = list(combinations(grids, arguments, self.composer.parser))
        self.swept = swept_keys(found)
        self._parts: dict[str, Any] = {}
        self._effective: dict[str, Cell] = {}
        with job_values_as_text():
            for overrides in found:
                self._add(overrides)
        if self.problems:
            raise UserError("\n".join(_counted(line, count) for line, count in self.problems.items()))
        if not self.cells:
            raise UserError("the sweep has no cells: every combination is excluded")

    def _add(self, overrides: Sequence[str]) -> None:
        try:
            parsed = [self.composer.parse(override) for override in overrides]
            if self._is_excluded(lambda exclusion: exclusion.matches_overrides(parsed)):
                return
            if late := next((each for each in parsed if self.composer.sets_sweep(each)), None):
                raise ValueError(f"{late.input_line}: sets the sweep itself; a command takes only one such")
            task, choices = self.composer.task(overrides)
            config = self._shared(resolve(task))
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            self.problems[one_line(error)] += 1
            return
        if self._is_excluded(lambda exclusion: exclusion.matches(choices, config)):
            return
        identity = cell_id(config, self.ignore)
        if identity in self.cells:
            self.duplicates += 1
            return
        name = directory_name(self._named(overrides, choices, config), choices, identity)
        cell = self.cells[identity] = Cell(identity, name, list(overrides), config, choices)
        wrong = list(self.validate(config)) if self.validate else []
        self.problems.update(wrong)
        if self.effective and not wrong:
            self._require_effect(cell, self.effective(config))

    def _require_effect(self, cell: Cell, part: Mapping[str, Any]) -> None:
        """Note it as a mistake if what tells a cell from an earlier one has no effect."""
        identity = cell.id if part is cell.config else cell_id(part, self.ignore)
        if (same := self._effective.setdefault(identity, cell)) is not cell:
            what = ", ".join(difference(same, cell))
            self.problems[f"{what}: has no effect here, the cells must be equal; leave all but one out"] += 1

    def _is_excluded(self, decides: Callable[[Exclusion], bool]) -> bool:
        """Whether a condition drops the cell; counts it for the first that does."""
        for exclusion in self.exclusions:
            if decides(exclusion):
                exclusion.count += 1
                return True
        return False

    def _shared(self, config: dict[str, Any]) -> dict[str, Any]:
        """Let cells share equal parts of their configs: 10,000 cells have few different ones."""
        return {key: self._parts.setdefault(f"{key}={_exact(value)}", value) for key, value in config.items()}

    def _named(
        self, overrides: Sequence[str], choices: Mapping[str, Any], config: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a cell's directory name tells: the keys always named, then what was overridden.

        A config group without a node of its own (a named sweep, say) is left out unless it is swept.
        """
        parts: dict[str, Any] = {}
        keys = [self.composer.parse(override).key_or_group for override in overrides]
        for key in dict.fromkeys([*self.named, *keys]):
            if any(key == ignored or key.startswith(f"{ignored}.") for ignored in self.ignore):
                continue
            if key in choices:
                if key in self.swept or key.partition("/")[0] in config:
                    parts[key] = choices[key]
                continue
            try:
                parts[key] = select(config, key)
            except KeyError:
                continue
        return parts


def _exact(value: Any) -> str:
    return json.dumps(value, default=repr)


def _counted(line: str, count: int) -> str:
    return f"{line} ({count:,} cells)" if count > 1 else line


def load_callable(setting: str, dotted: str | None) -> Callable[..., Any] | None:
    """Import the function that a setting names by its dotted name. Raises UserError if there is none."""
    if dotted is None:
        return None
    module, _, name = dotted.rpartition(".")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"hydra.sweeper.{setting}={dotted}: cannot be imported ({error})") from error
    if not callable(found):
        raise UserError(f"hydra.sweeper.{setting}={dotted}: must be a function, not a {type(found).__name__}")
    return found
