"""The command line: `python -m reports DIR`, `… compare A B`, `… export DIR --to csv`.

What a command needs is imported once its arguments are read: pandas and Matplotlib take a second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.cli.command import called, command, parser_of
from sweeps.cli.garbage import uncollected
from sweeps.cli.near import nearest
from sweeps.records.errors import UserError
from sweeps.records.untrusted import links_out, printable

if TYPE_CHECKING:
    from reports.claims.claim import Claim
    from reports.runs.results import Results
    from reports.sources.judged import Judged

INCOMPLETE = DIFFERS = 1
EXPORTS = ("csv", "json", "latex", "parquet", "mlflow", "tensorboard", "wandb")  # of reports.exports
PLOTS = ("default", "all", "none")  # reports.plots.Plots, which needs Matplotlib


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 2 for a user's mistake, 1 where something is missing."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]](words[1:])
    if words[1:] and not Path(words[0]).exists() and (meant := nearest(words[0], COMMANDS)):
        raise UserError(f"{words[0]}: no such command, and no such directory{meant}")
    return run_report(words)


@uncollected()
def run_report(words: Sequence[str]) -> int:
    """Rebuild the report of one directory."""
    parser = parser_of(
        "reports",
        "Rebuild every table, ranking, plot and the page of a sweep from its run records.",
        "Also, each with --help of its own: " + ", ".join(called(f"reports {name}") for name in COMMANDS),
    )
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    parser.add_argument(
        "--all", action="store_true", help="also take in recorded cells that the plan does not have"
    )
    parser.add_argument(
        "--target",
        type=accuracy,
        metavar="ACCURACY",
        help="test accuracy that the tables count epochs and seconds to",
    )
    parser.add_argument(
        "--claims", type=Path, metavar="FILE", help="claims of your own to judge (docs/how-to/claims.md)"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 if a verdict is another than the claim's `expect`"
    )
    parser.add_argument(
        "--note",
        action="store_true",
        help="only keep the time at which the claims were there; before the first run",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="build it as DIR (default: directory/report)")
    parser.add_argument(
        "--plots",
        choices=PLOTS,
        default=PLOTS[0],
        help="pictures to draw: the usual ones (default), all, or none; the page needs none of them",
    )
    parser.add_argument(
        "--no-plots", dest="plots", action="store_const", const=PLOTS[-1], help="as --plots none"
    )
    options = parser.parse_args(words)
    from threadpoolctl import threadpool_limits

    from reports.claims.claim import claim_metrics
    from reports.claims.gate import expected_claims, note
    from reports.page.build import write_report
    from reports.runs.reader import load
    from reports.sources.judged import judged

    if options.note:
        print(printable(note(options.directory, options.claims)))
        return 0
    threadpool_limits(1)  # of BLAS: its products are small here, and more threads only wait for each other
    results = load(options.directory, unplanned=options.all, target=options.target)
    if options.target is not None and results.measures.own:
        raise UserError(
            f"--target {options.target:g}: is a test accuracy; these runs are about {results.main.name}"
        )
    metrics = claim_metrics(results.measures)
    expected = expected_claims(options.claims, metrics) if options.check else []
    page = write_report(results, plots=options.plots, claims=options.claims, out=options.out)
    print(printable(f"{summary_line(results)}\n{page}"))
    return max(warn(results), check(expected, judged(results, options.claims)) if expected else 0)


def check(expected: Sequence[tuple[Path, Claim]], found: Judged | None) -> int:
    """Name the claims with another verdict than they expect, and return the exit code."""
    from reports.claims.gate import differing_verdicts

    lines = differing_verdicts(expected, found.claims if found else [])
    for line in lines:
        print(printable(line), file=sys.stderr)
    return DIFFERS if lines else 0


def run_compare(words: Sequence[str]) -> int:
    """Compare two sweeps, cell by cell."""
    parser = parser_of(
        "reports compare", "Compare two sweeps cell by cell, and say what else differs between them."
    )
    parser.add_argument("first", type=Path, help="a sweep's directory")
    parser.add_argument("second", type=Path, help="another sweep's directory")
    options = parser.parse_args(words)
    from reports.compare import compare
    from reports.runs.reader import load

    first, second = load(options.first, unplanned=True), load(options.second, unplanned=True)
    print(printable(compare(first, second)))
    return max(warn(first), warn(second))


def run_calibrate(words: Sequence[str]) -> int:
    """Simulate a sweep's plan, and print how often a report of it would say what is not so."""
    parser = parser_of("reports calibrate", run_calibrate.__doc__)
    parser.add_argument("directory", type=Path, help="a sweep's directory")
    parser.add_argument("--simulations", type=at_least_one, default=200, metavar="N", help="default: 200")
    parser.add_argument("--random", type=int, default=0, metavar="SEED", help="of the simulation; default: 0")
    options = parser.parse_args(words)
    from reports.calibrate import calibrate, told
    from reports.runs.reader import load

    results = load(options.directory)
    found = calibrate(results, options.simulations, options.random, progress)
    print(printable(f"{results.sweep}: {options.simulations} simulated sweeps of each kind\n\n{told(found)}"))
    return warn(results)


