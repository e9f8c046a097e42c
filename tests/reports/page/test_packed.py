"""The page's data block: what is packed comes out again, to the digit where there is one."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.page import packed as packed_module
from reports.page.block import thinned
from reports.page.content import Curves
from reports.page.packed import Packer
from tests.support.packed import unpacked


def packed(values: np.ndarray, **options: Any) -> np.ndarray:
    packer = Packer()
    packer.numbers("x", values, **options)
    return unpacked(packer.packed())[1]["x"]


NUMBERS = st.floats(-1e300, 1e300) | st.sampled_from([np.nan, np.inf, -np.inf])


@given(st.lists(NUMBERS, max_size=40))
def test_any_figures_come_back_to_the_digits_that_are_shown(values: list[float]) -> None:
    given = np.array(values)
    back = packed(given)
    known = np.isfinite(given)
    assert np.isnan(back[~known]).all()
    assert np.allclose(back[known] / 2, given[known] / 2, rtol=1.01e-4, atol=0)


@pytest.mark.parametrize(
    "values",
    [[1.5e-7, 0.25, 4.459e84], [0.0101234, 2.3], [0.0, 1.0 / 3, 1e-5], [1e-300, 1e300], [-3e-9, 7e5]],
)
def test_huge_and_tiny_figures_come_back_as_they_are(values: list[float]) -> None:
    assert packed(np.array([*values, 0.1234567, np.nan])).tolist()[:-1] == [*values, 0.1234567]


@given(st.lists(NUMBERS, max_size=40))
def test_any_curve_comes_back_within_one_step_and_the_missing_stay_missing(values: list[float]) -> None:
    given = np.array(values)
    back = packed(given, along=True)
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
    assert np.allclose(packed(losses, along=True), losses, rtol=5e-4)
    assert np.array_equal(packed(losses), losses)


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


def test_the_pages_script_reads_the_block_as_it_was_packed(tmp_path: Path) -> None:
    if (node := shutil.which("node")) is None:
        pytest.skip("no node here")
    packer = Packer()
    figures = {"huge": [1.5e-7, 0.25, 4.459e84, np.nan], "shares": [0.5, 0.25, 0.125, np.nan]}
    for name, values in figures.items():
        packer.numbers(name, values)
    packer.integers("whole", [1, 70_000])
    script = tmp_path / "read.js"
    unpack = (Path(packed_module.__file__).parent / "explore" / "block.js").read_text()
    script.write_text(
        f"{unpack}\nunpack({json.dumps(packer.packed())}).then(({{ column }}) => console.log(JSON.stringify("
        "['huge', 'shares', 'whole'].map((name) => [...column(name)]))));\n"
    )
    shown = subprocess.run([node, str(script)], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown) == [[1.5e-7, 0.25, 4.459e84, None], [0.5, 0.25, 0.125, None], [1, 70_000]]
