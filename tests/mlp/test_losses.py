"""The losses: values by the textbook, gradients of exactly those values, finite at the extremes."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_expit, log_softmax, softmax

from mlp import special
from mlp.losses import BCE, MSE, NLL, Focal, Hinge, Huber, KLDiv, Loss, MultiMargin, SoftmaxCE, one_hot
from mlp.workspace import Array, Workspace
from tests.support.scratch import UFUNC_BUFFERS, PoisonedWorkspace, allocated

EXAMPLES = settings(deadline=None, max_examples=30)
CLASSES = 4
PER_CLASS = (0.1, 0.9, 0.5, 1.0)
ALL = [
    MSE(),
    Huber(),
    Huber(delta=0.3),
    SoftmaxCE(),
    SoftmaxCE(label_smoothing=0.1),
    NLL(),
    KLDiv(),
    KLDiv(smoothing=0.2),
    Focal(),
    Focal(alpha=1.0, gamma=0.0),
    Focal(gamma=0.5),
    Focal(alpha=PER_CLASS, gamma=3.0),
    BCE(),
    Hinge(),
    Hinge(margin=0.0),
    Hinge(margin=0.3),
    Hinge(margin=0.5, softmax=True),
    MultiMargin(),
    MultiMargin(margin=0.7, p=2),
]


def evaluate(loss: Loss, logits: Array, labels: Array) -> tuple[Array, Array]:
    """Values (batch,) and gradient (batch, classes)."""
    grad = np.full_like(logits, np.nan)
    targets = one_hot(labels, logits.shape[1], logits.dtype)
    return loss(logits, targets, grad, PoisonedWorkspace(logits.dtype)).copy(), grad


def from_labels(loss: Loss, z: Array, y: int) -> float:
    """One example's loss, written down with the integer label y, from the definition."""
    classes, t = len(z), np.eye(len(z))[y]
    log_p = log_softmax(z)
    match loss:
        case MSE():
            return float(sum((z - t) ** 2))
        case Huber(delta=d):
            r = np.abs(z - t)
            return float(sum(np.where(r <= d, r**2 / 2, d * (r - d / 2))))
        case SoftmaxCE(label_smoothing=s):
            return float(-(1 - s) * log_p[y] - s * log_p.mean())
        case NLL():
            return float(-log_p[y])
        case KLDiv(smoothing=s):
            soft = (1 - s) * t + s / classes
            return float(sum(q * (np.log(q) - log_q) for q, log_q in zip(soft, log_p, strict=True) if q > 0))
        case Focal(alpha=alpha, gamma=gamma):
            weight: Any = alpha[y] if isinstance(alpha, tuple) else alpha
            return float(-weight * (1 - np.exp(log_p[y])) ** gamma * log_p[y])
        case BCE():
            return float(-log_expit(z[y]) - sum(log_expit(-z[k]) for k in range(classes) if k != y))
        case Hinge(margin=m, softmax=True):
            return from_labels(Hinge(margin=m), softmax(z), y)
        case Hinge(margin=m):
            return float(sum(max(0.0, m - z[y] + z[k]) for k in range(classes) if k != y))
        case MultiMargin(margin=m, p=p):
            return float(sum(max(0.0, m - z[y] + z[k]) ** p for k in range(classes) if k != y)) / classes
    raise AssertionError(loss)


