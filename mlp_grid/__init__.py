"""The public import name: read results, build reports, use trained networks, write components of your own.

What stands in `__all__` is the API. Each name is imported when it is first used, so `import mlp_grid` alone
loads neither NumPy nor pandas nor Hydra.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlp.activations import Activation
    from mlp.datasets import Data, Dataset, DatasetError, Dimensions
    from mlp.initializers import Initializer
    from mlp.losses import Loss
    from mlp.optimizers import Optimizer, State
    from mlp.ranges import (
        BelowOne,
        Count,
        CountOrZero,
        Flag,
        NotNegative,
        Number,
        Positive,
        UnitInterval,
        UpToOne,
        one_of,
        optional,
    )
    from mlp.saved import Trained
    from mlp.saved import load as load_network
    from mlp.schedules import Schedule
    from mlp.workspace import Array, Workspace
    from mlp_grid.classifier import MLPClassifier
    from mlp_grid.results import SweepResults, load, report
    from mlp_grid.sweeping import sweep
    from reports.runs.results import Results
    from sweeps.cli.python314 import accept_hydras
    from sweeps.records.errors import UserError
    from sweeps.records.plan import Plan
    from sweeps.records.record import Record
    from sweeps.records.strategy import Step, with_setting

__all__ = [
    "Activation",
    "Array",
    "BelowOne",
    "Count",
    "CountOrZero",
    "Data",
    "Dataset",
    "DatasetError",
    "Dimensions",
    "Flag",
    "Initializer",
    "Loss",
    "MLPClassifier",
    "NotNegative",
    "Number",
    "Optimizer",
    "Plan",
    "Positive",
    "Record",
    "Results",
    "Schedule",
    "State",
    "Step",
    "SweepResults",
    "Trained",
    "UnitInterval",
    "UpToOne",
    "UserError",
    "Workspace",
    "accept_hydras",
    "load",
    "load_network",
    "one_of",
    "optional",
    "report",
    "sweep",
    "with_setting",
]

_MODULES = {
    "mlp.activations": ("Activation",),
    "mlp.datasets": ("Data", "Dataset", "DatasetError", "Dimensions"),
    "mlp.initializers": ("Initializer",),
    "mlp.losses": ("Loss",),
    "mlp.optimizers": ("Optimizer", "State"),
    "mlp.ranges": (
        *("BelowOne", "Count", "CountOrZero", "Flag", "NotNegative", "Number", "Positive"),
        *("UnitInterval", "UpToOne", "one_of", "optional"),
    ),
    "mlp.saved": ("Trained", "load_network"),
    "mlp.schedules": ("Schedule",),
    "mlp.workspace": ("Array", "Workspace"),
    "mlp_grid.classifier": ("MLPClassifier",),
    "mlp_grid.results": ("SweepResults", "load", "report"),
    "mlp_grid.sweeping": ("sweep",),
    "reports.runs.results": ("Results",),
    "sweeps.cli.python314": ("accept_hydras",),
    "sweeps.records.errors": ("UserError",),
    "sweeps.records.plan": ("Plan",),
    "sweeps.records.record": ("Record",),
    "sweeps.records.strategy": ("Step", "with_setting"),
}
_CALLED_THERE = {"load_network": "load"}


def __getattr__(name: str) -> Any:
    """Import a public name. Raises ImportError if what it would come from is another distribution's."""
    module = next((module for module, names in _MODULES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mlp_grid.origin import problem

    if line := problem(module):
        raise ImportError(line)
    value = globals()[name] = getattr(import_module(module), _CALLED_THERE.get(name, name))
    return value


def __dir__() -> list[str]:
    return __all__
