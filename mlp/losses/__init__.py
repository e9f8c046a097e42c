"""Losses: the value of each example and the gradient of their mean or sum, in one pass over the logits."""

from mlp.losses.loss import Loss, one_hot
from mlp.losses.margin import Hinge, MultiMargin
from mlp.losses.probability import BCE, NLL, Focal, KLDiv, SoftmaxCE
from mlp.losses.regression import MSE, Huber

__all__ = [
    "BCE",
    "MSE",
    "NLL",
    "Focal",
    "Hinge",
    "Huber",
    "KLDiv",
    "Loss",
    "MultiMargin",
    "SoftmaxCE",
    "one_hot",
]
