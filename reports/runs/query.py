"""Choosing runs: `loss=hinge,focal & lr>=.01 & test>97%`, the same language as on the page.

A query is terms joined by &: a setting, metric or column, a sign (= != > >= < <= ~), and values of which one
has to fit (with !=: none); ~ is for a part of a text. Names may be dotted keys, their last part, or an
unambiguous beginning; quotes hold values with , or & together.
"""

import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.runs.factors import is_number, label
from reports.runs.results import Results
from sweeps.records.errors import UserError
from sweeps.records.metric import NAME

TERM = re.compile(r'\s*(?:"([^"]*)"|([^\s=<>!~&"]+))\s*(!=|>=|<=|=|>|<|~)\s*((?:"[^"]*"|[^&"])*)')
PARTS = re.compile(r'(?:"[^"]*"|[^&"]|")+')
VALUES = re.compile(r'(?:"[^"]*"|[^,"])+')
TEXTS = ("status", "seed", "name", "cell_id", "problem")
NEAR = 1e-9
EXAMPLE = "loss=hinge,focal & lr<=0.1"


@dataclass(frozen=True)
class Term:
    """One condition: what is asked about, the sign, and the values."""

    key: str
    sign: str
    values: tuple[str, ...]


def parse(text: str) -> list[Term]:
    """Return the terms of a query. Raises UserError for one that cannot be read, and for & alone."""
    terms = [term(part) for part in PARTS.findall(text) if part.strip()]
    if text.strip() and not terms:
        raise UserError(f"where: {text.strip()!r} has no term; write for example {EXAMPLE}")
    return terms


def term(part: str) -> Term:
    """Return one term."""
    found = TERM.fullmatch(part)
    if found is None:
        raise UserError(f"where: {part.strip()!r} cannot be read; write for example {EXAMPLE}")
    quoted, bare, sign, given = found.groups()
    values = tuple(value.strip().strip('"') for value in VALUES.findall(given) if value.strip())
    if not values:
        raise UserError(f"where: {quoted or bare}{sign} lacks a value")
    return Term(quoted or bare, sign, values)


def where(results: Results, text: str) -> Results:
    """Return the part of a sweep that a query chooses; its factors are found anew.

    Raises UserError for an unknown name or level (with near ones), and if no run fits.
    """
    keep = pd.Series(True, index=results.runs.index)
    for one in parse(text):
        keep &= fits(results, one)
    if not keep.any():
        raise UserError(f"where: no run fits {text.strip()!r}")
    return results if keep.all() else results.part(keep)


def fits(results: Results, term: Term) -> "pd.Series[bool]":
    """Return which runs fit one term."""
    names = known_names(results)
    key = name_of(term.key, names, "where", results.main.name)
    if key in results.names:
        return compare_labels(key, results.runs[key].astype(str), numbers_of(results, key), term)
    if key in results.settings:
        column = results.settings[key]
        numbers = {label(v): float(v) for v in column.tolist() if is_number(v)}
        return compare_labels(key, column.map(label), numbers, term)
    if key in results.measures.metrics:
        return compare_numbers(key, results.runs[key], term)
    return compare_labels(key, results.runs[key].map(str), {}, term)


def numbers_of(results: Results, name: str) -> Mapping[str, float]:
    """Return the number behind each level of a factor that is one."""
    factor = results.factor(name)
    return {level: float(v) for level, v in zip(factor.levels, factor.values, strict=True) if is_number(v)}


def known_names(results: Results) -> list[str]:
    """Return everything that can be asked about: factors, metrics, columns, other settings."""
    metrics = [name for name in results.measures.metrics if results.runs[name].notna().any()]
    return list(dict.fromkeys([*results.names, *metrics, *TEXTS, *map(str, results.settings.columns)]))


