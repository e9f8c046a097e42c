"""Locks that outlive neither their process nor, for long, their machine: sweeps.records.lock."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from sweeps.records import lock
from sweeps.records.lock import Held, acquire, holder
from sweeps.records.process import Owner, process_started, this_process


def dead_owner() -> Owner:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    owner = Owner(this_process().host, process.pid, process_started(process.pid), "dead00000000")
    assert owner.is_running()
    process.kill()
    process.wait()
    assert not owner.is_running()
    return owner


BSD_PS = r"""#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
        -o) shift; columns="$columns ${1%%=*}"; titles="$titles${1#*=}" ;;
    esac
    shift
done
[ -z "$titles" ] || echo "$titles"
for column in $columns; do
    case "$column" in
        stat) printf 'S+   ' ;;
        lstart) printf 'Sat Nov 21 12:00:00 2026' ;;
    esac
done
echo
"""


def test_where_there_is_no_proc_ps_is_asked_as_every_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, started = dead_owner(), set()
    monkeypatch.setattr(sys, "platform", "darwin")
    for zone in ("America/New_York", "Asia/Tokyo"):
        monkeypatch.setenv("TZ", zone)
        started.add(process_started(os.getpid()))
    assert len(started) == 1
    assert None not in started
    assert process_started(dead.pid) is None
    (tmp_path / "ps").write_text(BSD_PS)
    (tmp_path / "ps").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert process_started(1) == "Sat Nov 21 12:00:00 2026"


def test_a_held_lock_names_its_holder_and_is_free_after_release(tmp_path: Path) -> None:
    with acquire(tmp_path / "lock"):
        with pytest.raises(Held) as error:
            acquire(tmp_path / "lock")
        assert error.value.owner.pid == os.getpid()
        assert holder(tmp_path / "lock") is not None
    assert holder(tmp_path / "lock") is None
    assert list(tmp_path.iterdir()) == []


def test_a_dead_holders_lock_is_taken_over_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(json.dumps(asdict(dead_owner())))
    held = acquire(tmp_path / "lock")
    assert holder(tmp_path / "lock") is not None
    held.release()
    assert list(tmp_path.iterdir()) == []


def test_another_process_with_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    impostor = Owner(this_process().host, os.getpid(), "at another time", "a" * 12)
    (tmp_path / "lock").write_text(json.dumps(asdict(impostor)))
    acquire(tmp_path / "lock").release()


def test_a_lock_from_another_host_dies_of_age(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text(json.dumps(asdict(Owner("elsewhere", 1, "1", "b" * 12))))
    with pytest.raises(Held, match="process 1 on elsewhere"):
        acquire(path)
    old = time.time() - lock.STALE_S - 1
    os.utime(path, (old, old))
    acquire(path).release()


@pytest.mark.parametrize("ahead", [lock.STALE_S + 60, 10 * 365 * 86400.0])
def test_a_lock_that_says_it_will_be_touched_is_as_dead_as_an_old_one(tmp_path: Path, ahead: float) -> None:
    path = tmp_path / "lock"
    path.write_text(json.dumps(asdict(Owner("elsewhere", 1, "1", "b" * 12))))
    os.utime(path, (time.time() + ahead,) * 2)
    assert holder(path) is None
    acquire(path).release()


def test_who_waits_for_a_turn_says_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "SILENT_S", 0.1)
    held = acquire(tmp_path / "plan-lock")
    threading.Timer(0.5, held.release).start()
    lock.acquire_in_turn(tmp_path / "plan-lock").release()
    said = f"waiting for {this_process()}, which holds {tmp_path / 'plan-lock'}\n"
    assert capsys.readouterr().err == said


def test_a_lock_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    mine = {key: value for key, value in asdict(this_process()).items() if key not in ("boot", "namespace")}
    (tmp_path / "lock").write_text(json.dumps(mine | {"token": "a" * 12}))
    with pytest.raises(Held):
        acquire(tmp_path / "lock")
    (tmp_path / "lock").write_text(json.dumps(mine | {"token": "a" * 12, "process_started": "0"}))
    acquire(tmp_path / "lock").release()


@pytest.mark.parametrize("other", [{"boot": "of another machine"}, {"namespace": "pid:[1]"}])
def test_of_another_machine_of_the_same_name_the_age_counts(tmp_path: Path, other: dict[str, str]) -> None:
    """It has a process of the same number, or has none: nothing can be told from that."""
    for pid in (os.getpid(), 2**22 - 1):
        owner = replace(this_process(), pid=pid, token="b" * 12, **other)
        assert not owner.is_here()
        path = tmp_path / f"lock-{pid}"
        path.write_text(json.dumps(asdict(owner)))
        with pytest.raises(Held):
            acquire(path)
        os.utime(path, (1, 1))
        acquire(path).release()


def test_of_a_process_that_is_hidden_from_this_user_the_age_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:  # as for another user's process where /proc is mounted with hidepid=2
        raise PermissionError(1, "Operation not permitted")

    path = tmp_path / "lock"
    path.write_text(json.dumps(asdict(dead_owner())))
    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(Held):
        acquire(path)
    os.utime(path, (1, 1))
    acquire(path).release()


HOLDS = """
import sys, time
from pathlib import Path
from sweeps.records.lock import acquire
acquire(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


ASKS = """
import sys
from pathlib import Path
from sweeps.records.lock import holder
print(holder(Path(sys.argv[1])))
"""


def test_a_container_of_the_same_host_name_keeps_its_lock(tmp_path: Path, container: list[str]) -> None:
    path = tmp_path / "lock"
    command = [*container, sys.executable, "-c", HOLDS, str(path)]
    inside = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    try:
        assert inside.stdout is not None
        assert inside.stdout.readline() == "held\n"
        with pytest.raises(Held, match=f" on {this_process().host}"):
            acquire(path)
        assert json.loads(path.read_text())["boot"] == this_process().boot
        with acquire(tmp_path / "ours"):  # and the other way round
            command = [*container, sys.executable, "-c", ASKS, str(tmp_path / "ours")]
            out = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])
            assert out.stdout == f"{this_process()}\n"
    finally:
        inside.kill()
        inside.communicate()


