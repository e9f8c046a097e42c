"""How figures are shown: numbers as text, round ticks, places on an axis, shades of a heat map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.page.content import Metric, Numbers, Sweep
from reports.tables.shades import worst_told_apart

SHADES = 20
DASH = "–"
REACH = 1.5  # spans of the means that an axis leaves on each side for their intervals
CLOSEST = 1e-6  # 1 − accuracy is not drawn below this


def show(metric: Metric, value: float) -> str:
    """Return a value as it is printed, without its unit."""
    return figure(metric.scale * value, metric.digits) if math.isfinite(value) else DASH


def with_unit(metric: Metric, value: float) -> str:
    """Return a value with its unit."""
    return f"{show(metric, value)}{' ' + metric.unit if metric.unit else ''}"


def signed(metric: Metric, value: float) -> str:
    """Return a difference with its sign: +0.34, −0.02, 0.00."""
    if not math.isfinite(value):
        return DASH
    text = figure(abs(metric.scale * value), metric.digits)
    return text if not text.strip("0.") else ("−" if value < 0 else "+") + text


def figure(value: float, digits: int) -> str:
    """Return a number with so many decimals; very large ones with an exponent."""
    text = f"{value:.{digits}f}" if abs(value) < 1e7 else f"{value:.2e}"
    return text.replace("-", "−", 1) if text.strip("-0.") else text.lstrip("-")


def p_text(p: float) -> str:
    """Return a p as it is printed."""
    return DASH if math.isnan(p) else "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0")


@dataclass(frozen=True)
class Axis:
    """A linear axis from `low` to `high`; places on it are per cent."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return where a value stands, from 3 to 97 %."""
        span = self.high - self.low
        share = (value - self.low) / span if span > 0 else 0.5
        return round(3 + 94 * min(max(share, 0.0), 1.0), 3)


def axis_of(values: Sequence[float]) -> Axis:
    """Return the axis that holds all finite values."""
    known = [value for value in values if math.isfinite(value)]
    return Axis(min(known, default=0.0), max(known, default=1.0))


def clipped_axis(means: Sequence[float], ends: Sequence[float]) -> Axis:
    """Return the axis that holds all means, and their intervals as far as those leave room to see them.

    It reaches beyond the means by REACH times their span; an interval that goes further is drawn to the edge
    and marked (`beyond`).
    """
    known = [mean for mean in means if math.isfinite(mean)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    room = REACH * (high - low) or math.inf
    return axis_of([*known, *(min(max(end, low - room), high + room) for end in ends if math.isfinite(end))])


def beyond(axis: Axis, low: float, high: float) -> tuple[bool, bool]:
    """Return whether an interval goes below the axis, and above."""
    slack = 1e-9 * (axis.high - axis.low)
    return low < axis.low - slack, high > axis.high + slack


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return at most so many round numbers from low to high (1, 2 or 5 times a power of ten apart)."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * k for k in (1, 2, 5, 10, 20) if (high - low) / (power * k) <= most)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(metric: Metric, value: float) -> str:
    """Return the label of a tick."""
    return f"{metric.scale * value:.6g}"


def stretched(metric: Metric, values: Numbers) -> Numbers:
    """Return values so that better is higher: an accuracy as −log₁₀ of its error, a loss negated."""
    shown = -np.log10(np.maximum(1 - values, CLOSEST)) if metric.error_axis else values
    return -shown if metric.direction == "minimize" else shown


@dataclass(frozen=True)
class Shade:
    """The colours of a metric: from `low` (the worst that is told apart) to `high` (the best), stretched."""

    low: float
    high: float
    worst: float

    @property
    def clipped(self) -> bool:
        """Whether there are cells worse than the colours tell apart."""
        return self.worst < self.low

    def step(self, value: float) -> int:
        """Return the shade of a stretched value, 0 to SHADES."""
        if not self.high > self.low:
            return SHADES // 2
        return round(SHADES * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0))


def shades(sweep: Sweep, metric: Metric) -> dict[str, Shade]:
    """Return the colours of a metric: one scale, or one for each level that its values compare within."""
    means = sweep.cells.figures[metric.name].mean
    columns = [place for place, factor in enumerate(sweep.factors) if factor.name in metric.within]
    groups: dict[str, list[float]] = {}
    for levels, value in zip(sweep.cells.levels, stretched(metric, means), strict=True):
        if math.isfinite(value):
            key = ",".join(sweep.factors[c].levels[levels[c]] for c in columns)
            groups.setdefault(key, []).append(float(value))
    return {key: shade_of(values) for key, values in groups.items()}


def shade_of(values: Sequence[float]) -> Shade:
    """Return the colours for these stretched values; what lies far below the rest is clipped."""
    return Shade(worst_told_apart(values), max(values), min(values))
