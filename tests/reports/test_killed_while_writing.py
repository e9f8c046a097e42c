"""Killed at any step of writing, a command leaves the old result or the new one; the next one clears up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reports.page import drafts
from tests.support import synthetic
from tests.support.mortal import MORTAL

PROJECT = Path(__file__).parents[2]
WRITES = (
    MORTAL
    + """
for name in ("rename", "replace", "write_bytes"):
    setattr(Path, name, mortal(getattr(Path, name)))
"""
)
COMMAND = WRITES + "from reports.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
SWAP = WRITES + (
    "from reports.page.drafts import draft_for, replace_directory\n"
    "with draft_for(Path(sys.argv[1])) as draft:\n"
    "    draft.mkdir()\n"
    "    (draft / 'page').write_text('new')\n"
    "    replace_directory(draft, Path(sys.argv[1]), keep='plots')\n"
)
CELLS = synthetic.grid({"loss": ["mse", "hinge"]}, seeds=range(2), epochs=3)


def files(root: Path) -> dict[str, bytes]:
    """What lies below a folder, by name."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def killed_at(code: str, step: int, *arguments: str, cwd: Path) -> bool:
    """Run a command that kills itself at a step of its writing; whether it came to that."""
    (cwd / "tmp").mkdir(exist_ok=True)
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(cwd / "tmp")}
    command = [sys.executable, "-c", code, str(step), *arguments]
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.faults
@pytest.mark.parametrize(
    ("words", "step"),
    [
        (("export", "runs", "--to", "csv", "--out", "out"), 2),
        (("export", "runs", "--to", "csv", "--out", "out"), 3),
        (("bundle", "runs", "--to", "out/x.zip"), 5),
    ],
)
def test_a_killed_command_leaves_what_was_there_and_the_next_one_clears_up(
    words: tuple[str, ...], step: int, tmp_path: Path
) -> None:
    synthetic.write_sweep(tmp_path / "runs", CELLS)
    (tmp_path / "out").mkdir()
    assert not killed_at(COMMAND, 0, *words, cwd=tmp_path)
    whole, records = files(tmp_path / "out"), files(tmp_path / "runs")
    for name in whole:  # so that an older one is told from a new one
        (tmp_path / "out" / name).write_bytes(b"older")
    assert killed_at(COMMAND, step, *words, cwd=tmp_path)
    now = files(tmp_path / "out")
    assert {now[name] for name in whole} == {b"older"}
    assert not list((tmp_path / "tmp").iterdir())
    assert not killed_at(COMMAND, 0, *words, cwd=tmp_path)
    assert files(tmp_path / "out") == whole
    assert files(tmp_path / "runs") == records


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_report_that_is_exchanged_keeps_its_pictures_whenever_it_is_killed(
    step: int, tmp_path: Path
) -> None:
    """The pictures were moved first; killed after that, the report that was put back had none."""
    target = tmp_path / "report"
    (target / "plots").mkdir(parents=True)
    (target / "page").write_text("old")
    (target / "plots" / "a.png").write_bytes(b"picture")
    done = killed_at(SWAP, step, str(target), cwd=tmp_path)
    assert done or step == 3
    drafts.clear(target)
    expected = b"old" if done else b"new"
    assert files(target) == {"page": expected, "plots/a.png": b"picture"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "tmp"]


def test_an_exchange_that_ctrl_c_ends_between_its_two_steps_puts_the_older_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, rename = tmp_path / "report", Path.rename
    target.mkdir()
    (target / "page").write_text("old")

    def interrupted(self: Path, to: Path) -> Path:
        if self.suffix == ".tmp":
            raise KeyboardInterrupt
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", interrupted)
    draft = tmp_path / ".report-01234567.tmp"
    draft.mkdir()
    with pytest.raises(KeyboardInterrupt):
        drafts.replace_directory(draft, target)
    assert files(tmp_path) == {"report/page": b"old"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_command_that_is_asked_to_end_clears_up_itself(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM ended it on the spot, and its draft lay beside the target until the next command."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "page").write_text("old")
    code = SWAP.replace(
        "    replace_directory", f"    os.kill(os.getpid(), {int(number)})\n    replace_directory"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", code, "0", str(tmp_path / "report")]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
    assert done.returncode == (-number if number is signal.SIGINT else 128 + number), done.stderr
    assert files(tmp_path) == {"report/page": b"old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report"]
