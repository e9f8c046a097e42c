"""The comparisons that a report of a sweep makes on the main metric, and the cells that each rests on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.analysis.effects import Effect, effects_of
from reports.analysis.looks import Looks
from reports.analysis.pairs import Pair
from reports.deciding.question import block_of, runs_of
from reports.runs.results import Results


@dataclass(frozen=True)
class Compared:
    """Two levels of a factor compared; `within`: the level of the factor that it depends on ("": of none).

    `runs` are the ids of the runs of both levels in the blocks that have both.
    """

    effect: Effect
    within: str
    pair: Pair
    runs: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is neither decided nor shown to be negligible."""
        return self.pair.relation == "?"

    @property
    def title(self) -> str:
        """The factor, where it is compared, and the two levels."""
        where = f" with {self.effect.depends_on or 'cell'} {self.within}" if self.within else ""
        return f"{self.effect.title}{where}: {self.pair.first} and {self.pair.second}"


def main_effects(results: Results, looks: Looks) -> list[Effect]:
    """Return the effects of all factors on the main metric, as a report has them."""
    return effects_of(results.by_dataset(), looks, (results.main.name,))


def comparisons(results: Results, effects: Sequence[Effect]) -> list[Compared]:
    """Return every two levels that are compared, if runs that match are planned."""
    parts = results.by_dataset()
    return [each for effect in effects for each in of_effect(effect, parts[effect.data])]


def left_out(effects: Sequence[Effect]) -> list[str]:
    """Return the levels that nothing can be said of, for want of runs with a result, and why."""
    shown = [(effect, each) for effect in effects for each in effect.shown.values()]
    told = [f"{e.title}: {level}, {why}" for e, each in shown for level, why in each.left_out.items()]
    return list(dict.fromkeys(told))


def of_effect(effect: Effect, part: Results) -> Iterator[Compared]:
    """Yield the comparisons of one factor."""
    others = [name for name in part.names if name != effect.factor]
    blocks = block_of(part.runs, others)
    for within, comparison in effect.shown.items():
        inside = part.runs if not within else part.runs[place_of(part, effect, others) == within]
        for pair in comparison.pairs:
            if runs := runs_of(inside, blocks, effect.factor, (pair.first, pair.second)):
                yield Compared(effect, within, pair, runs)


def place_of(part: Results, effect: Effect, others: Sequence[str]) -> "pd.Series[str]":
    """Return each run's level of the factor that the order depends on, or its cell, named as in `within`."""
    names = [effect.depends_on] if effect.depends_on else list(others)
    return part.runs[names].astype(str).agg(", ".join, axis=1)


def counts(found: Sequence[Compared]) -> Mapping[str, int]:
    """Return how many comparisons stand how."""
    return {relation: sum(each.pair.relation == relation for each in found) for relation in (">", "≈", "?")}
