"""Checkpoints: one .npz file of named arrays that says whose it is, and is believed whole or not at all.

`about`, a JSON text, holds the origin (cell, code, data: whatever the caller names), the epoch, and a SHA-256
over all of that and every array's name, dtype, shape and bytes. Nothing is pickled, nothing compressed.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlp.workspace import Array

FORMAT = 2
ABOUT = "about"


def packed(state: Mapping[str, Array], origin: Mapping[str, str], epoch: int) -> bytes:
    """Return the content of a checkpoint file, of the state after so many epochs."""
    about: dict[str, Any] = {"format": FORMAT, "origin": dict(origin), "epoch": epoch}
    about["sha256"] = digest(state, about)
    entries: dict[str, Any] = {ABOUT: np.array(json.dumps(about)), **state}
    buffer = io.BytesIO()
    np.savez(buffer, **entries)
    return buffer.getvalue()


def unpacked(content: bytes, origin: Mapping[str, str]) -> dict[str, Array]:
    """Return the state that a checkpoint file holds.

    Raises ValueError for a file of another origin, and for one that is not as it was written, whatever has
    happened to it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("its arrays are compressed")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            state = dict(arrays)
        about = json.loads(str(state.pop(ABOUT)))
        whole = digest(state, about) == about["sha256"]
    except Exception as error:  # zipfile, NumPy and json have many ways to say that a file is not as it was
        raise ValueError(f"it is no checkpoint ({error})") from error
    if not whole or about["format"] != FORMAT:
        raise ValueError("its content is not what was written")
    if about["epoch"] != len(state["history"]):
        raise ValueError(f"its history is not that of {about['epoch']} epochs")
    for name, value in origin.items():
        if (theirs := about["origin"].get(name)) != value:
            raise ValueError(f"it is of another {name}: {theirs}, not {value}")
    return state


def digest(state: Mapping[str, Array], about: Mapping[str, Any]) -> str:
    """Return the SHA-256 of arrays and of what is said about them, apart from a digest."""
    said = {name: value for name, value in about.items() if name != "sha256"}
    total = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, array in sorted(state.items()):
        total.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(np.ascontiguousarray(array).data if array.size else b"")
    return total.hexdigest()


def require_like(state: Mapping[str, Array], live: Mapping[str, Array]) -> None:
    """Raise ValueError unless arrays have the shapes and dtypes of a network's and its optimiser's, by name.

    Numbers have to be finite, and parameters that started as numbers cannot have become all zero.
    """
    if any(
        state[name].shape != array.shape or state[name].dtype != array.dtype for name, array in live.items()
    ):
        raise ValueError("the checkpoint's arrays are not those of this network")
    for name, array in state.items():
        if not np.isfinite(array).all():
            raise ValueError(f"the checkpoint's {name} is not finite")
    if live["params"].any() and not state["params"].any():
        raise ValueError("the checkpoint's parameters are all zero")


def history_rows(columns: Array, table: Array, epochs: int) -> list[dict[str, float]]:
    """Return the history that a checkpoint holds; ValueError unless it counts epochs 1 to at most `epochs`.

    columns: names (c,), `epoch` first; table: finite float64 (n, c)
    """
    if not table.size and not columns.size:
        return []
    names, rows = [str(name) for name in columns.ravel()], table.shape[0] if table.ndim else 0
    if table.dtype != np.float64 or table.shape != (rows, len(set(names))) or names[:1] != ["epoch"]:
        raise ValueError("the checkpoint's history is no table of epochs")
    if not np.isfinite(table).all():
        raise ValueError("the checkpoint's history is not finite")
    if not 1 <= rows <= epochs or not np.array_equal(table[:, 0], np.arange(1, rows + 1)):
        raise ValueError(f"the checkpoint's history does not count epochs 1, 2, … up to {epochs}")
    return [dict(zip(names, map(float, row), strict=True)) for row in table]
