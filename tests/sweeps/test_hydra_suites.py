"""Hydra's own tests of launchers and sweepers, with this sweeper on Hydra's basic and the joblib launcher."""

import pytest
from hydra.test_utils.launcher_common_tests import IntegrationTestSuite, LauncherTestSuite

SWEEPER = "hydra/sweeper=resumable"


@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", [SWEEPER]), ("joblib", [SWEEPER])])
class TestLauncher(LauncherTestSuite):
    """One and two jobs, options, config groups, resolvers."""


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [({}, ["-m", SWEEPER, f"hydra/launcher={name}"]) for name in ("basic", "joblib")],
)
class TestIntegration(IntegrationTestSuite):
    """Names and directories of jobs, the directory that the application was started in."""
