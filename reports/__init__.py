"""Reports: tables, rankings, plots and a page from run records alone."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.runs.reader import load

if sys.argv[:1] == ["-m"]:  # so it is while Python looks for the module of `python -m reports`
    from mlp_grid import interrupts

    interrupts.end_at_once()

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """Return `load`, imported when it is asked for: the end of a single run needs no pandas."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reports.runs.reader import load

    return load
