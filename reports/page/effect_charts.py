"""One drawing a factor: sorted dots with intervals for names, a curve on its own axis for numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.page.content import Effect, Factor, LevelEffect, Metric
from reports.page.shown import Axis, beyond, clipped_axis, show, tick_text, ticks

HEIGHT = 150.0  # pixels of a curve's field
LETTER, GAP = 6.6, 6.0  # pixels
FIELDS = (250.0, 560.0)  # pixels that a curve, and one of many levels, is at least wide
NARROW_LEVELS = 4
LOG_FROM = 10.0  # settings that span this much get a logarithmic axis


@dataclass(frozen=True)
class Dot:
    """A level: where it stands across (per cent) and down (pixels; 0 for a row of dots), and its interval.

    `beyond` says whether that goes further than the axis, at its low and at its high end.
    """

    level: LevelEffect
    text: str
    x: float
    low: float | None
    high: float | None
    y: float = 0.0
    beyond: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Chart:
    """The drawing of one effect: `curve` or rows of dots; `ticks` across, `side` down (of a curve).

    `zero`: the axis is logarithmic and 0 stands apart, at its left end.
    """

    effect: Effect
    curve: bool
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    side: tuple[tuple[float, str], ...] = ()
    log: bool = False
    zero: bool = False

    @property
    def lost(self) -> bool:
        """Whether runs of any level diverged."""
        return self.curve and any(dot.level.diverged for dot in self.dots)

    @property
    def clipped(self) -> bool:
        """Whether the interval of any level goes beyond the axis."""
        return any(any(dot.beyond) for dot in self.dots)


def chart_of(effect: Effect, factor: Factor, metric: Metric, axis: Axis) -> Chart:
    """Return the drawing of an effect; `axis` is the metric's, the same for all factors."""
    numbers = dict(zip(factor.levels, factor.numbers, strict=True)) if factor.numbers else {}
    if numbers and len(effect.levels) > 2:
        return curve(effect, metric, axis, numbers)
    dots = tuple(
        Dot(
            level,
            show(metric, level.mean),
            axis.place(level.mean),
            *ends(axis, level),
            beyond=beyond(axis, level.low, level.high),
        )
        for level in effect.levels
    )
    return Chart(effect, False, dots, tuple(axis_ticks(axis, metric, 5)))


def ends(axis: Axis, level: LevelEffect) -> tuple[float | None, float | None]:
    """Return where a level's interval ends, None where it has none."""
    known = math.isfinite(level.low) and math.isfinite(level.high)
    return (axis.place(level.low), axis.place(level.high)) if known else (None, None)


def axis_ticks(axis: Axis, metric: Metric, most: int) -> list[tuple[float, str]]:
    """Return the places and texts of round numbers on an axis."""
    return [(axis.place(tick), tick_text(metric, tick)) for tick in ticks(axis.low, axis.high, most)]


def curve(effect: Effect, metric: Metric, axis: Axis, numbers: dict[str, float]) -> Chart:
    """Return the curve of a metric against a numeric setting."""
    levels = sorted(effect.levels, key=lambda level: numbers[level.level])
    places, log = across([numbers[level.level] for level in levels])
    dots = []
    for x, level in zip(places, levels, strict=True):
        low, high = (down(axis, end) if math.isfinite(end) else None for end in (level.low, level.high))
        y, past = down(axis, level.mean), beyond(axis, level.low, level.high)
        dots.append(Dot(level, show(metric, level.mean), x, low, high, y, past))
    side = [(down(axis, tick), tick_text(metric, tick)) for tick in ticks(axis.low, axis.high, 5)]
    zero = log and any(numbers[level.level] == 0 for level in levels)
    return Chart(effect, True, tuple(dots), tuple(apart(dots)), tuple(side), log, zero)


def apart(dots: Sequence[Dot]) -> list[tuple[float, str]]:
    """Return the places and names of levels, without those that would lie over one before."""
    width = FIELDS[len(dots) > NARROW_LEVELS]
    end, kept = -math.inf, list[tuple[float, str]]()
    for dot in dots:
        half = LETTER * len(dot.level.level) / 2 / width * 100
        if dot.x - half >= end:
            kept.append((dot.x, dot.level.level))
            end = dot.x + half + 100 * GAP / width
    return kept


def across(numbers: Sequence[float]) -> tuple[list[float], bool]:
    """Return places of settings, 14 to 94 %, and whether the axis is logarithmic; zero then stands apart."""
    positive = [number for number in numbers if number > 0]
    log = bool(positive) and min(numbers) >= 0 and max(positive) >= LOG_FROM * min(positive)
    scaled = [(math.log10(n) if n > 0 else math.nan) if log else n for n in numbers]
    known = [n for n in scaled if not math.isnan(n)]
    span = (max(known) - min(known)) or 1.0
    start = min(known) - (0.35 * span if len(known) < len(scaled) else 0.0)
    width = (max(known) - start) or 1.0
    return [round(14 + 80 * ((start if math.isnan(n) else n) - start) / width, 3) for n in scaled], log


def down(axis: Axis, value: float) -> float:
    """Return how many pixels from the top of a curve's field a value stands."""
    return round(HEIGHT * (1 - axis.place(value) / 100), 2)


def effect_axis(effects: Sequence[Effect]) -> Axis:
    """Return the axis that all effects on a metric share: their means and, within reason, their intervals."""
    levels = [level for effect in effects for level in effect.levels]
    return clipped_axis([level.mean for level in levels], [end for v in levels for end in (v.low, v.high)])
