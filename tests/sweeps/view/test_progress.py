"""The live view: what it knows of a sweep, what it costs, and what it looks like."""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import sweeps.view.live as live_view
from sweeps.records.plan import Cell, Plan
from sweeps.records.process import this_process
from sweeps.records.record import write_record
from sweeps.view.follower import Watch
from sweeps.view.live import Lines, describe, live
from sweeps.view.running_cell import Running, label, last_row, shared_words
from sweeps.view.snapshot import View
from sweeps.view.terminal import picture
from sweeps.view.time_left import Forecast

ROOT = Path(__file__).parents[3]
ACTIVATIONS, HIDDEN = ("relu", "gelu"), ("[128]", "[256,64]")


def cells(count: int = 8) -> list[Cell]:
    made = []
    for number in range(count):
        overrides = [f"activation={ACTIVATIONS[number % 2]}", f"model.hidden={HIDDEN[number // 2 % 2]}"]
        overrides.append(f"seed={number // 4}")
        name = f"{ACTIVATIONS[number % 2]}-seed={number // 4}-{number:012x}"
        made.append(Cell(f"{number:012x}", name, overrides, {"training": {"epochs": 10}}, {}))
    return made


def record(root: Path, cell: Cell, status: str, epochs: int = 0, **more: Any) -> None:
    folder = root / cell.name
    folder.mkdir(exist_ok=True)
    worker = {key: value for key, value in asdict(this_process()).items() if key != "token"}
    head = {"schema": 1, "cell_id": cell.id, "config": cell.config, "status": status}
    write_record(folder, {**head, **({"worker": worker} if status == "running" else {}), **more})
    rows = "".join(f"{epoch},0.5,{0.9 + epoch / 1000}\n" for epoch in range(1, epochs + 1))
    (folder / "history.csv").write_text(f"epoch,train_loss,test_accuracy\n{rows}")


def done(root: Path, cell: Cell, seconds: float = 4.0) -> None:
    record(root, cell, "done", timing={"total_wall_s": seconds})


@pytest.fixture
def plan() -> Plan:
    return Plan("grid", cells())


def view_of(watch: Watch) -> View:
    watch.poll()
    return watch.view()


# What it knows.


def test_every_cell_is_counted_once_in_every_state(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, plan)
    assert describe(view_of(watch)) == "0 of 8 done, 0 running, 8 left"
    done(tmp_path, plan.cells[0])
    record(tmp_path, plan.cells[1], "diverged")
    record(tmp_path, plan.cells[2], "failed", error={"type": "builtins.ValueError", "message": "no\nmore"})
    record(tmp_path, plan.cells[3], "running", epochs=7)
    record(tmp_path, plan.cells[4], "interrupted")
    (tmp_path / plan.cells[5].name).mkdir()
    (tmp_path / plan.cells[5].name / "report.json").write_text("{")
    stops = watch.poll()
    seen = watch.view()
    assert (stops[0].name, stops[0].why) == (plan.cells[2].name, "failed: ValueError: no")
    assert stops[1].why.startswith("damaged: report.json is truncated")
    assert len(stops) == 2
    assert (seen.done, seen.diverged, seen.failed, len(seen.running), seen.left) == (1, 1, 2, 1, 3)
    assert watch.poll() == []


def test_a_running_cell_shows_its_last_epoch_and_accuracy(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, plan)
    record(tmp_path, plan.cells[3], "running", epochs=7)
    (running,) = view_of(watch).running
    assert (running.epoch, running.epochs, running.row["test_accuracy"]) == (7, 10, "0.907")
    record(tmp_path, plan.cells[3], "running", epochs=8)
    assert view_of(watch).running[0].epoch == 8


def test_a_failed_cell_that_starts_again_counts_again(tmp_path: Path, plan: Plan) -> None:
    record(tmp_path, plan.cells[0], "failed")
    watch = Watch(tmp_path, plan)
    assert view_of(watch).left == 8
    record(tmp_path, plan.cells[0], "running")
    assert (view_of(watch).left, len(watch.view().running)) == (7, 1)
    record(tmp_path, plan.cells[0], "failed")
    assert (view_of(watch).left, watch.view().failed) == (7, 1)
    record(tmp_path, plan.cells[0], "running")
    done(tmp_path, plan.cells[0])
    assert (view_of(watch).failed, watch.view().done) == (0, 1)


