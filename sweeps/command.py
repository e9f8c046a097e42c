"""What all commands do alike: a user's mistake is one line and exit code 2; pipes may be closed early."""

import os
import select
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from sweeps.record import UserError, printable

Arguments = ParamSpec("Arguments")
USER_ERROR = 2


def command(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Return the function that runs a command and returns its exit code; for use as a decorator."""

    @wraps(main)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
        try:
            try:
                return main(*arguments, **options)
            finally:
                sys.stdout.flush()
        except UserError as error:
            return mistake(str(error))
        except BrokenPipeError:
            if not _nobody_reads(1):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # `| head` has seen enough
            return 0

    return run


def mistake(problem: str) -> int:
    """Tell a mistake of the user's, and return the exit code for it."""
    print(f"error: {printable(problem)}", file=sys.stderr)
    return USER_ERROR


def _nobody_reads(descriptor: int) -> bool:
    """Whether a descriptor is a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
