"""Where a sweep writes: its directory, checked before anything is planned."""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.hydra_errors import one_line
from sweeps.records.errors import UserError


def sweep_directory(config: DictConfig) -> Path:
    """Return the absolute path of a sweep's directory. Raises UserError for one that cannot be."""
    try:
        given = config.hydra.sweep.dir
    except OmegaConfBaseException as error:
        written = config.hydra.sweep._get_node("dir")._value()
        raise UserError(
            f"hydra.sweep.dir={written}: must be one directory for all cells ({one_line(error)}); "
            "hydra.sweep.subdir may begin their names"
        ) from error
    if not given:
        raise UserError("hydra.sweep.dir = '': must name a directory")
    root = Path(given).absolute()
    below = config.hydra.output_subdir
    if below is not None and "${" in str(root):  # Hydra would write elsewhere: to it that is a reference
        raise UserError(f"hydra.output_subdir = {below}: must be null below a directory like {root}")
    _require_directory(root)
    return root


def short(path: Path) -> Path:
    """Return the path relative to the present directory, if it is below."""
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path


def _require_directory(root: Path) -> None:
    """Raise UserError for `~`, and if there is something else in the place of a directory or of one above."""
    if short(root).parts[:1] and short(root).parts[0].startswith("~"):
        raise UserError(
            f"hydra.sweep.dir={short(root)}: must be a path without ~, which is not expanded here"
        )
    try:
        there = next(path for path in (root, *root.parents) if path.exists())
    except OSError as error:
        raise UserError(f"hydra.sweep.dir={short(root)}: {error.strerror}") from error
    if not there.is_dir():
        raise UserError(f"hydra.sweep.dir={short(root)}: must be a directory, but {short(there)} is none")
