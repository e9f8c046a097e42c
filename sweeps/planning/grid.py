"""Grids: from what the user swept to one list of overrides for each combination.

A grid maps keys (config groups, dotted keys, `+key`, …) to the values to try. A text is written as on the
command line (`relu,gelu`, `[128],[256,64]`, `range(5)`, `choice(...)`, `glob(*)`), so a text without a comma
is one value; a YAML list holds one value per entry. The command line wins over each grid's own values.

The combinations are counted before any is made. A range is start + k · step for k = 0, 1, …, without the end,
in decimal numbers: `range(0.1,0.4,0.1)` is 0.1, 0.2, 0.3. (Hydra's own adds binary fractions up, and gives
0.30000000000000004 and 0.4 as well.)
"""

from __future__ import annotations

import itertools
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep, ValueType

from sweeps.planning.identity import canonical, select
from sweeps.records.errors import UserError

LARGEST = 200_000
"""Combinations in one sweep: planning 100,000 cells takes two minutes (docs/scaling.md)."""


def combinations(
    grids: Sequence[Mapping[str, Any]], arguments: Sequence[str], parser: OverridesParser
) -> Iterator[tuple[str, ...]]:
    """Yield the overrides of every combination in the union of the grids, in the order written.

    Raises UserError if there are more than LARGEST.
    """
    overrides = parser.parse_overrides(list(arguments))
    refuse_twice(arguments, overrides)
    typed = _axes(overrides)
    axes = [_grid_axes(grid, parser) | typed for grid in grids or [{}]]
    _require_few([{key: len(values) for key, values in each.items()} for each in axes])
    return itertools.chain.from_iterable(itertools.product(*each.values()) for each in axes)


def refuse_twice(texts: Sequence[str], overrides: Sequence[Override]) -> None:
    """Raise UserError if a command line sets one key to two things: only the last would count."""
    first: dict[str, str] = {}
    for text, override in zip(texts, overrides, strict=True):
        key = override.get_key_element().lstrip("+")
        if first.setdefault(key, text) != text:
            both = f"{first[key]} {text}"
            raise UserError(f"{both}: {key} is set twice; several values are one list, {key}=…,…")


def _grid_axes(grid: Mapping[str, Any], parser: OverridesParser) -> dict[str, list[str]]:
    """Return key → the overrides to try, of one grid."""
    axes: dict[str, list[str]] = {}
    for key, value in grid.items():
        axes |= _axis(key, value if isinstance(value, list) else [value], parser)
    return axes


def _require_few(sizes: Iterable[Mapping[str, int]]) -> None:
    """Raise UserError if the products of these numbers of values come to more than LARGEST."""
    sizes = list(sizes)
    if (total := sum(math.prod(size.values()) for size in sizes)) <= LARGEST:
        return
    worst = max(sizes, key=lambda size: math.prod(size.values()))
    factors = " x ".join(f"{key} ({count:,})" for key, count in worst.items() if count > 1)
    raise UserError(f"{factors}: {total:,} combinations; must be at most {LARGEST:,} in one sweep")


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
    per_entry = [_axes(parser.parse_overrides([f"{key}={as_written(entry)}"])) for entry in entries]
    if not per_entry:
        raise UserError(f"hydra.sweeper: {key} is swept over an empty list")
    return {name: [override for axes in per_entry for override in axes[name]] for name in per_entry[0]}


def as_written(value: Any) -> str:
    """Return a value as it is written on the command line; a text is written so already."""
    return value if isinstance(value, str) else Override._get_value_element_as_str(value)


def _axes(overrides: Iterable[Override]) -> dict[str, list[str]]:
    """Return key → the overrides to try."""
    axes: dict[str, list[str]] = {}
    for override in overrides:
        key = override.get_key_element()
        if override.is_hydra_override():
            raise UserError(f"{override.input_line}: Hydra's own settings cannot be swept")
        if override.value_type is ValueType.INTERVAL_SWEEP:
            raise UserError(f"{override.input_line}: an interval cannot be enumerated; use range or choice")
        if override.is_sweep_override():
            axes[key] = [f"{key}={value}" for value in _values(override)]
            if not axes[key]:
                raise UserError(f"{override.input_line}: gives no value to try")
        elif override.value_type is None:
            axes[key] = [key]
        else:
            axes[key] = [f"{key}={override.get_value_element_as_str()}"]
    return axes


def _values(override: Override) -> Iterable[str]:
    """Return the values of a sweep over one key, as written on a command line."""
    sweep = override.value()
    return (
        _range_values(override, sweep) if isinstance(sweep, RangeSweep) else override.sweep_string_iterator()
    )


def _range_values(override: Override, sweep: RangeSweep) -> list[str]:
    """Return the numbers of a range, counted and not added up. Raises UserError for one without an end."""
    given = (sweep.start, sweep.stop, sweep.step)
    if any(number is None or not abs(number) <= sys.float_info.max for number in given) or not sweep.step:
        raise UserError(
            f"{override.input_line}: must be range(start,stop,step), finite and with a step not 0"
        )
    start, stop, step = (Fraction(Decimal(str(number))) for number in given)
    count = max(0, math.ceil((stop - start) / step))
    _require_few([{override.get_key_element(): count}])
    whole = all(isinstance(number, int) for number in given)
    numbers = [start + k * step for k in range(count)]
    texts = [str(int(number) if whole else float(number)) for number in numbers]
    return random.sample(texts, count) if sweep.shuffle else texts


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
        return ", ".join(f"{key}={as_written(value)}" for key, value in self.condition.items())

    def matches(self, choices: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
        """Return whether a cell with these choices and this config is to be dropped."""
        return all(self._one_of(key, _value(key, choices, config)) for key in self.condition)

    def matches_overrides(self, overrides: Iterable[Override]) -> bool:
        """Return whether the overrides alone decide that the cell is dropped, even if it does not compose."""
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
