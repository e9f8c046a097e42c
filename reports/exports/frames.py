"""The tidy frames in the formats of other tools."""

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from reports.page.build import make_report
from reports.page.drafts import draft_for
from reports.runs.curves import STEP
from reports.runs.results import Results, natural
from reports.tables.latex import latex
from reports.tables.spreadsheet import BOM, write_csv
from sweeps.records.errors import UserError


def export(results: Results, to: str, folder: Path) -> list[Path]:
    """Write one row per run (`runs`) and one row per run and epoch (`history`), and return the files.

    `latex` writes all tables of the report into one file instead. Raises UserError where parquet has no
    writer.
    """
    if to == "parquet" and find_spec("pyarrow") is None:
        raise UserError("export --to parquet needs the package pyarrow: pip install pyarrow")
    if to == "latex":
        return replaced(folder, {"tables.tex": partial(write_latex, results)})
    runs = natural(results, results.runs[results.columns]).drop(columns="cell")
    history = results.history.astype({"cell_id": str}).rename(columns={STEP: results.step})
    frames = {"runs": runs, "history": history}
    return replaced(folder, {f"{name}.{to}": partial(WRITERS[to], frame) for name, frame in frames.items()})


def replaced(folder: Path, writers: Mapping[str, Callable[[Path], object]]) -> list[Path]:
    """Write files of these names, all of them before the first takes the place of an older one."""
    folder.mkdir(parents=True, exist_ok=True)
    with draft_for(folder / next(iter(writers))) as draft:
        draft.mkdir()
        for name, write in writers.items():
            write(draft / name)
        return [(draft / name).replace(folder / name) for name in writers]


def write_json(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as a JSON list of records; what is no finite number is null."""
    known = frame.notna() & ~frame.isin([math.inf, -math.inf])
    records = frame.astype(object).where(known, None).to_dict("records")
    path.write_text(json.dumps(records, allow_nan=False, default=str), encoding="utf-8")


def write_sheet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV that spreadsheets know for UTF-8."""
    write_csv(frame, path, BOM)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet."""
    frame.to_parquet(path, index=False)


def write_latex(results: Results, path: Path) -> None:
    """Write every table of the report into one LaTeX file."""
    tables = make_report(results, plots=False).tables.values()
    path.write_text("\n".join(map(latex, tables)), encoding="utf-8")


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": write_sheet,
    "json": write_json,
    "parquet": write_parquet,
}
FORMATS = (*WRITERS, "latex")
