"""The application of Hydra's own examples for sweepers: a function, and all that it returns is its value."""

import hydra
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="objective")
def main(cfg: DictConfig) -> float:
    return float(1e-6 * ((cfg.x - 2) ** 2 + {"up": 1, "down": 5}[cfg.name]))


if __name__ == "__main__":
    main()