def name_of(word: str, names: Sequence[str], option: str, main: str = NAME) -> str:
    """Return the known name that a word means; of several that begin with it, the `main` metric.

    Raises UserError, with near names, unless there is one.
    """
    if word in names:
        return word
    last = [name for name in names if name.split(".")[-1] == word]
    starts = [name for name in names if name.startswith(word) and "." not in name]
    for found in (last, starts):
        if len(found) == 1:
            return found[0]
    if main in starts:
        return main
    if several := last or starts:
        raise UserError(f"{option}: {word} may be {', '.join(several[:5])}")
    raise UserError(f"{option}: there is no {word}; {near(word, names)}")


def near(word: str, names: Sequence[str]) -> str:
    """Return the names that are like a word, or the first ones if none is."""
    whole = {name.split(".")[-1]: name for name in names} | {name: name for name in names}
    close = list(dict.fromkeys(whole[name] for name in difflib.get_close_matches(word, whole, 3, 0.6)))
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"did you mean {' or '.join(close)}?" if close else f"known are {shown}"


def compare_labels(
    key: str, column: "pd.Series[str]", numbers: Mapping[str, float], term: Term
) -> "pd.Series[bool]":
    """Return which runs have a label that fits: as a text, or as a number where both are numbers."""
    levels = column.unique()
    fitting = {level for level in levels if level_fits(key, level, numbers, term)}
    if term.sign == "=":
        for value in term.values:
            alone = Term(term.key, "=", (value,))
            if not any(level_fits(key, level, numbers, alone) for level in levels):
                raise UserError(
                    f"where: {key} has no {value}; {near(value, [str(level) for level in levels])}"
                )
    return column.isin(fitting)


def level_fits(key: str, level: str, numbers: Mapping[str, float], term: Term) -> bool:
    """Whether one level fits a term."""
    if term.sign == "~":
        return any(value in level for value in term.values)
    if term.sign in ("=", "!="):
        same = any(level == value or same_number(numbers.get(level), value) for value in term.values)
        return same == (term.sign == "=")
    own = numbers.get(level, as_number(level) if key == "seed" else None)
    return own is not None and any(SIGNS[term.sign](own, number(key, value)) for value in term.values)


def same_number(own: float | None, value: str) -> bool:
    """Whether a text means this number: 1e-3 is 0.001."""
    other = as_number(value)
    return own is not None and other is not None and equal(own, other)


def compare_numbers(key: str, column: "pd.Series[float]", term: Term) -> "pd.Series[bool]":
    """Return which runs have a figure that fits; a run without a figure never does."""
    if term.sign == "~":
        raise UserError(f"where: {key} is a number; ~ is for texts")
    tests = [column.map(comparison(term.sign, number(key, value))) for value in term.values]
    frame = pd.concat(tests, axis=1)
    known = column.notna()
    return (frame.all(axis=1) if term.sign == "!=" else frame.any(axis=1)) & known


def comparison(sign: str, value: float) -> Callable[[float], bool]:
    """Return the test of a figure against a value."""
    return lambda own: bool(SIGNS[sign](own, value))


def number(key: str, text: str) -> float:
    """Return a number as it is written, 97% as .97. Raises UserError for another text."""
    value = as_number(text)
    if value is None:
        raise UserError(f"where: {key} is compared with {text!r}, which is no number")
    return value


def as_number(text: str) -> float | None:
    """Return the number that a text is, None if it is none."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def equal(one: float, other: float) -> bool:
    """Whether two numbers are equal but for rounding."""
    return abs(one - other) <= NEAR * max(1.0, abs(other))


SIGNS: dict[str, Callable[[float, float], bool]] = {
    "=": equal,
    "!=": lambda a, b: not equal(a, b),
    ">": lambda a, b: a > b and not equal(a, b),
    "<": lambda a, b: a < b and not equal(a, b),
    ">=": lambda a, b: operator.ge(a, b) or equal(a, b),
    "<=": lambda a, b: operator.le(a, b) or equal(a, b),
}
