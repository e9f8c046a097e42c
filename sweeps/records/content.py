"""What a cell is trained on: the content of its data set, as planned and as recorded.

The sweeper knows nothing of data sets; a function that `hydra.sweeper.identify` names tells it the content of
a cell's. The content is no part of a cell's identity: a run of other content is the same cell, due again.
"""

from __future__ import annotations

import hashlib
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SHOWN = 12  # hex digits of a hash in a line


@dataclass(frozen=True)
class Content:
    """A data set's name and the SHA-256 of what it holds.

    `earlier` are values by which records of the first version know the same content; `file` is the file whose
    hash it is, if it is of one. Else `files` are those that it is made of, with the `rule` by which (label,
    split): the hash is then that of their hashes and the rule, a line each.
    """

    name: str
    sha256: str
    earlier: tuple[str, ...] = ()
    file: str | None = None
    files: tuple[str, ...] = ()
    rule: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Content:
        """Return the content that a mapping with these keys says; more keys are ignored. Raises KeyError."""
        file = found.get("file")
        earlier = tuple(map(str, found.get("earlier") or ()))
        files = tuple(map(str, found.get("files") or ())) if file is None else ()
        rule = str(found.get("rule") or "")
        name, sha256 = str(found["name"]), str(found["sha256"])
        return cls(name, sha256, earlier, None if file is None else str(file), files, rule)

    def as_json(self) -> dict[str, Any]:
        """Return the content as the plan holds it."""
        made = {"name": self.name, "sha256": self.sha256, "earlier": list(self.earlier), "file": self.file}
        return made | ({"files": list(self.files), "rule": self.rule} if self.files else {})

    def is_of(self, record: Mapping[str, Any]) -> bool:
        """Return whether the content is what the run of this record was trained on."""
        if (known := recorded(record)) is not None:
            return known == self.sha256
        if (known := recorded_at_first(record)) is not None:
            return known in (self.sha256, *self.earlier)
        return bool(self.earlier)  # then the config alone says what is in the data

    def present(self) -> Content:
        """Return the content of the files as they are now; what was planned, if one cannot be read here."""
        try:
            if self.file is not None:
                return replace(self, sha256=sha256_of(self.file), earlier=())
            if not self.files:
                return self
            lines = [*map(sha256_of, self.files), self.rule]
            return replace(self, sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest())
        except (OSError, ValueError):
            return self


def sha256_of(file: str) -> str:
    """Return the SHA-256 of a plain file; raise OSError or ValueError where there is none."""
    if not stat.S_ISREG(Path(file).stat().st_mode):
        raise ValueError(f"{file}: is no plain file")
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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
