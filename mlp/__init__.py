"""Small neural networks in NumPy: activations, losses, layers, optimisers, data sets, the training loop."""

from mlp.saved import Trained, load

__all__ = ["Trained", "load"]
