"""What the records of runs say of them, as the columns of `runs`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from reports.runs.figures import is_number
from reports.runs.metrics import OF_CLASSES, VALIDATION
from reports.runs.results import FINAL

NAN = float("nan")
OF_FINAL = (*FINAL, *VALIDATION.values(), *OF_CLASSES)
OF_BEST = ("epoch", *FINAL)
OF_TIMING = ("total_wall_s", "blas_threads", "concurrent_runs")
OF_EPOCHS = ("epoch_cpu_s", "epoch_wall_s")
Data = Mapping[str, Any]
Column = list[Any]


class Row(NamedTuple):
    """A run: what its report.json holds, and what the sweep says of it (instead), by column."""

    data: Data
    said: Mapping[str, Any]


def runs_frame(rows: Sequence[Row], names: Sequence[str]) -> pd.DataFrame:
    """Return these columns of `runs`."""
    said, absent = [row.said for row in rows], [NAN] * len(rows)
    made = columns([row.data for row in rows], [each["status"] == "done" for each in said])
    for name in set[str]().union(*said):
        before = made.get(name, absent)
        made[name] = [each.get(name, value) for each, value in zip(said, before, strict=True)]
    return pd.DataFrame({name: made.get(name, absent) for name in names})


def columns(records: Sequence[Data], done: Sequence[bool]) -> dict[str, Column]:
    """Return the columns of `runs` that come from report.json; figures only of runs that are done."""
    ended = [data if good else {} for data, good in zip(records, done, strict=True)]
    attempts = numbers([data.get("attempts") for data in records])
    return {"attempts": attempts, **texts(records), **figures(ended)}


def figures(records: Sequence[Data]) -> dict[str, Column]:
    """Return the columns of numbers, NaN where a record does not say one."""
    final, timing = ([mapping(data, key) for data in records] for key in ("final", "timing"))
    best = [mapping(data, "best_by_test") or mapping(data, "best") for data in records]
    epochs = [{} if is_number(of.get("lockstep")) else of for of in timing]  # else a share of a group's
    last = [data["final_epoch"] if "final_epoch" in data else restored(data) for data in records]
    made = {name: [of.get(name) for of in final] for name in OF_FINAL}
    made |= {f"best_{name}": [of.get(name) for of in best] for name in OF_BEST}
    made |= {name: [of.get(name) for of in timing] for name in OF_TIMING}
    made |= {name: [of.get(f"{name}_median") for of in epochs] for name in OF_EPOCHS}
    made |= {"final_epoch": last, "parameters": [data.get("parameters") for data in records]}
    return {name: numbers(column) for name, column in made.items()}


def numbers(values: Iterable[Any]) -> Column:
    """Return what are finite numbers, as they are, and NaN for everything else."""
    return [NAN if value is None or not is_number(value) else value for value in values]


def restored(data: Data) -> Any:
    """Return the epoch that a run of the first version went back to; None where it had no patience."""
    patience = mapping(mapping(data, "config"), "training").get("patience")
    return None if patience is None else mapping(data, "best").get("epoch")


def texts(records: Sequence[Data]) -> dict[str, Column]:
    """Return the columns of words: what went wrong, and where the runs were made."""
    made = {key: [str(data.get(key) or "") for data in records] for key in ("code", "started", "finished")}
    facts = [mapping(data, "provenance") for data in records]
    known = {id(each): places(each) for each in facts}  # of many runs it is one object
    where = [known[id(each)] for each in facts]
    made |= {key: [place[key] for place in where] for key in ("version", "git_commit", "machine")}
    return made | {"problem": [problem(data) for data in records]}


def places(facts: Data) -> dict[str, str]:
    """Return where a run was made, by its provenance."""
    machine = [facts.get("host"), facts.get("cpu"), facts.get("blas")]
    made = {key: str(facts.get(key) or "") for key in ("version", "git_commit")}
    return made | {"machine": ", ".join(str(part) for part in machine if part)}


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
