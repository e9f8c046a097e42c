"""Which runs are in a folder of a tracker that keeps no list of its own."""

from pathlib import Path

from reports.exports.trackers.runs import TrackedRun
from sweeps.records.atomic import write_json
from sweeps.records.untrusted import read_json

INDEX = "exported.json"


class Index:
    """A file that says which runs have been written into its folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / INDEX

    def read(self) -> dict[str, str]:
        """Return cell id → stamp; empty if there is no such file, or none that can be read."""
        try:
            content = read_json(self.file)
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in content.items()} if isinstance(content, dict) else {}

    def note(self, run: TrackedRun) -> None:
        """Note that a run is written as a whole."""
        write_json(self.file, self.read() | {run.cell_id: run.stamp}, durable=False)
