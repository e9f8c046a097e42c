"""What a run writes: history.csv, a row an epoch, a checkpoint to continue from, at the end its network."""

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mlp import saved
from mlp.activations import Activation
from mlp.datasets import Data
from mlp.network import MLP
from mlp.training import Trainer
from sweeps.history import COLUMNS, HISTORY
from sweeps.record import set_aside, write_atomic

CHECKPOINT = "checkpoint.npz"
WEIGHTS = "weights.npz"


class Journal:
    """The files of one run directory that follow its trainer, epoch by epoch."""

    def __init__(self, directory: Path, trainer: Trainer, pause_s: float = 0.0) -> None:
        """Bring the trainer to where the directory's checkpoint stands, and the history with it.

        `pause_s` is the least time between two checkpoints: a thousand runs at once, each with one of a
        megabyte after every short epoch, are more than a shared file system takes.
        """
        self.directory, self.trainer, self.pause_s = directory, trainer, pause_s
        self.saved = time.monotonic()
        self._restore()
        self._write_history(durable=False)  # the checkpoint holds it all

    def after_epoch(self, trainer: Trainer) -> None:
        """Append the new row, then save a checkpoint: whatever happens between, no epoch is kept twice."""
        if len(trainer.history) == 1:
            self._write_history(durable=False)  # only now the columns are known
        else:
            with open(self.directory / HISTORY, "a", encoding="utf-8") as file:
                file.write(csv_row(trainer.history[-1]))
        if time.monotonic() - self.saved >= self.pause_s:
            buffer = io.BytesIO()
            state: dict[str, Any] = trainer.state()
            np.savez(buffer, **state)
            write_atomic(self.directory / CHECKPOINT, buffer.getvalue())
            self.saved = time.monotonic()

    def save_weights(self, model: MLP, activation: Activation, data: Data) -> None:
        """Keep the trained network if that is wanted, and the run has one; call when all is evaluated."""
        wanted = self.trainer.training.save_weights
        if wanted == "none" or self.trainer.diverged:
            return
        if wanted == "best":
            self.trainer.restore_best()
        buffer = io.BytesIO()
        columns, scale = data.columns, data.scale
        saved.save(
            buffer, self.trainer.network, model=model, activation=activation, columns=columns, scale=scale
        )
        write_atomic(self.directory / WEIGHTS, buffer.getvalue())

    def close(self) -> None:
        """Write the whole history once more, atomically, and remove the checkpoint: the run is over."""
        self._write_history(durable=True)
        (self.directory / CHECKPOINT).unlink(missing_ok=True)

    def _restore(self) -> None:
        """Load the checkpoint if there is a good one; one that is torn counts as not there."""
        path = self.directory / CHECKPOINT
        try:
            with np.load(path, allow_pickle=False) as arrays:
                self.trainer.load_state(dict(arrays))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
            set_aside(path)

    def _write_history(self, *, durable: bool) -> None:
        rows = self.trainer.history
        columns = list(rows[0]) if rows else list(COLUMNS)
        text = ",".join(columns) + "\n" + "".join(map(csv_row, rows))
        write_atomic(self.directory / HISTORY, text.encode(), durable=durable)


def csv_row(row: dict[str, float]) -> str:
    """Return one line of history.csv: full precision, epochs as integers."""
    values = (str(int(value)) if name == "epoch" else repr(float(value)) for name, value in row.items())
    return ",".join(values) + "\n"
