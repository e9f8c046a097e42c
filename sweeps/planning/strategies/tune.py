"""`hydra.sweeper.strategy=tune`: each combination of what is swept at the best of equally many trials.

The cells that the command names are not run as they are. Every combination of them (without the seed) gets
the same number of trials over `hydra.sweeper.tune`, with one seed that no named cell has, judged by a figure
on examples that were held out; with `rungs` by successive halving (Jamieson and Talwalkar 2016). Then the
named cells are run with the values of their combination's best trial.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sweeps.planning.grid import as_written
from sweeps.planning.identity import has_key, select
from sweeps.planning.strategies import tpe
from sweeps.planning.strategies.ranges import Range, drawn
from sweeps.records.plan import Cell, Plan
from sweeps.records.record import Record
from sweeps.records.strategy import (
    NAMED,
    OF_RUNGS,
    SEED,
    TRIALS,
    Step,
    key_of,
    settings_of,
    trial_ids,
    with_setting,
)

TRIAL_SEED = 1000  # of trials, unless a named cell has it: then the next


class Tune:
    """Finds the best values of tuned keys for each combination, and runs the named cells with them."""

    runs_named = False  # the cells that the command names stand for what is tuned

    def check(self, plan: Plan) -> Iterator[str]:
        """Yield what keeps a plan from being tuned."""
        yield from wrong(plan)

    def __call__(self, plan: Plan, records: Mapping[str, Record]) -> Step:
        """Return the next trials, then the named cells with what was chosen."""
        search = Search(plan, records)
        if missing := [*search.missing()]:
            return Step(missing, search.told, kind=TRIALS)
        for place, rung in enumerate(search.rungs[1:], start=1):
            if promoted := [*search.promoted(place)]:
                which = f"rung {place + 1} of {len(search.rungs)}, {search.rung_key} = {rung}"
                why = f"{which}: the best trials go on"
                return Step(promoted, why, kind=TRIALS)
        found = [*search.evaluation()]
        planned = {tuple(cell.overrides) for cell in plan.cells}
        if new := [overrides for overrides in found if tuple(overrides) not in planned]:
            return Step(new, "the chosen settings with the seeds of the evaluation")
        return Step(why=search.told, left=[*search.without_choice()])


tune = Tune()


@dataclass(frozen=True)
class Trial:
    """A trial of a combination: its number, its values, its cell, and the figure that it is judged by."""

    values: dict[str, Any]
    rung: int | None
    cell: Cell
    figure: float


@dataclass(frozen=True)
class Search:
    """The trials of a plan, and what follows from them."""

    plan: Plan
    records: Mapping[str, Record]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the strategy was told."""
        return settings_of(self.plan)

    @cached_property
    def ranges(self) -> dict[str, Range]:
        """What each key is tuned over."""
        return {key: Range.of(given) for key, given in self.settings["tune"].items()}

    @property
    def rung_key(self) -> str:
        """The key whose values the rungs are."""
        return str(self.settings["rung_key"])

    @property
    def rungs(self) -> list[int | None]:
        """The rungs; one None without successive halving."""
        return self.settings["rungs"] or [None]

    @cached_property
    def combinations(self) -> dict[tuple[str, ...], list[list[str]]]:
        """The named cells (their overrides) of each combination, which is theirs without the seed."""
        found: dict[tuple[str, ...], list[list[str]]] = {}
        for overrides in self.plan.strategy[NAMED]:
            found.setdefault(tuple(text for text in overrides if key_of(text) != SEED), []).append(overrides)
        return found

    @cached_property
    def by_combination(self) -> dict[tuple[str, ...], list[Trial]]:
        """The planned trials of each combination, in the order planned."""
        ids = trial_ids(self.plan)
        found: dict[tuple[str, ...], list[Trial]] = {combination: [] for combination in self.combinations}
        for cell in (cell for cell in self.plan.cells if cell.id in ids):
            values = {
                key: select(cell.config, key) if has_key(cell.config, key) else cell.choices.get(key)
                for key in self.ranges
            }
            rung = select(cell.config, self.rung_key) if self.settings["rungs"] else None
            record = self.records.get(cell.id)
            figure = -math.inf if record is None else reached(record, self.settings["judged_by"])
            found[self._combination(cell)].append(Trial(values, rung, cell, figure))
        return found

    def _combination(self, cell: Cell) -> tuple[str, ...]:
        """Return the combination that a trial is of: its trials differ from each other in tuned keys only."""
        own = self._fixed(cell.overrides)
        return next(each for each in self.combinations if self._fixed(self.trial(each, {}, None)) == own)

    def _fixed(self, overrides: Sequence[str]) -> frozenset[str]:
        of_rungs = (self.settings.get(key) for key in OF_RUNGS)
        free = {*self.ranges, *(filter(None, of_rungs) if self.settings["rungs"] else ())}
        return frozenset(text for text in overrides if key_of(text) not in free)

    def trial(
        self, combination: Sequence[str], values: Mapping[str, Any], rung: int | None, of: str = ""
    ) -> list[str]:
        """Return the overrides of a trial; `of` is the id of the one that it goes on from, if it does."""
        made = list(combination)
        more = {**self.settings["trial"], **values, SEED: trial_seed(self.plan)}
        if rung is not None:
            more[self.rung_key] = rung
            if rung != self.rungs[-1] and (kept := self.settings.get("rung_kept")):
                more[kept] = "true"
            if of and (source := self.settings.get("rung_from")):
                more[source] = f"'{of}'"
        for key, value in more.items():
            made = with_setting(made, key, as_written(value))
        return made

    def missing(self) -> Iterator[list[str]]:
        """Yield the trials that every combination still lacks, as many as can be chosen now."""
        first, number = self.rungs[0], self.settings["trials"]
        for combination, trials in self.by_combination.items():
            begun = [trial for trial in trials if trial.rung == first]
            for values in self.chosen_next(begun, number):
                yield self.trial(combination, values, first)

    def chosen_next(self, begun: Sequence[Trial], number: int) -> list[dict[str, Any]]:
        """Return the values of the next trials of a combination."""
        have = len(begun)
        if self.settings["sampler"] == "random":
            return [drawn(self.ranges, k) for k in range(have, number)]
        if have < min(tpe.STARTUP, number):
            return [drawn(self.ranges, k) for k in range(have, min(tpe.STARTUP, number))]
        past = [(trial.values, trial.figure) for trial in begun]
        return [tpe.suggested(self.ranges, past)] if have < number else []

    def promoted(self, place: int) -> Iterator[list[str]]:
        """Yield the trials that go on to a rung and are not planned there yet."""
        before, rung = self.rungs[place - 1], self.rungs[place]
        assert before is not None
        assert rung is not None
        planned = {tuple(cell.overrides) for cell in self.plan.cells}
        for combination, trials in self.by_combination.items():
            ended = [trial for trial in trials if trial.rung == before and trial.figure > -math.inf]
            best = sorted(ended, key=lambda trial: -trial.figure)
            keep = max(1, round(sum(t.rung == before for t in trials) * before / rung))
            for trial in best[:keep]:
                overrides = self.trial(combination, trial.values, rung, trial.cell.id)
                if tuple(overrides) not in planned:
                    yield overrides

    @cached_property
    def chosen(self) -> dict[tuple[str, ...], Trial | None]:
        """The best trial of each combination at the last rung, the first of equals; None: there is none."""
        found: dict[tuple[str, ...], Trial | None] = {}
        for combination, trials in self.by_combination.items():
            ended = [trial for trial in trials if trial.figure > -math.inf and trial.rung == self.rungs[-1]]
            found[combination] = max(ended, key=lambda trial: trial.figure) if ended else None
        return found

    def evaluation(self) -> Iterator[list[str]]:
        """Yield the named cells with the values that were chosen for their combination."""
        for combination, named in self.combinations.items():
            if (best := self.chosen[combination]) is not None:
                for overrides in named:
                    made = overrides
                    for key, value in best.values.items():
                        made = with_setting(made, key, as_written(value))
                    yield made

    def without_choice(self) -> Iterator[str]:
        """Yield a line for each combination of which no trial has a figure."""
        for combination, best in self.chosen.items():
            if best is None:
                figure = self.settings["judged_by"]
                yield f"  no trial of {' '.join(combination)} has a {figure}: not evaluated"

    @property
    def told(self) -> str:
        """How many trials there are of what."""
        keys = ", ".join(self.ranges)
        number, many = self.settings["trials"], len(self.combinations)
        each = f" for each of {many} combinations" if many > 1 else ""
        return f"{number} trial{'s' * (number > 1)} of {keys}{each} ({self.settings['sampler']})"


