"""Running commands as a user would: from the project's root, and without the benchmark's own settings."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.job.measured.process import ONE_THREAD, CannotRun

NOT_A_USERS = "PYTHONDONTWRITEBYTECODE"
"""With it every process compiles every module of the project anew."""
ROOT = Path(__file__).parent.parent


def started(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    output: int = subprocess.DEVNULL,
    errors: int = subprocess.DEVNULL,
    root: Path = ROOT,
) -> "subprocess.Popen[str]":
    """Start `python -m module arguments` in `root`, thread counts unset.

    `output`, `errors`: where its streams go.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in (*ONE_THREAD, NOT_A_USERS)}
    options: dict[str, Any] = {"stdout": output, "stderr": errors, "text": True}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, cwd=root, env={**inherited, **(environment or {})}, **options)


def cpu_seconds(module: str, arguments: Sequence[str]) -> float:
    """Run `python -m module arguments`; return its CPU seconds and those of all that it has waited for."""
    process = started(module, arguments)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CannotRun(f"python -m {module} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def timed(
    module: str, arguments: Sequence[str], output: int = subprocess.DEVNULL, root: Path = ROOT
) -> float:
    """Run `python -m module arguments` and return its seconds. Raises CannotRun if it fails."""
    begin = time.perf_counter()
    process = started(module, arguments, output=output, errors=subprocess.PIPE, root=root)
    _, said = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode:
        last = ([line for line in said.splitlines() if line.strip()] or ["no message"])[-1]
        raise CannotRun(f"python -m {module} ended with {process.returncode}: {last.strip()}")
    return seconds
