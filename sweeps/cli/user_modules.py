"""Where modules of the user's own are found: in the current directory, and beside their config directory."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def config_dir(arguments: Sequence[str]) -> Path | None:
    """Return the user's own config directory, if the command line names one as Hydra takes it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config-dir", "-cd", type=Path)
    try:
        given, _ = parser.parse_known_args(list(arguments))
    except (SystemExit, argparse.ArgumentError):  # without its value: Hydra says so
        return None
    folder: Path | None = given.config_dir
    return folder


def extend(folders: Iterable[Path | str]) -> None:
    """Let modules in these folders be imported, after all others: no file there replaces an installed one."""
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.append(folder)


def extend_for(arguments: Sequence[str]) -> None:
    """Let modules beside the `--config-dir` of a command line and in the current directory be imported."""
    folder = config_dir(arguments)
    extend([Path.cwd()] if folder is None else [folder.resolve().parent, Path.cwd()])
