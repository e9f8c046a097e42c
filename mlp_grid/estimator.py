"""What an estimator needs of scikit-learn, where that is installed; else the least of it, by hand."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from mlp.workspace import Array

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
except ImportError:
    BaseEstimator = None


class Plain:
    """Parameters by name, as scikit-learn's estimators have them."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of the constructor."""
        names = [name for name in inspect.signature(type(self)).parameters if name != "self"]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **values: Any) -> Any:
        """Set parameters. Raises ValueError for an unknown one."""
        known = self.get_params()
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name}: must be one of {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = {name: each.default for name, each in inspect.signature(type(self)).parameters.items()}
        changed = [f"{k}={v!r}" for k, v in self.get_params().items() if v is not defaults[k]]
        return f"{type(self).__name__}({', '.join(changed)})"


HAS_SKLEARN = BaseEstimator is not None
BASES: tuple[type, ...] = (Plain,) if BaseEstimator is None else (ClassifierMixin, BaseEstimator)


def checked(estimator: Any, X: Any, y: Any) -> tuple[Array, Array]:
    """Return X (n, features) as floats and y (n,); ValueError for what cannot be learned from."""
    if BaseEstimator is None:
        x, y = _floats(X), np.asarray(y)
        if y.shape != (len(x),):
            raise ValueError(f"y has shape {y.shape}: must be ({len(x)},), a label for each example")
        estimator.n_features_in_ = x.shape[1]
        return x, y
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d, validate_data

    x, y = validate_data(estimator, X, y, dtype=np.float64, multi_output=True)
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    return x, y


def checked_examples(estimator: Any, X: Any) -> Array:
    """Return X (n, features) as floats; ValueError unless they are as those that were learned from."""
    if BaseEstimator is not None:
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(estimator)
        x: Array = validate_data(estimator, X, dtype=np.float64, reset=False)
        return x
    if not hasattr(estimator, "classes_"):
        raise ValueError("this classifier is not fitted yet: call fit first")
    x = _floats(X)
    if x.shape[1] != estimator.n_features_in_:
        raise ValueError(f"X has {x.shape[1]} features: must have {estimator.n_features_in_}, as in fit")
    return x


def _floats(X: Any) -> Array:
    x = np.asarray(X, np.float64)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        raise ValueError(f"X has shape {x.shape}: must be (examples, features), all of them finite numbers")
    return x


def labels_of(y: Array) -> tuple[Array, Array]:
    """Return the distinct labels (classes,), sorted, and the place among them of each label (n,)."""
    classes, places = np.unique(y, return_inverse=True)
    return classes, places


def is_single(classes: Array) -> bool:
    """Whether there is nothing to tell apart."""
    return len(classes) == 1
