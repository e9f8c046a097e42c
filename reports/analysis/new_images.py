"""What cells and pairs of levels are worth on new test images, from the answers that their runs recorded."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.analysis.comparison import Comparison
from reports.analysis.images import TwoWay, for_new_images, from_sums
from reports.analysis.intervals import Floats, Integers
from reports.analysis.matched import Matched, match
from reports.analysis.outcomes import majority_accuracy
from reports.analysis.pairs import Pair
from reports.runs.once import once
from reports.runs.results import Results
from reports.runs.test_bits import Answers, correct

PLACE = "place among the runs"  # a column's name that no setting has
TOGETHER = 256  # runs whose answers are unpacked at once: 10 MB of 10,000 examples


def answers_by_cell(results: Results) -> dict[int, list[Answers]]:
    """Return the answers of each cell's finished runs, for cells whose runs all have them on one test set."""
    found: dict[int, list[Answers | None]] = {}
    for cell, cell_id in results.done[["cell", "cell_id"]].itertuples(index=False, name=None):
        found.setdefault(cell, []).append(results.answers.get(cell_id))
    whole = {cell: [each for each in runs if each] for cell, runs in found.items() if None not in runs}
    return {cell: runs for cell, runs in whole.items() if len({each.examples for each in runs}) == 1}


def accuracy_of(answers: Sequence[Answers]) -> TwoWay:
    """Return the accuracy of runs on the same test examples, for new seeds and new examples."""
    by_example = np.zeros(answers[0].examples)
    for start in range(0, len(answers), TOGETHER):
        by_example += correct(answers[start : start + TOGETHER]).sum(axis=0, dtype=np.uint32)
    by_seed = np.array([each.number for each in answers], dtype=np.float64)
    return from_sums(by_seed, by_example, float(by_seed.sum()))  # a bit is its own square


@once
def half_widths(results: Results) -> "pd.Series[float]":
    """Return, on the cell's number, the half-width of its test accuracy for new seeds and new images.

    NaN for cells whose finished runs did not all record their answers. With one seed it is for new images
    alone.
    """
    found = {cell: accuracy_of(each).interval().half for cell, each in answers_by_cell(results).items()}
    return pd.Series(found, dtype=float).reindex(results.cells.index)


def level_difference(
    runs: pd.DataFrame,
    answers: Mapping[str, Answers],
    factor: str,
    others: Sequence[str],
    first: str,
    second: str,
) -> TwoWay | None:
    """Return how far one level of a factor is ahead of another in test accuracy, seed by seed and by example.

    `runs` has a row for each planned run: columns `factor`, `others`, `seed`, `status` and `cell_id`. Within
    a seed the difference is averaged over all pairs of finished runs that differ in the level alone. None
    where there is no such pair, where one of a pair diverged (then the difference is not one of images), and
    where a run did not record its answers, or gave them on other examples.
    """
    placed = places_of(runs, factor, others)
    known = [placed.levels.index(level) for level in (first, second) if level in placed.levels]
    if len(known) < 2:
        return None
    return level_differences(placed.part(known), answers_in_order(runs, answers), [(0, 1)])[0]


def places_of(
    runs: pd.DataFrame, factor: str, others: Sequence[str], seeds: Sequence[Hashable] = ()
) -> Matched:
    """Return the matched runs of a factor's levels with their places in `runs` as `finished` values."""
    return match(runs.assign(**{PLACE: np.arange(len(runs))}), factor, PLACE, others, seeds=seeds)


def answers_in_order(runs: pd.DataFrame, answers: Mapping[str, Answers]) -> list[Answers | None]:
    """Return the answers of each run, None of those that recorded none."""
    return [answers.get(cell_id) for cell_id in runs["cell_id"]]


def level_differences(
    placed: Matched, answers: Sequence[Answers | None], pairs: Sequence[tuple[int, int]]
) -> list[TwoWay | None]:
    """Return the difference of each of these pairs of levels (places), as `level_difference` does of one.

    `placed` are the runs by their places in `answers` (`places_of`).
    """
    size = np.array([each.examples if each else 0 for each in answers])
    run = np.where(np.isfinite(placed.finished), placed.finished, -1).astype(np.intp)
    there = run >= 0
    sizes = np.where(there, size[run] if len(size) else 0, 0)
    found: list[TwoWay | None] = [None] * len(pairs)
    usable: dict[int, list[int]] = {}
    for number, (one, other) in enumerate(pairs):
        both, ended = there[one] & there[other], np.isfinite(placed.counted[[one, other]]).all(axis=0)
        alike = np.unique(sizes[[one, other]][:, both]).tolist()
        lost = (placed.diverged[one] | placed.diverged[other]) & ended
        if not lost.any() and len(alike) == 1 and alike[0]:
            usable.setdefault(alike[0], []).append(number)
    for examples, numbers in usable.items():
        made = summed(run, answers, [pairs[number] for number in numbers], examples)
        for number, each in zip(numbers, made, strict=True):
            found[number] = each
    return found


