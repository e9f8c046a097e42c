"""`python -m sweeps [overrides]`: one run, or as many as the overrides list, or a sweep by name."""

from __future__ import annotations

import os
import sys

from sweeps import imports
from sweeps.command import command, mistake
from sweeps.version import PROJECT, version

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
OWN_MODE = "-m --multirun -r --run -h --help --hydra-help -c --cfg -i --info -sc --shell-completion"


@command
def main() -> int:
    """Run the command line; mistakes in it are told in one line each and end with exit code 2."""
    if {"--help", "-h"} & set(sys.argv[1:]):
        from sweeps import help

        print(help.text(imports.config_dir(sys.argv[1:])))
        return 0
    if "--version" in sys.argv[1:]:
        print(PROJECT, version())
        return 0
    imports.extend_for(sys.argv[1:])
    for name in ONE_THREAD:  # before NumPy is imported: later it is not heard
        os.environ.setdefault(name, "1")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if not any(argument.partition("=")[0] in OWN_MODE.split() for argument in sys.argv[1:]):
        # Hydra looks into the config for the mode, but falls back to RUN if that does not compose.
        sys.argv.append("--multirun")
    return _run()


def _run() -> int:
    """Hand over to Hydra."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from sweeps import argparse_help
    from sweeps.problem import one_line
    from sweeps.record import UserError
    from sweeps.run import main as run

    argparse_help.accept_hydras()
    try:
        run()
    except (HydraException, OmegaConfBaseException, UserError) as error:
        return mistake(one_line(error))
    except ValueError as error:
        if not str(error).startswith("Config group override"):  # Hydra's own, of `loss=null`
            raise
        nulls = " ".join(argument for argument in sys.argv[1:] if argument.endswith("=null"))
        return mistake(f"{nulls}: {one_line(error)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
