"""Registers the launcher for this machine with Hydra: `hydra/launcher: local`, the default.

As in resumable.py, nothing is imported here before it is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LocalConf:
    """The settings under `hydra.launcher` on this machine."""

    _target_: str = "hydra_plugins.local.LocalLauncher"

    # Workers at once: each runs one cell after another. -1: one for each core of this machine.
    n_jobs: int = -1


class LocalLauncher(Launcher):
    """Forks workers from the sweeper's process server; through joblib where there is none.

    See sweeps.execution.fork_server. Jobs of other sweepers than the resumable one always go through joblib.
    """

    forks = True

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what joblib's launcher would be told."""
        self.context, self.worker, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run as many workers as there are lists of overrides, and wait for their ends."""
        from sweeps.execution import fork_server

        if (server := fork_server.present()) is not None:
            return server.launch(self.worker, len(job_overrides))
        from hydra_plugins.hydra_joblib_launcher.joblib_launcher import JoblibLauncher

        joblib = JoblibLauncher(n_jobs=self.n_jobs)
        joblib.setup(hydra_context=self.context, task_function=self.worker, config=self.config)
        jobs: Sequence[JobReturn] = joblib.launch(job_overrides, initial_job_idx)
        return jobs


ConfigStore.instance().store(group="hydra/launcher", name="local_workers", node=LocalConf, provider="local")
