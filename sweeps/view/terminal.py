"""The live view on a terminal: a bar, the cells by state, and a line for each running cell."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.view.redirect import relay
from sweeps.view.running_cell import Running
from sweeps.view.snapshot import View
from sweeps.view.wording import duration, leading


class Screen:
    """A picture at the bottom of the terminal; what is reported or printed meanwhile scrolls by above it."""

    def __init__(self, title: str, note: str, console: _Console, live: Live) -> None:
        self.title, self.note, self.console, self.live = title, note, console, live
        self._lock = threading.Lock()  # rich's own does not cover what it writes

    def show(self, view: View) -> None:
        """Draw the present state."""
        width, height = self.console.fit()
        # An empty last line, because the terminal writes "^C" where the cursor is.
        self._draw(Group(picture(self.title, view, width, height - 1, self.note), Text()))

    def close(self, view: View) -> None:
        """Leave the last state standing."""
        self._draw(picture(self.title, view, *self.console.fit(), self.note))

    def report(self, line: str) -> None:
        """Put a line above the picture."""
        self._print(Text(line, "red"))

    def relay(self, line: str) -> None:
        """Put what somebody else printed above the picture."""
        self._print(Text.from_ansi(line))

    def _draw(self, renderable: RenderableType) -> None:
        with self._lock:
            self.live.update(renderable, refresh=True)

    def _print(self, text: Text) -> None:
        with self._lock:
            self.console.print(text, soft_wrap=True)


@contextlib.contextmanager
def screen(title: str, note: str = "") -> Iterator[Screen]:
    """Show a picture on stderr's terminal, everything that is printed meanwhile above it.

    `note` is a line on what the cells are run for.
    """
    with os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace") as terminal:
        console = _Console(file=terminal, highlight=False, markup=False, emoji=False)
        with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            shown = Screen(title, note, console, live)
            with relay().to(shown.relay):
                yield shown


class _Console(Console):
    """A console on the terminal that its file is."""

    def fit(self) -> ConsoleDimensions:
        """Take over this terminal's size: rich asks descriptors 0 to 2, which lead elsewhere now."""
        with contextlib.suppress(OSError):
            self.size = ConsoleDimensions(*os.get_terminal_size(self.file.fileno()))
        return self.size

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor visible: a killed process could not bring it back."""
        return False


def picture(title: str, view: View, width: int, height: int, note: str = "") -> RenderableType:
    """Return what the view looks like on a terminal of this size."""
    lines = max(height - 4 - bool(view.best) - bool(note), 1)
    rows = view.running if len(view.running) <= lines else view.running[: lines - 1]
    notes = [_line(note)] if note else []
    parts = [_bar(title, view, width), *notes, _counts(view), *(_row(running, width) for running in rows)]
    if len(rows) < len(view.running):
        parts.append(Text(f"  and {len(view.running) - len(rows)} more", style="dim"))
    if view.best:
        parts.append(_line(f"best so far {leading(view.best)}"))
    return Group(*parts)


def _bar(title: str, view: View, width: int) -> RenderableType:
    """Return the line with the bar, which is as long as there is room for."""
    figures = f"{view.done + view.diverged + view.failed}/{view.total}"
    left = f"about {duration(view.left_s)} left" if view.left_s else ""
    room = width - len(title) - len(figures) - len(left) - 4
    if room < 8:
        return _line(f"{title} {figures} {left}")
    share = view.done + view.diverged + view.failed + sum(running.share for running in view.running)
    line = Table.grid(padding=(0, 1))
    line.add_row(title, ProgressBar(view.total or 1, share, width=min(room, 60)), figures, left)
    return line


def _counts(view: View) -> Text:
    """Return the number of cells in each state."""
    styles = {"done": "green", "diverged": "yellow", "failed": "bold red", "running": "cyan", "left": ""}
    numbers = {**vars(view), "running": len(view.running)}
    return _line(" · ").join(
        Text(f"{numbers[state]} {state}", style if numbers[state] else "dim")
        for state, style in styles.items()
    )


def _row(running: Running, width: int) -> Text:
    """Return a running cell's line: its name as far as it fits, its epoch and test accuracy."""
    wide = width >= 90
    figures = f"{running.epoch:>{len(str(running.epochs))}}/{running.epochs}" if running.epochs else ""
    accuracy = running.row.get("test_accuracy", "")
    with contextlib.suppress(ValueError):
        accuracy = f"{float(accuracy):.4f}"
    epoch = f"epoch {figures}" if wide and figures else figures
    test = f"test accuracy {accuracy}" if wide and accuracy else accuracy
    end = f"  {epoch}  {test}" if test else f"  {epoch}"
    room = max(width - len(end) - 3, 8)
    return _line(f"  {_shorten(running.label, room):<{min(room, 60)}}{end}")


def _shorten(text: str, width: int) -> str:
    """Cut out the middle of a text that is too long: cells differ at both ends of their names."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[head + 1 - width :]}"


def _line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")
