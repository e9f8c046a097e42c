"""A real Ray cluster of two nodes on this machine, as long as a test runs; it wants to see a token."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from tests.cluster.servers import Unavailable, free_ports, wait_for

START = (sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats")
COUNT = """
import ray
ray.init("auto", log_to_driver=False, logging_level="ERROR")
print(sum(node["Alive"] for node in ray.nodes()))
"""


def check() -> None:
    """Raise Unavailable if there is no Ray."""
    if find_spec("ray") is None:
        raise Unavailable("not installed: ray")


@dataclass(frozen=True)
class Node:
    """A node of the cluster: the command that started it, which ends its servers when it ends."""

    process: "subprocess.Popen[bytes]"

    def servers(self) -> list[psutil.Process]:
        """Return every process of the node."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def die(self) -> None:
        """End the node's processes at once, as when a machine fails."""
        processes = [psutil.Process(self.process.pid), *self.servers()]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=10)
        self.process.wait()


@contextlib.contextmanager
def node(folder: Path, environment: Mapping[str, str], *options: str) -> Iterator[Node]:
    """Run a node with two cores within the body."""
    command = [*START, "--num-cpus=2", "--object-store-memory=78643200", *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    one = Node(process)
    try:
        yield one
    finally:
        if process.poll() is None:
            one.die()


@contextlib.contextmanager
def head(folder: Path) -> Iterator[dict[str, str]]:
    """Run a cluster of one node within the body; yields the environment to find it. Raises Unavailable."""
    check()
    (port,) = free_ports(1)
    address, token = f"127.0.0.1:{port}", secrets.token_hex(32)
    environment = {"RAY_ADDRESS": address, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    options = ("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder / 'ray'}")
    with node(folder, environment, *options) as one:
        wait_for(lambda: nodes(environment) == 1, f"Ray's head (see {folder / 'log'})", one.process)
        yield environment


def nodes(environment: Mapping[str, str]) -> int:
    """Return how many nodes of the cluster are alive; 0 if it does not answer."""
    command = [sys.executable, "-c", COUNT]
    try:
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, timeout=15
        )
    except subprocess.TimeoutExpired:
        return 0
    return int(done.stdout) if done.returncode == 0 else 0
