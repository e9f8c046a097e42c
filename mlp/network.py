"""The network: a chain of layers over one flat parameter vector, and the `model` config that builds it."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import DTypeLike

from mlp.activations import Activation, Maxout
from mlp.initializers import Initializer
from mlp.layers import BatchNorm, Dropout, Elementwise, Entry, Fork, Join, Layer, Linear
from mlp.layers import Maxout as MaxoutLayer
from mlp.randomness import Stream, generator
from mlp.ranges import BelowOne, Checked, Flag, Range, is_integer
from mlp.workspace import Array, Workspace, zeros


class Network:
    """Layers applied in turn; `params` and `grads` are flat vectors, weight matrices first.

    The first `weights` entries of the vectors are the weight matrices, the ones that weight decay shrinks;
    biases and the like come after them.

    abreast: (n,) makes n networks of these layers side by side: vectors (n, parameters), batches (n, batch,
    width) but for the inputs, which they share; only for layers that can do that (mlp.lockstep)
    """

    def __init__(
        self, layers: Sequence[Layer], dtype: DTypeLike = np.float32, *, abreast: tuple[int, ...] = ()
    ) -> None:
        self.layers = list(layers)
        self._backward = self.layers[:0:-1]
        self.work = Workspace(dtype)
        shapes = [(i, name, shape) for i, layer in enumerate(layers) for name, shape in layer.shapes.items()]
        self._shapes = sorted(shapes, key=lambda entry: not entry[1].startswith("weight"))  # stable
        sizes = {entry: math.prod(entry[2]) for entry in shapes}
        self.weights = sum(size for (_, name, _), size in sizes.items() if name.startswith("weight"))
        vectors = (*abreast, sum(sizes.values()))
        self.live_in(zeros(vectors, dtype), zeros(vectors, dtype))

    def live_in(self, params: Array, grads: Array) -> None:
        """Keep parameters and gradients in these vectors from now on; what they hold is what counts."""
        self.params, self.grads = params, grads
        views: list[tuple[dict[str, Array], dict[str, Array]]] = [({}, {}) for _ in self.layers]
        start = 0
        for i, name, shape in self._shapes:
            end = start + math.prod(shape)
            for vector, view in zip((params, grads), views[i], strict=True):
                view[name] = vector[..., start:end].reshape(*vector.shape[:-1], *shape)
            start = end
        for layer, (params_view, grads_view) in zip(self.layers, views, strict=True):
            layer.bind(params_view, grads_view, self.work)

    def forward(self, x: Array | tuple[Array, ...], *, train: bool = False) -> Array:
        """Map x (batch, features), whole or in blocks, to logits (batch, classes), kept until the next."""
        for layer in self.layers:
            x = layer.forward(x, train=train)
        assert not isinstance(x, tuple)
        return x

    def backward(self, delta: Array) -> None:
        """Write dL/d(params) to `grads`, given delta = dL/d(logits) (batch, classes) of the last forward."""
        for layer in self._backward:
            delta = layer.backward(delta)
        self.layers[0].backward(delta, first=True)

    def state(self) -> dict[str, Array]:
        """Return what is learned without a gradient, by name: live arrays, for checkpoints."""
        return {
            f"{i}.{name}": array for i, layer in enumerate(self.layers) for name, array in layer.state.items()
        }


Widths = Annotated[
    tuple[int, ...],
    Range(
        "a list of integers >= 1 ([] is the linear model)",
        lambda value: isinstance(value, tuple) and all(is_integer(width) and width >= 1 for width in value),
    ),
]


@dataclass(frozen=True)
class MLP(Checked):
    """A multilayer perceptron: features → hidden widths → classes.

    hidden: widths of the hidden layers; [] is the linear model
    dropout: share of hidden units zeroed in training, in [0, 1)
    batch_norm: normalise each hidden layer before its activation
    residual: add the output of each hidden layer to that of the next wherever the two widths agree
    """

    hidden: Widths = (128,)
    dropout: BelowOne = 0.0
    batch_norm: Flag = False
    residual: Flag = False

    def build(
        self,
        features: int,
        classes: int,
        *,
        activation: Activation,
        init: Initializer,
        seed: int,
        columns: Array | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Network:
        """Return the network with its initial parameters.

        With `columns` (features,), input j of the network is the original input columns[j]: the weights are
        drawn in the original order, so that the order changes nothing but rounding.

        Every layer draws from a stream of its own (seed, its depth), so that two networks of one seed
        start from the same weights wherever their shapes agree.
        """
        layers: list[Layer] = []
        for depth, (fan_in, fan_out) in enumerate(itertools.pairwise((features, *self.hidden, classes))):
            kind, is_output = Linear if depth else Entry, depth == len(self.hidden)
            linear = kind(fan_in, fan_out, column_major=is_output)  # as the losses like it
            residual = self.residual and depth > 0 and fan_in == fan_out
            layers += [linear] if is_output else self._hidden_block(linear, activation, residual)
        network = Network(layers, dtype)
        depth = 0
        for layer in layers:
            depth += isinstance(layer, Linear)
            rng = generator(seed, Stream.WEIGHTS, depth, part=int(isinstance(layer, MaxoutLayer)))
            layer.initialize(init, activation, rng)
        if columns is not None:
            first = next(layer for layer in layers if isinstance(layer, Linear)).params["weight"]
            first[...] = first[columns]
        return network

    def _hidden_block(self, linear: Linear, activation: Activation, residual: bool) -> list[Layer]:
        block: list[Layer] = [linear]
        width = linear.shapes["bias"][0]
        if self.batch_norm:
            block.append(BatchNorm(width))
        if isinstance(activation, Maxout):
            block.append(MaxoutLayer(width, activation))
        else:
            block.append(Elementwise(activation))
        if self.dropout:
            block.append(Dropout(self.dropout))
        if residual:
            fork = Fork()
            block = [fork, *block, Join(fork)]
        return block
