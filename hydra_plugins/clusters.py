"""Registers the launchers for clusters with Hydra; conf/hydra/launcher has presets: slurm, ray_local, ray.

They run the workers of the resumable sweeper, and nothing else. As in resumable.py, nothing is imported here
before it is needed: submitit and Ray are optional.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class SlurmConf:
    """The settings under `hydra.launcher` with SLURM, named as submitit and sbatch name them."""

    _target_: str = "hydra_plugins.clusters.SlurmLauncher"

    # Tasks in the job array, and at once: each is a worker that runs one cell after another. No more than the
    # cluster's MaxArraySize allows.
    array_parallelism: int = 64

    # Cells for each task, on average, at least: fewer tasks are started for a small sweep.
    min_cells: int = 4

    # A task's limit (minutes). A cell that it cuts short goes on in the next task, from its last checkpoint.
    timeout_min: int = 240

    # So long before the limit (s) a task is asked to stop, and releases its cell.
    signal_delay_s: int = 60

    cpus_per_task: int = 1
    mem_gb: float = 2

    name: str = "${hydra.job.name}"
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    exclude: str | None = None
    comment: str | None = None

    # Shell commands that a task runs first, such as `module load …`.
    setup: list[str] = field(default_factory=list)

    # Other options of sbatch, without the dashes: {mail-type: END}.
    additional_parameters: dict[str, Any] = field(default_factory=dict)

    # How a worker starts the process of its cells.
    start_method: str = "fork"


@dataclass
class RayConf:
    """What is passed on to Ray."""

    # Arguments of ray.init; without an address a Ray of our own is started on this machine, and ended.
    init: dict[str, Any] = field(default_factory=dict)

    # Options of each task, as of ray.remote. Ray itself must not try again: the sweeper does.
    remote: dict[str, Any] = field(default_factory=dict)


@dataclass
class RayLauncherConf:
    """The settings under `hydra.launcher` with Ray."""

    _target_: str = "hydra_plugins.clusters.RayLauncher"

    # Tasks at once: each is a worker that runs one cell after another. -1: one for each core of this machine.
    n_jobs: int = -1

    # Cells for each task, on average, at least: fewer tasks are started for a small sweep.
    min_cells: int = 1

    ray: RayConf = field(default_factory=RayConf)

    # How a worker starts the process of its cells: Ray's processes have threads, which do not go with fork.
    start_method: str = "spawn"


class ClusterLauncher(Launcher):
    """What the launchers share; abstract, so Hydra does not offer it."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the worker and where the command has its folder."""
        self.worker: Any = task_function
        self.folder = config.hydra.sweep.dir


class SlurmLauncher(ClusterLauncher):
    """Runs workers as one SLURM job array; see sweeps.execution.on_slurm."""

    @staticmethod
    def check(settings: Mapping[str, Any]) -> None:
        """Raise UserError if there is no submitit or no SLURM here, or it refuses these settings."""
        from sweeps.execution import slurm_commands

        slurm_commands.check(settings)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run as many workers as there are lists of overrides, and wait for their ends."""
        from sweeps.execution import on_slurm

        return on_slurm.launch(self.worker, len(job_overrides), self.folder, self.settings)


class RayLauncher(ClusterLauncher):
    """Runs workers as Ray tasks; see sweeps.execution.on_ray."""

    @staticmethod
    def check(_: Mapping[str, Any]) -> None:
        """Raise UserError if there is no Ray here."""
        from sweeps.execution import on_ray

        on_ray.check()

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run as many workers as there are lists of overrides, and wait for their ends."""
        from sweeps.execution import on_ray

        return on_ray.launch(self.worker, len(job_overrides), self.settings["ray"])


_STORE = ConfigStore.instance()
_STORE.store(group="hydra/launcher", name="slurm_workers", node=SlurmConf, provider="clusters")
_STORE.store(group="hydra/launcher", name="ray_workers", node=RayLauncherConf, provider="clusters")
