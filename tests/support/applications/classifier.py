"""An application as people have it: nearest neighbours on iris-like flowers; accuracy, and seconds to fit.

With scikit-learn its classifier and data; without, a stand-in of the same behaviour.
"""

import time

import hydra
import numpy as np
from omegaconf import DictConfig

try:
    from sklearn.datasets import load_iris
    from sklearn.neighbors import KNeighborsClassifier
except ImportError:

    def load_iris(return_X_y: bool = True) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(0)
        y = np.repeat([0, 1, 2], 50)
        return rng.normal(size=(150, 4)) + 1.2 * y[:, None], y

    class KNeighborsClassifier:  # type: ignore[no-redef]
        def __init__(self, n_neighbors: int) -> None:
            self.k = n_neighbors

        def fit(self, x: np.ndarray, y: np.ndarray) -> None:
            self.x, self.y = x, y

        def score(self, x: np.ndarray, y: np.ndarray) -> np.floating:
            far = ((x[:, None] - self.x[None]) ** 2).sum(2)
            near = self.y[far.argsort(axis=1)[:, : self.k]]
            found = [np.bincount(row, minlength=3).argmax() for row in near]
            return np.mean(found == y)  # a NumPy scalar, as of scikit-learn


@hydra.main(version_base="1.3", config_path="conf", config_name="classifier")
def main(cfg: DictConfig) -> dict[str, float]:
    x, y = load_iris(return_X_y=True)
    order = np.random.default_rng(cfg.seed).permutation(len(y))
    train, test = order[:75], order[75:]
    model = KNeighborsClassifier(cfg.neighbours)
    started = time.perf_counter()
    model.fit(x[train] * cfg.scale, y[train])
    return {"accuracy": model.score(x[test] * cfg.scale, y[test]), "fit_s": time.perf_counter() - started}


if __name__ == "__main__":
    main()
