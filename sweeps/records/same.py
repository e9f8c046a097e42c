"""Whether two runs of one cell gave the same: every figure and every row of the curve, but what a clock says.

On one machine the same code gives the same bits. Another processor or another BLAS orders its sums in another
way, so there the figures may differ a little: that is `close`, never the same.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweeps.records.layout import HISTORY
from sweeps.records.record import Record

FIGURES = (
    "status",
    "final",
    "best",
    "best_by_test",
    "final_epoch",
    "diverged",
    "parameters",
    "test_correct",
    "test_by_class",
    "boundary",
)
ARITHMETIC = (
    "cpu",
    "blas",
    "blas_architecture",
    "numpy",
)  # of provenance: what may order sums in another way
TIMES = ("_s", "_seconds")  # how the names of figures end that a clock gives
CLOSE = 0.005  # of an accuracy, or in proportion of any other figure, on another processor or BLAS …
CLOSE_LOSS = (
    0.05  # … of a loss: of 24 runs by the kernels of another BLAS none was above 1.7 % (accuracies .0006)
)


class Likeness(StrEnum):
    """How a run that was repeated came out."""

    IDENTICAL = "identical"
    CLOSE = "close"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Compared:
    """How like two runs are; `why` names the first figure that differs, and where they were computed."""

    likeness: Likeness
    why: str = ""


@dataclass(frozen=True)
class Digest:
    """A SHA-256 over all that two runs are compared by: these figures, and these columns of the curve."""

    sha256: str
    figures: tuple[str, ...]
    columns: tuple[str, ...]


def compare(first: Record, again: Record) -> Compared:
    """Return how like a run is to an earlier one of the same cell."""
    difference = next(_differences(first, again), None)
    if difference is None:
        return Compared(Likeness.IDENTICAL)
    return _told(first, again, _words(*difference))


def compare_with_digest(first: Record, digest: Digest, again: Record) -> Compared:
    """Return how like a run is to an earlier one of which only some figures are kept, and their digest."""
    now = dict(_figures(again.data))
    for name, then in _figures(first.data):
        if not _same(then, now.get(name)):
            return _told(first, again, _words(name, then, now.get(name)))
    if digest_of(again, digest.figures, digest.columns) == digest:
        return Compared(Likeness.IDENTICAL)
    return _told(first, again, "its curve, or what it recorded of each example, is another")


def digest_of(
    record: Record, figures: Iterable[str] | None = None, columns: Iterable[str] | None = None
) -> Digest:
    """Return the digest of a run's figures and of its curve; of these alone, where they are named.

    Named by who compares with an earlier run: what later versions record besides makes no other run.
    """
    values, rows = dict(_figures(record.data)), _curve(record.path)
    names = sorted(values) if figures is None else list(figures)
    there = sorted(map(str, rows[0])) if rows else []
    timeless = [name for name in there if not name.endswith(TIMES)] if columns is None else list(columns)
    content = [[values.get(name) for name in names], [[row.get(name) for name in timeless] for row in rows]]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Digest(digest, tuple(names), tuple(timeless))


def _told(first: Record, again: Record, why: str) -> Compared:
    """Return that two runs differ: on another processor or BLAS they may still be close."""
    machines = _machines(first, again)
    if machines and _is_close(first, again):
        return Compared(Likeness.CLOSE, f"{why}; {machines}")
    return Compared(Likeness.DIFFERENT, f"{why}; {machines}" if machines else why)


def _differences(first: Record, again: Record) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, earlier and later value of every figure that is not the same to the last bit.

    What other code did not record yet is no difference: neither a key of the record, nor within one of them
    (`best` has more figures now), but all of `final` is compared.
    """
    one, other = (dict(_figures(record.data)) for record in (first, again))
    since = other.keys() - one.keys()
    if first.data.get("code") != again.data.get("code"):
        since = {name for name in since if name.startswith("final.")}
    for name in [*one, *sorted(since)]:
        if not _same(then := one.get(name), now := other.get(name)):
            yield name, then, now
    yield from _rows_that_differ(_curve(first.path), _curve(again.path))


def _figures(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the figures of a record by their dotted names, without those of a clock."""
    for key in FIGURES:
        value = data.get(key)
        if isinstance(value, Mapping):
            yield from ((f"{key}.{name}", part) for name, part in value.items() if not name.endswith(TIMES))
        elif value is not None:
            yield key, value


def _curve(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a run's history, none if there is no such file."""
    try:
        with (folder / HISTORY).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def _rows_that_differ(
    one: list[dict[str, str]], other: list[dict[str, str]]
) -> Iterator[tuple[str, Any, Any]]:
    if len(one) != len(other):
        yield f"rows of {HISTORY}", len(one), len(other)
    for number, (then, now) in enumerate(zip(one, other, strict=False), 1):
        for name in then.keys() | now.keys():
            if not str(name).endswith(TIMES) and not _same(then.get(name), now.get(name)):
                yield f"{name} in row {number} of {HISTORY}", then.get(name), now.get(name)


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, NaN to NaN, and text to text."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _machines(first: Record, again: Record) -> str:
    """Return what of the arithmetic differs between where two runs were made; empty if nothing does."""
    then, now = (record.data.get("provenance") or {} for record in (first, again))
    changed = [name for name in ARITHMETIC if then.get(name) != now.get(name)]
    return ", ".join(f"{name} was {then.get(name)}, is {now.get(name)}" for name in changed)


def _is_close(first: Record, again: Record) -> bool:
    """Return whether the final figures of two runs differ by no more than another processor explains."""
    if first.status != again.status:
        return False
    then, now = (record.data.get("final") or {} for record in (first, again))
    names = [name for name in then.keys() | now.keys() if not name.endswith(TIMES)]
    return all(_near(then.get(name), now.get(name), name) for name in names)


def _near(then: Any, now: Any, name: str) -> bool:
    if not isinstance(then, (int, float)) or not isinstance(now, (int, float)):
        return _same(then, now)
    share = CLOSE_LOSS if name.endswith("loss") else CLOSE
    return abs(then - now) <= (CLOSE if name.endswith("accuracy") else share * max(abs(then), abs(now)))


def _words(name: str, then: Any, now: Any) -> str:
    """Return a difference in words."""
    return f"{name} was {_shown(then)}, is {_shown(now)}"


def _shown(value: Any) -> str:
    """Return a value as a line has it: a float to its last digit, a long text by its beginning."""
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:21]}…"
