"""What a run's record says of it, as the columns of `runs`."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from reports.runs.figures import is_number
from reports.runs.metrics import OF_CLASSES, SOMETIMES, VALIDATION
from reports.runs.results import FINAL

NAN = float("nan")
OF_FINAL = (*FINAL, *VALIDATION.values(), *OF_CLASSES)
OF_BEST = ("epoch", *FINAL)
OF_TIMING = ("total_wall_s", "blas_threads", "concurrent_runs")
OF_EPOCHS = ("epoch_cpu_s", "epoch_wall_s")
FIGURES = (
    *OF_FINAL,
    *(f"best_{name}" for name in OF_BEST),
    *OF_TIMING,
    *OF_EPOCHS,
    "final_epoch",
    "parameters",
)
UNKNOWN = dict.fromkeys((*SOMETIMES, *FIGURES), NAN)
Row = dict[str, Any]


def row(data: Mapping[str, Any], status: str) -> Row:
    """Return the columns of `runs` that come from report.json; figures only of runs that are done."""
    attempts = data.get("attempts")
    made = {**UNKNOWN, "attempts": attempts if is_number(attempts) else NAN, **texts(data)}
    if status == "done":
        made |= zip(
            FIGURES, [NAN if v is None or not is_number(v) else v for v in figures(data)], strict=True
        )
    return made


def figures(data: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a record says of each of FIGURES, None where it says nothing."""
    final, timing = mapping(data, "final"), mapping(data, "timing")
    best = mapping(data, "best_by_test") or mapping(data, "best")
    yield from map(final.get, OF_FINAL)
    yield from map(best.get, OF_BEST)
    yield from map(timing.get, OF_TIMING)
    shared = is_number(timing.get("lockstep"))  # its seconds are a share of a group's
    yield from (None if shared else timing.get(f"{name}_median") for name in OF_EPOCHS)
    yield data["final_epoch"] if "final_epoch" in data else restored(data)
    yield data.get("parameters")


def restored(data: Mapping[str, Any]) -> Any:
    """Return the epoch that a run of the first version went back to; None where it had no patience."""
    patience = mapping(mapping(data, "config"), "training").get("patience")
    return None if patience is None else mapping(data, "best").get("epoch")


def texts(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of `runs` that are words: what went wrong, and where the run was made."""
    facts = mapping(data, "provenance")
    made = {key: str(data.get(key) or "") for key in ("code", "started", "finished")}
    made |= {"version": str(facts.get("version") or ""), "git_commit": str(facts.get("git_commit") or "")}
    machine = [facts.get("host"), facts.get("cpu"), facts.get("blas")]
    return made | {"machine": ", ".join(str(part) for part in machine if part), "problem": problem(data)}


def problem(data: Mapping[str, Any]) -> str:
    """One line on why a run did not end well, empty if it did."""
    if error := mapping(data, "error"):
        return f"{error.get('type')}: {error.get('message')}"
    if where := mapping(data, "diverged"):
        place = ", ".join(f"{key} {where[key]}" for key in ("epoch", "step") if key in where)
        return f"{where.get('what')} not finite" + (f" in {place}" if place else "")
    return ""


def mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the mapping under a key, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def is_plane(boundary: Mapping[str, Any]) -> bool:
    """Whether a boundary has finite numbers for every point of a grid over the plane."""
    try:
        x, y, z = (np.array(boundary[key], float) for key in ("x", "y", "label"))
    except (KeyError, ValueError, TypeError, OverflowError):
        return False
    whole = all(np.isfinite(numbers).all() for numbers in (x, y, z))
    return whole and x.ndim == y.ndim == 1 and z.shape == (len(y), len(x)) and min(z.shape) > 1
