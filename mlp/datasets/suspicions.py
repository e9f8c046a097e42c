"""What is allowed in examples of one's own but looks like a mistake: one line each, said while planning."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mlp.datasets.labels import listed
from mlp.workspace import Array

if TYPE_CHECKING:
    from mlp.datasets.data import Data
    from mlp.datasets.examples import Examples

LARGE_INPUT = 20.0  # beyond what standardised features reach
APART = 100.0  # times that the spreads of two features may differ without being scaled
SMALL_BYTE = 64  # below what an image's brightest byte is
FEW = 5  # examples of a class below which its figures mean little
UNEVEN = 1.5  # times the test examples of the smallest class that the largest may have: MNIST has 1.3
MANY_LABELS = 20  # distinct numbers from which labels look measured, not named
SHOWN = 5


def suspicions(data: "Data", source: "Examples", scale: str) -> Iterator[str]:
    """Yield what looks wrong in examples as they were read, and in the data set that they make."""
    yield from _constant(data, source)
    if scale == "none":
        yield from _unscaled(data, source)
    yield from _numbering(source)
    yield from _classes(data)
    yield from _uneven(data)
    yield from _measured(source.y)
    yield from _shared(data)


def _constant(data: "Data", source: "Examples") -> Iterator[str]:
    """Yield which inputs tell nothing; of bytes, which have dark margins, only if most of them do."""
    places = np.flatnonzero((data.x_train == data.x_train[0]).all(axis=0))
    if len(places) and (source.x.dtype != np.uint8 or 2 * len(places) > data.features):
        yield f"{_features(places, source)} the same in all training examples"


def _unscaled(data: "Data", source: "Examples") -> Iterator[str]:
    """Yield that inputs are on scales that a network does not learn from, or far from one another's."""
    x = data.x_train
    if x.dtype == np.uint8:
        if 0 < (brightest := int(x.max())) < SMALL_BYTE:
            yield f"bytes go up to {brightest} only, and are divided by 255; floats are taken as they are"
        return
    spreads = x.std(axis=0, dtype=np.float64)
    varying = np.flatnonzero(spreads > 0)
    if not len(varying):
        return
    wide, narrow = (int(varying[pick(spreads[varying])]) for pick in (np.argmax, np.argmin))
    if spreads[wide] > APART * spreads[narrow]:
        yield (
            f"inputs have very different scales: the standard deviation of {_name(wide, source)} is "
            f"{spreads[wide]:.2g}, that of {_name(narrow, source)} {spreads[narrow]:.2g}; "
            "dataset.scale=standard makes them alike"
        )
    elif (largest := float(np.abs(x).max())) > LARGE_INPUT:
        yield f"inputs go up to {largest:g}; dataset.scale=standard or unit scales them"


def _numbering(source: "Examples") -> Iterator[str]:
    """Yield that a column counts the rows: an index that was written along, which tells labels in order."""
    if not source.names or len(source.x) < 3:
        return
    x = source.x.astype(np.float64, copy=False)
    at_first = np.flatnonzero((np.diff(x[:3], axis=0) == 1).all(axis=0))
    places = at_first[(np.diff(x[:, at_first], axis=0) == 1).all(axis=0)]
    if len(places):
        yield f"{_features(places, source)} the number of the row: leave it out unless it means something"


def _classes(data: "Data") -> Iterator[str]:
    """Yield which classes have hardly any examples to train or to test on."""
    names = data.labels or ()
    counts = {"train": data.y_train, "test": data.y_test}
    for part, y in counts.items():
        found = np.bincount(y, minlength=data.classes)
        few = np.flatnonzero(found < FEW)
        if len(few):
            told = listed([f"{names[k]} ({found[k]})" for k in few.tolist()])
            yield f"few examples to {part} on of {told.replace(chr(39), '')}"


def is_uneven(data: "Data") -> bool:
    """Whether the largest class of the test set has more than UNEVEN times the examples of the smallest."""
    found = np.bincount(data.y_test, minlength=data.classes)
    return bool(found.max() > UNEVEN * found.min())


def _uneven(data: "Data") -> Iterator[str]:
    """Yield that accuracy is mostly that of the largest class."""
    found = np.bincount(data.y_test, minlength=data.classes)
    large, small = int(found.argmax()), int(found.argmin())
    if is_uneven(data):
        names = data.labels or ()
        yield (
            f"classes are of uneven size: {found[large]} test examples of {names[large]}, {found[small]} of "
            f"{names[small]}; accuracy says little of the small ones, test_balanced_accuracy is fair to them"
        )


def _measured(labels: Array) -> Iterator[str]:
    """Yield that labels look like a quantity: many distinct numbers."""
    if labels.dtype.kind not in "iuf":
        return
    distinct = len(np.unique(labels))
    fractions = labels.dtype.kind == "f" and bool((labels != np.round(labels)).any())
    if distinct > MANY_LABELS and (fractions or 2 * distinct > len(labels)):
        yield (
            f"labels are {distinct:,} different numbers among {len(labels):,} examples: they look measured, "
            "but each is a class of its own here"
        )


def _shared(data: "Data") -> Iterator[str]:
    """Yield how many test examples are among the training examples, too."""
    known = {row.tobytes() for row in data.x_train}
    again = sum(row.tobytes() in known for row in data.x_test)
    if again:
        verb = "has" if again == 1 else "have"
        yield f"{again:,} of {len(data.x_test):,} test examples {verb} the inputs of a training example"


def _name(place: int, source: "Examples") -> str:
    return repr(source.names[place]) if source.names else f"input {place + 1}"


def _features(places: Array, source: "Examples") -> str:
    """Return which inputs there are at these places, with the verb that follows."""
    shown = ", ".join(_name(int(place), source) for place in places[:SHOWN])
    more = f" and {len(places) - SHOWN:,} more" if len(places) > SHOWN else ""
    return f"{shown}{more} {'is' if len(places) == 1 else 'are'}"
