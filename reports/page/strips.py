"""Effects as drawings: where dots, intervals, labels and ticks stand, in per cent across and pixels down.

Nothing here depends on the width of the page, so a drawing is as readable on a phone as on paper.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.page.content import Comparison, Content, Effect, LevelEffect, Metric
from reports.page.shown import REACH, Axis, axis_of, beyond, show, tick_text, ticks

LETTER = 7.4  # pixels of a letter of a label, in a wide font of 12 px
WIDTH, NARROW = 400.0, 205.0  # pixels that a strip is at least wide; narrow: on a phone of 360, or on paper
GAP = 10.0
LONGEST = 26  # letters of a label; the whole name is in its dot's title
MANY = 7  # levels: of more, only the two ends are named
WITHIN = 6  # strips of a factor whose order turns round: of more parts of the grid, those that differ most
Group = Sequence[tuple[float, LevelEffect]]  # dots that share a label, with their places in per cent


@dataclass(frozen=True)
class Label:
    """A text at a place: `lane` 0 stands above the line, 1 below."""

    x: float
    text: str
    lane: int
    anchor: str


@dataclass(frozen=True)
class Strip:
    """A factor on the common scale: its dots, their labels, the size of its whole effect.

    `place` is that of its effect among all.
    """

    place: int
    effect: Effect
    title: str
    dots: tuple[tuple[float, LevelEffect], ...]
    labels: tuple[Label, ...]
    narrow: tuple[Label, ...]
    size: str

    @property
    def diverged(self) -> str:
        """Which levels' runs diverged: "3 with 0.1, 6 with 1"; empty if none did."""
        return ", ".join(
            f"{level.diverged} with {level.level}" for level in self.effect.levels if level.diverged
        )


def main_effects(content: Content, metric: Metric) -> list[Effect]:
    """Return the effects on a metric that have two levels or more with a figure, the largest first."""
    found = [e for e in content.effects if e.metric == metric.name and len(e.levels) > 1]
    return sorted(found, key=lambda effect: -effect.size if math.isfinite(effect.size) else math.inf)


def strips(effects: Sequence[Effect], metric: Metric) -> tuple[list[Strip], list[tuple[float, str]]]:
    """Return every factor's strip, the largest first, and the ticks of the scale that they share.

    Of a factor whose order turns round, that are its largest: `left_out` tells how many are not among them.
    """
    axis = axis_of([level.mean for effect in effects for level in effect.levels])
    numbers = numbered(effects)
    made = [
        strip(place, effect, metric, axis) for place, effect in enumerate(effects) if numbers[place] < WITHIN
    ]
    return made, [(axis.place(tick), tick_text(metric, tick)) for tick in ticks(axis.low, axis.high)]


def numbered(effects: Sequence[Effect]) -> list[int]:
    """Return how many of the same factor are larger, for each effect within a part of the grid; else 0."""
    found, seen = list[int](), Counter[str]()
    for effect in effects:
        found.append(seen[effect.factor] if effect.within else 0)
        seen[effect.factor] += bool(effect.within)
    return found


def left_out(effects: Sequence[Effect]) -> dict[str, int]:
    """Return how many effects of a factor have no strip, by its name."""
    pairs = zip(effects, numbered(effects), strict=True)
    return dict(Counter(effect.factor for effect, number in pairs if number >= WITHIN))


def strip(place: int, effect: Effect, metric: Metric, axis: Axis) -> Strip:
    """Return one factor's strip."""
    dots = tuple(sorted(((axis.place(level.mean), level) for level in effect.levels), key=lambda dot: dot[0]))
    title = f"{effect.factor} ({effect.within})" if effect.within else effect.factor
    wide, narrow = (tuple(labels(dots, width)) for width in (WIDTH, NARROW))
    return Strip(place, effect, title, dots, wide, narrow, show(metric, effect.size))


def labels(dots: Sequence[tuple[float, LevelEffect]], width: float) -> list[Label]:
    """Return the labels of dots that are sorted by place: above or below; neighbours share one if need be.

    A label of several names them from left to right, as their dots stand.
    """
    if len(dots) > MANY:
        dots = (dots[0], dots[-1])
    groups = [[dot] for dot in dots]
    while None in (lanes := lanes_of(groups, width)):
        crowded = lanes.index(None)
        groups[crowded - 1 : crowded + 1] = [groups[crowded - 1] + groups[crowded]]
    made = [
        Label(middle(group), text_of(group, width), lane or 0, "middle")
        for group, lane in zip(groups, lanes, strict=True)
    ]
    return [replace(label, anchor=anchor(label, width)) for label in made]


def lanes_of(groups: Sequence[Group], width: float) -> list[int | None]:
    """Return the lane of each group's label: the first that is free there, None where both are taken."""
    ends, lanes = [-math.inf, -math.inf], list[int | None]()
    for group in groups:
        wide = LETTER * len(text_of(group, width))
        left = min(max(middle(group) / 100 * width - wide / 2, 0), max(width - wide, 0))
        lane = next((lane for lane in (0, 1) if left >= ends[lane] + GAP), None)
        lanes.append(lane)
        if lane is not None:
            ends[lane] = left + wide
    return lanes


def middle(group: Group) -> float:
    """Return where the label of neighbours stands, in per cent."""
    return (group[0][0] + group[-1][0]) / 2


def text_of(group: Group, width: float) -> str:
    """Return the names of neighbours in their order; the first and the last, if not all fit."""
    names = [level.level[:LONGEST] for _, level in group]
    text = " · ".join(names)
    return text if LETTER * len(text) <= width or len(names) < 3 else f"{names[0]} … {names[-1]}"


def anchor(label: Label, width: float) -> str:
    """Return how a label hangs at its place, so that it stays inside the drawing."""
    half = LETTER * len(label.text) / 2 / width * 100
    return "start" if label.x < half else "end" if label.x + half > 100 else "middle"


@dataclass(frozen=True)
class Bar:
    """A comparison as drawn: the margin's band, zero, the interval and the estimate, in per cent."""

    zero: float
    x: float | None
    low: float | None
    high: float | None
    band: tuple[float, float] | None
    beyond: tuple[bool, bool] = (False, False)


def bar(pair: Comparison, reach: float) -> Bar:
    """Return the drawing of a comparison on an axis from −reach to +reach."""
    axis = Axis(-reach, reach)
    known = math.isfinite(pair.low) and math.isfinite(pair.high)
    band = None
    if math.isfinite(pair.margin):
        left = axis.place(-pair.margin)
        band = left, round(axis.place(pair.margin) - left, 3)
    low, high = (axis.place(pair.low), axis.place(pair.high)) if known else (None, None)
    x = axis.place(pair.estimate) if math.isfinite(pair.estimate) else None
    return Bar(axis.place(0), x, low, high, band, beyond(axis, pair.low, pair.high))


def reach_of(pairs: Sequence[Comparison]) -> float:
    """Return how far the axis of these comparisons reaches: to all estimates and margins, to most ends."""
    inner = [abs(x) for pair in pairs for x in (pair.estimate, pair.margin) if math.isfinite(x)]
    ends = [abs(end) for pair in pairs for end in (pair.low, pair.high) if math.isfinite(end)]
    least = max(inner, default=0.0)
    return max(least, min(max(ends, default=0.0), (1 + REACH) * least or math.inf)) or 1.0
