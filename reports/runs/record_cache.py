"""Records that were read before: kept beside the report, so that a rebuild parses only those that changed.

A record is taken from the cache only while report.json and history.csv are the files that they were
(stamps.py), and only that of a run that has ended well or diverged: whether any other is still worked on is
looked up each time. The file begins with the digest of the rest, which names the code that judges records,
and then lists every value that some record has (shared_values.py) and every run, a line of JSON each.
Whatever is wrong with it, the records are read instead, and the next report writes it anew.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from reports.runs import shared_values
from reports.runs.shared_values import Places, SharedValues
from reports.runs.stamps import Stamp, stamp
from sweeps.records import record as judging
from sweeps.records.layout import HISTORY, REPORT, REPORT_DIR, cell_id_of
from sweeps.records.record import Record, read_record
from sweeps.records.schema import COMPLETE
from sweeps.records.untrusted import read_file

CACHE = Path(REPORT_DIR, ".records.jsonl")
LARGEST = 512 * 2**20  # bytes


class Entry(NamedTuple):
    """A record as it was read: the states of its two files, where what it said is, its line in the cache."""

    files: list[Stamp]
    places: tuple[Places, Places]
    line: str


class RecordCache:
    """Reads records, from the cache where it can; `entries` are the complete ones, by directory name."""

    def __init__(self, root: Path) -> None:
        self.entries: dict[str, Entry] = {}
        self._root = root

    @cached_property
    def _stored(self) -> tuple[SharedValues, dict[str, Entry]]:
        return load_records(self._root / CACHE)

    def record(self, path: Path) -> Record:
        """Return the record in a cell's directory, whatever state it is in."""
        name, folder = path.name, str(path)
        files = [stamp(f"{folder}/{REPORT}"), stamp(f"{folder}/{HISTORY}")]
        values, stored = self._stored
        known = stored.get(name)
        if known is not None and known.files == files and (data := sound(values, known, name)):
            self.entries[name] = known
            return Record(path, data["cell_id"], data["status"], data)
        found = read_record(path)
        if found.is_complete:
            self.entries[name] = entry_of(name, files, values.put(found.data))
        return found

    def state_of_history(self, path: Path) -> Stamp | None:
        """Return the stamp that history.csv had when the record in a cell's directory was read, if it had."""
        entry = self.entries.get(path.name)
        return entry.files[1] if entry else None

    def save(self, path: Path) -> None:
        """Write what was read, for the next report."""
        (values, stored), entries = self._stored, self.entries
        lines = values.lines
        if any(entries.get(name) is not entry for name, entry in stored.items()):  # some are of no use
            lines, entries = in_use(lines, entries)
        runs = [entry.line for entry in entries.values()]
        text = "\n".join([code(), str(len(lines)), *lines, *runs])
        path.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", encoding="utf-8")


def sound(values: SharedValues, entry: Entry, name: str) -> dict[str, Any] | None:
    """Return what a record said; None for what no record of a directory of this name can have said."""
    try:
        data = values.get(*entry.places)
        ended = data["status"] in COMPLETE and data["cell_id"] == cell_id_of(name)
    except (LookupError, TypeError, ValueError):
        return None
    return data if ended and isinstance(data["config"], dict) else None


def entry_of(name: str, files: list[Stamp], places: tuple[Places, Places]) -> Entry:
    """Return the entry of a run."""
    return Entry(files, places, json.dumps([name, files, places]))


def in_use(lines: Sequence[str], entries: Mapping[str, Entry]) -> tuple[list[str], dict[str, Entry]]:
    """Return the lines that the entries need, and the entries with their places among those."""
    order: dict[int, int] = {}

    def moved(places: Places) -> Places:
        return [order.setdefault(place, len(order)) for place in places]

    made = {
        name: entry_of(name, entry.files, (moved(entry.places[0]), moved(entry.places[1])))
        for name, entry in entries.items()
    }
    return [lines[place] for place in order], made


def load_records(path: Path) -> tuple[SharedValues, dict[str, Entry]]:
    """Return the cached records by directory name; none if there is no cache, or none to be believed."""
    try:
        digest, _, content = read_file(path, LARGEST).partition(b"\n")
        made_by, number, *lines = content.decode().split("\n")
        if digest.decode() != hashlib.sha256(content).hexdigest() or made_by != code():
            return SharedValues(), {}
        values, runs = SharedValues(lines[: int(number)]), lines[int(number) :]
        found = zip(json.loads(f"[{','.join(runs)}]"), runs, strict=True)
        return values, {name: Entry(files, places, line) for (name, files, places), line in found}
    except Exception:  # not ours, whatever it is: nothing is lost but time
        return SharedValues(), {}


@cache
def code() -> str:
    """Return the digest of the code that reads and judges records: what it says may change with it."""
    found = hashlib.sha256(Path(__file__).read_bytes())
    for file in (Path(shared_values.__file__), *sorted(Path(judging.__file__).parent.glob("*.py"))):
        found.update(file.read_bytes())
    return found.hexdigest()
