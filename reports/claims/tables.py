"""Judged claims as rows to keep (claims.csv, contrasts.csv) and as a table to read."""

import math
from collections.abc import Sequence

import pandas as pd

from reports.analysis.counting import REACH
from reports.analysis.intervals import Interval
from reports.analysis.new_images import yes_or_no
from reports.claims.claim import CLAIM_METRICS, VERDICTS, Compared, Conditions, Judgement, Outcome, Test
from reports.tables.number_formats import minus, p_text, show_contrast
from reports.tables.rankings import UNSEEN_NOTE
from reports.tables.table import Table, file_name, text_table

SHOWN_LEVELS = 9
BESIDE = " (the estimate lies outside of what all looks leave)"
SHOWN_PAIRS = 6
CLAIM_COLUMNS = (
    "id",
    "statement",
    "verdict",
    "written",
    "half_margin",
    "double_margin",
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
    "low_shared",
    "high_shared",
    "p_shared",
    "margin",
    "seeds",
    "cells",
    "half_margin",
    "verdict",
    "double_margin",
    "decided_at",
)


def claims_frame(judgements: Sequence[Judgement], folder: str = "plots") -> pd.DataFrame:
    """Return one row for each claim (CLAIM_COLUMNS); `plot` is the file of its figure, in `folder`."""
    rows = [
        (
            j.claim.id,
            j.claim.statement,
            j.verdict,
            j.written.words if j.written else "",
            j.verdicts[0],
            j.verdicts[2],
            "; and ".join(dict.fromkeys(test_words(o.test) for o in j.outcomes)),
            "; ".join(text for parts in judged_figures(j) for text in parts),
            "; ".join(reasons(j)),
            min(o.seeds for o in j.outcomes),
            min(o.cells for o in j.outcomes),
            sum(o.diverged for o in j.outcomes),
            f"{folder}/{plot_name(j)}.svg" if has_figures(j) else "",
            j.claim.note,
        )
        for j in judgements
    ]
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


def reasons(judgement: Judgement) -> list[str]:
    """Return why a claim has its verdict, a sentence each."""
    deciding = [o for o in judgement.outcomes if o.verdict == judgement.verdict]
    return list(dict.fromkeys(reason for outcome in deciding for reason in outcome.reasons if reason))


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
        return f"{test.named(first)} / {test.named(second)} = {value:g} ± {within:.0%}"
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


def judged_figures(judgement: Judgement) -> list[list[str]]:
    """Return the figures behind each test of a claim."""
    ones = zip(judgement.outcomes, told_apart(judgement), strict=True)
    return [figures(outcome, which) for outcome, which in ones]


def told_apart(judgement: Judgement) -> list[str]:
    """Return which runs each test of a claim is about, by the conditions that not all of its tests have."""
    wheres = [outcome.test.where for outcome in judgement.outcomes]
    return [
        conditions({k: v for k, v in where.items() if any(other.get(k) != v for other in wheres)})
        for where in wheres
    ]


def figures(outcome: Outcome, which: str = "") -> list[str]:
    """Return the figures behind a test: the levels, then the contrasts that decide; the first is labelled.

    `which`: the runs that it is about, where that has to be said.
    """
    told = [*level_texts(outcome), *pair_texts(outcome), *left_out(outcome)]
    about = f" ({which})" if which else ""
    return [f"{outcome.test.metric.label}{about}: {told[0]}", *told[1:]] if told else []


def level_texts(outcome: Outcome) -> list[str]:
    """Return the levels and what is claimed of them in one line; none where no cell is shared by all."""
    known = [(level, i) for level, i in outcome.shown if i.n]
    names = before_figures([outcome.test.named(level) for level, _ in known])
    levels = [f"{name} {shown(i, outcome)}" for name, (_, i) in zip(names, known, strict=True)]
    if len(levels) > SHOWN_LEVELS:
        levels = [*levels[:1], f"{len(levels) - 1} others"]
    claimed = f" (claimed: {demand(outcome.test)})" if outcome.lines else ""
    return [", ".join(levels) + claimed] if levels else []


def pair_texts(outcome: Outcome) -> list[str]:
    """Return the contrasts, of many those that are not as claimed first."""
    known = [pair for pair in outcome.pairs if pair.seeds > 1]
    if len(known) <= SHOWN_PAIRS:
        return [pair_text(pair, outcome) for pair in known]
    first = [pair for pair in known if pair.verdict != "holds"] or known
    some = [pair_text(pair, outcome) for pair in first[: SHOWN_PAIRS - 1]]
    return [*some, f"{len(outcome.pairs)} contrasts in all"]


def left_out(outcome: Outcome) -> list[str]:
    """Return how many runs diverged, and how many are too far behind to be compared."""
    lost, apart = outcome.diverged, outcome.apart
    told = [f"{lost} run{'s' if lost > 1 else ''} diverged, {outcome.counted_as}"] if lost else []
    return told + (
        [f"{apart} runs more than {REACH} below the best accuracy are not compared"] if apart else []
    )


