"""The same command given again while it runs helps; results are the same, whoever is killed."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sweeps.records.commands import Terms, active, folder_name, session_of, write_terms
from sweeps.status import main as status
from tests.support.tiny.driver import Tiny, running, wait_until

COMMAND = ("sweep=pair", "steps=6")
Results = dict[str, tuple[Any, bytes]]


class Pair(Tiny):
    """Commands that start cells, but end none before `go`."""

    def __init__(self, cwd: Path) -> None:
        super().__init__(cwd)
        self.root = cwd / "runs" / "pair"

    def begin(self, *words: str, number: int = 1) -> subprocess.Popen[str]:
        """Start a command, and wait until so many of them are at work on a cell."""
        process = self.start(*words, WAIT_FOR=str(self.cwd / "go"))
        wait_until(lambda: len(running(self)) == number, 90)
        return process

    def go(self) -> None:
        (self.cwd / "go").touch()

    def data(self) -> list[dict[str, Any]]:
        return [record.data for record in self.records()]

    def results(self) -> Results:
        return {
            record.cell_id: (record.data["final"], (record.path / "history.csv").read_bytes())
            for record in self.records()
        }


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """What one command does that nobody helps."""
    pair = Pair(tmp_path_factory.mktemp("alone"))
    pair.run(*COMMAND)
    return pair


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    out, err = process.communicate(timeout=90)
    assert process.returncode == code, out + err
    return out


def test_the_same_command_joins_and_each_cell_is_run_once(
    pair: Pair, alone: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = pair.begin(*COMMAND), pair.begin(*COMMAND, number=2)
    assert status([str(pair.root)]) == 1
    told, host = capsys.readouterr().out, os.uname().nodename
    assert f"process {first.pid} on {host} is running this sweep, with 1 worker\n" in told
    assert f"process {second.pid} on {host} has joined this sweep, with 1 worker\n" in told
    pair.go()
    assert "4 cells: 4 done" in ended(first)
    assert "4 cells: 4 done" in ended(second)
    assert pair.results() == alone.results()
    assert {data["attempts"] for data in pair.data()} == {1}
    began, joined = sorted({data["launch"].rpartition(".")[0] for data in pair.data()}, key=len)
    assert joined.startswith(f"{began}+")
    assert not [path for path in (pair.root / ".sweep").iterdir() if path.is_dir()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("leaves", ["first", "second"])
def test_whoever_leaves_does_no_harm(pair: Pair, alone: Pair, number: signal.Signals, leaves: str) -> None:
    first, second = pair.begin(*COMMAND), pair.begin(*COMMAND, number=2)
    leaver, other = (first, second) if leaves == "first" else (second, first)
    leaver.send_signal(number)
    leaver.communicate(timeout=60)
    assert leaver.returncode in (-number, 128 + number)
    if leaves == "first":  # the directory still belongs to the sweep
        error = pair.run("sweep=pair", "steps=7", code=2).stderr
        assert f"is in use by the sweep of process {second.pid}" in error
    pair.go()
    assert "4 cells: 4 done" in ended(other)
    assert pair.results() == alone.results()


def test_a_cell_that_fails_is_tried_by_one_of_those_who_work_together(pair: Pair) -> None:
    command = (*COMMAND, "mode=raise")
    first, second = pair.begin(*command), pair.begin(*command, number=2)
    pair.go()
    assert "4 failed" in ended(first, 1)
    assert "4 failed" in ended(second, 1)
    assert {data["attempts"] for data in pair.data()} == {1}


def test_what_is_run_again_is_run_again_once_by_all_together(alone: Pair, tmp_path: Path) -> None:
    alone.copied_to(tmp_path)
    pair, command = Pair(tmp_path), (*COMMAND, "hydra.sweeper.retry=all")
    before = {data["launch"] for data in pair.data()}
    first, second = pair.begin(*command), pair.begin(*command, number=2)
    pair.go()
    ended(first), ended(second)
    launches = {data["launch"] for data in pair.data()}
    assert not before & launches
    assert len(set(map(session_of, launches))) == 1
    assert {data["attempts"] for data in pair.data()} == {1}
    assert pair.results() == alone.results()


def test_another_command_is_refused_and_told_what_differs(pair: Pair) -> None:
    first = pair.begin(*COMMAND)
    others = {
        ("sweep=pair", "steps=7"): "cells",
        (*COMMAND, "hydra.sweeper.retry=all"): "hydra.sweeper.retry",
        (*COMMAND, "step_s=0.001"): "cells",  # no part of an id, but the command is another one
    }
    for other, what in others.items():
        error = pair.run(*other, code=2).stderr
        assert f"is in use by the sweep of process {first.pid}" in error
        assert f"the same command would join it, this one differs in {what}\n" in error
    (terms,) = (pair.root / ".sweep").glob("*/command.json")
    terms.unlink()  # a command of another version says nothing of its terms: nobody joins it
    assert "is in use by the sweep of process" in pair.run(*COMMAND, code=2).stderr
    pair.go()
    ended(first)


GROWING = ("sweep=pair", "seed=0", "hydra.sweeper.strategy=tests.support.tiny.strategies.highest")


def grown(pair: Pair) -> tuple[list[str], list[tuple[str, list[str]]], Any]:
    """What the plan of a strategy says that does not depend on when, and by whom, it was made."""
    plan = pair.plan(pair.root)
    steps = [(step["why"], step["cells"]) for step in plan["strategy"]["steps"]]
    return [cell["id"] for cell in plan["cells"]], steps, plan["strategy"]["end"]


@pytest.fixture(scope="module")
def grown_alone(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """What a strategy comes to that one command asks."""
    pair = Pair(tmp_path_factory.mktemp("grown"))
    pair.run(*GROWING, "steps=20")
    return pair


def test_what_a_strategy_asks_of_two_commands_is_planned_once(pair: Pair, grown_alone: Pair) -> None:
    command = (*GROWING, "steps=20")
    first, second = pair.begin(*command), pair.begin(*command, number=2)
    pair.go()
    assert "5 cells: 5 done" in ended(first)
    assert "5 cells: 5 done" in ended(second)
    assert grown(pair) == grown(grown_alone)
    assert pair.results() == grown_alone.results()
    assert [entry["new"] for entry in pair.plan(pair.root)["history"]] == [2, 0, 1, 1, 1]


def test_the_same_command_joins_a_sweep_whose_strategy_has_asked_for_more(
    pair: Pair, grown_alone: Pair
) -> None:
    command = (*GROWING, "steps=20", "step_s=0.05")
    pair.go()
    first = pair.start(*command, WAIT_FOR=str(pair.cwd / "go"))
    wait_until(lambda: (pair.root / "sweep.json").exists() and grown(pair)[1], 90)
    (pair.cwd / "go").unlink()  # what the strategy has asked for is begun, and not ended
    second = pair.start(*command, WAIT_FOR=str(pair.cwd / "go"))
    wait_until(lambda: len(active(pair.root)) == 2, 90)
    pair.go()
    assert "5 cells: 5 done" in ended(first)
    assert "5 cells: 5 done" in ended(second)
    assert grown(pair) == grown(grown_alone)
    assert pair.results() == grown_alone.results()
    assert sorted(entry["new"] for entry in pair.plan(pair.root)["history"]) == [0, 1, 1, 1, 2]


def test_a_strategy_is_asked_when_what_another_command_is_running_has_ended(tiny: Tiny) -> None:
    go = tiny.cwd / "go"
    other = tiny.start("x=1", WAIT_FOR=str(go))
    wait_until(lambda: len(running(tiny)) == 1, 90)
    sweep = tiny.start("x=1,2", GROWING[-1])
    wait_until(lambda: any(record.status == "done" for record in tiny.records()), 90)
    assert tiny.plan()["strategy"]["steps"] == []
    go.touch()
    ended(other)
    assert "5 cells: 5 done" in ended(sweep)
    assert len(tiny.plan()["strategy"]["steps"]) == 3


def test_on_another_machine_the_lock_says_who_works(tmp_path: Path) -> None:
    """A command there cannot be looked up: it works as long as its lock is young."""
    folder = tmp_path / ".sweep" / folder_name()
    folder.mkdir(parents=True)
    write_terms(folder, Terms(True, {"cells": "abc"}), 3)
    owner = {"host": "far", "pid": 7, "process_started": "1", "token": "a" * 12}
    (folder / "lock").write_text(str(owner).replace("'", '"'))
    (found,) = active(tmp_path)
    assert (str(found.owner), found.workers, found.has_joined) == ("process 7 on far", 3, False)
    os.utime(folder / "lock", (1, 1))
    assert active(tmp_path) == []
