"""Labels of settings: worked out once for equal values, but never one for two that only compare equal."""

import numpy as np
import pytest

from reports.runs.factors import label


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1"), (1.0, "1"), (True, "true"), (np.float64(1), "1"), (np.True_, "true"), (0, "0"), (-0.0, "0"),
        (False, "false"), (None, "null"), (float("nan"), "–"), (float("inf"), "inf"), (1e300, "1e+300"),
        ((1,), "1"), ((True,), "true"), ((256, 64), "256-64"), ((), "none"), ([256, 64], "256-64"),
    ],
)  # fmt: skip
def test_a_label_does_not_depend_on_what_was_labelled_before(value: object, shown: str) -> None:
    for other in (1, True, 1.0, (1,), (True,), 0, False, value):
        label(other)
    assert label(value) == shown
