"""Networks side by side: several of one shape as one, and the proof that this changes no bit of any."""

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np

from mlp.activations import Activation
from mlp.layers import Elementwise, Entry, Layer, Linear
from mlp.lockstep.abreast import ActivationsAbreast, LossesAbreast
from mlp.losses import Loss, one_hot
from mlp.losses.loss import scratch_like
from mlp.network import Network
from mlp.workspace import Array

TRIED = 64
"""Examples, at least, that are tried with each size of batches."""


def side_by_side(networks: Sequence[Network]) -> Network:
    """Return the networks as one; each goes on as it is, its parameters and gradients a row of the one's."""
    layers: list[Layer] = []
    for kin in zip(*(network.layers for network in networks), strict=True):
        if isinstance(kin[0], Linear):
            fan_in, fan_out = kin[0].shapes["weight"]
            layers.append(type(kin[0])(fan_in, fan_out, column_major=kin[0].column_major))
        else:
            layers.append(Elementwise(ActivationsAbreast([layer.activation for layer in kin])))
    dtype = networks[0].params.dtype
    together = Network(layers, dtype, abreast=(len(networks),))
    for network, params, grads in zip(networks, together.params, together.grads, strict=True):
        np.copyto(params, network.params)
        network.live_in(params, grads)
    return together


@cache
def same_bits(
    features: int,
    widths: tuple[int, ...],
    parts: tuple[tuple[Activation | None, Loss], ...],
    sizes: tuple[int, ...],
) -> bool:
    """Tell whether networks of these widths have the same losses and gradients side by side as alone.

    parts: each network's activation and loss; sizes: of the batches. Bit by bit, on random numbers, once
    in a process. Of batches of one example it is known that NumPy adds them up in another order.
    """
    if min(sizes) == 1:
        return False
    rng = np.random.default_rng(0)
    alone, paired = ([_plain(features, widths, activation) for activation, _ in parts] for _ in range(2))
    for one, other in zip(alone, paired, strict=True):
        one.params[...] = rng.standard_normal(one.params.size, np.float32) * 0.1
        other.params[...] = one.params
    together, losses = side_by_side(paired), LossesAbreast([loss for _, loss in parts])
    for size in itertools.chain.from_iterable([size] * -(-TRIED // size) for size in sizes):
        x = rng.random((size, features), np.float32)
        targets = np.asfortranarray(one_hot(rng.integers(0, widths[-1], size), widths[-1]))
        values = _gradient(together, losses, x, targets)
        for i, (network, (_, loss)) in enumerate(zip(alone, parts, strict=True)):
            single = _gradient(network, loss, x, targets)
            if (
                values[i].tobytes() != single.tobytes()
                or together.grads[i].tobytes() != network.grads.tobytes()
            ):
                return False
    return True


def _plain(features: int, widths: tuple[int, ...], activation: Activation | None) -> Network:
    """Return a network of linear layers and this activation, in the memory order of mlp.network.MLP's."""
    layers: list[Layer] = []
    for depth, (fan_in, fan_out) in enumerate(itertools.pairwise((features, *widths))):
        is_output = depth == len(widths) - 1
        layers.append((Linear if depth else Entry)(fan_in, fan_out, column_major=is_output))
        if activation is not None and not is_output:
            layers.append(Elementwise(activation))
    return Network(layers)


def _gradient(network: Network, loss: Loss | LossesAbreast, x: Array, targets: Array) -> Array:
    """Write a batch's gradient into the network, and return the losses and their sums."""
    logits = network.forward(x, train=True)
    grad = scratch_like(logits, "grad", network.work)
    values = loss(logits, targets, grad, network.work)
    losses = np.concatenate([values, np.add.reduce(values, axis=-1, keepdims=True)], axis=-1)
    network.backward(grad)
    return losses
