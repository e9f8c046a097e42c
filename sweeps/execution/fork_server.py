"""The process server: one process that has imported everything already, and forks this machine's workers.

A worker that starts anew imports for half a second what its sweeper has imported before. So before the
sweeper starts its first thread it forks the server, which never has one: a fork of a process with threads may
hold a lock that nobody releases. Where that cannot be (threads are there already, as BLAS makes them; macOS,
whose libraries do not bear it; `start_method=spawn`) there is no server, and joblib starts the workers.

    sweeper → server → worker → process of its cells          each ends with the one before it
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from hydra.core.utils import JobReturn, JobStatus
from hydra.utils import get_class
from omegaconf import DictConfig

from sweeps.cli.orphan_search import MARK
from sweeps.execution.cell_process import cause_of_death, die_with
from sweeps.planning.settings import Settings

PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
"""Orders to stop: the workers' own, who know how to; the server is over when they are."""

TOLD = 4000
"""Characters of an error at most: a worker ends before its pipe is read, which holds 16 times as much."""

LOOK_S = 0.2
"""The longest wait without a look for signals (s). A process that was halted may get its signal in any of its
threads, and Python handles it in the main one."""

_FORK: Any = multiprocessing.get_context("fork") if sys.platform != "win32" else None
_present: ForkServer | None = None
_forked = False


class WorkerDied(Exception):
    """A worker has ended without a word; the others go on."""


class ForkServer:
    """The sweeper's end of the server."""

    def __init__(self) -> None:
        self._connection, other = _FORK.Pipe()
        self._process: BaseProcess = _FORK.Process(target=_serve, args=(other, self._connection, os.getpid()))
        _start(self._process)
        other.close()

    def is_alive(self) -> bool:
        """Whether it can still fork."""
        return self._process.is_alive()

    def launch(self, worker: Callable[[Any], Any], count: int) -> list[JobReturn]:
        """Run `worker` in so many processes, and return how each has ended. Raises BrokenExecutor."""
        try:
            self._connection.send_bytes(cloudpickle.dumps((worker, count, os.environ.get(MARK))))
            while not self._connection.poll(LOOK_S):
                pass
            returned: list[JobReturn] = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            raise BrokenExecutor(f"of the server, {cause_of_death(self._process)}") from None
        return returned

    def close(self) -> None:
        """End it, and what it has forked."""
        self._connection.close()
        self._process.kill()
        self._process.join()


def present() -> ForkServer | None:
    """Return the server of this sweep, if there is one."""
    return _present if _present is not None and _present.is_alive() else None


def is_forked() -> bool:
    """Whether this process is a worker of a server, and knows all that its sweeper has registered."""
    return _forked


def can_fork(config: DictConfig, settings: Settings) -> bool:
    """Return whether the launcher can do with forks, and nobody wants processes that start anew."""
    launcher = get_class(config.hydra.launcher._target_)
    return getattr(launcher, "forks", False) and settings.start_method != "spawn"


@contextlib.contextmanager
def running(*, wanted: bool) -> Iterator[None]:
    """Within, there is a server if it is wanted and this process may fork."""
    global _present
    if not (wanted and may_fork()):
        yield
        return
    _present = server = ForkServer()
    try:
        yield
    finally:
        _present = None
        server.close()


def may_fork() -> bool:
    """Whether a fork is a whole process: on Linux, of one that has no other thread, of C code neither."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def _start(process: BaseProcess) -> None:
    """Start a process that hears signals only once it has handlers of its own (`_hear`)."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *PASSED_ON])
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _hear(handler: Any) -> None:
    """Handle what `_start` has kept away; Ctrl-C is the sweeper's."""
    for number in PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, *PASSED_ON])


def _serve(connection: Connection, other: Connection, sweeper: int) -> None:
    """Fork the workers that come through the connection, and answer with how they have ended."""
    die_with(sweeper)
    other.close()
    workers: dict[BaseProcess, Connection] = {}

    def pass_on(number: int, _: object) -> None:
        for process in workers:
            if process.is_alive() and process.pid:
                os.kill(process.pid, number)

    _hear(pass_on)
    with contextlib.suppress(EOFError, ConnectionError):  # the sweeper is gone, or done
        while True:
            worker, count, mark = pickle.loads(connection.recv_bytes())
            os.environ |= {} if mark is None else {MARK: mark}  # for what the jobs start
            for _ in range(count):
                here, there = _FORK.Pipe(duplex=False)
                process = _FORK.Process(target=_work, args=(worker, there, connection, os.getpid()))
                workers[process] = here
                _start(process)
                there.close()
            connection.send([_end(process, here) for process, here in workers.items()])
            workers.clear()


def _end(process: BaseProcess, returned: Connection) -> JobReturn:
    """Wait for a worker's end, and return it; by its process, for what its jobs leave behind has its pipe."""
    process.join()
    with returned, contextlib.suppress(EOFError):
        if returned.poll():
            end: JobReturn = returned.recv()
            return end
    return JobReturn(_return_value=WorkerDied(cause_of_death(process)), status=JobStatus.FAILED)


def _work(worker: Callable[[Any], Any], result: Connection, server: Connection, parent: int) -> None:
    """Be a worker: send what it returns, or what it raises as text."""
    global _forked
    _forked = True
    die_with(parent)
    server.close()
    _hear(signal.SIG_DFL)
    try:
        end = JobReturn(_return_value=worker(None), status=JobStatus.COMPLETED)
    except Exception as error:
        told = RuntimeError(f"{type(error).__name__}: {error}"[:TOLD])
        end = JobReturn(_return_value=told, status=JobStatus.FAILED)
    result.send(end)