def test_the_best_so_far_is_shown_from_two_on(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, plan)
    for cell, accuracy in zip(plan.cells[:3], (0.9, 0.95, 0.8), strict=True):
        record(tmp_path, cell, "done", final={"test_accuracy": accuracy})
    seen = view_of(watch).best
    assert seen is not None
    assert (seen.metric, seen.value) == ("test accuracy", 0.95)
    assert describe(watch.view()).endswith(f"best so far test accuracy 0.95: {seen.name}")
    assert f"best so far test accuracy 0.95: {seen.name}" in "\n".join(drawn(watch.view(), 100))
    assert max(map(len, drawn(watch.view(), 30))) <= 30
    assert len(drawn(watch.view(), 60, height=6)) <= 6
    record(tmp_path, plan.cells[3], "diverged", final={"test_accuracy": 0.99})
    assert view_of(watch).best == seen
    again = Watch(tmp_path, plan, due={plan.cells[1].id})  # the best is run anew
    assert (found := view_of(again).best) is not None
    assert found.value == 0.9


def test_the_best_so_far_is_by_the_figure_that_the_records_name(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, plan)
    for cell, rmse in zip(plan.cells[:3], (3.0, 2.0, 2.5), strict=True):
        record(tmp_path, cell, "done", final={"rmse": rmse}, metric={"name": "rmse", "direction": "minimize"})
    lacking = {"name": "rmse", "direction": "minimize"}
    record(tmp_path, plan.cells[3], "done", final={"test_accuracy": 1.0}, metric=lacking)
    record(tmp_path, plan.cells[4], "done", final={})
    seen = view_of(watch).best
    assert seen is not None
    assert (seen.metric, seen.value) == ("rmse", 2.0)


def test_cells_that_are_not_due_keep_their_state(tmp_path: Path, plan: Plan) -> None:
    done(tmp_path, plan.cells[0])
    record(tmp_path, plan.cells[1], "failed")
    due = {cell.id for cell in plan.cells[2:]}
    seen = view_of(Watch(tmp_path, plan, due=due))
    assert (seen.done, seen.failed, seen.left) == (1, 1, 6)


def test_done_cells_that_are_due_again_are_left(tmp_path: Path, plan: Plan) -> None:
    for cell in plan.cells:
        done(tmp_path, cell)
    watch = Watch(tmp_path, plan, due={cell.id for cell in plan.cells})
    assert (view_of(watch).done, watch.view().left) == (0, 8)
    done(tmp_path, plan.cells[5])
    assert (view_of(watch).done, watch.view().left) == (1, 7)


def test_a_cell_that_another_process_runs_is_followed(tmp_path: Path, plan: Plan) -> None:
    record(tmp_path, plan.cells[0], "running", epochs=2)
    seen = view_of(Watch(tmp_path, plan, due=set()))
    assert (len(seen.running), seen.left) == (1, 7)


