"""Claims files: statements about a sweep as data.

YAML, `claims:` a list. A claim has an `id`, a `statement` in words, and one test or a list of `tests`, which
inherit what the claim itself says:

    - {id: X1, statement: …, where: {loss: mse}, factor: activation, metric: gap, order: "gelu > elu"}

A test names a `metric` (or a list: one test each), `where` (settings that a run must have, by short or dotted
name: one value or a list; "–" where a setting does not exist), and exactly one of KINDS; evaluate.py says
what each of those asks for and when it holds. The other keys are fields of `claim.Test`.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.claims.claim import CLAIM_METRICS, KINDS, LEVEL_JOIN, VERDICTS, Claim, Conditions, Test
from reports.claims.document import Placed, place_of, read_yaml
from reports.runs.factors import label
from reports.runs.metrics import Metric
from sweeps.records.errors import UserError

Metrics = Mapping[str, Metric]
TEST_KEYS = (*KINDS, "metric", "where", "part", "factor", "levels", "among", "along", "margin", "within")
CLAIM_KEYS = ("id", "statement", "tests", "note", "explains", "expect", *TEST_KEYS)
WITHOUT_MARGIN = ("train_loss", "test_loss", "nonfinite", "unstable")
LEVELS_OF = ("order", "best", "worst", "equivalent", "ratio")


def read_claims(path: Path, metrics: Metrics = CLAIM_METRICS) -> list[Claim]:
    """Read a claims file about these metrics; UserError with every mistake on a line of its own."""
    return parse_claims(read_yaml(path).get("claims"), str(path), metrics)


def parse_claims(entries: Any, source: str, metrics: Metrics = CLAIM_METRICS) -> list[Claim]:
    """Return the claims of a list of mappings; UserError with every mistake on a line of its own."""
    if not isinstance(entries, list) or not entries:
        raise UserError(f"{source}: claims must be a list with at least one claim")
    claims, problems = [], []
    for number, entry in enumerate(entries, 1):
        name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        try:
            claims.append(parse_claim(entry, metrics))
        except ValueError as error:
            place = place_of(entry, str(error))
            problems.append(f"{source}{place}: claim {name}: {error}")
    names = [claim.id for claim in claims]
    problems += [
        f"{source}{'' if claim.line is None else f':{claim.line}'}: claim {claim.id}: id is used twice"
        for place, claim in enumerate(claims)
        if claim.id in names[:place]
    ]
    if problems:
        raise UserError(*dict.fromkeys(problems))
    return claims


def parse_claim(entry: Any, metrics: Metrics) -> Claim:
    """Return one claim; ValueError in one line."""
    if not isinstance(entry, dict):
        raise ValueError("must be a mapping")
    allow(entry, CLAIM_KEYS)
    for key in ("id", "statement"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise ValueError(f"{key} must be a text")
    shared = {key: entry[key] for key in entry if key in TEST_KEYS}
    own = entry.get("tests", [{}])
    if not isinstance(own, list) or not own or not all(isinstance(test, dict) for test in own):
        raise ValueError("tests must be a list of mappings")
    tests = [test for each in own for test in parse_tests(inherit(shared, each), metrics)]
    note, explains = str(entry.get("note", "")), tuple(map(str, as_list(entry, "explains")))
    if (expect := entry.get("expect")) not in (None, *VERDICTS):
        raise ValueError(f"expect = {expect}: must be one of {', '.join(VERDICTS)}")
    line = entry.line if isinstance(entry, Placed) else None
    return Claim(entry["id"], entry["statement"].strip(), tuple(tests), note, explains, expect, line)


def inherit(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a test with what its claim says for all of its tests; conditions add up."""
    where = {**as_mapping(shared, "where"), **as_mapping(own, "where")}
    return {**shared, **own, "where": where}


def parse_tests(entry: Mapping[str, Any], metrics: Metrics) -> Iterable[Test]:
    """Yield the tests of one mapping, one for each metric."""
    allow(entry, TEST_KEYS)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"must have one of {', '.join(KINDS)}; has {' and '.join(kinds) or 'none'}")
    names = entry.get("metric")
    for name in names if isinstance(names, list) and names else [names]:
        if not isinstance(name, str) or name not in metrics:
            raise ValueError(f"metric = {name}: must be one of {', '.join(metrics)}")
        yield parse_test(kinds[0], entry, metrics[name])


