"""What more than one file of tests begins with: the tiny application, fresh or after two of its runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiny.driver import Tiny, after

# `make test` hands its own flags on, and a make that a test starts would take them for its own.
for name in [name for name in os.environ if name.startswith(("MAKE", "MFLAGS"))]:
    del os.environ[name]

# A shell that starts the tests in the background lets them ignore it, and what they start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path)


@pytest.fixture(scope="session")
def ran_two(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return after(tmp_path_factory.mktemp("two"), "x=1,2")


@pytest.fixture
def two_done(ran_two: Tiny, tmp_path: Path) -> Tiny:
    """The application after `x=1,2`."""
    return ran_two.copied_to(tmp_path)


@pytest.fixture
def container() -> list[str]:
    """A command that runs another in a process namespace of its own, as a container does."""
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if sys.platform != "linux" or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("needs the right to make a process namespace")
    return words
