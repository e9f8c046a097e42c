"""A small Hydra application that knows nothing of networks, for the tests of the sweeper.

Its job counts to `steps`, a line in history.csv and a checkpoint each, and does what `mode` says on the way.
"""

import hashlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from sweeps.records.errors import UserError


class Unpicklable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("cannot be pickled")
        self.stream = sys.stdout


def check(config: dict[str, Any]) -> Iterator[str]:
    if config["steps"] < 1:
        yield f"steps = {config['steps']}: must be at least 1"


def prepare(configs: list[dict[str, Any]]) -> None:
    if any(config["x"] == -13 for config in configs):
        raise UserError("nothing to be had for x = -13")
    time.sleep(float(os.environ.get("PREPARE_S", "0")))
    print(f"prepared for {len(configs)}")


def identify(configs: list[dict[str, Any]]) -> Iterator[dict[str, Any] | None]:
    """Data are what a file beside the runs holds, if there is one; `DATA` is what the job finds in it."""
    path = Path("data.txt").absolute()
    for _ in configs:
        yield content(path) if path.exists() else None


def content(path: Path) -> dict[str, Any]:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = None if "NO_FILE" in os.environ else str(path)
    return {"name": path.name, "sha256": sha256, "file": file, "warnings": ["the data are text"]}


class Notes(Callback):
    """A Hydra callback that writes down when it is called."""

    def note(self, text: str) -> None:
        with Path(os.environ["NOTES"]).open("a") as file:
            file.write(f"{text}\n")

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        self.note("multirun start")

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        self.note("multirun end")

    def on_job_start(self, config: DictConfig, **_: Any) -> None:
        self.note("job start")

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        self.note(f"job end {job_return.status.name}")


def tell(cfg: DictConfig) -> dict[str, Any]:
    config = HydraConfig.get()
    logging.getLogger(__name__).info("hello from the log")
    return {
        "output_dir": config.runtime.output_dir,
        "where": cfg.where,
        "num": config.job.num,
        "overrides": list(config.overrides.task),
        "choice": config.runtime.choices["mode"],
        "mode": config.mode.name if config.mode else None,
        "cwd": str(Path.cwd()),
        "log": "hello from the log",
    }


def misbehave(action: str) -> Any:
    print(f"doing {action}")
    if action == "raise":
        raise ArithmeticError("the job's own mistake")
    if action == "unpicklable":
        raise Unpicklable(1, 2)
    if action == "exit":
        sys.exit(3)
    if action == "interrupt":
        raise KeyboardInterrupt
    if action == "os_exit":
        os._exit(7)
    if action == "kill":  # while it writes its record
        Path(HydraConfig.get().runtime.output_dir, ".report.json-0123abcd.tmp").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "crash":
        import ctypes

        ctypes.string_at(0)
    if action == "fill" and "ROOM" not in os.environ:
        Path(HydraConfig.get().runtime.output_dir, "big").write_bytes(b"x" * 300_000)
    if action == "orphan":
        orphan = subprocess.Popen(["sleep", "600"], start_new_session=True)  # out of its group's reach
        Path(HydraConfig.get().runtime.output_dir, "orphan").write_text(str(orphan.pid))
        time.sleep(600)
    if action == "hang":
        time.sleep(600)


def score(cfg: DictConfig) -> float:
    """A made-up accuracy: an effect of x, and chance that goes by the cell and the seed."""
    chance = random.Random(f"{cfg.x} {cfg.part.kind} {cfg.seed}").gauss(0, cfg.mode.score.spread)
    return float(0.9 + cfg.mode.score.gain * cfg.x + chance)


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> Any:
    place = Path(HydraConfig.get().runtime.output_dir)
    checkpoint, history = place / "checkpoint.json", place / "history.csv"
    if cfg.mode.action == "tell":
        return {"result": tell(cfg)}
    total, start = json.loads(checkpoint.read_text()) if checkpoint.exists() else (cfg.x, 0)
    rows = history.read_text().splitlines()[:start] if start else []
    for step in range(start, cfg.steps):
        if step == cfg.mode.at and cfg.mode.action != "plain" and not (place / "did").exists():
            if cfg.mode.once:
                (place / "did").touch()
            misbehave(cfg.mode.action)
        time.sleep(cfg.step_s)
        while "WAIT_FOR" in os.environ and not Path(os.environ["WAIT_FOR"]).exists():
            time.sleep(0.05)
        total = (total * 31 + cfg.seed + 7) % 1_000_003
        rows.append(f"{step},{total}")
        for file, text in ((history, "\n".join(rows)), (checkpoint, json.dumps([total, step + 1]))):
            draft = file.with_suffix(".tmp")
            draft.write_text(text)
            draft.replace(file)
    if "FAIL" in os.environ:
        raise ArithmeticError("told to fail")
    result: dict[str, Any] = {"final": {"total": total}}
    if "score" in cfg.mode:
        result["final"]["test_accuracy"] = score(cfg)
    if "DATA" in os.environ:
        sha256 = hashlib.sha256(os.environ["DATA"].encode()).hexdigest()
        result["dataset"] = {"name": "data.txt", "sha256": sha256}
    if cfg.mode.action == "endless":
        result["final"]["itself"] = result
    if cfg.mode.action == "diverge":
        return result | {"status": "diverged", "final": {"total": float("nan")}}
    return result


if __name__ == "__main__":
    main()
