"""Learning curves that were read before: kept beside the report, so that a rebuild parses only new histories.

The cache is a plain array file without pickles, and believed only as a whole: a plain file of bounded size,
arrays of the right types and shapes, the digest that it ends in, every curve a history. A curve is taken from
it only while its history.csv is the file that it was (stamps.py). Whatever is wrong with the cache, the
histories are read instead, and the next report writes it anew.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.runs.curves import COLUMNS, Curve, read_curve
from reports.runs.stamps import Stamp, stamp
from sweeps.records.layout import HISTORY, REPORT_DIR
from sweeps.records.untrusted import read_file

CACHE = Path(REPORT_DIR, ".curves.npz")
LARGEST = 512 * 2**20  # bytes
NAMES = ("ids", "stamps", "lengths", "table")
_ID = re.compile("[0-9a-f]{12}")


class CurveCache:
    """Reads curves, from the cache where it can; `stamps` says of which state of each file."""

    def __init__(self, root: Path) -> None:
        self.stamps: dict[str, Stamp] = {}
        self._known = load_cache(root / CACHE)

    def curve(self, cell_id: str, folder: Path, state: Stamp | None = None) -> Curve:
        """Return the complete history of a finished run; raises OSError and ValueError as `read_curve` does.

        `state` is the stamp of the file, if it was taken already.
        """
        now = stamp(folder / HISTORY) if state is None else state
        known = self._known.get(cell_id)
        curve = known[1] if known and known[0] == now else read_curve(folder / HISTORY)
        if now:
            self.stamps[cell_id] = now
        return curve


def load_cache(path: Path) -> dict[str, tuple[Stamp, Curve]]:
    """Return the cached curves by cell id; empty if there is no cache, or none that can be believed."""
    try:
        content = io.BytesIO(read_file(path, LARGEST))
        with zipfile.ZipFile(content) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                return {}  # not ours, and no telling how large it becomes
        with np.load(content, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in NAMES}
            if str(stored["digest"]) != digest(arrays) or not is_sound(**arrays):
                return {}
    except Exception:  # damaged bytes surface as almost anything in zipfile and in NumPy
        return {}
    table, states = arrays["table"], arrays["stamps"].tolist()
    ends = np.cumsum(arrays["lengths"]).tolist()
    curves = [table[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    return dict(zip(arrays["ids"].tolist(), zip(states, curves, strict=True), strict=True))


def is_sound(
    ids: NDArray[np.str_], stamps: NDArray[np.str_], lengths: NDArray[np.int64], table: Curve
) -> bool:
    """Whether the arrays are those of a cache, and each curve counts its epochs from 1."""
    kinds = [array.dtype.str[1:] for array in (lengths, table)]
    if kinds != ["i8", "f8"] or {ids.dtype.kind, stamps.dtype.kind} != {"U"} or ids.ndim != 1:
        return False
    if stamps.shape != ids.shape or lengths.shape != ids.shape or (lengths < 1).any():
        return False
    if table.shape != (lengths.sum(), len(COLUMNS)) or len(set(ids.tolist())) < len(ids):
        return False
    epochs = np.arange(len(table)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    return np.array_equal(table[:, 0], epochs) and all(map(_ID.fullmatch, ids.tolist()))


def digest(arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Return a SHA-256 over the arrays: their types, shapes and values."""
    found = hashlib.sha256()
    for name in NAMES:
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def save_cache(path: Path, history: pd.DataFrame, stamps: Mapping[str, Stamp]) -> None:
    """Write the curves whose files have a stamp; `history` has the runs in the order of its categories."""
    names, runs = history["cell_id"].cat.categories.tolist(), history["cell_id"].cat.codes.to_numpy()
    known = np.array([name in stamps for name in names], dtype=bool)[runs]
    lengths = np.bincount(runs[known], minlength=len(names))
    ids = [name for name, length in zip(names, lengths.tolist(), strict=True) if length]
    table = history[list(COLUMNS)].to_numpy(np.float64)
    arrays: dict[str, NDArray[np.generic]] = {
        "ids": np.array(ids, dtype="U12"),
        "stamps": np.array([stamps[cell_id] for cell_id in ids], dtype=np.str_),
        "lengths": lengths[lengths > 0],
        "table": table if known.all() else table[known],
    }
    with path.open("wb") as file:
        np.savez(file, **arrays, digest=np.array(digest(arrays)))  # type: ignore[arg-type]
