"""The plan on disk, `<root>/sweep.json`: every cell that a sweep should have, written once all are valid.

What all cells share is stored once: a cell's full config is {**base, **its own top-level entries}, and its
choices likewise. A cell's `dataset` is a place in the list of `datasets`. Only the standard library is needed
to read a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.records.atomic import plain, write_json
from sweeps.records.content import Content
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.schema import SCHEMA, is_schema, plan_problem
from sweeps.records.untrusted import read_json

LARGEST_PLAN = 512 * 2**20  # bytes


@dataclass(frozen=True)
class Cell:
    """One planned cell: id, directory name, the overrides that make it, resolved config, choices and data."""

    id: str
    name: str
    overrides: list[str]
    config: dict[str, Any]
    choices: dict[str, str | None]
    content: Content | None = None


@dataclass(frozen=True)
class Plan:
    """The latest plan of a sweep's directory.

    `swept` are the keys that were swept, in the order written; `exclusions` are {"condition", "count"}
    mappings; `duplicates` is the number of combinations that were the same cell as an earlier one; `code` is
    the fingerprint of the sources that the cells are run with. `history` has an entry for each command that
    planned here, this one last (see sweeps/records/plan_history.py). `ladder` and `margin` are for
    reports (None: the usual ones; see sweeps/records/ladder.py), `metric` says what the sweep is about (see
    sweeps/records/metric.py). `ignore` are the dotted keys that cannot
    change a result. `strategy` is what decides on further cells, and what it has decided (empty: none; see
    sweeps/records/strategy.py).
    """

    sweep: str
    cells: list[Cell]
    swept: list[str] = field(default_factory=list)
    exclusions: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    created: str = ""
    command: list[str] = field(default_factory=list)
    code: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)
    ladder: list[int] | None = None
    margin: float | None = None
    metric: dict[str, Any] | None = None
    ignore: list[str] = field(default_factory=list)
    strategy: dict[str, Any] = field(default_factory=dict)

    @property
    def contents(self) -> list[Content]:
        """The data that cells are planned for, each once."""
        return list(dict.fromkeys(cell.content for cell in self.cells if cell.content is not None))

    def head(self) -> dict[str, Any]:
        """Return what the file says besides the cells, in plain containers."""
        fields = {key: getattr(self, key) for key in self.__dataclass_fields__ if key != "cells"}
        if not self.strategy:
            del fields["strategy"]
        datasets = [content.as_json() for content in self.contents]
        return {"schema": SCHEMA, **plain(fields), "datasets": datasets}


def read_plan(root: Path) -> Plan | None:
    """Return the plan in a directory, None if there is none.

    Raises UserError if the file is damaged, or of another schema: nobody then knows what was planned, so no
    command goes on as if nothing had been. (A sweep sets the file aside and writes its own.)
    """
    path = root / PLAN
    try:
        data = read_json(path, LARGEST_PLAN)
        if problem := plan_problem(data):
            raise ValueError(problem)
        if not is_schema(schema := data.get("schema")):
            raise UserError(
                f"{path} has schema {schema!r}, not {SCHEMA}: another version made it; read it with that, or "
                "run the sweep again"
            )
        base, base_choices = data.pop("base"), data.pop("base_choices")
        contents = [Content.of(each) for each in data.pop("datasets", [])]
        cells = [
            Cell(
                entry["id"],
                entry["name"],
                entry["overrides"],
                base | entry["config"],
                base_choices | entry["choices"],
                None if entry.get("dataset") is None else contents[entry["dataset"]],
            )
            for entry in data.pop("cells")
        ]
        data.pop("schema")
        return Plan(cells=cells, **{key: data[key] for key in Plan.__dataclass_fields__ if key in data})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UserError:  # a ValueError, too
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise UserError(f"{path} is damaged: it {what}; run the sweep again") from error


def read_head(root: Path) -> dict[str, Any] | None:
    """Return what the plan in a directory says besides its cells; None and UserError as `read_plan`."""
    plan = read_plan(root)
    return plan.head() if plan else None


def write_plan(root: Path, plan: Plan) -> None:
    """Write sweep.json atomically."""
    places = {content: place for place, content in enumerate(plan.contents)}
    base = shared_entries(cell.config for cell in plan.cells)
    base_choices = shared_entries(cell.choices for cell in plan.cells)
    entries = [
        {
            "id": cell.id,
            "name": cell.name,
            "overrides": cell.overrides,
            "config": plain(own_entries(cell.config, base)),
            "choices": own_entries(cell.choices, base_choices),
            **({} if cell.content is None else {"dataset": places[cell.content]}),
        }
        for cell in plan.cells
    ]
    shared = {"base": plain(base), "base_choices": base_choices}
    write_json(root / PLAN, {**plan.head(), **shared, "cells": entries})


def shared_entries(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries that all mappings have, with equal values."""
    iterator = iter(mappings)
    shared = dict(next(iterator, {}))
    for mapping in iterator:
        for key in [key for key in shared if not _same(mapping, shared, key)]:
            del shared[key]
    return shared


def own_entries(mapping: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a mapping that are not those of `base`: together they are the mapping again."""
    return {key: mapping[key] for key in mapping if not _same(base, mapping, key)}


def _same(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    """Return whether values are equal and of one type, so that 1, 1.0 and true stay apart."""
    return key in one and repr(one[key]) == repr(other[key])