def summed(
    run: Integers, answers: Sequence[Answers | None], pairs: Sequence[tuple[int, int]], examples: int
) -> list[TwoWay]:
    """Return the differences of pairs of levels from the places of their runs (levels, blocks, seeds).

    A seed's answers are unpacked once for all pairs: weights of +1, −1 and 0 (pairs, runs) times bits.
    """
    first, second = np.array(pairs).T
    by_seed: list[Floats] = []
    by_example, squares = np.zeros((len(pairs), examples)), np.zeros(len(pairs))
    for seed in range(run.shape[2]):
        there = run[:, :, seed] >= 0
        both = there[first] & there[second]
        number = both.sum(axis=1)
        if not number.any():
            continue
        weight = np.zeros((len(pairs), *there.shape), dtype=np.float32)
        each = np.arange(len(pairs))
        weight[each, first], weight[each, second] = both, -both.astype(np.float32)
        needed = np.flatnonzero(weight.any(axis=0))
        total = products(
            weight.reshape(len(pairs), -1)[:, needed], run[:, :, seed].ravel()[needed], answers, examples
        )
        difference = total / np.maximum(number, 1)[:, None]
        by_seed.append(np.where(number > 0, difference.sum(axis=1), np.nan))
        by_example += difference
        squares += (difference**2).sum(axis=1)
    sums = np.stack(by_seed, axis=1)
    known = np.isfinite(sums)
    return [from_sums(sums[k][known[k]], by_example[k], float(squares[k])) for k in range(len(pairs))]


def products(
    weight: NDArray[np.float32], runs: Integers, answers: Sequence[Answers | None], examples: int
) -> Floats:
    """Return the weighted sums of runs' answers, (pairs, examples), a few runs at a time."""
    total = np.zeros((len(weight), examples))
    for start in range(0, len(runs), TOGETHER):
        part = [each for run in runs[start : start + TOGETHER] if (each := answers[run])]
        bits = correct(part).astype(np.float32)
        total += weight[:, start : start + TOGETHER] @ bits
    return total


def also_for_new_images(difference: TwoWay | None, pair: Pair) -> bool | None:
    """Whether a verdict ">" in test accuracy, which is for this test set, holds for new images, too.

    `difference` is `level_difference` of the pair's first and second. None: the pair is not decided by ">",
    or its runs do not say.
    """
    if difference is None or pair.relation != ">":
        return None
    return difference.mean > 0 and for_new_images(difference, (pair.high - pair.low) / 2)


def with_new_images(comparison: Comparison, placed: Matched, answers: Sequence[Answers | None]) -> Comparison:
    """Return a comparison by test accuracy whose pairs say whether they hold for new images, too.

    `placed` are its runs by their places in `answers`; of each pair those of the seeds of its look count.
    """
    told: dict[int, bool | None] = {}
    numbers = [number for number, pair in enumerate(comparison.pairs) if pair.relation == ">"]
    for look in {comparison.pairs[number].look for number in numbers}:
        own = [number for number in numbers if comparison.pairs[number].look == look]
        looked = [comparison.pairs[number] for number in own]
        ends = [(placed.levels.index(pair.first), placed.levels.index(pair.second)) for pair in looked]
        found = level_differences(placed.first(look), answers, ends)
        told |= zip(own, map(also_for_new_images, found, looked), strict=True)
    pairs = (replace(pair, new_images=told.get(number)) for number, pair in enumerate(comparison.pairs))
    return replace(comparison, pairs=tuple(pairs))


def yes_or_no(answer: bool | None) -> str:
    """Return what a table prints under "also for new images"."""
    return "–" if answer is None else "yes" if answer else "no"


def examples_and_chance(results: Results) -> tuple[int | None, float | None]:
    """Return how many test examples there are, and the accuracy of always naming their largest class.

    None of what the answers do not say, or not all alike: of several data sets each `part` has its own.
    """
    examples = {answers.examples for answers in results.answers.values()}
    classes = {tuple(total for _, total in answers.by_class) for answers in results.answers.values()}
    sizes = classes.pop() if len(classes) == 1 else ()
    return (
        examples.pop() if len(examples) == 1 else None,
        majority_accuracy(sizes) if sizes else None,
    )
