"""Real faults: processes are killed, disks are full, files are torn, and no work is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from sweeps.records.record import load_records, write_record
from tests.support.storm import KINDS, TARGETS, Storm, below
from tests.support.tiny.driver import PROJECT, Tiny, descendants, running, wait_gone, wait_until

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
LOCAL = ("hydra/launcher=local_workers", "hydra.launcher.n_jobs=2")  # forked
LAUNCHERS = pytest.mark.parametrize("launcher", [(), JOBLIB, LOCAL], ids=["basic", "joblib", "local"])
TWO = pytest.mark.parametrize("launcher", [JOBLIB, LOCAL], ids=["joblib", "local"])


def finals(tiny: Tiny) -> dict[str, Any]:
    return {record.cell_id: record.data["final"] for record in tiny.records()}


def histories(tiny: Tiny) -> dict[str, str]:
    return {record.cell_id: (record.path / "history.csv").read_text() for record in tiny.records()}


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("kill", "its process was killed by SIGKILL (out of memory?)"),
        ("crash", "its process was killed by SIGSEGV"),
        ("os_exit", "its process ended with exit code 7"),
    ],
)
def test_a_cell_whose_process_dies_costs_no_other_cell(tiny: Tiny, mode: str, why: str) -> None:
    output = tiny.run(f"mode={mode},plain", "x=1,2", "hydra.sweeper.max_attempts=2", code=1).stdout
    states = {(r.data["choices"]["mode"], r.data["config"]["x"]): r for r in tiny.records()}
    assert [states["plain", x].status for x in (1, 2)] == ["done", "done"]
    dead = states[mode, 1]
    assert (dead.status, dead.data["attempts"]) == ("failed", 2)
    assert dead.data["error"]["message"] == why
    assert f"doing {mode}" in dead.data["error"]["traceback"]
    assert f"ProcessDied: {why}" in output


def test_a_cell_whose_process_dies_once_is_done_within_the_same_command(tiny: Tiny) -> None:
    tiny.run("mode=kill", "mode.once=true")
    assert (tiny.record().status, tiny.record().data["attempts"]) == ("done", 2)
    assert not list(tiny.root.rglob("*.tmp"))


DIES_AT_START = """
import os, signal, sys
if "spawn_main" in " ".join(sys.orig_argv) and len(os.listdir(os.environ["DEATHS"])) < 2:
    open(os.path.join(os.environ["DEATHS"], str(os.getpid())), "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("attempts", "status"), [(2, "failed"), (3, "done")])
def test_a_process_that_dies_while_it_is_spawned_costs_its_cell_one_attempt(
    tiny: Tiny, tmp_path: Path, attempts: int, status: str
) -> None:
    (tmp_path / "deaths").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DIES_AT_START)
    overrides = ("hydra.sweeper.start_method=spawn", f"hydra.sweeper.max_attempts={attempts}")
    path = f"{tmp_path / 'site'}{os.pathsep}{PROJECT}"
    tiny.run(*overrides, code=status == "failed", PYTHONPATH=path, DEATHS=str(tmp_path / "deaths"))
    assert (tiny.record().status, tiny.record().data["attempts"]) == (status, attempts)


WORKER_DIES = DIES_AT_START.replace("spawn_main", "popen_loky").replace("< 2", "< 1")


def test_a_worker_that_is_killed_before_it_has_begun_is_replaced(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "deaths").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WORKER_DIES)
    path = f"{tmp_path / 'site'}{os.pathsep}{PROJECT}"
    tiny.run("x=1,2", *JOBLIB, PYTHONPATH=path, DEATHS=str(tmp_path / "deaths"))
    assert len(list((tmp_path / "deaths").iterdir())) == 1
    assert [record.status for record in tiny.records()] == ["done", "done"]


def test_a_cell_that_hangs_is_ended(tiny: Tiny) -> None:
    output = tiny.run("mode=hang,plain", "hydra.sweeper.timeout_s=1", code=1).stdout
    assert "TimeoutError: was ended after hydra.sweeper.timeout_s = 1 s" in output
    assert sorted(record.status for record in tiny.records()) == ["done", "failed"]


