"""The application's function as a sweep calls it: with its directory, and with an exit as an error."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import TaskFunction
from omegaconf import DictConfig

from sweeps.planning.quoting import set_output_dir


class JobExit(Exception):
    """The job called sys.exit, or raised what `except Exception` does not catch."""


def in_directory(task_function: TaskFunction, path: Path) -> TaskFunction:
    """Wrap the job so that it finds its directory in `hydra.runtime.output_dir`, whatever that is called."""

    @functools.wraps(task_function)
    def informed(config: DictConfig) -> Any:
        set_output_dir(cast(DictConfig, HydraConfig.get()), path)
        return task_function(config)

    return informed


def exit_as_exception(task_function: TaskFunction) -> TaskFunction:
    """Wrap the job so that Hydra's callbacks see a sys.exit as an error."""

    @functools.wraps(task_function)
    def guarded(config: DictConfig) -> Any:
        try:
            return task_function(config)
        except SystemExit as error:
            raise JobExit(f"the job called sys.exit({error.code!r})") from error
        except (KeyboardInterrupt, GeneratorExit) as error:  # raised by the job: workers ignore Ctrl-C
            raise JobExit(f"the job raised {type(error).__name__}") from error

    return guarded
