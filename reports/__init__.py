"""Reports: tables, rankings, plots and a page from run records alone."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.runs.reader import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """Import `load` when it is first used: a command's help needs no pandas."""
    if name != "load":
        raise AttributeError(f"module 'reports' has no attribute {name!r}")
    from reports.runs.reader import load

    return load
