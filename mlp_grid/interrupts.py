"""Ctrl-C while a command starts: nothing has been written yet, so it ends at once, without a traceback.

Python itself would show where in which import it was; within OmegaConf the interrupt can even be lost, and
come out as an error of its own.
"""

import os
import signal
from types import FrameType


def end_at_once() -> None:
    """From now on let Ctrl-C end this process where it stands, with exit code 130; not if it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """From now on let Ctrl-C raise KeyboardInterrupt again, so that what is being written is cleaned up."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)
