"""A cell's directory before its run: no orphan, no half file, no damaged record, no earlier run."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from sweeps.execution.jobs import Job
from sweeps.records import superseded
from sweeps.records.atomic import remove_drafts, set_aside
from sweeps.records.layout import CHECKPOINT, SUPERSEDED
from sweeps.records.process import Owner
from sweeps.records.record import Record


def clear(root: Path, job: Job, record: Record) -> None:
    """Put the directory of a cell in order, whose lock is held. What is replaced is kept elsewhere."""
    if record.status == "running":
        _kill_orphan(record)
    if record.status != "missing":
        remove_drafts(record.path)
    if record.status == "damaged" and os.path.lexists(damaged := record.path / record.damaged):
        set_aside(damaged)
    if job.superseded:
        superseded.keep(root, job.name, SUPERSEDED)
    elif job.restart or record.status in ("missing", "damaged"):  # whose checkpoint it is cannot be known
        superseded.keep(root, job.name)


def _kill_orphan(record: Record) -> None:
    """End the process that still runs the cell although its worker is dead."""
    owner = Owner(**record.data["worker"])
    while owner.is_running():
        os.kill(owner.pid, signal.SIGKILL)
        time.sleep(0.01)


def drop_checkpoints(records: Iterable[Record]) -> None:
    """Remove what cells have kept for longer ones, once none will come."""
    for record in records:
        if record.is_complete:
            with contextlib.suppress(OSError):
                (record.path / CHECKPOINT).unlink(missing_ok=True)
