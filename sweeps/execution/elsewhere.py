"""Whether another command has dealt with a cell since this one planned."""

from __future__ import annotations

from sweeps.execution.jobs import Job
from sweeps.records.commands import session_of
from sweeps.records.record import Record
from sweeps.records.schema import RETURNED


def is_done_elsewhere(job: Job, record: Record, launch: str) -> bool:
    """Whether somebody has run the cell since the sweep was planned.

    A result counts whoever made it. A failure counts if it is of the session of this `launch`: commands that
    work together do not try it once each.
    """
    theirs = record.data.get("launch")
    if theirs == job.seen:
        return False
    return record.is_complete or (record.status in RETURNED and session_of(theirs) == session_of(launch))
