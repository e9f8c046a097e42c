"""The settings of cells: nested configs and choices as a frame of dotted keys, one row for each cell.

Cells share most of the parts of their configs. Each distinct part is worked out once, and a row is known by
which parts it has.
"""

import json
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import chain
from typing import Any

import pandas as pd

from sweeps.records.differences import is_within

Part = Mapping[str, Hashable]
"""Settings by their dotted keys: those of one entry of a config, or the choices."""
Parts = tuple[Part, ...]
"""All settings of a cell; what a later part says counts."""


class Flattener:
    """Flattens configs that share most of their entries: each distinct entry is one object."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Part] = {}
        self._last: dict[str, tuple[Any, tuple[str, ...], Part]] = {}
        self._chosen: dict[tuple[Any, ...], Part] = {}

    def __call__(
        self, config: Mapping[str, Any], choices: Mapping[str, str | None], ignore: Collection[str] = ()
    ) -> Parts:
        """All settings of one cell: everything by its dotted key, the choice of each group.

        What cannot change a result (the dotted keys in `ignore`, and those below them) is none.
        """
        left_out = tuple(ignore)
        listed = (*choices.items(), left_out)
        if listed not in self._chosen:
            self._chosen[listed] = without(chosen_groups(choices), left_out)
        parts = []
        for key, value in config.items():
            last = self._last.get(key)
            if last is None or last[0] is not value or last[1] != left_out:  # what cells share is one object
                last = self._last[key] = (value, left_out, self._flat(key, value, left_out))
            parts.append(last[2])
        return (*parts, self._chosen[listed])

    def _flat(self, key: str, value: Any, left_out: tuple[str, ...]) -> Part:
        known = (key, repr(value), left_out)
        if known not in self._known:
            self._known[known] = without(flatten(key, value), left_out)
        return self._known[known]


def flatten(prefix: str, value: Any) -> dict[str, Hashable]:
    """One config entry as dotted keys with hashable values; lists become tuples."""
    if isinstance(value, Mapping):
        parts = (flatten(f"{prefix}.{key}", part) for key, part in value.items())
        return {key: leaf for part in parts for key, leaf in part.items()}
    if isinstance(value, list | tuple):
        plain = all(isinstance(item, int | float | str) for item in value)
        return {prefix: tuple(value) if plain else json.dumps(value, sort_keys=True)}
    return {prefix: value}


def without(settings: Mapping[str, Hashable], keys: Collection[str]) -> dict[str, Hashable]:
    """Return the settings but those that are one of these dotted keys, or below one."""
    return {key: value for key, value in settings.items() if not is_within(key, keys)}


def chosen_groups(choices: Mapping[str, str | None]) -> dict[str, Hashable]:
    """Return the choices that settings are named by: not the sweep's own, and none of Hydra's."""
    return {k: v for k, v in choices.items() if k != "sweep" and not k.startswith("hydra")}


def settings_frame(rows: Sequence[Parts]) -> pd.DataFrame:
    """Return the settings of each row, NaN where it has none of that key; keys in the order they come."""
    alike = len({len(row) for row in rows}) == 1
    columns = [{id(part): part for part in column} for column in zip(*rows, strict=alike)]
    keys = [set(chain.from_iterable(parts.values())) for parts in columns]
    if not alike or len(set().union(*keys)) < sum(map(len, keys)):  # a key is in several places
        return pd.DataFrame([merged(row) for row in rows])
    frames = []
    for place, parts in enumerate(columns):
        number = dict(zip(parts, range(len(parts)), strict=True))
        codes = [number[id(row[place])] for row in rows]
        frames.append(pd.DataFrame(list(parts.values())).take(codes).reset_index(drop=True))
    return pd.concat(frames, axis=1)[keys_in_order(rows, columns)]


def keys_in_order(rows: Sequence[Parts], columns: Sequence[Mapping[int, Part]]) -> list[str]:
    """Return the keys of rows in the order in which they come, row by row."""
    several = [k for k, parts in enumerate(columns) if len(set(map(tuple, parts.values()))) > 1]
    first: dict[tuple[int, ...], Parts] = {}
    for row in rows if several else rows[:1]:
        first.setdefault(tuple([id(row[k]) for k in several]), row)
    return list(dict.fromkeys(key for row in first.values() for key in merged(row)))


def merged(parts: Parts) -> dict[str, Hashable]:
    """Return the settings of one cell."""
    return {key: value for part in parts for key, value in part.items()}
