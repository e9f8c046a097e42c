"""Ctrl-C, SIGTERM, a closed terminal: workers are asked to stop, and killed a moment later."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

from sweeps.records.process import Owner
from sweeps.records.record import Record, read_record, timestamp, write_record

GRACE_S = 1.2  # what workers get to stop by themselves
LAST_S, PAUSE_S = 2.0, 0.02  # what is waited for processes that die of the death of others
ORDERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """The sweep is to end now, wherever it is; no `except Exception` on the way may stop that."""


class Stop:
    """The signal that stopped the sweep, if one did. Workers see the file that it creates."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.signal: signal.Signals | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Handle a signal: the first is passed on to the workers, a second one ends the wait for them."""
        if number == signal.SIGALRM or self.signal is not None:
            raise Interrupted
        self.signal = signal.Signals(number)
        try:
            self.file.touch()
        except OSError as error:
            raise Interrupted from error
        signal.setitimer(signal.ITIMER_REAL, GRACE_S)

    @property
    def exit_code(self) -> int:
        """The exit code that a shell expects of a process that ended by this signal."""
        assert self.signal is not None
        return 128 + self.signal


@contextmanager
def stoppable(file: Path) -> Iterator[Stop]:
    """Let the first of ORDERS make `file` appear, and end the body at the latest a moment later."""
    stop = Stop(file)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    heard = [number for number in ORDERS if number is not signal.SIGHUP or not is_ignored(number)]
    before = {number: signal.signal(number, stop) for number in (*heard, signal.SIGALRM)}
    try:
        yield stop
    except Interrupted:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def orders_handled_by(handler: Callable[..., None]) -> Iterator[None]:
    """Let SIGTERM, SIGHUP, and SIGUSR2 (ahead of a time limit) be orders to a worker in the body."""
    orders = [signal.SIGTERM, signal.SIGUSR2]
    orders += [] if is_ignored(signal.SIGHUP) else [signal.SIGHUP]
    before = [(number, signal.getsignal(number)) for number in (*orders, signal.SIGINT)]
    for number in orders:
        signal.signal(number, handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


def is_ignored(number: signal.Signals) -> bool:
    """Return whether this process was started with the signal ignored, as nohup does with SIGHUP."""
    return signal.getsignal(number) is signal.SIG_IGN


def mark_interrupted(records: Mapping[str, Record], command: str) -> None:
    """Complete the records of the cells whose workers had to be killed with a command (its folder's name).

    A process that a worker had just started is not killed with it, but dies of its death, a moment later.
    """
    deadline = time.monotonic() + LAST_S
    own = [each for each in records.values() if str(each.data.get("launch", "")).startswith(f"{command}.")]
    for record in own:
        while record.status == "running" and is_here(record) and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
            record = read_record(record.path)
        if record.status == "lost":
            data = {key: value for key, value in record.data.items() if key != "worker"}
            with contextlib.suppress(OSError):  # then it stays lost, which is due again as well
                write_record(record.path, data | {"status": "interrupted", "finished": timestamp()})


def is_here(record: Record) -> bool:
    """Return whether a running cell is worked on by a process of this machine."""
    return Owner(**record.data["worker"]).is_here()


def end_descendants() -> None:
    """Kill every process that this one started, directly or not, and wait until all are gone."""
    processes = [process for process in psutil.Process().children(recursive=True) if not _cleans_up(process)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=2)


def _cleans_up(process: psutil.Process) -> bool:
    """Return whether it is a resource tracker, which cleans up after others and then ends by itself."""
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.Error:
        return False
