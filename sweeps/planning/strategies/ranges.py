"""What a key is tuned over, as `hydra.sweeper.tune` says it: a list of values, or a range.

    optimizer.lr: {log: [1e-4, 1]}          evenly on a log scale
    optimizer.momentum: {linear: [0, 0.99]}
    training.batch_size: {int: [10, 500]}   whole numbers, both ends included
    activation: [relu, gelu]                as on the command line

On the command line, `optimizer.lr=interval(1e-4,1e-1)` is such a range: on a log scale if both ends are above
0 and one is ten times the other or more, else a linear one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType

from sweeps.planning.settings import Settings
from sweeps.records.errors import UserError

TUNE = "tune"
KINDS = ("log", "linear", "int")
RULE = "a list of values, or one of {log: [low, high]}, {linear: [low, high]}, {int: [low, high]}"
DIGITS = 3  # of a value that is drawn: what more would say is noise, and names stay short
LOG_FROM = 10.0


@dataclass(frozen=True)
class Range:
    """The values that a key may take: `choices`, or numbers from `low` to `high`. Raises ValueError."""

    kind: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "list":
            if len(self.choices) < 2:
                raise ValueError("must have at least two values to choose from")
            return
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError("must go from a number to a larger one")
        if self.kind == "log" and self.low <= 0:
            raise ValueError("must be above 0 on a log scale")
        if self.kind == "int" and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ValueError("must have whole numbers as ends")

    @classmethod
    def of(cls, given: Any) -> Range:
        """Return the range that a setting says. Raises ValueError for anything else."""
        if isinstance(given, list | tuple):
            return cls("list", choices=tuple(given))
        if isinstance(given, Mapping) and len(given) == 1:
            ((kind, ends),) = given.items()
            numbers = isinstance(ends, list | tuple) and len(ends) == 2 and all(map(_is_number, ends))
            if kind in KINDS and numbers:
                return cls(str(kind), float(ends[0]), float(ends[1]))
        raise ValueError(f"must be {RULE}")

    def at(self, share: float) -> Any:
        """Return the value at a share of the range, from 0 (low) to 1 (high)."""
        if self.kind == "list":
            return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]
        if self.kind == "int":
            return min(int(self.low) + int(share * (self.high - self.low + 1)), int(self.high))
        if self.kind == "log":
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share(self, value: Any) -> float:
        """Return where a value lies, from 0 to 1; of a list its place."""
        if self.kind == "list":
            return self.choices.index(value) / (len(self.choices) - 1) if value in self.choices else math.nan
        if self.kind == "log":
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return float((value - self.low) / (self.high - self.low))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def drawn(ranges: Mapping[str, Range], trial: int) -> dict[str, Any]:
    """Return the values of a trial at random (Bergstra and Bengio 2012).

    They are the same for every combination, so that no option is lucky, and whenever they are asked for.
    """
    return {key: own.at(random.Random(f"{key} {trial}").random()) for key, own in ranges.items()}


def searched(
    settings: Settings, arguments: Sequence[str], parser: OverridesParser
) -> tuple[Settings, list[str]]:
    """Return settings and arguments with every interval, of either, as a range that is tuned over.

    Raises UserError for an interval whose ends are no numbers from low to high, or with another strategy.
    """
    typed = dict(zip(arguments, parser.parse_overrides(list(arguments)), strict=True))
    given = {override.get_key_element(): override for override in typed.values()}
    filed = {
        key: parser.parse_overrides([f"{key}={value}"])[0]
        for key, value in settings.params.items()
        if isinstance(value, str) and "interval(" in value and key not in given
    }
    ranges = {key: _range(each) for key, each in {**filed, **given}.items() if _is_interval(each)}
    if not ranges:
        return settings, list(arguments)
    if settings.strategy not in (None, TUNE):
        raise UserError(
            f"{next(iter(ranges))}: an interval is searched with hydra.sweeper.strategy={TUNE} only"
        )
    params = {key: value for key, value in settings.params.items() if key not in ranges}
    made = replace(settings, params=params, tune=settings.tune | ranges, strategy=TUNE)
    return made, [text for text, override in typed.items() if not _is_interval(override)]


def _is_interval(override: Override) -> bool:
    return override.value_type is ValueType.INTERVAL_SWEEP


def _range(override: Override) -> dict[str, list[float]]:
    """Return the range that an interval means. Raises UserError for one that is upside down."""
    interval: Any = override.value()
    low, high = interval.start, interval.end
    if low is None or high is None or not low < high:
        raise UserError(f"{override.input_line}: must go from a number to a larger one")
    if "log" in interval.tags or (low > 0 and high / low >= LOG_FROM):
        return {"log": [low, high]}
    return {"int" if isinstance(low, int) and isinstance(high, int) else "linear": [low, high]}
