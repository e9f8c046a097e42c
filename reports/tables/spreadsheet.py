"""CSV files that a spreadsheet opens right: numbers are numbers, no text is a formula, a date or a number.

With the encoding BOM a file begins with the mark by which spreadsheets know UTF-8; pandas skips it.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeps.records.untrusted import read_file

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(  # 10-5, 3/4/12; 2024-1-3; 1:30; 1 Mar, mar-1, 3-dec-12
    rf"""'*(?: (?P<one>\d{{1,2}}) \s?[-/]\s? (?P<two>\d{{1,2}}|\d{{4}}) (?:\s?[-/]\s?\d{{1,4}})?
        | \d{{4}} [-/] \d{{1,2}} (?:[-/]\d{{1,2}})?
        | \d{{1,2}} : \d{{2}} (?::\d{{2}})?
        | (?:\d{{1,4}}[-/\ ]?)? (?:{_MONTHS})[a-z]* [-/\ ]?\d{{1,4}}
        | \d{{1,4}}[-/\ ]? (?:{_MONTHS})[a-z]*
        )""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_FIGURE = re.compile(r"'*(0\d+|\d+e\d{3,}|\d{4,}e\d+)", re.IGNORECASE)  # ids that would become numbers
_QUOTED = re.compile(r'[",\r\n]')  # letters of texts that may stand in quotes
ALONE = '""'  # an empty cell that has its line to itself
BOM = "utf-8-sig"


def text_cell(text: str) -> str:
    """Return a text as a cell shows it: with a ' before it where it would be a formula, a date, a number."""
    return f"'{text}" if is_misread(text) else text


def text_of(cell: str) -> str:
    """Return the text that `text_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and is_misread(cell) else cell


def is_misread(text: str) -> bool:
    """Whether a spreadsheet would take a text for something else (or it begins as one that was kept so)."""
    if _FORMULA.match(text):
        return not _NUMBER.fullmatch(text)
    return is_date(text) or _NO_FIGURE.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Whether a spreadsheet would read a date or a time: "10-5" is one, "256-64" is none."""
    found = _DATE.fullmatch(text)
    if found is None or found["one"] is None:
        return found is not None
    one, two = int(found["one"]), int(found["two"])
    return 1 <= min(one, two) <= 12 and one <= 31


def write_csv(frame: pd.DataFrame, path: Path, encoding: str = "utf-8") -> None:
    """Write a frame as CSV in this encoding: as pandas writes it, which takes many times as long."""
    head = [csv_cell(str(name)) for name in frame]
    rows = zip(*(_cells(column) for _, column in frame.items()), strict=True)
    path.write_bytes(csv_lines([head, *rows]).encode(encoding))


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as the lines of a file."""
    return "".join(f"{line or ALONE}\n" for line in map(",".join, rows))


def _cells(column: "pd.Series[Any]") -> list[str]:
    """Return the cells of a column, empty where there is no value; of equal values the text is made once."""
    if column.dtype == np.float64:
        places, bits = pd.factorize(column.to_numpy().view(np.int64))  # as numbers, -0.0 would be 0.0
        texts = ["" if value != value else repr(value) for value in bits.view(np.float64).tolist()]
        return [texts[place] for place in places.tolist()]
    if column.dtype != object:  # there 1 and true would be equal
        places, distinct = pd.factorize(column)
        texts = [*map(_cell, distinct.tolist()), ""]  # −1, the last, stands for no value
        return [texts[place] for place in places.tolist()]
    return list(map(_cell, column.to_numpy(dtype=object, na_value="").tolist()))


def _cell(value: Any) -> str:
    return csv_cell(value) if isinstance(value, str) else _quoted(str(value))


@lru_cache(maxsize=2**16)  # texts repeat from table to table
def csv_cell(text: str) -> str:
    """Return a text as it stands between the commas of a file that a spreadsheet opens."""
    return _quoted(text_cell(text))


def _quoted(text: str) -> str:
    """Return a text as the standard library writes it between commas."""
    if not _QUOTED.search(text):
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([text, ""])
    return line.getvalue()[:-2]


def read_csv(path: Path) -> pd.DataFrame:
    """Read what `write_csv` wrote, every cell as its text. Raises ValueError for what is no such file."""
    table = pd.read_csv(io.BytesIO(read_file(path)), dtype=str, keep_default_na=False)
    return table.rename(columns=text_of).map(text_of)
