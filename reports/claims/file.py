"""Claims files: statements about a sweep as data.

YAML, `claims:` a list. A claim has an `id`, a `statement` in words, and one test or a list of `tests`, which
inherit what the claim itself says:

    - {id: X1, statement: …, where: {loss: mse}, factor: activation, metric: gap, order: "gelu > elu"}

A test names a `metric` (or a list: one test each), `where` (settings that a run must have, by short or dotted
name: one value or a list; "–" where a setting does not exist), and exactly one of KINDS; evaluate.py says
what each of those asks for and when it holds. The other keys are fields of `claim.Test`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.claims.claim import CLAIM_METRICS, KINDS, VERDICTS, Claim, Conditions, Test
from reports.claims.document import Placed, place_of, read_yaml
from reports.claims.values import (
    allow,
    as_list,
    as_mapping,
    conditions,
    level,
    names,
    once,
    require_printable,
    share,
    shown,
    text_of,
    wrong,
)
from reports.claims.wanted import require_below, wanted
from reports.runs.metrics import Metric
from sweeps.records.errors import UserError

Metrics = Mapping[str, Metric]
WITHOUT_MARGIN = ("train_loss", "test_loss", "nonfinite", "unstable")
LEVELS_OF = ("order", "best", "worst", "equivalent", "ratio")
READ_BY = {  # which kinds of test read a key; the other keys are read by all
    "factor": LEVELS_OF,
    "levels": LEVELS_OF,
    "among": ("best", "worst", "equivalent"),
    "along": (*LEVELS_OF, "effects"),
    "margin": ("order", "best", "worst", "equivalent"),
    "within": ("about", "ratio"),
}
TEST_KEYS = (*KINDS, "metric", "where", "part", *READ_BY)
CLAIM_KEYS = ("id", "statement", "tests", "note", "explains", "expect", *TEST_KEYS)


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
            problems.append(f"{source}{place}: claim {shown(name)}: {error}")
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
    require_printable(entry)
    for key in ("id", "statement"):
        if not text_of(entry, key):
            raise ValueError(f"{key} must be a text")
    if "\n" in text_of(entry, "id"):
        raise wrong("id", entry["id"], "on one line")
    shared = {key: entry[key] for key in entry if key in TEST_KEYS}
    own = entry.get("tests", [{}])
    if not isinstance(own, list) or not own or not all(isinstance(test, dict) for test in own):
        raise ValueError("tests must be a list of mappings")
    tests = [test for each in own for test in parse_tests(inherit(shared, each), each, metrics)]
    require_read(shared, {test.kind for test in tests})
    explains = names(entry, "explains")
    if (expect := entry.get("expect")) not in (None, *VERDICTS):
        raise wrong("expect", expect, f"one of {', '.join(VERDICTS)}")
    line = entry.line if isinstance(entry, Placed) else None
    statement, note = text_of(entry, "statement"), text_of(entry, "note")
    return Claim(text_of(entry, "id"), statement, tuple(tests), note, explains, expect, line)


def inherit(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a test with what its claim says for all of its tests; conditions add up."""
    where = {**as_mapping(shared, "where"), **as_mapping(own, "where")}
    return {**shared, **own, "where": where}


def require_read(entry: Iterable[str], kinds: Iterable[str]) -> None:
    """Raise ValueError for a key that no test of these kinds reads."""
    there = set(kinds)
    for key in entry:
        if key in READ_BY and not there & set(READ_BY[key]):
            by = ", ".join(READ_BY[key])
            raise ValueError(f"{key}: is not read by {' or '.join(sorted(there))}, but by {by}")


def parse_tests(entry: Mapping[str, Any], own: Iterable[str], metrics: Metrics) -> Iterable[Test]:
    """Yield the tests of one mapping, one for each metric; `own` are the keys that its claim does not say."""
    allow(entry, TEST_KEYS)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"must have one of {', '.join(KINDS)}; has {' and '.join(kinds) or 'none'}")
    require_read(own, kinds)
    metric = entry.get("metric")
    chosen: list[Any] = metric if isinstance(metric, list) and metric else [metric]
    for name in chosen:
        if not isinstance(name, str) or name not in metrics:
            raise wrong("metric", name, f"one of {', '.join(metrics)}")
    for name in once("metric", chosen):
        yield parse_test(kinds[0], entry, metrics[name])


def parse_test(kind: str, entry: Mapping[str, Any], metric: Metric) -> Test:
    """Return one test of a known kind."""
    levels, factor = levels_of(entry), names(entry, "factor")
    if kind in LEVELS_OF and bool(levels) == bool(factor):
        raise ValueError(f"{kind} needs a factor, or levels by name, and not both")
    demanded = wanted(kind, entry, factor, metric)
    among = once("among", [level("among", each) for each in as_list(entry, "among")])
    require_levels(kind, demanded, among, levels)
    margin, relative = margin_of(entry, metric)
    equal = kind == "equivalent" or (kind == "order" and {"~", ">="} & set(demanded[1]))
    if equal and margin is None and metric.name in WITHOUT_MARGIN:
        raise ValueError(f"{kind} needs a margin: {metric.name} has none of its own to call values equal by")
    return Test(
        kind,
        demanded,
        metric,
        conditions(as_mapping(entry, "where")),
        text_of(entry, "part") or None,
        factor,
        levels or None,
        among,
        names(entry, "along"),
        margin,
        relative,
    )


def levels_of(entry: Mapping[str, Any]) -> dict[str, Conditions]:
    """Return the levels that are named, each with its conditions."""
    named = as_mapping(entry, "levels")
    known = once("levels", [level("levels", name) for name in named])
    return dict(zip(known, (conditions(as_mapping(named, name), str(name)) for name in named), strict=True))


def require_levels(kind: str, demanded: Any, among: Sequence[str], levels: Mapping[str, Conditions]) -> None:
    """Raise ValueError for a level that a test names and its `levels` do not have."""
    of_kind = {"order": lambda: demanded[0], "ratio": lambda: demanded[:2]}
    of_kind |= dict.fromkeys(("best", "worst"), lambda: [demanded])
    here = of_kind[kind]() if kind in of_kind else []
    for key, name in [*((kind, name) for name in here), *(("among", name) for name in among)]:
        if levels and name not in levels:
            raise wrong(key, name, f"one of the levels {', '.join(levels)}")


def margin_of(entry: Mapping[str, Any], metric: Metric) -> tuple[float | None, bool]:
    """Return the margin, None if there is none, and whether it is a share of the best level."""
    margin, relative = share(entry, "margin")
    if margin is not None and margin <= 0:
        raise wrong("margin", entry["margin"], "above 0")
    if margin is not None and not relative:
        require_below("margin", margin, metric)
    return margin, relative
