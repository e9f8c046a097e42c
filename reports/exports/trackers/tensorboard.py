"""TensorBoard: a folder of event files for each cell, with its settings for the HParams page."""

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo, SessionStartInfo
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from reports.exports.trackers.index import Index
from reports.exports.trackers.runs import TrackedRun


class TensorBoard:
    """Writes one folder of events for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = folder, Index(folder)
        self.look = f"tensorboard --logdir {shlex.quote(str(folder))}"

    def known(self) -> dict[str, str]:
        """Return cell id → stamp of every run that was written as a whole."""
        return self.index.read()

    def add(self, run: TrackedRun) -> None:
        """Write a run's events."""
        self.remove(run)  # what a run that was cut off has left
        writer = EventFileWriter(str(self.folder / run.name))
        for event in events(run):
            writer.add_event(event)
        writer.close()
        self.index.note(run)

    def remove(self, run: TrackedRun) -> None:
        """Remove a run's folder."""
        shutil.rmtree(self.folder / run.name, ignore_errors=True)


def events(run: TrackedRun) -> Iterator[Event]:
    """Yield the start with the settings, the learning curve, the final figures, the end."""
    yield Event(wall_time=run.started_s, summary=session_start(run))
    for epoch in run.epochs:
        yield Event(wall_time=epoch.time_s, step=epoch.number, summary=scalars(epoch.figures))
    final = {f"final/{name}": value for name, value in run.figures.items()}
    yield Event(wall_time=run.finished_s, step=len(run.epochs), summary=scalars(final))
    yield Event(wall_time=run.finished_s, summary=session_end(run))


def scalars(figures: dict[str, float]) -> Summary:
    """Return figures as a summary."""
    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in figures.items()])


def session_start(run: TrackedRun) -> Summary:
    """Return the settings as the HParams page reads them."""
    info = SessionStartInfo(start_time_secs=run.started_s)
    for name, value in run.settings.items():
        setting = info.hparams[name]
        if isinstance(value, bool):
            setting.bool_value = value
        elif isinstance(value, str):
            setting.string_value = value
        else:
            setting.number_value = float(value)
    return hparams(metadata.SESSION_START_INFO_TAG, session_start_info=info)


def session_end(run: TrackedRun) -> Summary:
    """Return how the run ended as the HParams page reads it."""
    status = STATUS_SUCCESS if run.tags["status"] == "done" else STATUS_FAILURE
    return hparams(
        metadata.SESSION_END_INFO_TAG,
        session_end_info=SessionEndInfo(status=status, end_time_secs=run.finished_s),
    )


def hparams(tag: str, **content: Any) -> Summary:
    """Return a summary for the HParams plugin; TensorBoard's own maker of it needs TensorFlow."""
    about = metadata.create_summary_metadata(HParamsPluginData(**content))
    return Summary(value=[Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)])
