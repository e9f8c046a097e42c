"""The settings of many cells as one frame: as if each row were made alone."""

from typing import Any

import pandas as pd
import pytest

from reports.runs.settings import Flattener, merged, settings_frame

ONE = {"model": {"hidden": [64]}, "loss": {"margin": 1.0}, "seed": 0}
OTHER = {"model": {"hidden": [64, 32], "k": 2}, "loss": {}, "seed": 1}
CHOICES = {"loss": "hinge", "hydra/launcher": "basic"}


@pytest.mark.parametrize(
    "configs",
    [
        [ONE, ONE, OTHER],
        [OTHER, ONE, {**OTHER, "loss": {"gamma": None}}],
        [ONE, {**ONE, "extra": True}],  # not all have the same parts
        [{**ONE, "loss": "by name"}, OTHER],  # the choice says what the config says, too
        [],
    ],
)
def test_a_frame_is_that_of_its_rows(configs: list[dict[str, Any]]) -> None:
    flatten = Flattener()
    rows = [flatten(config, CHOICES, ["seed"] if config is OTHER else []) for config in configs]
    expected = pd.DataFrame([merged(row) for row in rows])
    pd.testing.assert_frame_equal(settings_frame(rows), expected)


def test_what_cells_share_is_one_object() -> None:
    flatten = Flattener()
    first, second = flatten(ONE, CHOICES), flatten({**ONE, "seed": 1}, CHOICES)
    assert [a is b for a, b in zip(first, second, strict=True)] == [True, True, False, True]
    assert merged(second) == {"model.hidden": (64,), "loss.margin": 1.0, "seed": 1, "loss": "hinge"}
