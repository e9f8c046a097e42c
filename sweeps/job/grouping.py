"""Which cells may be trained in lockstep: those that would see the same batches (mlp.lockstep)."""

import json
from collections.abc import Mapping
from typing import Any

FREE = ("lockstep", "save_weights", "layer_stats")
"""Keys of `training` in which cells of a group may differ."""


def group(config: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return what a valid cell has in common with those of its group, or None and why it is trained alone.

    Empty for one that is trained by itself because lockstep is off. Networks of one shape are together,
    because those are what pays (mlp.lockstep.stack).
    """
    training = config["training"]
    asked = training["lockstep"] == "auto"  # otherwise there is nothing to explain
    targets = (node["_target_"] for node in config.values() if isinstance(node, Mapping))
    if foreign := next((target for target in targets if not target.startswith("mlp.")), None):
        return None, f"{foreign} is not one of the project's own components" if asked else ""
    if not asked:
        return "", ""
    if config["optimizer"]["_target_"] == "mlp.optimizers.LBFGS":
        return None, "lbfgs takes no steps over batches"
    shared = {key: value for key, value in training.items() if key not in FREE}
    common = [config[key] for key in ("dataset", "model", "schedule", "seed")]
    return json.dumps([*common, shared], sort_keys=True), ""
