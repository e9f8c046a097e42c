"""What a cell is trained on: the content of its data set, as planned and as recorded.

The sweeper knows nothing of data sets; a function that `hydra.sweeper.identify` names tells it the content of
a cell's. The content is no part of a cell's identity: a run of other content is the same cell, due again.
"""

from __future__ import annotations

import hashlib
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOWN = 12  # hex digits of a hash in a line


@dataclass(frozen=True)
class Content:
    """A data set's name and the SHA-256 of what it holds.

    `earlier` are values by which records of the first version know the same content; `file` is the file whose
    hash it is, if it is of one.
    """

    name: str
    sha256: str
    earlier: tuple[str, ...] = ()
    file: str | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Content:
        """Return the content that a mapping with these keys says; more keys are ignored. Raises KeyError."""
        file = found.get("file")
        earlier = tuple(map(str, found.get("earlier") or ()))
        return cls(str(found["name"]), str(found["sha256"]), earlier, None if file is None else str(file))

    def as_json(self) -> dict[str, Any]:
        """Return the content as the plan holds it."""
        return {"name": self.name, "sha256": self.sha256, "earlier": list(self.earlier), "file": self.file}

    def is_of(self, record: Mapping[str, Any]) -> bool:
        """Whether the content is what the run of this record was trained on."""
        if (known := recorded(record)) is not None:
            return known == self.sha256
        if (known := recorded_at_first(record)) is not None:
            return known in (self.sha256, *self.earlier)
        return bool(self.earlier)  # then the config alone says what is in the data

    def present(self) -> Content:
        """Return the content of the file as it is now; what was planned, if it cannot be read here."""
        try:
            if self.file is None or not stat.S_ISREG(Path(self.file).stat().st_mode):
                return self
            with Path(self.file).open("rb") as file:
                return Content(self.name, hashlib.file_digest(file, "sha256").hexdigest(), (), self.file)
        except (OSError, ValueError):
            return self


def recorded(record: Mapping[str, Any]) -> str | None:
    """Return the SHA-256 of the data that a run was trained on, as its record says; None if it does not."""
    dataset = record.get("dataset")
    value = dataset.get("sha256") if isinstance(dataset, Mapping) else None
    return value if isinstance(value, str) and value else None


def recorded_at_first(record: Mapping[str, Any]) -> str | None:
    """Return the value by which a record of the first version knows its data; of a file it tells nothing."""
    facts = record.get("provenance")
    value = facts.get("dataset_sha256") if isinstance(facts, Mapping) else None
    return value if isinstance(value, str) and value else None


def short(sha256: str | None) -> str:
    """Return the beginning of a hash."""
    return (sha256 or "unknown")[:SHOWN]


def other_data(pairs: Iterable[tuple[Mapping[str, Any], Content]]) -> str:
    """Return in a line how many records are of other data than planned, and of which; empty if none are.

    `pairs` are what each record says, and what its cell is planned for.
    """
    changes = Counter((content.name, short(recorded(data)), short(content.sha256)) for data, content in pairs)
    number = sum(changes.values())
    if not number:
        return ""
    listed = "; ".join(f"{name}: {then}, now {now}" for name, then, now in list(changes)[:3])
    more = "; …" if len(changes) > 3 else ""
    return f"{number:,} result{'' if number == 1 else 's'} of other data ({listed}{more})"
