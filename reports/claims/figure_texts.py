"""The figures behind a judged claim, each in a line: means of levels, contrasts, runs left out."""

import math
from collections.abc import Sequence

from reports.analysis.counting import REACH
from reports.analysis.intervals import Interval
from reports.analysis.new_images import yes_or_no
from reports.claims.claim import Compared, Judgement, Outcome
from reports.claims.wording import demand, told_apart
from reports.tables.number_formats import minus, p_text, show_contrast

SHOWN_LEVELS = 9
BESIDE = " (the estimate lies outside of what all looks leave)"
SHOWN_PAIRS = 6


def judged_figures(judgement: Judgement) -> list[list[str]]:
    """Return the figures behind each test of a claim."""
    ones = zip(judgement.outcomes, told_apart(judgement), strict=True)
    return [figures(outcome, which) for outcome, which in ones]


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
