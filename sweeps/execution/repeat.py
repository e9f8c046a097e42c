"""A run trained again from its recorded configuration, in a directory that is thrown away, and compared."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.cli.application import PACKAGE
from sweeps.execution.in_turn import Commands
from sweeps.execution.kernels import kernels_of
from sweeps.planning.quoting import quoted
from sweeps.planning.recorded import overrides
from sweeps.planning.sources import is_present
from sweeps.records.layout import OUTPUT, cell_dirs
from sweeps.records.record import Record, read_record
from sweeps.records.same import Compared, Digest, Likeness, compare, compare_with_digest


@dataclass(frozen=True)
class Repeatable:
    """A run that can be trained again. `digest`: what to compare with where its curve is no longer there."""

    record: Record
    digest: Digest | None = None

    @property
    def cpu_s(self) -> float:
        """How long its training took, in seconds of one core; infinite where that is not recorded."""
        timing, epochs = self.record.data.get("timing") or {}, self.record.data.get("final_epoch")
        epoch_s = timing.get("epoch_cpu_s_median")
        if epoch_s is not None and epochs is not None:
            return float(epoch_s * epochs)
        return float(timing.get("total_wall_s", "inf"))


@dataclass(frozen=True)
class Check:
    """A run that was trained again: its record, and how the second one came out."""

    record: Record
    compared: Compared
    same_code: bool = True

    def __str__(self) -> str:
        """Return the line that tells it."""
        why = f": {self.compared.why}" if self.compared.why else ""
        code = "" if self.same_code else " (it was made by other code)"
        return f"{self.compared.likeness:<10} {self.record.path.name}{why}{code}"


def again(run: Repeatable, start: Sequence[str], commands: Commands) -> Check:
    """Train a run again by its own kernels, in a directory of its own, which goes afterwards; compare."""
    record = run.record
    place = Path(tempfile.mkdtemp(prefix="verify-"))
    try:
        ours = tuple(start[: len(PACKAGE)]) == PACKAGE
        words, kernels = command_for(record, start, place, ours), kernels_of(record)
        commands.run(words, quiet=True, said=place / OUTPUT, ours=ours, environment=kernels)
        folder = cell_dirs(place).get(record.cell_id)
        if folder is None:
            return Check(record, Compared(Likeness.DIFFERENT, reason(place)))
        repeated = read_record(folder)
        if not repeated.is_complete:
            error = repeated.data.get("error") or {}
            why = f"is {repeated.status}: {error.get('type', '')} {error.get('message', '')}".rstrip(": ")
            return Check(record, Compared(Likeness.DIFFERENT, why))
        return Check(record, with_data(run, repeated), is_of_present_code(record, repeated))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def is_of_present_code(record: Record, repeated: Record) -> bool:
    """Whether a run was made by the present code: of the modules its sweep named, where they are known."""
    code = record.data.get("code")
    present = is_present(str(code), record.path.parent)
    return code == repeated.data.get("code") if present is None else present


def with_data(run: Repeatable, repeated: Record) -> Compared:
    """Compare two runs, the hashes of their data first: other data explain everything else."""
    then, now = ((each.data.get("dataset") or {}).get("sha256") for each in (run.record, repeated))
    if then is not None and then != now:
        return Compared(Likeness.DIFFERENT, f"the data had SHA-256 {then[:12]}, now {str(now)[:12]}")
    if run.digest is not None:
        return compare_with_digest(run.record, run.digest, repeated)
    return compare(run.record, repeated)


def reason(place: Path) -> str:
    """Return why a run could not even begin: the last line that its command said."""
    if list(cell_dirs(place)):
        return "its configuration is another cell's now: its options have changed"
    try:
        said = (place / OUTPUT).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        said = []
    return f"could not be run: {said[-1] if said else 'its command said nothing'}"


def command_for(record: Record, start: Sequence[str], place: Path, ours: bool) -> list[str]:
    """Return what follows `python` to train a run again below a directory."""
    values = overrides(record.data.get("choices") or {}, record.data["config"])
    own = ["hydra.sweeper.closing=null"] if ours else ["--multirun"]
    ignore = record.data.get("ignore")  # None before version 0.2: what is ignored now had not been there
    ignored = [] if ignore is None else [f"hydra.sweeper.ignore=[{','.join(map(quoted, ignore))}]"]
    places = [f"hydra.sweep.dir={quoted(place)}", "hydra/launcher=basic"]
    return [*start, *own, *values, *ignored, *places, "hydra.sweeper.reuse=false"]  # computed, not copied
