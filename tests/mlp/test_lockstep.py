"""Runs in lockstep: each ends with the bits that it ends with alone, whoever else is in the group."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp.activations import ELU, GELU, SELU, Activation, Maxout, ReLU, Sigmoid, Softmax, Swish, Tanh
from mlp.batches import Batches
from mlp.datasets.order import extents
from mlp.initializers import Auto
from mlp.lockstep import Lockstep
from mlp.lockstep.abreast import LossesAbreast
from mlp.lockstep.tally import Tally, first_largest
from mlp.losses import BCE, MSE, Focal, Hinge, Huber, KLDiv, Loss, MultiMargin, SoftmaxCE, one_hot
from mlp.network import MLP
from mlp.optimizers import LBFGS, SGD, Adam, AdamW, Nesterov, Optimizer, RMSprop
from mlp.schedules import Cosine
from mlp.training import Trainer, Training
from mlp.workspace import Array, Workspace

ROWS, TESTS, FEATURES, CLASSES = 130, 40, 50, 4
ACTIVATIONS = [GELU(), SELU(), Swish(), ReLU(), Tanh(), Sigmoid(), Softmax(), ELU(alpha=0.5), Maxout()]
LOSSES: list[Loss] = [
    MSE(),
    SoftmaxCE(),
    SoftmaxCE(label_smoothing=0.1),
    Hinge(),
    Hinge(softmax=True),
    Focal(),
    KLDiv(smoothing=0.1),
    MultiMargin(p=2),
    BCE(reduction="sum"),
    Huber(),
]
OPTIMIZERS = [SGD(lr=0.05), SGD(lr=0.01, weight_decay=0.0), Nesterov(l1=1e-4), Adam(), AdamW(), RMSprop()]


def data() -> tuple[Array, Array, Array]:
    """Return bytes in columns of falling use, as mlp.datasets.order leaves them, labels, and extents."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, ROWS + TESTS)
    x = np.clip(rng.normal(50.0 * y[:, None], 40.0, (ROWS + TESTS, FEATURES)), 0, 255).astype(np.uint8)
    x[np.arange(FEATURES) >= rng.integers(10, FEATURES, len(x))[:, None]] = 0
    return x, y, extents(x)


X, Y, EXTENTS = data()


def batches(train: bool = True) -> Batches:
    part = slice(0, ROWS) if train else slice(ROWS, None)
    work = Workspace(np.float32)
    return Batches(X[part], Y[part], scale=1 / 255, classes=CLASSES, work=work, extents=EXTENTS[part])


def run(
    train: Batches,
    test: Batches,
    model: MLP = MLP((12,)),  # noqa: B008
    activation: Activation = ReLU(),  # noqa: B008
    loss: Loss = SoftmaxCE(),  # noqa: B008
    optimizer: Optimizer | LBFGS = SGD(),  # noqa: B008
    **training: Any,
) -> Trainer:
    network = model.build(FEATURES, CLASSES, activation=activation, init=Auto(), seed=3)
    options = Training(**({"epochs": 2, "batch_size": 32} | training))
    return Trainer(network, loss, optimizer, Cosine(), options, train, test, seed=3)


def result(run: Trainer) -> tuple[str, bytes, bytes, Any]:
    """Return all that a run leaves but its times; the history as text, in which NaN equals NaN."""
    history = [{k: float(v) for k, v in row.items() if not k.endswith("_s")} for row in run.history]
    slots = b"".join(array.tobytes() for array in run.slots.values())
    return repr(history), run.network.params.tobytes(), slots, run.diverged


def in_group(members: list[dict[str, Any]], **training: Any) -> list[Trainer]:
    train, test = batches(), batches(train=False)
    runs = [run(train, test, **(training | member)) for member in members]
    Lockstep(runs).run()
    return runs


def alone(member: dict[str, Any], **training: Any) -> Trainer:
    (single,) = in_group([member], **training)
    return single


MODELS = [
    MLP(()),
    MLP((12,)),
    MLP((12,)),
    MLP((16, 8)),
    MLP((12, 12), dropout=0.3, batch_norm=True, residual=True),
]
members = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "activation": st.sampled_from(ACTIVATIONS),
        "loss": st.sampled_from(LOSSES),
        "optimizer": st.sampled_from(OPTIMIZERS),
    }
)


@given(
    group=st.lists(members, min_size=2, max_size=7),
    batch_size=st.sampled_from([1, 7, 10, 32, 64, 130]),
    clip_norm=st.sampled_from([None, 0.5]),
)
@settings(max_examples=40, deadline=None)
def test_a_run_ends_with_the_same_bits_alone_and_in_any_group(
    group: list[dict[str, Any]], batch_size: int, clip_norm: float | None
) -> None:
    training = {"batch_size": batch_size, "clip_norm": clip_norm}
    group = [member for member in group if batch_size > 1 or not member["model"].batch_norm]
    for member, together in zip(group, in_group(group, **training), strict=True):
        assert result(together) == result(alone(member, **training)), member


def test_every_activation_with_every_loss_is_the_same_in_one_large_group() -> None:
    group = [{"activation": activation, "loss": loss} for activation in ACTIVATIONS for loss in LOSSES]
    for member, together in zip(group, in_group(group, batch_size=10), strict=True):
        assert result(together) == result(alone(member, batch_size=10)), member


class Halved(MSE):
    """A loss with a way of its own to be called."""

    def __call__(
        self, logits: Array, targets: Array, grad: Array, work: Workspace, *, batch: int | None = None
    ) -> Array:
        values = super().__call__(logits, targets, grad, work, batch=batch)
        grad *= 0.5
        return values


