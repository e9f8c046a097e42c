"""Judged claims as rows to keep (claims.csv, contrasts.csv) and as a table to read."""

import math
from collections.abc import Sequence

import pandas as pd

from reports.analysis.paired import Interval
from reports.claims.claim import Compared, Conditions, Judgement, Outcome, Test
from reports.runs.metrics import Metric
from reports.tables.evidence import p_text, show_contrast
from reports.tables.table import Table, file_name, text_table

SHOWN_LEVELS = 9
SHOWN_PAIRS = 6
CLAIM_COLUMNS = (
    "id",
    "statement",
    "verdict",
    "test",
    "numbers",
    "why",
    "seeds",
    "cells",
    "diverged",
    "plot",
    "note",
)
PAIR_COLUMNS = (
    "id",
    "metric",
    "first",
    "claimed",
    "second",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "seeds",
    "cells",
    "verdict",
)


def claims_frame(judgements: Sequence[Judgement], folder: str = "plots") -> pd.DataFrame:
    """Return one row for each claim (CLAIM_COLUMNS); `plot` is the file of its figure, in `folder`."""
    rows = [
        (
            j.claim.id,
            j.claim.statement,
            j.verdict,
            "; and ".join(dict.fromkeys(test_words(o.test) for o in j.outcomes)),
            "; ".join(filter(None, map(numbers, j.outcomes))),
            "; ".join(dict.fromkeys(o.why for o in j.outcomes if o.why and o.verdict == j.verdict)),
            min(o.seeds for o in j.outcomes),
            min(o.cells for o in j.outcomes),
            sum(o.diverged for o in j.outcomes),
            f"{folder}/{plot_name(j)}.svg" if has_figures(j) else "",
            j.claim.note,
        )
        for j in judgements
    ]
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


def has_figures(judgement: Judgement) -> bool:
    """Whether there is anything to draw."""
    return any(math.isfinite(i.mean) for outcome in judgement.outcomes for _, i in outcome.shown)


def plot_name(judgement: Judgement) -> str:
    """Return the name of a claim's figure."""
    return file_name(f"claim-{judgement.claim.id}")


def test_words(test: Test) -> str:
    """Return what is measured, in one line."""
    by = f" by {' and '.join(test.factor)}" if test.factor else ""
    head = f"{test.metric.label}{by}: {demand(test)}"
    where = {**({"part": (test.part,)} if test.part else {}), **test.where}
    return f"{head} ({conditions(where)})" if where else head


def demand(test: Test) -> str:
    """Return what has to be true of the metric."""
    wanted = test.wanted
    if test.kind in ("order", "effects"):
        levels, symbols = wanted
        chain = levels[0] + "".join(f" {s} {level}" for s, level in zip(symbols, levels[1:], strict=True))
        return chain if test.kind == "order" else f"effect of {chain}"
    if test.kind == "ratio":
        first, second, value, within = wanted
        return f"{first} / {second} = {value:g} ± {within:.0%}"
    if test.kind == "about":
        return f"{wanted[0]:g} ± {wanted[1]:g}"
    words = {"best": f"{wanted} before every other", "worst": f"{wanted} behind every other"}
    words |= {"equivalent": "all equivalent"}
    signs = {"at_least": "≥", "at_most": "≤"}
    return words[test.kind] if test.kind in words else f"{signs[test.kind]} {wanted:g}"


def conditions(where: Conditions) -> str:
    """Return which runs a test is about; options that only some have are said by what they must be."""
    values = {name: [v for v in allowed if v != "–"] or ["none"] for name, allowed in where.items()}
    return ", ".join(f"{name} {' or '.join(allowed)}" for name, allowed in values.items())


def numbers(outcome: Outcome) -> str:
    """Return the figures behind a test: the levels, then the contrasts that decide."""
    metric = outcome.test.metric
    levels = [f"{level} {shown(i, outcome)}" for level, i in outcome.shown if i.n]
    pairs = [pair_text(pair, metric) for pair in outcome.pairs if pair.contrast.seeds > 1]
    if len(levels) > SHOWN_LEVELS:
        levels = [*levels[:1], f"{len(levels) - 1} others"]
    if len(pairs) > SHOWN_PAIRS:
        open_ = [pair_text(p, metric) for p in outcome.pairs if p.verdict != "holds" and p.contrast.seeds > 1]
        pairs = [*(open_ or pairs)[: SHOWN_PAIRS - 1], f"{len(outcome.pairs)} contrasts in all"]
    lost = outcome.diverged
    told = [", ".join(levels)] if levels else []  # no means: no cell that all levels share
    told += [*pairs, f"{lost} run{'s' if lost > 1 else ''} diverged"] if lost else pairs
    return f"{metric.label}: {'; '.join(told)}" if told else ""


def shown(interval: Interval, outcome: Outcome) -> str:
    """Return a figure with its interval; a ratio has two decimals."""
    if outcome.test.kind == "ratio":
        return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    return outcome.test.metric.show_interval(interval.mean, interval.half)


def pair_text(pair: Compared, metric: Metric) -> str:
    """Return a contrast in short: a − b = +0.0021 [+0.0010, +0.0032], p = 0.0041."""
    c = pair.contrast
    estimate, low, high = show_contrast(c, metric)
    p = p_text(pair.p_holm)
    sign = "" if p.startswith("<") else "= "
    return f"{pair.first} − {pair.second} {estimate} [{low}, {high}], p {sign}{p}"


def contrasts_frame(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """Return every contrast behind the claims (PAIR_COLUMNS), as plain numbers."""
    rows = [
        (
            judgement.claim.id,
            outcome.test.metric.name,
            pair.first,
            pair.symbol,
            pair.second,
            *map(rounded, (pair.contrast.estimate, pair.contrast.low, pair.contrast.high)),
            *map(rounded, (pair.contrast.p, pair.p_holm)),
            pair.contrast.seeds,
            pair.contrast.blocks,
            pair.verdict,
        )
        for judgement in judgements
        for outcome in judgement.outcomes
        for pair in outcome.pairs
    ]
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def rounded(value: float) -> float:
    """Return a figure with six significant digits."""
    return float(f"{value:.6g}")


def claims_table(judgements: Sequence[Judgement], name: str = "claims", title: str = "Claims") -> Table:
    """Return the claims as a table to read."""
    rows = claims_frame(judgements)
    heads = ("id", "claim", "verdict", "test", "numbers", "why", "seeds", "matched cells")
    columns = [c for c in CLAIM_COLUMNS if c not in ("diverged", "plot", "note")]
    return text_table(name, title, heads, rows[columns].astype(str).to_numpy().tolist(), *NOTES)


NOTES = (
    "a > b: significant that way (paired t over seeds, Holm-corrected over the test's contrasts, 5 %); "
    "refuted if significant the other way or equivalent. a ~ b: equivalent, the whole interval within "
    "± 0.005 of accuracy or ± 10 % of epochs or seconds; refuted if significant, the whole interval outside. "
    "a >= b: not behind by that margin. Limits, ratios: the interval lies within; refuted if outside. "
    "Everything else is undecided, and so is everything with fewer than 5 seeds.",
    "Means are over the cells that all levels of a test share, each difference over the cells that its two "
    "levels share: it need not be the difference of the means.",
)


def counts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Return how many claims hold, are refuted and stay undecided."""
    found = [judgement.verdict for judgement in judgements]
    return {verdict: found.count(verdict) for verdict in ("holds", "refuted", "undecided")}
