"""One sentence of a report with what is behind it, and all of them as `findings.json`."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reports.analysis.pairs import Pair

Kind = Literal[
    "best",
    "claims",
    "conditional_effect",
    "data",
    "divergence",
    "effect",
    "evidence",
    "failure",
    "interaction",
    "size",
    "strategy",
    "timing",
    "tuning",
    "unfinished",
    "variance",
]


@dataclass(frozen=True)
class Finding:
    """A sentence: its `kind`, the heading it stands under, the name of its table, the figures in short.

    `factor` and `metric` are what it is about, `within` the levels that it is limited to (None: to none),
    `pairs` the comparisons that it tells of, `margin` the difference that counts as none in them, `chosen_by`
    the metric that a best cell was chosen by.
    """

    kind: Kind
    about: str
    text: str
    table: str
    evidence: str = ""
    factor: str | None = None
    metric: str | None = None
    within: Mapping[str, str] | None = None
    pairs: tuple[Pair, ...] = ()
    margin: float = math.nan
    chosen_by: str | None = None


def as_json(findings: Sequence[Finding]) -> str:
    """Return findings.json: a list with kind, factor, metric, within, text, and pairs where it compares."""
    return json.dumps([entry(finding) for finding in findings], ensure_ascii=False, indent=1) + "\n"


def entry(finding: Finding) -> dict[str, Any]:
    """Return one finding as JSON."""
    within = None if finding.within is None else dict(finding.within)
    head = {"kind": finding.kind, "factor": finding.factor, "metric": finding.metric, "within": within}
    made: dict[str, Any] = {**head, "text": finding.text, "table": finding.table}
    if finding.kind == "best":
        made["chosen_by"] = finding.chosen_by
    if finding.kind in ("effect", "conditional_effect"):
        made |= {
            "margin": number(finding.margin),
            "pairs": [pair_entry(pair) for pair in finding.pairs],
        }
    return made


def pair_entry(pair: Pair) -> dict[str, Any]:
    """Return a comparison as JSON: the level that is ahead is the first, estimate = first − second."""
    power = pair.power
    return {
        "first": pair.first,
        "second": pair.second,
        "estimate": number(pair.estimate),
        "low": number(pair.low),
        "high": number(pair.high),
        "p": number(pair.p),
        "relation": pair.relation,
        "seeds": pair.seeds,
        "cells": pair.cells,
        "ahead": pair.ahead,
        "look": pair.look,
        "decided_at": pair.decided_at or None,
        "early": pair.early,
        "outstanding": pair.outstanding,
        "relations": dict(zip(("m/2", "m", "2m"), pair.relations, strict=True)),
        "from_divergence": number(pair.parts.from_divergence),
        "from_finished": number(pair.parts.from_finished),
        "unseen": number(pair.unseen),
        "new_images": pair.new_images,
        "why": pair.why,
        "power": None
        if power is None
        else {"detectable": number(power.detectable), "fewest": power.fewest, "most": power.most},
    }


def number(value: float) -> float | None:
    """Return a number, None for what JSON has no number for."""
    return float(value) if math.isfinite(value) else None
