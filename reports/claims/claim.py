"""What a claim is, and what judging it finds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reports.analysis.equivalence import Verdict, conjunction
from reports.analysis.intervals import NAN, Interval
from reports.runs.factors import spoken
from reports.runs.metrics import HELD_OUT, METRICS, Measures, Metric

Verdicts = tuple[Verdict, Verdict, Verdict]  # at half the margin, at the margin, at twice it
Conditions = Mapping[str, tuple[str, ...]]
VERDICTS: tuple[Verdict, ...] = ("holds", "refuted", "undecided")
OPEN: Verdicts = ("undecided", "undecided", "undecided")
KINDS = ("order", "best", "worst", "equivalent", "ratio", "at_least", "at_most", "about", "effects")
LEVEL_JOIN = " + "  # between the levels of a combination of settings
BARE = re.compile(r"-?\d|(true|false|none)$")  # how a value begins that says nothing without its setting
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


def claim_metrics(measures: Measures) -> Mapping[str, Metric]:
    """Return the metrics that claims about runs can be about."""
    if measures.own:
        return measures.metrics
    return CLAIM_METRICS | {name: m for name, m in measures.metrics.items() if name not in METRICS}


@dataclass(frozen=True)
class Test:
    """One measurable statement: its kind, what that kind asks for, on which runs, by which metric.

    `factor` names the settings whose combinations are compared; or `levels` names sets of runs by their
    conditions. `along` are settings that may change with the level; all others are matched. `margin` is the
    difference that counts as none, `relative` where it is a share of the best level; None: the default one.
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

    def named(self, level: str) -> str:
        """Return a level in words: a number, a size or a yes or no with its setting (weight decay 0.1)."""
        values = level.split(LEVEL_JOIN)
        if len(values) != len(self.factor):
            return level
        pairs = zip(self.factor, values, strict=True)
        return LEVEL_JOIN.join(f"{of_setting(name)} {v}" if BARE.match(v) else v for name, v in pairs)


def of_setting(name: str) -> str:
    """Return a setting as it is said, without its group: optimizer.weight_decay is the weight decay."""
    return spoken(name.rsplit(".", maxsplit=1)[-1])


@dataclass(frozen=True)
class Claim:
    """A statement and the tests that decide it.

    `explains`: the ids of claims that it throws light on. `expect`: the verdict that it is checked for.
    `line`: where it stands in its file.
    """

    id: str
    statement: str
    tests: tuple[Test, ...]
    note: str = ""
    explains: tuple[str, ...] = ()
    expect: Verdict | None = None
    line: int | None = None


@dataclass(frozen=True)
class Compared:
    """Two levels compared: what was claimed of them, first − second, the verdict and why.

    `low`, `high` and `p` agree: 0 lies outside the interval where p ≤ 0.05. They are at the pair's own level,
    which "holds" is read from; `corrected` are the ends and the p at the level that all parts of the claim
    share, which "refuted" is read from. `seeds` and `cells` are what it stands on, `decided_at` the look that
    first excluded 0 (0: none did). `new_images`: whether a difference in test accuracy is there for new test
    images, too (None: none is shown, or it is not known). `turned`: the order turns round, which no further
    seeds undo.
    """

    first: str
    symbol: str
    second: str
    verdict: Verdict
    verdicts: Verdicts = OPEN
    estimate: float = NAN
    low: float = NAN
    high: float = NAN
    p: float = NAN
    corrected: tuple[float, float, float] = (NAN, NAN, NAN)
    seeds: int = 0
    cells: int = 0
    decided_at: int = 0
    why: str = ""
    new_images: bool | None = None
    turned: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a test found: `shown` are the figures behind it, `lines` the limits they are held against.

    `each` are the verdicts on single figures, of a test that holds every cell against a limit.
    `verdicts` are those at half the margin, at the margin and at twice it. `diverged` is the number of runs
    that did, `counted_as` what they count as, in words; `apart` that of runs too far behind to be compared.
    `margin` is NaN where nothing counts as equal. `reasons` say why, a sentence each. `unknown`: the test
    names what the runs do not have, or does not say which of them it means.
    """

    test: Test
    verdict: Verdict
    verdicts: Verdicts = OPEN
    shown: tuple[tuple[str, Interval], ...] = ()
    pairs: tuple[Compared, ...] = ()
    lines: tuple[float, ...] = ()
    seeds: int = 0
    cells: int = 0
    reasons: tuple[str, ...] = ()
    diverged: int = 0
    counted_as: str = ""
    apart: int = 0
    margin: float = NAN
    each: tuple[Verdict, ...] = ()
    unknown: bool = False

    @property
    def why(self) -> str:
        """The reasons in one line."""
        return "; ".join(self.reasons)

    @property
    def banded(self) -> bool:
        """Whether some difference, from a level or from a value, counts as none."""
        return self.margin > 0 or self.test.kind in ("about", "ratio")


@dataclass(frozen=True)
class Written:
    """Since when a claims file has its content (`by_git`: by a commit's date), and when the runs began."""

    file: str
    sha256: str
    since: datetime
    by_git: bool
    first_run: datetime | None

    @property
    def words(self) -> str:
        """Whether the claims were written before the runs."""
        if self.first_run is None:
            return "written before any run"
        return f"written {'before' if self.since < self.first_run else 'after'} the runs"

    @property
    def detail(self) -> str:
        """How that is known."""
        how = "in git since" if self.by_git else "first seen in this directory on"
        began = f"; the first runs were planned on {stamp(self.first_run)}" if self.first_run else ""
        doubt = " (a date that a committer can set)" if self.by_git else ""
        return f"{self.file}, SHA-256 {self.sha256}: {how} {stamp(self.since)}{doubt}{began}."


def stamp(time: datetime) -> str:
    """Return a time as 2026-05-01 10:00 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Judgement:
    """A claim, judged; `written`: since when the claim was there (None: not known)."""

    claim: Claim
    verdict: Verdict
    outcomes: tuple[Outcome, ...]
    written: Written | None = None

    @property
    def verdicts(self) -> Verdicts:
        """The verdict at half of each test's margin, at the margin, and at twice it."""
        half, same, double = (conjunction([one.verdicts[k] for one in self.outcomes]) for k in range(3))
        return half, same, double
