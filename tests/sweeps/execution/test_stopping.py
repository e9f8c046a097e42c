"""What is left of a sweep that was stopped: no record that a process still writes, none that says it runs."""

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

from sweeps.execution.stopping import mark_interrupted
from sweeps.records.process import process_started, this_process
from sweeps.records.record import load_records, write_record

LAUNCH = "20261126-0900"


def test_a_cell_whose_process_dies_a_moment_later_is_interrupted_and_those_of_others_run_on(
    tmp_path: Path,
) -> None:
    """A worker that is killed may just have started a process, which nobody has seen and which dies of it."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.4)"]) as process:
        dying = replace(this_process(), pid=process.pid, process_started=process_started(process.pid))
        for place, (owner, launch) in enumerate(
            ((dying, LAUNCH), (this_process(), "another"), (dying, "another"))
        ):
            identity = f"{place:012x}"
            folder = tmp_path / f"cell-{identity}"
            folder.mkdir()
            data = {"schema": 1, "cell_id": identity, "status": "running", "config": {}}
            write_record(folder, {**data, "launch": f"{launch}.1", "worker": asdict(owner)})
        records = load_records(tmp_path)
        assert {record.status for record in records.values()} == {"running"}
        mark_interrupted(records, LAUNCH)
    assert [record.status for record in load_records(tmp_path).values()] == ["interrupted", "running", "lost"]
