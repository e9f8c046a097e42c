"""Scratch arrays: asked for by name, allocated once, used again at every step."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class Workspace:
    """Hands out scratch arrays of one dtype; the same name and shape always give the same memory.

    What an array holds does not outlive the call that asked for it: two components may use one name.
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self._arrays: dict[tuple[str, tuple[int, ...]], Array] = {}
        self._numbers: dict[tuple[float, ...], tuple[Array, ...]] = {}

    def __call__(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return the scratch array of this name and shape, with whatever was last written to it."""
        key = (name, shape)
        array = self._arrays.get(key)
        if array is None:
            array = self._arrays[key] = np.empty(shape, self.dtype)
        return array

    def numbers(self, *values: float) -> tuple[Array, ...]:
        """Return numbers as arrays () of the dtype: a ufunc takes half as long to start as with floats."""
        arrays = self._numbers.get(values)
        if arrays is None:
            arrays = self._numbers[values] = tuple(np.array(value, self.dtype) for value in values)
        return arrays
