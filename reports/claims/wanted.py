"""What a test of each kind compares with: its order, its level, its limit; ValueError in one line."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reports.analysis.effects import difference_of
from reports.claims.claim import LEVEL_JOIN
from reports.claims.values import as_mapping, canonical, level, number_of, share, shown, wrong
from reports.runs.metrics import Metric


def require_below(key: str, value: float, metric: Metric) -> None:
    """Raise ValueError for a difference that no two values of a metric can have."""
    if value >= (most := difference_of(metric.bounds)):
        raise wrong(key, f"{value:g}", f"below {most:g}: two values of {metric.name} differ by no more")


def limit(key: str, value: Any, metric: Metric) -> float:
    """Return a value that a metric is held against."""
    number, (least, most) = number_of(key, value), metric.bounds
    if not least <= number <= most:
        raise wrong(key, value, f"from {least:g} to {most:g}, as {metric.name} is")
    return number


def wanted(kind: str, entry: Mapping[str, Any], factor: Sequence[str], metric: Metric) -> Any:
    """Return what a test of this kind compares with, in the form in which evaluate.py takes it."""
    value = entry[kind]
    if kind in ("order", "effects"):
        return chain(value, kind)
    if kind in ("best", "worst"):
        return one_level(kind, value, factor)
    if kind == "ratio":
        return ratio_of(entry)
    if kind == "about":
        if "within" not in entry:
            raise ValueError("about needs within")
        return limit(kind, value, metric), about_within(entry, metric)
    if kind == "equivalent" and value != "all":
        raise wrong(kind, value, "all (name the levels in among)")
    return value if kind == "equivalent" else limit(kind, value, metric)


def one_level(kind: str, value: Any, factor: Sequence[str]) -> str:
    """Return the level that is to be best or worst; of several factors one of each."""
    if not isinstance(value, dict):
        return level(kind, value)
    if not factor or set(value) != set(factor):
        raise wrong(kind, value, f"a level{' of each of ' + ', '.join(factor) if factor else ''}")
    return LEVEL_JOIN.join(level(kind, value[name]) for name in factor)


def ratio_of(entry: Mapping[str, Any]) -> tuple[str, str, float, float]:
    """Return the two levels of a ratio, what it is claimed to be, and the share by which it may differ."""
    pairs = as_mapping(entry, "ratio")
    text, number = next(iter(pairs.items()), ("", 0))
    first, _, second = (canonical(part) for part in str(text).partition("/"))
    if len(pairs) != 1 or not first or not second or first == second:
        raise wrong("ratio", pairs, "one 'first / second': number")
    if (claimed := number_of("ratio", number)) <= 0:
        raise wrong("ratio", number, "above 0")
    found = 0.1 if "within" not in entry else share(entry, "within")[0]
    if found is None or not 0 < found < 1:
        raise wrong("within", entry["within"], "a number above 0 and below 1, the share of the ratio")
    return first, second, claimed, found


def about_within(entry: Mapping[str, Any], metric: Metric) -> float:
    """Return what a figure may differ by."""
    found, relative = share(entry, "within")
    if found is None or found <= 0 or relative:
        raise wrong("within", entry["within"], f"a number above 0, in the unit of {metric.name}")
    require_below("within", found, metric)
    return found


def chain(text: Any, kind: str = "order") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the levels of "a > b ~ c" and the symbols between them."""
    parts = re.split(r"\s*(>=|>|~)\s*", text.strip()) if isinstance(text, str) else []
    levels, symbols = tuple(map(canonical, parts[::2])), tuple(parts[1::2])
    if len(levels) < 2 or not all(levels) or len(set(levels)) < len(levels):
        what = "factors" if kind == "effects" else "levels"
        raise wrong(kind, text, f"different {what} with >, >= or ~ between them")
    if kind == "effects" and set(symbols) != {">"}:
        why = "that effects are equal is never shown"
        raise ValueError(f"{kind} = {shown(text)}: must have > between them: {why}")
    return levels, symbols
