"""What a claim is, and what judging it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reports.analysis.paired import Contrast, Interval
from reports.runs.metrics import HELD_OUT, METRICS, Metric

Verdict = Literal["holds", "refuted", "undecided"]
Conditions = Mapping[str, tuple[str, ...]]
KINDS = ("order", "best", "worst", "equivalent", "ratio", "at_least", "at_most", "about", "effects")
LEVEL_JOIN = " + "  # between the levels of a combination of settings
EXTRA_METRICS = (
    Metric("unstable", "Share of unstable runs", "accuracy", "lower", "is more often unstable", True),
    Metric("early_dip", "Deepest fall of test accuracy in 20 epochs", "accuracy", "lower", "dips more", True),
    Metric("nonfinite", "Values that are not finite", "loss", "lower", "fails more often", True),
)
NOT_OBSERVED = (
    *("epochs_to_target", "seconds_to_target"),  # they depend on a target that no claim names
    *HELD_OUT,  # no study holds examples out
)
CLAIM_METRICS = {
    metric.name: metric for metric in (*METRICS.values(), *EXTRA_METRICS) if metric.name not in NOT_OBSERVED
}


@dataclass(frozen=True)
class Test:
    """One measurable statement: its kind, what that kind asks for, on which runs, by which metric.

    `factor` names the settings whose combinations are compared; or `levels` names sets of runs by their
    conditions. `along` are settings that may change with the level; all others are matched. `margin` is the
    difference that counts as none, `relative` where it is a share of the mean; None: the metric's own.
    """

    __test__ = False  # not one of pytest's

    kind: str
    wanted: Any
    metric: Metric
    where: Conditions
    part: str | None = None
    factor: tuple[str, ...] = ()
    levels: Mapping[str, Conditions] | None = None
    among: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    margin: float | None = None
    relative: bool = False


@dataclass(frozen=True)
class Claim:
    """A statement and the tests that decide it; `explains`: the ids of claims that it throws light on."""

    id: str
    statement: str
    tests: tuple[Test, ...]
    note: str = ""
    explains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """Two levels compared: what was claimed of them, first − second, the verdict and why.

    `small`: a difference was shown, and it lies within the margin.
    """

    first: str
    symbol: str
    second: str
    contrast: Contrast
    p_holm: float
    verdict: Verdict
    why: str = ""
    small: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a test found: `shown` are the figures behind it, `lines` the limits that they are held against."""

    test: Test
    verdict: Verdict
    shown: tuple[tuple[str, Interval], ...] = ()
    pairs: tuple[Compared, ...] = ()
    lines: tuple[float, ...] = ()
    seeds: int = 0
    cells: int = 0
    why: str = ""
    diverged: int = 0


@dataclass(frozen=True)
class Judgement:
    """A claim, judged."""

    claim: Claim
    verdict: Verdict
    outcomes: tuple[Outcome, ...]
