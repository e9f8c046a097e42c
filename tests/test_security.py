"""A run directory from somebody else: to look at it, report and export it does no harm, whatever it holds.

Each command ends with an exit code and, at most, one line for each thing that is wrong; nothing that a file
names is imported or called, nothing is written outside of the directory, nothing huge is read.
"""

import contextlib
import hashlib
import html.parser
import io
import json
import os
import random
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.__main__ import main as reports
from sweeps import status
from sweeps.job import inspection
from sweeps.records import lock
from sweeps.records.record import read_record
from sweeps.records.untrusted import links_out, printable, read_file, read_json
from tests.support import synthetic

ROOT = Path(__file__).parent.parent
AXES = {"activation": ["relu", "gelu"], "loss": ["mse", "hinge"]}
MARKUP = "<script>alert(1)</script>\"><img src=x onerror='alert(1)'>\x1b]0;owned\x07\x1b[31m${jndi}|`id`$(id)"
COMMANDS: dict[str, Callable[[Path], int]] = {
    "report": lambda root: reports([str(root), "--no-plots"]),
    "status": lambda root: status.main([str(root), "--all"]),
    "status --json": lambda root: status.main([str(root), "--json"]),
    "status --explain": lambda root: status.main([str(root), "--explain", "relu"]),
    "inspect": lambda root: inspection.main([str(root)]),
    "export": lambda root: reports(["export", str(root), "--to", "csv", "--all"]),
    "compare": lambda root: reports(["compare", str(root), str(root)]),
}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return synthetic.write_sweep(tmp_path / "inside" / "grid", synthetic.grid(AXES, epochs=3))