def test_a_loss_is_called_as_it_wants_to_be_called() -> None:
    still = SGD(lr=0.05, momentum=0.0, weight_decay=0.0)
    halved = alone({"loss": Halved(), "optimizer": still}, epochs=1)
    slower = alone({"loss": MSE(), "optimizer": replace(still, lr=0.025)}, epochs=1)
    np.testing.assert_allclose(halved.network.params, slower.network.params, rtol=1e-4, atol=1e-6)


def test_losses_in_any_order_and_number_have_their_own_values_and_gradients() -> None:
    losses: list[Loss] = [Focal(), MSE(), Focal(), Hinge(), MSE(), SoftmaxCE(), Focal()]
    rng, work = np.random.default_rng(0), Workspace(np.float32)
    logits: Array = rng.normal(size=(len(losses), CLASSES, 10)).astype(np.float32).mT
    targets = np.asfortranarray(one_hot(rng.integers(0, CLASSES, 10), CLASSES))
    grad = np.empty_like(logits.mT).mT
    values = LossesAbreast(losses)(logits, targets, grad, work)
    for i, loss in enumerate(losses):
        own = np.empty_like(logits[i].T).T
        assert loss(logits[i], targets, own, Workspace(np.float32)).tobytes() == values[i].tobytes(), loss
        assert own.tobytes() == grad[i].tobytes(), loss


def test_the_first_of_the_largest_scores_counts() -> None:
    rng = np.random.default_rng(0)
    ties: Array = rng.integers(-2, 3, (CLASSES, 50, 7)).astype(np.float32)
    ties[rng.random(ties.shape) < 0.1] = -np.inf
    for scores in (ties, rng.normal(size=(CLASSES, 50)).astype(np.float32)):
        assert (first_largest(scores) == scores.argmax(axis=0)).all()


@pytest.mark.parametrize("networks", [(), (3,)])
@pytest.mark.parametrize("wrong", [None, np.inf, -np.inf, np.nan])
def test_steps_add_up_with_ties_and_with_what_is_not_finite(
    networks: tuple[int, ...], wrong: float | None
) -> None:
    rng, tally, steps = np.random.default_rng(0), Tally(networks), 9
    logits = rng.normal(size=(steps, *networks, 7, CLASSES)).astype(np.float32)
    logits[4] = logits[4].round()  # ties
    values = logits.sum(axis=-1)
    if wrong is not None:
        logits[5, ..., 2, 1] = values[6, ..., 3] = wrong
    labels = rng.integers(0, CLASSES, (steps, 7))
    for step in range(steps):
        tally.add(values[step], logits[step], labels[step])
    tally.count()
    right = logits.argmax(axis=-1) == labels.reshape(steps, *[1] * len(networks), 7)
    finite = ~np.isnan(logits).any(axis=-1)
    np.testing.assert_array_equal(tally.correct, (right & finite).sum(axis=(0, -1)))
    np.testing.assert_array_equal(tally.infinite, np.full(networks, 0 if wrong is None else 6))
    np.testing.assert_array_equal(tally.diverged, np.full(networks, 0 if wrong is None else 7))
    if wrong is None:
        np.testing.assert_allclose(tally.loss, values.sum(axis=(0, -1)), rtol=1e-5, atol=1e-5)


def test_one_that_diverges_leaves_the_others_as_they_were() -> None:
    group = [{"optimizer": SGD(lr=lr), "loss": MSE()} for lr in (0.01, 1e9, 0.02, 1e4)]
    together = in_group(group, epochs=4)
    assert [bool(run.diverged) for run in together] == [False, True, False, True]
    for member, one in zip(group, together, strict=True):
        single = alone(member, epochs=4)
        assert one.diverged == single.diverged
        if not one.diverged:
            assert result(one) == result(single)


def test_runs_that_end_early_are_told_and_the_others_go_on() -> None:
    group: list[dict[str, Any]] = [{"optimizer": SGD(lr=lr)} for lr in (0.5, 0.001)]
    training: dict[str, Any] = {"epochs": 30, "validation_size": 30, "patience": 2}
    train, test = batches(), batches(train=False)
    runs = [run(train, test, **(training | member)) for member in group]
    ended = [len(one.history) for one in Lockstep(runs).ended()]
    assert ended == sorted(len(run.history) for run in runs)
    assert ended[0] < ended[1]
    for member, one in zip(group, runs, strict=True):
        assert result(one) == result(alone(member, **training))


@pytest.mark.parametrize("stopped_after", [1, 2])
def test_runs_stopped_at_different_epochs_catch_up_and_end_the_same(stopped_after: int) -> None:
    group: list[dict[str, Any]] = [{"activation": ReLU()}, {"activation": GELU()}, {"activation": Tanh()}]
    whole, states = in_group(group, epochs=3), []
    train, test = batches(), batches(train=False)
    before = [run(train, test, epochs=3, **member) for member in group]
    Lockstep(before).run(
        lambda run: states.append({k: v.copy() for k, v in run.state().items()}) if run is before[1] else None
    )
    again = [run(train, test, epochs=3, **member) for member in group]
    again[1].load_state(states[stopped_after - 1])
    Lockstep(again).run()
    assert [result(one) for one in again] == [result(one) for one in whole]


def test_runs_that_would_see_other_batches_are_refused() -> None:
    train, test = batches(), batches(train=False)
    first = run(train, test)
    for other, needs in (
        (run(train, test, batch_size=10), "one training.batch_size"),
        (replace(first, seed=4), "one seed"),
        (run(batches(), test), "one data set"),
        (run(train, test, optimizer=LBFGS()), "L-BFGS"),
    ):
        with pytest.raises(ValueError, match=needs):
            Lockstep([first, other])
