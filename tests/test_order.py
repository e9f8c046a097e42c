"""Columns in order of use: it may change nothing but the time that a run takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlp.activations import GELU
from mlp.batches import Batches
from mlp.datasets import Data, Sample
from mlp.datasets.order import by_use, extents
from mlp.initializers import He
from mlp.losses import SoftmaxCE
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.schedules import Constant
from mlp.training import Trainer, Training
from mlp.workspace import Workspace
from sweeps.components import Components


def train(data: Data) -> Trainer:
    network = MLP(hidden=(16,)).build(
        data.features, data.classes, activation=GELU(), init=He(), seed=0, columns=data.columns
    )
    train, test = (
        Batches(x, y, scale=data.scale, classes=data.classes, work=network.work, extents=extents)
        for x, y, extents in (
            (data.x_train, data.y_train, data.extent_train),
            (data.x_test, data.y_test, data.extent_test),
        )
    )
    run = Trainer(network, SoftmaxCE(), SGD(lr=0.1), Constant(), Training(epochs=3), train, test, seed=0)
    run.run()
    return run


def test_a_run_on_ordered_columns_is_the_same_up_to_rounding(tmp_path: Path) -> None:
    data = Sample().load()
    ordered = by_use(data, tmp_path / "by-use")
    assert ordered.extent_train is not None
    assert ordered.extent_train.mean() < 0.9 * data.features
    plain, fast = train(data), train(ordered)
    for one, other in zip(plain.history, fast.history, strict=True):
        assert other["train_loss"] == pytest.approx(one["train_loss"], rel=1e-4)
        assert other["test_accuracy"] == pytest.approx(one["test_accuracy"], abs=0.004)


def test_images_are_whole_again_where_they_are_shifted(tmp_path: Path) -> None:
    data = Sample().load()
    ordered = by_use(data, tmp_path / "by-use")
    parts = Components(
        activation=GELU(),
        loss=SoftmaxCE(),
        model=MLP(hidden=(8,)),
        init=He(),
        optimizer=SGD(),
        schedule=Constant(),
        dataset=Sample(),
        training=Training(epochs=1, shift=2),
        seed=0,
    )
    runs = [parts.trainer(which) for which in (data, ordered)]
    for run in runs:
        run.run()
    np.testing.assert_array_equal(runs[0].network.params, runs[1].network.params)


def test_ordered_columns_come_back_from_disk_and_turn_back_into_images(tmp_path: Path) -> None:
    data, folder = Sample().load(), tmp_path / "by-use"
    first, again = by_use(data, folder), by_use(data, folder)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(again.original(again.x_test), data.x_test)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["by-use"]


@pytest.mark.parametrize("damage", ["truncated", "missing", "of other data"])
def test_damaged_files_are_made_again(tmp_path: Path, damage: str) -> None:
    data, folder = Sample().load(), tmp_path / "by-use"
    by_use(data, folder)
    file = folder / "x_test.npy"
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "missing":
        file.unlink()
    else:
        data = replace(data, x_test=data.x_test[:100], y_test=data.y_test[:100])
    np.testing.assert_array_equal(by_use(data, folder).original(by_use(data, folder).x_test), data.x_test)


def test_extents_end_behind_the_last_column_that_is_lit() -> None:
    x = np.array([[1, 0, 0], [0, 2, 0], [0, 0, 3], [0, 0, 0]], dtype=np.uint8)
    assert extents(x).tolist() == [1, 2, 3, 0]


def test_blocks_hold_all_that_is_not_zero_with_the_longest_rows_first(tmp_path: Path) -> None:
    data = by_use(Sample().load(), tmp_path / "by-use")
    batches = Batches(
        data.x_train, data.y_train, scale=1.0, classes=10, work=Workspace(), extents=data.extent_train
    )
    order = np.random.default_rng(0).permutation(len(batches))
    for start, (blocks, _, labels) in zip(range(0, 1500, 100), batches.split(100, order), strict=True):
        rows = order[start : start + 100]
        assert data.extent_train is not None
        rows = rows[np.argsort(-data.extent_train[rows], kind="stable")]
        whole = np.zeros((100, data.features), np.float32)
        end = 0
        for block in blocks:
            whole[: len(block), end : end + block.shape[1]] = block
            end += block.shape[1]
        np.testing.assert_array_equal(whole, data.x_train[rows])
        np.testing.assert_array_equal(labels, data.y_train[rows])
        assert len(blocks) > 1
