"""What is known of data sets: how many examples they have, and how common the largest class is."""

from dataclasses import dataclass, replace

from reports.runs.factors import DATASET
from reports.runs.results import Results


@dataclass(frozen=True)
class TestSet:
    """The number of test examples, and the accuracy of always naming the largest class; None: not known.

    The same of the training examples. `classes`: how many classes have test examples.
    """

    __test__ = False  # for pytest, which takes the name for a class of tests

    examples: int | None = None
    chance: float | None = None
    train_examples: int | None = None
    train_chance: float | None = None
    classes: int | None = None


KNOWN = {
    "mnist": TestSet(10_000, 0.1135, 60_000, 6742 / 60_000),
    "fashion_mnist": TestSet(10_000, 0.1, 60_000, 0.1),
}
UNKNOWN = TestSet()


def test_set(results: Results) -> TestSet:
    """Return what is known of the test set of results that are all of one data set.

    Of somebody's own data the records say how common the largest class is; splits differ in it by an example.
    """
    chosen = results.settings[DATASET].unique() if DATASET in results.settings else ()
    names = set(map(str, chosen))
    known = KNOWN.get(names.pop(), UNKNOWN) if len(names) == 1 else UNKNOWN
    classes = set(results.classes.values())
    known = replace(known, classes=classes.pop() if len(classes) == 1 else known.classes)
    majority = results.done.get("test_majority_accuracy")  # not in what is kept of published runs
    if known.chance is not None or majority is None or majority.empty or majority.isna().any():
        return known
    sizes = {answers.examples for answers in results.answers.values()}
    return replace(known, examples=sizes.pop() if len(sizes) == 1 else None, chance=float(majority.mean()))


test_set.__test__ = False  # type: ignore[attr-defined]
