"""What a trained network predicts of the test examples, as counts of classes and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlp.datasets.labels import Label
from mlp.workspace import Array
from sweeps.records.record import Record


@dataclass(frozen=True)
class Predictions:
    """What a network says of the test examples: labels, predicted (n,), and scores (n, classes).

    `names` are what the classes are called, where they have names.
    """

    labels: Array
    scores: Array
    names: tuple[Label, ...] | None = None

    def name(self, label: int) -> str:
        """Return what a class is called."""
        return str(label if self.names is None else self.names[label])

    @property
    def predicted(self) -> Array:
        """The class given to each example."""
        classes: Array = self.scores.argmax(axis=1)
        return classes

    @property
    def counts(self) -> Array:
        """How many examples of each class (rows) were given which (columns)."""
        classes = self.scores.shape[1]
        flat = np.bincount(self.labels * classes + self.predicted, minlength=classes**2)
        return flat.reshape(classes, classes)

    @property
    def accuracy(self) -> float:
        """Share of the examples that were given their class."""
        return float((self.predicted == self.labels).mean())

    def mistakes(self) -> Array:
        """Return the rows that were given a wrong class, most confident first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.lead()[wrong], kind="stable")]

    def lead(self) -> Array:
        """Return by how much the largest output of each example exceeds that of its true class."""
        lead: Array = self.scores.max(axis=1) - self.scores[np.arange(len(self.labels)), self.labels]
        return lead


def table(record: Record, predictions: Predictions) -> Iterator[str]:
    """Yield, line by line, how well each class was recognised and what it was taken for."""
    yield record.path.name
    wrong = int((predictions.predicted != predictions.labels).sum())
    yield f"test accuracy {predictions.accuracy:.4f}: {wrong:,} of {len(predictions.labels):,} examples wrong"
    if (final := (record.data.get("final") or {}).get("test_accuracy")) is not None:
        yield from differs(predictions, final)
    yield ""
    width = max(5, *(len(predictions.name(label)) for label in range(predictions.scores.shape[1])))
    yield f"{'class':>{width}}  {'examples':>8}  {'recall':>6}  {'precision':>9}  most often taken for"
    counts = predictions.counts
    for label, row in enumerate(counts):
        given = int(counts[:, label].sum())
        others = np.where(np.arange(len(row)) == label, 0, row)
        most = predictions.name(int(others.argmax()))
        taken = f"{most} ({others.max():,} times)" if others.max() else "nothing"
        yield (
            f"{predictions.name(label):>{width}}  {row.sum():>8,}  {share(row[label], row.sum()):>6}  "
            f"{share(row[label], given):>9}  {taken}"
        )


def differs(predictions: Predictions, recorded: object) -> Iterator[str]:
    """Yield a line if the record says another test accuracy."""
    if not isinstance(recorded, float | int) or abs(recorded - predictions.accuracy) > 1e-9:
        why = "the weights kept are those of the best epoch, or the data are others"
        yield f"the record says {recorded!s:.12} of the network after its last epoch: {why}"


def share(part: int, whole: int) -> str:
    """Return a share as a decimal fraction; a dash for one of nothing."""
    return f"{part / whole:.3f}" if whole else "-"
