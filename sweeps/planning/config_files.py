"""The config files of an application, each read once in a command.

Hydra reads them all, with the YAML parser that is written in Python, for each thing that it is asked: to
compose, to list what a config is made of, to say which options a group has.
"""

from __future__ import annotations

import copy
import pickle
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.errors import ConfigCompositionException
from hydra.plugins.config_source import ConfigResult


class ConfigFiles(ConfigRepository):
    """Hydra's repository, which remembers what it has read; each caller gets a copy of its own to change."""

    def initialize_sources(self, config_search_path: ConfigSearchPath) -> None:
        """Look into these places, and know nothing of what is there."""
        super().initialize_sources(config_search_path)
        self._read: dict[str, bytes] = {}

    def load_config(self, config_path: str) -> ConfigResult | None:
        """Return the content of a file; None if there is none. Raises Hydra's errors."""
        if config_path not in self._read:
            self._read[config_path] = pickle.dumps(self._load(config_path))
        content: ConfigResult | None = pickle.loads(self._read[config_path])
        return content

    def _load(self, config_path: str) -> ConfigResult | None:
        try:
            return super().load_config(config_path)
        except OSError as error:
            if error.errno is not None:
                raise
            # OmegaConf's word for a number or a truth value that is all there is
            message = f"{config_path}.yaml: must be a mapping of keys to values"
            raise ConfigCompositionException(message) from error

    def __deepcopy__(self, _: Any) -> ConfigFiles:
        """Return one that shares what was read; Hydra makes a copy to look into other places with it."""
        return copy.copy(self)


def files_of(loader: ConfigLoader) -> ConfigRepository:
    """Return the config files that a loader composes from, and let it read each of them once from now on."""
    if not isinstance(loader, ConfigLoaderImpl):
        return ConfigFiles(loader.get_search_path())
    if not isinstance(loader.repository, ConfigFiles):
        loader.repository = ConfigFiles(loader.get_search_path())
    return loader.repository
