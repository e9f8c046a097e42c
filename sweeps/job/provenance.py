"""Where a result comes from: versions, machine, and the number of BLAS threads it was made with.

The state of the code's repository is asked for once in a sweep, by sweeps/planning/revision.py.
"""

import functools
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from sweeps.cli.version import version


@functools.cache
def provenance() -> dict[str, Any]:
    """Return what a run record says about code and machine; gathered once in each process."""
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    blas: dict[str, Any] = min(
        pools, key=lambda pool: "numpy" not in pool["filepath"], default={}
    )  # SciPy brings its own
    return {
        "version": version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('internal_api', 'unknown')} {blas.get('version') or ''}".strip(),
        "blas_architecture": blas.get("architecture"),
        "cpu": _cpu(),
        "host": platform.node(),
        "platform": platform.platform(),
    }


def single_blas_thread() -> int:
    """Give BLAS one thread in this process, and return how many it has.

    SciPy brings a BLAS of its own, which the optimisers use: what is loaded later hears nothing of a limit.
    """
    import scipy.linalg  # noqa: F401

    return _single_thread(len(sys.modules))


@functools.cache
def _single_thread(_modules: int) -> int:
    """Limit every BLAS that is loaded; that takes 2 ms, and another one can have come with a module only."""
    loaded = threadpoolctl.ThreadpoolController()
    loaded.limit(limits=1)
    return max((pool["num_threads"] for pool in loaded.info()), default=1)


def _cpu() -> str:
    """Return the processor's model name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.processor() or platform.machine()


def _output(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, check=True, timeout=10, encoding="utf-8", errors="replace"
    )
    return done.stdout.strip()
