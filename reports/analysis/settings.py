"""How levels are compared."""

from dataclasses import dataclass

import numpy as np

from reports.analysis.intervals import NAN
from reports.analysis.sequential import Ladder


@dataclass(frozen=True)
class Settings:
    """How levels are compared: looks, the family that shares the error rate, the margin, the metric's step.

    `family`: the number of factors on the main metric. `margin` is the difference that counts as none (NaN:
    no default, then nothing is "≈"). `grain`: one epoch, or one test example as a share of the test set.
    `most`: the largest difference that there can be, at which intervals are cut. `pairs`: the pairs of levels
    that the factor has, for what is said of few of them must not differ from what is said of all (0: those
    that are compared).
    """

    ladder: Ladder
    family: int = 1
    margin: float = NAN
    grain: float = 0.0
    pairs: int = 0
    most: float = np.inf

    def __post_init__(self) -> None:
        if self.margin <= 0:
            raise ValueError(f"margin: {self.margin} is not above 0")
        if self.family < 1:
            raise ValueError(f"family: {self.family} is not at least 1")
        if not self.grain >= 0:
            raise ValueError(f"grain: {self.grain} is not at least 0")
