"""Settings that Hydra takes and that would change nothing here: refused or named, instead of left unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.core.default_element import GroupDefault, ResultDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import ConfigCompositionException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from sweeps.planning.config_files import files_of
from sweeps.planning.grid import refuse_twice
from sweeps.planning.identity import has_key
from sweeps.records.errors import UserError

OF_SINGLE_RUNS = "one run is a sweep of one, and hydra.sweep.dir=… names its directory"
SWEPT = ("hydra.sweeper.params", "hydra.sweeper.grids")


def refuse(config: DictConfig, loader: ConfigLoader) -> None:
    """Raise UserError for what a command line or a config file sets to no effect."""
    given = _as_written(config.hydra.overrides)["hydra"]
    texts = [text for text in given if not text.startswith("hydra.mode=")]  # which `-m` adds
    refuse_twice(texts, OverridesParser.create(loader).parse_overrides(texts))
    if lost := [text for text in texts if text.lstrip("+~").startswith("hydra.run.")]:
        raise UserError(*(f"{text}: has no effect: {OF_SINGLE_RUNS}" for text in lost))
    _refuse_several_sweeps(config, loader)
    if lost := [*_lost_overrides(config, loader, given)]:
        raise UserError(*lost)


def _refuse_several_sweeps(config: DictConfig, loader: ConfigLoader) -> None:
    """Raise UserError if several arguments choose options that say what is swept: Hydra merges them."""
    task = _as_written(config.hydra.overrides)["task"]
    parsed = OverridesParser.create(loader).parse_overrides(task)
    files = files_of(loader)
    choices = config.hydra.runtime.choices
    sweeps = [
        text
        for text, each in zip(task, parsed, strict=True)
        if isinstance(option := choices.get(each.key_or_group), str)
        and _says_what_is_swept(files, f"{each.key_or_group}/{option}")
    ]
    if len(sweeps) > 1:
        raise UserError(f"{' '.join(sweeps)}: each says what is swept; a command takes one of them")


def _says_what_is_swept(files: ConfigRepository, path: str) -> bool:
    file = files.load_config(path)
    content: Any = OmegaConf.to_container(file.config, resolve=False) if file else None
    return isinstance(content, dict) and any(has_key(content, key) for key in SWEPT)


def _as_written(node: DictConfig) -> dict[str, Any]:
    """Return a node with interpolations as texts: an argument may hold one that only a cell resolves."""
    plain: Any = OmegaConf.to_container(node, resolve=False)
    return plain  # type: ignore[no-any-return]


def _lost_overrides(config: DictConfig, loader: ConfigLoader, given: list[str]) -> Iterator[str]:
    """Yield a line for each `override /group: option` of a file that the main config's own has beaten."""
    parser = OverridesParser.create(loader)
    overrides = [*given, *_as_written(config.hydra.overrides)["task"]]
    parsed = parser.parse_overrides(overrides)
    typed = {override.key_or_group for override in parsed}
    pairs = list(zip(overrides, parsed, strict=True))
    fixed = [text for text, each in pairs if not each.is_sweep_override()]
    name = config.hydra.job.config_name
    try:
        every = loader.compute_defaults_list(name, fixed, RunMode.RUN).defaults
    except ConfigCompositionException:  # a group that must be chosen, and is swept
        fixed = [_first_value(each) if each.is_discrete_sweep() else text for text, each in pairs]
        every = loader.compute_defaults_list(name, fixed, RunMode.RUN).defaults
    files = files_of(loader)
    for result in every:
        for group, option in _overrides_of(result, files):
            chosen = config.hydra.runtime.choices.get(group)
            if group not in typed and chosen is not None and option != chosen:
                yield (
                    f"{result.config_path}.yaml: override /{group}: {option}: has no effect, because "
                    f"{config.hydra.job.config_name}.yaml says {chosen}; {group}={option} as an argument has"
                )


def _first_value(swept: Override) -> str:
    """Return the override of a sweep's first value."""
    return f"{swept.get_key_element()}={next(iter(swept.sweep_string_iterator()))}"


def _overrides_of(result: ResultDefault, files: ConfigRepository) -> Iterator[tuple[str, Any]]:
    """Yield group and option of each absolute override in a file's defaults list, but the main config's."""
    file = None if result.primary or not result.config_path else files.load_config(result.config_path)
    for default in (file.defaults_list or ()) if file else ():
        if (
            isinstance(default, GroupDefault)
            and default.override
            and str(default.group).startswith("/")
            and isinstance(default.value, str)
            and "$" not in default.value
        ):
            yield str(default.group).lstrip("/"), default.value
