"""When a claims file was first seen in a sweep's directory: `.sweep/claims.json`, SHA-256 → time.

A claim is worth more if it was written before the runs. A file's own date proves nothing, so every command
that reads a claims file for a directory keeps the time at which it first met this very content.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeps.records.atomic import write_json
from sweeps.records.layout import CLAIMS, HIDDEN
from sweeps.records.untrusted import read_json


def first_seen(root: Path, content: bytes) -> datetime:
    """Return when this content was first seen in a directory: now, if it never was, and then that is kept.

    In a directory that cannot be written to nothing is kept.
    """
    digest, now = hashlib.sha256(content).hexdigest(), datetime.now(UTC).replace(microsecond=0)
    seen = _seen(root)
    if (time := moment(seen.get(digest))) is not None:
        return time
    folder = root / HIDDEN
    try:
        if not folder.is_symlink():  # nothing is written through a link
            folder.mkdir(exist_ok=True)
            write_json(folder / CLAIMS, {**seen, digest: now.isoformat()})
    except OSError:
        pass
    return now


def moment(text: object) -> datetime | None:
    """Return a time in ISO format with its zone, None if it is none."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else None


def _seen(root: Path) -> dict[str, Any]:
    """Return what was seen, nothing if it cannot be read."""
    try:
        data = read_json(root / HIDDEN / CLAIMS)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