def progress(done: int, total: int) -> None:
    """Tell on stderr how far a simulation is: on one line in a terminal, else every tenth of it."""
    terminal = sys.stderr.isatty()
    if terminal or done % max(total // 10, 1) == 0 or done == total:
        start, end = ("\r", "\n" if done == total else "") if terminal else ("", "\n")
        print(f"{start}{done} of {total} simulated", end=end, file=sys.stderr, flush=True)


def at_least_one(text: str) -> int:
    """Return a number of simulations given on the command line."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return value


def run_images(words: Sequence[str]) -> int:
    """Show what one or two cells get right and wrong."""
    parser = parser_of("reports images", "Show what one or two cells get right and wrong, class by class.")
    parser.add_argument("directory", type=Path, help="a sweep's directory")
    parser.add_argument("cell", help="the name or the id of one of a cell's runs, or a part of it")
    parser.add_argument(
        "other", metavar="cell", nargs="?", help="another cell, to see which errors both make"
    )
    options = parser.parse_args(words)
    from reports.images import images
    from reports.runs.reader import load

    results = load(options.directory)
    print(printable(images(results, [name for name in (options.cell, options.other) if name is not None])))
    return warn(results)


def run_export(words: Sequence[str]) -> int:
    """Write the tidy frames for other tools."""
    parser = parser_of("reports export", "Write a sweep's runs and learning curves for other tools.")
    parser.add_argument("directory", type=Path, help="a sweep's directory")
    parser.add_argument("--to", choices=EXPORTS, required=True, help="the format")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to (default: DIR/export)")
    parser.add_argument(
        "--all", action="store_true", help="also take in recorded cells that the plan does not have"
    )
    options = parser.parse_args(words)
    from reports.exports.frames import export
    from reports.exports.trackers import TRACKERS, export_to
    from reports.runs.reader import load

    results = load(options.directory, unplanned=options.all)
    folder = options.out or options.directory / "export"
    if link := links_out(folder):
        raise UserError(f"{link}: is a link that leads elsewhere; nothing is written through it")
    for line in (export_to if options.to in TRACKERS else export)(results, options.to, folder):
        print(printable(str(line)))
    return warn(results)


def run_bundle(words: Sequence[str]) -> int:
    """Put a sweep into one archive that others can check."""
    parser = parser_of(
        "reports bundle",
        run_bundle.__doc__,
        "It holds every run's record, curve and configuration, the report without pictures, checksums, and a "
        "README that says how to check it. Made twice of the same records it is the same to the byte.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a sweep's directory")
    parser.add_argument("--to", type=Path, metavar="FILE.zip", required=True, help="the archive")
    parser.add_argument("--claims", type=Path, metavar="FILE", help="claims to judge and to put into it")
    options = parser.parse_args(words)
    from reports.exports.bundle import bundle
    from reports.runs.reader import load

    results = load(options.directory)
    print(printable(bundle(results, options.to, options.claims)))
    return warn(results)


def run_publish(words: Sequence[str]) -> int:
    """Keep the results of studies as pages, and rebuild those."""
    parser = parser_of(
        "reports publish",
        "Keep what the records of studies say as tables, figures and pages. Without DIR: rebuild the claims "
        "and pages from the tables that are kept.",
    )
    parser.add_argument("directories", nargs="*", metavar="DIR", type=Path, help="a study's directory")
    parser.add_argument("--to", type=Path, metavar="FOLDER", required=True, help="where the pages are kept")
    options = parser.parse_args(words)
    from reports.published.publish import publish

    print(printable(str(publish(options.directories, options.to))))
    return 0


def accuracy(text: str) -> float:
    """Return an accuracy given on the command line."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: must be above 0 and at most 1")
    return value


def summary_line(results: Results) -> str:
    """Return how many runs there are of each kind."""
    counts = results.runs["status"].value_counts(sort=False)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    return f"{results.sweep}: {len(results.runs)} runs ({states})"


def warn(results: Results) -> int:
    """Name what was left out or could not be believed, and return the exit code."""
    if results.unplanned:
        some = ", ".join(results.unplanned[:3]) + (", …" if len(results.unplanned) > 3 else "")
        left_out = f"left out: {len(results.unplanned)} recorded cells that are not in the plan"
        print(printable(f"{left_out} ({some}); --all includes them"), file=sys.stderr)
    for line in results.excluded:
        print(printable(f"excluded: {line}"), file=sys.stderr)
    for line in filter(None, (results.other_data, results.repeated)):
        print(printable(f"left out: {line}"), file=sys.stderr)
    for line in results.near_misses:
        print(printable(line), file=sys.stderr)
    for problem in results.problems:
        print(printable(f"damaged: {problem}"), file=sys.stderr)
    return 0 if results.is_whole and not results.other_data else INCOMPLETE


def later(module: str, name: str) -> Callable[[Sequence[str]], int]:
    """Return a function of a module that is imported when it is called."""
    return lambda words: int(getattr(import_module(module), name)(words))


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "bundle": run_bundle,
    "calibrate": run_calibrate,
    "compare": run_compare,
    "export": run_export,
    "images": run_images,
    "plot": later("reports.commands", "run_plot"),
    "publish": run_publish,
    "serve": later("reports.commands", "run_serve"),
    "table": later("reports.commands", "run_table"),
}


if __name__ == "__main__":
    sys.exit(main())
