"""What the end of a job adds to its record: a result, a divergence, or an error with its traceback."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from sweeps.records.history import HISTORY_KEY
from sweeps.records.metric import returned_figures
from sweeps.records.record import as_diverged
from sweeps.records.schema import RETURNED, record_problem

REFINED = ("dataset", "provenance", "timing")  # the job adds to what the sweeper knows, or corrects it


def outcome(value: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a job's return value adds to its record.

    A number is the figure `value`, a mapping of numbers is the final figures, another mapping is parts of the
    record. A run that is done has finite final figures: None, for one that was not measured, is left out;
    with one that is not finite the run has diverged.
    """
    if (figures := returned_figures(value)) is not None:
        value = {"final": figures}
    if not isinstance(value, Mapping):
        return {"status": "done"} if value is None else {"status": "done", "result": value}
    end = {"status": "done", **value}
    if end["status"] not in RETURNED:
        raise ValueError(f"the job returned status {end['status']!r}: must be one of {', '.join(RETURNED)}")
    if taken := sorted((record.keys() | {HISTORY_KEY}) & end.keys() - {"status", *REFINED}):
        raise ValueError(f"the job returned {', '.join(taken)}, which the sweeper writes itself")
    if problem := record_problem(end):
        raise ValueError(f"the job returned what {problem}")
    both = [key for key in REFINED if isinstance(record.get(key), dict) and isinstance(end.get(key), Mapping)]
    end |= {key: {**record[key], **end[key]} for key in both}
    if end["status"] != "done" or "final" not in end:
        return end
    end["final"] = {name: figure for name, figure in end["final"].items() if figure is not None}
    return end | as_diverged(end)


def failure(error: BaseException) -> dict[str, Any]:
    """Return what an exception adds to the record."""
    text = "".join(traceback.format_exception(error))
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return {"status": "failed", "error": {"type": name, "message": str(error), "traceback": text}}
