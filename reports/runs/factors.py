"""What a sweep varies: which settings are factors, how their levels are named and ordered."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from sweeps.records.values import text

ABSENT = "–"
REPLICATE = "seed"
DATASET = "dataset"
TARGET = "._target_"
LARGEST_WHOLE = 1e15  # beyond it the digits of a float say nothing


@dataclass(frozen=True)
class Factor:
    """One thing that a sweep varies: its short name, its config key, its levels in their natural order.

    `along`: other settings that change with it, and only with it.
    """

    name: str
    key: str
    levels: tuple[str, ...]
    values: tuple[Any, ...]
    along: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is called in a sentence or along an axis."""
        return spoken(self.name)

    @property
    def numeric(self) -> bool:
        """Whether every level is a number, so that it can be an axis."""
        return all(is_number(value) for value in self.values)

    @property
    def numbers(self) -> dict[str, float]:
        """The number behind each level of a numeric factor."""
        return {level: float(value) for level, value in zip(self.levels, self.values, strict=True)}


def spoken(setting: str) -> str:
    """Return a setting as it is said: batch_size is the batch size, training.epochs are the epochs."""
    return setting.removeprefix("training.").replace(".", " ").replace("_", " ")


def said(levels: Mapping[str, str]) -> str:
    """Return settings with their levels as they are said: loss hinge, weight decay 0.0005."""
    return ", ".join(f"{spoken(name)} {level}" for name, level in levels.items())


def is_number(value: Any) -> bool:
    """Whether a setting is a number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def label(value: Any) -> str:
    """How a setting is shown: 128, 256-64, 0.0005, true; "–" where it does not exist."""
    if isinstance(value, tuple):  # not remembered as a whole: (1,) and (True,) would be the same
        return "-".join(map(label, value)) or "none"
    plain = isinstance(value, (str, int, float, Hashable))  # in this order: the last takes a while
    return _label(value) if plain else text(value, "-")


@lru_cache(maxsize=2**14, typed=True)
def _label(value: Any) -> str:
    """Label one value: 10,000 runs have few different ones."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not abs(value) < LARGEST_WHOLE:
        return ABSENT if value != value else repr(value)
    return text(value, "-")


def without_chosen_targets(settings: pd.DataFrame) -> pd.DataFrame:
    """Leave out the `_target_` of each group whose choice says it: all but those set beside a choice."""
    groups = [str(key).removesuffix(TARGET) for key in settings if str(key).endswith(TARGET)]
    said = [
        group for group in groups if group in settings and not vary_within(settings, group + TARGET, group)
    ]
    return settings.drop(columns=[group + TARGET for group in said])


def find_factors(
    settings: pd.DataFrame, swept: Sequence[str], reserved: Iterable[str]
) -> tuple[list[Factor], pd.DataFrame]:
    """Find what tells the cells apart: the swept keys, and whatever else is needed beside them.

    `settings` has one row per cell and one column per setting, groups before their dotted keys. A key that
    only some choices of its group have is folded into the group ("hinge, margin 1"), so that every option can
    be compared with every other. A key that the others determine is no factor of its own: it changes along.
    Returns the factors and a frame of their labels (one column each, on the index of `settings`).
    """
    keys = varying(settings)
    folded = {key: key.split(".")[0] for key in keys if is_option_of(settings, key)}
    variants = pd.DataFrame(index=settings.index)
    for key in keys:
        if key not in folded:
            own = [inner for inner, group in folded.items() if group == key]
            variants[key] = variant(settings, key, own)
    for group in dict.fromkeys(folded.values()):
        if group not in variants:
            variants[group] = variant(settings, group, [k for k, g in folded.items() if g == group])
    chosen = independent(variants, choose(variants, swept, settings))
    names = short_names(chosen, reserved)
    texts = {key: variants[key].map(label) for key in chosen}
    others = settings.drop(columns=[*chosen, *folded, REPLICATE], errors="ignore")
    several = {str(key): others[key].map(label) for key in others if others[key].nunique() > 1}
    factors = [
        make_factor(names[key], key, variants[key], texts[key], changes_along(texts[key], several))
        for key in chosen
    ]
    labels = {f.name: pd.Categorical(texts[f.key], categories=list(f.levels), ordered=True) for f in factors}
    return factors, pd.DataFrame(labels, index=settings.index)


def varying(settings: pd.DataFrame) -> list[str]:
    """Keys with more than one value; those of a group's option only if they vary within one choice."""
    keys = []
    for key in settings.columns:
        group = key.split(".")[0]
        if key == REPLICATE or settings[key].nunique(dropna=False) < 2:
            continue
        if group == key or group not in settings or vary_within(settings, key, group):
            keys.append(key)
    return sorted(keys, key=lambda key: "." in key)


