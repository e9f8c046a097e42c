"""Data sets: what load() gives, and what is refused."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.utils import instantiate
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mlp.datasets import MNIST, NPZ, XOR, DatasetError, FashionMNIST, Sample
from mlp.datasets.npz import SAMPLE

CONF = Path(__file__).parents[2] / "conf" / "dataset"


def arrays(**changes: Any) -> dict[str, Any]:
    good = {
        "x_train": np.arange(48, dtype=np.uint8).reshape(6, 2, 4),
        "y_train": np.array([0, 1, 2, 0, 1, 2]),
        "x_test": np.zeros((2, 2, 4), np.uint8),
        "y_test": np.array([1, 2]),
    }
    return {name: array for name, array in {**good, **changes}.items() if array is not None}


def saved(folder: Path, **changes: Any) -> str:
    np.savez(folder / "own.npz", **arrays(**changes))
    return str(folder / "own.npz")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "xor", "sample", "npz"])
def test_every_option_names_a_data_set_with_a_train_size(name: str) -> None:
    config = OmegaConf.load(CONF / f"{name}.yaml")
    assert "train_size" in config
    if name == "npz":
        config.path = str(SAMPLE)
    assert instantiate(config, train_size=7).check().train == 7


def test_the_sample_is_real_mnist_and_small() -> None:
    data = Sample().load()
    assert SAMPLE.stat().st_size < 400_000
    assert (data.x_train.shape, data.x_test.shape) == ((1500, 784), (500, 784))
    assert (data.features, data.classes, data.scale, data.x_train.dtype) == (
        784,
        10,
        1 / 255,
        np.dtype(np.uint8),
    )
    assert data.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


@pytest.mark.network
def test_the_sample_is_the_beginning_of_mnist() -> None:
    whole, sample = MNIST().load(), Sample().load()
    for name, n in [("x_train", 1500), ("y_train", 1500), ("x_test", 500), ("y_test", 500)]:
        first = getattr(whole, name)[:n]
        assert np.array_equal(whole.original(first) if name[0] == "x" else first, getattr(sample, name))


@pytest.mark.parametrize("dataset", [Sample, XOR, lambda **k: NPZ(str(SAMPLE), **k)])
def test_train_size_takes_the_first_examples_and_leaves_the_test_set(dataset: Any) -> None:
    whole, part = dataset().load(), dataset(train_size=9).load()
    assert np.array_equal(part.x_train, whole.x_train[:9])
    assert np.array_equal(part.y_train, whole.y_train[:9])
    assert np.array_equal(part.x_test, whole.x_test)


@pytest.mark.parametrize("dataset", [Sample(), XOR(), Sample(train_size=3), XOR(train_size=5, test_size=3)])
def test_check_says_what_load_gives(dataset: Sample | XOR) -> None:
    known, data = dataset.check(), dataset.load()
    assert (known.train, known.features) == data.x_train.shape
    assert (known.test, known.features) == data.x_test.shape
    assert known.classes == data.classes


@pytest.mark.parametrize(
    ("dataset", "arguments", "message"),
    [
        (MNIST, {"train_size": 0}, "train_size = 0: must be an integer from 1 to 60000"),
        (MNIST, {"train_size": 60_001}, "train_size = 60001: must be an integer from 1 to 60000"),
        (FashionMNIST, {"train_size": -1}, "train_size = -1: must be an integer from 1 to 60000"),
        (MNIST, {"train_size": 1.5}, "train_size = 1.5: must be an integer from 1 to 60000"),
        (MNIST, {"train_size": True}, "train_size = True: must be an integer from 1 to 60000"),
        (Sample, {"train_size": 1501}, "train_size = 1501: must be an integer from 1 to 1500"),
        (XOR, {"train_size": 0}, "train_size = 0: must be an integer from 1 to"),
        (XOR, {"test_size": 0}, "test_size = 0: must be an integer from 1 to"),
        (XOR, {"noise": -0.1}, "noise = -0.1: must be a number from 0 to 1e"),
        (XOR, {"noise": float("inf")}, "noise = inf: must be a number from 0 to 1e"),
        (XOR, {"noise": 1e300}, "must be a number from 0 to 1e"),
        (XOR, {"noise": 10**400}, "must be a number from 0 to 1e"),
        (XOR, {"noise": "abc"}, "noise = 'abc': must be a number from 0 to 1e"),
        (XOR, {"noise": None}, "noise = None: must be a number from 0 to 1e"),
        (XOR, {"noise": True}, "noise = True: must be a number from 0 to 1e"),
        (XOR, {"seed": -1}, "seed = -1: must be an integer >= 0"),
        (NPZ, {"path": None}, "path = None: must be the name of an .npz file"),
        (NPZ, {"path": "x", "train_size": 0}, "train_size = 0: must be an integer >= 1"),
        (NPZ, {"path": "x", "classes": 1}, "classes = 1: must be an integer >= 2"),
    ],
)
def test_values_out_of_range_are_refused(dataset: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        dataset(**arguments)


def test_xor_is_the_same_each_time_and_no_line_separates_it() -> None:
    data, again, other = XOR().load(), XOR().load(), XOR(seed=1).load()
    assert np.array_equal(data.x_train, again.x_train)
    assert data.sha256 == again.sha256 != other.sha256
    assert data.x_train.dtype == np.float32
    assert data.scale == 1
    signs_differ = (data.x_train > 0)[:, 0] != (data.x_train > 0)[:, 1]
    assert (signs_differ == data.y_train).mean() > 0.99
    assert abs(np.corrcoef(data.x_train[:, 0], data.y_train)[0, 1]) < 0.05
    assert np.bincount(data.y_train).tolist() == [1000, 1000]


@given(train=st.integers(1, 40), test=st.integers(1, 40), noise=st.floats(0, 5), seed=st.integers(0, 2**64))
@settings(max_examples=25, deadline=None)
def test_xor_of_any_size_begins_like_a_larger_one(train: int, test: int, noise: float, seed: int) -> None:
    part = XOR(train, test, noise, seed).load()
    whole = XOR(100, test, noise, seed).load()
    assert np.array_equal(part.x_train, whole.x_train[:train])
    assert np.array_equal(part.x_test, whole.x_test)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_taken_as_they_are_and_flattened(tmp_path: Path, dtype: Any) -> None:
    x = np.linspace(-3, 7, 48).reshape(6, 2, 4).astype(dtype)
    data = NPZ(saved(tmp_path, x_train=x, x_test=x[:2])).load()
    assert data.x_train.dtype == np.float32
    assert data.scale == 1
    assert np.array_equal(data.x_train, x.reshape(6, 8).astype(np.float32))


def test_bytes_stay_bytes_with_their_scale(tmp_path: Path) -> None:
    data = NPZ(saved(tmp_path)).load()
    assert data.x_train.dtype == np.uint8
    assert data.scale == 1 / 255
    assert data.classes == 3
    assert len(data.sha256) == 64


def test_classes_may_be_more_than_the_labels_show(tmp_path: Path) -> None:
    assert NPZ(saved(tmp_path), classes=5).load().classes == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "no array y_test; it has x_test, x_train, y_train"),
        ({"x_train": np.zeros(6)}, "x_train has shape (6,): must be (examples, features)"),
        ({"x_train": np.zeros((0, 8))}, "x_train has shape (0, 8): must be"),
        ({"x_train": np.zeros((6, 0))}, "x_train has shape (6, 0): must be"),
        ({"y_train": np.zeros(5, int)}, "y_train has shape (5,): must be (6,), one class per row of x_train"),
        ({"y_train": np.zeros((6, 3), int)}, "y_train has shape (6, 3): must be (6,)"),
        ({"x_train": np.zeros((6, 8), int)}, "x_train is int64: must be uint8 or floating"),
        ({"x_train": np.zeros((6, 8), complex)}, "x_train is complex128: must be uint8 or floating"),
        ({"x_train": np.zeros((6, 2, 4), object)}, "x_train is object: must be uint8 or floating"),
        ({"y_train": np.zeros(6)}, "y_train is float64: must be integers"),
        ({"x_test": np.zeros((2, 8))}, "x_train is uint8, x_test float64: must agree"),
        ({"x_test": np.zeros((2, 7), np.uint8)}, "x_train has shape (6, 2, 4), x_test (2, 7): must agree"),
        ({"y_train": np.array([0, 1, 2, 0, 1, -1])}, "y_train holds the class -1: must be 0 to 2"),
        ({"y_test": np.array([1, 3])}, "y_test holds the class 3: must be 0 to 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_before_loading(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = saved(tmp_path, **changes)
    with pytest.raises(DatasetError) as refused:
        NPZ(path).check()
    assert message in str(refused.value)
    assert path in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, bad: float) -> None:
    x = np.ones((6, 8))
    x[4, 2] = bad
    with pytest.raises(
        DatasetError, match=r"x_train has values that are not finite in float32, first in row 4"
    ):
        NPZ(saved(tmp_path, x_train=x, x_test=np.ones((2, 8)))).load()


def test_a_train_size_beyond_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="train_size = 7: must be an integer from 1 to 6"):
        NPZ(saved(tmp_path), train_size=7).check()


def test_files_that_are_not_npz_are_named(tmp_path: Path) -> None:
    whole = Path(saved(tmp_path)).read_bytes()
    flipped = whole[:200] + b"x" * 30 + whole[230:]
    flags = whole.rindex(b"PK\x01\x02") + 8
    locked = whole[:flags] + b"\x01" + whole[flags + 1 :]
    contents = {"text.npz": b"hello", "empty.npz": b"", "cut.npz": whole[:-300], "flipped.npz": flipped}
    contents |= {"locked.npz": locked}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=name):
            NPZ(str(tmp_path / name)).load()
    with pytest.raises(DatasetError, match=r"cannot read .*absent\.npz: No such file"):
        NPZ(str(tmp_path / "absent.npz")).check()
    with pytest.raises(DatasetError, match=r"must be an \.npz file, not a directory"):
        NPZ(str(tmp_path)).check()


def test_a_changed_file_is_checked_again(tmp_path: Path) -> None:
    path = saved(tmp_path)
    assert NPZ(path).check().train == 6
    saved(tmp_path, x_train=np.zeros((4, 2, 4), np.uint8), y_train=np.array([0, 1, 2, 0]))
    os.utime(path, (1, 1))
    assert NPZ(path).check().train == 4
