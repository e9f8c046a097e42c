"""MLPClassifier: every component here behind scikit-learn's interface, with and without scikit-learn."""

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlp_grid import Activation, MLPClassifier
from mlp_grid.classifier import CONF, GROUPS
from mlp_grid.estimator import HAS_SKLEARN

ROOT = Path(__file__).parents[2]
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]


def moons() -> tuple[Any, Any]:
    """Two arcs that no line tells apart."""
    rng = np.random.default_rng(0)
    angle = np.pi * rng.random(400)
    upper = np.arange(400) % 2 == 0
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)), np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack(x, axis=1) + rng.normal(scale=0.1, size=(400, 2))
    return points, np.where(upper, "upper", "lower")


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_trains(group: str, option: str) -> None:
    x, y = moons()
    settings: dict[str, Any] = {group: option, "epochs": 30, "batch_size": 20, "random_state": 0}
    model = MLPClassifier((16,), **settings).fit(x, y)
    hopeless = option in ("zero", "normal", "inverse_time", "identity", "adagrad")
    assert model.score(x, y) > (0.4 if hopeless else 0.75)


def test_what_is_learned_is_the_same_for_one_seed_and_survives_pickling() -> None:
    x, y = moons()
    one, two = (MLPClassifier(epochs=5, dropout=0.2, batch_norm=True, random_state=3).fit(x, y) for _ in "ab")
    assert np.array_equal(one.predict_proba(x), two.predict_proba(x))
    assert np.array_equal(pickle.loads(pickle.dumps(one)).predict_proba(x), one.predict_proba(x))
    other = MLPClassifier(epochs=5, random_state=4).fit(x, y)
    assert not np.array_equal(other.predict_proba(x), one.predict_proba(x))


def test_rows_are_predicted_alike_alone_and_among_others() -> None:
    x, y = moons()
    model = MLPClassifier(epochs=5, random_state=0).fit(x, y)
    alone = np.concatenate([model.predict_proba(row[None]) for row in x[:20]])
    np.testing.assert_allclose(alone, model.predict_proba(x)[:20], rtol=1e-12)


@pytest.mark.parametrize("loss", ["softmax_ce", "bce", "focal", "kldiv", "nll"])
def test_probabilities_add_up_and_agree_with_the_classes(loss: str) -> None:
    x, y = moons()
    model = MLPClassifier(loss=loss, epochs=5, random_state=0).fit(x, y)
    shares = model.predict_proba(x)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (model.classes_[shares.argmax(axis=1)] == model.predict(x)).all()


def test_a_loss_without_probabilities_has_none() -> None:
    x, y = moons()
    with pytest.raises(AttributeError, match="the loss Hinge trains no probabilities"):
        MLPClassifier(loss="hinge", epochs=1).fit(x, y).predict_proba(x)


def test_patience_stops_early() -> None:
    x, y = moons()
    model = MLPClassifier(epochs=200, patience=3, random_state=0).fit(x, y)
    assert model.n_iter_ < 200
    assert len(model.loss_curve_) == model.n_iter_


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"activation": "rel"}, r"activation = 'rel': must be one of elu, .*, or an object \(Activation\)"),
        ({"optimizer": 3}, "optimizer = 3: must be one of adagrad"),
        ({"epochs": 0}, "epochs = 0"),
        ({"hidden": (0,)}, "hidden"),
        ({"lr": -1.0}, "lr = -1"),
        ({"optimizer": "sgd", "lr": 1e30, "batch_size": 10}, "training diverged: .* scale the inputs"),
    ],
)
def test_what_cannot_be_trained_is_an_error_that_says_why(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        MLPClassifier(**settings).fit(*moons())


def test_components_of_ones_own_are_taken() -> None:
    from mlp.activations import Swish

    model = MLPClassifier(activation=Swish(beta=2.0), epochs=2, random_state=0)
    assert isinstance(model.activation, Activation)
    x, y = moons()
    assert np.array_equal(pickle.loads(pickle.dumps(model.fit(x, y))).predict(x), model.predict(x))


def test_without_scikit_learn_it_is_a_plain_class() -> None:
    code = """
import sys; sys.modules["sklearn"] = None; sys.modules["sklearn.base"] = None
import numpy as np
from mlp_grid import MLPClassifier
model = MLPClassifier(epochs=3).set_params(epochs=2)
assert model.get_params()["epochs"] == 2 and repr(model) == "MLPClassifier(epochs=2)", repr(model)
x = np.eye(4)
for wrong in (lambda: model.predict(x), lambda: model.fit(x[0], [1]), lambda: model.fit(x, [1, 2])):
    try: wrong()
    except ValueError as error: print(error)
assert model.fit(x, [0, 1, 0, 1]).predict(x).shape == (4,)
assert model.fit(x, [1, 1, 1, 1]).predict(x).tolist() == [1, 1, 1, 1]
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert "not fitted yet" in done.stdout


@pytest.mark.skipif(not HAS_SKLEARN, reason="needs scikit-learn: make test-trackers")
@pytest.mark.filterwarnings("ignore")  # of what the checks do on purpose
def test_scikit_learns_own_checks_of_an_estimator() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(MLPClassifier())


@pytest.mark.skipif(not HAS_SKLEARN, reason="needs scikit-learn: make test-trackers")
def test_it_stands_in_pipelines_and_searches() -> None:
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = moons()
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((16,), batch_size=20, random_state=0))
    grid = {"mlpclassifier__activation": ["relu", "gelu"], "mlpclassifier__epochs": [1, 30]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search = GridSearchCV(pipeline, grid, cv=3).fit(x, y)
    assert search.best_params_["mlpclassifier__epochs"] == 30
    assert search.best_score_ > 0.8
