"""Tools to see that scratch memory is written before it is read, and allocated only once."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from mlp.workspace import Array, Workspace

UFUNC_BUFFERS = 3 * 8192 * 8
"""Bytes that NumPy itself may hold for the length of one call, to cast or broadcast piecewise."""


class PoisonedWorkspace(Workspace):
    """Scratch arrays in which everything is NaN whenever they are handed out."""

    def __call__(self, name: str, shape: tuple[int, ...]) -> Array:
        array = super().__call__(name, shape)
        array.fill(np.nan)
        return array


def allocated(call: Callable[[], Any], times: int = 10) -> tuple[int, int]:
    """Return the bytes still held after repeated calls, and the most held during one of them.

    NumPy reports its arrays to tracemalloc, so both count them.
    """
    for _ in range(3):
        call()
    gc.collect()
    gc.freeze()  # what is there now need not be looked through again
    tracemalloc.start()
    try:
        call()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(times):
            call()
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    return after - before, peak - before
