"""A table as it is printed, in whatever format: rows of entries that know their text, mark and number."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

NAN = float("nan")
LONGEST = 120  # bytes of a file name, without the suffix


class Entry(NamedTuple):
    """One cell of a table: what it prints, its mark ("best", "near" or ""), the number behind it.

    `half` is half the width of that number's interval, NaN without one.
    """

    text: str
    mark: str = ""
    value: float = NAN
    half: float = NAN


@dataclass(frozen=True)
class Table:
    """A named table: the first `leading` columns say what a row is, the others hold figures.

    `across` names the factor whose levels head those columns, if they are one factor's levels. `group`
    counts the leading columns of which each combination is a panel of its own. `about` says on what it
    stands: data, epochs, seeds.
    """

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    leading: int = 0
    notes: tuple[str, ...] = ()
    across: str = ""
    group: int = 0
    about: str = ""

    @property
    def caption(self) -> str:
        """The title with what the table stands on."""
        return f"{self.title} ({self.about})" if self.about else self.title

    @property
    def marked(self) -> bool:
        """Whether any entry carries a mark."""
        return any(entry.mark for row in self.rows for entry in row)


def text_table(
    name: str, title: str, heads: Iterable[str], rows: Iterable[Iterable[str]], *notes: str
) -> Table:
    """Return a table of plain texts."""
    body = tuple(tuple(Entry(text) for text in row) for row in rows)
    return Table(name, title, tuple(heads), body, leading=1, notes=notes)


def file_name(name: str) -> str:
    """Return a table's name as a file name that every file system takes; long ones end in a hash."""
    safe = "".join(char if char.isalnum() or char in "-_.=" else "_" for char in name)
    if len(safe.encode()) <= LONGEST:
        return safe
    start = safe.encode()[: LONGEST - 9].decode(errors="ignore")  # bytes are what file systems count
    return f"{start}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
