"""Which figures the record of a cell will have, as the application says before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sweeps.planning.callables import call, load_callable
from sweeps.planning.settings import Settings


def figures_of(settings: Settings) -> Callable[[Mapping[str, Any]], list[str]] | None:
    """Return what lists the figures of a cell by its config; None if the application does not say.

    Raises UserError if there is no such function; what is returned does so if it raises anything.
    """
    function = load_callable("figures", settings.figures)
    if function is None:
        return None
    return lambda config: call("figures", lambda: list(function(config)), function)