@LAUNCHERS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_within_two_seconds_and_the_next_command_continues(
    tiny: Tiny, number: signal.Signals, launcher: tuple[str, ...]
) -> None:
    command = ("x=1,2,3", "steps=8", "step_s=0.1", *launcher)
    sweep = tiny.start(*command)
    wait_until(lambda: any((record.path / "checkpoint.json").exists() for record in running(tiny)))
    processes = descendants(sweep)
    started = time.monotonic()
    sweep.send_signal(number)
    out, err = sweep.communicate(timeout=10)
    assert time.monotonic() - started < 2
    assert sweep.returncode == 128 + number
    wait_gone(processes, 0.5)
    assert f"interrupted by {number.name}" in out
    assert "the same command continues → runs/adhoc" in out
    assert "Traceback" not in out + err
    assert {record.status for record in tiny.records()} == {"interrupted"}
    checkpoints = [record.path / "checkpoint.json" for record in tiny.records()]
    steps = [json.loads(path.read_text())[1] for path in checkpoints if path.exists()]
    assert steps
    assert all(0 < step < 8 for step in steps)
    tiny.run(*command)
    assert {record.status for record in tiny.records()} == {"done"}
    for history in histories(tiny).values():
        assert [line.partition(",")[0] for line in history.splitlines()] == [str(step) for step in range(8)]


@LAUNCHERS
def test_a_sweep_that_is_halted_obeys_when_it_goes_on(tiny: Tiny, launcher: tuple[str, ...]) -> None:
    """It is the order of a machine that is shut down, or of a batch system that suspends what it ends."""
    command = ("x=1,2", "steps=200", "step_s=0.1", *launcher)
    sweep = tiny.start(*command)
    wait_until(lambda: any((record.path / "checkpoint.json").exists() for record in running(tiny)))
    processes = [psutil.Process(sweep.pid), *descendants(sweep)]
    for process in processes:
        process.suspend()
    time.sleep(0.3)
    sweep.terminate()
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it has ended with those that went on before it
            process.resume()
    out, err = sweep.communicate(timeout=5)
    assert sweep.returncode == 128 + signal.SIGTERM
    wait_gone(processes, 0.5)
    assert "interrupted by SIGTERM" in out
    assert "Traceback" not in out + err
    assert {record.status for record in tiny.records()} == {"interrupted"}


def test_two_interrupts_stop_at_once(tiny: Tiny) -> None:
    sweep = tiny.start("mode=hang", *JOBLIB)
    wait_until(lambda: running(tiny))
    sweep.send_signal(signal.SIGINT)
    sweep.send_signal(signal.SIGINT)
    assert sweep.wait(2) == 130
    sweep.communicate()


@LAUNCHERS
def test_a_killed_parent_leaves_no_process_and_its_cells_are_continued(
    tiny: Tiny, launcher: tuple[str, ...]
) -> None:
    command = ("x=1,2,3", "steps=8", "step_s=0.1", *launcher)
    sweep = tiny.start(*command)
    wait_until(lambda: any((record.path / "checkpoint.json").exists() for record in running(tiny)))
    processes = descendants(sweep)
    sweep.kill()
    sweep.communicate()
    wait_gone(processes, 5)
    assert "lost" in {record.status for record in tiny.records()}
    output = tiny.run(*command).stdout
    assert "3 cells: 3 done" in output
    assert all(len(history.splitlines()) == 8 for history in histories(tiny).values())
    assert tiny.kept() == {"code.json"}


@TWO
def test_a_parent_killed_while_workers_start_leaves_none(tiny: Tiny, launcher: tuple[str, ...]) -> None:
    for _ in range(3):
        sweep = tiny.start("x=1,2", "step_s=1", *launcher)
        processes = wait_until(lambda: descendants(sweep))  # noqa: B023
        sweep.kill()
        sweep.communicate()
        wait_gone(processes, 5)


@pytest.mark.parametrize(
    ("target", "launcher"), [("worker", JOBLIB), ("worker", LOCAL), ("server", LOCAL), ("child", LOCAL)]
)
def test_a_killed_worker_loses_no_cell(tiny: Tiny, target: str, launcher: tuple[str, ...]) -> None:
    sweep = tiny.start("x=range(4)", "steps=12", "step_s=0.1", *launcher)
    wait_until(lambda: len(running(tiny)) == 2)
    there = below(sweep)
    next(process for process, kind in there.items() if kind == target).kill()
    out, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 0, out + err
    assert "4 cells: 4 done" in out
    wait_gone(list(there), 5)


def test_forked_workers_stop_at_an_order_and_their_cells_go_on_in_the_next_launch(tiny: Tiny) -> None:
    """SIGTERM to the server is passed on to its workers, which end as they do by themselves."""
    sweep = tiny.start("x=1,2", "steps=30", "step_s=0.1", *LOCAL)
    wait_until(lambda: len(running(tiny)) == 2)
    next(process for process, kind in below(sweep).items() if kind == "server").terminate()
    out, err = sweep.communicate(timeout=60)
    assert (sweep.returncode, "2 cells: 2 done" in out) == (0, True), out + err
    assert [record.data["attempts"] for record in tiny.records()] == [2, 2]


