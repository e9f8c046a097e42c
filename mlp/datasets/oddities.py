"""What is allowed in somebody's own arrays but looks like a mistake: one line each, said while planning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mlp.workspace import Array

if TYPE_CHECKING:
    from mlp.datasets.data import Data

LARGE_FLOAT = 20.0  # beyond what standardised features reach
SMALL_BYTE = 64  # below what an image's brightest byte is
APART = 10.0  # times that the largest training and test input may differ
SHOWN = 5  # classes named in a line


def oddities(data: Data, all_labels: Array | None = None) -> Iterator[str]:
    """Yield what looks like a mistake in the data.

    `all_labels` are those of the whole training set, where the data have only its first examples.
    """
    yield from _labels(data, data.y_train if all_labels is None else all_labels)
    yield from _range(data)
    yield from _constant(data)


def _labels(data: Data, all_labels: Array) -> Iterator[str]:
    """Yield what is odd about the classes: numbered from 1, with gaps, not among the first, only tested."""
    every, used, tested = (np.unique(labels) for labels in (all_labels, data.y_train, data.y_test))
    if len(used) == 1:
        yield f"y_train has only the class {used[0]}: there is nothing to learn"
    if len(every) == data.classes - 1 and every[0] == 1:
        yield (
            f"labels go from 1 to {every[-1]}: class 0 has no example, and counts as one of {data.classes} "
            "classes; subtract 1 from them"
        )
    elif len(used) > 1 and len(every) < data.classes:
        gaps = _some(_absent(every, data.classes), data.classes - len(every))
        yield f"y_train has no example of {gaps}, of the classes 0 to {data.classes - 1}"
    if len(lost := np.setdiff1d(every, used)):
        shown = _some(lost[:SHOWN].tolist(), len(lost))
        yield f"the first {len(data.y_train)} training examples have none of {shown}, which come later"
    if len(new := np.setdiff1d(tested, every)):
        yield f"y_test has {_some(new[:SHOWN].tolist(), len(new))}, of which y_train has no example"


def _absent(present: Array, classes: int) -> list[int]:
    """Return the first classes that have no example, however many there are."""
    candidates = np.arange(min(classes, len(present) + SHOWN))
    return [int(label) for label in np.setdiff1d(candidates, present)[:SHOWN]]


def _range(data: Data) -> Iterator[str]:
    """Yield what is odd about the size of the inputs."""
    train, test = (float(np.abs(x).max()) if x.dtype != np.uint8 else int(x.max()) for x in _inputs(data))
    largest = max(train, test)
    if data.x_train.dtype == np.uint8:
        if 0 < largest < SMALL_BYTE:
            yield (
                f"bytes go up to {largest} only, and are divided by 255, so inputs to {largest / 255:.2g}; "
                "give floats to have them as they are"
            )
    elif largest > LARGE_FLOAT:
        yield f"floats go up to {largest:g}, and are taken as they are; scale them to around 0 to 1"
    if min(train, test) * APART < largest:
        yield f"x_train goes up to {train:g}, x_test up to {test:g}: are they scaled alike?"


def _constant(data: Data) -> Iterator[str]:
    """Yield that features tell nothing; of bytes, which have dark margins, only if most of them do."""
    constant = int((data.x_train == data.x_train[0]).all(axis=0).sum())
    if constant and (data.x_train.dtype != np.uint8 or 2 * constant > data.features):
        yield f"{constant} of {data.features} features are the same in all of x_train"


def _inputs(data: Data) -> tuple[Array, Array]:
    return data.x_train, data.x_test


def _some(labels: list[int], count: int) -> str:
    shown = ", ".join(map(str, labels))
    more = f" and {count - len(labels):,} more" if count > len(labels) else ""
    return f"class{'es' if count > 1 else ''} {shown}{more}"
