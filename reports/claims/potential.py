"""What so many seeds could have shown of a claim that is undecided, and how many it would take, in words."""

import math
from collections.abc import Callable

from reports.analysis.power import Power
from reports.analysis.sequential import Ladder


def potential(
    power: Power | None, seeds: int, steps: Ladder, show: Callable[[float], str], most: float = math.inf
) -> str:
    """Return that with differences as `show` prints them, of which `most` is the largest there can be."""
    if power is None or not math.isfinite(power.detectable):
        return ""
    what = show(power.detectable) if power.detectable <= most else "no difference that there can be"
    text, last = f"{seeds} seeds show {what} with 80 %", steps.looks[-1]
    if last <= seeds:
        return text
    if power.fewest is None:
        need = f"more than {last}"
    elif power.most is None:
        need = f"{last} or more" if power.fewest == last else f"{power.fewest} to more than {last}"
    else:
        need = f"{power.fewest} to {power.most}" if power.fewest < power.most else f"{power.most}"
    return f"{text}; the one seen takes {need}"
