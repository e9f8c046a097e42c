"""Optimisers and schedules against PyTorch: 50 steps of one small net, lr × momentum × weight decay."""

import itertools
from typing import Any

import numpy as np
import pytest

from mlp.optimizers import SGD, Adagrad, Adam, AdamW, Nesterov, Optimizer, RMSprop
from mlp.schedules import Constant, Cosine, Exponential, InverseTime, Schedule, Step, Warmup
from mlp.workspace import Array, Workspace

torch: Any = pytest.importorskip("torch")
optim: Any = torch.optim
schedulers: Any = torch.optim.lr_scheduler
pytestmark = pytest.mark.parity

FEATURES, HIDDEN, CLASSES, STEPS = 6, 8, 3, 50
WEIGHTS, BIASES = FEATURES * HIDDEN + HIDDEN * CLASSES, HIDDEN + CLASSES
LRS, MOMENTA, DECAYS = (0.1, 0.003), (0.0, 0.5, 0.9), (0.0, 0.01)

WITH_MOMENTUM = [
    (SGD, lambda groups, lr, mu: optim.SGD(groups, lr=lr, momentum=mu)),
    (Nesterov, lambda groups, lr, mu: optim.SGD(groups, lr=lr, momentum=mu, nesterov=mu > 0)),
    (RMSprop, lambda groups, lr, mu: optim.RMSprop(groups, lr=lr, momentum=mu)),
]
WITHOUT_MOMENTUM = [
    (Adagrad, lambda groups, lr: optim.Adagrad(groups, lr=lr)),
    (Adam, lambda groups, lr: optim.Adam(groups, lr=lr)),
    (AdamW, lambda groups, lr: optim.AdamW(groups, lr=lr)),
]
SCHEDULES = [
    (Constant(), lambda optimizer: schedulers.ConstantLR(optimizer, factor=1.0)),
    (Step(every=7, factor=0.5), lambda optimizer: schedulers.StepLR(optimizer, step_size=7, gamma=0.5)),
    (Exponential(factor=0.9), lambda optimizer: schedulers.ExponentialLR(optimizer, gamma=0.9)),
    (InverseTime(rate=0.2), lambda optimizer: schedulers.LambdaLR(optimizer, lambda t: 1 / (1 + 0.2 * t))),
    (Cosine(), lambda optimizer: schedulers.CosineAnnealingLR(optimizer, T_max=STEPS)),
    (Cosine(final=0.1), lambda optimizer: schedulers.CosineAnnealingLR(optimizer, T_max=STEPS, eta_min=0.01)),
    (
        Warmup(epochs=8, start=0.25),
        lambda optimizer: schedulers.LinearLR(optimizer, start_factor=0.25, total_iters=8),
    ),
]


def loss(weights: Any, biases: Any) -> Any:
    """Cross-entropy of a small tanh net on fixed data, as a function of two flat vectors."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.standard_normal((20, FEATURES)))
    y = torch.tensor(rng.integers(0, CLASSES, 20))
    first, second = weights[: FEATURES * HIDDEN], weights[FEATURES * HIDDEN :]
    hidden = torch.tanh(x @ first.reshape(FEATURES, HIDDEN) + biases[:HIDDEN])
    logits = hidden @ second.reshape(HIDDEN, CLASSES) + biases[HIDDEN:]
    return torch.nn.functional.cross_entropy(logits, y)


def start() -> Array:
    return np.random.default_rng(1).standard_normal(WEIGHTS + BIASES)


def tensors(params: Array) -> tuple[Any, Any]:
    weights, biases = torch.tensor(params[:WEIGHTS]), torch.tensor(params[WEIGHTS:])
    return weights.requires_grad_(), biases.requires_grad_()


def by_torch(make: Any, weight_decay: float, make_scheduler: Any = None) -> tuple[Array, list[float]]:
    """Parameters after STEPS steps of PyTorch's optimiser, and the learning rate of each step."""
    weights, biases = tensors(start())
    optimizer = make(
        [{"params": [weights], "weight_decay": weight_decay}, {"params": [biases], "weight_decay": 0.0}]
    )
    scheduler = make_scheduler(optimizer) if make_scheduler else None
    lrs = []
    for _ in range(STEPS):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.zero_grad()
        loss(weights, biases).backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return np.concatenate([weights.detach().numpy(), biases.detach().numpy()]), lrs


def by_us(optimizer: Optimizer, schedule: Schedule) -> tuple[Array, list[float]]:
    """The same with ours; PyTorch only gives the gradients."""
    params, work = start(), Workspace(np.float64)
    state = optimizer.init(params)
    lrs = [optimizer.lr * schedule(epoch, STEPS) for epoch in range(STEPS)]
    for lr in lrs:
        weights, biases = tensors(params)
        loss(weights, biases).backward()
        grads = np.concatenate([weights.grad.numpy(), biases.grad.numpy()])
        optimizer.updater(params, grads, state, lr=lr, weights=WEIGHTS, work=work)()
    return params, lrs


@pytest.mark.parametrize(("ours", "theirs"), WITH_MOMENTUM, ids=[ours.__name__ for ours, _ in WITH_MOMENTUM])
@pytest.mark.parametrize(("lr", "momentum", "decay"), list(itertools.product(LRS, MOMENTA, DECAYS)))
def test_momentum_optimisers(ours: Any, theirs: Any, lr: float, momentum: float, decay: float) -> None:
    expected, _ = by_torch(lambda groups: theirs(groups, lr, momentum), decay)
    params, _ = by_us(ours(lr=lr, momentum=momentum, weight_decay=decay), Constant())
    np.testing.assert_allclose(params, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("ours", "theirs"), WITHOUT_MOMENTUM, ids=[ours.__name__ for ours, _ in WITHOUT_MOMENTUM]
)
@pytest.mark.parametrize(("lr", "decay"), list(itertools.product(LRS, DECAYS)))
def test_adaptive_optimisers(ours: Any, theirs: Any, lr: float, decay: float) -> None:
    expected, _ = by_torch(lambda groups: theirs(groups, lr), decay)
    params, _ = by_us(ours(lr=lr, weight_decay=decay), Constant())
    np.testing.assert_allclose(params, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("schedule", "theirs"), SCHEDULES, ids=[repr(schedule) for schedule, _ in SCHEDULES])
@pytest.mark.parametrize(
    ("ours", "make"),
    [
        (SGD(lr=0.1, weight_decay=0.01), lambda groups: optim.SGD(groups, lr=0.1, momentum=0.9)),
        (AdamW(lr=0.1, weight_decay=0.01), lambda groups: optim.AdamW(groups, lr=0.1)),
    ],
    ids=["SGD", "AdamW"],
)
def test_schedules(schedule: Schedule, theirs: Any, ours: Optimizer, make: Any) -> None:
    expected, expected_lrs = by_torch(make, 0.01, theirs)
    params, lrs = by_us(ours, schedule)
    np.testing.assert_allclose(lrs, expected_lrs, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(params, expected, rtol=1e-6, atol=1e-9)
