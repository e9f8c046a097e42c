"""What cells and pairs of levels are worth on new test images, from the answers that their runs recorded."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from reports.analysis.images import TwoWay, for_new_images, from_sums, two_way
from reports.analysis.intervals import Floats
from reports.analysis.outcomes import DIVERGED, DONE, majority_accuracy
from reports.analysis.pairs import Pair
from reports.runs.results import Results
from reports.runs.test_bits import Answers


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
    for each in answers:
        by_example += each.correct
    by_seed = np.array([each.correct.sum() for each in answers], dtype=np.float64)
    return from_sums(by_seed, by_example, float(by_seed.sum()))  # a bit is its own square


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
    keys = [*others, "seed"]
    levels = runs[factor].astype(str)
    one, other = (runs.loc[levels == level, [*keys, "status", "cell_id"]] for level in (first, second))
    both = one.merge(other, on=keys, suffixes=("_1", "_2"))
    states = both[["status_1", "status_2"]]
    pairs = both[(states == DONE).all(axis=1)]
    ids = pairs[["cell_id_1", "cell_id_2"]].to_numpy(dtype=object).ravel()
    sizes = {answers[cell].examples if cell in answers else 0 for cell in ids}
    lost = states.isin([DONE, DIVERGED]).all(axis=1) & (states == DIVERGED).any(axis=1)
    if lost.any() or len(sizes) != 1 or 0 in sizes:
        return None
    by_seed = pairs.groupby("seed", sort=False)[["cell_id_1", "cell_id_2"]]
    return two_way(np.stack([mean_difference(answers, part) for _, part in by_seed]))


def mean_difference(answers: Mapping[str, Answers], pairs: pd.DataFrame) -> Floats:
    """Return first − second of each example, averaged over pairs of runs, (examples,)."""
    total = np.zeros(answers[str(pairs.iloc[0, 0])].examples)
    for one, other in pairs.itertuples(index=False, name=None):
        total += answers[one].correct
        total -= answers[other].correct
    return total / len(pairs)


def also_for_new_images(difference: TwoWay | None, pair: Pair) -> bool | None:
    """Whether a verdict ">" in test accuracy, which is for this test set, holds for new images, too.

    `difference` is `level_difference` of the pair's first and second. None: the pair is not decided by ">",
    or its runs do not say.
    """
    if difference is None or pair.relation != ">":
        return None
    return difference.mean > 0 and for_new_images(difference, (pair.high - pair.low) / 2)


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
