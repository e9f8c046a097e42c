"""Simulate every case of `analysis_truth` many times, one after the other; continues where it stopped.

    python -m tests.simulate [--sims 2000] [--out FILE] [CASE …]

Prints one line for each case and exits 1 if any is wrong more often than allowed. FILE keeps what is done,
for this very code.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from tests.analysis_truth import CASES, excess

ROOT = Path(__file__).parent.parent


def code() -> str:
    """A hash of the statistics and of the cases."""
    files = [*sorted((ROOT / "reports/analysis").glob("*.py")), ROOT / "tests/analysis_truth.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def simulate(name: str, sims: int) -> dict[str, list[float]]:
    counts = CASES[name](np.random.default_rng(7), sims)
    return {what: [int(wrong), share] for what, (wrong, share) in counts.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulate")
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[[], *CASES], default=[])
    parser.add_argument("--sims", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    key, failed = f"{code()} {chosen.sims}", False
    lines = chosen.out.read_text().splitlines() if chosen.out and chosen.out.exists() else []
    done = {row["case"]: row["counts"] for row in map(json.loads, lines) if row["key"] == key}
    for name in chosen.cases or CASES:
        counts = done.get(name) or simulate(name, chosen.sims)
        if chosen.out and name not in done:
            with chosen.out.open("a") as file:
                print(json.dumps({"key": key, "case": name, "counts": counts}), file=file)
        for what, (wrong, share) in counts.items():
            bad = excess(int(wrong), chosen.sims, share)
            failed |= bad
            print(
                f"{name}: {what}: {wrong / chosen.sims:.1%} (allowed {share:.1%}){' TOO OFTEN' * bad}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
