"""The commands for one plot, one table, and a sweep that runs: `python -m reports plot|table|serve DIR`.

What they need is imported once their arguments are read: pandas and Matplotlib take a second.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sweeps.cli.command import parser_of
from sweeps.records.untrusted import printable

FORMATS = ("csv", "latex", "md")


def run_plot(words: Sequence[str]) -> int:
    """Draw one figure and print its path."""
    parser = parser_of("reports plot", "Draw a metric against a setting, or a curve over the epochs.")
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    parser.add_argument(
        "--x",
        required=True,
        metavar="KEY",
        help="a setting that the sweep varies, epoch, or trials (of tuning)",
    )
    parser.add_argument(
        "--y",
        metavar="METRIC",
        default="",
        help="a metric; with --x epoch a column of history.csv; left out with --x trials",
    )
    parser.add_argument(
        "--by", metavar="KEY", default="", help="another setting: a line for each of its levels"
    )
    parser.add_argument(
        "--where", metavar="QUERY", default="", help="only these runs: 'loss=hinge,focal & lr<=.1'"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=".png, .svg or .pdf (default: a name of its own, here)"
    )
    options = parser.parse_args(words)
    from reports.on_demand import chosen_plot, write
    from reports.tables.table import file_name

    plot = chosen_plot(options.directory, options.x, options.y, options.by, options.where)
    target = options.out or Path(f"{file_name(plot.name)}.png")
    print(printable(str(write(plot, target))))
    return 0


def run_table(words: Sequence[str]) -> int:
    """Print one table."""
    parser = parser_of("reports table", "Print a metric over the grid as one table.")
    parser.add_argument("directory", type=Path, help="a sweep's directory, such as runs/grid")
    parser.add_argument("--metric", metavar="M", default="", help="what is shown (default: the main metric)")
    parser.add_argument("--rows", metavar="KEY", default="", help="the setting down the side")
    parser.add_argument("--cols", metavar="KEY", default="", help="the setting across")
    parser.add_argument(
        "--where", metavar="QUERY", default="", help="only these runs: 'loss=hinge,focal & lr<=.1'"
    )
    parser.add_argument("--to", choices=FORMATS, required=True, help="the format")
    options = parser.parse_args(words)
    from reports.on_demand import table_of
    from reports.runs.query import where
    from reports.runs.reader import load
    from reports.tables import formats
    from reports.tables.about import stands_on
    from reports.tables.latex import latex

    written = {"md": formats.markdown, "csv": formats.csv_text, "latex": latex}
    results = where(load(options.directory), options.where)
    table = table_of(results, options.metric, options.rows, options.cols)
    print(written[options.to](replace(table, about=stands_on(results))), end="")
    return 0


def run_serve(words: Sequence[str]) -> int:
    """Serve a sweep until Ctrl-C."""
    parser = parser_of(
        "reports serve", "Show the page of a sweep while it runs (read-only, on this machine alone)."
    )
    parser.add_argument(
        "directory", type=Path, help="a sweep's directory; one that is not there yet is awaited"
    )
    parser.add_argument("--port", type=int, metavar="N", help="default: 8765, or any free one")
    options = parser.parse_args(words)
    from reports.page.serve import serve

    serve(options.directory, options.port)
    return 0
