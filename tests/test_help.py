"""`python -m sweeps --help`: nothing that can be chosen is left unexplained."""

import subprocess
import sys
from pathlib import Path

import pytest

from sweeps import help

ROOT = Path(__file__).parent.parent
OPTIONS = [(group, name) for group in help.GROUPS for name, _ in help.options_of(group)]


def test_help_is_printed_without_a_run() -> None:
    command = [sys.executable, "-m", "sweeps", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "python -m sweeps activation=relu,gelu" in done.stdout
    assert "optimizer.momentum=0.9" in done.stdout
    assert not done.stderr


@pytest.mark.parametrize("group", [group for group in help.GROUPS if (help.CONF / group).exists()])
def test_every_option_says_what_it_is(group: str) -> None:
    options = [(name, about) for name, about in help.options_of(group) if not name.startswith(" ")]
    assert options
    assert not [name for name, about in options if len(about) < 10]


def test_every_key_says_what_it_is() -> None:
    described = dict(help.keys())
    assert not [key for key, about in described.items() if not about]
    assert {key.partition("=")[0] for key in described} >= {"seed", "training.epochs", "training.batch_size"}
