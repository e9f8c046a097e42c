"""What the sweeper itself costs: planning many cells, running cells that do next to nothing, resuming them.

    python benchmarks/sweeper_scale.py [--cells 10000]

Planned are cells of this project's own config (4 × 4 × 5 × 5 × seeds), with every check. Run and resumed are
those of the tests' tiny application, whose job takes about a millisecond: the rest is the sweeper's.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
GRID = (
    "activation=selu,swish,relu,gelu",
    "loss=mse,softmax_ce,hinge,focal",
    "optimizer.weight_decay=0,1e-5,1e-4,1e-3,1e-2",
    "optimizer.lr=0.1,0.03,0.01,0.003,0.001",
)


def timed(module: str, *overrides: str, cwd: Path = ROOT) -> tuple[float, float, str]:
    """Run a command; return its wall time (s), its own peak memory (MB) and its last line."""
    command = [sys.executable, "-m", module, *overrides]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = psutil.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss / 2**20)
            except psutil.Error:
                break
            time.sleep(0.02)
        process.wait()
        elapsed = time.perf_counter() - start
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        raise SystemExit("\n".join(lines[-5:]))
    return elapsed, peak, lines[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=10_000, help="how many cells (default 10000)")
    cells = parser.parse_args().cells
    seconds, peak, _ = timed("sweeps", *GRID, f"seed=range({cells // 400})", "hydra.sweeper.dry_run=true")
    print(f"plan, check and match {cells // 400 * 400:,} cells: {seconds:.1f} s, {peak:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        sweep = (f"x=range({cells})", "steps=1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=1")
        seconds, peak, line = timed("tests.tiny.app", *sweep, cwd=Path(folder))
        print(f"run {cells:,} empty cells, one worker: {1000 * seconds / cells:.1f} ms each, {peak:.0f} MB")
        print(f"  {line}")
        seconds, peak, line = timed("tests.tiny.app", *sweep, cwd=Path(folder))
        print(f"resume them, all done: {seconds:.1f} s, {peak:.0f} MB\n  {line}")


if __name__ == "__main__":
    main()
