"""The page's data block: what is packed comes out again, to the digit where there is one."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.page.block import thinned
from reports.page.content import Curves
from reports.page.packed import Packer
from tests.support.packed import unpacked


def packed(values: np.ndarray, **options: Any) -> np.ndarray:
    packer = Packer()
    packer.numbers("x", values, **options)
    return unpacked(packer.packed())[1]["x"]


NUMBERS = st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf, -np.inf])


@given(st.lists(NUMBERS, max_size=40), st.booleans())
def test_any_numbers_come_back_within_one_step_and_the_missing_stay_missing(
    values: list[float], along: bool
) -> None:
    given = np.array(values)
    back = packed(given, along=along)
    known = np.isfinite(given)
    assert np.isnan(back[~known]).all()
    assert np.isfinite(back[known]).all()
    if known.any():
        wide = given[known].min() > 0 and given[known].max() > 1000 * given[known].min()
        span = given[known].max() / 65534 - given[known].min() / 65534
        error = np.abs(back[known] / 2 - given[known] / 2)
        assert (error <= (given[known] * 0.02 if wide else span * 0.51 + 1e-12 * np.abs(given[known]))).all()


def test_accuracies_of_ten_thousand_examples_come_back_exactly() -> None:
    correct = np.random.default_rng(0).integers(1000, 9900, 5000)
    assert np.array_equal(np.rint(packed(correct / 10_000) * 10_000), correct)


def test_losses_over_many_magnitudes_keep_their_relative_size() -> None:
    losses = 10.0 ** np.random.default_rng(0).uniform(-6, 9, 2000)
    assert np.allclose(packed(losses), losses, rtol=5e-4)


def test_integers_come_back_exactly_and_others_are_refused() -> None:
    packer = Packer()
    packer.integers("small", [0, 3, 65535])
    packer.integers("large", [0, 70_000, 2**32 - 1])
    _, columns = unpacked(packer.packed())
    assert columns["small"].tolist() == [0, 3, 65535]
    assert columns["large"].tolist() == [0, 70_000, 2**32 - 1]
    with pytest.raises(ValueError, match="needs integers"):
        packer.integers("negative", [-1])


def test_the_same_numbers_give_the_same_block() -> None:
    one, other = Packer(), Packer()
    for packer in (one, other):
        packer.numbers("x", [1.0, 2.5])
    assert one.packed(name="a") == other.packed(name="a")


def test_long_curves_keep_their_ends_and_are_never_cut_off() -> None:
    lengths = np.array([1000, 0, 5])
    steps = np.concatenate([np.arange(1, 1001), np.arange(1, 6)]).astype(float)
    shown = thinned(Curves(lengths, steps, {"loss": steps * 2}, {"loss": "loss"}), 60)
    ends = np.cumsum(shown.lengths)
    assert shown.lengths.tolist() == [30, 0, 5]
    assert shown.steps[0] == 1
    assert shown.steps[ends[0] - 1] == 1000
    assert shown.steps[-1] == 5
    assert np.array_equal(shown.values["loss"], shown.steps * 2)
