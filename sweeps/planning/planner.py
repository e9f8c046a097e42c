"""Planning: grids → combinations → composed, checked and deduplicated cells. Nothing is written here."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sweeps.cli.near import nearest
from sweeps.planning.callables import call, mistakes
from sweeps.planning.compose import Composer
from sweeps.planning.grid import Exclusion, combinations, swept_keys
from sweeps.planning.hydra_errors import one_line
from sweeps.planning.identity import cell_id, directory_name, has_key, job_values_as_text, resolve, select
from sweeps.records.differences import difference
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell

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
    exclusions: list[Exclusion] = field(default_factory=list, init=False)
    swept: list[str] = field(default_factory=list, init=False)
    _unseen: dict[str, str] = field(default_factory=dict, init=False)  # key → the setting that names it
    _parts: dict[str, Any] = field(default_factory=dict, init=False)
    _effective: dict[str, Cell] = field(default_factory=dict, init=False)

    def run(self, grids: Sequence[Mapping[str, Any]], arguments: Sequence[str]) -> None:
        """Plan the union of the grids; the result is in `cells`, `swept`, `exclusions` and `duplicates`."""
        self.exclusions = [Exclusion(condition) for condition in self.exclude]
        self._unseen = dict.fromkeys(self.named, "name") | dict.fromkeys(self.ignore, "ignore")
        self._unseen |= {key: "exclude" for condition in self.exclude for key in condition}
        planned = list(combinations(grids, arguments, self.composer.parser))
        self.swept = swept_keys(planned)
        self._add_all(planned)
        if not self.cells:
            raise UserError("the sweep has no cells: every combination is excluded")
        if unknown := list(self._unknown()):
            raise UserError(*unknown)

    def add(self, combinations: Sequence[Sequence[str]], planned: Collection[str]) -> list[Cell]:
        """Plan further cells, after `run`, and return them, each once; also those that are planned already.

        `planned` are the ids of those: any other cell is made by its present overrides, whether a command
        has named it before or not. Raises UserError that lists what is wrong with any of them.
        """
        every = [*(cell.overrides for cell in self.cells.values()), *combinations]
        self.cells = {cell_id: cell for cell_id, cell in self.cells.items() if cell_id in planned}
        self.swept = list(dict.fromkeys([*self.swept, *swept_keys(every)]))
        duplicates = self.duplicates
        ids = self._add_all(combinations)
        self.duplicates = duplicates
        return [self.cells[cell_id] for cell_id in dict.fromkeys(ids)]

    def _add_all(self, combinations: Iterable[Sequence[str]]) -> list[str]:
        """Plan combinations; return the ids of those that are not excluded."""
        with job_values_as_text():
            added = map(self._add, combinations)
            ids = [identity for identity in added if identity is not None]
        if self.problems:
            raise UserError(*(_counted(line, count) for line, count in self.problems.items()))
        return ids

    def _add(self, overrides: Sequence[str]) -> str | None:
        """Plan a combination; return its id, None if it is excluded or a mistake."""
        try:
            parsed = [self.composer.parse(override) for override in overrides]
            self._see(dict.fromkeys(override.key_or_group for override in parsed), {})
            if self._is_excluded(lambda exclusion: exclusion.matches_overrides(parsed)):
                return None
            checks = self.composer.no_option, self.composer.merged
            refused = (check(each) for check in checks for each in parsed)
            if line := next(filter(None, refused), ""):
                raise ValueError(line)
            if late := next((each for each in parsed if self.composer.sets_sweep(each)), None):
                raise ValueError(f"{late.input_line}: sets the sweep itself; a command takes only one such")
            task, choices = self.composer.task(overrides)
            config = self._shared(resolve(task))
            self._see(choices, config)
        except (HydraException, OmegaConfBaseException, ValueError, YAMLError) as error:
            self.problems[one_line(error)] += 1
            return None
        if self._is_excluded(lambda exclusion: exclusion.matches(choices, config)):
            return None
        identity = cell_id(config, self.ignore)
        if identity in self.cells:
            self.duplicates += 1
            return identity
        name = directory_name(self._named(overrides, choices, config), choices, identity)
        cell = self.cells[identity] = Cell(identity, name, list(overrides), config, choices)
        wrong = list(mistakes(self.validate, config)) if self.validate else []
        self.problems.update(wrong)
        if (effective := self.effective) and not wrong:
            self._require_effect(cell, call("effective", lambda: effective(config), effective))
        return identity

    def _require_effect(self, cell: Cell, part: Mapping[str, Any]) -> None:
        """Note it as a mistake if what tells a cell from an earlier one has no effect."""
        identity = cell.id if part is cell.config else cell_id(part, self.ignore)
        if (same := self._effective.setdefault(identity, cell)).id != cell.id:
            what = ", ".join(difference(same, cell))
            self.problems[f"{what}: has no effect here, the cells must be equal; leave all but one out"] += 1

    def _see(self, choices: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Strike from the keys that settings name those that a cell has."""
        for key in [key for key in self._unseen if key in choices or has_key(config, key)]:
            del self._unseen[key]

    def _unknown(self) -> Iterator[str]:
        """Yield a line for each key of `name`, `ignore`, `exclude` that neither a cell nor an option has."""
        for key, setting in self._unseen.items():
            if not self.composer.knows(key):
                there = dict.fromkeys(known for cell in self.cells.values() for known in dotted_keys(cell))
                hint = (
                    nearest(key, list(there)) or f"; cells have {', '.join(k for k in there if '.' not in k)}"
                )
                yield f"hydra.sweeper.{setting}: {key}: no cell has this key{hint}"

    def _is_excluded(self, decides: Callable[[Exclusion], bool]) -> bool:
        """Return whether a condition drops the cell; counts it for the first that does."""
        for exclusion in self.exclusions:
            if decides(exclusion):
                exclusion.count += 1
                return True
        return False

    def _shared(self, config: dict[str, Any]) -> dict[str, Any]:
        """Let cells share equal parts of their configs: 10,000 cells have few different ones.

        Raises ValueError for an integer that no record could hold.
        """
        for key, value in config.items():
            if (known := f"{key}={_exact(value)}") not in self._parts:
                _require_writable(key, value)
                self._parts[known] = value
            config = config | {key: self._parts[known]}
        return config

    def _named(
        self, overrides: Sequence[str], choices: Mapping[str, Any], config: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what a cell's directory name tells: what is swept, then what is always named or overridden.

        A config group without a node of its own (a named sweep, say) is left out unless it is swept.
        """
        parts: dict[str, Any] = {}
        keys = [self.composer.parse(override).key_or_group for override in overrides]
        for key in sorted(dict.fromkeys([*self.named, *keys]), key=lambda key: key not in self.swept):
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


def _require_writable(key: str, value: Any) -> None:
    """Raise ValueError for an integer beyond the largest float, which JSON's readers would refuse."""
    if isinstance(value, Mapping):
        for inner, item in value.items():
            _require_writable(f"{key}.{inner}", item)
    elif isinstance(value, list):
        for item in value:
            _require_writable(key, item)
    elif isinstance(value, int) and abs(value) > sys.float_info.max:
        raise ValueError(f"{key} = {str(value)[:20]}…: must be a number of at most 308 digits")


def _exact(value: Any) -> str:
    return json.dumps(value, default=repr)


def _counted(line: str, count: int) -> str:
    return f"{line} ({count:,} cells)" if count > 1 else line


def dotted_keys(cell: Cell) -> Iterator[str]:
    """Yield every key of a cell: its config groups, and the dotted keys of its config."""
    yield from cell.choices
    nodes = list(cell.config.items())
    for key, value in nodes:
        yield key
        if isinstance(value, Mapping):
            nodes += [(f"{key}.{inner}", item) for inner, item in value.items()]
