"""The scratch arrays of mlp.workspace."""

import numpy as np

from mlp.workspace import Array, Workspace


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
