"""The learning curves of a sweep's runs: of networks, or of whatever an application has measured."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

import pandas as pd

from reports.runs import own_curves
from reports.runs.curve_cache import CurveCache
from reports.runs.curves import STEP, Curve, history_frame, read_curve
from reports.runs.metrics import Measures
from reports.runs.own_curves import is_own, own_history, read_own_curve
from reports.runs.stamps import Stamp
from sweeps.records.layout import HISTORY
from sweeps.records.record import Record


class Known(Protocol):
    """Records and curves that were read before; a curve is None where it was not."""

    def record(self, path: Path) -> Record:
        """Return the record in a cell's directory."""

    def curve(self, cell_id: str, folder: Path) -> Curve | None:
        """Return the curve of the run in a cell's directory."""


class RunCurves:
    """Reads curves one by one; `known` serves those that were read before."""

    def __init__(self, root: Path, known: Known | None) -> None:
        self.root, self.known = root, known
        self.curves: dict[str, Curve] = {}
        self.own: dict[str, pd.DataFrame] | None = None  # None: the curves are like ours

    @cached_property
    def cache(self) -> CurveCache:
        """The curves that an earlier report has kept."""
        return CurveCache(self.root)

    def settle(self, folders: Iterable[Path]) -> None:
        """Find out whose curves the runs leave."""
        if is_own(path / HISTORY for path in folders):
            self.own = {}

    def take(self, cell_id: str, folder: Path, complete: bool, state: Stamp | None = None) -> None:
        """Keep a run's history, of which the stamp may be known (`state`).

        Raises OSError or ValueError, with the reason, for a file that is none.
        """
        if self.own is not None:
            self.own[cell_id] = read_own_curve(folder / HISTORY, complete)
            return
        curve = self.known.curve(cell_id, folder) if self.known else None
        if curve is None or (complete and not len(curve)):
            curve = (
                self.cache.curve(cell_id, folder, state)
                if complete
                else read_curve(folder / HISTORY, complete=False)
            )
        self.curves[cell_id] = curve

    def history(self, measures: Measures) -> tuple[pd.DataFrame, str]:
        """Return all curves as one frame, and what their steps are called."""
        if self.own is None:
            return history_frame(self.curves), STEP
        history, step = own_history(self.own)
        return (history if measures.own else own_curves.with_ours(history)), step

    @property
    def stamps(self) -> Mapping[str, Stamp]:
        """The states of the histories of finished runs, for the next report."""
        return self.cache.stamps
