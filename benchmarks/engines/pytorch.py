"""PyTorch, eager and compiled: the loop that studies are measured with, too."""

from benchmarks.engine import Engine
from benchmarks.engines.own import components
from benchmarks.task import Task
from sweeps.job.measured.torch_run import TorchRun


class PyTorch(TorchRun, Engine):
    """nn.Sequential of nn.Linear and nn.GELU(approximate="tanh"), optim.SGD(fused=True)."""

    def __init__(self, task: Task) -> None:
        super().__init__(components(task))


class PyTorchCompiled(TorchRun, Engine):
    """The same loop, the network and its loss through torch.compile."""

    def __init__(self, task: Task) -> None:
        super().__init__(components(task), compiled=True)
