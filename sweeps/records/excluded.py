"""Runs that are excluded on purpose, `<root>/excluded.json`: cell id → {"reason", "time"}.

An excluded run counts in nothing and is never missing: no sweep runs it, every report leaves it out and says
so with the reason. What it recorded stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sweeps.records.atomic import write_json
from sweeps.records.errors import UserError
from sweeps.records.layout import EXCLUDED
from sweeps.records.untrusted import read_json

_ID = re.compile("[0-9a-f]{12}")
_TEXTS = {"reason", "time"}


def read_excluded(root: Path) -> dict[str, str]:
    """Return cell id → reason of the runs that are excluded in a sweep's directory.

    Raises UserError if the file is damaged: nobody then knows which runs are not to count.
    """
    return {cell_id: entry["reason"] for cell_id, entry in read_entries(root).items()}


def read_entries(root: Path) -> dict[str, dict[str, str]]:
    """Return cell id → reason and time; UserError as `read_excluded`."""
    path = root / EXCLUDED
    try:
        data = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is damaged: it {error}; correct it or remove it") from error
    if not isinstance(data, dict) or not all(_is_entry(*item) for item in data.items()):
        raise UserError(f"{path} is damaged: it must say a reason and a time for each id of 12 hex digits")
    return data


def exclude(root: Path, ids: Iterable[str], reason: str, time: str) -> None:
    """Exclude runs for a reason. A run that is excluded already has this reason from now on."""
    write_entries(root, read_entries(root) | {cell_id: {"reason": reason, "time": time} for cell_id in ids})


def include(root: Path, ids: Iterable[str]) -> None:
    """Let runs count again."""
    gone = set(ids)
    write_entries(
        root, {cell_id: entry for cell_id, entry in read_entries(root).items() if cell_id not in gone}
    )


def write_entries(root: Path, entries: Mapping[str, Mapping[str, str]]) -> None:
    """Write the file, or remove it where nothing is excluded."""
    if entries:
        write_json(root / EXCLUDED, entries)
    else:
        (root / EXCLUDED).unlink(missing_ok=True)


def _is_entry(cell_id: str, entry: Any) -> bool:
    texts = isinstance(entry, dict) and set(entry) >= _TEXTS
    return bool(_ID.fullmatch(cell_id)) and texts and all(isinstance(entry[key], str) for key in _TEXTS)
