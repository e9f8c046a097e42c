"""Trained networks on disk: one .npz file of named arrays, no pickle, and the network that predicts from it.

The file holds what rebuilding needs and nothing that is run when it is read: `about`, a JSON text (format,
model, activation, sizes, scale, origin, and a SHA-256 over it all), and each layer's arrays as
`<layer>.<name>`. The rows of the first weight matrix stand in the order of the original inputs, whatever
order training kept them in.
"""

import dataclasses
import itertools
import json
import zipfile
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import IO, Any

import numpy as np

from mlp import activations
from mlp.activations import Activation
from mlp.checkpoint import digest
from mlp.datasets.labels import Label
from mlp.datasets.scaling import Scaling
from mlp.initializers import Zero
from mlp.layers import Linear
from mlp.network import MLP, Network
from mlp.workspace import Array

FORMAT = 1
PREPARED = (
    2  # the format of a file with labels or a scaling: who knows only 1 would predict from other inputs
)
OFFSET, FACTOR = "input.offset", "input.factor"
BATCH = 500
"""Rows per forward pass."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network that predicts.

    features, classes: inputs of an example, and outputs
    scale: what bytes are multiplied with to become inputs (1/255 for images)
    labels: what the classes 0, 1, … are called; None: they have no other names
    scaling: what is done to inputs then, as to those that were trained on; None: nothing
    origin: whose network it is (cell, code, data), as far as the file says
    """

    network: Network
    model: MLP
    activation: Activation
    features: int
    classes: int
    scale: float
    origin: Mapping[str, str] = dataclasses.field(default_factory=dict)
    labels: tuple[Label, ...] | None = None
    scaling: Scaling | None = None

    def scores(self, x: Array) -> Array:
        """Return the network's outputs (n, classes), before any softmax, for x (n, …).

        What follows the first axis is flattened, in the original order. Integers are bytes, and scaled as in
        training; floats are inputs as they are. Raises ValueError for other shapes and types, and for floats
        in the range of bytes where bytes were trained on.
        """
        return self.outputs(self._inputs(np.asarray(x)))

    def outputs(self, inputs: Array) -> Array:
        """Return the network's outputs (n, classes) for inputs (n, features) as it was trained on."""
        inputs = inputs.astype(self.network.params.dtype, copy=False)
        rows = [self.network.forward(part).copy() for part in batches(inputs)]
        return np.concatenate([np.empty((0, self.classes), inputs.dtype), *rows])

    def predict(self, x: Array) -> Array:
        """Return the most likely class (n,) of each example, by its label if it has one; x as in `scores`."""
        classes: Array = self.scores(x).argmax(axis=1)
        return classes if self.labels is None else np.array(self.labels)[classes]

    def _inputs(self, x: Array) -> Array:
        if x.ndim < 2 or np.prod(x.shape[1:]) != self.features:
            raise ValueError(
                f"x has shape {x.shape}: must be (examples, {self.features}), or hold as many each"
            )
        flat = x.reshape(len(x), self.features)
        if flat.dtype.kind not in "uif":
            raise ValueError(f"x is {x.dtype}: must be integers or floats")
        if flat.dtype.kind == "f" and self.scale != 1 and len(x) and abs(flat).max() > 2:
            limit = round(1 / self.scale)
            raise ValueError(
                f"x holds {flat.max():g}: must be integers from 0 to {limit}, or floats in [0, 1]"
            )
        if self.scaling is not None:
            return self.scaling(flat * self.scale if flat.dtype.kind in "ui" else flat)
        inputs: Array = flat.astype(self.network.params.dtype)
        return inputs * inputs.dtype.type(self.scale) if flat.dtype.kind in "ui" else inputs


def batches(x: Array) -> list[Array]:
    """Return the rows of x in pieces that a forward pass takes at once."""
    return [x[start : start + BATCH] for start in range(0, len(x), BATCH)]


def save(
    file: str | PathLike[str] | IO[bytes],
    network: Network,
    *,
    model: MLP,
    activation: Activation,
    columns: Array | None = None,
    scale: float = 1.0,
    labels: Sequence[Label] | None = None,
    scaling: Scaling | None = None,
    origin: Mapping[str, str] | None = None,
) -> None:
    """Write a network; `columns` (features,), `scale`, `labels` and `scaling` are those of its training data.

    `origin` names whose it is, for who loads it.
    """
    arrays = {name: array.copy() for name, array in named_arrays(network).items()}
    linear = [layer for layer in network.layers if isinstance(layer, Linear)]
    if columns is not None:
        first = arrays[first_weight(network)]
        first[columns] = first.copy()
    if scaling is not None:
        arrays |= {OFFSET: scaling.offset, FACTOR: scaling.factor}
    about: dict[str, Any] = {
        "format": FORMAT if labels is None and scaling is None else PREPARED,
        "model": described(model),
        "activation": described(activation),
        "features": linear[0].shapes["weight"][0],
        "classes": linear[-1].shapes["weight"][1],
        "scale": scale,
        "origin": dict(origin or {}),
        **({} if labels is None else {"labels": list(labels)}),
    }
    about["sha256"] = digest(arrays, about)
    entries: dict[str, Any] = {"about": np.array(json.dumps(about)), **arrays}
    np.savez(file, **entries)


