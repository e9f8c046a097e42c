"""Names of cells' directories as `hydra.sweep.subdir` gives them, with the cell's id at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.compose import Composer
from sweeps.planning.hydra_errors import one_line
from sweeps.planning.quoting import literal
from sweeps.records.errors import UserError
from sweeps.records.plan import Cell

USUAL = "${hydra.job.num}"  # Hydra's own value: says nothing, so that cells are named by what is swept
LONGEST = 180  # characters: file systems allow 255, and the id and temporary names need some
_UNSAFE = re.compile(r"[^A-Za-z0-9._+=,-]+")


def named_by_subdir(cells: Sequence[Cell], composer: Composer) -> list[Cell]:
    """Return the cells with the names that `hydra.sweep.subdir` gives them, if it was set.

    Raises UserError where it gives none, or one of several directories below one another.
    """
    written = str(OmegaConf.to_container(composer.master.hydra.sweep, resolve=False)["subdir"])  # type: ignore[call-overload, index]
    if written == USUAL:
        return list(cells)
    names = [_name(written, cell, number, composer) for number, cell in enumerate(cells)]
    return [replace(cell, name=f"{name}-{cell.id}") for cell, name in zip(cells, names, strict=True)]


def _name(written: str, cell: Cell, number: int, composer: Composer) -> str:
    """Return what the template gives for a cell, in characters that are safe on every file system."""
    config = composer.full(cell.overrides)
    numbered(config, number)
    try:
        text = str(config.hydra.sweep.subdir)
    except OmegaConfBaseException as error:
        raise UserError(f"hydra.sweep.subdir={written}: {one_line(error)}") from error
    if "/" in text or "\\" in text:
        raise UserError(f"hydra.sweep.subdir={text}: must be one name: cells lie directly in hydra.sweep.dir")
    return _UNSAFE.sub("_", text)[:LONGEST].strip("._-") or "cell"


def numbered(config: DictConfig, number: int) -> None:
    """Write which job of its sweep this is into a cell's config."""
    with read_write(config), open_dict(config):
        config.hydra.job.num = number
        config.hydra.job.id = f"{config.hydra.job.name}_{number}"


def placed(config: DictConfig, root: object, name: str, number: int) -> DictConfig:
    """Write into a cell's config where and as what it runs, and return it."""
    numbered(config, number)
    with read_write(config), open_dict(config):
        config.hydra.sweep.dir = literal(root)
        config.hydra.sweep.subdir = literal(name)
    return config
