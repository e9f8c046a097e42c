"""What becomes of the cells that a worker has claimed: runs in a child process, and again if that dies.

A cell whose process dies (SIGKILL, out of memory, `os._exit`, a crash in C) is started at most `max_attempts`
times in all; one that raises or takes too long has failed. Of several cells that are run together each has
its lock, record and end; when their process dies, which of them was at fault is not known: those without an
end are run one by one, and that start of theirs does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sweeps.execution.cell_process import Child
from sweeps.execution.cell_run import Runner
from sweeps.execution.jobs import Job
from sweeps.execution.output_log import tail
from sweeps.records import lock
from sweeps.records.atomic import remove_drafts
from sweeps.records.layout import OUTPUT
from sweeps.records.record import read_record

TICK_S = 0.1  # how often a worker looks whether it is to stop


class LockLost(Exception):
    """Another worker has taken the cell's lock over: this one was halted for too long."""


@dataclass(frozen=True)
class Limits:
    """What a cell may take: starts in all, time (s; None: any). `start_method` is that of its process."""

    max_attempts: int = 3
    timeout_s: float | None = None
    start_method: str | None = None


@dataclass(frozen=True)
class End:
    """The end of a cell whose process cannot write it itself; `kind` and `message` are those of an error."""

    status: str
    kind: str = ""
    message: str = ""


INTERRUPTED = End("interrupted")


@dataclass
class Attempts:
    """Runs claimed cells in a child process; `is_stopped` says whether the worker is to stop."""

    runner: Runner
    limits: Limits
    is_stopped: Callable[[], bool]
    child: Child | None = field(default=None, init=False)
    closed: int = field(default=0, init=False)  # the attempt at the present cell whose end is written

    def run(self, job: Job, held: lock.Lock) -> None:
        """Run the cell, again if its process dies."""
        self.closed = 0
        for _ in range(self.limits.max_attempts):
            remove_drafts(self.runner.root / job.name)  # a process may have died while it wrote
            child = self._send([job])
            try:
                end = self._wait(child, [held])
            except LockLost:
                self.end_child()
                return
            except EOFError:
                if not self._is_to_start_again(job, child.death()):
                    return
                continue
            if end is not None:
                self.end_child()
                self._record_end(job, end)
            return

    def run_together(self, claimed: Sequence[tuple[Job, lock.Lock]]) -> None:
        """Run several cells at once as far as that goes, then those that have no end one by one."""
        child = self._send([job for job, _ in claimed])
        try:
            if self._wait(child, [held for _, held in claimed]) is not None:
                self.end_child()
        except LockLost:
            self.end_child()
        except EOFError:
            self.end_child()
            time.sleep(TICK_S)  # it may have died of the order that this worker gets, too
        for job, held in claimed:
            if held.refresh() and self._is_left(job):
                self.run(job, held)

    def _is_left(self, job: Job) -> bool:
        """Return whether a cell of a group has no end yet; it gets one if this worker is stopped."""
        data = read_record(self.runner.root / job.name).data
        if data.get("launch") == self.runner.launch and data.get("status") != "running":
            return False
        if not self.is_stopped():
            return True
        self.closed = 0
        self._record_end(job, INTERRUPTED)
        return False

    def end_child(self) -> None:
        """Kill the child process, if there is one."""
        if self.child is not None:
            self.child.kill()
            self.child = None

    def _send(self, jobs: Sequence[Job]) -> Child:
        """Start the cells in the child process, a new one if there is none."""
        if self.child is None:
            self.child = Child(self.runner, self.limits.start_method)
        self.child.send(jobs)
        return self.child

    def _wait(self, child: Child, locks: Sequence[lock.Lock]) -> End | None:
        """Wait for the cells to end. Returns their end if it is this worker's doing.

        Raises EOFError if their process has died, LockLost if a cell is another worker's by now.
        """
        started = refreshed = time.monotonic()
        while not child.is_done(TICK_S):
            time_s = time.monotonic()
            limit = self.limits.timeout_s
            if self.is_stopped():
                return INTERRUPTED
            if limit is not None and time_s - started > limit * len(locks):
                return End("failed", "TimeoutError", f"was ended after hydra.sweeper.timeout_s = {limit:g} s")
            if time_s - refreshed > lock.REFRESH_S:
                refreshed = time_s
                still_held = [held.refresh() for held in locks]  # each, also where an earlier one is lost
                if not all(still_held):
                    raise LockLost
        return None

    def _is_to_start_again(self, job: Job, why: str) -> bool:
        """Record the death of a cell's process; whether it may be started again."""
        self.end_child()
        time.sleep(TICK_S)  # it may have died of the order that this worker gets, too
        if self.is_stopped():
            self._record_end(job, INTERRUPTED)
            return False
        return self._record_end(job, End("failed", "ProcessDied", why))

    def _record_end(self, job: Job, end: End) -> bool:
        """Write the end of a cell, unless its process has done so before; return whether it was written."""
        runner = self.runner
        path = runner.root / job.name
        data = read_record(path).data
        if data.get("launch") != runner.launch or data["attempts"] == self.closed:
            data = runner.header(job)  # its process has died before it has written one
        elif data["status"] != "running":
            return False
        if end.kind:
            data["error"] = {"type": end.kind, "message": end.message, "traceback": tail(path / OUTPUT)}
        runner.close(data | {"status": end.status})
        self.closed = data["attempts"]
        return True
