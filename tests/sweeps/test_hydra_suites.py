"""Hydra's own tests of launchers and sweepers, with this sweeper on Hydra's basic and the joblib launcher.

What cannot hold because a cell is known by its id is expected to fail, each with its reason.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import version
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.test_utils.launcher_common_tests import IntegrationTestSuite, LauncherTestSuite

import hydra_plugins.resumable  # noqa: F401  (its resolvers: Hydra's fixture takes away what comes later)

SWEEPER = "hydra/sweeper=resumable"
NUMBERED = "a cell's directory is named by what is swept and its id, not 0, 1, 2; the plan is in sweep.json"
APPENDED = "a cell's directory ends in its id, whatever hydra.sweep.subdir says"
KEPT = "the same application is started twice in one directory, and what is done is not run again"
CUSTOM = "test_custom_sweeper_run_workdir[subdir:custom_override_dirname"
pytestmark = pytest.mark.filterwarnings(  # their applications name no version_base
    r"ignore:\s*(Future Hydra|The version_base):UserWarning"
)


@pytest.fixture(scope="module", autouse=True)
def plugins_found_anew() -> Iterator[None]:
    """Hydra's fixtures import its plugins again and again; what comes later looks for them itself."""
    yield
    for kind in (Plugins, SourcesRegistry):
        Singleton._instances.pop(kind, None)


@pytest.fixture(autouse=True)
def as_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No version that another test has told Hydra; the plugins are found by what these tests start."""
    monkeypatch.setattr(version.VersionBase.instance(), "version_base", version._UNSPECIFIED_)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture(autouse=True)
def reasons(request: pytest.FixtureRequest) -> None:
    """Mark what cannot hold."""
    reasons = {
        "test_sweep_2_jobs[": NUMBERED,
        "test_to_absolute_path_multirun[": KEPT,
        CUSTOM: APPENDED,
    }
    name = request.node.name
    for reason in (reason for start, reason in reasons.items() if name.startswith(start)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", [SWEEPER]), ("joblib", [SWEEPER])])
class TestLauncher(LauncherTestSuite):
    """One and two jobs, options, config groups, resolvers."""


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [({}, ["-m", SWEEPER, f"hydra/launcher={name}"]) for name in ("basic", "joblib")],
)
class TestIntegration(IntegrationTestSuite):
    """Names and directories of jobs, the directory that the application was started in."""
