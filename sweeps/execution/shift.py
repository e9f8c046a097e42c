"""A worker at work: it claims the cells that no other worker has, and has them run.

What becomes of those that it has claimed is attempts.py's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sweeps.execution.attempts import TICK_S, Attempts, Limits
from sweeps.execution.cell_process import die_with
from sweeps.execution.cell_run import Runner
from sweeps.execution.clearing import clear
from sweeps.execution.elsewhere import is_done_elsewhere
from sweeps.execution.jobs import Job
from sweeps.execution.stopping import orders_handled_by
from sweeps.execution.units import Unit
from sweeps.records import lock
from sweeps.records.layout import LOCK
from sweeps.records.process import Owner
from sweeps.records.record import Record, read_record

FAR_TICK_S = 10.0  # on another machine than the sweeper's: through a file system that thousands of them share


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
    attempts: Attempts = field(init=False)
    terminated: bool = field(default=False, init=False)
    looked: float = field(default=0.0, init=False)  # when `is_over` was asked last (s)

    def __post_init__(self) -> None:
        self.attempts = Attempts(self.runner, self.limits, self._is_stopped)

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
                self.attempts.end_child()
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
                self.attempts.run(*claimed[0])
            elif claimed:
                self.attempts.run_together(claimed)

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
