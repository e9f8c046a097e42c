"""The kernels of OpenBLAS that a run was trained by, chosen again where this processor can run them.

Kernels add in an order of their own, so only the same ones give the same bits.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys

from sweeps.execution.in_turn import HOME
from sweeps.records.record import Record

CHOICE = "OPENBLAS_CORETYPE"
NAME = re.compile(r"[A-Za-z0-9]{1,32}")  # a record may be a stranger's
TRIAL = "sweeps.job.kernels"


def kernels_of(record: Record) -> dict[str, str]:
    """Return the environment in which a run is trained by its own kernels; empty where that cannot be."""
    facts = record.data.get("provenance") or {}
    blas, name = str(facts.get("blas")), str(facts.get("blas_architecture"))
    chosen = blas.startswith("openblas") and NAME.fullmatch(name) and run_here(name)
    return {CHOICE: name} if chosen else {}


@functools.cache
def run_here(name: str) -> bool:
    """Return whether this machine has kernels of a name: a process of its own multiplies by them."""
    tried = subprocess.run(
        [sys.executable, "-m", TRIAL],
        cwd=HOME,
        env={**os.environ, CHOICE: name},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return tried.returncode == 0 and tried.stdout.strip() == name
