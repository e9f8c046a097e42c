"""A worker: claims due cells one after another, runs each in a child process, and survives what kills that.

Whatever launcher is configured gets workers as its jobs, not cells. A cell whose process dies (SIGKILL, out
of memory, `os._exit`, a crash in C) is started at most `max_attempts` times in all; one that raises or takes
too long has failed. The lock in a cell's directory decides between workers, of this sweep and of others.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from sweeps.cli.streams import open_streams
from sweeps.execution.cell_process import Child, die_with
from sweeps.execution.cell_run import Job, Runner
from sweeps.execution.output_log import tail
from sweeps.execution.queue_on_disk import Todo
from sweeps.execution.stopping import is_ignored
from sweeps.records import lock, superseded
from sweeps.records.atomic import remove_drafts, set_aside
from sweeps.records.layout import LOCK, OUTPUT, SUPERSEDED
from sweeps.records.record import Record, read_record

TICK_S = 0.1  # how often a worker looks whether it is to stop
FAR_TICK_S = 10.0  # on another machine than the sweeper's: through a file system that thousands of them share
TAKEN = "taken"  # the end of a run whose lock another worker has got


@dataclass
class Worker:
    """What a launcher runs; called with a job's config, of which it needs nothing.

    `stop` is a file whose appearance ends the sweep, in the folder whose `lock` the sweeper holds; `sweeper`
    is the process that started it.
    """

    todo: Todo
    stop: Path
    sweeper: lock.Owner
    max_attempts: int
    timeout_s: float | None
    start_method: str | None

    def __call__(self, _: DictConfig) -> dict[str, Any]:
        """Work until nothing is due. Returns `problem`: why it had to give up, or None."""
        open_streams()
        try:
            runner = self.todo.runner(own_process=not self.is_sweeper())
        except FileNotFoundError as error:
            host = lock.this_process().host
            return {"problem": f"{error.filename} is not there on {host}: every machine must see it"}
        return {"problem": Shift(self, runner).work()}

    def is_sweeper(self) -> bool:
        """Whether the worker runs in the sweeper's own process."""
        return self.sweeper.is_here() and self.sweeper.pid == os.getpid()

    def is_over(self) -> bool:
        """Whether the sweep was stopped, or has died: told by its process here, by its lock elsewhere."""
        if self.stop.exists():
            return True
        if self.sweeper.is_here():
            return not self.sweeper.is_running()
        return lock.holder(self.stop.with_name(LOCK)) is None


