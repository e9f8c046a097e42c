"""A worker at work: claims cells, runs them in a child process, and survives what kills that.

A cell whose process dies (SIGKILL, out of memory, `os._exit`, a crash in C) is started at most `max_attempts`
times in all; one that raises or takes too long has failed. Of several cells that are run together each has
its lock, record and end; when their process dies, which of them was at fault is not known: those without an
end are run one by one, and that start of theirs does not count.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sweeps.execution.cell_process import Child, die_with
from sweeps.execution.cell_run import Runner
from sweeps.execution.clearing import clear
from sweeps.execution.elsewhere import is_done_elsewhere
from sweeps.execution.jobs import Job
from sweeps.execution.output_log import tail
from sweeps.execution.stopping import orders_handled_by
from sweeps.execution.units import Unit
from sweeps.records import lock
from sweeps.records.layout import LOCK, OUTPUT
from sweeps.records.process import Owner
from sweeps.records.record import Record, read_record

TICK_S = 0.1  # how often a worker looks whether it is to stop
FAR_TICK_S = 10.0  # on another machine than the sweeper's: through a file system that thousands of them share


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
class Shift:
    """One worker at work, in its own process.

    `is_over` says whether the sweep has ended; it is asked less often if the sweeper is `far`, on another
    machine. `sweeper` is the process to die with, None if this is it.
    """

    runner: Runner
    limits: Limits
    is_over: Callable[[], bool]
    sweeper: Owner | None
    far: bool = False
    child: Child | None = field(default=None, init=False)
    terminated: bool = field(default=False, init=False)
    looked: float = field(default=0.0, init=False)  # when `is_over` was asked last (s)
    closed: int = field(default=0, init=False)  # the attempt at the present cell whose end is written

    def work(self, units: Iterable[Unit]) -> str | None:
        """Run the cells that no other worker has. Returns why it gave up, or None."""
        with self._signals():
            try:
                for unit in units:
                    if self._is_stopped():
                        break
                    self._claim(unit)
            except OSError as error:
                return f"cannot write {error.filename or self.runner.root}: {error.strerror}"
            finally:
                self._end_child()
        return None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let orders to stop end the work in the body; a worker that the sweeper has started ends with it."""
        if self.sweeper is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        if os.getppid() == self.sweeper.pid and not self.far:
            die_with(self.sweeper.pid)
        with orders_handled_by(self._terminate):
            yield

    def _terminate(self, *_: object) -> None:
        self.terminated = True

    def _is_stopped(self) -> bool:
        """Return whether this worker is to stop, or the sweep is over."""
        pause = FAR_TICK_S if self.far else TICK_S
        if not self.terminated and time.monotonic() - self.looked >= pause:
            self.looked = time.monotonic()
            self.terminated = self.is_over()
        return self.terminated

    def _claim(self, unit: Unit) -> None:
        """Run the cells of a unit that were not run since the sweep was planned and no other worker has."""
        with ExitStack() as locks:
            claimed = [(job, held) for job in unit if (held := self._take(job, locks)) is not None]
            if len(claimed) == 1:
                self._run(*claimed[0])
            elif claimed:
                self._run_together(claimed)

    def _take(self, job: Job, locks: ExitStack) -> lock.Lock | None:
        """Lock a cell and clear its directory; None if there is nothing to do."""
        path = self.runner.root / job.name
        if self._is_handled(job, read_record(path)):
            return None
        path.mkdir(parents=True, exist_ok=True)
        try:
            held = locks.enter_context(lock.acquire(path / LOCK))
        except lock.Held:
            return None
        record = read_record(path)
        if self._is_handled(job, record):
            return None
        clear(self.runner.root, job, record)
        return held

    def _is_handled(self, job: Job, record: Record) -> bool:
        launch = self.runner.launch
        return record.data.get("launch") == launch or is_done_elsewhere(job, record, launch)

    def _run_together(self, claimed: Sequence[tuple[Job, lock.Lock]]) -> None:
        """Run several cells at once as far as that goes, then those that have no end one by one."""
        child = self._send([job for job, _ in claimed])
        try:
            if self._wait(child, [held for _, held in claimed]) is not None:
                self._end_child()
        except LockLost:
            self._end_child()
        except EOFError:
            self._end_child()
            time.sleep(TICK_S)  # it may have died of the order that this worker gets, too
        for job, held in claimed:
            if held.refresh() and self._is_left(job):
                self._run(job, held)

    def _is_left(self, job: Job) -> bool:
        """Return whether a cell of a group has no end yet; it gets one if this worker is stopped."""
        data = read_record(self.runner.root / job.name).data
        if data.get("launch") == self.runner.launch and data.get("status") != "running":
            return False
        if not self._is_stopped():
            return True
        self.closed = 0
        self._record_end(job, INTERRUPTED)
        return False

    def _run(self, job: Job, held: lock.Lock) -> None:
        """Run the cell, again if its process dies."""
        self.closed = 0
        for _ in range(self.limits.max_attempts):
            child = self._send([job])
            try:
                end = self._wait(child, [held])
            except LockLost:
                self._end_child()
                return
            except EOFError:
                if not self._is_to_start_again(job, child.death()):
                    return
                continue
            if end is not None:
                self._end_child()
                self._record_end(job, end)
            return

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
            if self._is_stopped():
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
        self._end_child()
        time.sleep(TICK_S)  # it may have died of the order that this worker gets, too
        if self._is_stopped():
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

    def _end_child(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None
