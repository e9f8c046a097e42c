"""Differences between the settings of recorded and planned runs: why earlier runs do not count.

Only the standard library is needed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sweeps.records.plan import Cell
from sweeps.records.values import whole

NEAR = 3  # a config that differs in so many settings may still be an earlier form of the same cell
SHOWN = 3  # sets of settings that are looked for, one after another
NONE = "(none)"

Settings = dict[str, str]  # config group → its option, dotted key → its value as canonical JSON


def settings_of(
    config: Mapping[str, Any], choices: Mapping[str, Any], ignore: Collection[str] = ()
) -> Settings:
    """Return all settings of a cell but those to ignore; groups without a node of their own are none."""
    groups = {group: str(option) for group, option in choices.items() if group in config}
    settings = groups | dict(_flat(config, ""))
    return {key: value for key, value in settings.items() if not is_within(key, ignore)}


def differing(old: Settings, new: Settings) -> tuple[str, ...]:
    """Return the settings that differ; of a group with another option only the group."""
    keys = [key for key in old | new if old.get(key) != new.get(key)]
    return tuple(key for key in keys if not any(key.startswith(f"{group}.") for group in keys))


def change(key: str, old: Settings, new: Settings) -> str:
    """Return a line such as `optimizer.momentum: 0.9 → 0.8`."""
    return f"{key}: {old.get(key, NONE)} → {new.get(key, NONE)}"


def difference(one: Cell, other: Cell, ignore: Collection[str] = ()) -> list[str]:
    """Return a line `key: value → value` for each setting in which two cells differ, but those to ignore."""
    old, new = (settings_of(cell.config, cell.choices, ignore) for cell in (one, other))
    return [change(key, old, new) for key in differing(old, new)]


def near_misses(old: Sequence[Settings], new: Sequence[Settings], asked: Collection[str] = ()) -> list[str]:
    """Return lines such as "12 runs here differ only in optimizer.momentum: 0.9 → 0.8".

    `old` are recorded runs that are not planned, `new` planned ones; each old one is matched with a new one
    that differs from it in at most NEAR settings. Nothing is said of differences in what is `asked` for.
    """
    lines: list[str] = []
    left = list(old)
    for _ in range(SHOWN):
        if not left or not new:
            break
        keys = min((differing(left[0], each) for each in new), key=len)
        matched, left = _matched(left, new, keys) if len(keys) <= NEAR else ([], left[1:])
        if not set(keys) & set(asked):
            counts = Counter(", ".join(_changes(keys, *pair)) for pair in matched)
            lines += [_line(number, text) for text, number in counts.most_common(SHOWN)]
    return lines


def _changes(keys: Iterable[str], old: Settings, new: Settings) -> Iterator[str]:
    return (change(key, old, new) for key in keys if old.get(key) != new.get(key))


def _matched(
    old: Iterable[Settings], new: Iterable[Settings], keys: Collection[str]
) -> tuple[list[tuple[Settings, Settings]], list[Settings]]:
    """Return the pairs that are equal but for these settings, and the old ones that have no such partner."""
    like = {_rest(each, keys): each for each in reversed(list(new))}
    pairs, left = [], []
    for each in old:
        partner = like.get(_rest(each, keys))
        if partner is None:
            left.append(each)
        else:
            pairs.append((each, partner))
    return pairs, left


def _rest(settings: Settings, keys: Collection[str]) -> frozenset[tuple[str, str]]:
    return frozenset(item for item in settings.items() if not is_within(item[0], keys))


def is_within(key: str, keys: Collection[str]) -> bool:
    """Return whether a dotted key is one of these, or below one."""
    return any(key == other or key.startswith(f"{other}.") for other in keys)


def _line(number: int, text: str) -> str:
    return (
        f"{number:,} runs here differ only in {text}" if number > 1 else f"1 run here differs only in {text}"
    )


def _flat(config: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(whole(value), default=str).strip('"')
