"""Looks at a growing number of seeds: which they are, at what level each, and what they say together.

Whoever adds a seed, looks and adds another until something is significant finds differences in 20 % of
sweeps without any. So there are few looks, and they share one error rate: a union bound (Bonferroni 1936;
group-sequential testing: Pocock 1977, alpha spending: Lan and DeMets 1983), which needs no model of how the
looks depend on each other and no memory of which were made: every report reads all that are complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.analysis.contrasts import Differences, Widths, differences, widths
from reports.analysis.intervals import Floats, Integers, Mask
from reports.analysis.matched import Matched
from sweeps.records.ladder import RUNGS

ALPHA = 0.05
FIRST_SHARE = 0.8  # of the error rate, for the look that was planned at first
NEARLY = 0.9  # share of a look's runs with which it is read before the last have ended …
EARLY_SHARE = 0.2  # … at this share of its level


@dataclass(frozen=True)
class Ladder:
    """The numbers of seeds at which a sweep is looked at, and the level of each."""

    looks: tuple[int, ...]
    levels: tuple[float, ...]
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.looks, self.looks[1:], strict=False))
        if not self.looks or not rising or self.looks[0] < 2:
            raise ValueError(f"ladder: {list(self.looks)} must be increasing numbers of seeds from 3 on")
        if len(self.levels) != len(self.looks) or sum(self.levels) > self.alpha * (1 + 1e-9):
            raise ValueError(f"ladder: the levels {list(self.levels)} must sum to at most {self.alpha}")


def ladder(first: int | None = None, rungs: Sequence[int] = RUNGS, alpha: float = ALPHA) -> Ladder:
    """Return the looks of a sweep whose first plan had `first` seeds (None: not known).

    Equal levels; but if three or more were planned at first, that look has 4/5 of alpha and all later ones
    share the rest. There is none before it, and none at full alpha that could still be extended: that would
    spend 8 %. Raises ValueError for rungs that do not increase or start below 3.
    """
    rungs = tuple(rungs)
    if rungs and rungs[0] < 3:
        raise ValueError(f"ladder: {list(rungs)} must be increasing numbers of seeds from 3 on")
    if first is None or first < 3:
        return Ladder(rungs, (alpha / max(len(rungs), 1),) * len(rungs), alpha)
    later = tuple(rung for rung in Ladder(rungs, (0.0,) * len(rungs), alpha).looks if rung > first)
    levels = (FIRST_SHARE * alpha, *((1 - FIRST_SHARE) * alpha / max(len(later), 1),) * len(later))
    return Ladder((first, *later), levels, alpha)


def one_look(seeds: int, alpha: float = ALPHA) -> Ladder:
    """Return the single look of a study that is finished and will not be added to."""
    return Ladder((max(seeds, 2),), (alpha,), alpha)


@dataclass(frozen=True)
class Readings:
    """What all looks together say of every two levels, arrays (pairs,).

    `estimate` is the latest look's, `low` and `high` what the intervals of all looks have in common, `p`
    inverts them: p ≤ alpha where 0 is not in it. `look` is the number of seeds of the latest look that was
    read (0: none, then there is but an estimate from all seeds), `decided_at` that of the first whose
    interval excludes 0 (0: none). `early`: the latest look is read before its last runs have ended. `half`
    and the standard `error` are the latest look's. `outstanding`: runs of the two levels still to come.
    """

    first: Integers
    second: Integers
    estimate: Floats
    low: Floats
    high: Floats
    p: Floats
    look: Integers
    decided_at: Integers
    early: Mask
    seeds: Integers
    blocks: Integers
    half: Floats
    error: Floats
    outstanding: Integers
    diverged: Mask


def read(
    matched: Matched, steps: Ladder, family: int = 1, grain: float = 0.0, finished: bool = False
) -> Readings:
    """Read every complete look at every two levels, each at its level divided by the `family`.

    The family is the number of factors (or of parts, or of questions) that share the error rate. `finished`
    compares among the runs that finished only. A look is complete for two levels when all their runs of its
    seeds have ended. One of which nine tenths have ended is read at a fifth of its level (a choice for plans
    that stay unfinished; what it decides may be undone by the last runs, and is marked `early`).
    """
    values = matched.finished if finished else matched.counted
    lost = None if finished else matched.diverged
    now = differences(values, lost, grain)
    state = start(now, matched)
    for seeds, level in zip(steps.looks, steps.levels, strict=True):
        if seeds > len(matched.seeds):
            break
        part = matched.first(seeds)
        found = differences(values[:, :, :seeds], None if lost is None else lost[:, :, :seeds], grain)
        complete, nearly = completeness(part, found)
        full = widths(found, len(matched.levels), complete)
        state = after(state, found, full, complete, seeds, level / family, steps.alpha, False)
        if (nearly & found.testable).any():
            some = widths(found, len(matched.levels), complete | nearly)
            state = after(state, found, some, nearly, seeds, EARLY_SHARE * level / family, steps.alpha, True)
    return state


def start(now: Differences, matched: Matched) -> Readings:
    """Return what is known before any look: estimates."""
    pairs = len(now.first)
    none, zero = np.full(pairs, np.nan), np.zeros(pairs, dtype=np.intp)
    waiting = matched.outstanding.sum(axis=(1, 2))
    return Readings(
        now.first,
        now.second,
        now.estimate,
        none,
        none,
        none,
        zero,
        zero,
        np.zeros(pairs, dtype=bool),
        now.seeds,
        now.blocks,
        none,
        np.sqrt(now.variance / np.maximum(now.seeds, 1)),
        waiting[now.first] + waiting[now.second],
        now.diverged,
    )


def completeness(part: Matched, found: Differences) -> tuple[Mask, Mask]:
    """Return of which pairs all runs have ended, and of which at least nine tenths but not all."""
    if not part.outstanding.any():
        return np.ones(len(found.first), dtype=bool), np.zeros(len(found.first), dtype=bool)
    both = part.planned[found.first] & part.planned[found.second]
    waiting = both & (part.outstanding[found.first] | part.outstanding[found.second])
    planned, left = both.sum(axis=(1, 2)), waiting.sum(axis=(1, 2))
    ended = 1 - left / np.maximum(planned, 1)
    return np.asarray(left == 0), np.asarray((left > 0) & (ended >= NEARLY))


def after(
    state: Readings,
    found: Differences,
    width: Widths,
    which: Mask,
    seeds: int,
    level: float,
    alpha: float,
    early: bool,
) -> Readings:
    """Return what is known after one more look at the pairs in `which`, with `level` of `alpha`.

    Intervals are intersected. Where one lies beyond all before it (then one of them is wrong, which all looks
    together allow for), what is left is the nearest end, so that decided never becomes open; the estimate is
    then outside of it.
    """
    read = which & found.testable & np.isfinite(found.estimate) & np.isfinite(width.own)
    if not read.any():
        return state
    half = np.where(read, width.half(level), np.nan)
    bounds = found.estimate - half, found.estimate + half
    seen = read & (state.look > 0)
    low = np.where(seen, np.clip(bounds[0], state.low, state.high), bounds[0])
    high = np.where(seen, np.clip(bounds[1], state.low, state.high), bounds[1])
    p = np.fmin(np.where(read, width.p(found.estimate) * (alpha / level), np.nan), state.p)
    here = read & (state.decided_at == 0) & ((low > 0) | (high < 0))

    def new(value: Floats | Integers | Mask | int | bool, old: Floats | Integers | Mask) -> Floats:
        return np.where(read, value, old)

    return Readings(
        state.first,
        state.second,
        new(found.estimate, state.estimate),
        new(low, state.low),
        new(high, state.high),
        np.minimum(p, 1.0),
        new(seeds, state.look).astype(np.intp),
        np.where(here, seeds, state.decided_at).astype(np.intp),
        new(early, state.early).astype(bool),
        new(found.seeds, state.seeds).astype(np.intp),
        new(found.blocks, state.blocks).astype(np.intp),
        new(half, state.half),
        new(np.sqrt(found.variance / np.maximum(found.seeds, 1)), state.error),
        state.outstanding,
        np.where(read, found.diverged, state.diverged).astype(bool),
    )
