"""A run that kept its weights: its record, its data and its network, read back.

Nothing that a run record names is imported, except our own data sets: for others their arrays are given, for
an activation that is not one of ours its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlp import datasets, saved
from mlp.datasets import Data, DatasetError
from sweeps.job.components import build
from sweeps.records.errors import UnusableRun, UserError
from sweeps.records.layout import WEIGHTS, cell_dirs
from sweeps.records.record import Record, read_record

AGAIN = "run it again with training.save_weights=last hydra.sweeper.retry=all"


def read_run(path: Path) -> Record:
    """Return the record of a run that kept its weights.

    Raises UserError if there is none there, UnusableRun if it is damaged or has not ended well.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no such directory; it needs the directory of one run")
    inside = [cell for cell in cell_dirs(path).values() if (cell / WEIGHTS).is_file()]
    if len(inside) > 1:
        examples = ", ".join(cell.name for cell in inside[:3])
        raise UserError(
            f"{path}: holds {len(inside)} runs with weights, such as {examples}: name one of them"
        )
    if not inside and cell_dirs(path):
        raise UserError(f"{path}: no run in it kept weights; {AGAIN}")
    record = read_record(inside[0] if inside else path.resolve())
    history_lost = record.status == "damaged" and record.data.get("status") == "done"  # nothing looks at it
    if record.status != "done" and not history_lost:
        why = f" ({record.problem})" if record.problem else ""
        kind = UserError if record.status == "missing" else UnusableRun
        raise kind(f"{path}: is no finished run: its record is {record.status}{why}")
    if not (record.path / WEIGHTS).is_file():
        raise UserError(f"{path}: kept no weights; {AGAIN}")
    return record


def read_data(record: Record, given: Path | None) -> Data:
    """Return the data set that a run was tested on, or the given arrays. Raises UserError."""
    node = record.data["config"].get("dataset")
    target = node.get("_target_") if isinstance(node, Mapping) else None
    module, _, name = str(target).rpartition(".")
    if given is not None:
        node = {"_target_": "mlp.datasets.NPZ", "path": str(given)}
    elif module != "mlp.datasets" or name not in datasets.__all__:
        raise UserError(
            f"dataset._target_ = {target}: is not one of mlp.datasets; give its arrays, --data FILE.npz"
        )
    try:
        data: Data = build("dataset", node).seeded(seed_of(record)).load()
    except (ValueError, DatasetError) as error:
        raise UserError(str(error)) from error
    return data


def seed_of(record: Record) -> int:
    """Return the seed of a run, which its split may follow; 0 where the record says none."""
    seed = record.data["config"].get("seed")
    return seed if isinstance(seed, int) and seed >= 0 else 0


def read_network(record: Record, activation: str | None) -> saved.Trained:
    """Return the network of a run; `activation` names the class of one that is not ours. Raises UserError."""
    given: Any = None
    try:
        if activation is not None:
            node = record.data["config"].get("activation")
            given = build("activation", {**(node if isinstance(node, dict) else {}), "_target_": activation})
        network = saved.load(record.path / WEIGHTS, activation=given)
        if (cell := network.origin.get("cell", record.cell_id)) != record.cell_id:
            raise ValueError(f"{record.path / WEIGHTS}: is the network of cell {cell}, not of this one")
        return network
    except (OSError, ValueError) as error:
        text = str(error).replace("load(path, activation=…)", "--activation MODULE.CLASS")
        kind = UserError if activation or "--activation" in text else UnusableRun
        raise kind(text) from error
