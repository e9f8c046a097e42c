"""Servers of the cluster tests: each is started for a test, and ended by the id in its pid file."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

START_S, STOP_S = 60.0, 20.0


class Unavailable(Exception):
    """A server cannot be had on this machine; the text says which and why."""


def find(*programs: str) -> dict[str, str]:
    """Return program → path, also of those in sbin. Raises Unavailable that names all that are not there."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
    found = {program: shutil.which(program, path=path) for program in programs}
    if missing := [program for program, where in found.items() if where is None]:
        raise Unavailable(f"not installed: {', '.join(missing)}")
    return {program: str(where) for program, where in found.items()}


def call(*command: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and return what it prints. Raises Unavailable with what it says if it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=START_S, env={**os.environ, **(environment or {})}
    )
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:2])} failed: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout


@contextlib.contextmanager
def server(
    *command: str,
    pid_file: Path,
    is_ready: Callable[[], bool],
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """Run a server within the body; yields its process id. Raises Unavailable if it does not come up."""
    pid_file.unlink(missing_ok=True)
    with log.open("ab") as file:
        starter = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait_for(lambda: _pid(pid_file) is not None and is_ready(), f"{command[0]} (see {log})", starter)
        pid = _pid(pid_file)
        assert pid is not None
        yield pid
    finally:
        _stop(_pid(pid_file), starter)


def wait_for(
    condition: Callable[[], bool], what: str, starter: "subprocess.Popen[bytes] | None" = None
) -> None:
    """Wait until something holds. Raises Unavailable when it takes too long or its starter has failed."""
    end = time.monotonic() + START_S
    while not condition():
        if starter is not None and starter.poll() not in (None, 0):
            raise Unavailable(f"{what} ended with exit code {starter.returncode}")
        if time.monotonic() > end:
            raise Unavailable(f"{what} did not come up within {START_S:.0f} s")
        time.sleep(0.1)


def answers(*command: str, environment: Mapping[str, str] | None = None) -> bool:
    """Whether a command succeeds."""
    try:
        call(*command, environment=environment)
    except (Unavailable, subprocess.TimeoutExpired):
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _pid(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _stop(pid: int | None, starter: "subprocess.Popen[bytes]") -> None:
    """End a server: SIGTERM, and SIGKILL if that is not enough."""
    numbers = {starter.pid} | ({pid} if pid else set())
    processes = [psutil.Process(number) for number in numbers if psutil.pid_exists(number)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, processes = psutil.wait_procs(processes, timeout=STOP_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        starter.wait(1)
