"""Data sets from an .npz file: the user's own arrays, and the piece of MNIST that comes with the package."""

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from mlp.datasets.data import Data, Dataset, Dimensions, require_integer, train_examples
from mlp.datasets.download import DatasetError
from mlp.datasets.identity import Identity, Mark, mark, sha256_of_file
from mlp.datasets.oddities import oddities
from mlp.datasets.stored import UNREADABLE, Header, header, plain_file, steady, unreadable
from mlp.workspace import Array

NAMES = ("x_train", "y_train", "x_test", "y_test")
SAMPLE = Path(__file__).with_name("mnist_sample.npz")


@dataclass(frozen=True)
class NPZ(Dataset):
    """Arrays x_train, y_train, x_test, y_test of one .npz file.

    x (n, ...) is uint8, divided by 255, or floating, taken as it is; all after the first axis is flattened.
    y (n,) holds integer classes from 0; `classes` says how many there are, None: one more than the largest in
    y_train. `train_size` takes the first so many training examples.
    """

    path: str
    train_size: int | None = None
    classes: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError(f"path = {self.path!r}: must be the name of an .npz file")
        if self.train_size is not None:
            require_integer("train_size", self.train_size, 1)
        if self.classes is not None:
            require_integer("classes", self.classes, 2)

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    def check(self) -> Dimensions:
        """Return the dimensions, reading no more than the headers and the labels.

        Raises DatasetError for a file that is not as described above, ValueError for a train_size beyond it.
        """
        path = self._file()
        try:
            found = _inspect(path, self.classes, mark(path.stat()))
        except UNREADABLE as error:
            raise unreadable(path, error) from error
        train = train_examples(self.train_size, found.train)
        return Dimensions(train, found.test, found.features, found.classes)

    def identity(self) -> Identity:
        """Return the file's SHA-256 and what is odd about its arrays; raise as `load` does."""
        self.check()
        path = self._file().absolute()
        return _identity(self, path, mark(path.stat()))

    def load(self) -> Data:
        """Return the data; raise as `check` does, and DatasetError for values that are not finite."""
        size, path = self.check(), self._file()
        (x_train, y_train, x_test, y_test), sha256 = _read(path)
        return Data(
            x_train=_inputs(x_train[: size.train], "x_train", path),
            y_train=y_train[: size.train].astype(np.int64),
            x_test=_inputs(x_test, "x_test", path),
            y_test=y_test.astype(np.int64),
            scale=1 / 255 if x_train.dtype == np.uint8 else 1.0,
            classes=size.classes,
            sha256=sha256,
        )

    def is_still(self, data: Data) -> bool:
        """Return whether the file's content is what these data were read from."""
        return sha256_of_file(self._file()) == data.sha256

    def _file(self) -> Path:
        return plain_file(self.path, "an .npz file")


@dataclass(frozen=True)
class Sample(Dataset):
    """The first 1,500 training and 500 test images of MNIST, for tests and first tries without a network."""

    train_size: int | None = None

    def __post_init__(self) -> None:
        train_examples(self.train_size, 1_500)

    def check(self) -> Dimensions:
        """Return the dimensions."""
        return NPZ(str(SAMPLE), self.train_size).check()

    def identity(self) -> Identity:
        """Return the SHA-256 of the file inside the package."""
        return Identity(sha256_of_file(SAMPLE))

    def load(self) -> Data:
        """Return the data from the file inside the package."""
        return NPZ(str(SAMPLE), self.train_size).load()

    def is_still(self, data: Data) -> bool:
        """Return whether the file inside the package is still as it was."""
        return NPZ(str(SAMPLE), self.train_size).is_still(data)


@lru_cache(maxsize=64)
def _identity(dataset: NPZ, path: Path, _: Mark) -> Identity:
    """Read the data once for its hash and its oddities; the mark makes a changed file a new question."""
    data = dataset.load()
    warnings = tuple(f"{path}: {line}" for line in oddities(data, _all_labels(path)))
    return Identity(data.sha256, file=path, warnings=warnings)


