"""What a loss is: one value per example, and the gradient of their mean or sum in the logits."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy import multiply
from numpy.typing import DTypeLike

from mlp.ranges import Checked, one_of
from mlp.workspace import Array, Workspace

Reduction = Annotated[str, one_of("mean", "sum")]


@dataclass(frozen=True, kw_only=True)
class Loss(Checked, ABC):
    """A function of the network's raw outputs (logits) and the true classes (one-hot targets).

    The arrays may have either memory order. Column-major is faster: a sum over the classes then runs along
    the batch, which is many times longer than a row of classes.
    """

    clips: ClassVar[bool] = False
    """Whether a difference of logits beyond the range of the dtype counts as the lowest number in it.

    Then it is no mistake, and NumPy is not to warn of it.
    """

    reduction: Reduction = "mean"

    def __call__(
        self, logits: Array, targets: Array, grad: Array, work: Workspace, *, batch: int | None = None
    ) -> Array:
        """Return the loss of each example (batch,) and write d(mean or sum)/d(logits) into grad.

        logits, targets, grad: (batch, classes); targets are one-hot. The array returned is scratch.
        With `batch` given, the arrays hold several batches of so many examples, and each has its own mean.
        """
        if not self.clips:
            return self.unguarded(logits, targets, grad, work, batch=batch)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.unguarded(logits, targets, grad, work, batch=batch)

    def unguarded(
        self, logits: Array, targets: Array, grad: Array, work: Workspace, *, batch: int | None = None
    ) -> Array:
        """Do the same for a training loop, which has turned NumPy's warnings off once for all of its steps.

        Turning them off takes 0.7 µs: a tenth of softmax_ce on a batch of 10.
        """
        values = self.per_example(logits, targets, grad, work)
        if self.reduction == "mean":
            (share,) = work.numbers(1.0 / (batch or len(grad)))
            multiply(grad, share, grad)
        return values

    @abstractmethod
    def per_example(self, logits: Array, targets: Array, grad: Array, work: Workspace) -> Array:
        """Return the loss of each example (batch,) and write the gradient of their sum into grad."""


def bare(loss: Loss) -> Callable[..., Array]:
    """Return what a training loop calls: `unguarded`, or a loss itself that has its own way to be called."""
    return loss.unguarded if type(loss).__call__ is Loss.__call__ else loss


def scratch_like(array: Array, name: str, work: Workspace) -> Array:
    """Return a scratch array of the same shape (…, batch, classes), column-major: see Loss."""
    return scratch(work, name, array.shape)


def scratch(work: Workspace, name: str, shape: tuple[int, ...]) -> Array:
    """Return a scratch array of the shape (…, batch, classes), column-major: see Loss."""
    *networks, batch, classes = shape
    return work(name, (*networks, classes, batch)).mT


def one_hot(labels: Array, classes: int, dtype: DTypeLike = np.float32) -> Array:
    """Return the rows (batch, classes) that are 1 at the label and 0 elsewhere.

    labels: integers (batch,); ValueError if one is not in 0 ... classes − 1.
    """
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels = {labels.min()} ... {labels.max()}: must be in 0 ... {classes - 1}")
    return np.eye(classes, dtype=dtype)[labels]
