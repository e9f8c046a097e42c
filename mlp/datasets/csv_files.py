"""csv files: one line of names, then rows of as many fields, in UTF-8."""

import csv
import io
import warnings
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any

from mlp.datasets.download import DatasetError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = ",;\t"
SHOWN = 12  # column names in a message


def read_csv(file: IO[bytes], where: str) -> "pd.DataFrame":
    """Return a csv file's table; DatasetError for one without a line of names, ragged, or not in UTF-8.

    Fields are separated by what the first line has of comma, semicolon and tab. Only an empty field is a
    missing value.
    """
    import pandas as pd

    content = file.read()
    names, separator = _first_line(content, where)
    options: dict[str, Any] = {"sep": separator, "keep_default_na": False, "na_values": [""]}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):  # later ones read every digit by themselves
        options["float_precision"] = "round_trip"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame: pd.DataFrame = pd.read_csv(
                io.BytesIO(content),
                header=0,
                index_col=False,
                low_memory=False,
                encoding="utf-8-sig",
                **options,
            )
    except pd.errors.ParserWarning as error:
        raise DatasetError(
            f"{where}: rows have more fields than the {len(names)} names of the first line: must have as many"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OverflowError) as error:
        raise DatasetError(f"{where}: is no table: {short(error)}") from error
    if len(frame.columns) != len(names):  # a name with a line break, say
        raise DatasetError(f"{where}: its first line is no list of names, one for each column")
    frame.columns = pd.Index(names)
    return frame


def _first_line(content: bytes, where: str) -> tuple[list[str], str]:
    """Return the names in a csv file's first line and what separates them."""
    try:
        line = content.lstrip(b"\r\n").split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{where}: is no table: {short(error)}") from error
    if not line.strip():
        raise DatasetError(f"{where}: is empty: must have a line of names, and rows of numbers")
    separator = max(SEPARATORS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    if len(names) > 1 and all(map(_is_number, names)):
        raise DatasetError(
            f"{where}: its first line holds numbers, {some(names)}: must hold the columns' names"
        )
    return names, separator


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def short(error: Exception) -> str:
    """Return in a line what a parser says."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1:,} (0x{error.object[error.start]:02x}) is not UTF-8: save it as UTF-8"
    return " ".join(str(error).removeprefix("Error tokenizing data. C error: ").split())


def some(names: Sequence[str]) -> str:
    """Return names of columns, the first where there are many."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
