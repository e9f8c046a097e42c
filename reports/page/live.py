"""The state of a sweep's directory, its versions numbered: what changed since any of them is known."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.page.content import Content
from reports.page.events import Findings, changed_figures, findings_event, run_event, stamped
from reports.page.view import render
from reports.page.watch import Watch
from sweeps.records.errors import UserError
from sweeps.records.untrusted import printable

POLL_S = 0.4
FINDINGS_S = 5.0  # findings are worked out at most so often
SHARE = 3.0  # … and pause so many times as long as they took
END_S = 10.0  # findings that are being worked out are waited for so long at the end
Build = Callable[[Path, Watch], Content]


class Live:
    """The state of a sweep's directory; two threads keep it up to date, any number of clients read it."""

    def __init__(self, root: Path, build: Build) -> None:
        self.root, self.build = root, build
        self.watch = Watch(root)
        self.changed = threading.Condition()
        self.version = 0
        self.judged = -1  # the version that was last judged
        self.plan = 0
        self.changes: dict[str, int] = {}
        self.findings: Findings | None = None
        self.over = threading.Event()
        self.named: set[tuple[str, str]] = set()
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to watch and to work out findings; both end with `over`."""
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.follow, self.judge)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        """Stop both, at the end of what they are at: a thread in compiled code must not outlive Python."""
        self.over.set()
        with self.changed:
            self.changed.notify_all()
        for thread in self.threads:
            thread.join(END_S)

    def follow(self) -> None:
        """Look at the directory again and again."""
        while not self.over.is_set():
            began = time.monotonic()
            try:
                self.poll()
            except (OSError, UserError) as error:
                self.say(str(self.root), str(error))
            self.over.wait(max(POLL_S - (time.monotonic() - began), 0.05))

    def poll(self) -> None:
        """Take in what changed, and wake whoever waits for it."""
        planned = self.watch.plan_changed()
        found = list(self.watch.changes())
        if not found and not planned:
            return
        with self.changed:
            self.version += 1
            self.plan += planned
            for seen in found:
                self.changes[seen.record.cell_id] = self.version
                if seen.record.status == "damaged":
                    self.say(str(seen.record.path), seen.record.problem)
            self.changed.notify_all()

    def judge(self) -> None:
        """Work findings out whenever something has changed, with pauses."""
        while not self.over.is_set():
            with self.changed:
                self.changed.wait_for(lambda: self.is_due or self.over.is_set(), timeout=1)
                due, plan = self.version, self.plan
            if not self.is_due or self.over.is_set():
                continue
            began = time.monotonic()
            try:
                self.take(self.build(self.root, self.watch), due, plan)
                self.judged = due
            except Exception as error:  # of a half-written directory, say: the next try may succeed
                kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
                self.say(str(self.root), f"{kind}{error}")
            self.over.wait(max(FINDINGS_S, SHARE * (time.monotonic() - began)))

    @property
    def is_due(self) -> bool:
        """Whether there is a sweep, and something that is not judged yet."""
        return self.version > self.judged and bool(self.watch.seen or self.watch.plan)

    def take(self, content: Content, version: int, plan: int) -> None:
        """Replace the findings, and note which figures are new."""
        before = self.findings if self.findings and self.findings.plan == plan else None
        if before and shape(before.content) != shape(content):
            with self.changed:
                self.plan = plan = self.plan + 1  # pages that are open have no place for what is new
            before = None
        known = before.content if before else None
        cells, runs = (changed_figures(known, content, part) for part in ("cells", "runs"))
        old_cells, old_runs = (before.cells, before.runs) if before else ({}, {})
        with self.changed:
            self.findings = Findings(
                content,
                version,
                plan,
                time.time(),
                {name: stamped(version, mask, old_cells.get(name)) for name, mask in cells.items()},
                {name: stamped(version, mask, old_runs.get(name)) for name, mask in runs.items()},
            )
            self.changed.notify_all()

    def say(self, where: str, what: str) -> None:
        """Print a problem, once, in one line."""
        if (where, what) not in self.named:
            self.named.add((where, what))
            print(printable(f"{where}: {what}".replace("\n", " ")), file=sys.stderr, flush=True)

    def page(self) -> str | None:
        """Return the page as of the latest findings; None before there are any."""
        findings = self.findings
        if findings is None:
            return None
        text = render(findings.content, live=True)
        return text.replace("data-live", f'data-live="{findings.version}" data-plan="{findings.plan}"', 1)

    def wait(self, version: int, findings: int, seconds: float) -> bool:
        """Wait for something newer than these versions; return whether there is."""
        with self.changed:
            return self.changed.wait_for(
                lambda: self.version > version or self.findings_version > findings or self.over.is_set(),
                seconds,
            )

    @property
    def findings_version(self) -> int:
        """The version that the findings stand on; −1 before there are any."""
        return self.findings.version if self.findings else -1

    def runs_since(self, version: int, sent: dict[str, int]) -> tuple[int, list[dict[str, Any]]]:
        """Return the present version and the runs that changed after `version`; `sent` counts curve steps."""
        with self.changed:
            now = self.version
            ids = [cell_id for cell_id, at in self.changes.items() if at > version]
            runs = [self.watch.seen[cell_id] for cell_id in ids]
        return now, [run_event(seen, sent) for seen in runs]

    def findings_since(self, version: int) -> dict[str, Any] | None:
        """Return the findings if they are newer than `version`, with the figures that changed after it."""
        findings = self.findings
        if findings is None or findings.version <= version:
            return None
        return findings_event(findings, version)


def shape(content: Content) -> tuple[object, ...]:
    """Return what a page is made for: settings, metrics and columns of curves."""
    sweep = content.sweep
    curves = tuple(sweep.curves.values) if sweep.curves else ()
    metrics = tuple(metric.name for metric in sweep.metrics)
    return (
        sweep.factors,
        metrics,
        curves,
        len(sweep.runs.id),
        bool(content.comparisons),
        bool(content.effects),
    )
