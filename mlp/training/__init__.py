"""The training of a network: its config, the run in progress, and what it is worth after each epoch."""

from mlp.training.config import Training
from mlp.training.evaluation import EVALUATION_BATCH, evaluate, l2_norm, layer_stats
from mlp.training.trainer import Divergence, Trainer

__all__ = ["EVALUATION_BATCH", "Divergence", "Trainer", "Training", "evaluate", "l2_norm", "layer_stats"]
