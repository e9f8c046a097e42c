"""Matplotlib as it comes, whatever the surroundings say: pictures depend on the numbers alone.

A Jupyter shell names its backend in MPLBACKEND to all that it starts, and Matplotlib cannot be imported where
that backend is not installed. Import this module before anything of Matplotlib.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def _without(variable: str) -> Iterator[str | None]:
    """Hide a variable of the environment within the body; yields its value."""
    value = os.environ.pop(variable, None)
    try:
        yield value
    finally:
        if value is not None:
            os.environ[variable] = value


with _without("MPLBACKEND") as _backend:
    import matplotlib as mpl

    if _backend:  # for what else this process may draw
        with contextlib.suppress(ValueError):
            mpl.rcParams["backend"] = _backend


@contextlib.contextmanager
def drawing(style: Any) -> Iterator[None]:
    """Draw within the body in Matplotlib's own style with these changes, without a user's matplotlibrc."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style)
        yield
