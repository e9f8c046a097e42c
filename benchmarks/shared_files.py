"""What a grid on a cluster asks of the file system that its workers share: counted, and traced by strace."""

import re
import subprocess
import sys
import time
import unittest.mock
from collections import Counter
from pathlib import Path

from benchmarks.command import ROOT
from sweeps.execution import queue_on_disk
from sweeps.execution.jobs import Job

CALLS = "%file,read,write,fsync,getdents64"
GROUPS = {
    "opened": ("openat",),
    "looked up": ("newfstatat", "statx", "access", "readlink"),
    "made, renamed, removed": ("mkdir", "link", "rename", "unlink", "unlinkat", "rmdir"),
    "synchronised": ("fsync",),
}
WORKER = "import sweeps.execution.worker, sweeps.job.main, scipy.special, scipy.stats"
NAME = "gelu-softmax_ce-hidden=256-64-weight_decay=0.0005-seed=0-lr=0.01-"
OVERRIDES = ["activation=gelu", "loss=hinge", "model.hidden=[256,64]", "seed=0", "optimizer.lr=0.01"]


def share(folder: Path, cells: int, workers: int) -> None:
    """Lay the work out, and take it as all workers do, in turn."""
    units = [(Job(number, f"{number:012x}", f"{NAME}{number:012x}", OVERRIDES),) for number in range(cells)]
    queue, begin = queue_on_disk.Todo(folder), time.perf_counter()
    queue.lay_out(units, workers)
    seconds = time.perf_counter() - begin
    sizes = [path.stat().st_size for path in (folder / "todo").rglob("*") if path.is_file()]
    print(f"{cells:,} cells laid out for {workers:,} workers in {seconds:.1f} s: ", end="")
    print(f"{len(sizes):,} chunks, {sum(sizes) / 2**20:.0f} MB")
    names, listed = list[int](), queue_on_disk._listed

    def counting(place: Path) -> list[str]:
        found = listed(place)
        names.append(len(found))
        return found

    with unittest.mock.patch.object(queue_on_disk, "_listed", counting):
        chunks = sum(1 for _ in iter(queue._take, None))
    print(f"all taken one after another: {chunks:,} renames, {sum(names):,} names listed to find them")


def trace(folder: Path, command: list[str], inside: str) -> list[tuple[str, int, str]]:
    """Run a command under strace; return call, result, text of its calls on paths that contain `inside`."""
    log = folder / "strace"
    options = ["-f", "-qq", "-y", "-e", f"trace={CALLS}", "-o", str(log)]
    subprocess.run(["strace", *options, *command], cwd=ROOT, check=True, capture_output=True)
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
    stats = [path.stat() for path in (folder / "runs-11").glob("*-*/*") if path.is_file()]
    disk, length = (
        sum(sizes) / 11e3 for sizes in zip(*((s.st_blocks * 512, s.st_size) for s in stats), strict=True)
    )
    print(f"  left behind: {len(stats) / 11:.0f} files, {length:.1f} kB, {disk:.1f} kB of disk")


def start(folder: Path) -> None:
    """Count what Python reads from its environment when a worker starts."""
    counts = counted(trace(folder, [sys.executable, "-c", WORKER], "/"))
    opened, looked, read = counts["opened"], counts["looked up"], counts["read, bytes"] / 1e6
    print(f"a worker's start: {opened:,} files opened, {looked:,} looked up, {read:.0f} MB read")
