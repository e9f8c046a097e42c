"""What a trained network gets wrong, and what it looks at: `python -m sweeps.job.inspection RUN`.

RUN is the directory of one run that kept its weights (`training.save_weights`). For data that are not ours
their arrays are given (`--data`), for an activation that is not one of ours its name (`--activation`).
What it needs is imported once the arguments are read: NumPy and Matplotlib take half a second.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sweeps.cli import user_modules
from sweeps.cli.command import command, parser_of
from sweeps.records.errors import UserError
from sweeps.records.untrusted import links_out, printable

FOLDER = "inspect"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Show what a trained network gets wrong and what it looks at: pictures and a table in RUN/inspect."""
    parser = parser_of("sweeps.job.inspection", main.__doc__)
    parser.add_argument(
        "run", type=Path, help="the directory of a run with training.save_weights=last or best"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"where to write (default: RUN/{FOLDER})")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="arrays x_test, y_test, … (see docs/data.md) to look at instead",
    )
    parser.add_argument("--activation", metavar="NAME", help="dotted name of an activation that is not ours")
    options = parser.parse_args(arguments)
    from sweeps.job.inspected import inspect
    from sweeps.job.kept_run import read_data, read_network, read_run

    user_modules.extend([Path.cwd()])
    record = read_run(options.run)
    network = read_network(record, options.activation)
    data = read_data(record, options.data)
    if data.features != network.features:
        raise UserError(f"the data have {data.features} inputs, the network has {network.features}")
    if data.classes > network.classes:
        raise UserError(f"the data have {data.classes} classes, the network has {network.classes}")
    folder = options.out or record.path / FOLDER
    if link := links_out(folder):
        raise UserError(f"{link}: is a link that leads elsewhere; nothing is written through it")
    try:
        lines = inspect(record, folder, data, network)
    except ValueError as error:  # numbers that are no inputs of this network
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    print(printable("\n".join([*lines, str(folder)])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
