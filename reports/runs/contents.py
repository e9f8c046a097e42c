"""Which runs were trained on the same data: by what the data held, not by what their file was called."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from reports.runs.factors import DATASET, REPLICATE, label
from sweeps.records.content import Content, other_data, recorded, recorded_at_first, short
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record

AT_FIRST = "?"  # before a value of the first version, which may tell nothing of the content
TRAIN_SIZE, SCALE = f"{DATASET}.train_size", f"{DATASET}.scale"


def by_content(settings: pd.DataFrame, contents: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Return the settings with one value of `dataset` for each content of the data.

    `contents` and `names` are the SHA-256 and the name of each row's data, empty where they are not known:
    then the choice stands for the data, as in records of the first version. Two files of one content are one
    data set, files of several are several.
    """
    contents = ["" if content.startswith(AT_FIRST) else content for content in contents]
    if not any(contents):
        return settings
    made = settings.copy()
    chosen = settings[DATASET].map(label) if DATASET in settings else pd.Series("data", settings.index)
    unknown = (f"{AT_FIRST}{choice}" for choice in chosen)
    ids = [content or other for content, other in zip(contents, unknown, strict=True)]
    together = pd.Series(united(settings, ids), settings.index)
    levels = level_names(settings, together, chosen, pd.Series(names, settings.index))
    if DATASET in settings or together.nunique() > 1:
        made[DATASET] = together.map(levels)
    for key in addresses(settings):
        made[key] = settings[key].groupby(together).transform("first")
    return made


def known_contents(hashes: Iterable[str], plans: Iterable[Mapping[str, Any] | None]) -> list[str]:
    """Return the contents that hashes stand for, those of the first version by what the plans say of them."""
    contents = [Content.of(each) for plan in plans if plan for each in plan.get("datasets", ())]
    sha256 = {f"{AT_FIRST}{value}": each.sha256 for each in contents for value in each.earlier}
    return [sha256.get(value, value) for value in hashes]


def united(settings: pd.DataFrame, ids: Sequence[str]) -> list[str]:
    """Return the contents, with one for all drawn data that differ in the number of training examples only.

    They have the same test examples, and so can be compared. Data that some text leads to are not drawn.
    """
    keys = own_keys(settings)
    if TRAIN_SIZE not in keys or addresses(settings, varying=False):
        return list(ids)
    others = [key for key in (DATASET, *keys) if key in settings and key != TRAIN_SIZE]
    frame = settings[[*others, TRAIN_SIZE]].map(label).assign(content=list(ids))
    first: dict[str, str] = {}
    for _, part in frame.groupby(others):
        if part.groupby(TRAIN_SIZE)["content"].nunique().max() == 1:
            first |= dict.fromkeys(part["content"], part["content"].iloc[0])
    return [first.get(content, content) for content in ids]


def own_keys(settings: pd.DataFrame) -> list[str]:
    """Return the settings of the data set."""
    return [str(key) for key in settings if str(key).startswith(f"{DATASET}.")]


def addresses(settings: pd.DataFrame, varying: bool = True) -> list[str]:
    """Return the settings of the data set that are texts, such as paths: they say where, not what.

    How inputs are scaled is a text, too, but one that is done to the data.
    """
    return [
        key
        for key in own_keys(settings)
        if not key.endswith("._target_")
        and key != SCALE
        and any(isinstance(value, str) for value in settings[key])
        and (not varying or settings[key].nunique() > 1)
    ]


def level_names(
    settings: pd.DataFrame, together: pd.Series, chosen: pd.Series, names: pd.Series
) -> dict[str, str]:
    """Return a name for each content: the shortest that tells it from the others.

    That is the choice, or the data's own name, or that with what was set differently, or with its hash.
    """
    found: dict[str, str] = {}
    first = ~together.duplicated()
    rows = pd.DataFrame({"content": together, "choice": chosen, "name": names.where(names != "", chosen)})
    rows = rows.assign(setting=list(differences(settings)))[first]
    for choice, part in rows.groupby("choice", sort=False):
        options = (
            [str(choice)] * len(part),
            part["name"].tolist(),
            [", ".join(filter(None, pair)) for pair in zip(part["name"], part["setting"], strict=True)],
            [f"{name}, {hash_text(key)}" for name, key in zip(part["name"], part["content"], strict=True)],
        )
        told = next((option for option in options if len(set(option)) == len(part)), options[-1])
        found |= dict(zip(part["content"], told, strict=True))
    return found


def differences(settings: pd.DataFrame) -> Iterator[str]:
    """Yield for each row the data set's settings that are numbers and vary: "noise 0.1"."""
    skipped = {*addresses(settings), TRAIN_SIZE, SCALE}
    keys = [key for key in own_keys(settings) if key not in skipped and settings[key].nunique() > 1]
    for values in settings[keys].itertuples(index=False, name=None):
        pairs = zip(keys, values, strict=True)
        yield ", ".join(f"{key.partition('.')[2]} {label(value)}" for key, value in pairs if value == value)


def hash_text(content: str) -> str:
    """Return the beginning of a hash, or that there is none."""
    return "content unknown" if content.startswith(AT_FIRST) else short(content)


class Contents:
    """The contents that a plan holds, and the results that are of others."""

    def __init__(self, plan: Plan | None) -> None:
        contents = plan.contents if plan else []
        self._sha256 = {value: each.sha256 for each in contents for value in each.earlier}
        self._of_group: dict[str, Content] = {}
        self._other: list[tuple[Mapping[str, Any], Content]] = []
        if plan is not None and len(contents) > 1:
            cells = ((cell, cell.content) for cell in plan.cells)
            self._of_group = {group_of(cell): content for cell, content in cells if content is not None}

    def planned(self, cell: Cell | None) -> Content | None:
        """Return what a cell is planned to be trained on; of its repeats' contents the last one planned."""
        if cell is None or cell.content is None or not self._of_group:
            return cell.content if cell is not None else None
        return self._of_group.get(group_of(cell), cell.content)

    def is_other(self, planned: Content | None, record: Record) -> bool:
        """Whether a record is of other data than planned; a result of other data is noted."""
        known = record.status not in ("missing", "damaged")
        other = planned is not None and known and not planned.is_of(record.data)
        if other and planned is not None and record.is_complete:
            self._other.append((record.data, planned))
        return other

    @property
    def other_data(self) -> str:
        """How many results are of other data, in one line; empty if none are."""
        return other_data(self._other)

    def columns(self, planned: Content | None, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the name and the hash of a run's data, empty where they are not known.

        A hash of the first version that the plan does not know is marked with AT_FIRST.
        """
        if planned is not None:
            return {"data_name": planned.name, "data_hash": planned.sha256}
        first = recorded_at_first(data)
        at_first = self._sha256.get(first, f"{AT_FIRST}{first}") if first else ""
        return {"data_name": name_of(data), "data_hash": recorded(data) or at_first}

    def facts(self, planned: Content | None, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a record's provenance, with one hash for one content."""
        facts = data.get("provenance")
        facts = facts if isinstance(facts, dict) else {}
        if planned is not None and "dataset_sha256" in facts:
            return {**facts, "dataset_sha256": planned.sha256}
        return facts


def group_of(cell: Cell) -> str:
    """Return what a planned cell and its repeats have in common."""
    config = {key: value for key, value in cell.config.items() if key != REPLICATE}
    return json.dumps([config, cell.choices], sort_keys=True, default=repr)


def name_of(record: Mapping[str, Any]) -> str:
    """Return the name of the data in a record, empty if it says none."""
    dataset = record.get("dataset")
    return str(dataset.get("name") or "") if isinstance(dataset, Mapping) else ""
