"""A budget of time as it is written: 90s, 30m, 2h, 1h30m."""

from __future__ import annotations

import re

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"\d+(?:\.\d+)?"
_BUDGET = re.compile("".join(rf"(?:({_NUMBER}){unit})?" for unit in _UNITS_S))
RULE = "a time such as 90s, 30m, 2h or 1h30m, or null"


def seconds(text: str) -> float | None:
    """Return a budget in seconds, more than 0; None if the text is none."""
    match = _BUDGET.fullmatch(text.strip())
    if match is None:
        return None
    total = sum(
        float(number) * unit for number, unit in zip(match.groups("0"), _UNITS_S.values(), strict=True)
    )
    return total or None
