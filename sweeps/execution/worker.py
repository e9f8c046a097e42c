"""A worker: what a launcher runs instead of cells. It takes due units one after another until none is left.

The lock in a cell's directory decides between workers, of this sweep and of others (shift.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from sweeps.cli.streams import open_streams
from sweeps.execution.attempts import Limits
from sweeps.execution.fork_server import is_forked
from sweeps.execution.queue_on_disk import Todo
from sweeps.execution.shift import Shift
from sweeps.records import lock
from sweeps.records.layout import LOCK
from sweeps.records.process import Owner, this_process


@dataclass
class Worker:
    """What a launcher runs; called with a job's config, of which it needs nothing.

    `stop` is a file whose appearance ends the sweep, in the folder whose `lock` the sweeper holds; `sweeper`
    is the process that started it.
    """

    todo: Todo
    stop: Path
    sweeper: Owner
    limits: Limits

    def __call__(self, _: DictConfig) -> dict[str, Any]:
        """Work until nothing is due. Returns `problem`: why it had to give up, or None."""
        open_streams()
        try:
            runner = self.todo.runner(own_process=not (self.is_sweeper() or is_forked()))
        except FileNotFoundError as error:
            host = this_process().host
            return {"problem": f"{error.filename} is not there on {host}: every machine must see it"}
        parent = None if self.is_sweeper() else self.sweeper
        shift = Shift(runner, self.limits, self.is_over, parent, far=not self.sweeper.is_here())
        return {"problem": shift.work(self.todo.units())}

    def is_sweeper(self) -> bool:
        """Return whether the worker runs in the sweeper's own process."""
        return self.sweeper.is_here() and self.sweeper.pid == os.getpid()

    def is_over(self) -> bool:
        """Return whether the sweep was stopped or has died: here by its process, elsewhere by its lock."""
        if self.stop.exists():
            return True
        if self.sweeper.is_running():
            return False
        return self.sweeper.is_here() or lock.holder(self.stop.with_name(LOCK)) is None
