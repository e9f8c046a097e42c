"""Arrays and DataFrames of a script or notebook as a data set that other processes can load."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlp.datasets.arrays import read_npz
from mlp.datasets.download import DatasetError
from mlp.datasets.examples import Examples
from mlp.datasets.identity import Identity, sha256_of_arrays
from mlp.datasets.own import OwnData, Source
from mlp.datasets.stored import plain_file, steady
from mlp.datasets.tables import in_order, table_examples
from mlp.workspace import Array

PARTS = ("train", "test")


@dataclass(frozen=True)
class Arrays(OwnData):
    """Arrays that `from_memory` has stored: `path` is a file named by their content."""

    path: str

    @property
    def name(self) -> str:
        """What the data set is called in records."""
        return "arrays"

    def files(self) -> tuple[Path, ...]:
        """Return the one file; DatasetError if it is not there."""
        return (plain_file(self.path, "a file of arrays").absolute(),)

    def identity(self) -> Identity:
        """Return the content of the arrays, not of the file that holds them, and what looks wrong."""
        return replace(super().identity(), file=None, files=())

    def read(self) -> Source:
        """Return the examples; DatasetError if they are not those that were stored."""
        (path,) = self.files()
        with steady(path) as (file, _):
            parts = read_npz(file, str(path))
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                sha256 = sha256_of_arrays(*(stored[name] for name in _names(len(stored.files) // 2)))
        if path.stem != sha256:
            raise DatasetError(f"{path}: does not hold what was stored there; store the arrays again")
        return Source(parts["_train"], parts.get("_test"), (sha256,))


def from_memory(
    train: Any,
    test: Any = None,
    *,
    folder: str | Path,
    label: str | None = None,
    test_share: float = 0.2,
    split_seed: int | None = None,
    scale: str = "none",
    train_size: int | None = None,
) -> Arrays:
    """Store examples in a file below `folder` and return them as a data set.

    train, test: (X, y) with X (n, …) numbers and y (n,) labels of any kind, or a DataFrame with its labels in
    the column `label`; without `test` each run tests on `test_share` of the examples. The file's name is the
    SHA-256 over dtype, shape and bytes of the arrays (X as (n, features), bytes or floats), which identifies
    them: the same arrays give the same file, and so the same cells. The configuration is the fields of what
    is returned, but for `run_seed`, with `_target_: mlp.datasets.Arrays` (`dataset=arrays`).

    Raises DatasetError for arrays that cannot be learned from, ValueError for the other arguments.
    """
    given = [train] if test is None else [train, test]
    examples = [_examples(each, label, part) for each, part in zip(given, PARTS, strict=False)]
    if len(examples) > 1:
        examples[1] = in_order(examples[0], examples[1])
    arrays = [array for each in examples for array in (each.x, each.y)]
    sha256 = sha256_of_arrays(*arrays)
    path = Path(folder).expanduser().absolute() / f"{sha256}.npz"
    made = Arrays(str(path), test_share=test_share, split_seed=split_seed, scale=scale, train_size=train_size)
    made.prepared(Source(examples[0], examples[1] if len(examples) > 1 else None, (sha256,)))
    _store(path, arrays)
    return made


def _examples(given: Any, label: str | None, part: str) -> Examples:
    """Return the examples of (X, y) or of a DataFrame; raise DatasetError."""
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        return table_examples(given, label, f"the DataFrame to {part} on")
    if label is not None:
        raise ValueError(f"label = {label}: must be left out with (X, y), which has its labels in y")
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
        raise DatasetError(
            f"examples to {part} on: {type(given).__name__}: must be (X, y), or a DataFrame with its label"
        )
    x, y = (np.asarray(each) for each in given)
    return Examples.of(x, y, f"(X, y) to {part} on")


def _names(parts: int) -> list[str]:
    """Return the names of so many parts' arrays, in the order in which they are hashed."""
    return [f"{kind}_{part}" for part in PARTS[:parts] for kind in ("x", "y")]


def _store(path: Path, arrays: Sequence[Array]) -> None:
    """Write the arrays unless they are there; a reader sees all of the file or none. Raises DatasetError."""
    if path.is_file():
        return
    draft = path.with_name(f".{path.stem[:12]}.{os.getpid()}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        entries: dict[str, Any] = dict(zip(_names(len(arrays) // 2), arrays, strict=True))
        np.savez(draft, **entries)
        draft.replace(path)
    except OSError as error:
        raise DatasetError(f"cannot write {path}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
