"""What commands import: for their help nothing heavy, for words and tables nothing that draws."""

import subprocess
import sys

import pytest

from reports.__main__ import COMMANDS, EXPORTS
from reports.commands import FORMATS
from reports.exports.frames import FORMATS as FRAMES
from reports.exports.trackers import TRACKERS
from reports.page.serve import USUAL_PORT

CODE = """
import sys
from {module} import main
try:
    main({words})
except SystemExit as end:
    assert end.code == 0
slow = {{"numpy", "pandas", "matplotlib", "scipy", "hydra", "jinja2"}} & sys.modules.keys()
print("imported:", *sorted(slow), file=sys.stderr)
"""
HELPS = [
    *(("reports.__main__", [name, "--help"]) for name in COMMANDS),
    ("sweeps.job.inspection", ["--help"]),
]


@pytest.mark.parametrize(("module", "words"), HELPS, ids=str)
def test_help_is_shown_before_what_a_command_needs_is_imported(module: str, words: list[str]) -> None:
    code = CODE.format(module=module, words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: " in done.stdout
    assert done.stderr.splitlines()[-1] == "imported:"


def test_words_and_tables_import_nothing_that_draws_or_optimises() -> None:
    code = (
        "import sys, reports.page.build, reports.closing, reports.findings.report\n"
        "print(*sorted({'matplotlib', 'scipy.optimize', 'scipy.stats', 'hydra'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_choices_are_those_that_there_are() -> None:
    assert sorted(EXPORTS) == sorted([*FRAMES, *TRACKERS])
    assert sorted(FORMATS) == ["csv", "latex", "md"]
    assert USUAL_PORT == 8765
