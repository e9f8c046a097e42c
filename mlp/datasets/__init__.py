"""Data sets: frozen dataclasses; `check()` says how large they are, `load()` gives the arrays to train on."""

from mlp.datasets.data import Data, Dataset, Dimensions
from mlp.datasets.download import DatasetError
from mlp.datasets.images import MNIST, FashionMNIST
from mlp.datasets.npz import NPZ, Sample
from mlp.datasets.xor import XOR

__all__ = ["MNIST", "NPZ", "XOR", "Data", "Dataset", "DatasetError", "Dimensions", "FashionMNIST", "Sample"]
