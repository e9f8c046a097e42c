"""What a job that runs several cells together (`hydra.sweeper.group_job`) is told of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Member:
    """A cell: its resolved config, its directory, and how many runs go on at once, if that is known."""

    config: dict[str, Any]
    directory: Path
    concurrent_runs: int | None
