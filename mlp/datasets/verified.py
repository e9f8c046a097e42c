"""Files that must have a known SHA-256: hashed once after each start of the machine, then known by marks.

What was seen is noted beside the files, for each machine by the id of its present start: after a power cut
everything is hashed again, and machines that share a folder do not undo each other's notes.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlp.datasets.identity import mark

STAMP = "verified.json"
_STARTS = 64  # noted at most: one for each machine that shares the folder
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def is_known(folder: Path, sha256: Mapping[str, str]) -> bool:
    """Whether every file (name → SHA-256) still is the one that was hashed since the machine was started."""
    try:
        return bool(_noted(folder).get(_start()) == _marks(folder, sha256))
    except OSError:
        return False


def problems(folder: Path, sha256: Mapping[str, str]) -> dict[str, str]:
    """Hash the files (name → SHA-256); return what is wrong with each that is not right. Notes good ones."""
    found = {}
    before = _marks(folder, sha256) if all((folder / name).is_file() for name in sha256) else None
    for name, expected in sha256.items():
        path = folder / name
        if not path.is_file():
            found[name] = f"no {name}"
        elif (actual := file_sha256(path)) != expected:
            found[name] = f"{name} is damaged (SHA-256 {actual}, expected {expected})"
    if not found and before is not None:
        _note(folder, before)  # as they were before: what was written meanwhile is not what was hashed
    return found


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read from its first byte to its last."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file's content, or a folder's names, safe from a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _marks(folder: Path, sha256: Mapping[str, str]) -> dict[str, list[int | str]]:
    return {name: [*mark((folder / name).stat()), expected] for name, expected in sha256.items()}


def _start() -> str:
    """Return the id of the machine's present start; where the system has none, notes outlive it."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _noted(folder: Path) -> dict[str, Any]:
    try:
        noted = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    noted = noted if isinstance(noted, dict) else {}
    return {start: marks for start, marks in noted.items() if isinstance(marks, dict)}


def _note(folder: Path, marks: Mapping[str, list[int | str]]) -> None:
    """Note files that were hashed; in a folder that cannot be written they are merely hashed each time."""
    known = {start: seen for start, seen in _noted(folder).items() if start != _start()}
    noted = dict([*known.items(), (_start(), marks)][-_STARTS:])
    draft = folder / f".{STAMP}.{os.getpid()}"
    with contextlib.suppress(OSError):
        draft.write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")
        draft.replace(folder / STAMP)