def trial_seed(plan: Plan) -> int:
    """Return the seed of the trials: none of the evaluation's."""
    taken = {
        text.partition("=")[2]
        for overrides in plan.strategy[NAMED]
        for text in overrides
        if key_of(text) == SEED
    }
    return next(seed for seed in range(TRIAL_SEED, TRIAL_SEED + len(taken) + 1) if str(seed) not in taken)


def wrong(plan: Plan) -> Iterator[str]:
    """Yield a line for each reason why a plan cannot be tuned."""
    settings = settings_of(plan)
    if claims := settings.get("claims"):
        yield f"hydra.sweeper.claims = {claims['file']}: has no effect with hydra.sweeper.strategy=tune"
    if not settings.get("tune"):
        yield "hydra.sweeper.tune = {}: must say what is tuned, such as {optimizer.lr: {log: [1e-4, 1]}}"
        return
    for key, given in settings["tune"].items():
        where = f"hydra.sweeper.tune: {key} = {given}"
        try:
            own = Range.of(given)
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if key in plan.swept or key == SEED:
            yield f"{where}: must not be swept as well"
        elif any(key_of(text) == key for overrides in plan.strategy[NAMED] for text in overrides):
            yield f"{where}: must not be set as well"
        elif own.kind != "list" and (found := _other_kind(plan, key, own)):
            yield f"{where}: must be {found}"
    if settings["sampler"] == "tpe" and not tpe.is_there():
        yield "hydra.sweeper.sampler = tpe: needs Optuna: pip install 'mlp-grid[optuna]'"


def _other_kind(plan: Plan, key: str, own: Range) -> str:
    """Return what a key must be tuned over, if the named cells have values of another kind; else nothing."""
    for cell in plan.cells:
        if key in cell.choices:
            return f"a list of options, as {key} = {cell.choices[key]} is one"
        if not has_key(cell.config, key):
            return f"of a key that the cells have; no cell has {key}"
        value = select(cell.config, key)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            return f"a list of values, as {key} = {value} is no number"
        if isinstance(value, int) and value and own.kind != "int":  # 0 may stand for 0.0
            low, high = math.ceil(own.low), math.floor(own.high)
            whole = f"{{int: [{low}, {high}]}}, or {key}=int(interval({low},{high}))"
            return f"whole numbers, as {key} = {value} is one: {whole}"
    return ""


def reached(record: Record, figure: str) -> float:
    """Return a figure of a run, minus infinity where it diverged or has none."""
    try:
        value: Any = select(record.data, figure) if record.status == "done" else None
    except KeyError:
        value = None
    return float(value) if isinstance(value, int | float) else -math.inf
