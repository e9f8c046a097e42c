"""Grids: from what the user swept to one list of overrides for each combination.

A grid maps keys (config groups, dotted keys, `+key`, …) to the values to try. A text is written as on the
command line (`relu,gelu`, `[128],[256,64]`, `range(5)`, `choice(...)`, `glob(*)`), so a text without a comma
is one value; a YAML list holds one value per entry. The command line wins over each grid's own values.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType

from sweeps.cell import canonical, select
from sweeps.record import UserError


def combinations(
    grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], parser: OverridesParser
) -> Iterator[tuple[str, ...]]:
    """Yield the overrides of every combination in the union of the grids, in the order written."""
    typed = _axes(parser.parse_overrides(list(arguments)))
    for grid in grids or [{}]:
        axes: dict[str, list[str]] = {}
        for key, value in grid.items():
            axes |= _axis(key, value if isinstance(value, list) else [value], parser)
        yield from itertools.product(*(axes | typed).values())


def swept_keys(combinations: Sequence[Sequence[str]]) -> list[str]:
    """Return the keys in which the combinations differ, in the order written."""
    values: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for combination in combinations:
        for override in combination:
            key = override.partition("=")[0]
            values.setdefault(key, set()).add(override)
            counts[key] += 1
    return [key.lstrip("+") for key in values if len(values[key]) > 1 or counts[key] < len(combinations)]


def _axis(key: str, entries: Sequence[Any], parser: OverridesParser) -> dict[str, list[str]]:
    """Return key → the overrides of a grid's entry."""
    found = [_axes(parser.parse_overrides([f"{key}={_text(entry)}"])) for entry in entries]
    if not found:
        raise UserError(f"hydra.sweeper: {key} is swept over an empty list")
    return {name: [override for axes in found for override in axes[name]] for name in found[0]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else Override._get_value_element_as_str(value)


def _axes(overrides: Iterable[Override]) -> dict[str, list[str]]:
    """Return key → the overrides to try; of several with one key the last wins."""
    axes: dict[str, list[str]] = {}
    for override in overrides:
        key = override.get_key_element()
        if override.is_hydra_override():
            raise UserError(f"{override.input_line}: Hydra's own settings cannot be swept")
        if override.value_type is ValueType.INTERVAL_SWEEP:
            raise UserError(f"{override.input_line}: an interval cannot be enumerated; use range or choice")
        if override.is_sweep_override():
            axes[key] = [f"{key}={value}" for value in override.sweep_string_iterator()]
            if not axes[key]:
                raise UserError(f"{override.input_line}: gives no value to try")
        elif override.value_type is None:
            axes[key] = [key]
        else:
            axes[key] = [f"{key}={override.get_value_element_as_str()}"]
    return axes


_MISSING = object()  # stands for a key that a cell does not have; no condition names its text


@dataclass
class Exclusion:
    """Drops the combinations for which every key of the condition has one of the values given.

    A key names a config group (then the value is an option) or a dotted config key. The values are one value
    or a list of values; a value that is itself a list stands in a list: `model.hidden: [[128]]`.
    """

    condition: Mapping[str, Any]
    count: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{key}={_text(value)}" for key, value in self.condition.items())

    def matches(self, choices: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
        """Whether a cell with these choices and this config is to be dropped."""
        return all(self._one_of(key, _value(key, choices, config)) for key in self.condition)

    def matches_overrides(self, overrides: Iterable[Override]) -> bool:
        """Whether the overrides alone decide that the cell is dropped, even if it does not compose."""
        given = {override.get_key_element().lstrip("+"): override.value() for override in overrides}
        return all(key in given and self._one_of(key, given[key]) for key in self.condition)

    def _one_of(self, key: str, value: Any) -> bool:
        wanted, actual = canonical(self.condition[key]), canonical(value)
        return _equal(actual, wanted) or (isinstance(wanted, list) and any(_equal(actual, x) for x in wanted))


def _equal(one: Any, other: Any) -> bool:
    """Compare canonical values; unlike ==, true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _value(key: str, choices: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    try:
        return choices[key] if key in choices else select(config, key)
    except KeyError:
        return _MISSING
