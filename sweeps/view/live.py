"""The live view of a sweep: on a terminal a picture that is kept up to date, elsewhere a line now and then.

It goes by the run directories alone, in a thread of the sweeper's process:

    with live(root, plan):
        launcher.launch(...)
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from sweeps.records.plan import Plan
from sweeps.records.record import Record
from sweeps.view.follower import Watch
from sweeps.view.snapshot import View
from sweeps.view.wording import duration, leading

log = logging.getLogger(__name__)

POLL_S = 0.7
REST = 10  # times as long as a poll takes until the next one: thousands of cells on a busy file server
LINE_S, QUIET_S = 10.0, 60.0  # between plain lines: when something has changed, and when nothing has
STEP = 0.1  # of the cells: a plain line at each
EPOCHS_SHOWN = 8  # running cells whose epoch a plain line tells
STOPS_SHOWN = 20  # failures shown as they happen; the rest are counted, and listed at the end


class Display(Protocol):
    """Something to show a sweep on."""

    def show(self, view: View) -> None:
        """Show the present state."""

    def report(self, line: str) -> None:
        """Show something that happened."""

    def close(self, view: View) -> None:
        """Show the last state, for good."""


@contextlib.contextmanager
def live(
    root: Path,
    plan: Plan,
    *,
    records: Mapping[str, Record] | None = None,
    due: Collection[str] | None = None,
    workers: int | None = None,
    poll_s: float = POLL_S,
    note: str = "",
) -> Iterator[None]:
    """Show the progress of a sweep on stderr while the body runs.

    `records` is what was on disk before the launch (None: it is read), `due` the ids of the cells that are
    launched (None: those without a result), `workers` how many run at once (None: as many as have been seen).
    `note` is a line on what they are run for.
    """
    watch = Watch(root, plan, records=records, due=due, workers=workers)
    with _display(plan.sweep, note) as display:
        stop = threading.Event()
        thread = threading.Thread(target=_follow, args=(watch, display, stop, poll_s), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _follow(watch: Watch, display: Display, stop: threading.Event, poll_s: float) -> None:
    """Poll until stopped, and once more then. What goes wrong here must not touch the sweep."""
    stops = 0
    try:
        while True:
            ending, began = stop.is_set(), time.monotonic()
            for event in watch.poll():
                stops += 1
                if stops <= STOPS_SHOWN:
                    display.report(f"{event.name}  {event.why}")
                elif stops == STOPS_SHOWN + 1:
                    display.report("more have failed; they are listed at the end")
            if ending:
                return display.close(watch.view())
            display.show(watch.view())
            stop.wait(max(poll_s, REST * (time.monotonic() - began)))
    except Exception as error:
        log.warning("the live view has stopped (%s: %s); the sweep goes on", type(error).__name__, error)


@contextlib.contextmanager
def _display(title: str, note: str) -> Iterator[Display]:
    """Choose the display: a picture needs a terminal that can move its cursor."""
    if os.isatty(2) and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", ""):
        from sweeps.view.terminal import screen  # here: rich takes a while to import

        with screen(title, note) as display:
            yield display
    else:
        if note:
            _write(f"{title}: {note}")
        yield Lines(title)


class Lines:
    """Plain lines on stderr, for a file or a pipe: at each tenth of the cells, and now and then."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._last = ""
        self._at, self._share = time.monotonic(), 0.0

    def show(self, view: View) -> None:
        """Print a line if enough has happened, or nothing for long."""
        text, share = describe(view), (view.done + view.diverged + view.failed) / max(view.total, 1)
        waited, changed = time.monotonic() - self._at, text != self._last
        if (changed and (waited >= LINE_S or share >= self._share + STEP)) or waited >= QUIET_S:
            self._print(text, share)

    def report(self, line: str) -> None:
        """Print what happened."""
        _write(f"{self.title}: {line}")

    def close(self, view: View) -> None:
        """Print the last state, unless the last line says it already."""
        if describe(view) != self._last:
            self._print(describe(view), 1.0)

    def _print(self, text: str, share: float) -> None:
        self._last, self._at, self._share = text, time.monotonic(), share
        _write(f"{self.title}: {text}")


def describe(view: View) -> str:
    """Return the state in one line."""
    parts = [f"{view.done} of {view.total} done"]
    parts += [f"{n} {state}" for n, state in ((view.diverged, "diverged"), (view.failed, "failed")) if n]
    epochs = [
        f"{running.epoch}/{running.epochs}" for running in view.running[:EPOCHS_SHOWN] if running.epochs
    ]
    running = f"{len(view.running)} running" + (f" (epoch {', '.join(epochs)})" if epochs else "")
    parts += [running, f"{view.left} left"]
    if view.left_s:
        parts.append(f"about {duration(view.left_s)} to go")
    if view.best:
        parts.append(f"best so far {leading(view.best)}")
    return ", ".join(parts)


def _write(line: str) -> None:
    # In one piece, since other processes write there too, and past Python's buffer, whose lock a process that
    # is forked just now would inherit locked.
    os.write(2, f"{line}\n".encode(errors="replace"))
