"""Which sweeps train in lockstep: those that ask for it; what measures time never does."""

import pytest

from tests.support import planned
from tests.support.planned import CONF

TIMING = sorted(path.parent.name for path in CONF.glob("study/*/timing.yaml"))


@pytest.mark.parametrize(
    ("name", "group"),
    [("smoke", "sweep"), ("timing", "sweep"), *((f"{study}/timing", "study") for study in TIMING)],
)
def test_every_run_has_seconds_of_its_own(name: str, group: str) -> None:
    cells = planned.settings_of(name, group)["cells"]
    assert {str(cell.config["training"]["lockstep"]) for cell in cells} == {"off"}
