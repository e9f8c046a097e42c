"""Losses: the value of each example and the gradient of their mean or sum, in one pass over the logits."""

from mlp.losses.loss import Loss, one_hot
from mlp.losses.margin import Hinge
from mlp.losses.probability import Focal, SoftmaxCE
from mlp.losses.regression import MSE

__all__ = ["MSE", "Focal", "Hinge", "Loss", "SoftmaxCE", "one_hot"]
