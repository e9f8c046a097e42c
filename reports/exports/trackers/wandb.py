"""Weights & Biases, offline: a folder for each run, which `wandb sync` uploads if and when it is asked to."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import wandb

from reports.exports.trackers.index import Index
from reports.exports.trackers.runs import TrackedRun
from sweeps.records.untrusted import links_out


class WeightsAndBiases:
    """Writes offline runs; nothing leaves the machine."""

    def __init__(self, project: str, folder: Path) -> None:
        self.project, self.folder, self.index = project, folder, Index(folder)
        self.look = f"wandb sync {shlex.quote(str(folder / 'wandb'))}/offline-run-*"

    def known(self) -> dict[str, str]:
        """Return cell id → stamp of every run that was written as a whole."""
        return self.index.read()

    def add(self, run: TrackedRun) -> None:
        """Write a run. Its id holds the stamp: what is run again is another run to the server."""
        self.remove(run)  # what a run that was cut off has left
        settings = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False)
        with wandb.init(
            mode="offline",
            dir=str(self.folder),
            project=self.project,
            id=f"{run.cell_id}-{run.stamp}",
            name=run.name,
            config=dict(run.settings),
            notes="\n".join(f"{key}: {value}" for key, value in run.tags.items()),
            tags=[run.tags["status"]],
            settings=settings,
            reinit="create_new",
        ) as live:
            for epoch in run.epochs:
                live.log(dict(epoch.figures), step=epoch.number)
            live.summary.update({f"final/{name}": value for name, value in run.figures.items()})
        self._cut_off(run)
        self.index.note(run)

    def remove(self, run: TrackedRun) -> None:
        """Remove the folders of this cell's runs."""
        for old in self._folders(run):
            shutil.rmtree(old, ignore_errors=True)

    def _folders(self, run: TrackedRun) -> Iterator[Path]:
        return (self.folder / "wandb").glob(f"offline-run-*-{run.cell_id}-*")

    def _cut_off(self, run: TrackedRun) -> None:
        """Remove links out of the folder, which no export writes through: one to wandb's log in the cache."""
        for folder in self._folders(run):
            while link := links_out(folder):
                link.unlink()
