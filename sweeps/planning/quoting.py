"""Paths and other texts as OmegaConf and Hydra's command line take them: as they are, whatever is in them.

Hydra writes the working directory and the like into its `runtime` node as they are; one with `${` in its name
is then an interpolation, which fails or leads elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import DictConfig, open_dict, read_write

_PLAIN = re.compile(r"(?!\.\d)[A-Za-z_./][\w./-]*|[0-9]+[a-df-z][\w./-]*", re.ASCII)  # 1e5 and .5 are numbers
_OTHERWISE_READ = ("null", "true", "false", "nan", "inf")


def literal(text: object) -> str:
    r"""Return what a config must hold to mean this text: `${` begins an interpolation, `\${` does not."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", str(text))


def quoted(text: object) -> str:
    """Return the text as the value of an override, in quotes."""
    return QuotedString(literal(text), Quote.single).with_quotes()


def as_word(text: object) -> str:
    """Return the text as the value of an override: as it is where Hydra reads it so, otherwise in quotes."""
    word = str(text)
    return word if _PLAIN.fullmatch(word) and word.lower() not in _OTHERWISE_READ else quoted(word)


def composed(config: DictConfig) -> DictConfig:
    """Return a config that Hydra has just composed, with the places in `hydra.runtime` as they are."""
    runtime = config.hydra.runtime
    with read_write(config), open_dict(runtime):
        runtime.cwd = literal(str(Path.cwd()))
        for source in runtime.config_sources:
            source.path = literal(source._get_node("path")._value())
    return config


def set_output_dir(hydra: DictConfig, path: object) -> None:
    """Write a job's directory into the `hydra` node."""
    with read_write(hydra), read_write(hydra.runtime):
        hydra.runtime.output_dir = literal(path)
