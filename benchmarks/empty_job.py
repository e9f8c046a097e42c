"""An application whose job does nothing: what its sweeps take is the sweeper's own work."""

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

ConfigStore.instance().store(
    name="config",
    node={
        "defaults": ["_self_", {"override hydra/sweeper": "resumable"}, {"override hydra/launcher": "basic"}],
        "x": 0,
        "hydra": {"mode": "MULTIRUN", "output_subdir": None, "sweeper": {"name": ["x"]}},
    },
)


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(_: DictConfig) -> None:
    """Do nothing."""


if __name__ == "__main__":
    main()
