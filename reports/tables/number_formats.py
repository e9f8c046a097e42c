"""The one way to print a difference, its interval, a p and a share; figures are printed by their metric."""

import math
import re
from collections.abc import Mapping
from typing import Protocol

from reports.runs.metrics import LARGEST_PLAIN, SMALLEST_PLAIN, Metric, decimals

NONE = "–"
ZERO_P = 0.0001
MOST_DIGITS = 8
LEAST = 1e-12  # what is smaller is an error of arithmetic, and has no sign


class Estimated(Protocol):
    """A difference with the ends of its interval (NaN: none)."""

    @property
    def estimate(self) -> float:
        """The difference."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""


def show_contrast(c: Estimated, metric: Metric) -> tuple[str, str, str]:
    """Return a difference and the ends of its interval; of milliseconds as many digits as tell them apart."""
    values = (c.estimate, c.low, c.high)
    digits = digits_of(values, metric)
    one, two, three = (show_signed(value, metric, digits) for value in values)
    return one, two, three


def digits_of(values: tuple[float, ...], metric: Metric) -> int:
    """Return how many decimals tell such differences from 0, the first with up to two more."""
    largest = max((abs(x) for x in values if math.isfinite(x)), default=0.0)
    if metric.unit not in ("seconds", "loss", "figure"):
        return 0
    if metric.unit == "loss" and largest < LEAST:
        return 0
    wanted = decimals(largest, 3 if metric.unit == "figure" else 2)
    own = decimals(abs(values[0]), 1) if math.isfinite(values[0]) and values[0] else 0
    return min(max(wanted, min(own, wanted + 2)), MOST_DIGITS)


def show_signed(value: float, metric: Metric, least: int = 0) -> str:
    """Return a difference with its sign and at least so many decimals, "–" for NaN."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return minus("+∞" if value > 0 else "-∞")
    if metric.unit in ("accuracy", "epochs", "loss") and abs(value) < LEAST:
        value = 0.0
    if metric.percent:
        return minus(f"{100 * value:+.2f}")
    if metric.unit == "figure":
        least = least or min(decimals(value, 3), MOST_DIGITS)
        small = least == MOST_DIGITS and abs(value) < SMALLEST_PLAIN
        far = small or abs(value) >= LARGEST_PLAIN
        return minus(f"{value:+.3g}" if far else f"{value:+.{least}f}")
    return minus(f"{value:+.{max(least, 2 if metric.unit == 'epochs' else 4)}f}")


def counts_as(why: str, metric: Metric) -> str:
    """Return what a diverged run counts as, its accuracy in per cent where the metric's figures are."""
    return re.sub(r"^\d\.\d+", lambda found: metric.show(float(found[0])), why) if metric.percent else why


def minus(text: str) -> str:
    """Return a number's text with the sign that is printed for minus."""
    return text.replace("-", "−")


def show_size(c: Estimated, metric: Metric) -> str:
    """Return the size of a difference with its interval, in words' order: "0.0021 [+0.0004, +0.0038]"."""
    estimate, low, high = show_contrast(c, metric)
    text = estimate if NONE in (low, high) else f"{estimate} [{low}, {high}]"
    return f"{text} points" if metric.percent and text != NONE else text


def p_text(p: float) -> str:
    """Return a p-value as papers print it."""
    return NONE if math.isnan(p) else "< 0.0001" if p < ZERO_P else f"{p:.4f}"


def p_words(p: float) -> str:
    """Return a p-value within a sentence."""
    text = p_text(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in per cent."""
    return NONE if math.isnan(share) else f"{100 * share:.{digits}f} %"


def percents(shares: Mapping[str, float]) -> dict[str, str]:
    """Return shares that add up to 1 in per cent, rounded so that what is printed adds up to 100.0 %.

    The largest remainders are rounded up (Hamilton's method).
    """
    tenths = {name: 1000 * share for name, share in shares.items()}
    whole = {name: math.floor(value) for name, value in tenths.items()}
    left = round(sum(tenths.values())) - sum(whole.values())
    for name in sorted(tenths, key=lambda name: whole[name] - tenths[name])[: max(left, 0)]:
        whole[name] += 1
    return {name: f"{value / 10:.1f} %" for name, value in whole.items()}
