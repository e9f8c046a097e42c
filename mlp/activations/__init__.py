"""Activation functions: each writes its value and its slope in one pass over the layer's output."""

from mlp.activations.activation import Activation, Identity
from mlp.activations.gates import GELU, Swish
from mlp.activations.maxout import Maxout
from mlp.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU

__all__ = ["ELU", "GELU", "SELU", "Activation", "Identity", "LeakyReLU", "Maxout", "ReLU", "Swish"]
