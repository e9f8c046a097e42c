"""A command looks for garbage seldom; what a cell leaves behind is found as soon as ever."""

import gc
import subprocess
import sys

import pytest

from sweeps.cli.garbage import lasting, uncollected
from tests.support.tiny.driver import PROJECT

SCRIPT = """
import gc, os, sys, weakref
usual = gc.get_threshold()
from sweeps.cli.command import command
from sweeps.cli.garbage import look_at_what_is_new

class Network:
    def __init__(self):
        self.itself = self

@command
def main():
    print("seldom", gc.get_threshold()[0] > 10 * usual[0], flush=True)
    if os.fork() == 0:
        look_at_what_is_new()
        first = weakref.ref(Network())
        networks = [Network() for _ in range(2 * usual[0])]
        print("as usual", gc.get_threshold() == usual, "found", first() is None)
        print("passed over", gc.get_freeze_count() > 1000)
        sys.stdout.flush()
        os._exit(0)
    os.wait()
    return 0

main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_command_looks_seldom_and_the_processes_of_its_cells_as_usual() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == ["seldom True", "as usual True found True", "passed over True"], (
        done.stderr
    )


LAST = """
import gc
from sweeps.cli.command import command
from sweeps.cli.garbage import uncollected

def look(phase, info):
    looks.append(phase)

@command
def main():
    report()
    print(len([[] for _ in range(10_000)]), looks, gc.isenabled())
    return 0

@uncollected()
def report():
    for _ in range(200_000):
        kept.append([])

kept, looks = [], []
gc.callbacks.append(look)
main()
"""


def test_what_a_command_made_without_a_search_is_not_looked_through_before_it_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LAST], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "10000 [] True\n", done.stderr


@uncollected()
def work() -> None:
    """Fail, having looked whether garbage is searched for."""
    raise ValueError(f"enabled: {gc.isenabled()}")


@pytest.mark.parametrize("before", [True, False])
def test_the_search_for_garbage_is_afterwards_as_before(before: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        with pytest.raises(ValueError, match="enabled: False"):
            work()
        assert gc.isenabled() is before
    finally:
        (gc.enable if was else gc.disable)()


def test_what_lasts_is_not_looked_at_when_the_search_goes_on() -> None:
    frozen, was = gc.get_freeze_count(), gc.isenabled()
    try:
        with lasting():
            modules = [[number] for number in range(30_000)]
            assert not gc.isenabled()
        assert gc.isenabled() is was
        assert gc.get_freeze_count() - frozen > len(modules)
        assert gc.get_count()[0] < 1_000
    finally:
        gc.unfreeze()