def test_a_dead_process_is_noticed(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(tmp_path, plan)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    record(tmp_path, plan.cells[0], "running")
    assert len(view_of(watch).running) == 1
    lost = {"host": this_process().host, "pid": gone.pid, "process_started": "0"}
    record(tmp_path, plan.cells[0], "running", worker=lost)
    assert [stop.why for stop in watch.poll()] == ["lost"]
    assert watch.view().left == 8


def test_cells_are_found_in_whatever_order_they_start(tmp_path: Path) -> None:
    plan = Plan("large", cells(300))
    watch = Watch(tmp_path, plan)
    done(tmp_path, plan.cells[299])
    for _ in range(8):
        watch.poll()
    assert watch.view().done == 1


def test_a_poll_does_not_look_at_all_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan("large", cells(5_000))
    watch = Watch(tmp_path, plan)
    looks: list[Path] = []
    stat = Path.stat

    def look(path: Path, **more: Any) -> os.stat_result:
        looks.append(path)
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", look)
    watch.poll()
    watch.poll()
    assert len(looks) < 200


@pytest.mark.slow
def test_ten_thousand_cells_cost_little(tmp_path: Path) -> None:
    plan = Plan("large", cells(10_000))
    watch = Watch(tmp_path, plan)
    for cell in plan.cells[:8]:
        record(tmp_path, cell, "running", epochs=5)
    watch.poll()
    start = time.process_time()
    for _ in range(50):
        watch.poll()
        watch.view()
    assert (time.process_time() - start) / 50 < 0.005


def test_the_last_row_is_the_last_complete_one(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    assert last_row(path) == {}
    path.write_text("epoch,loss\n")
    assert last_row(path) == {}
    path.write_text("epoch,loss\n1,0.5\n2,0.4\n3,0.")
    assert last_row(path) == {"epoch": "2", "loss": "0.4"}
    path.write_text("epoch,loss\n" + "".join(f"{n},{1 / (n + 1)}\n" for n in range(5_000)))
    assert last_row(path)["epoch"] == "4999"


def test_a_label_leaves_out_what_all_cells_share() -> None:
    names = ("relu-hinge-lr=1e-05-seed=0", "gelu-hinge-lr=1e-05-seed=0", "gelu-hinge-lr=0.001-seed=1")
    made = [Cell(f"{n:012x}", f"{name}-{n:012x}", [], {}, {}) for n, name in enumerate(names)]
    labels = [label(cell, shared_words(made)) for cell in made]
    assert labels == ["relu-lr=1e-05-seed=0", "gelu-lr=1e-05-seed=0", "gelu-lr=0.001-seed=1"]
    assert label(made[0], shared_words(made[:1])) == names[0]
    assert label(made[0], shared_words([made[0], made[0]])) == made[0].name


# How long it takes.


def test_the_forecast_is_exact_where_effects_multiply() -> None:
    grid = [[f"a={a}", f"b={b}", f"seed={seed}"] for a in range(3) for b in range(2) for seed in range(20)]
    forecast = Forecast(grid[1::2])

    def cost(overrides: list[str]) -> float:
        return 2.0 * (1 + int(overrides[0][-1])) * (1 + 3 * int(overrides[1][-1]))

    for overrides in grid[::2]:
        forecast.spent(overrides, cost(overrides))
    assert forecast.left_s() == pytest.approx(sum(map(cost, grid[1::2])), rel=0.15)
    assert forecast.cell_s(["a=2", "b=1"]) == pytest.approx(24, rel=0.15)


def test_there_is_no_forecast_before_the_first_cost() -> None:
    forecast = Forecast([["a=1"]])
    assert forecast.left_s() is None
    assert forecast.cell_s(["a=1"]) is None
    forecast.expect(["a=1"], -1)
    assert forecast.left_s() == 0


def test_cells_of_another_grid_count_with_average_cost() -> None:
    forecast = Forecast([["a=1"], ["b=7"]])
    for _ in range(100):
        forecast.spent(["a=1"], 30.0)
        forecast.spent(["a=0"], 10.0)
    assert forecast.left_s() == pytest.approx(30 + 20, rel=0.05)


def test_time_left_is_shared_by_the_workers(tmp_path: Path, plan: Plan) -> None:
    done(tmp_path, plan.cells[0], 4.0)
    watch = Watch(tmp_path, plan, workers=2)
    assert view_of(watch).left_s == pytest.approx(7 * 4 / 2, rel=0.01)
    for cell in plan.cells[1:]:
        done(tmp_path, cell, 4.0)
    assert view_of(watch).left_s == 0


def test_time_left_is_known_from_the_first_epochs(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, plan)
    record(tmp_path, plan.cells[0], "running", epochs=1)
    seen = view_of(watch)
    assert seen.left_s is None
    seen.running[0].first = (1, time.time() - 6)
    with (tmp_path / plan.cells[0].name / "history.csv").open("a") as history:
        history.write("4,0.5,0.9\n")
    assert view_of(watch).left_s == pytest.approx(7 * 20 + 0.6 * 20, rel=0.05)


def test_the_slowest_running_cell_bounds_the_time_left(tmp_path: Path, plan: Plan) -> None:
    watch = Watch(tmp_path, Plan("two", plan.cells[:2]), workers=64)
    record(tmp_path, plan.cells[0], "running", epochs=2)
    watch.poll()
    (running,) = watch.view().running
    running.first = (0, time.time() - 6)
    assert watch.view().left_s == pytest.approx(24, rel=0.1)


# What it looks like.


def a_view(running: int = 3, total: int = 96) -> View:
    made = []
    for cell in cells(running):
        name = "swish-softmax_ce-hidden=256x64-weight_decay=0.0005-seed=3"
        one = Running(cell, ROOT, name, 0.0, epoch=7)
        one.row = {"epoch": "7", "test_accuracy": "0.97123"}
        made.append(one)
    return View(total, 58, 2, 1, total - 61 - running, made, 3_700.0)


def drawn(view: View, width: int, height: int = 24, title: str = "grid") -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(picture(title, view, width, height))
    return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 160, 300])
@pytest.mark.parametrize("title", ["grid", "a_very_long_name_of_a_sweep_that_nobody_should_give"])
def test_no_line_is_wider_than_the_terminal(width: int, title: str) -> None:
    lines = drawn(a_view(), width, title=title)
    assert len(lines) == 5
    assert max(map(len, lines)) <= width


def test_the_picture_tells_all() -> None:
    text = "\n".join(drawn(a_view(), 100))
    for part in (
        "grid",
        "61/96",
        "about 1 h 1 min left",
        "58 done",
        "2 diverged",
        "1 failed",
        "3 running",
        "32 left",
    ):
        assert part in text
    assert "swish-softmax_ce-hidden=256x64-weight_decay=0.0005-seed=3" in text
    assert "epoch  7/10  test accuracy 0.9712" in text


def test_a_narrow_picture_keeps_both_ends_of_a_name_and_the_figures() -> None:
    row = drawn(a_view(), 60)[2]
    assert "swish-softmax" in row
    assert "seed=3" in row
    assert row.rstrip().endswith("7/10  0.9712")


