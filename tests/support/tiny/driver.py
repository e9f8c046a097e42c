"""Runs the tiny application as its users do, in a process of its own, for the tests of the sweeper."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from sweeps.records.record import Record, load_records

PROJECT = Path(__file__).parents[3]


class Tiny:
    """The tiny application in a directory of its own."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.root = cwd / "runs" / "adhoc"

    def copied_to(self, cwd: Path) -> "Tiny":
        """The same in another directory, with all that it has left behind."""
        shutil.copytree(self.cwd, cwd, dirs_exist_ok=True)
        return Tiny(cwd)

    def start(
        self, *overrides: str, process_group: int | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.tiny.app", *overrides],
            cwd=self.cwd,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "default", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=process_group,
        )

    def run(self, *overrides: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run to the end, and check the exit code."""
        process = self.start(*overrides, process_group=None, **environment)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"exit code {process.returncode}, not {code}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def records(self, root: Path | None = None) -> list[Record]:
        return list(load_records(root or self.root).values())

    def kept(self) -> set[str]:
        """What `.sweep` holds but the changes of a tree that is not committed: those depend on the reader."""
        return {path.name for path in (self.root / ".sweep").iterdir() if path.suffix != ".diff"}

    def record(self) -> Record:
        (record,) = self.records()
        return record

    def plan(self, root: Path | None = None) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(((root or self.root) / "sweep.json").read_text())
        return plan


def after(cwd: Path, *overrides: str) -> Tiny:
    """The tiny application in a directory, after one command."""
    tiny = Tiny(cwd)
    tiny.run(*overrides)
    return tiny


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Wait for something to become true, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def running(tiny: Tiny) -> list[Record]:
    return [record for record in tiny.records() if record.status == "running"]


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All processes below, apart from the resource trackers."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def wait_gone(processes: list[psutil.Process], seconds: float) -> None:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert not alive, f"still there after {seconds} s: {alive}"
