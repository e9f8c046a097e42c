"""`python -m sweeps.studies`: the one list of studies, run in order; what stops it and what does not."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from reports.published.publish import all_studies
from sweeps import studies
from sweeps.execution.in_turn import Commands
from sweeps.records.errors import UserError
from sweeps.records.studies import STUDIES

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
SMALL = [
    "activation=gelu",
    "loss=mse",
    "model.hidden=[8]",
    "optimizer.lr=1e-5",
    "training.epochs=1",
    "init=he",
    "dataset=sample",
    "seed=0",
    "training.batch_size=500",
]
ENDLESS = [override.replace("epochs=1", "epochs=100000") for override in SMALL]


def study(
    cwd: Path, *arguments: str, code: int = 0, capsys: object = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sweeps.studies", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def commands(output: str) -> list[str]:
    return re.findall(r"^── python -m (\S+ \S+)", output, re.MULTILINE)


class Heard(Commands):
    """Notes commands instead of running them; each ends with the code that is given for it."""

    def __init__(self, codes: Sequence[int] = ()) -> None:
        super().__init__()
        self.codes, self.commands = list(codes), list[str]()

    def run(self, arguments: Sequence[str], **_: Any) -> int:
        self.commands.append(" ".join(arguments[1:]))
        return self.codes.pop(0) if self.codes else 0


def ordered(name: str, *overrides: str) -> list[studies.Order]:
    return studies.orders_of(studies.chosen(name), overrides)


def test_the_list_has_every_sweep_of_every_study_in_conf() -> None:
    in_conf = {path.stem for path in (CONF / "study").glob("*.yaml")}
    assert in_conf == {known.name for known in STUDIES if known.is_source_report}
    for known in STUDIES:
        folder = CONF / known.group / known.name
        assert folder.with_suffix(".yaml").is_file()
        assert sorted(known.parts) == sorted(path.stem for path in folder.glob("*.yaml"))
        assert known.measured is None or (ROOT / f"sweeps/job/measured/{known.measured}.py").is_file()
    assert all_studies() == [known.name for known in STUDIES]


def test_a_study_runs_its_parts_then_itself_then_measures_and_reports() -> None:
    heard = Heard()
    assert studies.run(ordered("long_run_grid", "seed=0"), heard, dry_run=False, fresh=False) == 0
    assert heard.commands == [
        "sweeps study=long_run_grid/timing seed=0",
        "sweeps study=long_run_grid/fit seed=0",
        "sweeps study=long_run_grid seed=0",
        "sweeps.job.measured runs/long_run_grid",
        "reports runs/long_run_grid",
    ]


def test_a_whole_study_gets_seeds_where_its_claims_are_open() -> None:
    heard = Heard()
    studies.run(ordered("fashion_tuning", "hydra.launcher.n_jobs=1"), heard, dry_run=False, fresh=False)
    assert heard.commands[2] == (
        "sweeps study=fashion_tuning hydra.launcher.n_jobs=1 hydra.sweeper.strategy=until_decided "
        "hydra.sweeper.claims=pkg://reports.sources/fashion_tuning.yaml"
    )
    assert not ordered("tuned_grid")[0].more_seeds()
    assert not ordered("fashion_tuning", "loss=mse")[0].more_seeds()


def test_all_is_every_study_in_the_order_of_the_list() -> None:
    heard = Heard()
    studies.run(ordered("all"), heard, dry_run=False, fresh=False)
    reported = [line.removeprefix("reports runs/") for line in heard.commands if line.startswith("reports")]
    assert reported == [str(studies.usual(known).relative_to("runs")) for known in STUDIES]


@pytest.mark.parametrize(
    ("codes", "code", "run"),
    [
        ((0, 0, 0, 0, 0), 0, 5),
        ((1, 0, 0, 0, 0), 1, 5),
        ((0, 0, 0, 0, 1), 1, 5),
        ((0, 2), 2, 2),
        ((1, 2), 2, 2),
        ((130,), 130, 1),
    ],
)
def test_failed_cells_let_the_rest_go_on_and_a_mistake_or_a_signal_does_not(
    codes: tuple[int, ...], code: int, run: int
) -> None:
    heard = Heard(codes)
    assert studies.run(ordered("activation_loss_grid"), heard, dry_run=False, fresh=False) == code
    assert len(heard.commands) == run


def test_a_directory_of_ones_own_has_the_other_sweeps_below_it() -> None:
    name = "margin_and_hyperparameters"
    (order,) = ordered(name, "hydra.sweep.dir='my runs'", "seed=0")
    assert order.sweeps()[0][2:] == [f"study={name}/timing", "seed=0", "hydra.sweep.dir='my runs/timing'"]
    assert order.sweeps()[-1][2:] == [f"study={name}", "seed=0", "hydra.sweep.dir='my runs'"]
    assert order.closing() == [["-m", "reports", "my runs"]]
    with pytest.raises(UserError, match=r"hydra\.sweep\.dir = x: must be left out with NAME = all"):
        ordered("all", "hydra.sweep.dir=x")


def test_an_unknown_study_is_one_line_with_the_nearest(tmp_path: Path) -> None:
    error = study(tmp_path, "long_grid", code=2).stderr
    assert error.startswith("error: NAME = long_grid: no such study (did you mean long_run_grid")
    assert error.count("\n") == 1
    assert all(known.name in error for known in STUDIES)
    assert study(tmp_path, code=2).stderr.startswith("error: NAME = : no such study; there are ")
    assert not list(tmp_path.iterdir())


def test_the_list_tells_what_belongs_to_each(tmp_path: Path) -> None:
    lines = study(tmp_path, "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [known.name for known in STUDIES]
    assert "measured stability" in lines[4]
    assert "sweep=tuned_grid, report" in lines[5]


def test_a_mistake_stops_at_the_first_sweep_and_writes_nothing(tmp_path: Path) -> None:
    for more in ([], ["hydra.sweeper.fresh=true"]):
        done = study(tmp_path, "long_run_grid", "loss=hinj", *more, code=2)
        assert "did you mean loss=hinge?" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_dry_run_shows_the_plans_and_writes_nothing(tmp_path: Path) -> None:
    done = study(tmp_path, "tuned_grid", "--dry-run", "seed=0", "loss=mse")
    assert "96 due" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_study_leaves_its_runs_its_measurement_and_its_report(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text("raise SystemExit('the wrong reports')")
    done = study(tmp_path, "long_run_grid", *SMALL)
    assert [line.split()[0] for line in commands(done.stdout)] == [
        "sweeps",
        "sweeps",
        "sweeps",
        "sweeps.job.measured",
        "reports",
    ]
    root = tmp_path / "runs" / "long_run_grid"
    assert (root / "report" / "index.html").is_file()
    assert (root / "measured" / "stability.csv").is_file()
    assert json.loads((root / "timing" / "sweep.json").read_text())["sweep"] == "long_run_grid/timing"


def test_starting_anew_keeps_the_parts_that_have_just_run(tmp_path: Path) -> None:
    (order,) = ordered("fashion_tuning", "hydra.sweep.dir=" + str(tmp_path / "study"))
    for part in ("", "timing"):
        (order.directory / part).mkdir(exist_ok=True)
        (order.directory / part / "sweep.json").write_text("{}")
    heard = Heard()
    assert studies.run([order], heard, dry_run=False, fresh=True) == 0
    (aside,) = tmp_path.glob("study.*")  # moved before anything ran, and once
    assert (aside / "timing" / "sweep.json").is_file()
    assert not order.directory.exists()
    assert not [line for line in heard.commands if "fresh" in line]
    assert sum("dry_run=true" in line for line in heard.commands) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_stops_the_study(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sweeps.studies", "long_run_grid", *ENDLESS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 30
    while not list(tmp_path.glob("runs/long_run_grid/timing/*/history.csv")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number, output
    assert commands(output) == ["sweeps study=long_run_grid/timing"]
    assert f"interrupted by {number.name}" in output


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_terminals_ctrl_c_reaches_the_present_command_once(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "sweeps.studies",
        "long_run_grid",
        *ENDLESS,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execve(sys.executable, command, environment)
    output, typed, until = b"", False, time.monotonic() + 60
    while time.monotonic() < until:
        if not typed and list(tmp_path.glob("runs/long_run_grid/timing/*/history.csv")):
            typed = bool(os.write(terminal, b"\x03"))
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                output += os.read(terminal, 4096)
            except OSError:  # all that had it open have ended
                break
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130, output.decode()
    assert b"interrupted by SIGINT" in output  # a second one would have cut the sweep short
    assert output.count(b"python -m") == 1


def test_after_a_signal_no_command_is_started() -> None:
    turn = Commands()
    with turn.listening():
        signal.raise_signal(signal.SIGTERM)
        assert turn.run(["-c", "raise SystemExit(3)"]) == 128 + signal.SIGTERM
    assert Commands().run(["-c", "import os; os.kill(os.getpid(), 9)"]) == 137


@pytest.mark.parametrize("place", ["plain", "a b", "it's", "one\\two", "${x}", "a\\'b"])
def test_a_directory_of_any_name_reaches_the_sweeps_as_it_is(place: str) -> None:
    study = STUDIES[0]
    words = studies.Order(study, Path(place), ()).sweep(None)
    (given,) = (word for word in words if word.startswith("hydra.sweep.dir="))
    (override,) = OverridesParser.create().parse_overrides([given])
    config = OmegaConf.create({"dir": override.value()})
    assert Path(config.dir) == Path(place)