def test_a_refreshed_lock_is_young(tmp_path: Path) -> None:
    with acquire(tmp_path / "lock") as held:
        os.utime(held.path, (0, 0))
        held.refresh()
        assert time.time() - held.path.stat().st_mtime < 60


def test_a_torn_lock_is_taken_over_when_old(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text('{"host": "he')
    with pytest.raises(Held):
        acquire(path)
    os.utime(path, (0, 0))
    acquire(path).release()


def test_of_several_torn_locks_the_last_one_counts(tmp_path: Path) -> None:
    for name in ("lock", "lock.torn-1", "lock.torn"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    with acquire(tmp_path / "lock"):
        assert holder(tmp_path / "lock") == this_process_with_token(tmp_path / "lock")
        assert not (tmp_path / "lock.torn-1").exists()


def this_process_with_token(path: Path) -> Owner:
    return replace(this_process(), token=json.loads(path.read_text())["token"])


def test_a_lock_whose_creation_a_server_denies_is_held_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def and_deny(*paths: Path) -> None:  # NFS: the answer was lost, and the client has asked again
        link(*paths)
        raise FileExistsError

    monkeypatch.setattr(os, "link", and_deny)
    (tmp_path / "lock").write_text(json.dumps(asdict(dead_owner())))
    for _ in range(2):
        with acquire(tmp_path / "lock"), pytest.raises(Held):
            acquire(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: object, **__: object) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        acquire(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_releasing_does_not_remove_a_successors_lock(tmp_path: Path) -> None:
    held = acquire(tmp_path / "lock")
    (tmp_path / "lock").unlink()
    with acquire(tmp_path / "lock"):
        held.release()
        assert holder(tmp_path / "lock") is not None


def test_without_hard_links_it_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with acquire(tmp_path / "lock"), pytest.raises(Held):
        acquire(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def _contend(path: Path, rounds: int, start: Barrier, failed: Event) -> None:
    start.wait()
    for _ in range(rounds):
        try:
            held = acquire(path / "lock")
        except Held:
            continue
        try:
            (path / "inside").touch(exist_ok=False)
            time.sleep(0.0005)
            (path / "inside").unlink()
        except OSError:
            failed.set()
        held.release()


@pytest.mark.parametrize("dead", [False, True])
def test_of_many_contenders_one_at_a_time_is_inside(tmp_path: Path, dead: bool) -> None:
    context = multiprocessing.get_context("fork")
    if dead:
        (tmp_path / "lock").write_text(json.dumps(asdict(dead_owner())))
    start, failed = context.Barrier(6), context.Event()
    contenders = [context.Process(target=_contend, args=(tmp_path, 150, start, failed)) for _ in range(6)]
    for contender in contenders:
        contender.start()
    for contender in contenders:
        contender.join()
        assert contender.exitcode == 0
    assert not failed.is_set()
    acquire(tmp_path / "lock").release()
    assert list(tmp_path.iterdir()) == []


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("mine")


@pytest.mark.parametrize("make", [a_folder, Path.mkdir, os.mkfifo, lambda path: path.symlink_to(__file__)])
def test_what_is_no_file_in_the_place_of_a_lock_is_nobodys(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "lock"
    make(path)
    assert lock.holder(path) is None
    with lock.acquire(path):
        assert lock.holder(path) is not None
        with pytest.raises(lock.Held):
            lock.acquire(path)
    assert sorted(tmp_path.rglob("notes.txt")) == sorted(tmp_path.glob("lock.damaged-1/notes.txt"))
    assert not os.path.lexists(path)


def test_a_torn_lock_that_is_fresh_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with pytest.raises(Held, match="locked by a process that its lock does not name"):
        acquire(path)
    os.utime(path, (0, 0))
    acquire(path).release()
