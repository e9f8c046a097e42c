"""Cell ids are for ever: what was computed by an earlier version is found again by the same command."""

import hashlib

import pytest

from tests.support import planned

OF_VERSION_0_1 = [
    ("sweep", "grid", 96, "3a615e0a15258caf"),
    ("sweep", "smoke", 4, "04daa2dd1336593b"),
    ("sweep", "timing", 160, "9fee323357433add"),
    ("sweep", "weight_decay", 28, "aedc089da32427e8"),
    ("study", "activation_loss_grid", 260, "2a940184f404b64f"),
    ("study", "activation_loss_grid/timing", 160, "c21c533da737ace7"),
    ("study", "margin_and_hyperparameters", 160, "e7eb4c7552318d8f"),
    ("study", "margin_and_hyperparameters/timing", 95, "eca2b5a9e342357e"),
    ("study", "fashion_tuning", 130, "bd2ce1baafaf29a1"),
    ("study", "fashion_tuning/timing", 20, "1e798fa8c397a0a3"),
    ("study", "capacity_and_regularisation", 70, "5951fedcc32fb7ab"),
    ("study", "long_run_grid", 235, "230a9507553a4953"),
    ("study", "long_run_grid/timing", 120, "d531f5ff4cf2e644"),
]


@pytest.mark.parametrize(("group", "name", "count", "digest"), OF_VERSION_0_1)
def test_the_cells_of_version_0_1_keep_their_ids(group: str, name: str, count: int, digest: str) -> None:
    ids = sorted(cell.id for cell in planned.settings_of(name, group)["cells"])
    assert (len(ids), hashlib.sha256(" ".join(ids).encode()).hexdigest()[:16]) == (count, digest)