def cells(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/report.json"))


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def everything(folder: Path) -> dict[str, str]:
    """Every file, link and directory below, with what it holds."""
    return {
        str(path): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in sorted(folder.rglob("*"))
    }


@contextlib.contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    before = everything(folder)
    yield
    assert everything(folder) == before


def run_all(root: Path) -> tuple[dict[str, int], str]:
    """Run every command on a directory; return the exit codes, and all that was printed."""
    codes, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        for name, command in COMMANDS.items():
            codes[name] = command(root)
    assert set(codes.values()) <= {0, 1, 2}
    text = printed.getvalue()
    assert "Traceback" not in text
    assert printable(text) == text, "a control character has reached the terminal"
    return codes, text


def test_a_target_that_a_record_names_is_not_imported(sweep: Path, tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text("open('HARM', 'w').close()\n")
    command = {"_target_": "os.system", "command": "touch HARM"}
    for path, harm in zip(cells(sweep), (command, {"_target_": "trap.Trap"}) * 2, strict=True):

        def do_harm(data: Any, harm: dict[str, str] = harm) -> None:
            data["config"].update(dict.fromkeys(data["config"], harm))

        edit(path / "report.json", do_harm)
    edit(sweep / "sweep.json", lambda plan: plan.update(base=dict.fromkeys(plan["base"], command)))
    code = f"""
from reports.__main__ import main as report
from sweeps import status
from sweeps.job import inspection
print([report([{str(sweep)!r}, "--no-plots"]), status.main([{str(sweep)!r}]),
       inspection.main([{str(sweep)!r}])])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[0, 0, 2]"
    assert not list(tmp_path.rglob("HARM"))


def test_names_that_lead_out_of_the_directory_are_only_shown(sweep: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")

    def lead_out(plan: dict[str, Any]) -> None:
        plan["sweep"] = "../../outside/x"
        for number, cell in enumerate(plan["cells"]):
            cell["name"] = ("../../outside", "/etc/passwd", f"{outside}/precious", "..")[number]
        plan["swept"] = ["../../outside/activation", *plan["swept"]]

    edit(sweep / "sweep.json", lead_out)
    for path in cells(sweep):
        edit(path / "report.json", lambda data: data.update(name="../../outside", sweep="../../outside/x"))
    with nothing_changes(outside):
        run_all(sweep)
    assert {path.name for path in tmp_path.iterdir()} == {"inside", "outside"}
    assert {path.name for path in (tmp_path / "inside").iterdir()} == {"grid"}


@pytest.mark.parametrize(
    "name", ["report", "export", "export/runs.csv", "report.json", "history.csv", "sweep.json"]
)
def test_links_that_lead_out_are_not_written_through(name: str, sweep: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    is_folder = name in ("report", "export")
    place = cells(sweep)[0] / name if name in ("report.json", "history.csv") else sweep / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(outside if is_folder else outside / "precious")
    with nothing_changes(outside):
        codes, text = run_all(sweep)
    if name.startswith("export"):
        assert codes["export"] == 2
        assert "is a link that leads elsewhere" in text
    elif name == "report":
        assert codes["report"] == 0
        assert not place.is_symlink(), "the link made way for the report"
    else:
        assert "is a link" in text
    assert not list(sweep.glob(".report-*")), "nothing is left behind"


def test_a_link_to_nothing_makes_way_for_the_report(sweep: Path) -> None:
    (sweep / "report").symlink_to("nowhere")
    assert run_all(sweep)[0]["report"] == 0
    assert (sweep / "report" / "index.html").is_file()


def test_pictures_are_not_drawn_through_a_link(sweep: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "confusion.png").symlink_to(tmp_path / "precious")
    assert links_out(tmp_path / "out") == tmp_path / "out" / "confusion.png"
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert links_out(tmp_path / "link") == tmp_path / "link"
    (tmp_path / "out" / "confusion.png").unlink()
    (tmp_path / "out" / "inner").symlink_to(tmp_path / "out")
    assert links_out(tmp_path / "out") is None


@pytest.mark.parametrize("name", ["report.json", "history.csv", "sweep.json", ".sweep/code.json", "lock"])
def test_pipes_and_huge_files_are_not_read(name: str, sweep: Path) -> None:
    place = cells(sweep)[0] / name if name in ("report.json", "history.csv", "lock") else sweep / name
    if name == "lock":
        edit(
            place.with_name("report.json"),
            lambda data: data.update(
                status="running", worker={"host": "x", "pid": 1, "process_started": "1"}
            ),
        )
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    run_all(sweep)  # would wait for ever
    place.unlink()
    with place.open("wb") as file:
        file.truncate(2**40)  # takes no room on disk, and more than there is in memory
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run_all(sweep)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 200


@pytest.mark.parametrize(
    "harmful", ["[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 900 + "]" * 900]
)
def test_json_that_is_nested_without_end_is_damaged(harmful: str, sweep: Path) -> None:
    (first, *_) = cells(sweep)
    whole = json.loads((first / "report.json").read_text())
    (first / "report.json").write_text(json.dumps(whole)[:-1] + ', "more": ' + harmful + "}")
    assert read_record(first).status == "damaged"
    (sweep / "sweep.json").write_text(harmful)
    run_all(sweep)


def test_a_cache_that_unfolds_to_more_than_memory_is_left_alone(sweep: Path) -> None:
    reports([str(sweep), "--no-plots"])
    cache = sweep / "report" / ".curves.npz"
    with np.load(cache) as arrays:
        content = dict(arrays)
    np.savez_compressed(cache, **{**content, "table": np.zeros((4_000_000, 9))})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run_all(sweep)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 200


@pytest.mark.parametrize("name", ["ids", "stamps", "lengths", "table"])
def test_a_cache_that_does_not_hold_together_is_left_alone(name: str, sweep: Path) -> None:
    reports([str(sweep), "--no-plots"])
    cache = sweep / "report" / ".curves.npz"
    with np.load(cache) as arrays:
        content = dict(arrays)
    turned = content[name][:1] if content[name].dtype.kind == "U" else -content[name]
    for wrong in (turned, np.array(3.0), np.array(["x"])):
        np.savez(cache, **{**content, name: wrong})
        assert COMMANDS["report"](sweep) == 0


class Page(html.parser.HTMLParser):
    """Counts what a page could run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.foreign: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        links = [value or "" for name, value in attrs if name in ("src", "href")]
        self.foreign += [
            link for link in links if ":" in link.partition("/")[0] and not link.startswith("data:")
        ]


def deface(value: Any, text: str) -> Any:
    """Return a value with the text in place of every string, keys excepted."""
    if isinstance(value, dict):
        return {key: deface(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [deface(item, text) for item in value]
    return text if isinstance(value, str) else value


def test_markup_in_every_field_stays_text(sweep: Path) -> None:
    reports([str(sweep), "--no-plots"])
    plain = Page((sweep / "report" / "index.html").read_text())
    kept = ("schema", "cell_id", "status")
    for path in cells(sweep):
        data = json.loads((path / "report.json").read_text())
        defaced = {key: data[key] if key in kept else deface(value, MARKUP) for key, value in data.items()}
        (path / "report.json").write_text(json.dumps(defaced))
        path.rename(path.with_name(f"<img onerror=alert(1)>\x1b[31m-{data['cell_id']}"))
    failed = cells(sweep)[0]
    edit(
        failed / "report.json",
        lambda data: data.update(
            status="failed", error=dict.fromkeys(("type", "message", "traceback"), MARKUP)
        ),
    )

    def change(plan: dict[str, Any]) -> None:
        for key in ("sweep", "command", "created", "base", "base_choices", "swept"):
            plan[key] = deface(plan[key], MARKUP)
        for cell in plan["cells"]:
            cell.update(name=MARKUP, choices=deface(cell["choices"], MARKUP + cell["id"]), overrides=[MARKUP])

    edit(sweep / "sweep.json", change)
    codes, _ = run_all(sweep)
    assert codes["report"] == 1, "one run has failed"
    text = (sweep / "report" / "index.html").read_text()
    page = Page(text)
    assert page.scripts == plain.scripts
    assert not page.handlers
    assert not page.foreign
    assert "<img src=x" not in text
    assert "alert(1)" in text
    for table in (sweep / "report" / "tables").glob("*.md"):
        assert not re.search(r"(?<!\\)[<`]", table.read_text()), table.name
    for table in (sweep / "report" / "tables").glob("*.tex"):
        assert not re.search(
            r"(?<!\\)[&%$#_{}]", table.read_text().partition(MARKUP[:8])[2].partition("&")[0]
        )


VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**400, float("nan"), float("inf")),
    *("x", "", "../x", MARKUP, "NaN", "\x00", "\ud800"),
    *([], {}, [[]], [None], {"a": None}, {"a": {"b": [1]}}, [1, "x", {}], {"": ""}),
)


def mutated(data: Any, rng: random.Random) -> Any:
    """Return JSON data with one value, anywhere, replaced, or one key removed."""
    places = [
        (node, key) for node in nodes(data) for key in (node if isinstance(node, dict) else range(len(node)))
    ]
    node, key = rng.choice(places)
    if rng.random() < 0.2:
        del node[key]
    else:
        node[key] = rng.choice(VALUES)
    return data


def nodes(data: Any) -> Iterator[Any]:
    if isinstance(data, dict | list):
        yield data
        for item in data.values() if isinstance(data, dict) else data:
            yield from nodes(item)


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(s, marks=pytest.mark.slow) for s in range(12, 200))]
)
def test_no_value_in_any_place_makes_a_command_fall_over(seed: int, sweep: Path) -> None:
    rng = random.Random(seed)
    for path in cells(sweep):
        data = json.loads((path / "report.json").read_text())
        data["status"] = rng.choice(["done", "diverged", "failed", "running", "interrupted"])
        for _ in range(rng.randint(0, 3)):
            data = mutated(data, rng)
        (path / "report.json").write_text(json.dumps(data))
    if seed % 2:
        plan = json.loads((sweep / "sweep.json").read_text())
        for _ in range(rng.randint(1, 2)):
            plan = mutated(plan, rng)
        (sweep / "sweep.json").write_text(json.dumps(plan))
    run_all(sweep)


def test_a_lock_that_is_its_own_successor_ends(tmp_path: Path) -> None:
    for name, token in (("lock", "a"), ("lock.a", "b"), ("lock.b", "a")):
        owner = {"host": "elsewhere", "pid": 1, "process_started": "1", "token": token}
        (tmp_path / name).write_text(json.dumps(owner))
    lock.holder(tmp_path / "lock")
    (tmp_path / "lock").write_text(
        json.dumps({"host": "h", "pid": 1, "process_started": "1", "token": "../x"})
    )
    assert not lock.holder(tmp_path / "lock").is_running()  # type: ignore[union-attr]


def test_files_are_read_whole_or_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("[1]")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "file") == b"[1]"
    assert read_json(tmp_path / "file") == [1]
    for path, largest, said in (("link", 10, "is a link"), (".", 10, "is no file"), ("file", 2, "is larger")):
        with pytest.raises(ValueError, match=said):
            read_file(tmp_path / path, largest)


def test_what_is_printed_cannot_control_the_terminal() -> None:
    assert printable("plain\ntext, 5 ± 1 µs →") == "plain\ntext, 5 ± 1 µs →"
    assert printable("\x1b[31mred\r\x00\u202e") == "\\x1b[31mred\\r\\x00\\u202e"
