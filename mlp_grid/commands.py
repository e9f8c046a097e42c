"""The installed commands: each looks first whether the packages are ours, then runs the module's `main`."""

import sys
from importlib import import_module

from mlp_grid import interrupts

USER_ERROR = 2


def sweep() -> int:
    """Run `python -m sweeps`."""
    return _run("sweeps.__main__")


def study() -> int:
    """Run `python -m sweeps.studies`."""
    return _run("sweeps.studies")


def status() -> int:
    """Run `python -m sweeps.status`."""
    return _run("sweeps.status")


def runs() -> int:
    """Run `python -m sweeps.runs`."""
    return _run("sweeps.runs")


def report() -> int:
    """Run `python -m reports`."""
    return _run("reports.__main__")


def verify() -> int:
    """Run `python -m sweeps.verify`."""
    return _run("sweeps.verify")


def inspect() -> int:
    """Run `python -m sweeps.job.inspection`."""
    return _run("sweeps.job.inspection")


def _run(module: str) -> int:
    """Run a command unless its packages are another distribution's: that is told before any is imported."""
    interrupts.end_at_once()
    from mlp_grid import origin

    if line := origin.problem(module.removesuffix(".__main__")):
        print(f"error: {line}", file=sys.stderr)
        return USER_ERROR
    return int(import_module(module).main())
