"""Columns in order of use: the pixels that are lit most often come first, those that hardly ever are last.

Every batch then ends in columns that are zero throughout (about a fifth of MNIST's), and products with them
need not be computed. The reordered images lie beside the original ones, mapped by all processes alike, with
the hashes that they were written with: what has another one is made again.
"""

import json
import logging
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlp.datasets import verified
from mlp.datasets.data import Data
from mlp.workspace import Array

log = logging.getLogger(__name__)
NAMES = ("columns", "x_train", "x_test", "extent_train", "extent_test")
HASHES = "sha256.json"


def by_use(data: Data, folder: Path) -> Data:
    """Return the data with its columns in order of use, from `folder` if they are kept there already.

    Where nothing can be written the order is made in memory, each time anew.
    """
    try:
        return _kept(data, folder)
    except (OSError, ValueError, EOFError):
        ordered = reordered(data)
        _keep(ordered, folder)
        return ordered


def reordered(data: Data) -> Data:
    """Return the data with its columns in the order of their use in x_train."""
    columns = np.argsort(-np.count_nonzero(data.x_train, axis=0), kind="stable")
    x_train, x_test = data.x_train.take(columns, axis=1), data.x_test.take(columns, axis=1)  # row-major
    return replace(
        data,
        columns=columns,
        x_train=x_train,
        x_test=x_test,
        extent_train=extents(x_train),
        extent_test=extents(x_test),
    )


def extents(x: Array) -> Array:
    """Return, for each row of x (n, features), how many columns it takes to hold all that is not zero."""
    trailing: Array = np.argmax(x[:, ::-1] != 0, axis=1)
    return np.where(x.any(axis=1), x.shape[1] - trailing, 0)


def _kept(data: Data, folder: Path) -> Data:
    """Map the arrays of the folder; OSError or ValueError if they are not there, damaged or of other data."""
    _verify(data, folder)

    def mapped(name: str) -> Array:
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))

    ordered = replace(
        data,
        columns=mapped("columns"),
        x_train=mapped("x_train"),
        x_test=mapped("x_test"),
        extent_train=mapped("extent_train"),
        extent_test=mapped("extent_test"),
    )
    if ordered.x_train.shape != data.x_train.shape or ordered.x_test.shape != data.x_test.shape:
        raise ValueError("of another data set")
    return ordered


def _verify(data: Data, folder: Path) -> None:
    """Raise OSError or ValueError unless the files are what was once made of this data."""
    noted = json.loads((folder / HASHES).read_text(encoding="utf-8"))
    if not isinstance(noted, dict) or noted.get("of") != data.sha256:
        raise ValueError("of another data set")
    sha256 = noted.get("files")
    if not isinstance(sha256, dict) or set(sha256) != {f"{name}.npy" for name in NAMES}:
        raise ValueError("without the hashes of the files")
    if not verified.is_known(folder, sha256) and (wrong := verified.problems(folder, sha256)):
        reason = "; ".join(wrong.values())
        log.warning("%s: %s; it is made again", folder, reason)
        raise ValueError(reason)


def _keep(data: Data, folder: Path) -> None:
    """Write the arrays to a folder of another name, then rename it: nobody sees half of them.

    All is flushed before: a power cut leaves the whole folder or none.
    """
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        draft.mkdir()
        for name in NAMES:
            np.save(draft / f"{name}.npy", getattr(data, name))
        files = {f"{name}.npy": verified.file_sha256(draft / f"{name}.npy") for name in NAMES}
        (draft / HASHES).write_text(json.dumps({"of": data.sha256, "files": files}), encoding="utf-8")
        for path in (*draft.iterdir(), draft):
            verified.sync(path)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
        verified.sync(folder.parent)
    except OSError:  # read-only, full, or another process was faster: this run has its arrays all the same
        shutil.rmtree(draft, ignore_errors=True)
