"""Ctrl-C before a command has begun: it ends at once with 130; no traceback, and nothing is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sweeps.planning.hydra_errors import one_line

ROOT = Path(__file__).parents[3]
INTERRUPTED_HERE = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(10**6): pass\n"
MODULES = ["sweeps", "sweeps.status", "sweeps.runs", "sweeps.studies", "sweeps.verify", "reports"]
INSTALLED = "import sys; from mlp_grid.commands import {0}; sys.exit({0}())"
COMMANDS = {
    **{module: ["-m", module, "x"] for module in [*MODULES, "sweeps.job.inspection"]},
    **{f"mlp-{name}": ["-c", INSTALLED.format(name), "x"] for name in ("sweep", "report", "status")},
}


def interrupted_in(module: str, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that gets Ctrl-C while it imports a module."""
    (folder / "first").mkdir()
    (folder / "first" / f"{module}.py").write_text(INTERRUPTED_HERE)
    (folder / "here").mkdir()
    path = os.pathsep.join([str(folder / "first"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-P", *command],
        cwd=folder / "here",
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_ctrl_c_while_a_command_is_imported_shows_no_traceback(command: list[str], tmp_path: Path) -> None:
    done = interrupted_in("argparse", command, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not list((tmp_path / "here").iterdir())


@pytest.mark.parametrize(
    ("module", "command"), [("yaml", ["-m", "sweeps", "seed=1"]), ("pandas", ["-m", "reports", str(ROOT)])]
)
def test_ctrl_c_while_a_command_imports_what_it_needs_is_no_mistake(
    module: str, command: list[str], tmp_path: Path
) -> None:
    done = interrupted_in(module, command, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    assert not list((tmp_path / "here").iterdir())


def test_importing_the_packages_leaves_ctrl_c_as_it_is() -> None:
    look = "import signal, sweeps, reports; print(signal.getsignal(2) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_ctrl_c_that_omegaconf_has_lost_is_no_mistake() -> None:
    config = OmegaConf.create({"seed": 1})
    OmegaConf.set_struct(config, True)
    try:
        try:
            raise KeyboardInterrupt
        finally:
            _ = config.sed
    except OmegaConfBaseException as error:
        lost = error
    with pytest.raises(KeyboardInterrupt):
        one_line(lost)
