"""Arrays in .npz and .npy files, under the names that people give them."""

import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from mlp.datasets.download import DatasetError
from mlp.datasets.examples import Examples
from mlp.datasets.stored import header
from mlp.workspace import Array

INPUTS = ("x", "X", "data", "images")
LABELS = ("y", "labels", "target")
PARTS = ("", "_train", "_test")


def read_npz(file: BinaryIO, where: str) -> dict[str, Examples]:
    """Return the examples of an .npz file that is open, under "", "_train" and "_test" as it names them.

    Raises DatasetError for other names than INPUTS and LABELS, alone or with _train and _test.
    """
    with zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        chosen = _chosen(names, where)
        for name in chosen.values():
            with archive.open(f"{name}.npy") as entry:
                size = archive.getinfo(f"{name}.npy").file_size
                _require_plain(header(entry, f"{where}: {name}", size)[1], f"{where}: {name}")
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {
            part: Examples.of(arrays[x], arrays[chosen[f"y{part}"]], where, (x, chosen[f"y{part}"]))
            for part in PARTS
            if (x := chosen.get(f"x{part}"))
        }


def read_npy(file: BinaryIO, size: int, where: str) -> Array:
    """Return the array of a .npy file that is open and so many bytes long; DatasetError if there is none."""
    _require_plain(header(file, where, size)[1], where)
    file.seek(0)
    array: Array = np.load(file, allow_pickle=False)
    return array


def _chosen(names: list[str], where: str) -> dict[str, str]:
    """Return which arrays to take, under x, y or x_train, y_train, …; DatasetError unless that is clear."""
    found = dict(_matches(names, where))
    if "x" in found and "x_train" in found:
        raise DatasetError(
            f"{where}: has {found['x']} and {found['x_train']}: must have one of them to train on"
        )
    for part in PARTS:
        for one, other, known in (("x", "y", LABELS), ("y", "x", INPUTS)):
            if f"{one}{part}" in found and f"{other}{part}" not in found:
                wanted = " or ".join(f"{name}{part}" for name in known)
                raise DatasetError(
                    f"{where}: has {found[one + part]} but no {wanted}; it has {_listed(names)}"
                )
    if not found:
        raise DatasetError(
            f"{where}: has no inputs: must be called {' or '.join(INPUTS)}, alone or with _train and _test; "
            f"it has {_listed(names)}"
        )
    return found


def _matches(names: list[str], where: str) -> Iterator[tuple[str, str]]:
    """Yield what an array is, such as x_train, and its name; DatasetError where two are the same."""
    for part in PARTS:
        for what, known in (("x", INPUTS), ("y", LABELS)):
            there = [name for name in (f"{each}{part}" for each in known) if name in names]
            if len(there) > 1:
                raise DatasetError(f"{where}: has {' and '.join(there)}: must have one of them")
            if there:
                yield f"{what}{part}", there[0]


def _require_plain(dtype: np.dtype[np.generic], where: str) -> None:
    """Raise DatasetError for Python objects: they would have to be unpickled, which may run anything."""
    if dtype.hasobject:
        raise DatasetError(f"{where} holds Python objects: must be numbers or texts, never pickled ones")


def _listed(names: list[str]) -> str:
    return ", ".join(" ".join(name.split())[:40] for name in sorted(names)[:12]) or "nothing"
