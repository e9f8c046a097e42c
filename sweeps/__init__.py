"""Orchestration: from a Hydra command line to run records on disk.

sweeper.py      plan → match with the disk → launch → sum up
records/        what is on disk, standard library only: all that reports may read, with cli/
planning/       from a command line to due runs; knows Hydra, writes nothing
execution/      from due runs to ended processes
view/           what people see in a terminal
upkeep/         what people do to runs by hand: list, rerun, drop, exclude, merge, rename
job/            the only room that knows of networks: one cell, from its config to its record
cli/            what all commands share
__main__, status, studies, runs, verify   are run with `python -m`
"""

import sys

if sys.argv[:1] == ["-m"]:  # so it is while Python looks for the module of `python -m sweeps.…`
    from mlp_grid import interrupts

    interrupts.end_at_once()