def batches(magnitude: float = 20.0, dtype: type = np.float64) -> st.SearchStrategy[tuple[Array, Array]]:
    """Logits (batch, CLASSES) up to a magnitude, ties and equal rows among them, and labels (batch,)."""
    width: Literal[32, 64] = 32 if dtype is np.float32 else 64
    return st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            arrays(dtype, (n, CLASSES), elements=st.floats(-magnitude, magnitude, width=width)),
            arrays(np.intp, n, elements=st.integers(0, CLASSES - 1)),
        )
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_gradient_is_that_of_the_reduced_value_along_random_directions(loss: Loss, reduction: str) -> None:
    loss = replace(loss, reduction=reduction)
    rng = np.random.default_rng(0)
    logits, labels = 2.0 * rng.standard_normal((6, CLASSES)), rng.integers(0, CLASSES, 6)
    _, grad = evaluate(loss, logits, labels)
    reduce = np.mean if reduction == "mean" else np.sum
    for _ in range(5):
        direction = rng.standard_normal(logits.shape)
        up, _ = evaluate(loss, logits + 1e-6 * direction, labels)
        down, _ = evaluate(loss, logits - 1e-6 * direction, labels)
        numeric = (reduce(up) - reduce(down)) / 2e-6
        np.testing.assert_allclose(np.vdot(grad, direction), numeric, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("loss", ALL, ids=repr)
@EXAMPLES
@given(batch=batches())
def test_one_hot_targets_and_integer_labels_agree(loss: Loss, batch: tuple[Array, Array]) -> None:
    logits, labels = batch
    expected = [from_labels(loss, z, int(y)) for z, y in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(evaluate(loss, logits, labels)[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ALL, ids=repr)
@EXAMPLES
@given(batch=batches(), data=st.data())
def test_row_order_changes_nothing_but_the_order(
    loss: Loss, batch: tuple[Array, Array], data: st.DataObject
) -> None:
    logits, labels = batch
    order = np.array(data.draw(st.permutations(range(len(labels)))))
    values, grad = evaluate(loss, logits, labels)
    shuffled_values, shuffled_grad = evaluate(loss, logits[order], labels[order])
    np.testing.assert_allclose(shuffled_values, values[order], rtol=1e-13)
    np.testing.assert_allclose(shuffled_grad, grad[order], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(shuffled_values.sum(), values.sum(), rtol=1e-12)


@pytest.mark.parametrize("loss", ALL, ids=repr)
@EXAMPLES
@given(batch=batches(1e4, np.float32))
def test_float32_logits_up_to_1e4_give_finite_values_that_are_never_negative(
    loss: Loss, batch: tuple[Array, Array]
) -> None:
    values, grad = evaluate(loss, *batch)
    assert np.isfinite(values).all()
    assert np.isfinite(grad).all()
    assert (values >= 0).all()


@pytest.mark.parametrize("loss", ALL, ids=repr)
@pytest.mark.parametrize(
    "logits",
    [
        np.array([[1e4, -1e4, 0.0, 1e4], [-1e4, 1e4, 1e4, -1e4], [1e4, -1e4, -1e4, -1e4]]),
        np.zeros((1, CLASSES)),
        np.full((5, CLASSES), -1e4),
        np.full((1, CLASSES), 1e4),
        np.eye(CLASSES),
    ],
)
def test_ties_equal_rows_and_a_batch_of_one_are_ordinary(loss: Loss, logits: Array) -> None:
    for label in range(CLASSES):
        values, grad = evaluate(loss, logits.astype(np.float32), np.full(len(logits), label))
        assert np.isfinite(values).all()
        assert np.isfinite(grad).all()
        assert (values >= 0).all()


@EXAMPLES
@given(batch=batches(1e4))
def test_softmax_ce_kldiv_and_nll_have_equal_values_and_gradients(batch: tuple[Array, Array]) -> None:
    expected_values, expected_grad = evaluate(SoftmaxCE(), *batch)
    for loss in (KLDiv(), NLL(), Focal(alpha=1.0, gamma=0.0)):
        values, grad = evaluate(loss, *batch)
        np.testing.assert_array_equal(values, expected_values)
        np.testing.assert_array_equal(grad, expected_grad)


@EXAMPLES
@given(batch=batches(1e4))
def test_smoothed_softmax_ce_and_kldiv_have_equal_gradients(batch: tuple[Array, Array]) -> None:
    _, of_ce = evaluate(SoftmaxCE(label_smoothing=0.3), *batch)
    _, of_kl = evaluate(KLDiv(smoothing=0.3), *batch)
    np.testing.assert_array_equal(of_ce, of_kl)


@pytest.mark.parametrize("loss", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_order_does_not_matter_and_inputs_stay_as_they_are(loss: Loss, dtype: type) -> None:
    rng = np.random.default_rng(1)
    logits: Array = rng.standard_normal((6, CLASSES)).astype(dtype)
    targets = one_hot(rng.integers(0, CLASSES, 6), CLASSES, dtype)
    results = []
    for order in ("C", "F"):
        z, t, grad = (np.array(array, order=order) for array in (logits, targets, logits))
        results.append((loss(z, t, grad, Workspace(dtype)).copy(), grad))
        np.testing.assert_array_equal(z, logits)
        np.testing.assert_array_equal(t, targets)
    for row_major, column_major in zip(*results, strict=True):
        assert row_major.dtype == column_major.dtype == dtype
        np.testing.assert_allclose(row_major, column_major, rtol=1e-6 if dtype is np.float32 else 1e-14)


@pytest.mark.parametrize("loss", ALL, ids=repr)
def test_float32_is_float64_up_to_rounding(loss: Loss) -> None:
    rng = np.random.default_rng(2)
    logits, labels = 5.0 * rng.standard_normal((50, CLASSES)), rng.integers(0, CLASSES, 50)
    logits = logits.astype(np.float32)
    for single, double in zip(
        evaluate(loss, logits, labels), evaluate(loss, logits.astype(np.float64), labels), strict=True
    ):
        np.testing.assert_allclose(single, double, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("loss", ALL, ids=repr)
@pytest.mark.parametrize("order", ["C", "F"])
def test_repeated_calls_allocate_no_arrays(loss: Loss, order: Literal["C", "F"]) -> None:
    rng = np.random.default_rng(3)
    logits = np.array(rng.standard_normal((13_000, CLASSES)), np.float32, order=order)
    targets = np.array(one_hot(rng.integers(0, CLASSES, 13_000), CLASSES), order=order)
    grad, work = np.empty_like(logits), Workspace(np.float32)
    held, peak = allocated(lambda: loss(logits, targets, grad, work))
    assert held < 4096
    assert peak < UFUNC_BUFFERS < logits.nbytes


def test_a_margin_that_is_kept_costs_nothing() -> None:
    for loss in (Hinge(), MultiMargin(), MultiMargin(p=2)):
        values, grad = evaluate(loss, np.array([[9.0, 1.0, 4.0, 0.0]]), np.array([0]))
        assert values == 0.0
        np.testing.assert_array_equal(grad, 0.0)


def test_focal_alpha_per_class_weighs_by_the_true_class() -> None:
    rng = np.random.default_rng(4)
    logits, labels = rng.standard_normal((40, CLASSES)), rng.integers(0, CLASSES, 40)
    plain, plain_grad = evaluate(Focal(alpha=1.0), logits, labels)
    weighted, weighted_grad = evaluate(Focal(alpha=PER_CLASS), logits, labels)
    weights = np.array(PER_CLASS)[labels]
    np.testing.assert_allclose(weighted, plain * weights, rtol=1e-14)
    np.testing.assert_allclose(weighted_grad, plain_grad * weights[:, None], rtol=1e-14)


def test_kldiv_is_zero_at_its_own_targets() -> None:
    soft = 0.8 * np.eye(CLASSES) + 0.2 / CLASSES
    values, grad = evaluate(KLDiv(smoothing=0.2), np.log(soft), np.arange(CLASSES))
    np.testing.assert_allclose(values, 0.0, atol=1e-15)
    np.testing.assert_allclose(grad, 0.0, atol=1e-15)


def test_one_hot_marks_the_label() -> None:
    np.testing.assert_array_equal(one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])
    assert one_hot(np.array([1]), 3).dtype == np.float32
    assert one_hot(np.array([], int), 3).shape == (0, 3)


@pytest.mark.parametrize("labels", [[3], [-1], [0, 1, 7]])
def test_one_hot_refuses_labels_that_are_no_class(labels: list[int]) -> None:
    with pytest.raises(ValueError, match=r"labels = .*: must be in 0 \.\.\. 2"):
        one_hot(np.array(labels), 3)


ON_PROBABILITIES = [
    *(loss for loss in ALL if isinstance(loss, (SoftmaxCE, NLL, KLDiv, Focal))),
    Hinge(softmax=True),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", ON_PROBABILITIES, ids=repr)
def test_no_finite_logit_makes_a_loss_on_probabilities_overflow(loss: Loss, dtype: type) -> None:
    """A loss of 6e38 in float32 counts as the largest number; where it is 0 it stays 0."""
    most = float(np.finfo(dtype).max) * 0.9
    rows = [[most, -most, 0, 1], [-most] * 4, [most] * 4, [0, -most, -most, -most], [most, most, -most, 1]]
    logits: Array = np.array(rows, dtype)
    for label in range(CLASSES):
        values, grad = evaluate(loss, logits, np.full(len(logits), label))
        assert np.isfinite(values).all()
        assert np.isfinite(grad).all()
        assert (values >= 0).all()
    if isinstance(loss, NLL):
        values, grad = evaluate(loss, logits[:1], np.array([0]))
        assert (values[0], grad.tolist()) == (0.0, [[0.0] * 4])
        values, grad = evaluate(loss, logits[:1], np.array([1]))
        assert values[0] == np.finfo(dtype).max
        assert grad.tolist() == [[1.0, -1.0, 0.0, 0.0]]
        values, _ = evaluate(loss, logits[3:4], np.array([1]))
        assert values[0] == dtype(most)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [Hinge(), MultiMargin(), MultiMargin(p=2)], ids=repr)
def test_a_margin_that_is_kept_by_more_than_the_dtype_holds_costs_nothing(loss: Loss, dtype: type) -> None:
    most = float(np.finfo(dtype).max) * 0.9
    values, grad = evaluate(loss, np.array([[most, -most, -most, 0.0]], dtype), np.array([0]))
    assert values.tolist() == [0.0]
    assert grad.tolist() == [[0.0] * 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_at_the_ends_of_the_range(dtype: type) -> None:
    most, work = np.finfo(dtype).max, PoisonedWorkspace(dtype)
    z: Array = np.array([[most, -most, -most], [-np.inf, 0, 0], [-most] * 3, [most] * 3], dtype)
    shifted, p = np.empty_like(z), np.empty_like(z)
    log_norm = special.softmax(z, shifted, p, work)
    third = dtype(1) / dtype(3)
    np.testing.assert_array_equal(p, [[1, 0, 0], [0, 0.5, 0.5], [third] * 3, [third] * 3])
    assert np.isfinite(shifted).all()
    np.testing.assert_allclose(log_norm[:, 0], np.log([1, 2, 3, 3]), rtol=1e-6)
    for row in ([np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0], [-np.inf] * 3):  # a network that has diverged
        special.softmax(np.array([row], dtype), shifted[:1], p[:1], work)
        assert np.isnan(p[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_and_softplus_at_the_ends_of_the_range(dtype: type) -> None:
    most = np.finfo(dtype).max
    z: Array = np.array([-np.inf, -most, 0.0, most, np.inf], dtype)
    out, spare = np.empty_like(z), np.empty_like(z)
    special.sigmoid(z, out)
    assert out.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    special.softplus(z, out, spare)
    np.testing.assert_array_equal(out, np.array([0.0, 0.0, np.log(2.0), most, np.inf], dtype))