def parse_test(kind: str, entry: Mapping[str, Any], metric: Metric) -> Test:
    """Return one test of a known kind."""
    levels = as_mapping(entry, "levels")
    factor = as_tuple(entry.get("factor", []))
    if kind in LEVELS_OF and bool(levels) == bool(factor):
        raise ValueError(f"{kind} needs a factor, or levels by name, and not both")
    margin, relative = share(entry, "margin")
    if margin is not None and margin <= 0:
        raise ValueError(f"margin = {entry['margin']}: must be above 0")
    demanded = wanted(kind, entry, factor)
    equal = kind == "equivalent" or (kind == "order" and {"~", ">="} & set(demanded[1]))
    if equal and margin is None and metric.name in WITHOUT_MARGIN:
        raise ValueError(f"{kind} needs a margin: {metric.name} has none of its own to call values equal by")
    return Test(
        kind,
        demanded,
        metric,
        conditions(as_mapping(entry, "where")),
        entry.get("part"),
        factor,
        {str(name): conditions(as_mapping(levels, name)) for name in levels} if levels else None,
        tuple(map(canonical, as_list(entry, "among"))),
        as_tuple(entry.get("along", [])),
        margin,
        relative,
    )


def wanted(kind: str, entry: Mapping[str, Any], factor: Sequence[str]) -> Any:
    """Return what a test of this kind compares with, in the form in which evaluate.py takes it."""
    value = entry[kind]
    if kind in ("order", "effects"):
        return chain(value, kind)
    if kind in ("best", "worst"):
        if isinstance(value, dict):
            return LEVEL_JOIN.join(canonical(value.get(name)) for name in factor)
        return canonical(value)
    if kind == "ratio":
        pairs = as_mapping(entry, kind)
        text, number = next(iter(pairs.items()), ("", 0))
        first, _, second = (part.strip() for part in str(text).partition("/"))
        if len(pairs) != 1 or not first or not second:
            raise ValueError(f"ratio = {pairs}: must be one 'first / second': number")
        return canonical(first), canonical(second), number_of(kind, number), within(entry, 0.1)
    if kind == "about":
        if "within" not in entry:
            raise ValueError("about needs within")
        return number_of(kind, value), within(entry)
    if kind == "equivalent" and value != "all":
        raise ValueError(f"equivalent = {value}: must be all (name the levels in among)")
    return value if kind == "equivalent" else number_of(kind, value)


def within(entry: Mapping[str, Any], default: float | None = None) -> float:
    """Return what a figure may differ by."""
    found, _ = share(entry, "within", default)
    if found is None or found <= 0:
        raise ValueError(f"within = {entry.get('within')}: must be a number above 0")
    return found


def chain(text: Any, kind: str = "order") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the levels of "a > b ~ c" and the symbols between them."""
    parts = re.split(r"\s*(>=|>|~)\s*", str(text).strip())
    levels, symbols = tuple(map(canonical, parts[::2])), tuple(parts[1::2])
    if len(levels) < 2 or not all(levels) or len(set(levels)) < len(levels):
        names = "factors" if kind == "effects" else "levels"
        raise ValueError(f"{kind} = {text}: must be different {names} with >, >= or ~ between them")
    if kind == "effects" and set(symbols) != {">"}:
        raise ValueError(f"effects = {text}: must have > between them: that effects are equal is never shown")
    return levels, symbols


def conditions(mapping: Mapping[str, Any]) -> Conditions:
    """Return settings and the values allowed, as the texts by which settings are known."""
    return {
        str(name): tuple(map(canonical, value if isinstance(value, list) else [value]))
        for name, value in mapping.items()
    }


def canonical(value: Any) -> str:
    """Return the text by which a setting's value is known, however it was written: 5e-4 is 0.0005."""
    if isinstance(value, list):
        return label(tuple(value))
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value.strip()):
        return label(float(value))
    return label(value.strip() if isinstance(value, str) else value)


def share(entry: Mapping[str, Any], key: str, default: float | None = None) -> tuple[float | None, bool]:
    """Return a number, and whether it was written as a percentage."""
    value = entry.get(key, default)
    if isinstance(value, str) and value.strip().endswith("%"):
        return number_of(key, value.strip().rstrip("%")) / 100, True
    return (None if value is None else number_of(key, value)), False


def number_of(key: str, value: Any) -> float:
    """Return a finite number; ValueError in one line."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{key} = {value}: must be a number")
    return number


def as_mapping(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the mapping under a key, empty if there is none."""
    value = entry.get(key)
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{key} = {value}: must be a mapping")
    return dict(value or {})


def as_list(entry: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under a key, empty if there is none."""
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"{key} = {value}: must be a list")
    return value


def as_tuple(value: Any) -> tuple[str, ...]:
    """Return one name or a list of names as a tuple."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def allow(entry: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise ValueError for a key that nobody reads."""
    for key in entry:
        if key not in known:
            raise ValueError(f"{key}: unknown key; known are {', '.join(known)}")
