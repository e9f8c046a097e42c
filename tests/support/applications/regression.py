"""An application as people have it: a line by gradient descent; its rmse, the less the better, and a curve.

With a step that is too large the numbers overflow, and what is returned is not finite; a penalty below 0 is
an error of its own.
"""

from pathlib import Path

import hydra
import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path="conf", config_name="regression")
def main(cfg: DictConfig) -> dict[str, float]:
    if cfg.penalty < 0:
        raise ValueError(f"penalty is {cfg.penalty}")
    rng = np.random.default_rng(cfg.seed)
    x = rng.normal(size=(60, 3))
    y = 100 * x @ [3, -2, 1] + rng.normal(size=60)
    weights, rows = np.zeros(3), ["iteration,rmse,step size"]
    with np.errstate(all="ignore"):
        for iteration in range(0, 400, 10):
            for _ in range(10):
                weights -= cfg.step * (x[:40].T @ (x[:40] @ weights - y[:40]) / 40 + cfg.penalty * weights)
            rmse = float(np.sqrt(np.mean((x[40:] @ weights - y[40:]) ** 2)))
            rows.append(f"{iteration + 10},{rmse},{cfg.step}")
    folder = Path(HydraConfig.get().runtime.output_dir)
    folder.joinpath("history.csv").write_text("\n".join(rows) + "\n")
    return {"rmse": rmse, "largest weight": float(np.abs(weights).max())}


if __name__ == "__main__":
    main()
