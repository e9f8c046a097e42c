"""Tables (csv, parquet, DataFrames): one column is the label, all others are inputs."""

import gzip
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mlp.datasets.csv_files import read_csv, short, some
from mlp.datasets.download import DatasetError
from mlp.datasets.examples import Examples
from mlp.datasets.labels import label_array
from mlp.workspace import Array

if TYPE_CHECKING:
    import pandas as pd

USUAL_LABELS = ("label", "target", "class", "y")


def read_table(file: IO[bytes], path: Path, label: str | None, where: str) -> Examples:
    """Return the examples of a csv, tsv (gzipped or not) or parquet file that is open; raise DatasetError."""
    read = read_parquet if path.suffix.lower() == ".parquet" else read_csv
    frame = read(gzip.GzipFile(fileobj=file) if path.suffix.lower() == ".gz" else file, where)  # type: ignore[arg-type]
    return table_examples(frame, label, where)


def read_parquet(file: IO[bytes], where: str) -> "pd.DataFrame":
    """Return a parquet file's table; DatasetError for one that cannot be read, or without the extra."""
    import pandas as pd

    try:
        table: pd.DataFrame = pd.read_parquet(file, engine="pyarrow")
    except ImportError as error:
        raise DatasetError(
            f"{where}: parquet needs pyarrow: pip install 'mlp-grid[parquet]', or write the table as csv"
        ) from error
    except (OSError, ValueError) as error:  # what pyarrow raises derives from these
        raise DatasetError(f"{where}: is no parquet file: {short(error)}") from error
    return table


def table_examples(frame: "pd.DataFrame", label: str | None, where: str) -> Examples:
    """Return the examples of a table; DatasetError unless one column is the label and the rest are numbers.

    label: the name of the column; None: the one that is called label, target, class or y
    """
    names = [str(name) for name in frame.columns]
    _require_names(names, where)
    if not len(frame):
        raise DatasetError(f"{where}: has no rows below its names: must have examples")
    column = names.index(label_name(names, label, where))
    places = [place for place in range(len(names)) if place != column]
    if not places:
        raise DatasetError(f"{where}: has no column besides {names[column]!r}: must have inputs, too")
    columns = [_numbers(frame.iloc[:, place], names[place], where) for place in places]
    y = frame.iloc[:, column]
    if y.isna().any():
        row = int(y.isna().to_numpy().argmax()) + 1
        raise DatasetError(f"{where}: row {row} has no value in {names[column]!r}, its label: must have one")
    kind = np.result_type(*columns) if all(c.dtype == np.uint8 for c in columns) else np.float64
    x = np.empty((len(frame), len(columns)), kind)
    for place, values in enumerate(columns):
        x[:, place] = values
    labels = label_array(plain(y), f"{where}: column {names[column]!r}")
    return Examples(x, labels, where, tuple(names[place] for place in places), names[column])


def in_order(train: Examples, test: Examples) -> Examples:
    """Return test examples with their columns in the order of the training examples.

    Arrays, which have no names, stay as they are. DatasetError if the columns are others.
    """
    if not train.names or not test.names or train.names == test.names:
        return test
    if lost := [name for name in train.names if name not in test.names]:
        raise DatasetError(f"{test.where}: has no column {lost[0]!r}, which the training examples have")
    if new := [name for name in test.names if name not in train.names]:
        raise DatasetError(f"{test.where}: has a column {new[0]!r}, which the training examples have not")
    order = [test.names.index(name) for name in train.names]
    return Examples(test.x[:, order], test.y, test.where, train.names, test.label)


def label_name(names: Sequence[str], label: str | None, where: str) -> str:
    """Return the name of the label's column."""
    if label is not None:
        if label in names:
            return label
        near = get_close_matches(label, names, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DatasetError(
            f"{where}: has no column dataset.label = {label}: {hint}must be one of {some(names)}"
        )
    usual = [name for name in names if name.lower() in USUAL_LABELS]
    if len(usual) == 1:
        return usual[0]
    if usual:
        raise DatasetError(
            f"{where}: may be labelled by {' or '.join(usual)}: say which, dataset.label={usual[0]}"
        )
    raise DatasetError(
        f"{where}: has no column label, target, class or y: say which it is, dataset.label=NAME, "
        f"of {some(names)}"
    )


def plain(column: "pd.Series[Any]") -> Array:
    """Return a column without missing values as a NumPy array, whatever pandas keeps it in."""
    if getattr(column.dtype, "kind", "O") == "O" or str(column.dtype) == "category":
        return column.to_numpy(dtype=object)
    return column.to_numpy(dtype=getattr(column.dtype, "numpy_dtype", None))


def _numbers(column: "pd.Series[Any]", name: str, where: str) -> Array:
    """Return a column of inputs as bytes or float64; DatasetError, with the row, for what is no number."""
    import pandas as pd

    kind = getattr(column.dtype, "kind", "O")
    if kind not in "biuf":
        made = pd.to_numeric(column, errors="coerce") if kind == "O" else column
        wrong = np.flatnonzero(column.notna() & (made.isna() if kind == "O" else True))
        if len(wrong):
            row = int(wrong[0])
            comma = re.fullmatch(r"\s*[-+]?\d*,\d+\s*", str(column.iloc[row]))
            what = "with a point, not a comma" if comma else "encode it as such, or leave it out"
            raise DatasetError(
                f"{where}: column {name!r} holds {_shown(column.iloc[row])} in row {row + 1}: must be "
                f"numbers ({what})"
            )
        column = made
    if column.isna().any():
        row = int(column.isna().to_numpy().argmax()) + 1
        raise DatasetError(f"{where}: row {row} has no number in column {name!r}: must have one in each")
    values = plain(column)
    if values.dtype == np.uint8:
        return values
    values = values.astype(np.float64)
    with np.errstate(over="ignore"):
        wrong_rows = np.flatnonzero(~np.isfinite(values.astype(np.float32)))
    if len(wrong_rows):
        row = int(wrong_rows[0])
        raise DatasetError(
            f"{where}: row {row + 1} has {values[row]:g} in column {name!r}: must be a finite number of "
            "float32's range"
        )
    return values


def _require_names(names: Sequence[str], where: str) -> None:
    """Raise DatasetError unless every column has a name, each another, that is no number."""
    if unnamed := [place for place, name in enumerate(names, 1) if not name.strip()]:
        raise DatasetError(
            f"{where}: column {unnamed[0]} has no name: must have one (are they row numbers, written along?)"
        )
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise DatasetError(f"{where}: has two columns {twice[0]!r}: names must differ")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
