"""The runs of a factor's levels as arrays: matched by cell and seed, each with what became of it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis.intervals import Floats, Integers, Mask
from reports.analysis.outcomes import DIVERGED, DONE, OUTSTANDING, Counting

MIN_SEEDS = 3
MIN_SHARE = 0.5
LARGEST_TABLE = 2**24  # bytes
WHOLE = "all runs"  # a column's name that no setting has
Labels = NDArray[np.object_]


@dataclass(frozen=True)
class Matched:
    """The runs of a factor's levels, arrays (levels, blocks, seeds), seeds in the order first planned.

    `counted` has every outcome, a diverged run as what it counts as; `finished` only those of runs that
    finished; NaN where there is none. `diverged`, `outstanding` and `planned` say which runs are that.
    `settings` gives for every other factor the level of each block. `higher`: whether more is better.
    """

    factor: str
    levels: tuple[str, ...]
    seeds: tuple[Hashable, ...]
    settings: Mapping[str, Labels]
    counted: Floats
    finished: Floats
    diverged: Mask
    outstanding: Mask
    planned: Mask
    higher: bool = True

    def part(self, levels: Sequence[int] | None = None, blocks: Mask | None = None) -> "Matched":
        """Return these levels and blocks alone."""
        one = np.arange(len(self.levels)) if levels is None else np.array(levels, dtype=np.intp)
        two = slice(None) if blocks is None else blocks
        names = tuple(np.array(self.levels, dtype=object)[one])
        settings = {name: column[two] for name, column in self.settings.items()}
        arrays = {name: getattr(self, name)[one][:, two] for name in ARRAYS}
        return replace(self, levels=names, settings=settings, **arrays)

    def first(self, seeds: int) -> "Matched":
        """Return the runs of the first so many seeds."""
        arrays = {name: getattr(self, name)[:, :, :seeds] for name in ARRAYS}
        return replace(self, seeds=self.seeds[:seeds], **arrays)

    def mapped(self, function: Callable[[Floats], Floats]) -> "Matched":
        """Return the same runs with a function of their values (a logarithm, for ratios)."""
        return replace(self, counted=function(self.counted), finished=function(self.finished))

    @cached_property
    def too_few(self) -> dict[str, str]:
        """The levels that nothing can be said of, and why: too few runs, or most of them failed.

        Failed runs are not missing by chance, so a level is left out of whose ended runs fewer have a result
        than half of what the best of the levels has.
        """
        planned, outcome = self.planned.sum(axis=(1, 2)), np.isfinite(self.counted).sum(axis=(1, 2))
        ended = planned - self.outstanding.sum(axis=(1, 2))
        seeds = np.isfinite(self.counted).any(axis=1).sum(axis=1)
        waits = self.outstanding.any(axis=(1, 2))
        share = outcome / np.maximum(ended, 1)
        few = (seeds < MIN_SEEDS) & ~waits & (seeds < seeds.max(initial=0))
        few |= (share < MIN_SHARE * share.max(initial=0)) & (ended > 0)
        return {
            self.levels[k]: f"{outcome[k]} of {planned[k]} runs have a result" for k in np.flatnonzero(few)
        }

    def count_diverged(self) -> dict[str, int]:
        """Return the number of diverged runs of each level that has any."""
        counts = self.diverged.sum(axis=(1, 2))
        return {self.levels[k]: int(counts[k]) for k in np.flatnonzero(counts)}


ARRAYS = ("counted", "finished", "diverged", "outstanding", "planned")


def match(
    runs: pd.DataFrame,
    factor: str,
    metric: str,
    others: Sequence[str],
    *,
    counting: Counting | None = None,
    seeds: Sequence[Hashable] = (),
    higher: bool = True,
    worst: float | None = None,
) -> Matched:
    """Match planned runs by level, cell and seed.

    `runs` has one row per planned run: columns `factor`, `others`, `seed`, `status` and `metric`. A block is
    one combination of the `others`. `seeds` is the order in which they were first planned (those that it
    does not name follow, sorted). `worst` is what a diverged run counts as without a known chance level, by
    default the worst finished value of these runs. Raises ValueError for two runs that share level, block and
    seed, KeyError for a column that is not there.
    """
    rule = counting or Counting()
    levels, level = codes(runs[factor])
    block, settings = blocks_of(runs, others)
    ordered, which = seed_places(runs["seed"], seeds)
    shape = (len(levels), int(block.max(initial=-1)) + 1, len(ordered))
    place = np.ravel_multi_index((level, block, which), shape) if len(runs) else np.empty(0, np.intp)
    if np.bincount(place).max(initial=0) > 1:
        raise ValueError(
            f"two runs share {', '.join([factor, *others, 'seed'])}: they differ in something else"
        )
    states, names = pd.factorize(runs["status"])
    done, lost, outstanding = (names.isin(these)[states] for these in ([DONE], [DIVERGED], OUTSTANDING))
    values = runs[metric].to_numpy(dtype=np.float64, na_value=np.nan)
    finished = np.where(done & np.isfinite(values), values, np.nan)
    if rule.unreached is not None:
        finished = np.where(done & ~np.isfinite(values), rule.unreached, finished)
    chance = rule.diverged if rule.diverged is not None else worst_of(finished, higher, worst)
    lost = lost & np.isfinite(chance)
    counted = np.where(lost, chance, finished)

    def spread(column: Floats | Mask, empty: float | bool) -> Floats:
        cube = np.full(shape, empty)
        cube.ravel()[place] = column
        return cube

    return Matched(
        factor,
        tuple(levels),
        ordered,
        settings,
        spread(counted, np.nan),
        spread(finished, np.nan),
        spread(lost, False).astype(bool),
        spread(outstanding, False).astype(bool),
        spread(np.ones(len(runs), dtype=bool), False).astype(bool),
        higher,
    )


def worst_of(finished: Floats, higher: bool, worst: float | None) -> float:
    """Return the worst finished value, NaN if there is none."""
    if worst is not None:
        return worst
    known = finished[np.isfinite(finished)]
    return float(known.min() if higher else known.max()) if len(known) else float("nan")


def codes(column: "pd.Series[str]") -> tuple[list[str], Integers]:
    """Return the levels (sorted, unless the column is categorical), and each row's place among them."""
    kinds = categories(column).remove_unused_categories()
    return [str(level) for level in kinds.categories], kinds.codes.astype(np.intp)


