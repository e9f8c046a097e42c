"""Whether a claims file was written before the runs that decide it.

What it said then is known by its SHA-256. Since when it says that: by the commit that brought this content
into git, if it is in git (the committer's date, which can be set by hand), and by when a command first saw it
in the sweep's directory (sweeps/records/claims_seen.py); the earlier of both. The runs began when the first
plan with due runs was made, by the history in sweep.json, or when the first record started.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.claims.claim import Written
from reports.runs.results import Results
from sweeps.records.claims_seen import first_seen, moment
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.plan import read_head
from sweeps.records.untrusted import read_file

GIT_SECONDS = 10


def written(results: Results, claims: Path) -> Written:
    """Return since when a claims file says what it says, and since when there are runs."""
    content = read_claims_file(claims)
    seen, committed = first_seen(results.directory, content), commit_date(claims, content)
    by_git = committed is not None and committed < seen
    since = committed if committed is not None and by_git else seen
    first = min(beginnings(results), default=None)
    return Written(claims.name, hashlib.sha256(content).hexdigest(), since, by_git, first)


def read_claims_file(path: Path) -> bytes:
    """Return the content of a claims file; UserError if it cannot be read."""
    try:
        return read_file(path.resolve())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def commit_date(path: Path, content: bytes) -> datetime | None:
    """Return the date of the first commit that had this content under this name, None if there is none."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    name, environment = path.resolve().name, {k: v for k, v in os.environ.items() if k[:4] != "GIT_"}
    try:
        found = subprocess.run(
            ["git", "log", "--format=%cI", f"--find-object={blob}", "--", name],
            cwd=path.resolve().parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    dates = [date for line in found.stdout.split() if (date := moment(line)) is not None]
    return min(dates, default=None)


def beginnings(results: Results) -> Iterator[datetime]:
    """Yield when the runs of a directory, and of the sweeps below it, were planned or started."""
    plans = [results.plan, *(read_head(path.parent) for path in results.directory.glob(f"*/{PLAN}"))]
    texts = [*results.runs["started"], *(time for plan in plans if plan for time in planned(plan))]
    yield from (time.astimezone(UTC) for text in texts if (time := moment(text)) is not None)


def planned(plan: Mapping[str, Any]) -> list[object]:
    """Return when commands planned runs that were then due; an old plan says only when it was made."""
    history = plan.get("history")
    if not history:
        return [plan.get("created")]
    return [entry.get("time") for entry in history if entry.get("due", 1)]
