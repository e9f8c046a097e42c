"""Headless Chromium, driven over the pipe of its DevTools protocol with the standard library alone."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # where the tests run as root, Chromium refuses to start with it
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
)
LAUNCHER = """
import os, sys
source, target = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]))  # 3 and 4 may be taken already
while min(source, target) < 5:
    source, target = os.dup(source), os.dup(target)
os.dup2(source, 3)
os.dup2(target, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""  # Chromium reads commands from file descriptor 3 and answers to 4
PATIENCE_S = 60.0
Event = dict[str, Any]


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


# resolves once the page's script has drawn everything
READY = """new Promise((done, fail) => {
  const look = (left) => document.documentElement.dataset.ready ? done(true)
    : left ? setTimeout(look, 20, left - 1) : fail(new Error("the page never got ready"));
  look(500);
})"""


class Browser:
    """One page of a headless Chromium: what it requests, what it logs, and what a script in it returns."""

    def __init__(self, process: subprocess.Popen[bytes], write_to: int, read_from: int) -> None:
        self._process, self._write_to, self._read_from = process, write_to, read_from
        self._buffer = b""
        self._count = 0
        self._session: str | None = None
        self.events: list[Event] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; events that come in between are kept."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write_to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(PATIENCE_S)
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self, seconds: float) -> dict[str, Any]:
        """Return the next message; events are kept on the way."""
        end = time.monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read_from], [], [], max(end - time.monotonic(), 0))
            chunk = os.read(self._read_from, 1 << 20) if ready else b""
            if not chunk:
                raise TimeoutError(
                    f"Chromium said nothing for {seconds} s (exit code {self._process.poll()})"
                )
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, url: str) -> None:
        """Load a page, and return when all of it is there."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not self.of("Page.loadEventFired"):
            self._receive(PATIENCE_S)

    def of(self, method: str) -> list[dict[str, Any]]:
        """Return what the events of one kind said since the page was opened."""
        return [event["params"] for event in self.events if event["method"] == method]

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page, awaited; raises RuntimeError if it throws."""
        made = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in made:
            raise RuntimeError(made["exceptionDetails"]["exception"].get("description", script))
        return made["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        """Give the window this size in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def media(self, kind: str = "", **features: str) -> None:
        """Emulate a medium ("print") and media features (`prefers_color_scheme="dark"`)."""
        pairs = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=kind, features=pairs)

    def screenshot(self, path: Path, **clip: float) -> None:
        """Write a part of the whole page (x, y, width, height in CSS pixels) as PNG."""
        part = {"clip": clip | {"scale": 1}, "captureBeyondViewport": True}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **part)["data"]))

    def pdf(self, path: Path) -> None:
        """Print the page."""
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"]))


@contextlib.contextmanager
def browser(path: str) -> Iterator[Browser]:
    """Start a Chromium of its own, and end it."""
    to_chromium, write_to = os.pipe()
    read_from, from_chromium = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [path, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(to_chromium), str(from_chromium), *command],
            pass_fds=(to_chromium, from_chromium),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_chromium)
        os.close(from_chromium)
        try:
            made = Browser(process, write_to, read_from)
            yield made
            made._session = None
            with contextlib.suppress(RuntimeError, TimeoutError, OSError):
                made.call("Browser.close")
        finally:
            os.close(write_to)
            os.close(read_from)
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was asked to end, and kill it if it does not."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
