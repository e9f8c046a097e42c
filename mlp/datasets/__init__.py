"""Data sets: frozen dataclasses; `check()` says how large they are, `load()` gives the arrays to train on."""

from mlp.datasets.data import Data, Dataset, Dimensions
from mlp.datasets.download import DatasetError
from mlp.datasets.file import File
from mlp.datasets.images import MNIST, FashionMNIST
from mlp.datasets.memory import Arrays, from_memory
from mlp.datasets.npz import NPZ, Sample
from mlp.datasets.xor import XOR

__all__ = [
    "MNIST",
    "NPZ",
    "XOR",
    "Arrays",
    "Data",
    "Dataset",
    "DatasetError",
    "Dimensions",
    "FashionMNIST",
    "File",
    "Sample",
    "from_memory",
]
