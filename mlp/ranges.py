"""Ranges of parameters, written as types (`lr: Positive`), and the check of them when a component is made."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any, get_type_hints


@dataclass(frozen=True)
class Range:
    """The values that a field may take: in words (for the message) and as a test."""

    words: str
    holds: Callable[[Any], bool]

    def check(self, field: str, value: object) -> None:
        """Raise ValueError("<field> = <value>: must be <words>") unless the value is in the range."""
        if not self.holds(value):
            meant = next(filter(self.holds, _meant(value)), None)
            hint = "" if meant is None else f" (did you mean {_typed(meant)}?)"
            raise ValueError(f"{field} = {value!r}: must be {self.words}{hint}")


def _meant(value: object) -> Iterator[object]:
    """Yield what a wrong value may stand for: 5% for 0.05, 3.0 or '3' for 3, 64 or '64x32' for widths."""
    if isinstance(value, str):
        if number := re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*%\s*", value):
            yield float(f"{float(number[1]) / 100:.12g}")
        if re.fullmatch(r"\d{1,15}", value):
            yield int(value)
        if re.fullmatch(r"\d{1,9}([\s,;x×-]+\d{1,9})*", value):
            yield tuple(int(width) for width in re.findall(r"\d+", value))
    elif isinstance(value, float) and value.is_integer():
        yield int(value)
    yield (value,)


def _typed(value: object) -> str:
    """Return a value as it is typed on the command line."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


class Checked:
    """Base of the components: a dataclass whose fields are compared with their ranges when it is made."""

    def __post_init__(self) -> None:
        for field, hint in get_type_hints(type(self), include_extras=True).items():
            for constraint in getattr(hint, "__metadata__", ()):
                constraint.check(field, getattr(self, field))


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite real number; True and False are not numbers here."""
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and bool(abs(value) <= sys.float_info.max)  # math.isfinite fails on very large integers


def is_integer(value: object) -> bool:
    """Tell whether a value is an integer; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def numbers(words: str, inside: Callable[[float], bool] = lambda value: True) -> Range:
    """Return the range of the finite numbers that lie inside."""
    return Range(words, lambda value: is_number(value) and inside(value))


def integers(words: str, inside: Callable[[int], bool]) -> Range:
    """Return the range of the integers that lie inside."""
    return Range(words, lambda value: is_integer(value) and inside(value))


def one_of(*options: Any) -> Range:
    """Return the range that holds just these values, each of its own type."""
    words = " or ".join(str(option) for option in options)
    return Range(
        words, lambda value: any(type(value) is type(option) and value == option for option in options)
    )


def optional(hint: Any) -> Range:
    """Return the range of an annotated type, such as Positive, and None besides."""
    (inner,) = hint.__metadata__
    return Range(f"null or {inner.words}", lambda value: value is None or inner.holds(value))


Number = Annotated[float, numbers("a number")]
Positive = Annotated[float, numbers("a number > 0", lambda value: value > 0)]
NotNegative = Annotated[float, numbers("a number >= 0", lambda value: value >= 0)]
BelowOne = Annotated[float, numbers("a number in [0, 1)", lambda value: 0 <= value < 1)]
UpToOne = Annotated[float, numbers("a number in (0, 1]", lambda value: 0 < value <= 1)]
UnitInterval = Annotated[float, numbers("a number in [0, 1]", lambda value: 0 <= value <= 1)]
Count = Annotated[int, integers("an integer >= 1", lambda value: value >= 1)]
CountOrZero = Annotated[int, integers("an integer >= 0", lambda value: value >= 0)]
Flag = Annotated[bool, Range("true or false", lambda value: isinstance(value, bool))]
