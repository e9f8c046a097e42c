"""SLURM's commands: whether they are here, what they say, and whether they would take a sweep's tasks."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from sweeps.records.errors import UserError

OF_THE_SITE = {"timeout_min": "time"} | {
    key: key for key in ("partition", "account", "qos", "constraint", "exclude")
}
"""Settings that may be wrong for one cluster and right for another, and what sbatch calls them."""


def check(settings: Mapping[str, Any]) -> None:
    """Raise UserError if submitit or SLURM's commands are not here, or SLURM would refuse such tasks."""
    if importlib.util.find_spec("submitit") is None:
        raise UserError("hydra/launcher=slurm needs submitit: pip install submitit")
    if missing := [name for name in ("sbatch", "squeue", "scancel") if shutil.which(name) is None]:
        raise UserError(f"hydra/launcher=slurm needs SLURM's {', '.join(missing)} on this machine")
    refuse(settings)


def refuse(settings: Mapping[str, Any]) -> None:
    """Raise UserError if SLURM calls a setting invalid: there is no such partition, account, node."""
    asked = {key: (flag, settings.get(key)) for key, flag in OF_THE_SITE.items()}
    for flag, value in (settings.get("additional_parameters") or {}).items():
        asked[f"additional_parameters.{flag}"] = (flag, value)
    options = {key: option(*each) for key, each in asked.items() if each[1] is not None}
    if why := refusal(*options.values()):
        alone = [key for key in options if refusal(options[key])]
        named = ", ".join(f"hydra.launcher.{key} = {asked[key][1]}" for key in alone or options)
        raise UserError(f"{named}: SLURM refuses such tasks: {why}")


def option(flag: str, value: object) -> str:
    """Return an option of sbatch as submitit writes it."""
    name = f"--{flag.replace('_', '-')}"
    return name if value is True else f"{name}={value}"


def refusal(*options: str) -> str | None:
    """Return why sbatch would refuse a task as invalid. A node that is down, or slurmctld, may come back."""
    tried = run("sbatch", "--test-only", *options, "--wrap=true")
    told = tried.stderr.splitlines() if tried is not None and tried.returncode else []
    why = next((line for line in told if "invalid" in line.lower()), None)
    return why and why.removeprefix("sbatch: error: ").removeprefix("allocation failure: ")


def run(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Run one of SLURM's commands; None if it cannot be run or does not end."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60, encoding="utf-8", errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
