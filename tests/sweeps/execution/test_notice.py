"""Word of a sweep's end: the user's command runs whatever the end, and can do the sweep no harm."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest

from sweeps.records.excluded import exclude
from tests.support.tiny.driver import Tiny

WRITE = f"""{sys.executable} -c "import json,os; json.dump(dict(os.environ), open('told.json','w'))" """


def told(tiny: Tiny) -> dict[str, str]:
    found: dict[str, str] = json.loads((tiny.cwd / "told.json").read_text())
    return {key: value for key, value in found.items() if key.startswith("SWEEP_")}


def notify(command: str) -> str:
    return "hydra.sweeper.notify='" + command.replace("'", "\\'") + "'"


def test_it_is_told_the_outcome(tiny: Tiny) -> None:
    tiny.run("x=1,2", notify(WRITE))
    found = told(tiny)
    assert found["SWEEP_OUTCOME"] == "done"
    assert found["SWEEP_EXIT_CODE"] == "0"
    assert (found["SWEEP_CELLS"], found["SWEEP_DONE"], found["SWEEP_FAILED"]) == ("2", "2", "0")
    assert found["SWEEP_DIR"] == str(tiny.root)
    assert found["SWEEP_NAME"] == "adhoc"
    assert found["SWEEP_SUMMARY"] == "adhoc: done, 2 cells: 2 done"


def test_it_is_told_of_failures(tiny: Tiny) -> None:
    tiny.run("x=1,2", "mode=raise", notify(WRITE), code=1)
    found = told(tiny)
    assert (found["SWEEP_OUTCOME"], found["SWEEP_EXIT_CODE"], found["SWEEP_FAILED"]) == (
        "incomplete",
        "1",
        "2",
    )


def test_it_counts_the_cells_of_its_own_command(tiny: Tiny) -> None:
    """Commands without a name plan into one directory: what others have there is not this one's."""
    tiny.run("x=1,2,3,4")
    tiny.run("x=4,5,6", notify(WRITE), FAIL="1", code=1)
    assert len(tiny.plan()["cells"]) == 6
    found = told(tiny)
    assert found["SWEEP_SUMMARY"] == "adhoc: incomplete, 3 cells: 2 failed, 1 done"
    assert (found["SWEEP_CELLS"], found["SWEEP_DONE"], found["SWEEP_FAILED"]) == ("3", "1", "2")


def test_it_is_told_of_what_was_planned_since(tiny: Tiny) -> None:
    """A plan that another command has written since is not this one's either."""
    again = f"{sys.executable} -m tests.support.tiny.app x=7,8"
    tiny.run("x=1", notify(f"{again} && {WRITE}"))
    assert told(tiny)["SWEEP_SUMMARY"] == "adhoc: done, 1 cell: 1 done"


def test_a_run_that_is_left_out_is_no_result(tiny: Tiny) -> None:
    tiny.run("x=1,2")
    exclude(tiny.root, [tiny.records()[0].cell_id], "the fan failed", "2026-11-26T05:00:00+00:00")
    tiny.run("x=1,2", notify(WRITE))
    assert told(tiny)["SWEEP_SUMMARY"] == "adhoc: done, 2 cells: 1 excluded, 1 done"


@pytest.mark.parametrize("command", ["exit 3", "no-such-command", "kill -9 $$"])
def test_that_it_fails_is_one_line_and_no_failure_of_the_sweep(tiny: Tiny, command: str) -> None:
    done = tiny.run("x=1", notify(command))
    lines = [line for line in done.stderr.splitlines() if line.startswith("hydra.sweeper.notify")]
    assert len(lines) == 1
    assert "exit code" in lines[0]
    assert tiny.record().status == "done"


def test_a_mistake_and_a_dry_run_are_no_ends(tiny: Tiny) -> None:
    tiny.run("x=1", "steps=0", notify(WRITE), code=2)
    tiny.run("x=1", "hydra.sweeper.dry_run=true", notify(WRITE))
    assert not (tiny.cwd / "told.json").exists()


def test_it_is_told_of_an_interruption(tiny: Tiny) -> None:
    process = tiny.start("x=1", "steps=10000", notify(WRITE))
    end = time.monotonic() + 60
    while not any(tiny.root.glob("*/history.csv")) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert (told(tiny)["SWEEP_OUTCOME"], told(tiny)["SWEEP_EXIT_CODE"]) == ("interrupted", "130")


def test_it_is_no_part_of_a_cells_identity(tiny: Tiny) -> None:
    tiny.run("x=1")
    assert "(1 kept, 0 run)" in tiny.run("x=1", notify("true")).stdout


def test_what_it_writes_is_seen(tiny: Tiny, tmp_path: Path) -> None:
    assert "adhoc: done, 1 cell: 1 done" in tiny.run("x=1", notify("echo $SWEEP_SUMMARY")).stdout
