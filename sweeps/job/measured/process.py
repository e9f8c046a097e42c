"""A process for each engine: one core, one thread, nothing else loaded, and asked to work in turns.

No NumPy here: the process sets its number of threads before it loads what it is to run.
"""

import importlib
import multiprocessing
import os
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


class CannotRun(Exception):
    """An engine failed in its process; the message is one line."""


class Remote:
    """An object that lives in a process of its own; `call` calls its methods there.

    target: "module:Class"; arguments: what the class is called with; core: the one to stay on, None for any.
    """

    def __init__(self, target: str, core: int | None, **arguments: Any) -> None:
        self.started = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, target, core, arguments), daemon=True)
        self._process.start()
        other.close()
        try:
            self._answer()
        except CannotRun:
            self.close()
            raise

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method there and return what it returns. Raises CannotRun if it raises."""
        try:
            self._connection.send((method, arguments))
        except ConnectionError:
            raise CannotRun("its process ended") from None
        return self._answer()

    def _answer(self) -> Any:
        try:
            fine, answer = self._connection.recv()
        except (EOFError, ConnectionError):
            raise CannotRun("its process ended") from None
        if not fine:
            raise CannotRun(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def ask(target: str, method: str, *arguments: Any, core: int | None, **made_with: Any) -> Any:
    """Call one method of an object that lives in a process of its own only for that. Raises CannotRun."""
    remote = Remote(target, core, **made_with)
    try:
        return remote.call(method, *arguments)
    finally:
        remote.close()


def last_core() -> int | None:
    """Return the core that measurements stay on: the last of those allowed; None where cores are not told."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def stay_on(core: int | None) -> None:
    """Keep this process, and the threads that it will start, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def _serve(connection: Connection, target: str, core: int | None, arguments: dict[str, Any]) -> None:
    """Make the object and call its methods until the other end closes."""
    stay_on(core)
    os.environ.update(ONE_THREAD)
    made: list[Any] = []

    def make() -> None:
        module, _, name = target.partition(":")
        made.append(getattr(importlib.import_module(module), name)(**arguments))

    _reply(connection, make)
    while made:
        try:
            method, call_arguments = connection.recv()
        except EOFError:
            return
        _reply(connection, partial(getattr(made[0], method), *call_arguments))


def _reply(connection: Connection, work: Callable[[], Any]) -> None:
    try:
        connection.send((True, work()))
    except Exception as error:
        first_line = (str(error).strip().splitlines() or [""])[0]
        connection.send((False, f"{type(error).__name__}: {first_line}"))
