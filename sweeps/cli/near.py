"""Names that are like one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 1) -> str:
    """Return " (did you mean a or b?)" if known names are like this one, else nothing."""
    import difflib  # only a mistake needs it

    cutoff = 0.6 if most == 1 else 0.4
    close = difflib.get_close_matches(name, list(known), n=most, cutoff=cutoff)
    return f" (did you mean {' or '.join(close)}?)" if close else ""
