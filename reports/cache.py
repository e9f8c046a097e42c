"""Learning curves that were read before: kept beside the report, so that a rebuild parses only new histories.

The cache is a plain array file without pickles. A curve is taken from it only if its history.csv still has
the size and the time of change that it had; whatever is wrong with the cache, the histories are read
instead.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from reports.history import COLUMNS, Curve, read_curve

CACHE = Path("report") / ".curves.npz"
Stamp = tuple[int, int]


class CurveCache:
    """Reads curves, from the cache where it can; `stamps` says of which state of each file."""

    def __init__(self, root: Path) -> None:
        self.stamps: dict[str, Stamp] = {}
        self._known = load_cache(root / CACHE)

    def curve(self, cell_id: str, path: Path) -> Curve:
        """Return the complete history of a finished run; raises ValueError as `read_curve` does."""
        try:
            state = path.stat()
        except OSError:
            return read_curve(path)
        stamp = (state.st_size, state.st_mtime_ns)
        known = self._known.get(cell_id)
        curve = known[1] if known and known[0] == stamp else read_curve(path)
        self.stamps[cell_id] = stamp
        return curve


def load_cache(path: Path) -> dict[str, tuple[Stamp, Curve]]:
    """Return the cached curves by cell id; empty if there is no cache, or none that can be believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                return {}  # not ours, and no telling how large it becomes
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            ids, stamps, lengths, table = (arrays[name] for name in ("ids", "stamps", "lengths", "table"))
        if table.shape != (lengths.sum(), len(COLUMNS)) or not len(ids) == len(stamps) == len(lengths):
            return {}
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, zipfile.BadZipFile):
        return {}
    curves = np.split(table, np.cumsum(lengths)[:-1]) if len(lengths) else []
    keys = map(tuple, stamps.tolist())
    return dict(zip(ids.tolist(), zip(keys, curves, strict=True), strict=True))


def save_cache(path: Path, history: pd.DataFrame, stamps: Mapping[str, Stamp]) -> None:
    """Write the curves whose files have a stamp."""
    kept = history[history["cell_id"].isin(list(stamps))]
    lengths = kept.groupby("cell_id", observed=True, sort=False).size()
    ids = [str(cell_id) for cell_id in lengths.index]
    np.savez(
        path,
        ids=np.array(ids, dtype="U12"),
        stamps=np.array([stamps[cell_id] for cell_id in ids], dtype=np.int64).reshape(-1, 2),
        lengths=lengths.to_numpy(np.int64),
        table=kept[list(COLUMNS)].to_numpy(np.float64),
    )
