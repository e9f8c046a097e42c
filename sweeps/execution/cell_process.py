"""The process that runs cells for a worker: one after another, until it is ended or one kills it.

It ends with its worker, however that ends: on Linux the kernel sees to it, elsewhere a thread that watches.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from hydra.core.singleton import Singleton
from hydra.core.utils import setup_globals

from sweeps.cli.garbage import look_at_what_is_new
from sweeps.execution.cell_run import Runner
from sweeps.execution.jobs import Job

_PR_SET_PDEATHSIG = 1  # prctl(2)
_WATCH_S = 0.5


class Child:
    """The worker's end of a process that runs cells."""

    def __init__(self, runner: Runner, start_method: str | None) -> None:
        method = start_method or ("fork" if sys.platform == "linux" else "spawn")
        context: Any = multiprocessing.get_context(method)
        self._connection, other = context.Pipe()
        self._first: bytes | None = None
        if method == "fork":
            arguments: tuple[object, ...] = (other, os.getpid(), runner, self._connection)
        else:
            # in joblib's workers it is loky's own, which a process that is spawned would not find
            multiprocessing.set_start_method(method, force=True)
            arguments = (other, os.getpid(), None, None)
            self._first = cloudpickle.dumps((Singleton.get_state(), runner))
        self._process: BaseProcess = context.Process(target=_serve, args=arguments)
        self._process.start()
        other.close()

    def send(self, jobs: Sequence[Job]) -> None:
        """Start a cell, or several together. If the process has died, `is_done` tells.

        A process that is spawned is told here how cells are run, not by `start`: that writes into a pipe
        whose other end it holds itself, and so would wait for a process that has died without end.
        """
        with contextlib.suppress(ConnectionError):
            if self._first is not None:
                self._connection.send_bytes(self._first)
                self._first = None
            self._connection.send(jobs)

    def is_done(self, timeout_s: float) -> bool:
        """Return whether the cell has ended, waiting for it so long.

        Raises EOFError if the process has died, and OSError if the cell's record cannot be written.
        """
        if not self._connection.poll(timeout_s):
            if self._process.is_alive():
                return False
            raise EOFError
        try:
            problem = self._connection.recv()
        except ConnectionError as error:
            raise EOFError from error
        if problem is not None:
            raise OSError(*problem)
        return True

    def kill(self) -> None:
        """End the process, and those that it started, at once; wait until it is gone."""
        if self._process.is_alive() and self._process.pid:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except OSError:  # it has no group of its own yet
                self._process.kill()
        self._process.join()
        self._connection.close()

    def death(self) -> str:
        """Return what the process has died of."""
        return cause_of_death(self._process)


def _serve(connection: Connection, parent: int, runner: Runner | None, other: Connection | None) -> None:
    """Run the cells that come through the connection; answer each with None or what kept its record away.

    Without a `runner` that comes first. `other` is the worker's end, if this process has inherited it.
    """
    os.setpgid(0, 0)  # out of reach of a terminal's Ctrl-C, and one group with what the job starts
    die_with(parent)
    look_at_what_is_new()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.enable(file=2)
    if other is not None:
        other.close()
    with contextlib.suppress(EOFError, ConnectionError):  # the worker is gone
        runner = runner or _unpacked(connection.recv_bytes())
        setup_globals()
        while True:
            connection.send(_run(runner, connection.recv()))


def _run(runner: Runner, jobs: Sequence[Job]) -> tuple[int | None, str | None, str | None] | None:
    try:
        if len(jobs) > 1:
            runner.run_group(jobs)
        else:
            runner.run(*jobs)
    except OSError as error:
        return error.errno, error.strerror, error.filename
    return None


def _unpacked(content: bytes) -> Runner:
    state, runner = pickle.loads(content)
    Singleton.set_state(state)
    assert isinstance(runner, Runner)
    return runner


def cause_of_death(process: BaseProcess) -> str:
    """Return what a process has died of, once it has."""
    process.join()
    code = process.exitcode or 0
    if code >= 0:
        return f"its process ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"its process was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")


def die_with(parent: int) -> None:
    """Arrange that this process is killed when the process `parent`, which started it, ends."""
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0:
        if os.getppid() != parent:
            os._exit(1)
        return
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os.killpg(0, signal.SIGKILL)
