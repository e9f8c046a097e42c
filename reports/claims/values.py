"""What stands under a key of a claims file, as the values that a claim is made of; ValueError in one line."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.claims.claim import Conditions
from reports.runs.factors import label

LONGEST = 80  # characters of a value that a message repeats
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def shown(value: Any) -> str:
    """Return a value as messages repeat it: on one line, and not without end."""
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def wrong(key: str, value: Any, allowed: str) -> ValueError:
    """Return the error for a key whose value is not what is allowed."""
    return ValueError(f"{key} = {shown(value)}: must be {allowed}")


def canonical(value: Any) -> str:
    """Return the text by which a setting's value is known, however it was written: 5e-4 is 0.0005."""
    if isinstance(value, list):
        return label(tuple(value))
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return label(float(value))
    return label(value.strip() if isinstance(value, str) else value)


def level(key: str, value: Any) -> str:
    """Return the text by which a level is known."""
    if isinstance(value, (Mapping, set, bytes)):
        raise wrong(key, value, "the value of a setting")
    return canonical(value)


def conditions(mapping: Mapping[str, Any], key: str = "where") -> Conditions:
    """Return settings and the values allowed, as the texts by which settings are known."""
    found = {}
    for name, value in mapping.items():
        values = value if isinstance(value, list) else [value]
        if not values:
            raise wrong(f"{key}.{name}", value, "a value, or a list of at least one")
        found[str(name)] = tuple(level(f"{key}.{name}", each) for each in values)
    once(key, list(map(str, mapping)))
    return found


def share(entry: Mapping[str, Any], key: str, default: float | None = None) -> tuple[float | None, bool]:
    """Return a number, and whether it was written as a percentage."""
    value = entry.get(key, default)
    if isinstance(value, str) and value.strip().endswith("%"):
        if not NUMBER.fullmatch(number := value.strip().removesuffix("%").rstrip()):
            raise wrong(key, value, "a number, or one with a % behind it")
        return number_of(key, number) / 100, True
    return (None if value is None else number_of(key, value)), False


def number_of(key: str, value: Any) -> float:
    """Return a finite number; true and false are none."""
    odd = isinstance(value, bool) or (isinstance(value, str) and not NUMBER.fullmatch(value.strip()))
    try:
        number = math.nan if odd else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise wrong(key, value, "a number")
    return number


def text_of(entry: Mapping[str, Any], key: str) -> str:
    """Return the text under a key, empty if there is none."""
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise wrong(key, value, "a text")
    return value.strip()


def as_mapping(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the mapping under a key, empty if there is none."""
    value = entry.get(key)
    if value is not None and not isinstance(value, dict):
        raise wrong(key, value, "a mapping")
    return dict(value or {})


def as_list(entry: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under a key, empty if there is none."""
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise wrong(key, value, "a list")
    if key in entry and not value:
        raise wrong(key, value, "a list of at least one")
    return value


def names(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the names under a key, one or a list of different ones; none if the key is not there."""
    if key not in entry:
        return ()
    value = entry[key]
    found = as_list(entry, key) if isinstance(value, list) else [value]
    if not all(isinstance(name, str) and name.strip() for name in found):
        raise wrong(key, value, "a name, or a list of names")
    return once(key, found)


def once(key: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return the values. Raises ValueError if one of them is there twice."""
    if twice := [value for place, value in enumerate(values) if value in values[:place]]:
        raise ValueError(f"{key}: {shown(twice[0])} is there twice")
    return tuple(values)


def allow(entry: Iterable[Any], known: Sequence[str]) -> None:
    """Raise ValueError for a key that nobody reads."""
    for key in entry:
        if key not in known:
            raise ValueError(f"{shown(key)}: unknown key; known are {', '.join(known)}")


def require_printable(value: Any, key: str = "") -> None:
    """Raise ValueError for a sign that could control a terminal in anything that a claim says."""
    if isinstance(value, str) and not value.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError(f"{key or 'a key'} = {value[:LONGEST]!r}: must have no signs that cannot be printed")
    if isinstance(value, Mapping):
        for name, each in value.items():
            require_printable(name, key)
            require_printable(each, key or str(name))
    elif isinstance(value, list):
        for each in value:
            require_printable(each, key)
