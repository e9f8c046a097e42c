"""`python -m sweeps --help`: nothing that can be chosen is left unexplained."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from sweeps.cli.command import called
from sweeps.cli.version import version
from sweeps.job import help_text

ROOT = Path(__file__).parents[3]
OPTIONS = [(group, name) for group in help_text.GROUPS for name, _ in help_text.options_of(group)]


def test_help_is_printed_without_a_run() -> None:
    command = [sys.executable, "-m", "sweeps", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python -m sweeps activation=relu,gelu" in done.stdout
    assert "optimizer.momentum=0.9" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize("group", [group for group in help_text.GROUPS if (help_text.CONF / group).exists()])
def test_every_option_says_what_it_is(group: str) -> None:
    options = [(name, about) for name, about in help_text.options_of(group) if not name.startswith(" ")]
    assert options
    assert not [name for name, about in options if len(about) < 10]


def test_every_key_says_what_it_is() -> None:
    described = dict(help_text.keys())
    assert not [key for key, about in described.items() if not about]
    assert {key.partition("=")[0] for key in described} >= {"seed", "training.epochs", "training.batch_size"}


# what argparse does from Python 3.14 on
CHECKED = """
import argparse, sys
plain = argparse._ActionsContainer.add_argument

def check_help(self, action):
    action.help and "%" in action.help

def add_argument(self, *names, **options):
    action = plain(self, *names, **options)
    check = getattr(self, "_check_help", None)
    check and check(action)
    return action

argparse.ArgumentParser._check_help = check_help
argparse._ActionsContainer.add_argument = add_argument
from sweeps.__main__ import main
sys.exit(main())
"""


def test_hydra_starts_where_argparse_refuses_its_help_text(tmp_path: Path) -> None:
    overrides = ["dataset=sample", "hydra.sweeper.dry_run=true"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CHECKED, *overrides],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "1 due" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        "sweeps --help",
        "sweeps sweep=grid hydra.sweeper.dry_run=true",
        "sweeps sweep=grid --cfg job",
        "reports --help",
        "sweeps.status --help",
        "sweeps.job.inspection --help",
    ],
)
def test_what_is_printed_may_be_left_unread(arguments: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *arguments.split()],
        cwd=tmp_path,
        env=environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "module", ["sweeps.__main__", "reports.__main__", "sweeps.status", "sweeps.job.inspection"]
)
def test_every_command_tells_the_version(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["command", "--version"])
    with pytest.raises(SystemExit, match="0"):
        sys.exit(import_module(module).main())
    assert capsys.readouterr().out == f"mlp-grid {version()}\n"


def test_commands_are_named_as_they_were_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/mlp-sweep"])
    assert [called(module) for module in ("sweeps", "reports compare", "sweeps.status")] == [
        "mlp-sweep",
        "mlp-report compare",
        "mlp-status",
    ]
    assert "python -m" not in help_text.text()
    monkeypatch.setattr(sys, "argv", ["/somewhere/sweeps/__main__.py"])
    assert called("reports compare") == "python -m reports compare"
