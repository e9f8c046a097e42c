"""What SLURM would refuse is a mistake, named before anything is written; here sbatch is a script."""

import os
from pathlib import Path
from typing import Any

import pytest

from sweeps.execution.slurm_commands import refuse
from sweeps.records.errors import UserError

SBATCH = """#!/bin/sh
echo "$@" >> {asked}
case "$*" in
  *--partition=nope*) echo "sbatch: error: invalid partition specified: nope" >&2; exit 1;;
  *--mail-type=FOO*) echo "sbatch: error: Invalid --mail-type specification" >&2; exit 255;;
  *--account=you*--qos=long*) echo "allocation failure: Invalid qos specification" >&2; exit 1;;
  *--constraint=down*) echo "allocation failure: Requested node configuration is not available" >&2; exit 1;;
  *--exclude=gone*) echo "allocation failure: Unable to contact slurm controller" >&2; exit 1;;
esac
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put sbatch on the path; returns the file with what it is asked."""
    file = tmp_path / "asked"
    script = tmp_path / "sbatch"
    script.write_text(SBATCH.format(asked=file))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return file


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"partition": "nope", "account": "you", "timeout_min": 5},
            "hydra.launcher.partition = nope: SLURM refuses such tasks: invalid partition specified: nope",
        ),
        (
            {"additional_parameters": {"mail-type": "FOO"}},
            "hydra.launcher.additional_parameters.mail-type = FOO: "
            "SLURM refuses such tasks: Invalid --mail-type specification",
        ),
        (
            {"account": "you", "qos": "long"},  # each alone is valid
            "hydra.launcher.account = you, hydra.launcher.qos = long: "
            "SLURM refuses such tasks: Invalid qos specification",
        ),
    ],
)
def test_what_slurm_calls_invalid_is_a_mistake_of_the_setting(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        refuse(settings)
    assert str(error.value) == line


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("settings", [{"constraint": "down"}, {"exclude": "gone"}])
def test_a_node_or_a_slurm_that_may_come_back_is_no_mistake(settings: dict[str, Any]) -> None:
    refuse(settings)


def test_slurm_is_asked_once_as_submitit_asks_it_and_starts_nothing(asked: Path) -> None:
    refuse({"timeout_min": 30, "partition": None, "qos": "a b", "additional_parameters": {"no_kill": True}})
    assert asked.read_text() == "--test-only --time=30 --qos=a b --no-kill --wrap=true\n"
