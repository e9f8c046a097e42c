"""Noisy XOR in the plane: the smallest problem that a linear model cannot solve."""

import hashlib
from dataclasses import dataclass

import numpy as np

from mlp.datasets.data import Data, Dataset, Dimensions, require_integer, train_examples
from mlp.datasets.identity import Identity
from mlp.ranges import is_number
from mlp.workspace import Array

DEFAULT_SIZE, LARGEST_SIZE = 2_000, 10_000_000
MOST_NOISE = 1e6  # float32 holds the points, and their squares


@dataclass(frozen=True)
class XOR(Dataset):
    """Four clusters around (±1, ±1), of class 1 where the signs differ.

    `noise` is the clusters' standard deviation. The points come from a generator of their own, seeded by
    `seed` here, not by the run's: runs that differ only in the run's seed see the same data. A smaller
    train_size (None: 2,000) is the beginning of a larger one, and leaves the test points as they are.
    """

    train_size: int | None = None
    test_size: int = 1_000
    noise: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        train_examples(self.train_size, LARGEST_SIZE)
        require_integer("test_size", self.test_size, 1, LARGEST_SIZE)
        require_integer("seed", self.seed, 0)
        if not (is_number(self.noise) and 0 <= self.noise <= MOST_NOISE):
            raise ValueError(f"noise = {self.noise!r}: must be a number from 0 to {MOST_NOISE:g}")

    def check(self) -> Dimensions:
        """Return the dimensions."""
        return Dimensions(self.train_size or DEFAULT_SIZE, self.test_size, features=2, classes=2)

    def load(self) -> Data:
        """Draw the points."""
        train, test = np.random.default_rng(self.seed).spawn(2)
        x_train, y_train = _draw(self.check().train, self.noise, train)
        x_test, y_test = _draw(self.test_size, self.noise, test)
        return Data(x_train, y_train, x_test, y_test, 1.0, 2)

    def identity(self) -> Identity:
        """Return the hash of the points, and the one that the first version took over their bytes alone."""
        data = self.load()
        drawn = b"".join(array.tobytes() for array in (data.x_train, data.y_train, data.x_test, data.y_test))
        return Identity(data.sha256, earlier=(hashlib.sha256(drawn).hexdigest(),))


def _draw(size: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points (size, 2) float32 and classes (size,) uint8, the four clusters taking turns."""
    bits = np.arange(size)[:, None] >> np.arange(2) & 1
    points = 2.0 * bits - 1 + noise * rng.standard_normal((size, 2))
    return points.astype(np.float32), (bits[:, 0] ^ bits[:, 1]).astype(np.uint8)
