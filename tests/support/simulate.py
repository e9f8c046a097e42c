"""Simulate every case of `analysis_truth` many times, one after the other; continues where it stopped.

    python -m tests.support.simulate [--sims 2000] [--out FILE] [CASE …]

Prints a row of a Markdown table for each count (as in docs/explanation/statistics.md) and exits 1 if any is
wrong more often than allowed. FILE keeps the cases that are done, of this very code.
"""

import argparse
import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.support import analysis_truth, decided_truth, tuned_truth
from tests.support.analysis_truth import excess

ROOT = Path(__file__).parents[2]
CASES = analysis_truth.CASES | decided_truth.CASES | tuned_truth.CASES
STRATEGIES = {
    **dict.fromkeys(decided_truth.CASES, ("reports/deciding", "decided", "decided_truth")),
    **dict.fromkeys(tuned_truth.CASES, ("sweeps/planning/strategies", "tuned", "tuned_truth")),
}


def code(case: str) -> str:
    """A hash of the statistics and of what a case is made of."""
    room, *names = STRATEGIES.get(case, ("",))
    rooms = ["reports/analysis", *filter(None, [room])]
    files = [path for each in rooms for path in sorted((ROOT / each).glob("*.py"))]
    files += [ROOT / f"tests/support/{name}.py" for name in ("analysis_truth", *names)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def simulate(name: str, sims: int) -> dict[str, list[float]]:
    counts = CASES[name](np.random.default_rng(7), sims)
    return {what: [int(wrong), share] for what, (wrong, share) in counts.items()}


def kept(path: Path | None, sims: int) -> dict[str, dict[str, list[float]]]:
    """What a file holds of this code; a line that was cut off as it was written is simulated again."""
    return {row["case"]: row["counts"] for row in rows(path) if row["key"] == key_of(row["case"], sims)}


def key_of(case: str, sims: int) -> str:
    return f"{code(case)} {sims}"


def rows(path: Path | None) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines() if path and path.exists() else ():
        with contextlib.suppress(json.JSONDecodeError):
            yield json.loads(line)


def keep(path: Path, row: dict[str, Any]) -> None:
    text = path.read_text() if path.exists() else ""
    with path.open("a") as file:
        file.write("\n" * bool(text and not text.endswith("\n")) + json.dumps(row) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.simulate")
    parser.add_argument("cases", nargs="*", metavar="CASE", choices=[[], *CASES], default=[])
    parser.add_argument("--sims", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.sims < 1:
        parser.error(f"--sims {chosen.sims}: must be at least 1")
    failed, done = False, kept(chosen.out, chosen.sims)
    print(f"| case | what is counted | in {chosen.sims:,} sweeps | allowed |\n| :-- | :-- | --: | --: |")
    for name in chosen.cases or CASES:
        counts = done.get(name) or simulate(name, chosen.sims)
        if chosen.out and name not in done:
            keep(chosen.out, {"key": key_of(name, chosen.sims), "case": name, "counts": counts})
        for what, (wrong, share) in counts.items():
            bad = excess(int(wrong), chosen.sims, share)
            failed |= bad
            seen = f"{100 * wrong / chosen.sims:.1f} %{' TOO OFTEN' * bad}"
            print(f"| {name} | {what} | {seen} | {100 * share:.1f} % |", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