def _all_labels(path: Path) -> Array:
    """Return all labels of the training set, those beyond train_size too."""
    with np.load(path, allow_pickle=False) as arrays:
        labels: Array = arrays["y_train"]
        return labels


def _read(path: Path) -> tuple[list[Array], str]:
    """Return the four arrays and the SHA-256 of the whole file that they are in, both of one content."""
    with steady(path) as (file, sha256), np.load(file, allow_pickle=False) as arrays:
        return [arrays[name] for name in NAMES], sha256


@lru_cache(maxsize=8)
def _inspect(path: Path, classes: int | None, _: Mark) -> Dimensions:
    """Check headers and labels; the mark makes a changed file a new question to the cache."""
    shapes, dtypes = {}, {}
    with zipfile.ZipFile(path) as archive:
        for name in NAMES:
            shapes[name], dtypes[name] = _header(archive, name, path)
    for part in ("train", "test"):
        _require_pair(shapes[f"x_{part}"], shapes[f"y_{part}"], part, path)
    _require_dtypes(dtypes, path)
    if shapes["x_train"][1:] != shapes["x_test"][1:]:
        raise DatasetError(
            f"{path}: x_train has shape {shapes['x_train']}, x_test {shapes['x_test']}: must agree"
        )
    with np.load(path, allow_pickle=False) as arrays:
        known = _require_labels(arrays["y_train"], arrays["y_test"], classes, path)
    features = int(np.prod(shapes["x_train"][1:]))
    return Dimensions(shapes["x_train"][0], shapes["x_test"][0], features, known)


def _header(archive: zipfile.ZipFile, name: str, path: Path) -> Header:
    """Return shape and dtype of one array without reading it."""
    if f"{name}.npy" not in archive.namelist():
        has = ", ".join(sorted(entry.removesuffix(".npy") for entry in archive.namelist())) or "nothing"
        raise DatasetError(f"{path}: no array {name}; it has {has}")
    with archive.open(f"{name}.npy") as file:
        return header(file, f"{path}: {name}", archive.getinfo(f"{name}.npy").file_size)


def _require_pair(x: tuple[int, ...], y: tuple[int, ...], part: str, path: Path) -> None:
    if len(x) < 2 or 0 in x:
        raise DatasetError(f"{path}: x_{part} has shape {x}: must be (examples, features), none of them 0")
    if y != x[:1]:
        raise DatasetError(f"{path}: y_{part} has shape {y}: must be {x[:1]}, one class per row of x_{part}")


def _require_dtypes(dtypes: dict[str, np.dtype[np.generic]], path: Path) -> None:
    for name, dtype in dtypes.items():
        if name.startswith("x") and not (dtype == np.uint8 or dtype.kind == "f"):
            raise DatasetError(f"{path}: {name} is {dtype}: must be uint8 or floating")
        if name.startswith("y") and dtype.kind not in "iu":
            raise DatasetError(f"{path}: {name} is {dtype}: must be integers, classes from 0")
    if (dtypes["x_train"] == np.uint8) != (dtypes["x_test"] == np.uint8):
        raise DatasetError(f"{path}: x_train is {dtypes['x_train']}, x_test {dtypes['x_test']}: must agree")


def _require_labels(y_train: Array, y_test: Array, classes: int | None, path: Path) -> int:
    """Return the number of classes; raise DatasetError for labels outside it."""
    known = classes or max(2, int(y_train.max()) + 1)
    for name, labels in (("y_train", y_train), ("y_test", y_test)):
        if wrong := labels[(labels < 0) | (labels >= known)].tolist():
            raise DatasetError(f"{path}: {name} holds the class {wrong[0]}: must be 0 to {known - 1}")
    return known


def _inputs(x: Array, name: str, path: Path) -> Array:
    """Return x as (n, features), uint8 or float32."""
    flat = x.reshape(len(x), -1)
    if flat.dtype == np.uint8:
        return flat
    with np.errstate(over="ignore"):
        flat = flat.astype(np.float32)
    if bad := np.flatnonzero(~np.isfinite(flat).all(axis=1)).tolist():
        raise DatasetError(f"{path}: {name} has values that are not finite in float32, first in row {bad[0]}")
    return np.ascontiguousarray(flat)
