"""What tests do to a page in the browser, and what they read from it."""

import json
import shutil
from pathlib import Path
from typing import Any

from reports.analysis.sweep import analyse
from reports.page.adapter import content_of
from reports.page.view import render
from reports.runs.reader import load
from tests.support import synthetic
from tests.support.browser import READY, Browser

AXES: dict[str, list[Any]] = {
    "activation": ["relu", "gelu"],
    "loss": ["mse", "hinge"],
    "optimizer.lr": [0.001, 0.01, 0.1],
}


def complaints(page: Browser) -> list[str]:
    """Return what the browser complained of: exceptions, whatever is on the console, failed requests."""
    thrown = [event["exceptionDetails"]["text"] for event in page.of("Runtime.exceptionThrown")]
    logged = [event["entry"]["text"] for event in page.of("Log.entryAdded")]
    printed = [event["type"] for event in page.of("Runtime.consoleAPICalled")]
    failed = [event["errorText"] for event in page.of("Network.loadingFailed")]
    return thrown + logged + printed + failed


def write_page(root: Path, cells: list[synthetic.Cell], sweep: str = "grid") -> Path:
    """Write the page of a made-up sweep alone into an empty folder, and return it."""
    content = content_of(analyse(load(synthetic.write_sweep(root / "sweep", cells, sweep))))
    folder = root / "alone"
    folder.mkdir()
    (folder / "index.html").write_text(render(content), encoding="utf-8")
    shutil.rmtree(root / "sweep")
    return folder / "index.html"


def visit(page: Browser, path: Path, state: str = "") -> None:
    """Open a page and wait until it can be used."""
    page.open("about:blank")
    page.open(path.as_uri() + state)
    page.run(READY)


def act(page: Browser, script: str) -> Any:
    """Run a script, wait until what it caused is drawn, and return its value."""
    value = page.run(f"(() => {script})()")
    page.run("new Promise((done) => setTimeout(done, 220))")
    return value


def choose(page: Browser, form: str, label: str, value: str) -> None:
    """Choose a value in the select of this label."""
    act(
        page,
        f"""{{
      const labels = [...document.querySelectorAll({json.dumps(f"{form} label")})];
      const box = labels.find((one) => one.textContent.trim().startsWith({json.dumps(label)}))
        .querySelector("select");
      box.value = {json.dumps(value)};
      box.dispatchEvent(new Event("change"));
    }}""",
    )


def fill(page: Browser, selector: str, text: str) -> None:
    """Type a text into a field."""
    act(
        page,
        f"""{{
      const box = document.querySelector({json.dumps(selector)});
      box.value = {json.dumps(text)};
      box.dispatchEvent(new Event("input"));
    }}""",
    )


def click(page: Browser, selector: str, **keys: bool) -> None:
    """Click on the first element that a selector means."""
    event = json.dumps({"bubbles": True, "cancelable": True, **keys})
    act(
        page,
        f"document.querySelector({json.dumps(selector)}).dispatchEvent(new MouseEvent('click', {event}))",
    )


def texts(page: Browser, selector: str) -> list[str]:
    """Return the texts of all elements that a selector means."""
    found: list[str] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)"
    )
    return found


def press(page: Browser, key: str) -> None:
    """Press a key."""
    code = {"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowDown": 40, "ArrowLeft": 37, " ": 32}[key]
    text = {"Enter": "\r", " ": " "}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        extra = {"text": text} if text and kind == "keyDown" else {}
        page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra)


def picks(page: Browser) -> list[str]:
    """Return the names of what is picked."""
    return texts(page, "#picked .name")
