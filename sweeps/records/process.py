"""Which process is meant: a name for it that no later process of the same number has, and whether it runs.

Machines may share a host name, and containers do: a process is here only if the kernel was started at the
same moment and counts its processes in the same namespace. What the system says is read by hand (/proc; ps
on macOS): this room needs the standard library only, see docs/explanation/decisions.md.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class Owner:
    """A process, named so that no other one with the same number is mistaken for it.

    `boot` and `namespace` are None where the system does not tell them, and in files of earlier versions.
    """

    host: str
    pid: int
    process_started: str | None
    token: str = ""
    boot: str | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        known = isinstance(self.host, str) and isinstance(self.pid, int) and isinstance(self.token, str)
        known = known and all(isinstance(text, str | None) for text in (self.boot, self.namespace))
        if not known or self.token.strip("0123456789abcdefghijklmnopqrstuvwxyz"):
            raise TypeError("names no process")

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" if self.host else "a process that its lock does not name"

    def is_here(self) -> bool:
        """Return whether the process is (or was) one that can be looked up here; all others go by age."""
        here = this_process()
        same = self.boot in (None, here.boot) and self.namespace in (None, here.namespace)
        looks = here.process_started is not None and not _is_hidden(self.pid)
        return self.host == here.host and same and looks

    def is_running(self) -> bool:
        """Return whether the process runs, here."""
        return self.is_here() and process_started(self.pid) == self.process_started is not None


def process_started(pid: int) -> str | None:
    """Return when the process started, as a text to compare; None if there is none or it has ended."""
    if sys.platform == "linux":
        try:
            fields = (
                Path(f"/proc/{pid}/stat")
                .read_text(errors="replace", encoding="utf-8")
                .rpartition(")")[2]
                .split()
            )
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]  # BSD's takes what follows = as a title
    plain = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}  # the same text whoever asks, in summer and in winter
    listing = subprocess.run(command, env=plain, capture_output=True, encoding="utf-8", errors="replace")
    state, _, started = listing.stdout.strip().partition(" ")
    return started.strip() or None if state and not state.startswith("Z") else None


def _is_hidden(pid: int) -> bool:
    """Return whether there is such a process, of another user, but it is not shown (/proc with hidepid)."""
    if process_started(pid) is not None:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        pass
    return False


def this_process() -> Owner:
    """Return the calling process."""
    return _owner(os.getpid())


@lru_cache(maxsize=2)
def _owner(pid: int) -> Owner:
    return Owner(
        socket.gethostname(), pid, process_started(pid), boot=_boot(), namespace=_target(PID_NAMESPACE)
    )


def _boot() -> str | None:
    """Return what tells this start of the system from all others, on any machine."""
    with suppress(OSError):
        return BOOT_ID.read_text(encoding="utf-8").strip()
    with suppress(OSError, subprocess.SubprocessError):
        command = ["sysctl", "-n", "kern.bootsessionuuid"]  # macOS
        said = subprocess.run(command, capture_output=True, check=True, encoding="utf-8", errors="replace")
        return said.stdout.strip() or None
    return None


def _target(link: Path) -> str | None:
    with suppress(OSError):
        return str(link.readlink())
    return None
