"""What a grid on a cluster asks of the shared file system, counted here; docs/scaling.md reckons with it.

    python benchmarks/cluster_scale.py [--cells 100000] [--workers 1000]

How the work is shared out among the workers; what one cell of ten epochs does to its directory, by strace;
what a worker reads when it starts; how long it takes to tell the state of so many cells (made-up records).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest.mock
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CALLS = "%file,read,write,fsync,getdents64"
GROUPS = {
    "opened": ("openat",),
    "looked up": ("newfstatat", "statx", "access", "readlink"),
    "made, renamed, removed": ("mkdir", "link", "rename", "unlink", "unlinkat", "rmdir"),
    "synchronised": ("fsync",),
}
WORKER = "import sweeps.execution.worker, sweeps.job.main, scipy.special, scipy.stats"


def share(folder: Path, cells: int, workers: int) -> None:
    """Lay the work out, and take it as all workers do, in turn."""
    from sweeps.execution.cell_run import Job
    from sweeps.execution.queue_on_disk import Todo

    name = "gelu-softmax_ce-hidden=256-64-weight_decay=0.0005-seed=0-lr=0.01-"
    overrides = ["activation=gelu", "loss=hinge", "model.hidden=[256,64]", "seed=0", "optimizer.lr=0.01"]
    jobs = [Job(number, f"{number:012x}", f"{name}{number:012x}", overrides) for number in range(cells)]
    todo = Todo(folder)
    start = time.perf_counter()
    todo.lay_out(jobs, workers)
    laid_out_s = time.perf_counter() - start
    files = [path for path in (folder / "todo").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 2**20
    print(f"{cells:,} cells laid out for {workers:,} workers in {laid_out_s:.1f} s: ", end="")
    print(f"{len(files):,} chunks, {size:.0f} MB")
    chunks, names = take_all(todo._take)
    print(f"all taken one after another: {chunks:,} renames, {names:,} names listed to find them")


def take_all(take: Callable[[], object]) -> tuple[int, int]:
    """Take every chunk as the workers do; return how many there were, and how many names that listed."""
    listed = []

    def counting(folder: Path) -> list[str]:
        names = os.listdir(folder) if folder.exists() else []
        listed.append(len(names))
        return names

    with unittest.mock.patch("sweeps.execution.queue_on_disk._listed", counting):
        chunks = sum(1 for _ in iter(take, None))
    return chunks, sum(listed)


def trace(folder: Path, command: list[str], inside: str) -> list[tuple[str, int, str]]:
    """Run a command under strace; return call, result, text of its calls on paths that contain `inside`."""
    log = folder / "strace"
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "-e", f"trace={CALLS}", "-o", str(log), *command],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [re.match(r"\d+ +(\w+)\((.*= (\d+).*)$", line) for line in lines]
    return [(one[1], int(one[3]), one[2]) for one in found if one and inside in one[2]]


def counted(rows: list[tuple[str, int, str]]) -> Counter[str]:
    """Return how many calls of each group there are, and the bytes read and written."""
    counts: Counter[str] = Counter()
    for call, result, _ in rows:
        counts.update(name for name, group in GROUPS.items() if call in group)
        if call in ("read", "write"):
            counts[f"{call}, bytes"] += result
    return counts


def cell(folder: Path) -> None:
    """Count what one cell does: eleven seeds against one, so that what a sweep does once falls out."""
    done = []
    for seeds in (1, 11):
        place = folder / f"runs-{seeds}"
        command = [sys.executable, "-m", "sweeps", "dataset=sample", "training.epochs=10"]
        command += [f"seed=range({seeds})", "hydra.launcher.n_jobs=1", f"hydra.sweep.dir={place}"]
        rows = trace(folder, command, f"{place}/")
        saving = [row for row in rows if "checkpoint" in row[2]]
        done.append((counted(saving), counted([row for row in rows if "checkpoint" not in row[2]])))
    print(f"{'one cell of ten epochs':28}{'records':>10}{'checkpoints, one an epoch':>28}")
    for name in (*GROUPS, "write, bytes", "read, bytes"):
        checkpoints, records = ((done[1][i][name] - done[0][i][name]) / 10 for i in (0, 1))
        print(f"  {name:26}{records:>10,.1f}{checkpoints:>28,.1f}")
    files = [path for path in (folder / "runs-11").glob("*-*/*") if path.is_file()]
    disk = sum(path.stat().st_blocks * 512 for path in files) / 11 / 1000
    length = sum(path.stat().st_size for path in files) / 11 / 1000
    print(f"  left behind: {len(files) / 11:.0f} files, {length:.1f} kB, {disk:.1f} kB of disk")


def start(folder: Path) -> None:
    """Count what Python reads from its environment when a worker starts."""
    counts = counted(trace(folder, [sys.executable, "-c", WORKER], "/"))
    opened, looked, read = counts["opened"], counts["looked up"], counts["read, bytes"] / 1e6
    print(f"a worker's start: {opened:,} files opened, {looked:,} looked up, {read:.0f} MB read")


def status(folder: Path, cells: int) -> None:
    """Time `python -m sweeps.status` on made-up records, ten epochs each."""
    from tests import synthetic

    axes = {"activation": ["a", "b", "c", "d"], "loss": ["e", "f", "g", "h"]}
    made = synthetic.grid(axes, seeds=range(-(-cells // 16)), epochs=10)[:cells]
    synthetic.write_plan(folder, made)
    for one in made:
        synthetic.write_cell(folder, one)
    print(f"sweep.json of {cells:,} cells: {(folder / 'sweep.json').stat().st_size / 2**20:.0f} MB")
    begin = time.perf_counter()
    command = [sys.executable, "-m", "sweeps.status", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    print(f"their status in {time.perf_counter() - begin:.1f} s: {done.stdout.splitlines()[0][-30:]}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("share", "trace", "status"):
            (folder / part).mkdir()
        share(folder / "share", options.cells, options.workers)
        cell(folder / "trace")
        start(folder / "trace")
        status(folder / "status", options.cells)


if __name__ == "__main__":
    main()