def test_what_a_forked_job_leaves_behind_ends_with_a_killed_sweep(tiny: Tiny) -> None:
    sweep = tiny.start("x=1,2", "mode=orphan", *LOCAL)
    orphans = wait_until(
        lambda: [psutil.Process(int(path.read_text())) for path in tiny.root.glob("*/orphan")]
    )
    sweep.kill()
    sweep.communicate()
    wait_gone(orphans, 5)


def test_what_a_killed_process_was_writing_is_removed_by_the_next_run(two_done: Tiny) -> None:
    record = two_done.records()[0]
    draft, other = record.path / ".checkpoint.npz-0123abcd.tmp", record.path / ".lock-0123456789ab.tmp"
    for file in (draft, other):  # the other belongs to somebody who is about to find the lock taken
        file.touch()
    write_record(record.path, record.data | {"status": "interrupted"})
    two_done.run("x=1,2")
    assert not draft.exists()
    assert other.exists()


def test_a_second_sweep_on_the_same_directory_is_refused(tiny: Tiny) -> None:
    root = tiny.cwd / "runs" / "pair"
    first = tiny.start("sweep=pair", "step_s=0.5")
    wait_until(lambda: load_records(root))
    error = tiny.run("sweep=pair", code=2).stderr
    host = os.uname().nodename
    assert error == (
        f"error: runs/pair is in use by the sweep of process {first.pid} on {host}; "
        "the same command would join it, this one differs in cells\n"
    )
    assert "is in use" in tiny.run("sweep=pair", "hydra.sweeper.fresh=true", code=2).stderr
    first.kill()
    first.communicate()
    assert "4 cells: 4 done" in tiny.run("sweep=pair").stdout


def test_a_sweep_in_another_container_is_not_taken_for_dead(tiny: Tiny, container: list[str]) -> None:
    """It has the same host name, and numbers of processes that mean others here, or none."""
    command = [
        *container,
        sys.executable,
        "-m",
        "tests.support.tiny.app",
        "sweep=pair",
        "steps=10",
        "step_s=0.2",
        *JOBLIB,
    ]
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    inside = subprocess.Popen(command, cwd=tiny.cwd, env=surroundings, stdout=subprocess.PIPE, text=True)
    root = tiny.cwd / "runs" / "pair"
    wait_until(lambda: any(record.status == "running" for record in load_records(root).values()), 60)
    assert "is in use by the sweep of process" in tiny.run("sweep=pair", code=2).stderr
    out, _ = inside.communicate(timeout=60)
    assert (inside.returncode, "4 cells: 4 done (0 kept, 4 run)" in out) == (0, True), out


def test_two_sweeps_started_at_once_do_every_cell_once(tiny: Tiny) -> None:
    sweeps = [tiny.start("x=range(6)", "step_s=0.05") for _ in range(2)]
    for sweep in sweeps:
        sweep.communicate(timeout=60)
    assert [record.data["attempts"] for record in tiny.records()] == [1] * 6
    assert {record.status for record in tiny.records()} == {"done"}


@pytest.mark.parametrize("content", [b"", b'{"schema": 1, "cell', b"\x00garbage\xff"])
def test_a_damaged_record_is_set_aside_and_its_cell_run_again(two_done: Tiny, content: bytes) -> None:
    record = two_done.records()[0]
    (record.path / "report.json").write_bytes(content)
    assert "2 cells: 2 done (1 kept, 1 run)" in two_done.run("x=1,2").stdout
    assert (record.path / "report.json.damaged-1").read_bytes() == content


def test_a_damaged_plan_is_replaced(two_done: Tiny) -> None:
    (two_done.root / "sweep.json").write_text("{")
    assert "(2 kept, 0 run)" in two_done.run("x=1,2").stdout
    assert len(two_done.plan()["cells"]) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_is_told_and_the_sweep_continues_when_there_is_room(tiny: Tiny, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    where = f"hydra.sweep.dir={small_disk / 'runs'}"
    tiny.run("x=1", where)
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(2**20))
    error = tiny.run("x=1,2,3", where, code=2).stderr
    assert error.startswith("error: cannot write ")
    assert "No space left on device" in error
    assert len(error.splitlines()) == 1
    ballast.unlink()
    assert "3 cells: 3 done (1 kept, 2 run)" in tiny.run("x=1,2,3", where).stdout


