"""How many workers are launched, and what a launcher needs: sweeps.execution.launch."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf

from sweeps.execution.capacity import worker_count
from sweeps.execution.checks import check_launcher, check_workers
from sweeps.execution.directory import at_work, command_folder
from sweeps.execution.jobs import Job
from sweeps.execution.launch import Launch
from sweeps.planning.settings import Settings
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN
from sweeps.records.record import write_record


def count(launcher: dict[str, int | None], due: int, workers: int | None = None) -> int:
    return worker_count(OmegaConf.create({"hydra": {"launcher": launcher}}), workers, due)


@pytest.mark.parametrize(
    ("launcher", "due", "expected"),
    [
        ({}, 10, 1),
        ({"n_jobs": 4}, 10, 4),
        ({"n_jobs": 4}, 3, 3),
        ({"array_parallelism": 64, "min_cells": 4}, 1000, 64),
        ({"array_parallelism": 64, "min_cells": 4}, 96, 24),
        ({"array_parallelism": 64, "min_cells": 4}, 97, 25),
        ({"array_parallelism": 64, "min_cells": 4}, 3, 1),
        ({"n_jobs": 8, "min_cells": None}, 5, 5),
    ],
)
def test_as_many_workers_as_the_launcher_offers_and_the_cells_are_worth(
    launcher: dict[str, int | None], due: int, expected: int
) -> None:
    assert count(launcher, due) == expected


def test_the_sweepers_own_setting_wins() -> None:
    assert count({"array_parallelism": 64, "min_cells": 4}, 96, workers=90) == 90


@pytest.mark.parametrize("key", ["n_jobs", "array_parallelism", "min_cells", "cpus_per_task"])
def test_settings_that_make_no_worker_are_a_mistake(key: str) -> None:
    check_workers(OmegaConf.create({"hydra": {"launcher": {key: 1}}}))
    with pytest.raises(UserError, match=f"hydra.launcher.{key} = 0: must be at least 1"):
        check_workers(OmegaConf.create({"hydra": {"launcher": {key: 0}}}))


@pytest.mark.parametrize("key", ["timeout_min", "signal_delay_s", "mem_gb"])
def test_settings_that_no_task_can_have_are_a_mistake(key: str) -> None:
    check_workers(OmegaConf.create({"hydra": {"launcher": {key: 0}}}))
    with pytest.raises(UserError, match=f"hydra.launcher.{key} = -1: must be at least 0"):
        check_workers(OmegaConf.create({"hydra": {"launcher": {key: -1}}}))


def test_a_task_is_not_told_of_its_limit_before_it_can_begin() -> None:
    def check(signal_delay_s: int, timeout_min: int) -> None:
        launcher = {"signal_delay_s": signal_delay_s, "timeout_min": timeout_min}
        check_workers(OmegaConf.create({"hydra": {"launcher": launcher}}))

    check(119, 2)
    check(120, 0)  # no limit
    with pytest.raises(UserError, match=r"signal_delay_s = 120: must be below 120, .*timeout_min = 2"):
        check(120, 2)


def test_a_command_that_is_about_to_take_its_lock_keeps_its_folder(tmp_path: Path) -> None:
    starting, dead = tmp_path / HIDDEN / "starting", tmp_path / HIDDEN / "dead"
    for folder in (starting, dead):
        folder.mkdir(parents=True)
    os.utime(dead, (0, 0))
    with command_folder(tmp_path, "own") as own:
        assert starting.exists()
        assert not dead.exists()
        assert at_work(tmp_path, besides=own) is None
        assert at_work(tmp_path) is not None
    assert at_work(tmp_path) is None


def test_what_is_started_over_is_not_started_over_again_when_its_worker_is_killed(tmp_path: Path) -> None:
    job = Job(0, "0" * 12, "x=1-" + "0" * 12, ["x=1"], restart=True)
    runner: Any = SimpleNamespace(root=tmp_path, launch="now.1")
    launch = Launch(runner, OmegaConf.create(), tmp_path, Settings(max_attempts=3))
    (tmp_path / job.name).mkdir()
    record = {"schema": 1, "cell_id": job.id, "status": "running", "config": {}, "launch": "before.1"}
    write_record(tmp_path / job.name, record)
    assert launch._left([job]) == ([job], False, [])  # it was not begun: the old run is still there
    write_record(tmp_path / job.name, record | {"launch": "now.1"})
    assert launch._left([job]) == ([replace(job, restart=False)], True, [job])


def test_a_launcher_that_cannot_work_here_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for name, needs in (
        ("SlurmLauncher", "slurm needs submitit: pip install submitit"),
        ("RayLauncher", "ray needs Ray: pip install ray"),
    ):
        config = OmegaConf.create({"hydra": {"launcher": {"_target_": f"hydra_plugins.clusters.{name}"}}})
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        with pytest.raises(UserError, match=f"hydra/launcher={needs}"):
            check_launcher(config)
