"""Signals of many kinds, at each of the processes of a sweep, at any moment from its start."""

import random
import signal
import subprocess
import time
from collections import Counter

import psutil

from tests.support.tiny.driver import descendants

KINDS = ("KILL", "TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ABRT", "SEGV", "STOP")
TARGETS = ("parent", "server", "worker", "child", "guard")
START_S, LATER_S = 0.3, 2.5  # after the start: what the first signal is aimed at as often as at all the rest
AWAITED_S = 1.0  # a busy machine is late to start them
END_S = 240.0  # a sweep that is still there hangs, on however busy a machine


class Storm:
    """What disturbs sweeps; `sent` counts the signals by kind and target."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sent: Counter[tuple[str, str]] = Counter()

    def over(self, sweep: subprocess.Popen[str]) -> None:
        """Disturb a sweep a few times, and wait for its end, and for that of all that it has started."""
        begun = time.monotonic()
        time.sleep(self.rng.choice([self.rng.uniform(0, START_S), self.rng.uniform(START_S, LATER_S)]))
        there: set[psutil.Process] = set()
        for _ in range(self.rng.randint(1, 5)):
            there |= self._disturb(sweep)
            time.sleep(self.rng.uniform(0, 0.5))
        while sweep.poll() is None:
            there |= set(below(sweep))
            assert time.monotonic() - begun < END_S, f"hangs: {self.sent}"
            time.sleep(0.05)
        sweep.communicate(timeout=END_S)
        _, alive = psutil.wait_procs(list(there), timeout=8)
        assert not alive, f"left behind: {alive} by {self.sent}"

    def _disturb(self, sweep: subprocess.Popen[str]) -> set[psutil.Process]:
        """Send one signal to one process. Returns the processes that were there."""
        target, kind = self.rng.choice(TARGETS), self.rng.choice(KINDS)
        there = awaited(sweep, target)
        of_kind = [process for process, its in there.items() if its == target]
        if target == "parent" and sweep.poll() is None:
            _send(psutil.Process(sweep.pid), kind, self.rng.uniform(0, 0.5))
        elif of_kind:
            _send(self.rng.choice(of_kind), kind, self.rng.uniform(0, 0.5))
        else:
            return set(there)
        self.sent[kind, target] += 1
        return set(there)


def _send(process: psutil.Process, kind: str, halt_s: float) -> None:
    try:
        process.send_signal(signal.Signals[f"SIG{kind}"])
        if kind == "STOP":
            time.sleep(halt_s)
            process.send_signal(signal.SIGCONT)
    except psutil.NoSuchProcess:
        pass


def awaited(sweep: subprocess.Popen[str], target: str) -> dict[psutil.Process, str]:
    """Return `below` once there is what a signal is aimed at; as it is after AWAITED_S, or with the end."""
    end = time.monotonic() + AWAITED_S
    while True:
        there = below(sweep)
        if target in ("parent", *there.values()) or sweep.poll() is not None or time.monotonic() > end:
            return there
        time.sleep(0.02)


def below(sweep: subprocess.Popen[str]) -> dict[psutil.Process, str]:
    """Return the processes that a sweep has started, and what each is."""
    kinds: dict[psutil.Process, str] = {}
    try:
        for process in descendants(sweep):
            try:
                kinds[process] = _kind(process, sweep.pid)
            except psutil.Error:
                continue
    except psutil.NoSuchProcess:
        pass
    return kinds


def _kind(process: psutil.Process, sweep: int) -> str:
    if any(word.endswith("orphan_search.py") for word in process.cmdline()):
        return "guard"
    if process.ppid() == sweep:
        return "worker" if "popen_loky" in " ".join(process.cmdline()) else "server"
    parent = psutil.Process(process.ppid())
    return "worker" if parent.ppid() == sweep and _kind(parent, sweep) == "server" else "child"
