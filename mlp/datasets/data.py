"""What every data set gives: arrays, and the dimensions that are known before they are loaded."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlp.datasets.identity import Identity, sha256_of_arrays
from mlp.datasets.labels import Label
from mlp.datasets.oddities import oddities
from mlp.datasets.scaling import Scaling
from mlp.workspace import Array


@dataclass(frozen=True)
class Dimensions:
    """What is known of a data set before it is loaded: numbers of examples, features and classes."""

    train: int
    test: int
    features: int
    classes: int


@dataclass(frozen=True)
class Data:
    """Arrays to train and test on.

    x_train and x_test are (n, features): read-only uint8, or float32; times `scale` they are the inputs.
    y_train and y_test are (n,) integer labels in [0, classes). `sha256` identifies the data in a run record:
    that of the file or files that they were read from; left out, it is taken over the arrays.

    `labels` are what the classes 0, 1, … were called, None if they had no other names. Inputs to which
    `scaling` was applied are told by it; `byte_scale` is what bytes are multiplied with before.

    With `columns` (features,) given, column j of x is input columns[j] of the original, and row i of x_train
    is zero from column extent_train[i] on; x_test likewise.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    scale: float
    classes: int
    sha256: str = ""
    columns: Array | None = None
    extent_train: Array | None = None
    extent_test: Array | None = None
    labels: tuple[Label, ...] | None = None
    scaling: Scaling | None = None
    byte_scale: float = 0.0

    def __post_init__(self) -> None:
        if not self.byte_scale:
            object.__setattr__(self, "byte_scale", self.scale)
        if not self.sha256:
            arrays = (self.x_train, self.y_train, self.x_test, self.y_test)
            object.__setattr__(self, "sha256", sha256_of_arrays(*arrays))

    @property
    def features(self) -> int:
        """Number of inputs of one example."""
        return int(self.x_train.shape[1])

    def first(self, n: int) -> "Data":
        """Return the data with the first n training examples only."""
        extent = None if self.extent_train is None else self.extent_train[:n]
        return replace(self, x_train=self.x_train[:n], y_train=self.y_train[:n], extent_train=extent)

    def unordered(self) -> "Data":
        """Return the data with their columns in the original order, for what looks at neighbouring pixels."""
        x_train, x_test = self.original(self.x_train), self.original(self.x_test)
        return replace(
            self, x_train=x_train, x_test=x_test, columns=None, extent_train=None, extent_test=None
        )

    def original(self, x: Array) -> Array:
        """Return rows x (n, features) with their columns in the original order, as images are looked at."""
        return x if self.columns is None else x.take(np.argsort(self.columns), axis=1)


class Dataset(ABC):
    """A data set that can be configured. Subclasses are frozen dataclasses with a `train_size`."""

    @property
    def name(self) -> str:
        """What the data set is called in records."""
        return type(self).__name__.lower()

    @abstractmethod
    def check(self) -> Dimensions:
        """Return the dimensions, cheaply; raise DatasetError or ValueError for what can be seen so far."""

    @abstractmethod
    def load(self) -> Data:
        """Return the data; raise DatasetError if it cannot be had."""

    def is_still(self, data: Data) -> bool:
        """Return whether `load` would give these data, which it gave before, if that is known for less."""
        return False

    def seeded(self, seed: int) -> "Dataset":
        """Return the data set as a run of this seed has it; overridden where the split follows the seed."""
        return self

    def split(self) -> dict[str, Any] | None:
        """Return how test examples were taken from the others, None where they were given."""
        return None

    def is_uneven(self) -> bool | None:
        """Whether classes have so uneven test examples that accuracy says little of the small ones.

        None for data whose runs do not tell what they get right of each class.
        """
        return None

    def identity(self) -> Identity:
        """Return what identifies the content, as `load` gives it; overridden where that is known for less."""
        data = self.load()
        return Identity(data.sha256, warnings=tuple(oddities(data)))


def require_integer(name: str, value: object, lowest: int, highest: int | None = None) -> None:
    """Raise ValueError unless value is an integer from lowest to highest (None: no upper bound)."""
    allowed = f">= {lowest}" if highest is None else f"from {lowest} to {highest}"
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= (highest or value):
        raise ValueError(f"{name} = {value!r}: must be an integer {allowed}")


def train_examples(train_size: int | None, available: int) -> int:
    """Return how many training examples train_size asks for; raise ValueError if there are fewer."""
    if train_size is None:
        return available
    require_integer("train_size", train_size, 1, available)
    return train_size
