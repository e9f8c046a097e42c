"""Random streams: every use of chance in a run has a generator of its own, derived from the run's seed.

A stream depends on nothing but (seed, what it is for, index): runs of one seed see the same initial weights
and the same batch order whatever else differs between them, and a resumed run needs no stored random state.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a generator is for."""

    WEIGHTS = 0
    ORDER = 1
    DROPOUT = 2
    SHIFT = 3
    SPLIT = 4
    DATA = 5
    TEST_SPLIT = 6


def generator(seed: int, stream: Stream, index: int = 0, part: int = 0) -> np.random.Generator:
    """Return the generator of one stream, at one index (a layer's depth, or an epoch) and part."""
    return np.random.default_rng([seed, stream, index, part])
