"""`python -m tests.support.page_scale [--runs 96 2000 10000]`: the size of the page, and how soon it answers.

Sweeps are made up (tests/support/synthetic.py), pages are opened from the disk in a headless Chromium. Times
are the middle of three: until everything can be clicked, and of each interaction until it is laid out.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.page import Goal, Section, table
from sweeps.job.measured.process import CannotRun

AXES: dict[str, list[Any]] = {
    "activation": ["selu", "swish", "relu", "gelu"],
    "loss": ["mse", "softmax_ce", "hinge", "focal"],
    "model.hidden": [[128], [256, 64]],
    "optimizer.weight_decay": [0.0, 0.0005, 0.005],
}
RATES = [0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001, 0.0005, 0.0003, 0.0002, 0.0001]
GOALS = {96: (0.15, 0.5), 2000: (0.5, 0.7), 10000: (1.5, 1.5)}  # MB, s
TIMED = """(async (act) => {
  const start = performance.now();
  await act();
  document.body.offsetHeight;
  return performance.now() - start;
})"""
INTERACTIONS = {
    "metric": "choose('#controls select', 1)",
    "rows": "choose('#controls label:nth-of-type(2) select', 2)",
    "difference": "[...document.querySelectorAll('#controls select')].at(-1).value = 'diff', "
    "[...document.querySelectorAll('#controls select')].at(-1).dispatchEvent(new Event('change'))",
    "pick": "document.querySelector('#panels button').click()",
    "curve": "choose('#curve-controls select', 1)",
    "sort": "document.querySelector('#run-table thead th:nth-child(3) button').click()",
    "baseline": "choose('#charts select', 1)",
}
CHOOSE = """window.choose = (selector, place) => {
  const box = document.querySelector(selector);
  box.selectedIndex = place;
  box.dispatchEvent(new Event('change'));
};
window.query = () => new Promise((done) => {
  const box = document.getElementById('query');
  new MutationObserver(() => done()).observe(document.getElementById('shown'), {childList: true});
  box.value = 'loss=hinge & test>.97 & ' + Math.random().toString().slice(2, 3);
  box.dispatchEvent(new Event('input'));
});"""


def build(runs: int, folder: Path) -> tuple[Path, float, float]:
    """Return the page of a made-up sweep, what rendering took and what all after reading took (s)."""
    from reports.analysis.sweep import analyse
    from reports.page.adapter import content_of
    from reports.page.view import render
    from reports.runs.reader import load
    from tests.support import synthetic

    seeds = 1 if runs < 200 else 5
    rates = {} if runs < 200 else {"optimizer.lr": RATES[: -(-runs // (96 * seeds))] or RATES}
    cells = synthetic.grid(
        AXES | rates, seeds=range(-(-runs // (96 * max(len(rates.get("optimizer.lr", [])), 1))))
    )
    results = load(synthetic.write_sweep(folder / "sweep", cells[:runs]))
    start = time.perf_counter()
    content = content_of(analyse(results))
    middle = time.perf_counter()
    page = folder / "index.html"
    page.write_text(render(content), encoding="utf-8")
    end = time.perf_counter()
    return page, end - middle, end - start


def visit(page: Path) -> dict[str, float]:
    """Return how long the page took until it could be used (s), and each interaction (ms)."""
    from tests.support.browser import browser, find_chromium

    path = find_chromium()
    if path is None:
        raise CannotRun("no Chromium here")
    ready, times = [], dict[str, list[float]]()
    with browser(path) as window:
        window.resize(1280, 900)
        for _ in range(3):
            window.open(page.as_uri())
            ready.append(window.run(READY) / 1000)
            window.run(CHOOSE)
            for name, act in INTERACTIONS.items():
                times.setdefault(name, []).append(window.run(f"{TIMED}(() => {{ {act} }})"))
            times.setdefault("query", []).append(window.run(f"{TIMED}(() => query())"))
    return {"ready": statistics.median(ready)} | {
        name: statistics.median(each) for name, each in times.items()
    }


READY = """new Promise((done) => {
  const look = () => document.documentElement.dataset.ready
    ? done(Number(document.documentElement.dataset.readyAt)) : setTimeout(look, 5);
  look();
})"""


def measure(runs: int) -> tuple[float, dict[str, float]]:
    """Return the size of the page of so many runs (MB), and its times."""
    with tempfile.TemporaryDirectory() as folder:
        page, rendering, all_in_all = build(runs, Path(folder))
        times = {"rendering": rendering, "with statistics": all_in_all}
        return page.stat().st_size / 1e6, times | visit(page)


def goals_of(runs: int, size: float, ready: float, slowest: float) -> list[Goal]:
    """Return what the page of so many runs is held to."""
    if runs not in GOALS:
        return []
    largest, latest = GOALS[runs]
    return [
        Goal(f"the page of {runs:,} runs, MB", f"≤ {largest}", f"{size:.3f}", size <= largest),
        Goal("… until it can be used, s", f"≤ {latest}", f"{ready:.2f}", ready <= latest),
        Goal("… its slowest click, ms", "≤ 100", f"{slowest:.0f}", slowest <= 100),
    ]


def run(settings: object, sizes: Sequence[int] = tuple(GOALS)) -> Section:
    """Measure pages of these numbers of runs."""
    rows, goals = [], list[Goal]()
    for runs in sizes:
        size, times = measure(runs)
        clicks = {name: times[name] for name in (*INTERACTIONS, "query")}
        slowest = max(clicks, key=lambda name: clicks[name])
        shown = [f"{times[name]:.2f}" for name in ("rendering", "with statistics", "ready")]
        rows.append((f"{runs:,}", f"{size:.3f}", *shown, f"{clicks[slowest]:.0f} ({slowest})"))
        goals += goals_of(runs, size, times["ready"], clicks[slowest])
    heads = (
        "runs",
        "page, MB",
        "written in, s",
        "with the statistics, s",
        "usable after, s",
        "slowest click, ms",
    )
    about = (
        "One file with every run, its metrics and four curves of ten epochs, opened from the disk in a "
        "headless Chromium; the middle of three. Clicks: another metric, other rows, differences, a pick, "
        "another curve, an order of the runs, a baseline, a query typed."
    )
    return Section("The page of a report", [about + load_note(), table(heads, rows)], goals)


def load_note() -> str:
    """Return what else the machine had to do, if that was more than this; empty on a quiet one."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    busy = f" Measured on a busy machine: {load:.0f} processes wanted its {cores} cores."
    return busy if load > cores + 1 else ""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.page_scale", description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=list(GOALS))
    print(run(None, parser.parse_args().runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
