"""Layers: each maps a batch forward and its loss gradient backward, in buffers that are allocated once.

A layer names the shapes of its parameters; the network owns one flat vector for all of them and lends each
layer views into it (`bind`), so that an optimiser updates every parameter of the network at once.

Linear, Entry and Elementwise serve networks side by side as well (mlp.lockstep): then parameters and batches
have one axis more, the first, which counts the networks, and every product is made for each of them.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy import add, matmul, multiply, subtract

from mlp import activations
from mlp.activations import Activation
from mlp.initializers import Initializer
from mlp.workspace import Array, Workspace


class Layer:
    """A step of the network. Subclasses name parameter shapes and map batches (batch, width) both ways."""

    shapes: dict[str, tuple[int, ...]]
    """Parameter shapes by name; weight matrices are named `weight…` and are the ones that decay."""

    def __init__(self, **shapes: tuple[int, ...]) -> None:
        self.shapes = shapes
        self.state: dict[str, Array] = {}
        """What is learned without a gradient (running statistics): kept in checkpoints, not in the vector."""

    def bind(self, params: dict[str, Array], grads: dict[str, Array], work: Workspace) -> None:
        """Take the views of the network's flat vectors that hold this layer's parameters and gradients."""
        self.params, self.grads, self.work = params, grads, work
        self.kept = Workspace(work.dtype)

    def initialize(self, init: Initializer, activation: Activation, rng: np.random.Generator) -> None:
        """Set the initial parameters; layers without parameters have nothing to set."""

    def forward(self, x: Any, *, train: bool) -> Array:
        """Map x (batch, in) to (batch, out); x may be overwritten."""
        raise NotImplementedError

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Write parameter gradients and return dL/dx, given delta = dL/d(output); delta may be overwritten.

        The first layer of a network need not return dL/dx: nobody asks for it.
        """
        raise NotImplementedError


class Linear(Layer):
    """z = x W + b, with W (fan_in, fan_out) and b (fan_out,).

    column_major: the memory order of z, in which sums over few columns run along the many rows
    """

    def __init__(self, fan_in: int, fan_out: int, *, column_major: bool = False) -> None:
        super().__init__(weight=(fan_in, fan_out), bias=(fan_out,))
        self.column_major = column_major

    def initialize(self, init: Initializer, activation: Activation, rng: np.random.Generator) -> None:
        """Draw W, set b to zero."""
        fan_in, fan_out = self.shapes["weight"]
        self.params["weight"][...] = init(fan_in, fan_out, rng=rng, activation=activation)
        self.params["bias"][...] = 0.0

    def bind(self, params: dict[str, Array], grads: dict[str, Array], work: Workspace) -> None:
        """Take the views, and make those that every step needs."""
        super().bind(params, grads, work)
        self.bias = params["bias"][..., np.newaxis, :]
        self.transposed = params["weight"].mT
        self.outputs: dict[int, Array] = {}
        self.ones: dict[int, Array] = {}

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return x W + b."""
        self.x = x
        z = self.output(x.shape[-2])
        matmul(x, self.params["weight"], z)
        add(z, self.bias, z)
        return z

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return dL/dx = delta Wᵀ; by the same chain rule dL/dW = xᵀ delta and dL/db = Σ_batch delta."""
        matmul(self.x.mT, delta, self.grads["weight"])
        self.add_up(delta)
        if first:
            return delta
        return matmul(delta, self.transposed, self.kept("dx", self.x.shape))

    def add_up(self, delta: Array) -> None:
        """Write dL/db: a product with ones sums columns faster than `sum(axis=0)` does."""
        batch = delta.shape[-2]
        ones = self.ones.get(batch)
        if ones is None:
            ones = self.ones[batch] = _ones(batch, delta.dtype)
        matmul(ones, delta, self.grads["bias"])

    def output(self, batch: int) -> Array:
        """Return the array for z (batch, fan_out), the same one for every batch of this size."""
        z = self.outputs.get(batch)
        if z is None:
            *networks, width = self.params["bias"].shape
            shape = (width, batch) if self.column_major else (batch, width)
            memory = self.kept("z", (*networks, *shape))
            z = self.outputs[batch] = memory.mT if self.column_major else memory
        return z


