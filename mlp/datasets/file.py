"""`dataset=file`: somebody's own csv, parquet, .npz or .npy file."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlp.datasets.arrays import read_npy, read_npz
from mlp.datasets.download import DatasetError
from mlp.datasets.examples import Examples
from mlp.datasets.own import OwnData, Source
from mlp.datasets.signatures import require_ending
from mlp.datasets.stored import plain_file, steady
from mlp.datasets.tables import in_order, read_table
from mlp.ranges import is_integer
from mlp.workspace import Array

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
SUFFIXES = (*TABLES, ".npz", ".npy")
ALLOWED = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


@dataclass(frozen=True)
class File(OwnData):
    """Examples in a file of one's own.

    path: a .csv, .tsv (both also .gz), .parquet, .npz or .npy file
    test_path: a file of test examples, of the same kind; None: those of the .npz, or a part of `path`
    label: of a table the column of the labels; None: the one called label, target, class or y. Of .npy files
        the file of the labels; with a test_path two of them
    """

    path: str
    test_path: str | None = None
    label: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.label, list):
            object.__setattr__(self, "label", tuple(self.label))
        if is_integer(self.label):  # as the command line reads the name of such a column
            object.__setattr__(self, "label", str(self.label))
        for key in ("path", "test_path"):
            value = getattr(self, key)
            if value is not None or key == "path":
                _require_name(key, value)
        if self.test_path is not None and family(self.test_path) != family(self.path):
            raise ValueError(f"test_path = {self.test_path}: must be of the kind of path = {self.path}")
        self._require_label()

    def _require_label(self) -> None:
        """Raise ValueError unless the label is what files of this kind need."""
        kind, given = family(self.path), self.labels
        if self.label is not None and not (given and all(isinstance(name, str) and name for name in given)):
            raise ValueError(f"label = {self.label!r}: must be a text")
        shown = list(given) if isinstance(self.label, tuple) else self.label or "null"
        if kind == ".npy" and len(given) != 1 + (self.test_path is not None):
            what = (
                "two .npy files, to train and to test on" if self.test_path else "the .npy file of the labels"
            )
            raise ValueError(f"label = {shown}: must be {what}, with path = {self.path}")
        if kind == ".npy" and not all(family(name) == ".npy" for name in given):
            raise ValueError(f"label = {shown}: must end in .npy, with path = {self.path}")
        if kind == ".npz" and given:
            raise ValueError(f"label = {shown}: must be null: an .npz has its labels as y, labels or target")
        if kind == "table" and isinstance(self.label, tuple):
            raise ValueError(f"label = {shown}: must be the name of one column")

    @property
    def labels(self) -> tuple[str, ...]:
        """The label or labels, as a tuple."""
        return (
            self.label if isinstance(self.label, tuple) else (self.label,) if self.label is not None else ()
        )

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    def files(self) -> tuple[Path, ...]:
        """Return the files of the inputs, then those of labels; DatasetError unless they are there."""
        named = {"path": self.path, **({"test_path": self.test_path} if self.test_path else {})}
        labels = self.labels if family(self.path) == ".npy" else ()
        keys = [*named.items(), *(("label", name) for name in labels)]
        return tuple(_there(key, name) for key, name in keys)

    def read(self) -> Source:
        """Return the examples as the files hold them; raise DatasetError."""
        if family(self.path) == ".npy":
            return self._read_arrays()
        parts, hashes = self._read_one("path", self.path)
        train, test = parts.get("", parts.get("_train")), parts.get("_test")
        if train is None:
            raise DatasetError(
                f"{where('path', self.path)}: has test examples only: must have some to train on"
            )
        if self.test_path is None:
            return Source(train, test, (hashes,))
        if test is not None:
            raise DatasetError(
                f"{where('test_path', self.test_path)}: must be null: {self.path} has test examples, too"
            )
        others, other_hash = self._read_one("test_path", self.test_path)
        test = others.get("_test", others.get(""))
        if test is None or "_train" in others:
            raise DatasetError(
                f"{where('test_path', self.test_path)}: must have test examples, and no others"
            )
        return Source(train, in_order(train, test), (hashes, other_hash))

    def _read_one(self, key: str, name: str) -> tuple[dict[str, Examples], str]:
        """Return the parts of a file's examples, and its SHA-256."""
        path, told = _there(key, name), where(key, name)
        with _blamed(told), steady(path) as (file, sha256):
            require_ending(file, name, told)
            if family(name) == ".npz":
                return read_npz(file, told), sha256
            return {
                "": read_table(file, path, self.label if isinstance(self.label, str) else None, told)
            }, sha256

    def _read_arrays(self) -> Source:
        """Return the examples of .npy files, each of inputs with one of labels."""
        inputs = {"path": self.path, **({"test_path": self.test_path} if self.test_path else {})}
        found, hashes, label_hashes = [], [], []
        for (key, name), label in zip(inputs.items(), self.labels, strict=True):
            x, sha256 = _array(key, name)
            y, label_hash = _array("label", label)
            found.append(Examples.of(x, y, where(key, name), ("the array", f"dataset.label = {label}")))
            hashes.append(sha256)
            label_hashes.append(label_hash)
        return Source(found[0], found[1] if len(found) > 1 else None, (*hashes, *label_hashes))


def family(name: str) -> str:
    """Return what kind of file a name ends in: table, .npz or .npy; empty for any other."""
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")
    return "table" if suffix in TABLES else suffix


def where(key: str, name: str) -> str:
    """Return what messages on a file begin with."""
    return f"dataset.{key} = {name}"


def _require_name(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{key} = {value!r}: must be the name of a file, {ALLOWED}")
    if not family(value):
        raise ValueError(f"{key} = {value}: must end in {ALLOWED}")


def _there(key: str, name: str) -> Path:
    """Return the path of a plain file that is there; raise DatasetError."""
    with _blamed(where(key, name)):
        return plain_file(name, "a file").absolute()


@contextlib.contextmanager
def _blamed(told: str) -> Iterator[None]:
    """Have every mistake within name the setting that it is about."""
    try:
        yield
    except DatasetError as error:
        if str(error).startswith("dataset."):
            raise
        raise DatasetError(f"{told}: {error}") from error


def _array(key: str, name: str) -> tuple[Array, str]:
    """Return the array of a .npy file, and its SHA-256."""
    path = _there(key, name)
    with _blamed(where(key, name)), steady(path) as (file, sha256):
        require_ending(file, name, where(key, name))
        return read_npy(file, path.stat().st_size, where(key, name)), sha256
