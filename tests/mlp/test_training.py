"""The training loop: what it learns, what it records, and that continuing equals never having stopped."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlp.batches import Batches, shift_images
from mlp.datasets import Sample
from mlp.layers import BatchNorm
from mlp.network import MLP, Network
from mlp.optimizers import LBFGS, SGD, Adam
from mlp.randomness import Stream, generator
from mlp.training import EVALUATION_BATCH, Trainer
from mlp.workspace import Workspace
from reports.runs.curves import COLUMNS, best_epochs, history_frame
from sweeps.job.main import outcome
from sweeps.records.history import best_row
from tests.support.small_run import SIDE, trainer


def without_times(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in row.items() if not k.endswith("_s")} for row in history]


def test_training_learns_and_records_every_epoch() -> None:
    run = trainer(epochs=8)
    run.run()
    assert [row["epoch"] for row in run.history] == list(range(1, 9))
    assert run.history[-1]["test_accuracy"] > 0.8
    assert run.history[-1]["train_loss"] < run.history[0]["train_loss"]
    assert all(row["epoch_wall_s"] > 0 and row["grad_norm"] > 0 for row in run.history)


@pytest.mark.parametrize(
    ("model", "training"),
    [
        (MLP(hidden=(12,)), {}),
        (MLP(hidden=(12, 12), dropout=0.3, batch_norm=True, residual=True), {"shift": 1}),
        (MLP(hidden=(12,)), {"validation_size": 40, "patience": 2, "layer_stats": True}),
    ],
    ids=["plain", "random", "validated"],
)
def test_a_continued_run_ends_bit_identical_to_an_uninterrupted_one(
    model: MLP, training: dict[str, Any]
) -> None:
    whole, states = trainer(model, **training), []
    whole.run(lambda t: states.append({k: v.copy() for k, v in t.state().items()}))
    for stopped_after in range(len(states)):
        again = trainer(model, **training)
        again.load_state(states[stopped_after])
        again.run()
        assert without_times(again.history) == without_times(whole.history)
        np.testing.assert_array_equal(again.network.params, whole.network.params)


def test_a_checkpoint_of_another_optimiser_is_refused() -> None:
    run = trainer()
    other = replace(run, optimizer=Adam(), history=[])
    with pytest.raises(ValueError, match="another network or optimiser"):
        run.load_state(other.state())
    torn = {name: array[:-1] if name == "slot.velocity" else array for name, array in run.state().items()}
    before = run.network.params.copy()
    with pytest.raises(ValueError, match="not those of this network"):
        run.load_state(torn | {"params": before + 1})
    np.testing.assert_array_equal(run.network.params, before)  # all of a checkpoint or nothing


def test_a_run_that_leaves_the_finite_numbers_stops_there_and_says_where() -> None:
    run = trainer(lr=1e9, epochs=50)
    run.run()
    assert run.diverged is not None
    assert run.diverged.epoch == len(run.history) + 1
    assert run.diverged.what in ("loss", "parameters")
    assert run.finished


def test_clipping_bounds_every_step() -> None:
    run = trainer(clip_norm=1e-3, lr=1.0, epochs=1)
    start = run.network.params.copy()
    run.optimizer = SGD(lr=1.0, momentum=0.0, weight_decay=0.0)
    run.run()
    steps = -(-230 // 25)
    assert 0 < np.linalg.norm(run.network.params - start) <= steps * 1e-3 * (1 + 1e-5)


def test_early_stopping_keeps_the_weights_that_validated_best() -> None:
    run = trainer(epochs=60, validation_size=60, patience=3, lr=0.3)
    run.run()
    accuracies = [row["validation_accuracy"] for row in run.history]
    assert len(run.history) < 60
    assert len(run.history) - 1 - int(np.argmax(accuracies)) == 3
    assert run.evaluate(run.train, run.validation_rows)[1] == max(accuracies)


def test_validation_rows_are_not_trained_on() -> None:
    run = trainer(validation_size=50)
    assert not set(run.validation_rows) & set(run.train_rows)
    assert len(run.validation_rows) + len(run.train_rows) == 230


def test_shifting_moves_images_and_fills_with_zeros() -> None:
    image = np.zeros((1, SIDE, SIDE))
    image[0, 2, 3] = 1.0
    seen = set()
    for seed in range(60):
        moved = image.reshape(1, -1).copy()
        shift_images(moved, 1, rng=np.random.default_rng(seed))
        assert moved.sum() == 1.0
        seen.add(divmod(int(moved.argmax()), SIDE))
    assert seen == {(r, c) for r in (1, 2, 3) for c in (2, 3, 4)}


def test_batches_cover_every_row_once_in_the_order_asked_for() -> None:
    x = np.arange(14, dtype=np.uint8).reshape(7, 2)
    batches = Batches(x, np.arange(7), scale=0.5, classes=7, work=Workspace(np.float64))
    order = np.array([6, 2, 0, 5, 1, 4, 3])
    taken = [(batch.inputs[0].copy(), batch.targets.copy()) for batch in batches.split(3, order)]
    assert [len(inputs) for inputs, _ in taken] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([inputs for inputs, _ in taken]), x[order] * 0.5)
    np.testing.assert_array_equal(np.concatenate([t for _, t in taken]).argmax(axis=1), order)


def test_layer_statistics_name_every_layer() -> None:
    run = trainer(MLP(hidden=(12, 8)), layer_stats=True, epochs=1)
    run.run()
    row = run.history[0]
    assert all(row[f"grad_norm_{i}"] > 0 for i in (1, 2, 3))
    assert all(0 <= row[f"dead_{i}"] <= 1 for i in (1, 2))


@pytest.mark.parametrize("validation_size", [0, 40])
def test_the_best_network_is_kept_through_an_interruption_statistics_and_all(validation_size: int) -> None:
    options = {"save_weights": "best", "validation_size": validation_size, "epochs": 6}
    model = MLP(hidden=(12,), batch_norm=True)
    whole, snapshots, states = trainer(model, lr=2.0, **options), [], []

    def note(run: Trainer) -> None:
        snapshots.append({name: array.copy() for name, array in run._learned().items()})
        states.append({name: array.copy() for name, array in run.state().items()})

    whole.run(note)
    judge = "validation_accuracy" if validation_size else "test_accuracy"
    best = int(np.argmax([row[judge] for row in whole.history]))
    assert best < 5, "the best epoch should not be the last one"
    continued = trainer(model, lr=2.0, **options)
    continued.load_state(states[2])
    continued.run()
    for run in (whole, continued):
        assert np.array_equal(run.network.params, snapshots[-1]["params"])
        run.restore_best()
        for name, array in run._learned().items():
            assert np.array_equal(array, snapshots[best][name])


def test_a_run_that_no_longer_is_to_keep_its_best_network_continues() -> None:
    states: list[dict[str, Any]] = []
    trainer(save_weights="best").run(lambda run: states.append(run.state()))
    run = trainer(save_weights="none")
    run.load_state(states[1])
    assert len(run.history) == 2


@pytest.mark.parametrize(("batch_size", "left_out"), [(229, 1), (76, 0), (57, 0)])
def test_under_batch_normalisation_a_last_batch_of_one_example_is_left_out(
    batch_size: int, left_out: int
) -> None:
    model = MLP(hidden=(12,), batch_norm=True)
    run = trainer(model, epochs=1, batch_size=batch_size)
    counts: list[int] = []
    norm = next(layer for layer in run.network.layers if isinstance(layer, BatchNorm))
    update = norm._update_running

    def note(mean: Any, variance: Any, rows: int) -> None:
        counts.append(rows)
        update(mean, variance, rows)

    norm._update_running = note  # type: ignore[method-assign]
    run.run()
    assert len(counts) == run.steps
    assert sum(counts) == 230 - left_out
    assert min(counts) > 1
    plain = trainer(epochs=1, batch_size=batch_size)
    assert plain.steps == -(-230 // batch_size)  # without it a batch of one row is a batch


def test_the_step_that_leaves_an_example_out_is_that_of_the_others() -> None:
    model = MLP(hidden=(12,), batch_norm=True)
    run = trainer(model, epochs=1, batch_size=229)
    weight = run.network.layers[0].params["weight"].copy()
    order = generator(4, Stream.ORDER, 0).permutation(run.train_rows)
    run.run()
    hidden = run.train.x[order[:-1]] / 255 @ weight
    np.testing.assert_allclose(run.network.state()["1.mean"], 0.1 * hidden.mean(axis=0), atol=1e-5)
    variance = 0.9 + 0.1 * hidden.var(axis=0, ddof=1)
    np.testing.assert_allclose(run.network.state()["1.variance"], variance, rtol=1e-5)


def test_lbfgs_under_batch_normalisation_has_no_chunk_of_one_example() -> None:
    model = MLP(hidden=(4,), batch_norm=True)
    run = replace(trainer(model, epochs=1), optimizer=LBFGS(max_iter=2))
    run.train_rows = np.tile(run.train_rows, 3)[: EVALUATION_BATCH + 1]
    run.run()
    assert run.diverged is None
    assert len(run.history) == 1


def test_batch_normalisation_refuses_to_train_on_one_row() -> None:
    layer = Network([BatchNorm(3)]).layers[0]
    with pytest.raises(ValueError, match="at least 2 rows"):
        layer.forward(np.zeros((1, 3), np.float32), train=True)
    layer.forward(np.zeros((1, 3), np.float32), train=False)


@pytest.mark.parametrize("patience", [None, 3])
def test_a_record_tells_the_best_epochs_by_validation_and_by_test_and_which_one_is_final(
    patience: int | None,
) -> None:
    run = trainer(epochs=12, validation_size=60, patience=patience, lr=0.3)
    run.run()
    record = outcome(run, Sample().load())
    rows = run.history
    by_validation = 1 + int(np.argmax([row["validation_accuracy"] for row in rows]))
    by_test = 1 + int(np.argmax([row["test_accuracy"] for row in rows]))
    assert by_validation != by_test
    assert (record["best_by"], record["best"]["epoch"]) == ("validation_accuracy", by_validation)
    assert record["best"]["test_accuracy"] == rows[by_validation - 1]["test_accuracy"]
    assert record["best"]["validation_accuracy"] == rows[by_validation - 1]["validation_accuracy"]
    assert record["best_by_test"]["epoch"] == by_test
    assert record["best_by_test"]["test_accuracy"] == rows[by_test - 1]["test_accuracy"]
    assert record["final_epoch"] == (by_validation if patience else len(rows))
    assert record["final"]["test_accuracy"] == rows[record["final_epoch"] - 1]["test_accuracy"]


@pytest.mark.parametrize("validation_size", [0, 60])
def test_trainer_record_and_report_agree_on_the_best_epoch_and_on_ties(validation_size: int) -> None:
    run = trainer(epochs=6, validation_size=validation_size)
    run.run()
    for row, accuracy in zip(run.history, (0.5, 0.75, 0.25, 0.75, 0.75, 0.5), strict=True):
        row[run.judge] = accuracy
    curve = np.array([[row.get(name, np.nan) for name in COLUMNS] for row in run.history])
    reported = best_epochs(history_frame({"a": curve})).loc["a"]
    assert run.judge == ("validation_accuracy" if validation_size else "test_accuracy")
    assert run._best_epoch() + 1 == 2
    assert best_row(run.history, run.judge)["epoch"] == 2
    assert outcome(run, Sample().load())["best"]["epoch"] == 2
    assert reported["selected_epoch" if validation_size else "best_epoch"] == 2


def test_without_held_out_examples_the_best_epoch_is_that_by_test() -> None:
    run = trainer()
    run.run()
    record = outcome(run, Sample().load())
    assert record["best_by"] == "test_accuracy"
    assert record["best"] == record["best_by_test"]
    assert record["final_epoch"] == 4
