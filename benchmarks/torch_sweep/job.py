"""One PyTorch job: train and test a network on MNIST, write result.json into Hydra's output directory."""

import itertools
import json
from pathlib import Path

import hydra
import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS = {
    "selu": nn.SELU,
    "swish": nn.SiLU,
    "relu": nn.ReLU,
    "gelu": lambda: nn.GELU(approximate="tanh"),
}


def mse(logits: Tensor, y: Tensor) -> Tensor:
    return (logits - functional.one_hot(y, logits.shape[1])).square().sum(dim=1).mean()


def hinge(logits: Tensor, y: Tensor) -> Tensor:
    return functional.multi_margin_loss(logits, y, margin=5.0) * logits.shape[1]


def focal(logits: Tensor, y: Tensor) -> Tensor:
    ce = functional.cross_entropy(logits, y, reduction="none")
    return (0.1 * (1 - torch.exp(-ce)) ** 2 * ce).mean()


LOSSES = {"mse": mse, "softmax_ce": functional.cross_entropy, "hinge": hinge, "focal": focal}


def examples(folder: Path, name: str) -> tuple[Tensor, Tensor]:
    pixels = np.fromfile(folder / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(folder / f"{name}-labels-idx1-ubyte", np.uint8, offset=8)
    return torch.from_numpy(pixels).reshape(-1, 784) / 255, torch.from_numpy(labels).long()


def network(hidden: list[int], activation: str) -> nn.Sequential:
    widths = [784, *hidden]
    modules: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        modules += [nn.Linear(fan_in, fan_out), ACTIVATIONS[activation]()]
    return nn.Sequential(*modules, nn.Linear(widths[-1], 10))


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(x).argmax(dim=1) == y).float().mean())


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    torch.manual_seed(cfg.seed)
    (x_train, y_train), (x_test, y_test) = (examples(Path(cfg.data), name) for name in ("train", "t10k"))
    model = network(list(cfg.hidden), cfg.activation)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=cfg.lr, momentum=cfg.momentum, weight_decay=cfg.weight_decay
    )
    for _ in range(cfg.epochs):
        for rows in torch.randperm(len(x_train)).split(cfg.batch_size):
            loss = LOSSES[cfg.loss](model(x_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        test_accuracy = accuracy(model, x_test, y_test)
    result = Path(HydraConfig.get().runtime.output_dir, "result.json")
    result.write_text(json.dumps({"test_accuracy": test_accuracy}), encoding="utf-8")


if __name__ == "__main__":
    main()
