"""Which sweeps train in lockstep: all, but those that measure time."""

import pytest

from tests.support import planned
from tests.support.planned import CONF

TIMING = sorted(path.parent.name for path in CONF.glob("study/*/timing.yaml"))


@pytest.mark.parametrize(
    ("name", "group", "lockstep"),
    [
        ("smoke", "sweep", "auto"),
        ("timing", "sweep", "off"),
        *((f"{study}/timing", "study", "off") for study in TIMING),
    ],
)
def test_only_what_measures_time_trains_every_run_alone(name: str, group: str, lockstep: str) -> None:
    cells = planned.settings_of(name, group)["cells"]
    assert {str(cell.config["training"]["lockstep"]) for cell in cells} == {lockstep}
