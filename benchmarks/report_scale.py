"""How long a report of many runs takes: made-up records, read and reported in a process of its own.

    python benchmarks/report_scale.py [--runs 10000] [--epochs 20] [--new 20]

Tables, rankings and page (no figures) from all records, then a rebuild after a few new ones; peak memory
beside. The records are made up (tests/synthetic.py); only their number and shape matter here.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
AXES: dict[str, list[Any]] = {
    "activation": ["selu", "swish", "relu", "gelu", "tanh"],
    "loss": ["mse", "softmax_ce", "hinge", "focal"],
    "model.hidden": [[32], [64], [128], [256], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0001, 0.0005, 0.001, 0.005],
    "optimizer.lr": [0.001, 0.003, 0.01, 0.03],
}
CHILD = """
import resource, sys, time
start = time.perf_counter()
from reports.page.build import write_report
from reports.runs.reader import load
imported = time.perf_counter()
results = load(sys.argv[1])
read = time.perf_counter()
write_report(results, plots=False)
end = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
times = [end - start, imported - start, read - imported, end - read]
print(*(f"{seconds:.2f}" for seconds in times), f"{peak:.0f}", len(results.done))
"""


def main() -> None:
    """Write the records, report them, add a few, report again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--new", type=int, default=20)
    options = parser.parse_args()
    from tests import synthetic

    seeds = range(-(-options.runs // 2000))
    cells = synthetic.grid(AXES, seeds=seeds, epochs=options.epochs)[: options.runs]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        synthetic.write_plan(Path(folder), cells)
        for one in cells[: -options.new]:
            synthetic.write_cell(Path(folder), one)
        print(
            f"{len(cells)} records of {options.epochs} epochs written in {time.perf_counter() - start:.0f} s"
        )
        print(f"{'':24}{'total s':>9}{'import':>9}{'read':>9}{'report':>9}{'MB':>7}{'done':>8}")
        show("first", folder)
        for one in cells[-options.new :]:
            synthetic.write_cell(Path(folder), one)
        show(f"rebuild, {options.new} new", folder)


def show(what: str, folder: str) -> None:
    """Report once in a fresh process and print its times."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, folder], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    total, imported, read, report, peak, runs = done.stdout.split()
    print(f"{what:24}{total:>9}{imported:>9}{read:>9}{report:>9}{peak:>7}{runs:>8}")


if __name__ == "__main__":
    main()
