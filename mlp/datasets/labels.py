"""Labels of any kind, texts, numbers or booleans, and the classes 0, 1, … that a network knows them by."""

from dataclasses import dataclass

import numpy as np

from mlp.datasets.download import DatasetError
from mlp.workspace import Array

WORDS = {"U": "texts", "b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers"}
SHOWN = 5

Label = str | bool | int | float


@dataclass(frozen=True)
class Classes:
    """The labels of a data set in the order of their classes: numbers by size, texts by their characters."""

    labels: tuple[Label, ...]

    @classmethod
    def of(cls, labels: Array, where: str) -> "Classes":
        """Return the classes that training labels have; DatasetError unless there are two or more."""
        found = np.unique(labels).tolist()
        if len(found) < 2:
            raise DatasetError(f"{where}: all labels are {found[0]!r}: must be of at least two classes")
        return cls(tuple(found))

    def codes(self, labels: Array, where: str) -> Array:
        """Return the class of each label, (n,) int64; DatasetError for labels that no class has."""
        known = np.array(self.labels)
        if WORDS[known.dtype.kind] != WORDS[labels.dtype.kind]:
            kinds = WORDS[labels.dtype.kind], WORDS[known.dtype.kind]
            raise DatasetError(
                f"{where}: labels are {kinds[0]}, those to train on {kinds[1]}: must be of one kind"
            )
        new = np.setdiff1d(labels, known)
        if len(new):
            raise DatasetError(
                f"{where}: {listed(new.tolist())} {'is' if len(new) == 1 else 'are'} not among the training "
                f"labels: must be {listed(list(self.labels), 'or')}"
            )
        return np.searchsorted(known, labels).astype(np.int64)


def label_array(y: Array, where: str) -> Array:
    """Return labels as (n,) texts, booleans, integers or floats; DatasetError for anything else.

    A column (n, 1) is taken for (n,).
    """
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        hint = "; of one-hot rows give the column of the 1, y.argmax(axis=1)" if y.ndim == 2 else ""
        raise DatasetError(f"{where}: has shape {y.shape}: must be (examples,), one label each{hint}")
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind in "OT":
        y = _from_objects(y, where)
    if y.dtype.kind not in WORDS:
        raise DatasetError(f"{where}: holds {y.dtype}: must be texts, numbers or booleans")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(y))[0])
        raise DatasetError(f"{where}: row {row + 1} has the label {y[row]}: must be a finite number")
    return y


def _from_objects(y: Array, where: str) -> Array:
    """Return Python objects as an array of one kind."""
    items = y.tolist()
    missing = (row for row, item in enumerate(items, 1) if item is None or item != item)
    if (row := next(missing, None)) is not None:
        raise DatasetError(f"{where}: row {row} has no label")
    for kinds, dtype in (((str,), np.str_), ((bool, np.bool_), np.bool_)):
        if all(isinstance(item, kinds) for item in items):
            return np.array(items, dtype=dtype)
    if any(isinstance(item, str | bool | np.bool_) for item in items):
        names = sorted({type(item).__name__ for item in items})
        raise DatasetError(f"{where}: has labels of the types {', '.join(names)}: must be of one kind")
    return np.array(items)


def listed(labels: list[Label], word: str = "and") -> str:
    """Return labels as a sentence has them, the first few where there are many."""
    shown = [repr(label) for label in labels[:SHOWN]]
    if len(labels) > SHOWN:
        return f"{', '.join(shown)} {word} {len(labels) - SHOWN:,} more"
    return f" {word} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