def load(path: str | PathLike[str] | IO[bytes], *, activation: Activation | None = None) -> Trained:
    """Return the network that a file holds, ready to predict.

    Nothing that a file names is imported: an activation that is not one of `mlp.activations` has to be given.
    Raises ValueError for a file that is not such a network, and OSError if there is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("its arrays are compressed")
        with np.load(path, allow_pickle=False) as entries:
            arrays = dict(entries)
        about = json.loads(str(arrays.pop("about")))
        network = rebuilt(about, arrays, activation)
        require_whole(about, arrays)
        return network
    except OSError:
        raise
    except Exception as error:  # zipfile and json have many ways to say that a file is not as it should be
        raise ValueError(f"{path}: is no saved network ({error})") from error


def rebuilt(about: Mapping[str, Any], arrays: Mapping[str, Array], activation: Activation | None) -> Trained:
    """Return the network that the entries of a file describe; ValueError unless they agree."""
    if about["format"] not in (FORMAT, PREPARED):
        raise ValueError(f"its format is {about['format']}, not {FORMAT} or {PREPARED}")
    arrays = dict(arrays)
    scaling = taken_scaling(arrays, about["features"])
    if about["model"]["name"] != name_of(MLP):
        raise ValueError(f"its model is {about['model']['name']}, not {name_of(MLP)}")
    model = MLP(**parameters(about["model"]))
    features, classes, scale = about["features"], about["classes"], float(about["scale"])
    activation = activation or known_activation(about["activation"])
    require_room(sum(array.size for array in arrays.values()), features, model, classes, activation)
    network = model.build(features, classes, activation=activation, init=Zero(), seed=0)
    live = named_arrays(network)
    if {name: array.shape for name, array in live.items()} != {name: a.shape for name, a in arrays.items()}:
        raise ValueError("its arrays are not those of its model")
    for name, array in live.items():
        np.copyto(array, arrays[name], casting="same_kind")
    labels = known_labels(about.get("labels"), classes)
    return Trained(
        network, model, activation, features, classes, scale, about.get("origin", {}), labels, scaling
    )


def taken_scaling(arrays: dict[str, Array], features: int) -> Scaling | None:
    """Take the scaling out of a file's arrays, None if there is none; ValueError if it is of other inputs."""
    found = [arrays.pop(name) for name in (OFFSET, FACTOR) if name in arrays]
    if not found:
        return None
    if len(found) < 2 or any(each.shape != (features,) or each.dtype != np.float64 for each in found):
        raise ValueError("its scaling is not one of its inputs")
    return Scaling(*found)


def known_labels(labels: Any, classes: int) -> tuple[Label, ...] | None:
    """Return a file's labels; ValueError unless they are one for each class, of one kind."""
    if labels is None:
        return None
    kinds = {bool if isinstance(each, bool) else str if isinstance(each, str) else float for each in labels}
    if (
        len(set(labels)) != classes
        or len(kinds) > 1
        or not all(isinstance(e, str | int | float) for e in labels)
    ):
        raise ValueError("its labels are not one for each class")
    return tuple(labels)


def require_whole(about: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Raise ValueError unless all numbers are finite, and those that were saved (older files do not say)."""
    if any(not np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    if "sha256" in about and digest(arrays, about) != about["sha256"]:
        raise ValueError("its content is not what was saved")


def require_room(held: int, features: int, model: MLP, classes: int, activation: Activation) -> None:
    """Raise ValueError if so many numbers cannot fill the layers: no file is trusted with memory."""
    widths = (features, *model.hidden, classes)
    pieces = getattr(activation, "pieces", 0) * sum(width * width for width in model.hidden)
    if min(widths) < 1 or pieces + sum(a * b for a, b in itertools.pairwise(widths)) > held:
        raise ValueError("its arrays are smaller than its layers")


def named_arrays(network: Network) -> dict[str, Array]:
    """Return every parameter and running statistic as `<layer>.<name>`: live arrays."""
    return {
        f"{index}.{name}": array
        for index, layer in enumerate(network.layers)
        for name, array in {**getattr(layer, "params", {}), **layer.state}.items()
    }


def first_weight(network: Network) -> str:
    """Return the name of the weight matrix that the inputs meet."""
    first = next(index for index, layer in enumerate(network.layers) if isinstance(layer, Linear))
    return f"{first}.weight"


def described(component: Any) -> dict[str, Any]:
    """Return a component's name and parameters in JSON's types."""
    return {"name": name_of(type(component)), "parameters": dataclasses.asdict(component)}


def name_of(kind: type) -> str:
    """Return the dotted name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def parameters(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a described component's parameters, lists as tuples again."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in node["parameters"].items()
    }


def known_activation(node: Mapping[str, Any]) -> Activation:
    """Return the activation that a file names, if it is one of ours; ValueError if it is not."""
    kinds = [kind for kind in vars(activations).values() if isinstance(kind, type) and kind is not Activation]
    known = {name_of(kind): kind for kind in kinds if issubclass(kind, Activation)}
    if node["name"] not in known:
        raise ValueError(
            f"its activation {node['name']} is not one of mlp.activations: give it, load(path, activation=…)"
        )
    return known[node["name"]](**parameters(node))