def test_more_running_cells_than_lines_are_counted() -> None:
    lines = drawn(a_view(running=30), 100, height=12)
    assert len(lines) <= 12
    assert lines[-1].strip() == "and 23 more"


def test_plain_lines_come_at_each_tenth_and_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    lines = Lines("grid")
    for complete in range(101):
        lines.show(View(100, complete, 0, 0, 100 - complete, [], None))
    lines.close(View(100, 100, 0, 0, 0, [], 0.0))
    printed = capfd.readouterr().err.splitlines()
    assert printed[0] == "grid: 10 of 100 done, 0 running, 90 left"
    assert printed[-1] == "grid: 100 of 100 done, 0 running, 0 left"
    assert len(printed) == 10


def test_plain_lines_come_after_a_while(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    lines = Lines("grid")
    for second in range(130):
        clock[0] = float(second)
        lines.show(a_view(running=second // 5 % 2))
    assert 8 <= len(capfd.readouterr().err.splitlines()) <= 13
    for second in range(130, 330):
        clock[0] = float(second)
        lines.show(a_view(running=0))
    assert 3 <= len(capfd.readouterr().err.splitlines()) <= 5


def test_failures_are_told_as_they_happen_but_not_without_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = Plan("grid", cells(40))
    with live(tmp_path, plan, poll_s=0.01):
        for cell in plan.cells:
            record(tmp_path, cell, "failed", error={"type": "ValueError", "message": "no such thing"})
    printed = capfd.readouterr().err.splitlines()
    assert f"grid: {plan.cells[0].name}  failed: ValueError: no such thing" in printed
    assert sum("no such thing" in line for line in printed) == live_view.STOPS_SHOWN
    assert printed[-1] == "grid: 0 of 40 done, 40 failed, 0 running, 0 left"


def test_a_broken_view_does_not_stop_the_sweep(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Watch, "poll", lambda _: 1 / 0)
    with live(tmp_path, plan, poll_s=0.01):
        time.sleep(0.05)
    assert "the live view has stopped (ZeroDivisionError: division by zero); the sweep goes on" in caplog.text


def test_the_view_ends_with_its_body_whatever_that_raises(tmp_path: Path, plan: Plan) -> None:
    with pytest.raises(KeyboardInterrupt), live(tmp_path, plan, poll_s=60):
        raise KeyboardInterrupt
    assert not [thread for thread in threading.enumerate() if thread.name.endswith("(_follow)")]


# On a real terminal.

SCRIPT = """
import os, subprocess, sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_progress import cells, done, record
from sweeps.records.plan import Plan
from sweeps.view.live import live

root, plan = Path(sys.argv[1]), Plan("grid", cells())
with live(root, plan, poll_s=0.02):
    for number, cell in enumerate(plan.cells):
        record(root, cell, "running", epochs=3)
        print("printed", number)
        os.write(2, b"written %d\\n" % number)
        subprocess.run(["sh", "-c", f"echo from a child {{number}}"])
        time.sleep(0.05)
        done(root, cell)
    print("without an end", end="")
print("after")
"""


def on_a_terminal(folder: Path, width: int, **environment: str) -> Iterator[str]:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=follower, stdout=follower, stderr=follower, cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(follower)
    while True:
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:  # how Linux says that nobody is at the other end any more
            break
        if not chunk:
            break
        yield chunk.decode()
    os.close(leader)
    assert process.wait(30) == 0


def test_on_a_terminal_nothing_is_lost_or_mixed_with_the_picture(tmp_path: Path) -> None:
    text = "".join(on_a_terminal(tmp_path, 80))
    assert "8/8" in text
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\r", text)
    lines = {part for line in plain.splitlines() for part in line.split("\r")}
    for number in range(8):
        assert {f"printed {number}", f"written {number}", f"from a child {number}"} <= lines
    assert {"without an end", "after"} <= lines
    assert "\x1b[?25l" not in text  # a cursor that is hidden stays so if the process is killed


def test_no_color_is_respected(tmp_path: Path) -> None:
    colors = re.compile(r"\x1b\[(?:[0-9]+;)*3[0-9][;m]")
    (tmp_path / "plain").mkdir()
    (tmp_path / "coloured").mkdir()
    assert not colors.search("".join(on_a_terminal(tmp_path / "plain", 80, NO_COLOR="1")))
    assert colors.search("".join(on_a_terminal(tmp_path / "coloured", 80)))


def test_a_dumb_terminal_gets_plain_lines(tmp_path: Path) -> None:
    text = "".join(on_a_terminal(tmp_path, 80, TERM="dumb"))
    assert "\x1b" not in text
    assert "grid: 8 of 8 done" in text
