"""The process server: forks only where a fork is whole, and loses no more than the worker that dies."""

import subprocess
import sys
import threading

import pytest

from sweeps.execution import fork_server
from tests.support.tiny.driver import PROJECT

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
SCRIPT = """
import os, signal, sys, threading, time
from sweeps.execution import fork_server
from sweeps.execution.fork_server import ForkServer

def turn_of(count=1):
    try:
        os.close(os.open(f"turn {count}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return turn_of(count + 1)
    return count

def worker(_):
    turn = turn_of()
    if turn == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if turn == 2:
        raise ValueError("x" * 100_000)
    time.sleep(0.2)
    return {"problem": None, "forked": fork_server.is_forked(), "threads": threading.active_count()}

"""


def told(body: str, cwd: object) -> str:
    """Return what a program of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + body],
        cwd=str(cwd),
        env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@LINUX
def test_a_worker_that_dies_or_raises_leaves_the_others(tmp_path: object) -> None:
    body = """
with fork_server.running(wanted=True):
    ends = fork_server.present().launch(worker, 3)
    print(sorted(end.status.name for end in ends))
    print(sorted(f"{type(end._return_value).__name__} {str(end._return_value)[:48]}" for end in ends))
    print(max(len(str(end._return_value)) for end in ends) < 5_000)
    print(len(fork_server.present().launch(worker, 2)), "more")
print(fork_server.present(), fork_server.is_forked())
"""
    states, ends, bounded, again, after = told(body, tmp_path).splitlines()
    assert states == "['COMPLETED', 'FAILED', 'FAILED']"
    assert "WorkerDied its process was killed by SIGKILL" in ends
    assert "RuntimeError ValueError: xxx" in ends
    assert "'forked': True" in ends
    assert (bounded, again, after) == ("True", "2 more", "None False")


@LINUX
def test_a_server_that_dies_is_told_and_takes_its_workers_along(tmp_path: object) -> None:
    body = """
from concurrent.futures import BrokenExecutor
import psutil
def endless(_):
    time.sleep(600)
with fork_server.running(wanted=True):
    server = fork_server.present()
    process = psutil.Process(server._process.pid)
    def kill():
        while len(workers := process.children()) < 2:
            time.sleep(0.01)
        process.kill()
        print(len(psutil.wait_procs(workers, timeout=5)[1]), "left")
    threading.Thread(target=kill).start()
    try:
        server.launch(endless, 2)
    except BrokenExecutor as error:
        print(error)
    print(fork_server.present())
"""
    lines = set(told(body, tmp_path).splitlines())
    assert lines == {"0 left", "None", "of the server, its process was killed by SIGKILL (out of memory?)"}


@LINUX
def test_a_signal_that_another_thread_gets_is_handled_while_workers_work(tmp_path: object) -> None:
    """The kernel gives it to any thread of a process that was halted; then no wait of the main one ends."""
    body = """
class Stopped(BaseException):
    pass
def stop(*_):
    raise Stopped
def slow(_):
    time.sleep(5)
def take_the_signal():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
with fork_server.running(wanted=True):
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=take_the_signal).start()
    began = time.monotonic()
    try:
        fork_server.present().launch(slow, 1)
    except Stopped:
        print("stopped", time.monotonic() - began < 2)
"""
    assert told(body, tmp_path).split() == ["stopped", "True"]


@LINUX
def test_there_is_no_server_in_a_process_with_threads(tmp_path: object) -> None:
    body = """
print(fork_server.may_fork())
threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
print(fork_server.may_fork())
with fork_server.running(wanted=True):
    print(fork_server.present())
"""
    assert told(body, tmp_path).splitlines() == ["True", "False", "None"]


def test_there_is_none_where_none_is_wanted() -> None:
    before = threading.active_count()
    with fork_server.running(wanted=False):
        assert fork_server.present() is None
    assert threading.active_count() == before
