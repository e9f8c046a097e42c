"""What a publication keeps of each run, so that others can train it again: `again.json` beside `runs.csv`.

Of each record its configuration, its last and best figures as recorded, where it was computed, and a digest
of all that a repetition is compared by. What all runs of a part share is stored once. Standard library only.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.records.atomic import write_atomic
from sweeps.records.errors import UserError
from sweeps.records.layout import PUBLISHED_RECORDS, PUBLISHED_RUNS, cell_id_of
from sweeps.records.record import Record
from sweeps.records.same import ARITHMETIC, Digest, digest_of
from sweeps.records.schema import COMPLETE, SCHEMA, is_schema, record_problem
from sweeps.records.untrusted import read_json

KEPT = (
    "cell_id",
    "status",
    "choices",
    "ignore",
    "code",
    "dataset",
    "final",
    "best",
    "best_by",
    "final_epoch",
    "diverged",
    "parameters",
)
TIMING = ("epoch_cpu_s_median", "total_wall_s")
ROUNDED = 1e-9  # as far as a figure in runs.csv may be from the recorded one
IN_TABLE = ("train_accuracy", "test_accuracy", "train_loss", "test_loss")


@dataclass(frozen=True)
class Published:
    """A run as it is published: which sweep of its study it is of, what is kept of its record, a digest."""

    part: str
    record: Record
    digest: Digest


def of_record(part: str, record: Record) -> Published:
    """Return what is to be kept of a run that has a result."""
    data = record.data
    facts = {
        **{key: data[key] for key in KEPT if key in data},
        "config": data["config"],
        "timing": _some(data.get("timing"), TIMING),
        "provenance": _some(data.get("provenance"), ARITHMETIC),
    }
    return Published(part, Record(record.path, record.cell_id, record.status, facts), digest_of(record))


def write_published(folder: Path, runs: Iterable[Published]) -> None:
    """Write what is kept of a study's runs, a line for each."""
    rows = [
        {"part": run.part, "name": run.record.path.name, **vars(run.digest), **run.record.data}
        for run in runs
    ]
    parts = dict.fromkeys(row["part"] for row in rows)
    shared = {part: shared_by([row for row in rows if row["part"] == part]) for part in parts}
    lines = [json.dumps([row["part"], own_of(row, shared[row["part"]])], ensure_ascii=False) for row in rows]
    head = json.dumps({"schema": SCHEMA, "shared": shared}, ensure_ascii=False)
    text = f'{head[:-1]}, "runs": [\n' + ",\n".join(lines) + "\n]}\n"
    write_atomic(folder / PUBLISHED_RECORDS, text.encode(errors="replace"))


def read_published(folder: Path) -> list[Published] | None:
    """Return what is kept of a study's runs; None where nothing is: it was published before that was.

    Raises UserError if the file cannot be believed.
    """
    path = folder / PUBLISHED_RECORDS
    try:
        data = read_json(path)
        if not is_schema(data["schema"]):
            raise ValueError(f"has schema {data['schema']!r}, not {SCHEMA}")
        shared = data["shared"]
        return [_run(whole(shared[part], row)) for part, row in data["runs"]]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = str(error) if isinstance(error, ValueError) else f"has no sound {error}"
        raise UserError(f"{path} is damaged: it {what}") from error


def table_problems(folder: Path, runs: Sequence[Published]) -> list[str]:
    """Return where the table of a study's runs says something else than what is kept of their records."""
    known = {(run.part, run.record.cell_id): run.record for run in runs}
    path = folder / PUBLISHED_RUNS
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row | {"cell_id": row["cell_id"].lstrip("'")} for row in csv.DictReader(file)]
        return [line for row in rows for line in _row_problems(row, known.get((row["part"], row["cell_id"])))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} cannot be read as a table of runs ({error})") from error


def _row_problems(row: Mapping[str, str], record: Record | None) -> Iterator[str]:
    if record is None:
        if row["status"] in COMPLETE and cell_id_of(row["cell_id"]):
            yield f"{row['part']} {row['cell_id']}: is in {PUBLISHED_RUNS}, not in {PUBLISHED_RECORDS}"
        return
    facts = (record.data.get("final") or {}) if record.status == "done" else {}
    kept = {name: facts[name] for name in IN_TABLE if facts.get(name) is not None and row.get(name)}
    wrong = [
        (name, row[name], then) for name, then in kept.items() if not abs(float(row[name]) - then) <= ROUNDED
    ]
    if row["status"] != record.status:
        wrong.append(("status", row["status"], record.status))
    for name, told, then in wrong:
        yield f"{record.path.name}: {name} is {told} in {PUBLISHED_RUNS}, {then} in {PUBLISHED_RECORDS}"


def _run(row: dict[str, Any]) -> Published:
    digest = Digest(row.pop("sha256"), tuple(row.pop("figures")), tuple(row.pop("columns")))
    part, name = row.pop("part"), row.pop("name")
    if problem := record_problem(row):
        raise ValueError(f"has a run that {problem}")
    if row["status"] not in COMPLETE or cell_id_of(name) != row["cell_id"]:
        raise ValueError(f"has a run {name!r} of the cell {row['cell_id']!r} that is {row['status']!r}")
    return Published(part, Record(Path(name), row["cell_id"], row["status"], row), digest)


def shared_by(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what rows have in common, entry by entry of every mapping in them."""
    first, found = rows[0], dict[str, Any]()
    for key in first:
        values = [row.get(key, ...) for row in rows]
        if all(isinstance(value, Mapping) for value in values):
            found[key] = shared_by(values)
        elif ... not in values and len({json.dumps(value) for value in values}) == 1:
            found[key] = first[key]
    return found


def own_of(row: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row has beside what is shared."""
    deeper = {key for key, value in shared.items() if isinstance(value, Mapping)}
    own = {key: own_of(value, shared[key]) if key in deeper else value for key, value in row.items()}
    return {key: value for key, value in own.items() if key not in shared or (key in deeper and value)}


def whole(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row again from what it shares with others and what it has of its own."""
    deeper = {key for key, value in shared.items() if isinstance(value, Mapping)}
    return {**shared, **own, **{key: whole(shared[key], own.get(key) or {}) for key in deeper}}


def _some(facts: Mapping[str, Any] | None, names: Iterable[str]) -> dict[str, Any]:
    """Return these of some facts."""
    return {name: facts[name] for name in names if facts and name in facts}