class Entry(Linear):
    """The first Linear, whose x comes in blocks of columns (mlp.batches), or whole.

    A block covers the first so many rows, those below are zero there; and so is x in columns beyond the last
    block. Zeros add nothing to x W nor to xᵀ delta: those products are left out.
    """

    def bind(self, params: dict[str, Array], grads: dict[str, Array], work: Workspace) -> None:
        """Take the views, and forget the parts of earlier ones."""
        super().bind(params, grads, work)
        self.parts: dict[tuple[int, int], tuple[Array, Array]] = {}
        self.rests: dict[int, Array] = {}

    def forward(self, x: Array | tuple[Array, ...], *, train: bool) -> Array:
        """Return x W + b, the sum of each block's product with its rows of W."""
        first, *others = self.blocks = x if isinstance(x, tuple) else (x,)
        batch, end = first.shape
        z = self.output(batch)
        matmul(first, self.part(0, end)[0], z)
        for block in others:
            (rows, columns), start = block.shape, end
            end = start + columns
            part, above = self.work("part", z.shape)[..., :rows, :], z[..., :rows, :]
            matmul(block, self.part(start, end)[0], part)
            add(above, part, above)
        add(z, self.bias, z)
        return z

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Write dL/dW = xᵀ delta block by block, and dL/db = Σ_batch delta; nobody asks for dL/dx."""
        end = 0
        for block in self.blocks:
            (rows, columns), start = block.shape, end
            end = start + columns
            matmul(block.T, delta[..., :rows, :], self.part(start, end)[1])
        self.rest(end).fill(0)
        self.add_up(delta)
        return delta

    def part(self, start: int, end: int) -> tuple[Array, Array]:
        """Return these rows of W and of dL/dW: views, which take 0.2 µs each, made once."""
        part = self.parts.get((start, end))
        if part is None:
            weight, grad = self.params["weight"], self.grads["weight"]
            part = self.parts[start, end] = weight[..., start:end, :], grad[..., start:end, :]
        return part

    def rest(self, start: int) -> Array:
        """Return the bytes of dL/dW from this row on: bytes are filled more than twice as fast as floats."""
        rest = self.rests.get(start)
        if rest is None:
            rest = self.rests[start] = self.grads["weight"][..., start:, :].view(np.uint8)
        return rest


class Elementwise(Layer):
    """A layer that applies an activation; value and slope are computed together, on the way forward."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.activation = activation

    def bind(self, params: dict[str, Array], grads: dict[str, Array], work: Workspace) -> None:
        """Take the views, and forget the arrays of earlier ones."""
        super().bind(params, grads, work)
        self.value = self.slope = np.empty(0, work.dtype)

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return f(x), and keep f'(x) for the way back; x is overwritten."""
        if self.value.shape != x.shape:
            self.value, self.slope = self.kept("value", x.shape), self.kept("slope", x.shape)
        self.activation(x, self.value, self.slope, self.work)
        return self.value

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return dL/dx = delta · f'(x)."""
        self.activation.backward(delta, self.value, self.slope, self.work)
        return delta


class Maxout(Layer):
    """h = max_k (x W_k + b_k), with k maps width → width (Goodfellow et al. 2013, Maxout Networks)."""

    def __init__(self, width: int, activation: activations.Maxout) -> None:
        pieces = activation.pieces
        super().__init__(weight=(pieces, width, width), bias=(pieces, width))
        self.activation = activation

    def initialize(self, init: Initializer, activation: Activation, rng: np.random.Generator) -> None:
        """Draw each W_k, set each b_k to zero."""
        pieces, fan_in, fan_out = self.shapes["weight"]
        for piece in range(pieces):
            self.params["weight"][piece] = init(fan_in, fan_out, rng=rng, activation=activation)
        self.params["bias"][...] = 0.0

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return the largest piece of each unit, and keep each piece's share in it."""
        self.x = x
        pieces, width = self.shapes["bias"]
        z = self.kept("z", (pieces, len(x), width))
        matmul(x, self.params["weight"], z)
        z += self.params["bias"][:, np.newaxis]
        value, self.slope = self.kept("value", x.shape), self.kept("slope", z.shape)
        self.activation(z, value, self.slope, self.work)
        return value

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Send delta back through the piece that won; the others get nothing."""
        weight, dx = self.params["weight"], self.kept("dx", self.x.shape)
        dx[...] = 0.0
        for piece, weight_k in enumerate(weight):
            won = self.work("won", delta.shape)
            multiply(delta, self.slope[piece], won)
            matmul(self.x.T, won, out=self.grads["weight"][piece])
            matmul(_ones(len(delta), delta.dtype), won, out=self.grads["bias"][piece])
            dx += matmul(won, weight_k.T, out=self.work("dx", dx.shape))
        return dx


class Dropout(Layer):
    """Zeroes each unit with probability `rate` in training and scales the rest by 1 / (1 - rate).

    Inverted dropout: evaluation needs no scaling (Srivastava et al. 2014).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.rng = np.random.default_rng(0)

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return x with units zeroed by a new mask in training, x itself at evaluation."""
        if train:
            self.mask = self.kept("mask", x.shape)
            self.rng.random(out=self.mask, dtype=self.mask.dtype.type)
            np.greater_equal(self.mask, self.rate, out=self.mask)
            self.mask *= 1.0 / (1.0 - self.rate)
            x = multiply(x, self.mask, out=self.kept("value", x.shape))
        return x

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return delta through the same mask."""
        delta *= self.mask
        return delta


