"""Word of a sweep's end: the user's own command, told the outcome in environment variables."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sweeps.planning.settings import Settings
from sweeps.planning.strategies.course import Course
from sweeps.records.errors import UserError
from sweeps.records.record import load_records
from sweeps.records.schema import RETURNED

TIMEOUT_S = 60.0
INTERRUPTED = 128  # exit codes from here on are those of signals


@dataclass
class End:
    """How a sweep ended, with 1 unless something else is said, and its course once there is one."""

    code: int = 1
    course: Course | None = None

    @property
    def outcome(self) -> str:
        """The end in a word."""
        return "done" if self.code == 0 else "interrupted" if self.code >= INTERRUPTED else "incomplete"


@contextmanager
def noticed(settings: Settings, root: Path) -> Iterator[End]:
    """Yield the end to fill in; then run `hydra.sweeper.notify`, whatever the end is.

    Not after a mistake of the user's, who sits there, nor after a dry run.
    """
    end, started = End(), time.monotonic()
    told = settings.notify is not None and not settings.dry_run
    try:
        yield end
    except UserError:
        told = False
        raise
    finally:
        if told and settings.notify is not None:
            _run(settings.notify, facts(settings, root, end, time.monotonic() - started))


def facts(settings: Settings, root: Path, end: End, seconds: float) -> dict[str, str]:
    """Return what the command is told, by the names of its environment variables."""
    counts = _states(root, end.course)
    cells = sum(counts.values())
    of_cells = "1 cell" if cells == 1 else f"{cells} cells"
    parts = ", ".join(f"{number} {state}" for state, number in counts.most_common())
    return {
        "SWEEP_NAME": settings.title,
        "SWEEP_DIR": str(root),
        "SWEEP_OUTCOME": end.outcome,
        "SWEEP_EXIT_CODE": str(end.code),
        "SWEEP_SECONDS": f"{seconds:.0f}",
        "SWEEP_CELLS": str(cells),
        **{f"SWEEP_{state.upper()}": str(counts[state]) for state in RETURNED},
        "SWEEP_SUMMARY": f"{settings.title}: {end.outcome}, {of_cells}: {parts or 'none'}",
    }


def _states(root: Path, course: Course | None) -> Counter[str]:
    """Return how many cells of the command are in which state.

    Its own plan counts: that on disk may hold more, of other commands and of those that were planned since.
    """
    if course is None:
        return Counter()
    try:
        records = load_records(root)
    except UserError:  # the directory cannot be read any more
        records = {}
    left_out = () if course.again else course.excluded
    ids = [cell.id for cell in course.plan.cells]
    return Counter(
        "excluded" if each in left_out else records[each].status if each in records else "missing"
        for each in ids
    )


def _run(command: str, variables: dict[str, str]) -> None:
    """Run the command; that it fails is one line, and nothing else."""
    try:
        done = subprocess.run(
            command,
            shell=True,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
        )
        problem = f"exit code {done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired:
        problem = f"was ended after {TIMEOUT_S:.0f} s"
    except OSError as error:
        problem = str(error.strerror)
    if problem:
        print(f"hydra.sweeper.notify = {command}: {problem}", file=sys.stderr)
