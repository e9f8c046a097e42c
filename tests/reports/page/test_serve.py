"""The live server: what it sends and to whom, what it waits for, what it refuses, how it ends."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.__main__ import main
from reports.page.answers import awaited, waiting
from reports.page.build import write_report
from reports.page.server import known_version
from reports.page.watch import Watch
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.serving import Served, serving

ROOT = Path(__file__).parents[3]
AXES: dict[str, list[Any]] = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.page.live.FINDINGS_S", 0.2)
    monkeypatch.setattr("reports.page.live.POLL_S", 0.1)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = synthetic.grid(AXES, seeds=range(3), epochs=4)
    cells[1].status = "failed"
    return synthetic.write_sweep(tmp_path_factory.mktemp("runs") / "sweep", cells)


@pytest.fixture(scope="module")
def served(sweep: Path) -> Iterator[Served]:
    with serving(sweep) as made:
        yield made


def wait_for(events: Iterator[tuple[str, Any]], wanted: str) -> Any:
    """Return the next event of a kind."""
    return next(data for kind, data in events if kind == wanted)


def test_scripts_get_runs_and_findings_as_json(served: Served) -> None:
    runs = served.json("/api/runs.json")
    assert len(runs) == 12
    assert {run["status"] for run in runs} == {"done", "failed"}
    done = next(run for run in runs if run["status"] == "done")
    assert done["settings"].keys() == {"activation", "loss"}
    assert 0 < done["metrics"]["test_accuracy"] < 1
    found = served.json("/api/findings.json")
    assert {"best", "effect", "failure"} <= {each["kind"] for each in found}
    assert {each["factor"] for each in found if each["kind"] == "effect"} == {"activation", "loss"}


def test_the_findings_that_are_served_are_those_of_the_report(served: Served, sweep: Path) -> None:
    write_report(load(sweep), plots=False, out=sweep.parent / "report")
    kept = json.loads((sweep.parent / "report" / "findings.json").read_text(encoding="utf-8"))
    assert served.json("/api/findings.json") == kept


def test_nobody_gets_anything_without_the_token_or_by_another_name(served: Served) -> None:
    served.json("/api/runs.json")
    own = f"127.0.0.1:{served.port}"
    for path in ("/", "/events", "/api/runs.json", "/files/x/report.json"):
        assert served.get(f"{path}?token=wrong")[0] == 403
        assert served.get(f"{path}?")[0] == 403
        assert served.get(path, Host="evil.example")[0] == 403
        assert served.get(path, Host=f"evil.example:{served.port}")[0] == 403
    assert served.get("/", Host=own)[0] == 200
    assert served.get("/?", Cookie=f"sweep-{served.port}={served.token}")[0] == 200
    assert served.get("/?", Cookie=f"sweep-{served.port}=other")[0] == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//[", 404),
        ("http://[::1/", 404),
        ("/" + "a" * 5000, 404),
        ("/" + "a/" * 3000, 404),
        ("/files/" + "a" * 300 + "-0123456789ab/report.json", 404),
        ("/?" + "a=b&" * 10_000, 200),
        ("/" + "a" * 70_000, 414),
    ],
)
def test_a_strange_address_is_answered_and_no_line_is_printed(
    path: str, status: int, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    own = f"127.0.0.1:{served.port}"
    cookie = f"sweep-{served.port}={served.token}"
    asked = f"GET {path} HTTP/1.1\r\nHost: {own}\r\nCookie: {cookie}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(asked.encode())
        assert connection.recv(64).startswith(f"HTTP/1.0 {status} ".encode())
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("text", "version"), [("7", 7), ("", -1), ("-3", -1), ("²", -1), ("9" * 5000, -1)])
def test_a_version_that_is_no_number_is_that_of_nobody(text: str, version: int) -> None:
    assert known_version({"version": [text]}, None) == known_version({}, text) == version


def test_a_client_that_sends_no_request_is_let_go(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.page.server.Handler.timeout", 0.2)
    with serving(sweep) as made, socket.create_connection(("127.0.0.1", made.port), timeout=5) as idle:
        idle.sendall(b"GET / HT")
        assert idle.recv(64) == b""
        assert made.get("/")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(served: Served, method: str) -> None:
    assert served.get("/", method=method)[0] == 501


def test_a_head_has_no_content(served: Served) -> None:
    assert served.get("/", method="HEAD") == served.get("/events", method="HEAD") == (200, b"")


def test_files_of_runs_are_served_as_they_are(served: Served, sweep: Path) -> None:
    name = next(path.name for path in sweep.iterdir() if (path / "report.json").exists())
    status, content = served.get(f"/files/{name}/history.csv")
    assert status == 200
    assert content == (sweep / name / "history.csv").read_bytes()


def test_no_path_leads_out_of_the_sweep(served: Served, sweep: Path) -> None:
    secret = sweep.parent / "secret-0123456789ab"
    secret.mkdir(exist_ok=True)
    (secret / "report.json").write_text("secret")
    linked = sweep / "linked-0123456789ab"
    if not linked.is_symlink():
        linked.symlink_to(secret)
    inside = next(path for path in sweep.iterdir() if (path / "report.json").exists() and path != linked)
    link = inside / "output.log"
    link.unlink(missing_ok=True)
    link.symlink_to(secret / "report.json")
    for path in (
        "/files/../secret-0123456789ab/report.json",
        "/files/%2e%2e%2fsecret-0123456789ab/report.json",
        "/../secret-0123456789ab/report.json",
        "/%2e%2e/%2e%2e/secret-0123456789ab/report.json",
        "/files/linked-0123456789ab/report.json",
        f"/files/{inside.name}/output.log",
        f"/files/{inside.name}/../../sweep.json",
        f"/files/{inside.name}/lock",
        "/files//etc/passwd",
        "//etc/passwd",
        "/tables/%00",
        "/.sweep/lock",
    ):
        status, content = served.get(path)
        assert status == 404, path
        assert b"secret" not in content, path
    link.unlink()
    linked.unlink()


def test_only_what_changed_is_sent_and_a_curve_only_by_what_it_has_grown(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, seeds=range(3), epochs=6)
    for one in cells[6:]:
        one.status = "missing"
    root = synthetic.write_sweep(tmp_path / "sweep", cells)
    with serving(root) as served:
        served.json("/api/runs.json")
        events = served.events()
        first = wait_for(events, "runs")["runs"]
        assert {run["id"] for run in first} == {one.cell_id for one in cells[:6]}
        cells[7].status = "running"
        synthetic.write_cell(root, cells[7])
        [run] = wait_for(events, "runs")["runs"]
        assert run["id"] == cells[7].cell_id
        assert run["from"] == 0
        assert run["curve"]["steps"] == [1, 2, 3]
        cells[7].status = "done"
        synthetic.write_cell(root, cells[7])
        grown = wait_for(events, "runs")["runs"][-1]
        while grown["status"] != "done":
            grown = wait_for(events, "runs")["runs"][-1]
        assert grown["from"] in (3, 6)
        assert grown["metrics"]["test_accuracy"] > 0.8


def levels(findings: Any) -> int:
    """Return of how many levels findings know the effect."""
    return sum(len(effect["levels"]) for effect in findings["head"]["effects"])


def test_findings_follow_the_runs(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, epochs=3)
    for one in cells[2:]:
        one.status = "missing"
    root = synthetic.write_sweep(tmp_path / "sweep", cells)
    with serving(root) as served:
        served.json("/api/findings.json")
        events = served.events()
        before = wait_for(events, "findings")
        for one in cells[2:]:
            one.status = "done"
            synthetic.write_cell(root, one)
        after = wait_for(events, "findings")
        assert levels(after) > levels(before) > 0
        assert "What matters" in after["parts"]["findings"]


def test_a_directory_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "runs" / "later"
    with serving(root) as served:
        status, page = served.get("/")
        assert status == 200
        assert b"Waiting for" in page
        assert served.get("/api/runs.json") == (
            503,
            b"There is no sweep yet: the page appears as soon as it has written its plan.\n",
        )
        made = synthetic.write_sweep(tmp_path / "made", synthetic.grid(AXES, epochs=3))
        root.parent.mkdir()
        made.rename(root)  # at once, as a sweep writes its plan: the server looks every moment
        assert len(served.json("/api/runs.json")) == 4
        assert b"Waiting for" not in served.get("/")[1]
    assert capsys.readouterr().err == ""


def test_what_is_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    assert awaited(tmp_path / "later").startswith("There is no sweep yet")
    root = synthetic.write_sweep(tmp_path / "there", synthetic.grid(AXES, epochs=3))
    assert awaited(root) == "The runs are being read: ask again in a few seconds."
    assert "The runs are being read" in waiting(root)


def test_a_record_that_is_damaged_meanwhile_is_one_line_and_the_server_lives_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = synthetic.grid(AXES, epochs=3)
    root = synthetic.write_sweep(tmp_path / "sweep", cells)
    with serving(root) as served:
        served.json("/api/runs.json")
        events = served.events()
        wait_for(events, "runs")
        damaged = tmp_path / "damaged.json"
        damaged.write_text('{"schema": 1')
        damaged.replace(root / cells[0].name / "report.json")  # whole: an empty file is another mistake
        assert wait_for(events, "runs")["runs"][0]["status"] == "damaged"
        (root / "sweep.json").write_text("{")
        time.sleep(0.5)
        assert served.get("/")[0] == 200
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if cells[0].name in line]) == 1


def test_the_command_prints_its_address_and_the_tunnel_and_ctrl_c_ends_it_with_0(sweep: Path) -> None:
    command = [sys.executable, "-u", "-m", "reports", "serve", str(sweep), "--port", "0"]
    over_ssh = {**os.environ, "SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=over_ssh,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", process.stdout.readline())
    assert found
    port = int(found[1])
    tunnel = process.stdout.readline()
    assert f"ssh -N -L {port}:127.0.0.1:{port} " in tunnel
    assert tunnel.endswith("@10.0.0.2\n")
    next(Served(port, found[2]).events())  # somebody listens while it ends
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 0


def test_a_port_in_use_is_a_mistake_in_one_line(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", str(sweep), "--port", str(port)]) == 2
    assert capsys.readouterr().err == f"error: port {port}: is in use\n"


def test_what_is_no_sweep_is_a_mistake_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "notes.txt" / "later"):
        assert main(["serve", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["serve", str(tmp_path / "later"), "--port", "70000"]) == 2
    assert "from 0 to 65535" in capsys.readouterr().err


@pytest.mark.slow
def test_two_thousand_cells_at_fifty_changes_a_second_are_followed(tmp_path: Path) -> None:
    axes = {**AXES, "optimizer.lr": [0.1 / (k + 1) for k in range(100)]}
    cells = synthetic.grid(axes, seeds=range(5), epochs=3)
    root = synthetic.write_sweep(tmp_path / "sweep", cells[:2000])
    watch = Watch(root)
    assert len(list(watch.changes())) == 2000
    began = time.process_time()
    assert list(watch.changes()) == []
    idle = time.process_time() - began
    for one in cells[:50]:
        os.utime(root / one.name / "report.json")
    began = time.process_time()
    assert len(list(watch.changes())) == 50
    busy = time.process_time() - began
    assert idle < 0.25
    assert busy < 0.5


def test_a_run_whose_directory_is_gone_is_missing_again(tmp_path: Path) -> None:
    cells = synthetic.grid(AXES, epochs=3)
    root = synthetic.write_sweep(tmp_path / "sweep", cells)
    watch = Watch(root)
    list(watch.changes())
    shutil.rmtree(root / cells[0].name)
    [seen] = watch.changes()
    assert seen.record.cell_id == cells[0].cell_id
    assert seen.record.status == "missing"
    assert list(watch.changes()) == []
