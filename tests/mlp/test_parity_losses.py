"""The losses against PyTorch: values and gradients in float64, both reductions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlp.losses import BCE, MSE, NLL, Focal, Hinge, Huber, KLDiv, Loss, MultiMargin, SoftmaxCE, one_hot
from mlp.workspace import Workspace

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional
pytestmark = pytest.mark.parity

CLASSES = 10
PER_CLASS = tuple(k / CLASSES for k in range(CLASSES))


def focal(z: Any, y: Any, alpha: Any, gamma: float) -> Any:
    cross_entropy = F.cross_entropy(z, y, reduction="none")
    return alpha * (1 - torch.exp(-cross_entropy)) ** gamma * cross_entropy


def kl_div(z: Any, t: Any, smoothing: float) -> Any:
    soft = (1 - smoothing) * t + smoothing / CLASSES
    return F.kl_div(F.log_softmax(z, dim=1), soft, reduction="none").sum(dim=1)


PAIRS = [  # PyTorch's value of each example, given logits z, labels y and one-hot targets t
    (MSE(), lambda z, y, t: F.mse_loss(z, t, reduction="none").sum(dim=1)),
    (Huber(delta=0.7), lambda z, y, t: F.huber_loss(z, t, reduction="none", delta=0.7).sum(dim=1)),
    (SoftmaxCE(), lambda z, y, t: F.cross_entropy(z, y, reduction="none")),
    (
        SoftmaxCE(label_smoothing=0.2),
        lambda z, y, t: F.cross_entropy(z, y, reduction="none", label_smoothing=0.2),
    ),
    (NLL(), lambda z, y, t: F.nll_loss(F.log_softmax(z, dim=1), y, reduction="none")),
    (KLDiv(), lambda z, y, t: kl_div(z, t, 0.0)),
    (KLDiv(smoothing=0.1), lambda z, y, t: kl_div(z, t, 0.1)),
    (Focal(), lambda z, y, t: focal(z, y, 0.1, 2.0)),
    (Focal(alpha=PER_CLASS, gamma=1.5), lambda z, y, t: focal(z, y, torch.tensor(PER_CLASS)[y], 1.5)),
    (BCE(), lambda z, y, t: F.binary_cross_entropy_with_logits(z, t, reduction="none").sum(dim=1)),
    (Hinge(), lambda z, y, t: CLASSES * F.multi_margin_loss(z, y, margin=5.0, reduction="none")),
    (
        Hinge(margin=0.5, softmax=True),
        lambda z, y, t: CLASSES * F.multi_margin_loss(F.softmax(z, dim=1), y, margin=0.5, reduction="none"),
    ),
    (MultiMargin(), lambda z, y, t: F.multi_margin_loss(z, y, reduction="none")),
    (
        MultiMargin(margin=2.0, p=2),
        lambda z, y, t: F.multi_margin_loss(z, y, p=2, margin=2.0, reduction="none"),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[repr(ours) for ours, _ in PAIRS])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_value_and_gradient(ours: Loss, theirs: Any, reduction: str, scale: float) -> None:
    rng = np.random.default_rng(0)
    z, y = scale * rng.standard_normal((40, CLASSES)), rng.integers(0, CLASSES, 40)
    t = one_hot(y, CLASSES, np.float64)
    tensor = torch.tensor(z, requires_grad=True)
    expected = theirs(tensor, torch.tensor(y), torch.tensor(t))
    (expected.mean() if reduction == "mean" else expected.sum()).backward()

    grad = np.empty_like(z)
    values = replace(ours, reduction=reduction)(z, t, grad, Workspace(np.float64))
    np.testing.assert_allclose(values, expected.detach().numpy(), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(grad, tensor.grad.numpy(), rtol=1e-6, atol=1e-12)
