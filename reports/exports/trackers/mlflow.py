"""MLflow: a sweep is an experiment, a cell a run in it. Without MLFLOW_TRACKING_URI, an SQLite file."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from reports.exports.trackers.runs import TrackedRun

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before the import: later it is not heard

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag, ViewType

CELL, STAMP = "mlp_grid.cell_id", "mlp_grid.stamp"
LONGEST = 5000
Item = TypeVar("Item")


class MLflow:
    """Writes runs through MLflow's client; what is there is asked of its store, by tags."""

    def __init__(self, experiment: str, folder: Path) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        own = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        uri = os.environ.get("MLFLOW_TRACKING_URI", own)
        self.look = f"mlflow ui --backend-store-uri {uri}"
        self.client = MlflowClient(tracking_uri=uri)
        found = self.client.get_experiment_by_name(experiment)
        artifacts = (folder / "mlflow-artifacts").resolve().as_uri() if uri == own else None
        tags = {"mlflow.experimentKind": "custom_model_development"}  # the UI's page for training runs
        self.experiment = (
            found.experiment_id if found else self.client.create_experiment(experiment, artifacts, tags)
        )

    def known(self) -> dict[str, str]:
        """Return cell id → stamp of every run of the experiment that was written as a whole."""
        return {
            run.data.tags[CELL]: run.data.tags.get(STAMP, "") for run in self._runs(f"tags.`{CELL}` != ''")
        }

    def add(self, run: TrackedRun) -> None:
        """Write a run; its stamp comes last, so that one that was cut off is written again."""
        tags = {CELL: run.cell_id, **{key: value[:LONGEST] for key, value in run.tags.items()}}
        created = self.client.create_run(
            self.experiment, start_time=milliseconds(run.started_s), tags=tags, run_name=run.name
        )
        at = created.info.run_id
        for some in batches(list(run.settings.items()), 100):
            self.client.log_batch(at, params=[Param(key, str(value)[:LONGEST]) for key, value in some])
        for metrics in batches(list_metrics(run), 1000):
            self.client.log_batch(at, metrics=metrics)
        self.client.log_batch(at, tags=[RunTag(STAMP, run.stamp)])
        self.client.set_terminated(at, "FINISHED", milliseconds(run.finished_s))

    def remove(self, run: TrackedRun) -> None:
        """Delete every run of this cell."""
        for old in self._runs(f"tags.`{CELL}` = '{run.cell_id}'"):
            self.client.delete_run(old.info.run_id)

    def _runs(self, wanted: str) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self.client.search_runs(
                [self.experiment], wanted, ViewType.ACTIVE_ONLY, max_results=1000, page_token=token
            )
            runs += page
            token = page.token
            if not token:
                return runs


def list_metrics(run: TrackedRun) -> list[Metric]:
    """Return the learning curve, and the final figures under `final_…`, as MLflow's metrics."""
    curve = [
        Metric(name, value, milliseconds(epoch.time_s), epoch.number)
        for epoch in run.epochs
        for name, value in epoch.figures.items()
    ]
    end = milliseconds(run.finished_s)
    return curve + [
        Metric(f"final_{name}", value, end, len(run.epochs)) for name, value in run.figures.items()
    ]


def milliseconds(time_s: float) -> int:
    """Return a time as MLflow counts it."""
    return int(1000 * time_s)


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in pieces that MLflow takes at once."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
