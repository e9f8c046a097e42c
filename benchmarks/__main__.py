"""`python -m benchmarks`: measure, print, and write docs/benchmarks.md once everything was measured.

`--only step --rounds 2` measures a part and prints it, and writes nothing.
"""

import argparse
import importlib
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from sweeps.cli.streams import open_streams

SECTIONS = (
    "step",
    "lockstep",
    "pairs",
    "anatomy",
    "memory",
    "first_step",
    "start",
    "sweep",
    "grid",
    "report",
)
"""In the order of the page; each is a module here with `run(settings) -> Section`."""

QUICK = ("step", "lockstep", "anatomy")
"""What `--quick` measures, in two rounds and beside JAX only: about two minutes."""

CHOSEN_FOR_BLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Settings that would hold back this engine alone: the page says what this processor can do."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed, side by side.")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="PART", help=", ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default: 5; with --quick 2)")
    parser.add_argument("--quick", action="store_true", help="the engine beside JAX, in two minutes; no page")
    parser.add_argument("--grid", type=Path, help="judge this finished sweep as a whole, and run none")
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="an earlier version's directory: its grid, too"
    )
    options = parser.parse_args(argv)
    if options.before and not (options.before / "sweeps/__main__.py").is_file():
        parser.error(f"--before {options.before}: must be the root of a version of this project")
    if options.before and options.grid:
        parser.error("--before and --grid: must not be given together")
    if options.quick and options.only:
        parser.error("--quick and --only: must not be given together")
    options.rounds = (2 if options.quick else 5) if options.rounds is None else options.rounds
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds}: must be at least 1")
    return options


def main(argv: list[str] | None = None) -> int:
    """Measure and print; write the page if no part was left out."""
    open_streams()
    options = arguments(argv)
    for name in CHOSEN_FOR_BLAS:
        os.environ.pop(name, None)  # before NumPy is loaded
    from sweeps.job.measured.process import CannotRun

    with tempfile.TemporaryDirectory() as cache:  # what is compiled for this run goes with it
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        try:
            measure(options)
        except CannotRun as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


def measure(options: argparse.Namespace) -> None:
    """Measure part after part."""
    from benchmarks.machine import Settings, description, load, processor
    from benchmarks.page import PATH, Section, goals_section, page
    from sweeps.job.measured.process import last_core

    settings = Settings(options.rounds, last_core(), options.grid, options.quick, options.before)
    load_before, sections = load(), list[Section]()
    for name in QUICK if options.quick else options.only or SECTIONS:
        section = importlib.import_module(f"benchmarks.{name}").run(settings)
        sections.append(replace(section, title=f"{section.title} ({processor()})"))
        print(f"{sections[-1]}\n", flush=True)
    machine = description(settings, load_before)
    print(f"{goals_section(sections)}\n\n{machine}")
    if not (options.only or options.quick):
        PATH.write_text(page(sections, machine), encoding="utf-8")
        print(f"\nwritten to {PATH}")


if __name__ == "__main__":
    sys.exit(main())