@dataclass
class Shift:
    """One worker at work, in its own process."""

    worker: Worker
    runner: Runner
    child: Child | None = None
    terminated: bool = False
    looked: float = 0.0
    closed: int = 0  # the attempt at the present cell whose end this worker has written
    problem: str | None = field(default=None)

    def work(self) -> str | None:
        """Run the due cells that nobody else has. Returns why it gave up, or None."""
        with self._signals():
            try:
                for job in self.worker.todo.jobs():
                    if self._is_stopped():
                        break
                    self._claim(job)
            except OSError as error:
                self.problem = f"cannot write {error.filename or self.runner.root}: {error.strerror}"
            finally:
                self._end_child()
        return self.problem

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Take SIGTERM, SIGHUP, and SIGUSR2 ahead of a time limit, as orders to stop, but not Ctrl-C."""
        if self.worker.is_sweeper() or threading.current_thread() is not threading.main_thread():
            yield
            return
        if os.getppid() == self.worker.sweeper.pid and self.worker.sweeper.is_here():
            die_with(self.worker.sweeper.pid)
        orders = [signal.SIGTERM, signal.SIGUSR2]
        orders += [] if is_ignored(signal.SIGHUP) else [signal.SIGHUP]
        before = [(number, signal.getsignal(number)) for number in (*orders, signal.SIGINT)]
        for number in orders:
            signal.signal(number, self._terminate)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _terminate(self, *_: object) -> None:
        self.terminated = True

    def _is_stopped(self) -> bool:
        """Whether this worker is to stop, or the sweep is over."""
        pause = TICK_S if self.worker.sweeper.is_here() else FAR_TICK_S
        if not self.terminated and time.monotonic() - self.looked >= pause:
            self.looked = time.monotonic()
            self.terminated = self.worker.is_over()
        return self.terminated

    def _claim(self, job: Job) -> None:
        """Run a cell, unless it was run since the sweep was planned or another worker has it."""
        path = self.runner.root / job.name
        if self._is_handled(job, read_record(path)):
            return
        path.mkdir(parents=True, exist_ok=True)
        try:
            held = lock.acquire(path / LOCK)
        except lock.Held:
            return
        with held:
            record = read_record(path)
            if not self._is_handled(job, record):
                self._prepare(job, record)
                self._run(job, held)

    def _is_handled(self, job: Job, record: Record) -> bool:
        launch = record.data.get("launch")
        return launch == self.runner.launch or (record.is_complete and launch != job.seen)

    def _prepare(self, job: Job, record: Record) -> None:
        """Put the cell's directory in order: no orphan, no half file, no damaged record, no old run."""
        if record.status == "running":
            _kill_orphan(record)
        if record.status != "missing":
            remove_drafts(record.path)
        if record.status == "damaged" and os.path.lexists(damaged := record.path / record.damaged):
            set_aside(damaged)
        if job.superseded:
            superseded.keep(self.runner.root, job.name, SUPERSEDED)
        elif job.restart or record.status in ("missing", "damaged"):  # no telling whose checkpoint it is
            superseded.keep(self.runner.root, job.name)

    def _run(self, job: Job, held: lock.Lock) -> None:
        """Run the cell, again if its process dies."""
        self.closed = 0
        for _ in range(self.worker.max_attempts):
            if self.child is None:
                self.child = Child(self.runner, self.worker.start_method)
            self.child.send(job)
            try:
                if end := self._wait(held):
                    self._end_child()
                    if end["status"] != TAKEN:
                        self._record_end(job, **end)
                return
            except EOFError:
                why = self.child.death()
                self._end_child()
                time.sleep(TICK_S)  # it may have died of what this worker is told, too
                if self._is_stopped():
                    self._record_end(job, "interrupted")
                    return
                if self._record_end(job, "failed", "ProcessDied", why) != "running":
                    return

    def _wait(self, held: lock.Lock) -> dict[str, str]:
        """Wait for the cell to end. Returns how it ends if that is up to the worker."""
        assert self.child is not None
        started = refreshed = time.monotonic()
        while not self.child.is_done(TICK_S):
            time_s = time.monotonic()
            limit = self.worker.timeout_s
            if self._is_stopped():
                return {"status": "interrupted"}
            if limit is not None and time_s - started > limit:
                message = f"was ended after hydra.sweeper.timeout_s = {limit:g} s"
                return {"status": "failed", "kind": "TimeoutError", "message": message}
            if time_s - refreshed > lock.REFRESH_S:
                refreshed = time_s
                if not held.refresh():
                    return {"status": TAKEN}
        return {}

    def _record_end(self, job: Job, status: str, kind: str = "", message: str = "") -> str:
        """Write the end of a cell whose process cannot. Returns the status found: running, or its end."""
        runner = self.runner
        path = runner.root / job.name
        data = read_record(path).data
        if data.get("launch") != runner.launch or data["attempts"] == self.closed:
            data = runner.header(job)  # its process has died before it has written one
        elif data["status"] != "running":
            return str(data["status"])
        if kind:
            data["error"] = {"type": kind, "message": message, "traceback": tail(path / OUTPUT)}
        runner.close(data | {"status": status})
        self.closed = data["attempts"]
        return "running"

    def _end_child(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None


def _kill_orphan(record: Record) -> None:
    """End the process that still runs the cell although its worker is dead."""
    owner = lock.Owner(**record.data["worker"])
    while owner.is_running():
        os.kill(owner.pid, signal.SIGKILL)
        time.sleep(0.01)