def blocks_of(frame: pd.DataFrame, others: Sequence[str]) -> tuple[Integers, dict[str, Labels]]:
    """Return each row's block, and for every other factor the level of each block."""
    if not others or frame.empty:
        return np.zeros(len(frame), dtype=np.intp), {}
    block, kinds = np.zeros(len(frame), dtype=np.intp), {}
    for name in others:
        kinds[name] = kind = categories(frame[name])
        absent = len(kind.categories)
        block = compact(block * (absent + 1) + np.where(kind.codes < 0, absent, kind.codes))
    rows = first_rows(block)
    return block, {name: labels_of(kind, kind.codes[rows]) for name, kind in kinds.items()}


def first_rows(block: Integers) -> Integers:
    """Return the first row of each block, by each row's block."""
    rows = np.empty(block.max(initial=-1) + 1, dtype=np.intp)
    rows[block[::-1]] = np.arange(len(block))[::-1]  # of several the last is kept
    return rows


def categories(column: "pd.Series[Any]") -> pd.Categorical:
    """Return a column as places among its levels, which are sorted unless it is that already."""
    return column.array if isinstance(column.array, pd.Categorical) else pd.Categorical(column)


def labels_of(kind: pd.Categorical, places: NDArray[np.integer]) -> Labels:
    """Return the levels in these places as texts, missing where the place is −1."""
    labels = np.array([*map(str, kind.categories), np.nan], dtype=object)
    found: Labels = labels[places]
    return found


def compact(numbers: Integers) -> Integers:
    """Return the same numbers without the gaps between them, in their order from 0 on."""
    if numbers.max() > LARGEST_TABLE:
        return np.unique(numbers, return_inverse=True)[1]
    there = np.zeros(numbers.max() + 1, dtype=bool)
    there[numbers] = True
    return (np.cumsum(there) - 1)[numbers]


def seed_places(column: pd.Series, planned: Sequence[Hashable]) -> tuple[tuple[Hashable, ...], Integers]:
    """Return the seeds in the order first planned, and each row's place among them."""
    codes, distinct = pd.factorize(column)
    present = distinct.tolist()
    first = [seed for seed in dict.fromkeys(planned) if seed in set(present)]
    ordered = (*first, *sorted(set(present) - set(first)))
    place = {seed: k for k, seed in enumerate(ordered)}
    return ordered, np.array([place[seed] for seed in present], dtype=np.intp)[codes]


def from_arrays(
    values: Floats,
    *,
    diverged: Mask | None = None,
    outstanding: Mask | None = None,
    settings: Mapping[str, Sequence[str]] | None = None,
    levels: Sequence[str] = (),
    chance: float = 0.1,
    higher: bool = True,
    factor: str = "factor",
) -> Matched:
    """Return values (levels, blocks, seeds) as matched runs, all planned: what a simulation draws.

    NaN is a run that ended without an outcome; `diverged` runs count as `chance`, `outstanding` ones are
    still to come, whatever value they are drawn with.
    """
    none = np.zeros(values.shape, dtype=bool)
    lost, waiting = (none if mask is None else mask for mask in (diverged, outstanding))
    finished = np.where(lost | waiting, np.nan, values)
    return Matched(
        factor,
        tuple(levels) or tuple(f"level {k}" for k in range(len(values))),
        tuple(range(values.shape[2])),
        {name: np.array(column, dtype=object) for name, column in (settings or {}).items()},
        np.where(lost & ~waiting, chance, finished),
        finished,
        lost & ~waiting,
        waiting,
        ~none,
        higher,
    )


def cells_of(runs: pd.DataFrame, factors: Sequence[str], metric: str, **options: Any) -> Matched:
    """Return all cells of a grid as the blocks of a single level; `options` as for `match`.

    `counted[0]` is then (cells, seeds), and `settings` has every factor's level of each cell.
    """
    one = pd.Categorical.from_codes(np.zeros(len(runs), dtype=np.int8), categories=pd.Index(["all"]))
    return match(runs.assign(**{WHOLE: one}), WHOLE, metric, factors, **options)
