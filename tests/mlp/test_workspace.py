"""The scratch arrays of mlp.workspace."""

import numpy as np

from mlp.workspace import Workspace


def test_same_name_and_shape_give_the_same_memory() -> None:
    work = Workspace(np.float64)
    assert work("a", (2, 3)) is work("a", (2, 3))
    assert work("a", (2, 3)) is not work("a", (3, 2))
    assert work("a", (2, 3)) is not work("b", (2, 3))
    assert work("a", (2, 3)).dtype == np.float64
