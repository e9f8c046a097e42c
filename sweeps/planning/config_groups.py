"""Options of config groups that fill a node of their own: which they are, and with what.

Composing `activation=relu` then is composing without it and filling the node `activation` from one file. That
is so if the option's file has neither a defaults list nor another package, and if of the files that make the
rest of the config none writes into that node, nor chooses other options by this one (`${activation}`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.default_element import ResultDefault
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from sweeps.planning.config_files import files_of
from sweeps.planning.identity import has_key


@dataclass
class Options:
    """The options of a config, composed with the given overrides of Hydra's own settings."""

    loader: ConfigLoader
    config_name: str | None
    overrides: Sequence[str]
    _writers: dict[tuple[str, ...], Counter[str]] = field(default_factory=dict)
    _contents: dict[str, Any] = field(default_factory=dict)
    _sweeps: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = files_of(self.loader)

    def content(self, group: str, option: str) -> Any:
        """Return what an option's file puts into the group's node; None if it may do anything else."""
        path = f"{group}/{option}"
        if path not in self._contents:
            file = self._files.load_config(path)
            fills = file and not file.defaults_list and file.header["package"] in (None, group)
            self._contents[path] = file.config if file and fills else None
        return self._contents[path]

    def has(self, group: str, option: str, dotted: str) -> bool:
        """Return whether an option's file has a dotted key."""
        file = self._files.load_config(f"{group}/{option}")
        content: Any = OmegaConf.to_container(file.config) if file else None
        return isinstance(content, dict) and has_key(content, dotted)

    def sets_sweep(self, group: str, option: str) -> bool:
        """Return whether an option's file says what is swept, by which launcher or to where."""
        path = f"{group}/{option}"
        if path not in self._sweeps:
            file = self._files.load_config(path)
            if file and not isinstance(file.config, DictConfig):
                raise ValueError(f"{path}.yaml: must be a mapping of keys to values")
            parts = [f"hydra.{part}" for part in ("sweeper", "launcher", "sweep")]
            self._sweeps[path] = any(file and OmegaConf.select(file.config, part) for part in parts)
        return self._sweeps[path]

    def fills_alone(self, group: str, base: DictConfig, rest: tuple[str, ...]) -> bool:
        """Return whether only its option fills a group's node, in the config `base` that `rest` makes."""
        choice = base.hydra.runtime.choices.get(group)
        if group not in base or not isinstance(choice, str):
            return False
        content = self.content(group, choice)
        if content is None or OmegaConf.to_container(content) != OmegaConf.to_container(base[group]):
            return False
        return self._written_by(rest)[group] == 1

    def _written_by(self, rest: tuple[str, ...]) -> Counter[str]:
        """Return how many files write into each node; none at all if options choose other options."""
        if rest not in self._writers:
            every = [*self.overrides, *rest]
            chosen = self.loader.compute_defaults_list(self.config_name, every, RunMode.RUN)
            nodes = [self._nodes(result) for result in chosen.defaults]
            known = [keys for keys in nodes if keys is not None]
            self._writers[rest] = Counter(chain(*known)) if len(known) == len(nodes) else Counter()
        return self._writers[rest]

    def _nodes(self, result: ResultDefault) -> list[str] | None:
        """Return the nodes that a file writes into; None if that is unknown, or others depend on options."""
        file = self._files.load_config(str(result.config_path))
        if file is None or any("${" in str(vars(default)) for default in file.defaults_list or ()):
            return None
        if result.package:
            return [result.package.partition(".")[0]]
        return [str(key) for key in file.config]
