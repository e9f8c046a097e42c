"""From overrides to a cell's config, as Hydra composes it, without paying 40 ms for every cell.

Hydra reads the defaults list and its files anew for each composition. Here that is done once; options of
config groups (`activation=relu`) then fill their nodes, where that is all they do, and plain values
(`optimizer.lr=0.1`) are set on a copy, as Hydra does in its own last step. Whatever is not a plain value, and
everything that stands before it, goes through Hydra; so does everything, if setting a value fails, for the
sake of Hydra's own error message.

What was composed is kept pickled: that is four times faster to copy than a config, small, and travels to the
workers with the composer, so that they compose nothing at all.
"""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from hydra._internal.config_loader_impl import get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, flag_override, open_dict
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.config_groups import Options
from sweeps.planning.quoting import composed


class Composer:
    """Composes cells of the sweep whose own config is `master`; every cell gets a config of its own."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self.loader = loader
        self.master = master
        self.parser = OverridesParser.create(config_loader=loader)
        self.options = Options(loader, master.hydra.job.config_name, self._hydra_overrides())
        self._parsed: dict[str, Override] = {}
        self._groups: dict[str, bool] = {}
        self._composed: dict[tuple[str, ...], bytes] = {}
        self._tasks: dict[tuple[str, ...], tuple[bytes, dict[str, Any]]] = {}
        self._alone: dict[tuple[str, tuple[str, ...]], bool] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Travel without what does not pickle."""
        return {**self.__dict__, "parser": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state
        self.parser = OverridesParser.create(config_loader=self.loader)

    def parse(self, override: str) -> Override:
        """Parse one override, as written on a command line. Raises Hydra's OverrideParseException."""
        if override not in self._parsed:
            self._parsed[override] = self.parser.parse_overrides([override])[0]
        return self._parsed[override]

    def full(self, overrides: Sequence[str]) -> DictConfig:
        """Compose a cell's config with its `hydra` node: equal to Hydra's own load_sweep_config."""
        first, values = self._split(overrides)
        config: DictConfig = pickle.loads(self._base(first))
        try:
            _set(config, values)
        except OmegaConfBaseException:
            return self._load(overrides)
        self._describe(config, [self.parse(override) for override in overrides])
        OmegaConf.copy_cache(from_config=self.master, to_config=config)
        return config

    def task(self, overrides: Sequence[str]) -> tuple[DictConfig, dict[str, Any]]:
        """Compose what a cell's job sees, without the `hydra` node; also the option chosen of each group."""
        first, values = self._split(overrides)
        content, choices = self._task(first)
        task: DictConfig = pickle.loads(content)
        try:
            _set(task, values)
        except OmegaConfBaseException:
            task = without_hydra(self._load(overrides))
        OmegaConf.copy_cache(from_config=self.master, to_config=task)
        return task, choices

    def is_group(self, key: str) -> bool:
        """Return whether the key names a config group."""
        if key not in self._groups:
            options = self.loader.get_group_options(key, results_filter=None, **self._where())
            self._groups[key] = bool(options)
        return self._groups[key]

    def knows(self, key: str) -> bool:
        """Return whether a key names a config group, or a dotted key that an option of its group has."""
        parts = key.split(".")
        groups = (("/".join(parts[:n]), ".".join(parts[n:])) for n in range(1, len(parts)))
        return self.is_group(key) or any(
            self.options.has(group, option, rest)
            for group, rest in groups
            for option in self.loader.get_group_options(group, results_filter=None, **self._where())
        )

    def sets_sweep(self, override: Override) -> bool:
        """Return whether an override chooses an option that sets the sweep, other than the one that did."""
        group, option = override.key_or_group, override.value()
        if not (isinstance(option, str) and self.is_group(group) and self.options.sets_sweep(group, option)):
            return False
        return bool(self.master.hydra.runtime.choices.get(group) != option)

    def no_option(self, override: Override) -> str:
        """Return that a group is given what is the name of none of its options: a number, null; or ""."""
        group, option = override.key_or_group, override.value()
        if override.is_delete() or isinstance(option, str | list) or not self.is_group(group):
            return ""
        options = self.loader.get_group_options(group, **self._where())
        return f"{override.input_line}: no such option; {group} is one of {', '.join(options)}"

    def merged(self, override: Override) -> str:
        """Return why options chosen together are no choice: of what both set, the last one counts; or ""."""
        group, options = override.key_or_group, override.value()
        if not (isinstance(options, list) and len(options) > 1 and self.is_group(group)):
            return ""
        contents = [self.options.content(group, str(option)) or {} for option in options]
        keys = [{str(key) for key in content} for content in contents]
        if not any(one & other for one, other in itertools.combinations(keys, 2)):
            return ""
        each = ",".join(map(str, options))
        return f"{override.input_line}: would merge these options into one (did you mean {group}={each}?)"

    def _where(self) -> dict[str, Any]:
        return {"config_name": self.master.hydra.job.config_name, "overrides": self._hydra_overrides()}

    def _load(self, overrides: Sequence[str]) -> DictConfig:
        return composed(self.loader.load_sweep_config(self.master, list(overrides)))

    def _hydra_overrides(self) -> list[str]:
        texts: Any = OmegaConf.to_container(self.master.hydra.overrides.hydra, resolve=False)
        return list(texts)

    def _split(self, overrides: Sequence[str]) -> tuple[tuple[str, ...], list[Override]]:
        """Split into what Hydra composes (groups, and all up to the last unusual one) and plain values."""
        parsed = [self.parse(text) for text in overrides]
        groups = [self.is_group(override.key_or_group) for override in parsed]
        odd = [i for i, override in enumerate(parsed) if not groups[i] and not _is_plain(override)]
        last = odd[-1] if odd else -1
        first = tuple(text for i, text in enumerate(overrides) if groups[i] or i <= last)
        return first, [override for i, override in enumerate(parsed) if not groups[i] and i > last]

    def _base(self, overrides: tuple[str, ...]) -> bytes:
        """Return a whole config, `hydra` node included, pickled."""
        if overrides not in self._composed:
            filling, rest = self._filling(overrides)
            config = pickle.loads(self._base(rest)) if filling else self._load(overrides)
            self._fill(config, filling)
            with flag_override(config, ["struct", "readonly"], False):
                config.hydra.runtime.choices.update(filling)
            self._composed[overrides] = pickle.dumps(config)
        return self._composed[overrides]

    def _task(self, overrides: tuple[str, ...]) -> tuple[bytes, dict[str, Any]]:
        """Return what a job sees of a config, pickled, and the option chosen of each group."""
        if overrides not in self._tasks:
            filling, rest = self._filling(overrides)
            if filling:
                content, choices = self._task(rest)
                config: DictConfig = pickle.loads(content)
                self._fill(config, filling)
            else:
                config = pickle.loads(self._base(overrides))
                choices = _choices(config)
                without_hydra(config)
            self._tasks[overrides] = pickle.dumps(config), choices | filling
        return self._tasks[overrides]

    def _fill(self, config: DictConfig, filling: Mapping[str, str]) -> None:
        """Fill the node of each group with its option's content."""
        with flag_override(config, ["struct", "readonly"], False):
            for group, option in filling.items():
                config[group] = self.options.content(group, option)

    def _filling(self, overrides: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the options, by group, that do no more than to fill their nodes, and what else there is."""
        texts = {self.parse(text).key_or_group: text for text in overrides if self._fills(text)}
        rest = tuple(text for text in overrides if text not in texts.values())
        touched = {self.parse(text).key_or_group.partition(".")[0] for text in rest}
        if not texts or touched & texts.keys() or not all(self._fills_alone(group, rest) for group in texts):
            return {}, overrides
        return {group: str(self.parse(text).value()) for group, text in texts.items()}, rest

    def _fills_alone(self, group: str, rest: tuple[str, ...]) -> bool:
        """Return whether nothing but its option fills a group's node beside these overrides."""
        if (group, rest) not in self._alone:
            try:
                base: DictConfig = pickle.loads(self._base(rest))
            except (HydraException, OmegaConfBaseException):
                return False  # Hydra's own message is of all overrides: what it proposes must be there
            self._alone[group, rest] = self.options.fills_alone(group, base, rest)
        return self._alone[group, rest]

    def _fills(self, text: str) -> bool:
        """Return whether an override chooses an option that only fills the node of its group."""
        override = self.parse(text)
        group, option = override.key_or_group, override.value()
        if not (_is_plain(override) and self.is_group(group) and isinstance(option, str)):
            return False
        return self.options.content(group, option) is not None

    def _describe(self, config: DictConfig, overrides: list[Override]) -> None:
        """Tell the config which overrides made it, as Hydra's loader does."""
        task = [override for override in overrides if not override.is_hydra_override()]
        config.hydra.overrides.task = [override.input_line for override in task]
        dirname = config.hydra.job.config.override_dirname
        with open_dict(config.hydra):
            config.hydra.job.override_dirname = get_overrides_dirname(
                overrides=task,
                kv_sep=dirname.kv_sep,
                item_sep=dirname.item_sep,
                exclude_keys=dirname.exclude_keys,
            )


def without_hydra(config: DictConfig) -> DictConfig:
    """Remove the `hydra` node in place, as Hydra does before it calls a job."""
    with open_dict(config):
        OmegaConf.set_readonly(config, False)
        del config["hydra"]
    return config


def _choices(config: DictConfig) -> dict[str, Any]:
    """Return the application's config groups and the option chosen of each, without Hydra's own groups."""
    chosen: Any = OmegaConf.to_container(config.hydra.runtime.choices)
    return {group: option for group, option in chosen.items() if not group.startswith("hydra/")}


def _is_plain(override: Override) -> bool:
    """Return whether an override that is not of a group only sets a value of the application's config."""
    return (
        override.type is OverrideType.CHANGE
        and override.package is None
        and not override.is_hydra_override()
        and not override.is_sweep_override()
    )


def _set(config: DictConfig, values: list[Override]) -> None:
    for override in values:
        OmegaConf.update(config, override.key_or_group, override.value(), merge=True)
