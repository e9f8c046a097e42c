"""Workers as Ray tasks, on a Ray of our own on this machine or on a cluster's.

Ray does not try again on its own here: its tasks are workers, and what a lost one leaves over is launched
again by the sweeper, a bounded number of times.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from sweeps.records.errors import UserError

LOOK_S = 0.5  # between looks for ended tasks; Python handles signals then
CONNECT_S = 20.0  # for a cluster's head to answer
QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
HANDLED = (signal.SIGINT, signal.SIGTERM)


def check() -> None:
    """Raise UserError if there is no Ray here."""
    if importlib.util.find_spec("ray") is None:
        raise UserError("hydra/launcher=ray needs Ray: pip install ray")


def launch(worker: Callable[..., Any], count: int, settings: Mapping[str, Any]) -> list[JobReturn]:
    """Run `worker` in so many tasks, and return how each has ended. Cancels them all if it is interrupted."""
    import ray

    options: Any = OmegaConf.to_container(OmegaConf.create(dict(settings)), resolve=True)
    with _connected(count, options["init"]):
        task = ray.remote(**{"num_cpus": 1, "max_retries": 0} | options["remote"])(_work)
        shared = ray.put(worker)
        running = [task.remote(shared) for _ in range(count)]
        try:
            pending = running
            while pending:
                _, pending = ray.wait(pending, num_returns=len(pending), timeout=LOOK_S)
        except BaseException:
            for one in running:
                with contextlib.suppress(Exception):  # it has ended, or Ray has
                    ray.cancel(one, force=True)
            raise
        return [_result(one) for one in running]


def _work(worker: Callable[..., Any]) -> Any:
    return worker(None)


@contextlib.contextmanager
def _connected(count: int, init: Mapping[str, Any]) -> Iterator[None]:
    """Connect to Ray, or start one for so many tasks; leave or end it."""
    import ray

    if address := init.get("address"):
        _require(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
    defaults = {} if address else {"num_cpus": count}
    handlers = {number: signal.getsignal(number) for number in HANDLED}
    ray.init(**QUIET | defaults | dict(init))
    for number, handler in handlers.items():  # Ray sets its own
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, handler)
    try:
        yield
    finally:
        ray.shutdown()


def _require(address: str) -> None:
    """Raise ConnectionError if nothing listens at a host:port: Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), CONNECT_S).close()
        except OSError as error:
            raise ConnectionError(
                f"no Ray cluster answers at {address}: {error.strerror or error}"
            ) from error


def _result(reference: Any) -> JobReturn:
    """Return how a task has ended: with what its worker returned, or with an exception."""
    import ray

    try:
        return JobReturn(_return_value=ray.get(reference), status=JobStatus.COMPLETED)
    except Exception as error:  # the worker's own, or Ray's for a task that was killed or whose node has died
        why = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        print(f"Ray task lost: {why}; its cells are run again", file=sys.stderr)
        return JobReturn(_return_value=error, status=JobStatus.FAILED)