class BatchNorm(Layer):
    """y = gamma x̂ + beta, x̂ = (x - mean) / √(var + 1e-5), over the batch (Ioffe & Szegedy 2015).

    Running statistics (share 0.1 of each new batch; the variance unbiased) replace the batch's at evaluation.
    A batch of one row has no spread, and nothing could be learned from it: ValueError, in training.
    Backward, with n rows: dL/dx = gamma / (n √(var + eps)) · (n delta - Σ delta - x̂ Σ delta x̂).
    """

    eps, momentum = 1e-5, 0.1

    def __init__(self, width: int) -> None:
        super().__init__(gamma=(width,), beta=(width,))

    def bind(self, params: dict[str, Array], grads: dict[str, Array], work: Workspace) -> None:
        """Take the views, and start the running statistics at mean 0, variance 1."""
        super().bind(params, grads, work)
        width = self.shapes["gamma"]
        self.state = {"mean": np.zeros(width, work.dtype), "variance": np.ones(width, work.dtype)}

    def initialize(self, init: Initializer, activation: Activation, rng: np.random.Generator) -> None:
        """Start as the identity: gamma 1, beta 0."""
        self.params["gamma"][...] = 1.0
        self.params["beta"][...] = 0.0

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return gamma x̂ + beta, by the batch's statistics in training, the running ones at evaluation."""
        if train:
            if len(x) == 1:
                raise ValueError("batch normalisation needs batches of at least 2 rows to train on")
            mean, variance = x.mean(axis=0), x.var(axis=0)
            self._update_running(mean, variance, len(x))
        else:
            mean, variance = self.state["mean"], self.state["variance"]
        self.inverse_std = 1.0 / np.sqrt(variance + self.eps)
        self.normal = self.kept("normal", x.shape)
        subtract(x, mean, out=self.normal)
        self.normal *= self.inverse_std
        multiply(self.normal, self.params["gamma"], x)
        x += self.params["beta"]
        return x

    def _update_running(self, mean: Array, variance: Array, rows: int) -> None:
        unbiased = variance * (rows / (rows - 1))
        self.state["mean"] += self.momentum * (mean - self.state["mean"])
        self.state["variance"] += self.momentum * (unbiased - self.state["variance"])

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return dL/dx: delta less its mean and its projection on x̂, since both statistics depend on x."""
        rows = len(delta)
        scaled = multiply(delta, self.normal, out=self.work("scaled", delta.shape))
        np.sum(scaled, axis=0, out=self.grads["gamma"])
        np.sum(delta, axis=0, out=self.grads["beta"])
        multiply(self.normal, self.grads["gamma"] / rows, scaled)
        delta -= self.grads["beta"] / rows
        delta -= scaled
        delta *= self.params["gamma"] * self.inverse_std
        return delta


class Fork(Layer):
    """Where a residual connection leaves: passes x on, and hands it to its Join (He et al. 2016)."""

    skipped: Array

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return x, and keep it for the Join."""
        self.x = x
        return x

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return delta plus what came back over the connection."""
        delta += self.skipped
        return delta


class Join(Layer):
    """Where a residual connection arrives: y = x + (what the Fork saw); the gradient goes both ways."""

    def __init__(self, fork: Fork) -> None:
        super().__init__()
        self.fork = fork

    def forward(self, x: Array, *, train: bool) -> Array:
        """Return x plus what the Fork saw."""
        return add(x, self.fork.x, out=self.kept("value", x.shape))

    def backward(self, delta: Array, *, first: bool = False) -> Array:
        """Return delta, and send a copy of it over the connection."""
        self.fork.skipped = self.kept("skipped", delta.shape)
        self.fork.skipped[...] = delta
        return delta


@cache
def _ones(rows: int, dtype: np.dtype[Any]) -> Array:
    """Ones (rows,), for sums over a batch: see Linear.add_up."""
    ones = np.ones(rows, dtype)
    ones.flags.writeable = False
    return ones
