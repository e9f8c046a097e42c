"""Activation functions: each writes its value and its slope in one pass over the layer's output."""

from mlp.activations.activation import Activation, Identity
from mlp.activations.gates import GELU, GELUExact, HardSwish, Mish, Swish
from mlp.activations.maxout import Maxout
from mlp.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU
from mlp.activations.sigmoids import Sigmoid, Softmax, Softplus, Tanh

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "GELUExact",
    "HardSwish",
    "Identity",
    "LeakyReLU",
    "Maxout",
    "Mish",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Swish",
    "Tanh",
]
