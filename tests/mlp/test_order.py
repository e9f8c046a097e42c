"""Columns in order of use: it may change nothing but the time that a run takes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp.activations import GELU
from mlp.batches import Batches
from mlp.datasets import Data, Sample
from mlp.datasets.order import by_use, extents
from mlp.initializers import He
from mlp.layers import Entry
from mlp.losses import SoftmaxCE
from mlp.network import MLP, Network
from mlp.optimizers import SGD
from mlp.schedules import Constant
from mlp.training import Trainer, Training
from mlp.workspace import Array, Workspace
from sweeps.job.components import Components


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


def staircase(features: int, rows: int, shares: tuple[float, float], seed: int) -> tuple[Array, Array]:
    """Rows of bytes (rows, features) and where each ends: these shares of them are black, and full."""
    rng = np.random.default_rng(seed)
    kind, ends = rng.random(rows), rng.integers(0, features + 1, rows)
    ends = np.where(kind < shares[0], 0, np.where(kind > 1 - shares[1], features, ends))
    x = rng.integers(0, 2, (rows, features), dtype=np.uint8)
    x[np.arange(rows), np.maximum(ends - 1, 0)] = 1
    x[np.arange(features) >= ends[:, None]] = 0
    return x, ends


@settings(deadline=None, max_examples=60)
@given(
    features=st.sampled_from([1, 15, 16, 40, 130]),
    rows=st.integers(1, 300),
    size=st.sampled_from([1, 7, 50, 64]),
    shares=st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([0.0, 0.1, 0.5])),
    seed=st.integers(0, 99),
)
def test_each_batch_holds_exactly_its_rows_and_their_blocks_give_the_plain_product(
    features: int, rows: int, size: int, shares: tuple[float, float], seed: int
) -> None:
    x, ends = staircase(features, rows, shares, seed)
    assert (extents(x) == ends).all()
    rng = np.random.default_rng(seed)
    order, every = rng.permutation(rows), np.arange(rows)
    batches = Batches(x, every, scale=0.5, classes=rows, work=Workspace(np.float64), extents=ends)
    layer = Network([Entry(features, 3)], np.float64).layers[0]
    weight = layer.params["weight"][...] = rng.standard_normal((features, 3))
    for asked in (order, None):
        taken: list[int] = []
        for start, batch in zip(range(0, rows, size), batches.split(size, asked), strict=True):
            if asked is not None:
                assert sorted(batch.labels) == sorted(order[start : start + size])
            inputs, delta = 0.5 * x[batch.labels], rng.standard_normal((len(batch.labels), 3))
            np.testing.assert_allclose(layer.forward(batch.inputs, train=True), inputs @ weight, atol=1e-12)
            layer.backward(delta, first=True)
            np.testing.assert_allclose(layer.grads["weight"], inputs.T @ delta, atol=1e-12)
            taken += batch.labels.tolist()
        assert sorted(taken) == every.tolist()


def test_no_lit_pixel_is_lost_among_black_images() -> None:
    x, ends = staircase(200, 6_000, (0.1, 0.1), seed=0)
    y = np.zeros(len(x), int)
    batches = Batches(x, y, scale=1.0, classes=2, work=Workspace(), extents=ends)
    split = batches.split(100, np.random.default_rng(0).permutation(len(x)))
    assert sum(np.count_nonzero(block) for batch in split for block in batch.inputs) == np.count_nonzero(x)
