"""What all commands do alike: a mistake is one line and exit code 2; Ctrl-C and closed pipes end them."""

import argparse
import os
import re
import select
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NoReturn, ParamSpec

from mlp_grid import interrupts, origin
from sweeps.cli.garbage import look_seldom
from sweeps.cli.near import nearest
from sweeps.cli.streams import open_streams
from sweeps.cli.version import PROJECT, version
from sweeps.records.errors import UserError
from sweeps.records.untrusted import printable

Arguments = ParamSpec("Arguments")
USER_ERROR = 2
INTERRUPTED = 128 + signal.SIGINT
COMMANDS = {
    "sweeps": "mlp-sweep",
    "sweeps.studies": "mlp-study",
    "sweeps.status": "mlp-status",
    "sweeps.runs": "mlp-runs",
    "sweeps.verify": "mlp-verify",
    "sweeps.job.inspection": "mlp-inspect",
    "reports": "mlp-report",
}


def command(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """Return the function that runs a command and returns its exit code; for use as a decorator."""

    @wraps(main)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
        interrupts.raise_again()
        open_streams()
        look_seldom()
        if line := origin.problem():
            return mistake(line)
        try:
            try:
                return main(*arguments, **options)
            finally:
                interrupts.raise_again()
                sys.stdout.flush()
        except UserError as error:
            return mistake(*error.lines, code=error.exit_code)
        except BrokenPipeError:
            if not _nobody_reads(1):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # `| head` has seen enough
            return 0
        except OSError as error:  # a full disk, a directory that may not be written to, …
            if not _is_somewhere():
                return mistake("the present directory has been removed: change to another one")
            if not error.strerror:
                raise
            return mistake(": ".join(filter(None, [str(error.filename or ""), error.strerror])))
        except KeyboardInterrupt:
            return INTERRUPTED

    return run


def parser_of(module: str, description: str | None, epilog: str | None = None) -> argparse.ArgumentParser:
    """Return a parser that names the command as it was called: as `mlp-…`, or as a module."""
    made = Parser(prog=called(module), description=description, epilog=epilog)
    made.add_argument("--version", action="version", version=f"{PROJECT} {version()}")
    return made


class Parser(argparse.ArgumentParser):
    """A parser that tells a mistake in one line, with the names that are like a wrong one."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2, without the usage, which is what --help is for."""
        sys.exit(mistake(f"{message}{self._near(message)}; --help shows what there is"))

    def _near(self, message: str) -> str:
        """Return the options or choices that are like the wrong one that argparse names."""
        if option := re.match(r"unrecognized arguments: (--[^ =]+)", message):
            return nearest(option[1], (name for name in self._option_string_actions if len(name) > 2))
        if choice := re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message):
            return nearest(choice[1], choice[2].replace("'", "").split(", "))
        return ""


def called(module: str) -> str:
    """Return what to type for a module: the installed command if this is one."""
    name, *words = module.split()
    installed = Path(sys.argv[0]).name.startswith("mlp-")
    return " ".join([COMMANDS.get(name, f"python -m {name}") if installed else f"python -m {name}", *words])


def mistake(*problems: str, code: int = USER_ERROR) -> int:
    """Print a line for each problem and return the exit code; line breaks within one are escaped."""
    for problem in problems:
        line = printable(problem).replace("\n", "\\n")
        print(f"error: {line}", file=sys.stderr)
    return code


def _is_somewhere() -> bool:
    """Return whether the present directory still exists."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _nobody_reads(descriptor: int) -> bool:
    """Return whether a descriptor is a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
