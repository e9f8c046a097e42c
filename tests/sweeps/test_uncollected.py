"""Commands that do without the search for cyclic garbage leave it as they found it."""

import gc

import pytest

from sweeps.cli.uncollected import uncollected


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