def before_figures(names: Sequence[str]) -> list[str]:
    """Return the names of levels as they stand before figures: set apart where one ends in a number."""
    numbered = any(name.split()[-1][:1].isdigit() for name in names)
    return [f"{name}:" for name in names] if numbered else list(names)


def shown(interval: Interval, outcome: Outcome) -> str:
    """Return a figure with its interval; a ratio has two decimals."""
    if outcome.test.kind == "ratio":
        return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    if outcome.test.kind == "effects":
        return f"± {outcome.test.metric.show(interval.mean)}"
    return outcome.test.metric.show_interval(interval.mean, interval.half)


def pair_text(pair: Compared, outcome: Outcome) -> str:
    """Return a contrast in short: a − b = +0.0021 [+0.0010, +0.0032], p = 0.0041."""
    ends = (pair.estimate, pair.low, pair.high)
    squares = outcome.test.kind == "effects"
    estimate, low, high = map(scientific, ends) if squares else show_contrast(pair, outcome.test.metric)
    p = p_text(pair.p)
    sign = "" if p.startswith("<") else "= "
    at = f" (at {pair.decided_at} seeds)" if 0 < pair.decided_at < pair.seeds else ""
    at += BESIDE if pair.estimate < pair.low or pair.estimate > pair.high else ""
    first, second = (outcome.test.named(level) for level in (pair.first, pair.second))
    names = f"{first}² − {second}²" if squares else f"{first} − {before_figures([second])[0]}"
    also = "" if pair.new_images is None else f", also for new images: {yes_or_no(pair.new_images)}"
    return f"{names} {estimate} [{low}, {high}], p {sign}{p}{at}{also}"


def scientific(value: float) -> str:
    """Return a number with its sign and two digits: +6.4e-04."""
    return "–" if math.isnan(value) else minus(f"{value:+.1e}")


def contrasts_frame(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """Return every contrast behind the claims (PAIR_COLUMNS), as plain numbers."""
    rows = [
        (
            judgement.claim.id,
            outcome.test.metric.name,
            pair.first,
            pair.symbol,
            pair.second,
            *map(rounded, (pair.estimate, pair.low, pair.high, pair.p, *pair.corrected, outcome.margin)),
            pair.seeds,
            pair.cells,
            *pair.verdicts,
            pair.decided_at,
        )
        for judgement in judgements
        for outcome in judgement.outcomes
        for pair in outcome.pairs
    ]
    return pd.DataFrame(rows, columns=list(PAIR_COLUMNS))


def rounded(value: float) -> float:
    """Return a figure with six significant digits."""
    return float(f"{value:.6g}")


def claims_table(
    judgements: Sequence[Judgement], name: str = "claims", title: str = "Claims", afterwards: str = ""
) -> Table:
    """Return the claims as a table to read; `afterwards`: what was left out or run again after a look."""
    rows = claims_frame(judgements)
    heads = ("id", "claim", "verdict", "at m/2, 2m", "test", "numbers", "why", "seeds", "matched cells")
    written = rows["written"].map(lambda when: f" ({when})" if when else "")
    rows = rows.assign(
        verdict=rows["verdict"] + written, other=rows["half_margin"] + ", " + rows["double_margin"]
    )
    columns = ["id", "statement", "verdict", "other", "test", "numbers", "why", "seeds", "cells"]
    body = rows[columns]
    rule, usual, reading = NOTES
    margin = OWN_MARGIN if all(map(about_own, judgements)) else usual
    notes = filter(None, (rule, margin, reading, UNSEEN_NOTE, *dated(judgements), afterwards))
    return text_table(name, title, heads, body.astype(str).to_numpy().tolist(), *notes)


def about_own(judgement: Judgement) -> bool:
    """Whether a claim is about figures of an application's own alone."""
    return all(test.metric.name not in CLAIM_METRICS for test in judgement.claim.tests)


def dated(judgements: Sequence[Judgement]) -> list[str]:
    """Return how it is known when the claims were written."""
    return list(dict.fromkeys(j.written.detail for j in judgements if j.written))


OWN_MARGIN = (
    "Margin m, where the claim names none: of seconds, and of what is to be small and is above 0, a tenth of "
    "the least level. The verdicts at half and at twice the margin stand beside."
)
NOTES = (
    "a > b: a is ahead, by an interval above 0 that is not within the margin; refuted where b is ahead "
    "or the two are equivalent. a ~ b: equivalent, the whole interval within the margin; refuted where it is "
    "outside. a >= b: not behind by the margin. Limits, ratios: the interval lies within; refuted if not. "
    "Everything else is undecided. A claim holds where each part does at 5 %, and is refuted where a part is "
    "at 5 % divided by the number of parts.",
    "Margin m, where the claim names none: of accuracy a tenth of the best level's error, of epochs, seconds "
    "and losses a tenth of the least level. The verdicts at half and at twice the margin stand beside.",
    "Means are over the cells that all levels of a test share, each difference over the cells that its two "
    "levels share: it need not be the difference of the means.",
)


def counts(judgements: Sequence[Judgement]) -> dict[str, int]:
    """Return how many claims hold, are refuted and stay undecided."""
    found = [judgement.verdict for judgement in judgements]
    return {verdict: found.count(verdict) for verdict in VERDICTS}
