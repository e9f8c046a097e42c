"""`python -m benchmarks.scale PART [--cells N]`: what very large sweeps cost, for docs/scaling.md.

sweeper: planning cells of this project with every check; running and resuming as many that do nothing.
report:  tables, rankings and page (no figures) of as many runs, then again after a few new ones.
cluster: what the work of many workers asks of the file system that they share.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks import shared_files
from benchmarks.command import started
from benchmarks.many import Copies

AXES: dict[str, list[Any]] = {
    "activation": ["selu", "swish", "relu", "gelu", "tanh"],
    "loss": ["mse", "softmax_ce", "hinge", "focal"],
    "model.hidden": [[32], [64], [128], [256], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0001, 0.0005, 0.001, 0.005],
    "optimizer.lr": [0.001, 0.003, 0.01, 0.03],
}
NEW = 20  # runs that a second report finds beside the first one's


def measured(module: str, *arguments: str) -> tuple[float, float, str]:
    """Run a command; return its wall time (s), its own peak memory (MB) and its last line."""
    begin, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        with started(module, arguments, output=output.fileno(), errors=subprocess.STDOUT) as process:
            while process.poll() is None:
                try:
                    peak = max(peak, psutil.Process(process.pid).memory_info().rss / 2**20)
                except psutil.Error:
                    break
                time.sleep(0.02)
        seconds = time.perf_counter() - begin
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        raise SystemExit("\n".join(lines[-5:]))
    return seconds, peak, lines[-1]


def sweeper(cells: int, folder: Path) -> None:
    """Plan cells of this project; run and resume cells of an application whose job does nothing."""
    grid = [f"{key}={','.join(str(v).replace(' ', '') for v in values)}" for key, values in AXES.items()]
    seconds, peak, _ = measured("sweeps", *grid, f"seed=range({cells // 2000})", "hydra.sweeper.dry_run=true")
    print(f"plan, check and match {cells // 2000 * 2000:,} cells: {seconds:.1f} s, {peak:.0f} MB")
    command = ("benchmarks.empty_job", f"x=range({cells})", f"hydra.sweep.dir={folder / 'empty'}")
    seconds, peak, line = measured(*command)
    print(f"run {cells:,} empty cells, one worker: {1000 * seconds / cells:.1f} ms each, {peak:.0f} MB")
    seconds, peak, again = measured(*command)
    print(f"resume them, all done: {seconds:.1f} s, {peak:.0f} MB\n  {line}\n  {again}")


def report(cells: int, folder: Path) -> None:
    """Report as many runs, then again after a few new ones."""
    copies = Copies(AXES, cells, epochs=10)
    made = copies.plan.cells
    for what, count, some in (("first", cells - NEW, made[:-NEW]), (f"after {NEW} new", cells, made[-NEW:])):
        copies.write_plan(folder, count)
        copies.write(folder, some)
        seconds, peak, _ = measured("reports", str(folder), "--no-plots")
        print(f"report of {cells:,} runs, {what}: {seconds:.1f} s, {peak:.0f} MB")


def status(cells: int, folder: Path) -> None:
    """Tell the state of as many cells."""
    copies = Copies(AXES, cells, epochs=10)
    copies.write(folder, copies.write_plan(folder).cells)
    print(f"sweep.json of {cells:,} cells: {(folder / 'sweep.json').stat().st_size / 2**20:.0f} MB")
    seconds, _, line = measured("sweeps.status", str(folder))
    print(f"their status in {seconds:.1f} s: {line}")


def cluster(cells: int, folder: Path, workers: int = 1_000) -> None:
    """Lay work out, run one cell, start a worker, tell the state of all."""
    shared_files.share(folder, cells, workers)
    shared_files.cell(folder)
    shared_files.start(folder)
    (folder / "status").mkdir()
    status(cells, folder / "status")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = {"sweeper": sweeper, "report": report, "cluster": cluster}
    parser.add_argument("part", choices=parts)
    parser.add_argument("--cells", type=int, default=10_000, help="how many (default 10000)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        parts[options.part](options.cells, Path(folder))


if __name__ == "__main__":
    main()