def test_a_disk_that_fills_up_on_the_way_ends_the_sweep_not_its_records(tiny: Tiny, small_disk: Path) -> None:
    root = small_disk / "runs"
    process = tiny.run("x=range(20)", "mode=fill", f"hydra.sweep.dir={root}", code=1)
    assert "No space left on device" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr
    for path in root.glob("*/*.tmp"):
        pytest.fail(f"{path} was left behind")
    statuses = {record.status for record in load_records(root).values()}
    assert "done" in statuses
    assert statuses <= {"done", "failed", "missing", "lost"}
    for big in root.glob("*/big"):
        big.unlink()
    assert (
        "20 cells: 20 done"
        in tiny.run("x=range(20)", "mode=fill", f"hydra.sweep.dir={root}", ROOM="1").stdout
    )


def test_a_directory_that_cannot_be_written_is_told_in_one_line(tiny: Tiny, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    error = tiny.run("x=1", f"hydra.sweep.dir={small_disk / 'runs'}", code=2).stderr
    assert error == f"error: cannot write {small_disk / 'runs'}: Read-only file system\n"


def test_a_directory_that_is_a_file_is_told_in_one_line(tiny: Tiny) -> None:
    (tiny.cwd / "runs").write_text("")
    error = tiny.run("x=1", code=2).stderr
    assert error == "error: hydra.sweep.dir=runs/adhoc: must be a directory, but runs is none\n"


@LAUNCHERS
def test_a_closed_terminal_interrupts_as_ctrl_c_does(tiny: Tiny, launcher: tuple[str, ...]) -> None:
    """SIGHUP comes to all of its processes; who was started by nohup does not hear it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may be under nohup themselves
    try:
        sweep = tiny.start("x=1,2", "steps=8", "step_s=0.1", *launcher, process_group=0)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_until(lambda: running(tiny))
    os.killpg(sweep.pid, signal.SIGHUP)
    out, err = sweep.communicate(timeout=10)
    assert sweep.returncode == 128 + signal.SIGHUP, out + err
    assert "interrupted by SIGHUP" in out
    assert {record.status for record in tiny.records()} == {"interrupted"}


@TWO
def test_under_nohup_a_closed_terminal_is_not_heard(tiny: Tiny, launcher: tuple[str, ...]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what is started inherits it
    try:
        sweep = tiny.start("x=1,2", "steps=8", "step_s=0.05", *launcher, process_group=0)
    finally:
        signal.signal(signal.SIGHUP, before)
    wait_until(lambda: running(tiny))
    os.killpg(sweep.pid, signal.SIGHUP)
    out, err = sweep.communicate(timeout=60)
    assert (sweep.returncode, "2 cells: 2 done" in out) == (0, True), out + err


def test_a_storm_of_signals_changes_no_result(tmp_path: Path) -> None:
    """A few of what `make test-faults` does for minutes, and with joblib, too."""
    command = ("x=range(4)", "steps=10", "step_s=0.02", *LOCAL)
    weather(tmp_path, signals=4, seed=7, command=command)


@pytest.mark.faults
@pytest.mark.parametrize(("seed", "launcher"), [(0, JOBLIB), (1, LOCAL), (2, JOBLIB), (3, LOCAL)])
def test_a_long_storm_of_signals_changes_no_result(
    tmp_path: Path, seed: int, launcher: tuple[str, ...]
) -> None:
    command = ("x=range(8)", "seed=range(4)", "steps=20", "step_s=0.02", *launcher)
    sent = weather(tmp_path, signals=60, seed=seed, command=command)
    assert {kind for kind, _ in sent} == set(KINDS)
    assert {target for _, target in sent} >= set(TARGETS) - ({"server"} if launcher is JOBLIB else set())


def weather(tmp_path: Path, signals: int, seed: int, command: tuple[str, ...]) -> Counter[tuple[str, str]]:
    """Disturb one sweep with so many signals, not the other: both end alike. Returns what was sent where."""
    calm, tiny = Tiny(tmp_path / "calm"), Tiny(tmp_path / "stormy")
    for each in (calm, tiny):
        each.cwd.mkdir()
    calm.run(*command)
    storm = Storm(random.Random(seed))
    while storm.sent.total() < signals:
        sweep = tiny.start(*command, "hydra.sweeper.retry=failed", PREPARE_S="0.3")
        storm.over(sweep)
        if all(record.is_complete for record in tiny.records()) and len(tiny.records()) == len(finals(calm)):
            for record in storm.rng.sample(tiny.records(), 3):  # there is more to disturb than to do
                (record.path / "report.json").write_text("{")
    tiny.run(*command, "hydra.sweeper.retry=failed")
    assert finals(tiny) == finals(calm), f"seed {seed}"
    assert histories(tiny) == histories(calm), f"seed {seed}"
    assert not list(tiny.root.rglob("*.tmp"))
    assert tiny.kept() == {"code.json"}
    return storm.sent
