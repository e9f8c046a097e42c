"""What trains each run of a study again, taken from its records."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from reports.claims.observations import MAIN
from sweeps.records.layout import cell_dirs
from sweeps.records.published import Published, of_record
from sweeps.records.record import read_record
from sweeps.records.schema import COMPLETE
from sweeps.records.strategy import TRIALS


def kept_runs(directory: Path, frame: pd.DataFrame) -> Iterator[Published]:
    """Yield what is kept of each run that had a result when `frame`, the study's observations, was made."""
    for part, rows in frame[frame["status"].isin(COMPLETE)].groupby("part", sort=False):
        folders = cell_dirs(directory if part in (MAIN, TRIALS) else directory / str(part))
        for cell_id in rows["cell_id"]:
            record = read_record(folders[cell_id]) if cell_id in folders else None
            if record is not None and record.is_complete:
                yield of_record(str(part), record)