def vary_within(settings: pd.DataFrame, key: str, group: str) -> bool:
    """Whether a dotted key has more than one value among the cells of one choice of its group."""
    return bool((settings.groupby(group, dropna=False)[key].nunique(dropna=False) > 1).any())


def is_option_of(settings: pd.DataFrame, key: str) -> bool:
    """Whether a dotted key exists for some choices of its (varying) group only."""
    group = key.split(".", maxsplit=1)[0]
    if group == key or group not in settings or settings[group].nunique() < 2:
        return False
    exists = settings[key].map(lambda value: value == value)
    return bool((~exists.groupby(settings[group]).any()).any())


def variant(settings: pd.DataFrame, key: str, inner: Sequence[str]) -> pd.Series:
    """Return the values of a key, or of a group with its options that vary: "hinge, margin 1"."""
    if not inner:
        return settings[key]
    rows = settings[[key, *inner]].itertuples(index=False, name=None)
    short = [name.split(".")[-1] for name in inner]
    texts = [
        ", ".join([str(choice), *(f"{n} {label(v)}" for n, v in zip(short, values, strict=True) if v == v)])
        for choice, *values in rows
    ]
    return pd.Series(texts, index=settings.index, dtype=object)


def choose(variants: pd.DataFrame, swept: Sequence[str], settings: pd.DataFrame) -> list[str]:
    """Return the swept keys that vary, then what else is needed so that no two cells look alike."""
    keys = list(variants.columns)
    if not swept:
        return keys
    folded = {key.split(".")[0] for key in swept if key not in keys}
    chosen = [key for key in keys if key in swept or (key in folded and "." not in key)]
    order = {key: place for place, key in enumerate(swept)}
    chosen.sort(key=lambda key: ("." in key, order.get(key, -1)))
    seed = settings[[REPLICATE]] if REPLICATE in settings else settings[[]]
    while rest := [key for key in keys if key not in chosen]:
        distinct = [count_distinct(pd.concat([variants[[*chosen, key]], seed], axis=1)) for key in rest]
        if max(distinct) == count_distinct(pd.concat([variants[chosen], seed], axis=1)):
            break
        chosen.append(rest[distinct.index(max(distinct))])
    return chosen


def count_distinct(frame: pd.DataFrame) -> int:
    """Return the number of different rows."""
    return int((~frame.duplicated()).sum()) if frame.shape[1] else min(len(frame), 1)


def independent(variants: pd.DataFrame, keys: list[str]) -> list[str]:
    """Drop, last first, each key that all the others together determine.

    The data set stays whatever determines it: figures on different data compare no settings.
    """
    kept = list(keys)
    for key in (key for key in reversed(keys) if key != DATASET):
        others = [other for other in kept if other != key]
        if others and count_distinct(variants[others]) == count_distinct(variants[kept]):
            kept = others
    return kept


def changes_along(levels: pd.Series, others: Mapping[str, pd.Series]) -> tuple[str, ...]:
    """Return the settings, of those that are no factors and have several values, that have one at each level.

    `levels` and `others` are the labels of each row.
    """
    return tuple(key for key, texts in others.items() if texts.groupby(levels).nunique().max() == 1)


def short_names(keys: Sequence[str], reserved: Iterable[str]) -> dict[str, str]:
    """Return the last part of each dotted key, the whole key where that part is taken, or `config.key`."""
    last = [key.split(".")[-1] for key in keys]
    taken = {*reserved, REPLICATE, TARGET[1:]}
    short = {k: k if last.count(n) > 1 or n in taken else n for k, n in zip(keys, last, strict=True)}
    return {k: f"config.{n}" if n in taken else n for k, n in short.items()}


def make_factor(
    name: str, key: str, values: pd.Series, texts: pd.Series, along: tuple[str, ...] = ()
) -> Factor:
    """Return a factor with its levels in order: numbers by size, options as the plan lists them."""
    distinct: dict[str, Any] = dict(zip(texts.tolist(), values.tolist(), strict=True))
    present = [value for text, value in distinct.items() if text != ABSENT]
    order: Callable[[Any], Any] | None = None
    if all(is_number(value) for value in present):
        order = float
    elif all(isinstance(value, tuple) and all(map(is_number, value)) for value in present):
        order = widths
    if order is not None:
        present.sort(key=order)
    if order is widths and all(len(value) == 1 for value in present):
        distinct |= {label(value): value[0] for value in present}
        present = [value[0] for value in present]
    raw = [*([distinct[ABSENT]] if ABSENT in distinct else []), *present]
    return Factor(name, key, tuple(map(label, raw)), tuple(raw), along)


def widths(value: tuple[float, ...]) -> tuple[int, tuple[float, ...]]:
    """Sort key of layer widths: shallow before deep, then narrow before wide."""
    return len(value), value
