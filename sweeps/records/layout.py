"""Where everything stands in a sweep's directory: the name of every file and folder, once.

<root>/sweep.json                   the plan (plan.py)
<root>/notes.md                     what people write about the sweep; the page shows it
<root>/<readable>-<id>/report.json  the run record of one cell (record.py), beside what its job writes:
history.csv, config.yaml, output.log, and checkpoint.npz until it has ended
<root>/<readable>-<id>/lock         while a process works on the cell (lock.py)
<root>/.sweep/                      the plan's lock, the sources of the code, what runs at present, and when
claims were first seen (claims_seen.py)
<root>/.previous/, .superseded/     earlier contents of cells (superseded.py)
<root>/.dropped/                    runs that were moved aside on purpose (superseded.py)
<root>/excluded.json                which runs count in nothing, and why (excluded.py)
<root>/notes.md                     what a person has written about the sweep
<root>/report/                      what is rebuilt from the records
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sweeps.records.errors import UserError

PLAN = "sweep.json"
NOTES = "notes.md"
REPORT = "report.json"
HISTORY = "history.csv"
CONFIG = "config.yaml"
OUTPUT = "output.log"
CHECKPOINT = "checkpoint.npz"
WEIGHTS = "weights.npz"
LOCK = "lock"
COMMAND = "command.json"  # in the hidden folder of a command (commands.py)
PLAN_LOCK = "plan-lock"
HIDDEN = ".sweep"
PREVIOUS = ".previous"
SUPERSEDED = ".superseded"
DROPPED = ".dropped"
EXCLUDED = "excluded.json"
CLAIMS = "claims.json"
NOTES = "notes.md"  # of whoever ran it
CHECKSUMS = "SHA256SUMS"  # in a bundle
PUBLISHED_RUNS = "runs.csv"  # of a study that is published: its runs as a table …
PUBLISHED_RECORDS = "again.json"  # … and what trains each of them again (published.py)
REPORT_DIR = "report"
FINDINGS = "findings.json"  # in REPORT_DIR

_SURROGATE = re.compile("[\ud800-\udfff]")  # in a name that is no text, which could be written nowhere
_CELL_DIR = re.compile(r"(?:.*-)?([0-9a-f]{12})")


def cell_id_of(name: str) -> str | None:
    """Return the cell id that a directory name ends in; None if it is no cell's directory."""
    match = _CELL_DIR.fullmatch(name)
    return match[1] if match and not _SURROGATE.search(name) else None


def cell_dirs(root: Path) -> dict[str, Path]:
    """Return cell id → directory, for all cells under a sweep's directory; of several the first by name.

    Raises UserError for a directory that cannot be read.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(root) if _is_dir(entry))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(f"cannot read {root}: {error.strerror}") from error
    folders = {cell_id: root / name for name in reversed(names) if (cell_id := cell_id_of(name))}
    return dict(sorted(folders.items(), key=lambda item: item[1].name))


def _is_dir(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is, or leads to, a directory; a link in a circle leads to none."""
    try:
        return entry.is_dir()
    except OSError:
        return False
