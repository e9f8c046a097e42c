"""Saved networks: what is loaded predicts as what was trained, from inputs in their original order."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlp
from mlp import activations, saved
from mlp.activations import Activation, Maxout, ReLU
from mlp.datasets.data import Data
from mlp.datasets.order import reordered
from mlp.initializers import He
from mlp.losses import SoftmaxCE
from mlp.network import MLP
from mlp.optimizers import SGD
from mlp.training import Training
from mlp.workspace import Array, Workspace
from sweeps.job.components import Components

FEATURES, CLASSES = 36, 3


class Bytes:
    """A data set of small images, its columns reordered as those of MNIST are."""

    def load(self) -> Data:
        rng = np.random.default_rng(0)
        y = rng.integers(0, CLASSES, 300)
        bright = rng.random(FEATURES) < 0.7
        x = np.clip(rng.normal(60.0 * y[:, None], 40.0, (300, FEATURES)), 0, 255) * bright
        x = x.astype(np.uint8)
        data = Data(x[:200], y[:200], x[200:], y[200:], 1 / 255, CLASSES, "")
        return reordered(data)


def trained(data: Data, model: MLP, activation: Activation, **training: Any) -> Any:
    from mlp.schedules import Constant

    options = Training(**({"epochs": 2, "batch_size": 20} | training))
    parts = Components(
        activation,
        SoftmaxCE(),
        model,
        He(),
        SGD(lr=0.05),
        Constant(),
        Bytes(),  # type: ignore[arg-type]
        options,
        1,
    )
    run = parts.trainer(data)
    run.run()
    return run


def logits(run: Any) -> Array:
    outputs: Array = run.network.forward(run.test.x * run.test.scale)
    return outputs


def save(path: Path, run: Any, data: Data, model: MLP, activation: Activation) -> None:
    saved.save(path, run.network, model=model, activation=activation, columns=data.columns, scale=data.scale)


@pytest.mark.parametrize(
    ("model", "activation"),
    [
        (MLP(hidden=()), ReLU()),
        (MLP(hidden=(12,)), activations.LeakyReLU(negative_slope=0.2)),
        (MLP(hidden=(8, 8), dropout=0.2, batch_norm=True, residual=True), activations.Swish()),
        (MLP(hidden=(8, 5)), Maxout(pieces=3)),
    ],
    ids=["linear", "one", "everything", "maxout"],
)
def test_a_loaded_network_gives_the_outputs_of_the_trained_one(
    model: MLP, activation: Activation, tmp_path: Path
) -> None:
    data = Bytes().load()
    run = trained(data, model, activation)
    save(tmp_path / "weights.npz", run, data, model, activation)
    loaded = mlp.load(tmp_path / "weights.npz")
    raw = data.original(data.x_test)
    np.testing.assert_allclose(loaded.scores(raw), logits(run), rtol=1e-4, atol=1e-4)
    assert (loaded.model, loaded.activation) == (model, activation)
    images = raw.reshape(-1, 6, 6)
    assert np.array_equal(loaded.predict(images), loaded.predict(raw))
    np.testing.assert_allclose(loaded.scores(raw / 255), loaded.scores(raw), rtol=1e-4, atol=1e-4)
    assert loaded.predict(raw[:0]).shape == (0,)


def test_the_file_holds_no_pickle_and_its_first_weights_are_in_the_original_order(tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(12,))
    run = trained(data, model, ReLU())
    save(tmp_path / "weights.npz", run, data, model, ReLU())
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as arrays:
        about, weight = json.loads(str(arrays["about"])), arrays["0.weight"]
        assert set(arrays) == {"about", "0.weight", "0.bias", "2.weight", "2.bias"}
    assert about["activation"] == {"name": "mlp.activations.rectifiers.ReLU", "parameters": {}}
    live = run.network.layers[0].params["weight"]
    assert data.columns is not None
    assert not np.array_equal(data.columns, np.arange(FEATURES))
    np.testing.assert_array_equal(weight[data.columns], live)


def test_inputs_that_mean_something_else_are_refused(tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(4,))
    save(tmp_path / "w.npz", trained(data, model, ReLU()), data, model, ReLU())
    loaded = mlp.load(tmp_path / "w.npz")
    raw = data.original(data.x_test)
    for wrong, said in (
        (raw[0], "has shape"),
        (raw[:, 1:], "has shape"),
        (raw.astype(float), "integers from 0 to 255, or floats"),
        (raw.astype("U3"), "integers or floats"),
    ):
        with pytest.raises(ValueError, match=said):
            loaded.scores(wrong)


class Cube(Activation):
    """An activation of a user's own."""

    def __call__(self, z: Array, value: Array, slope: Array, work: Workspace) -> None:
        np.power(z, 3, out=value)
        slope[...] = 3 * z * z


