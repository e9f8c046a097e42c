"""Somebody's own examples: inputs and labels of any sound type, and the data set that is made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlp.datasets.data import Data, train_examples
from mlp.datasets.download import DatasetError
from mlp.datasets.labels import Classes, label_array
from mlp.datasets.scaling import fitted
from mlp.datasets.split import stratified
from mlp.workspace import Array

BYTE = 1 / 255


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs x (n, features), bytes (uint8) or floats, with labels y (n,), and what to call them in messages.

    `names` are those of the features, empty where they have none; `label` is the column of a table that the
    labels are from.
    """

    x: Array
    y: Array
    where: str
    names: tuple[str, ...] = ()
    label: str = ""

    @classmethod
    def of(cls, x: Array, y: Array, where: str, names: Sequence[str] = ("X", "y")) -> "Examples":
        """Return examples from arrays as they come; DatasetError for what they cannot be.

        x: (n, …), flattened after the first axis; y: (n,); `names` are those of the two arrays.
        """
        inputs = inputs_of(x, f"{where}: {names[0]}")
        labels = label_array(y, f"{where}: {names[1]}")
        if len(labels) != len(inputs):
            raise DatasetError(
                f"{where}: {names[0]} has {len(inputs):,} rows, {names[1]} {len(labels):,} labels: must agree"
            )
        return cls(inputs, labels, where)


@dataclass(frozen=True)
class Preparation:
    """What is done to examples before they are trained on.

    test_share: share of the examples to test on, where there are none for it
    seed: of that split
    scale: none, unit or standard
    train_size: the first so many training examples; None: all
    """

    test_share: float
    seed: int
    scale: str
    train_size: int | None = None


def inputs_of(x: Array, where: str) -> Array:
    """Return inputs (n, features) as bytes or floats; DatasetError for what is none, or not finite."""
    if x.ndim < 2 or 0 in x.shape:
        raise DatasetError(f"{where} has shape {x.shape}: must be (examples, features), none of them 0")
    if x.dtype.kind not in "biuf":
        raise DatasetError(f"{where} holds {x.dtype}: must be numbers")
    flat = np.ascontiguousarray(x.reshape(len(x), -1))
    if flat.dtype == np.uint8:
        return flat
    flat = flat if flat.dtype.kind == "f" else flat.astype(np.float64)
    with np.errstate(over="ignore"):
        wrong = ~np.isfinite(flat.astype(np.float32, copy=False))
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        raise DatasetError(
            f"{where} has {flat[row, column]:g} in row {row + 1}, column {column + 1}: "
            "must be a finite number of float32's range"
        )
    return flat


def prepared(train: Examples, test: Examples | None, how: Preparation, sha256: str) -> Data:
    """Return the data set that examples make.

    Raises DatasetError for parts that do not fit together, ValueError for a train_size beyond them.
    """
    classes = Classes.of(train.y, train.where)
    y_train, x_train = classes.codes(train.y, train.where), train.x
    if test is None:
        x_train, y_train, x_test, y_test = _split(x_train, y_train, how, train.where)
    else:
        _require_alike(train, test)
        x_test, y_test = test.x, classes.codes(test.y, test.where)
    size = train_examples(how.train_size, len(y_train))
    x_train, y_train = x_train[:size], y_train[:size]
    made = Data(x_train, y_train, x_test, y_test, 1.0, len(classes.labels), sha256, labels=classes.labels)
    return _scaled(made, how.scale)


def _split(x: Array, y: Array, how: Preparation, where: str) -> tuple[Array, Array, Array, Array]:
    train, test = stratified(y, how.test_share, how.seed)
    if not len(test):
        raise DatasetError(
            f"{where}: test_share = {how.test_share:g} of {len(y):,} examples in {y.max() + 1:,} classes "
            "leaves none to test on: must be larger, or there must be more examples"
        )
    return x[train], y[train], x[test], y[test]


def _require_alike(train: Examples, test: Examples) -> None:
    """Raise DatasetError unless test inputs are of the training inputs' width and type."""
    if train.x.shape[1] != test.x.shape[1]:
        raise DatasetError(
            f"{test.where}: has {test.x.shape[1]:,} features, the training examples have "
            f"{train.x.shape[1]:,}: must agree"
        )
    if (train.x.dtype == np.uint8) != (test.x.dtype == np.uint8):
        raise DatasetError(
            f"{test.where}: holds {test.x.dtype}, the training examples hold {train.x.dtype}: both must be "
            "bytes (uint8), which are divided by 255, or neither"
        )


def _scaled(data: Data, rule: str) -> Data:
    """Return the data as inputs: bytes stay bytes unless they are scaled; all else becomes float32."""
    bytes_ = data.x_train.dtype == np.uint8
    if rule == "none" and bytes_:
        return replace(data, scale=BYTE, byte_scale=BYTE)
    scaling = fitted(rule, data.x_train * BYTE if bytes_ else data.x_train)
    parts = (x * BYTE if bytes_ else x for x in (data.x_train, data.x_test))
    x_train, x_test = (
        np.ascontiguousarray(x, dtype=np.float32) if scaling is None else scaling(x) for x in parts
    )
    return replace(data, x_train=x_train, x_test=x_test, scaling=scaling, byte_scale=BYTE if bytes_ else 1.0)
