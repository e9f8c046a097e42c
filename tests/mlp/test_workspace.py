"""The scratch arrays of mlp.workspace."""

import numpy as np
import pytest
from numpy.typing import DTypeLike

from mlp.workspace import LINE, Array, Workspace, zeros


def test_same_name_and_shape_give_the_same_memory() -> None:
    work = Workspace(np.float64)
    assert work("a", (2, 3)) is work("a", (2, 3))
    assert work("a", (2, 3)) is not work("a", (3, 2))
    assert work("a", (2, 3)) is not work("b", (2, 3))
    assert work("a", (2, 3)).dtype == np.float64


def test_what_is_made_is_made_once_for_each_maker_and_its_arguments() -> None:
    work = Workspace(np.float32)

    def pair(work: Workspace, batch: int) -> tuple[Array, Array]:
        column = work("column", (batch,))
        return column, column[:, np.newaxis]

    first, again, other = (work.made(pair, batch) for batch in (3, 3, 4))
    assert again is first
    assert other[0].shape == (4,)
    assert first[1].base is work("column", (3,))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5,), (16,), (3, 1), (3, 17), (2, 3, 250)])
def test_rows_of_zeros_begin_at_cache_lines(shape: tuple[int, ...], dtype: DTypeLike) -> None:
    array = zeros(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert not array.any()
    for row in np.ndindex(*shape[:-1]):
        assert array[row].ctypes.data % LINE == 0
        assert array[row].flags.c_contiguous
