"""In a notebook, run headless: a bar, results that show themselves, an interrupt that stops the sweep.

`make test-trackers` installs what it needs into an environment of its own.
"""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sweeps.records.record import load_records

nbclient: Any = pytest.importorskip("nbclient", reason="needs nbclient: make test-trackers")
nbformat: Any = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
BEFORE = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import mlp_grid"
SWEEP = """results = mlp_grid.sweep(
    {{"activation": ["relu", "gelu"], "dataset": "sample", "model.hidden": (16,)}},
    seeds=1, epochs={epochs}, workers=2, dir="runs/notebook",
)"""

pytestmark = pytest.mark.filterwarnings("ignore")  # of Jupyter's own


def notebook(*sources: str) -> Any:
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(source) for source in (BEFORE, *sources)]
    return book


def client(book: Any, folder: Path) -> Any:
    resources = {"metadata": {"path": str(folder)}}
    return nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=resources)


def shown(cell: Any, kind: str) -> list[str]:
    return [output["data"][kind] for output in cell.outputs if kind in output.get("data", {})]


def test_a_sweep_shows_its_progress_and_results_show_themselves(tmp_path: Path) -> None:
    book = notebook(SWEEP.format(epochs=30), "results", "results.plot()", "results.cells", "results.findings")
    client(book, tmp_path).execute()
    _, swept, page, plot, cells, findings = book.cells
    (last,) = shown(swept, "text/html")  # one place, that was replaced as it went
    assert "2 cells: 2 done (0 kept, 2 run)" in last
    assert "<h3>notebook</h3>" in shown(page, "text/html")[0]
    assert shown(plot, "image/png")
    assert "relu" in shown(cells, "text/html")[0]
    assert "best" in shown(findings, "text/html")[0]


def test_interrupting_the_cell_stops_the_sweep_which_continues_when_called_again(tmp_path: Path) -> None:
    book = notebook(SWEEP.format(epochs=400))
    runner = client(book, tmp_path)

    def interrupt() -> None:
        def begun() -> bool:
            records = load_records(tmp_path / "runs" / "notebook").values()
            return any((record.path / "checkpoint.npz").exists() for record in records)

        while not begun():
            time.sleep(0.05)
        os.killpg(runner.km.provisioner.pid, signal.SIGINT)  # as Jupyter's own button does

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    with pytest.raises(Exception, match="KeyboardInterrupt"):
        runner.execute()
    thread.join()
    records = load_records(tmp_path / "runs" / "notebook")
    assert "interrupted" in {record.status for record in records.values()}
    again = notebook(SWEEP.format(epochs=400), "print(results.is_whole, results.runs.attempts.tolist())")
    client(again, tmp_path).execute()
    assert again.cells[-1].outputs[0]["text"].startswith("True")