def test_an_activation_that_is_not_ours_is_not_imported_but_given(tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(4,))
    save(tmp_path / "w.npz", trained(data, model, Cube()), data, model, Cube())
    with pytest.raises(ValueError, match="give it, load"):
        mlp.load(tmp_path / "w.npz")
    assert mlp.load(tmp_path / "w.npz", activation=Cube()).predict(data.x_test).shape == (100,)


def change(path: Path, **about: Any) -> Path:
    with np.load(path) as arrays:
        entries = dict(arrays)
    entries["about"] = np.array(json.dumps(json.loads(str(entries["about"])) | about))
    np.savez(path, **entries)
    return path


@pytest.mark.parametrize(
    "about",
    [
        {"format": 2},
        {"features": 10**12},
        {"features": "36"},
        {"classes": 4},
        {"model": {"name": "os.system", "parameters": {"command": "touch harm"}}},
        {"model": {"name": "mlp.network.MLP", "parameters": {"hidden": [10**9, 10**9]}}},
        {"model": {"name": "mlp.network.MLP", "parameters": {"hidden": [5]}}},
        {"model": {"name": "mlp.network.MLP", "parameters": [4]}},
        {"scale": 10**400},
        {"activation": {"name": "os.system", "parameters": {}}},
        {"activation": {"name": "mlp.activations.maxout.Maxout", "parameters": {"pieces": 10**9}}},
    ],
    ids=str,
)
def test_a_file_that_lies_about_itself_is_refused(about: dict[str, Any], tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(4,))
    save(tmp_path / "w.npz", trained(data, model, ReLU()), data, model, ReLU())
    with pytest.raises(ValueError, match=r"w\.npz: is no saved network"):
        mlp.load(change(tmp_path / "w.npz", **about))


def test_a_wrong_byte_in_the_directory_of_a_file_is_told_as_all_else(tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(4,))
    save(tmp_path / "w.npz", trained(data, model, ReLU()), data, model, ReLU())
    whole = (tmp_path / "w.npz").read_bytes()
    for place in range(whole.rindex(b"PK\x01\x02"), len(whole)):
        (tmp_path / "w.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :])
        with suppress(ValueError, OSError):
            mlp.load(tmp_path / "w.npz")


def test_files_that_are_no_saved_networks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    np.savez_compressed(tmp_path / "bomb.npz", about=np.zeros(1_000_000))
    np.savez(tmp_path / "pickled.npz", about=np.array({"code": 1}, dtype=object))
    for name in ("text", "bomb", "pickled"):
        with pytest.raises(ValueError, match="is no saved network"):
            mlp.load(tmp_path / f"{name}.npz")
    with pytest.raises(FileNotFoundError):
        mlp.load(tmp_path / "missing.npz")


def test_a_network_that_is_not_the_one_that_was_saved_is_refused(tmp_path: Path) -> None:
    data, model = Bytes().load(), MLP(hidden=(12,))
    run = trained(data, model, ReLU())
    path, origin = tmp_path / "w.npz", {"cell": "0123456789ab"}
    saved.save(path, run.network, model=model, activation=ReLU(), origin=origin)
    assert mlp.load(path).origin == origin
    with np.load(path) as archive:
        entries = dict(archive)
    for changed, said in (
        (entries["0.weight"] * 2, "its content is not what was saved"),
        (entries["0.weight"] * np.nan, "not finite"),
    ):
        np.savez(path, **entries | {"0.weight": changed})
        with pytest.raises(ValueError, match=said):
            mlp.load(path)
    about = json.loads(str(entries["about"]))
    for key in ("sha256", "origin"):  # as the first version wrote it
        del about[key]
    np.savez(path, **entries | {"about": np.array(json.dumps(about))})
    assert mlp.load(path).origin == {}
