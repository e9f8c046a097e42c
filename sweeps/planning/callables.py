"""Functions of the application's own that the settings name: how they are found, called and blamed."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweeps.records.errors import UserError


def load_callable(setting: str, dotted: str | None) -> Callable[..., Any] | None:
    """Import the function that a setting names by its dotted name. Raises UserError if there is none."""
    if dotted is None:
        return None
    module, _, name = dotted.rpartition(".")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        raise UserError(f"hydra.sweeper.{setting}={dotted}: cannot be imported ({blame(error)})") from error
    if not callable(function):
        raise UserError(
            f"hydra.sweeper.{setting}={dotted}: must be a function, not a {type(function).__name__}"
        )
    return function


def mistakes(validate: Callable[..., Any], config: Mapping[str, Any]) -> list[str]:
    """Return what an application's check says of a cell's config, a line for each mistake.

    Raises UserError if it cannot be called with a config, raises itself, or returns anything else.
    """
    lines = call("validate", lambda: _listed(validate(config)), validate)
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise UserError(f"{named('validate', validate)}: must return or yield texts, one for each mistake")
    return lines


def _listed(returned: Any) -> Any:
    """Return what a function returned or yielded as a list; nothing is an empty one, a text stays a text."""
    return returned if isinstance(returned, str) else list(() if returned is None else returned)


def call(setting: str, action: Callable[[], Any], function: Callable[..., Any]) -> Any:
    """Return what an action with an application's function returns; whatever it raises as UserError."""
    try:
        return action()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{named(setting, function)}: {blame(error)}") from error


def named(setting: str, function: Callable[..., Any]) -> str:
    """Return a setting and the function that it names, as messages begin with."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"hydra.sweeper.{setting}={function.__module__}.{name}"


def blame(error: BaseException) -> str:
    """Return an error as one line, with the file and line that it comes from unless that is here."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError):  # whose text names its file and line
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename.startswith((str(Path(__file__).parents[1]), "<frozen", importlib.__file__)):
        return text
    return f"{text} ({last.filename}:{last.lineno})"
