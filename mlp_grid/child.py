"""`python -m mlp_grid.child PARENT [overrides]`: `python -m sweeps`, ending with its parent."""

import sys


def main() -> int:
    """Run the command line; if the process that started this ends, this is killed, too."""
    from sweeps import __main__ as sweeps_main
    from sweeps.execution.cell_process import die_with

    die_with(int(sys.argv.pop(1)))
    sys.argv[0] = sweeps_main.__file__
    return int(sweeps_main.main())


if __name__ == "__main__":
    sys.exit(main())
