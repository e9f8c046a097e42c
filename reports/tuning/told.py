"""What a search for settings shows, as tables and sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reports.analysis.intervals import Floats, Mask
from reports.runs.factors import label
from reports.tables.table import Table, text_table
from reports.tuning.budget import BestSoFar, best_so_far, ranking, running_best, sensitivity, stable_from
from reports.tuning.trials import Trials

POINT = 0.01  # within so much of the best a trial is as good for most uses
NAMED = 8  # combinations in a sentence


@dataclass(frozen=True)
class Tuning:
    """The trials of a sweep, of which all of the first rung have ended."""

    trials: Trials

    @property
    def most(self) -> int:
        """The number of trials of a combination."""
        return int(self.trials.judged.shape[1])

    @cached_property
    def best(self) -> Floats:
        """The running best in many orders."""
        return running_best(self.trials.judged)

    def options(self, factor: int) -> list[str]:
        """Return the levels of a factor, in the order planned."""
        return list(dict.fromkeys(levels[factor] for levels in self.trials.combinations))

    def having(self, factor: int, option: str) -> Mask:
        """Return which combinations have an option."""
        return np.array([levels[factor] == option for levels in self.trials.combinations])

    def curves(self, factor: int) -> dict[str, BestSoFar]:
        """Return the best-so-far curve of each option of a factor."""
        return {own: best_so_far(self.best, self.having(factor, own)) for own in self.options(factor)}

    def order(self, factor: int, trials: int) -> list[str]:
        """Return the options of a factor in the order of their best after so many trials."""
        curves = self.curves(factor)
        return [[*curves][place] for place in ranking([*curves.values()], trials)]


def tuning_of(trials: Trials | None) -> Tuning | None:
    """Return what trials show; None before the first rung has ended for all combinations."""
    if trials is None or not trials.trials:
        return None
    whole = all(
        len(own) == trials.settings["trials"] and all(trial.ended for trial in own)
        for own in trials.first.values()
    )
    return Tuning(trials) if whole and np.isfinite(trials.judged).any() else None


def tables(tuning: Tuning | None) -> Iterator[Table]:
    """Yield the table of what was chosen, and those of the ranking at each number of trials."""
    if tuning is None:
        return
    yield chosen_table(tuning)
    if tuning.trials.factors:
        yield budget_table(tuning)


def chosen_table(tuning: Tuning) -> Table:
    """Return what was chosen for each combination, and how sure that is."""
    trials = tuning.trials
    ends = (trials.figure, "at the edge of its range", "trials", "without a figure")
    heads = (*trials.names, *trials.keys, *ends)
    rows = []
    for combination in trials.combinations:
        best, own = trials.chosen(combination), trials.first[combination]
        values = [label(value) for value in best.values] if best else ["–" for _ in trials.keys]
        edges = ", ".join(trials.at_edge(best)) if best else ""
        lost = sum(trial.figure != trial.figure for trial in own)
        figure = f"{best.figure:.4f}" if best else "–"
        rows.append((*combination, *values, figure, edges, str(len(own)), str(lost)))
    return text_table("tuning", "What was chosen for each combination", heads, rows, judged_note(trials))


def budget_table(tuning: Tuning) -> Table:
    """Return the best after each number of trials, by option of each factor."""
    trials = tuning.trials
    counts = range(1, tuning.most + 1)
    after = (f"{n} trial{'s' * (n > 1)}" for n in counts)
    heads = ("factor", "option", *after, "trials within 1 pp of the best")
    rows = []
    for factor, name in enumerate(trials.names):
        for option, curve in tuning.curves(factor).items():
            near = sensitivity(trials.judged, tuning.having(factor, option), POINT)
            rows.append((name, option, *(f"{value:.4f}" for value in curve.mean), f"{100 * near:.0f} %"))
    note = "Means over combinations and random orders of the trials (Dodge et al. 2019)."
    return text_table("tuning_budget", "Best so far after each number of trials", heads, rows, note)


def judged_note(trials: Trials) -> str:
    """Return what trials are and what judges them."""
    return (
        f"Trials have seeds of their own and are judged by {trials.figure}; they are in no other table. "
        "Without a figure: diverged or failed, which counts as the worst."
    )


def sentences(tuning: Tuning | None) -> Iterator[str]:
    """Yield what the search shows: how much of it there was, how the order depends on it, edges."""
    if tuning is None:
        return
    trials = tuning.trials
    keys, number = ", ".join(trials.keys), len(trials.combinations)
    each = f" for each of {number} combinations" if number > 1 else ""
    count = f"{tuning.most} trial{'s' * (tuning.most > 1)}"
    yield (
        f"{count} of {keys}{each}, judged by {trials.figure} with "
        f"seeds of their own ({trials.settings['sampler']})."
    )
    yield from chosen_text(tuning)
    for factor, name in enumerate(trials.names):
        if len(tuning.options(factor)) > 1:
            yield order_text(tuning, factor, name)
    chosen = [best for one in trials.combinations if (best := trials.chosen(one))]
    edges = [best for best in chosen if trials.at_edge(best)]
    yield (
        f"{len(edges)} of {len(chosen)} chosen settings lie at the edge of their range"
        + (f": {combinations_text([best.levels for best in edges])}." if edges else ".")
    )


def chosen_text(tuning: Tuning | None) -> Iterator[str]:
    """Yield which values were chosen, for the first combinations; nothing before the first rung has ended."""
    if tuning is None:
        return
    trials = tuning.trials
    chosen = [(one, best) for one in trials.combinations if (best := trials.chosen(one))]
    told = [" ".join((*one, *settings_text(trials.keys, best.values))) for one, best in chosen[:NAMED]]
    if told:
        yield f"Chosen: {'; '.join(told)}{more_text(len(chosen))}."


def settings_text(keys: Sequence[str], values: Sequence[object]) -> list[str]:
    """Return tuned values as they are set."""
    return [f"{key}={label(value)}" for key, value in zip(keys, values, strict=True)]


def order_text(tuning: Tuning, factor: int, name: str) -> str:
    """Return the order of a factor's options after all trials, and from how many on it is that."""
    curves = tuning.curves(factor)
    order, first = tuning.order(factor, tuning.most), tuning.order(factor, 1)
    stable = stable_from([*curves.values()])
    told = f"{name} by the best of {tuning.most} trials: {', '.join(order)}"
    if stable == 1:
        return f"{told}; the same after any number of trials."
    return f"{told}; so from {stable} trials on (after 1: {', '.join(first)})."


def combinations_text(combinations: Sequence[tuple[str, ...]]) -> str:
    """Return combinations as people list them."""
    told = [" ".join(levels) or "the only one" for levels in combinations[:NAMED]]
    return "; ".join(told) + more_text(len(combinations))


def more_text(number: int) -> str:
    """Return how many of so many combinations are not named."""
    return f"; and {number - NAMED} more" if number > NAMED else ""
