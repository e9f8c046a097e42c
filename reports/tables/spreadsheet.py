"""CSV files that a spreadsheet may open: no text is taken for a formula, and numbers stay numbers."""

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd

from sweeps.records.untrusted import read_file

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def text_cell(text: str) -> str:
    """Return a text as a cell shows it: with a ' before it where it would be a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def text_of(cell: str) -> str:
    """Return the text that `text_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as CSV."""
    cells = frame.rename(columns=lambda name: text_cell(str(name)))
    texts = [name for name in cells if not pd.api.types.is_numeric_dtype(cells[name])]
    for name in texts:
        cells[name] = cells[name].astype(object).map(_cell)
    cells.to_csv(path, index=False, lineterminator="\n")


def _cell(value: Any) -> Any:
    return text_cell(value) if isinstance(value, str) else value


def read_csv(path: Path) -> pd.DataFrame:
    """Read what `write_csv` wrote, every cell as its text. Raises ValueError for what is no such file."""
    table = pd.read_csv(io.BytesIO(read_file(path)), dtype=str, keep_default_na=False)
    return table.rename(columns=text_of).map(text_of)
