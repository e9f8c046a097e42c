"""How often Python looks for garbage: seldom in a command, not in a report, as always where a cell is run.

What a command imports and plans are a hundred thousand objects, which last until it ends. Python looks
through them again and again, and a last time when the command ends: a tenth of its time.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 20_000
"""New objects between two looks: some megabytes at most that wait for the next one."""

_usual = gc.get_threshold()


def look_seldom() -> None:
    """Look seldom from now on, and not at all when the process ends."""
    gc.set_threshold(SELDOM, *_usual[1:])
    atexit.register(gc.freeze)


def look_at_what_is_new() -> None:
    """Look as often as Python does by itself, at none of what is there: for a process that was forked.

    A look writes into each object, so that the process would have a copy of the memory that it shares.
    """
    gc.freeze()
    gc.set_threshold(*_usual)


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the search off: over the objects of 10,000 runs it took an eighth of a report and freed nothing.

    Where a command ends next (`look_seldom`), what is there is not looked through afterwards either.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_threshold()[0] == SELDOM:
            gc.freeze()
        if was:
            gc.enable()


@contextmanager
def lasting() -> Iterator[None]:
    """Within, all that is made lasts, as modules do: no look meanwhile, and later none at what is there."""
    with uncollected():
        yield
        gc.freeze()
