"""What a sweep is about where its command does not say: asked of the application when its cells are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.cli.meant import alike
from sweeps.planning.callables import call, load_callable, named
from sweeps.planning.figures import figures_of
from sweeps.planning.settings import Settings
from sweeps.planning.typed import did_you_mean
from sweeps.records.errors import UserError

ANSWERS = ("metric", "judged_by")
FINAL = "final."


def decided(settings: Settings, configs: Sequence[Mapping[str, Any]]) -> Settings:
    """Return the settings, those of ANSWERS that the command leaves open by the function `about`.

    What the command names stays. Raises UserError if there is no such function, or it answers something else.
    """
    function = load_callable("about", settings.about)
    if function is None or all(getattr(settings, key) is not None for key in ANSWERS):
        return settings
    answer = call("about", lambda: function(configs, settings.metric), function)
    if not _is_answer(answer):
        raise UserError(
            f"{named('about', function)}: must take the configs of all cells and the metric that is named or "
            f"None, and return a mapping of {' and '.join(ANSWERS)} to texts, not {answer!r}"
        )
    return replace(settings, **{key: text for key, text in answer.items() if getattr(settings, key) is None})


def require_metric(settings: Settings, configs: Sequence[Mapping[str, Any]]) -> None:
    """Raise UserError for a metric that the application says some cell's record will not have."""
    figures = figures_of(settings)
    if figures is None or settings.metric is None:
        return
    for config in configs:
        names = [name.removeprefix(FINAL) for name in figures(config) if name.startswith(FINAL)]
        if settings.metric not in names:
            near = did_you_mean(filter(None, [alike(settings.metric, names)]))
            raise UserError(
                f"hydra.sweeper.metric = {settings.metric}: must be one of {', '.join(names)}, which the "
                f"record of each cell has{near}"
            )


def _is_answer(answer: object) -> bool:
    return isinstance(answer, Mapping) and all(
        key in ANSWERS and isinstance(text, str) for key, text in answer.items()
    )
