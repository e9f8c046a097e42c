"""What a run writes: history.csv, a row an epoch, a checkpoint to continue from, at the end its network."""

import io
import logging
import sys
import time
from pathlib import Path

from mlp import saved
from mlp.activations import Activation
from mlp.checkpoint import packed, unpacked
from mlp.datasets import Data
from mlp.network import MLP
from mlp.training import Trainer
from sweeps.records.atomic import set_aside, write_atomic
from sweeps.records.differences import settings_of
from sweeps.records.history import COLUMNS, LARGEST_HISTORY
from sweeps.records.layout import CHECKPOINT, HISTORY, WEIGHTS, cell_dirs, cell_id_of
from sweeps.records.record import read_record
from sweeps.records.untrusted import read_file

SHARE = 0.02  # of a run's time at most goes into its checkpoints: 16 ms each, most of it flushing to disk
EPOCHS = "training.epochs"
LOG = logging.getLogger(__name__)


class Journal:
    """The files of one run directory that follow its trainer, epoch by epoch."""

    def __init__(
        self, directory: Path, trainer: Trainer, pause_s: float = 0.0, *, together: int = 1, data: str = ""
    ) -> None:
        """Bring the trainer to where the directory's checkpoint stands, and the history with it.

        `pause_s` is the least CPU time between two checkpoints (a machine that is busy with other work makes
        no more of them): a thousand runs at once, each with one of a megabyte after every short epoch, are
        more than a shared file system takes. It counts for each of the runs that this process trains
        `together`, and is longer where checkpoints take longer (SHARE). `data` is the SHA-256 of what is
        trained on: a checkpoint made with other data, by other code or in another cell is set aside.
        """
        self.directory, self.trainer, self.together = directory, trainer, together
        self.least_s = self.pause_s = pause_s
        self.origin = origin_of(directory) | {"data": data}
        self.saved = time.process_time()
        self._restore()
        self._keep_other_history()
        self._write_history(durable=False)  # the checkpoint holds it all

    def after_epoch(self, trainer: Trainer) -> None:
        """Append the new row, then save a checkpoint: whatever happens between, no epoch is kept twice."""
        if len(trainer.history) == 1:
            self._write_history(durable=False)  # only now the columns are known
        else:
            with (self.directory / HISTORY).open("a", encoding="utf-8") as file:
                file.write(csv_row(trainer.history[-1]))
        kept = trainer.training.keep_checkpoint and trainer.finished
        if kept or time.process_time() - self.saved >= self.pause_s * self.together:
            self._save()

    def save_weights(self, model: MLP, activation: Activation, data: Data) -> None:
        """Keep the trained network if that is wanted, and the run has one; call when all is evaluated."""
        wanted = self.trainer.training.save_weights
        if wanted == "none" or self.trainer.diverged:
            return
        if wanted == "best":
            self.trainer.restore_best()
        buffer = io.BytesIO()
        saved.save(
            buffer,
            self.trainer.network,
            model=model,
            activation=activation,
            columns=data.columns,
            scale=data.byte_scale,
            labels=data.labels,
            scaling=data.scaling,
            origin=self.origin,
        )
        write_atomic(self.directory / WEIGHTS, buffer.getvalue())

    def close(self) -> None:
        """Write the whole history once more, atomically, and remove the checkpoint: the run is over.

        One that is wanted for longer runs stays.
        """
        self._write_history(durable=True)
        if not self.trainer.training.keep_checkpoint or self.trainer.diverged:
            (self.directory / CHECKPOINT).unlink(missing_ok=True)

    def _restore(self) -> None:
        """Load the checkpoint if there is one; one that is not of this run, or is damaged, is set aside."""
        path = self.directory / CHECKPOINT
        try:
            content = read_file(path, sys.maxsize)
            self.trainer.load_state(unpacked(content, self.origin))
        except FileNotFoundError:
            self._continue_other()
        except (OSError, ValueError, MemoryError) as error:
            LOG.warning("%s: %s; the run begins anew", set_aside(path).name, error)

    def _continue_other(self) -> None:
        """Load the checkpoint of the shorter run that this one is to continue, if it has kept one."""
        cell = self.trainer.training.continue_from
        folder = cell_dirs(self.directory.parent).get(cell) if cell else None
        if cell is None or folder is None:
            return
        try:
            require_shorter(self.directory, folder)
            content = read_file(folder / CHECKPOINT, sys.maxsize)
            self.trainer.load_state(unpacked(content, self.origin | {"cell": cell}))
        except (OSError, ValueError, MemoryError) as error:
            LOG.warning("%s is not continued: %s; the run begins anew", folder.name, error)

    def _save(self) -> None:
        """Write the checkpoint; the next one comes when this one's time is the run's SHARE."""
        begun = time.perf_counter()
        content = packed(self.trainer.state(), self.origin, epoch=len(self.trainer.history))
        write_atomic(self.directory / CHECKPOINT, content)
        self.pause_s = max(self.least_s, (time.perf_counter() - begun) / SHARE)
        self.saved = time.process_time()

    def _keep_other_history(self) -> None:
        """Set a history aside that is neither a beginning of the checkpoint's nor a continuation of it."""
        path = self.directory / HISTORY
        try:
            text, mine = read_file(path, LARGEST_HISTORY), self._history()
        except FileNotFoundError:
            return
        except ValueError:  # a link, say
            set_aside(path)
            return
        if not (text.startswith(mine) or mine.startswith(text)):
            LOG.warning("%s: is not the history of the checkpoint", set_aside(path).name)

    def _history(self) -> bytes:
        rows = self.trainer.history
        columns = list(rows[0]) if rows else list(COLUMNS)
        return (",".join(columns) + "\n" + "".join(map(csv_row, rows))).encode()

    def _write_history(self, *, durable: bool) -> None:
        write_atomic(self.directory / HISTORY, self._history(), durable=durable)


def require_shorter(directory: Path, other: Path) -> None:
    """Raise ValueError unless the runs of two directories differ in their epochs only, the other's fewer."""
    record, shorter = read_record(directory), read_record(other)
    ignored = [*(record.data.get("ignore") or ()), EPOCHS]
    mine, theirs = (settings_of(each.data.get("config") or {}, {}, ignored) for each in (record, shorter))
    if mine != theirs:
        raise ValueError("it differs in more than its epochs")
    if not shorter.data["config"]["training"]["epochs"] < record.data["config"]["training"]["epochs"]:
        raise ValueError("it has not fewer epochs")


def origin_of(directory: Path) -> dict[str, str]:
    """Return the cell that a directory is of, and the code that its record, begun by now, names."""
    code = read_record(directory).data.get("code", "")
    return {"cell": cell_id_of(directory.name) or "", "code": code}


def csv_row(row: dict[str, float]) -> str:
    """Return one line of history.csv: full precision, epochs as integers."""
    values = (str(int(value)) if name == "epoch" else repr(float(value)) for name, value in row.items())
    return ",".join(values) + "\n"
