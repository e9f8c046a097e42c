"""`python -m sweeps [overrides]`: one run, or as many as the overrides list, or a sweep by name."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from mlp_grid import interrupts
from sweeps.cli import user_modules
from sweeps.cli.command import command, mistake
from sweeps.cli.garbage import lasting
from sweeps.cli.version import PROJECT, version

if TYPE_CHECKING:
    from omegaconf import DictConfig

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
MULTIRUN = ("--multirun", "-m")
OWN_MODE = "-r --run -h --help --hydra-help -c --cfg -i --info -sc --shell-completion"

REFUSED = {
    "hydra.mode=RUN": "must be MULTIRUN; a single run is a sweep of one",
    "--experimental-rerun": "must be left out; the same command again runs what is missing",
}


@command
def main() -> int:
    """Run the command line; each mistake in it is one line, and the exit code 2."""
    if {"--help", "-h"} & set(sys.argv[1:]):
        from sweeps.job import help_text

        print(help_text.text(user_modules.config_dir(sys.argv[1:])))
        return 0
    if "--version" in sys.argv[1:]:
        print(PROJECT, version())
        return 0
    for words, why in REFUSED.items():
        if any(argument.partition("=")[0] == words or argument == words for argument in sys.argv[1:]):
            return mistake(f"{words}: {why}")
    user_modules.extend_for(sys.argv[1:])
    for name in ONE_THREAD:  # before NumPy is imported: later it has no effect
        os.environ.setdefault(name, "1")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument not in MULTIRUN]  # never needed
    if not any(argument.partition("=")[0] in OWN_MODE.split() for argument in sys.argv[1:]):
        sys.argv.append(MULTIRUN[0])
    return _run()


def _run() -> int:
    """Hand over to Hydra. What it cannot read or compose is a mistake; errors of what it calls are not."""
    interrupts.end_at_once()  # until the sweeper begins
    with lasting():
        from hydra._internal import config_loader_impl
        from hydra._internal.hydra import Hydra
        from hydra.errors import HydraException, OverrideParseException
        from omegaconf.errors import OmegaConfBaseException

        from sweeps.cli import python314
        from sweeps.job.main import main as run
        from sweeps.planning.config_files import ConfigFiles
        from sweeps.planning.hydra_errors import one_line
        from sweeps.planning.typed import without_spaces
        from sweeps.records.errors import UserError

    python314.accept_hydras()
    config_loader_impl.ConfigRepository = ConfigFiles  # type: ignore[attr-defined]  # which reads each file once
    if line := without_spaces(sys.argv[1:], _default_config() if _has_spaces(sys.argv[1:]) else None):
        return mistake(line)
    if MULTIRUN[0] in sys.argv:
        # Hydra would compose the config once more than it needs, to see which mode that asks for.
        Hydra.get_mode = lambda *_, **__: None  # type: ignore[method-assign]
    argparse.ArgumentParser.error = _refuse  # type: ignore[method-assign, assignment]  # Hydra's shows its usage, on 7 lines
    try:
        run()
    except OverrideParseException as error:
        return mistake(one_line(error) + _instead_of_word(error.override))
    except (HydraException, OmegaConfBaseException, UserError) as error:
        return mistake(one_line(error))
    except UnicodeDecodeError as error:
        return mistake(_undecodable(error) or one_line(error))
    except Exception as error:
        if isinstance(error, OSError) or _reached_the_sweeper(error):
            raise
        return mistake(_with_argument(one_line(error)))
    return 0


def _refuse(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    from sweeps.planning.typed import instead_of_flag

    words = sys.argv[1:]
    flags = [word for word in message.partition(": ")[2].split() if word.startswith("-") and word in words]
    for flag in flags[:1] if message.startswith("unrecognized") else ():
        after = words[words.index(flag) + 1 :][:1]
        value = "".join(word for word in after if "=" not in word and not word.startswith("-"))
        message += instead_of_flag(flag, value, _default_config())
    sys.exit(mistake(f"{message} (--help shows what there is; options stand before all key=value)"))


def _instead_of_word(override: str) -> str:
    """Return what to type for a word that has no `=` and is no option; "" if nothing is like it."""
    from sweeps.planning.typed import instead_of_flag
    from sweeps.planning.unparsable import options_meant

    if override.startswith("-"):
        flag, _, value = override.partition(" ")
        return instead_of_flag(flag, value.strip(), _default_config())
    return "" if {"=", ":"} & set(override) else options_meant(override, _options())


def _options() -> dict[str, list[str]]:
    """Return the options of each of the config groups here."""
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    with initialize_config_module("conf", version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        groups = [name for name in loader.list_groups("") if name != "hydra"]
        return {name: loader.get_group_options(name) for name in groups}


def _has_spaces(words: Sequence[str]) -> bool:
    """Whether a `=` begins or ends a word, or has a space beside it: all that is right has none."""
    return any(re.search(r"^=|=$|\s=|=\s", word) for word in words)


def _default_config() -> DictConfig | None:
    """Return the config of this application without any argument; None if it does not compose."""
    from hydra import compose, initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    try:
        GlobalHydra.instance().clear()
        with initialize_config_module("conf", version_base="1.3"):
            return compose("config")
    except Exception:  # what is wrong with it is said by Hydra
        return None


def _reached_the_sweeper(error: Exception) -> bool:
    """Return whether an error comes from behind Hydra's front, where it would be a fault of ours."""
    return any(frame.name in ("sweep", "launch") for frame in traceback.extract_tb(error.__traceback__))


def _undecodable(error: UnicodeDecodeError) -> str:
    """Return which of the user's own config files is no text, and where; empty if none of them is it."""
    folder = user_modules.config_dir(sys.argv[1:])
    for path in sorted(folder.rglob("*.yaml")) if folder else ():
        before, found, _ = path.read_bytes().partition(error.object)
        if found:
            line = (before + found[: error.start]).count(b"\n") + 1
            return f"{path}:{line}: must be UTF-8 text ({error.reason}, 0x{found[error.start]:02x})"
    return ""


def _with_argument(text: str) -> str:
    """Return what Hydra says, with the argument that it is about where Hydra itself does not name it."""
    if text.startswith("Config group override"):  # of `loss=null`, `loss=1`
        odd = [
            argument
            for argument in sys.argv[1:]
            if re.fullmatch(r"[^.=]*=(null|true|false|[\d.]+)", argument)
        ]
        return f"{' '.join(odd)}: {text}"
    long = [argument for argument in sys.argv[1:] if re.search(r"\d{4301}", argument)]
    if text.startswith("Exceeds the limit") and long:
        return f"{long[0][:40]}…: must be a number of at most 4,300 digits"
    return text


if __name__ == "__main__":
    sys.exit(main())
