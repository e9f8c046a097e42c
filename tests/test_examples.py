"""The examples: the sweeper serves applications that have nothing of ours, and their records make reports."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sweeps.records.record import load_records

pytest.importorskip("sklearn", reason="needs scikit-learn: make test-trackers, or make bench-peers")

ROOT = Path(__file__).parent.parent
APP = ROOT / "examples" / "sklearn_mlp" / "app.py"


def start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(APP), *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, out + err
    return out, err


def done(root: Path) -> dict[str, int]:
    """Cell id → time of change of each finished record."""
    records = load_records(root).values() if root.exists() else ()
    return {r.cell_id: (r.path / "report.json").stat().st_mtime_ns for r in records if r.is_complete}


def test_a_killed_sweep_of_scikit_learn_continues_and_is_reported(tmp_path: Path) -> None:
    root, grid = tmp_path / "runs" / "digits", ("epochs=8", "hydra.launcher.n_jobs=2")
    killed, end = start(tmp_path, *grid), time.monotonic() + 120
    while len(done(root)) < 3:
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    before = done(root)
    assert 3 <= len(before) < 16

    out, _ = finish(start(tmp_path, *grid))
    after = done(root)
    assert len(after) == 16
    assert f"{len(before)} kept" in out
    assert {cell: after[cell] for cell in before} == before, "what was done was done again"

    report = subprocess.run(
        [sys.executable, "-m", "reports", str(root)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "16 runs (16 done)" in report.stdout
    table = (root / "report" / "tables" / "test_accuracy.csv").read_text()
    assert "relu" in table
    assert "tanh" in table
    assert "64-32" in table
    accuracy = [record.data["final"]["test_accuracy"] for record in load_records(root).values()]
    assert min(accuracy) > 0.8
    plan = json.loads((root / "sweep.json").read_text())
    assert plan["sweep"] == "digits"
    assert len(plan["cells"]) == 16


def test_a_mistake_in_any_cell_stops_it_before_the_first(tmp_path: Path) -> None:
    _, err = finish(start(tmp_path, "activation=relu,gelu"), code=2)
    assert err.splitlines()[-1].startswith("error: activation = gelu: must be one of identity, logistic")
    assert not (tmp_path / "runs").exists()


def test_nothing_of_the_network_library_is_needed() -> None:
    assert "mlp." not in APP.read_text().replace("sklearn_mlp", "")
