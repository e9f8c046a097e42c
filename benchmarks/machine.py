"""What the figures were measured on: processor, system, versions, and whether anything else was running."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contest import version
from sweeps.job.provenance import provenance
from sweeps.planning import revision

DISTRIBUTIONS = (
    *("numpy", "scipy", "hydra-core", "hydra-joblib-launcher"),
    *("scikit-learn", "torch", "jax", "jaxlib"),
)
QUIET_LOAD = 0.5


@dataclass(frozen=True)
class Settings:
    """How to measure: rounds, the core to stay on, JAX only, and of the whole grid:

    a finished one to judge (None: run it), and an earlier version's directory to run it by as well.
    """

    rounds: int
    core: int | None
    grid: Path | None = None
    quick: bool = False
    before: Path | None = None


def processor() -> str:
    """Return the processor's name."""
    return str(provenance()["cpu"])


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float | None:
    """Return the load average of the last minute, where the system tells it."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def description(settings: Settings, load_before: float | None) -> str:
    """Return the machine, the versions and the way of measuring, as a Markdown list."""
    facts = {**provenance(), **revision.facts(["mlp", "benchmarks"])}
    versions = ", ".join(f"{name} {found}" for name in DISTRIBUTIONS if (found := version(name)))
    absent = ", ".join(name for name in DISTRIBUTIONS if not version(name))
    pinned = f"core {settings.core} of {cores()}" if settings.core is not None else f"any of {cores()} cores"
    return "\n".join(
        [
            f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit(facts)}",
            f"- {facts['cpu']}; single-core figures on {pinned}, one thread",
            f"- {platform.platform()}, Python {facts['python']}",
            f"- {facts['blas']} ({facts['blas_architecture']})",
            f"- {versions}" + (f"; not installed: {absent}" if absent else ""),
            f"- {settings.rounds} interleaved rounds, medians; {_quiet(load_before)}",
        ]
    )


def _commit(facts: dict[str, object]) -> str:
    commit = str(facts["git_commit"] or "unknown")[:12]
    return f"{commit} with changes" if facts["git_dirty"] else commit


def _quiet(load_before: float | None) -> str:
    if load_before is None:
        return "load before the run unknown"
    verdict = "quiet" if load_before <= QUIET_LOAD else "**not quiet: do not trust the times**"
    return f"load before the run {load_before:.2f} ({verdict})"
