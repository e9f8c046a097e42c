"""How far a sweep is, in a notebook: plain HTML that is replaced as it goes, without widgets."""

from __future__ import annotations

import html
import sys
import time
from pathlib import Path
from typing import Any

from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN
from sweeps.records.plan import read_plan
from sweeps.view.follower import Watch
from sweeps.view.snapshot import View
from sweeps.view.wording import duration

SHOW_S = 0.7  # between two pictures
ROWS = 8  # running cells that are shown


def is_notebook() -> bool:
    """Whether this runs in a Jupyter kernel, which shows HTML."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    return type(shell).__name__ == "ZMQInteractiveShell"


class Progress:
    """The bar of one call; `watch` is called now and then, `close` at the end."""

    def __init__(self, root: Path) -> None:
        self.root, self.before = root, _stamp(root)
        self._watch: Watch | None = None
        self._handle: Any = None
        self._at = 0.0

    def watch(self) -> None:
        """Look at the directory, and show the present state."""
        if time.monotonic() - self._at < SHOW_S:
            return
        self._at = time.monotonic()
        if self._watch is None and _stamp(self.root) != self.before:
            self._watch = self._begin()
        if self._watch is not None:
            self._watch.poll()
            self._show(bar(self.root.name, self._watch.view()))

    def close(self, text: str = "") -> None:
        """Leave a text in the place of the bar."""
        if text or self._handle is not None:
            self._show(f"<pre>{html.escape(text)}</pre>")

    def _begin(self) -> Watch | None:
        try:
            plan = read_plan(self.root)
        except UserError:
            return None
        return Watch(self.root, plan) if plan else None

    def _show(self, content: str) -> None:
        from IPython.display import HTML, display

        if self._handle is None:
            self._handle = display(HTML(content), display_id=True)
        else:
            self._handle.update(HTML(content))


def bar(title: str, view: View) -> str:
    """Return a picture of the state: a bar, the cells by state, and those that run."""
    ended = view.done + view.diverged + view.failed
    states = {"done": view.done, "diverged": view.diverged, "failed": view.failed}
    counts = [f"{number} {state}" for state, number in states.items() if number]
    counts += [f"{len(view.running)} running", f"{view.left} left"]
    if view.left_s:
        counts.append(f"about {duration(view.left_s)} to go")
    share = ended + sum(running.share for running in view.running)
    rows = [
        f"{html.escape(running.label)} · epoch {running.epoch}/{running.epochs}"
        for running in view.running[:ROWS]
        if running.epochs
    ]
    return (
        f"<div>{html.escape(title)} <progress value='{share:.3f}' max='{view.total or 1}' "
        f"style='width:40%;vertical-align:middle'></progress> {ended}/{view.total}<br>"
        f"{' · '.join(counts)}<br><small>{'<br>'.join(rows)}</small></div>"
    )


def _stamp(root: Path) -> int:
    """Return when the plan in a directory was written (ns), 0 if there is none."""
    try:
        return (root / PLAN).stat().st_mtime_ns
    except OSError:
        return 0
