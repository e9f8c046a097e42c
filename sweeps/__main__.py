"""`python -m sweeps [overrides]`: one run, or as many as the overrides list, or a sweep by name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
OWN_MODE = "-m --multirun -r --run -h --help --hydra-help -c --cfg -i --info -sc --shell-completion --version"


def main() -> None:
    """Run the command line; mistakes in it are told in one line each and end with exit code 2."""
    from sweeps import imports

    if {"--help", "-h"} & set(sys.argv[1:]):
        return _help(imports.config_dir(sys.argv[1:]))
    imports.extend_for(sys.argv[1:])
    for name in ONE_THREAD:  # before NumPy is imported: later it is not heard
        os.environ.setdefault(name, "1")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    if not any(argument.partition("=")[0] in OWN_MODE.split() for argument in sys.argv[1:]):
        # Hydra looks into the config for the mode, but falls back to RUN if that does not compose.
        sys.argv.append("--multirun")
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from sweeps.problem import one_line
    from sweeps.record import UserError
    from sweeps.run import main as run

    try:
        run()
    except (HydraException, OmegaConfBaseException, UserError) as error:
        raise SystemExit(_say(one_line(error))) from None
    except ValueError as error:
        if not str(error).startswith("Config group override"):  # Hydra's own, of `loss=null`
            raise
        nulls = " ".join(argument for argument in sys.argv[1:] if argument.endswith("=null"))
        raise SystemExit(_say(f"{nulls}: {one_line(error)}")) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _help(config_dir: Path | None) -> None:
    from sweeps import help

    try:
        print(help.text(config_dir), flush=True)
    except BrokenPipeError:  # of `| head`, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _say(problem: str) -> int:
    print(f"error: {problem}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
