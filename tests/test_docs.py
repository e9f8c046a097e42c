"""Documentation: what a page tells to type works as it stands and prints what is shown; no link is dead.

In a page, a block ```sh is run, one without a language is planned; ```python NAME and ```yaml NAME write or
continue a file; a block ```text that follows commands shows lines of their output, up to numbers.
`<!-- exit N -->` before a block is its exit code, `<!-- not run: why -->` that it is not run here,
`<!-- slow -->` at a page's top that it takes long.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sweeps.job import help_text

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^>]*) -->\n)?```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: what it is, what its file is called, what stands before it."""

    language: str
    name: str
    note: str
    body: str


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text()):
        language, _, name = found["info"].partition(" ")
        yield Block(language, name.strip(), found["note"] or "", found["body"])


def is_run(page: Path) -> bool:
    return any(block.language == "sh" and not block.note.startswith("not run") for block in blocks(page))


def pages() -> Iterator[object]:
    for page in filter(is_run, PAGES):
        slow = page.read_text().startswith("<!-- slow -->")
        yield pytest.param(page, id=str(page.relative_to(ROOT)), marks=[pytest.mark.slow] if slow else [])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a page's commands find: this Python, and the project's commands as if they were installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, target in COMMANDS.items():
        module, _, function = target.partition(":")
        script = (
            f"import sys; sys.argv[0] = {name!r}; from {module} import {function}; sys.exit({function}())"
        )
        (folder / name).write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c {shlex.quote(script)} "$@"\n'
        )
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.mark.parametrize("page", list(pages()))
def test_what_a_page_tells_to_type_works(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    folder, output = tmp_path / "work", ""
    folder.mkdir()
    for block in blocks(page):
        if block.note.startswith("not run"):
            continue
        if block.name:
            file = folder / block.name
            assert file.resolve().is_relative_to(folder)
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a") as target:
                target.write(block.body + "\n")
        elif block.language == "sh":
            output = run(block, folder, environment)
        elif block.language == "text" and output:
            shows(block.body, output)
            output = ""


def run(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """Run a block's commands, and return what they print."""
    script = f"set -e\n{block.body}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    code = int(block.note.removeprefix("exit ")) if block.note.startswith("exit ") else 0
    assert done.returncode == code, f"{block.body}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def shows(shown: str, output: str) -> None:
    """Check that each line shown was printed; numbers may be others, and … stands for anything."""
    printed = [skeleton(line) for line in output.splitlines()]
    for line in filter(None, map(skeleton, shown.splitlines())):
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        assert any(pattern.fullmatch(other) for other in printed), f"{line!r} is not in\n" + "\n".join(
            printed
        )


def skeleton(line: str) -> str:
    return " ".join(re.sub(r"\b[0-9a-f]{12}\b|[0-9][0-9.,]*", "#", line).split())


def planned() -> set[str]:
    """The command lines of blocks that are not run here: they take too long, or change the machine."""
    plain = [block.body for page in PAGES for block in blocks(page) if not block.language]
    whole = [re.sub(r"\s*\\\n\s*", " ", body) for body in plain]  # a command may go on in the next line
    lines = [line.partition(" #")[0].strip() for body in whole for line in body.splitlines()]
    return {line for line in lines if re.match("make |python -m sweeps ", line)}


ALL = pytest.param("make study NAME=all", marks=pytest.mark.slow)  # what the others plan one by one


@pytest.mark.parametrize("line", [ALL if line == ALL.values[0] else line for line in sorted(planned())])
def test_what_is_not_run_here_can_be_planned(line: str, tmp_path: Path, environment: dict[str, str]) -> None:
    if line.startswith("make "):
        command = ["make", "-n", *shlex.split(line)[1:]]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        found = re.search(r"python (-m sweeps(?:\.studies)? (?!--)[^;$\n]*)", shown.stdout)
        line = f"python {found[1]}" if found else "true"
    run(Block("sh", "", "", f"{line} hydra.sweeper.dry_run=true\n"), tmp_path, environment)
    assert {path.name for path in tmp_path.iterdir()} == {"bin"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = [target.partition("#")[0] for target in LINK.findall(text) if "://" not in target]
    dead = [target for target in targets if target and not (page.parent / target).exists()]
    assert not dead


def test_no_page_is_forgotten_in_the_list_of_pages() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    own = [page.relative_to(ROOT / "docs") for page in PAGES if page.is_relative_to(ROOT / "docs")]
    missing = [str(page) for page in own if f"]({page})" not in index and page.name != "README.md"]
    assert not [page for page in missing if not page.startswith(("results/", "images/"))]


def test_the_config_reference_is_that_of_the_config() -> None:
    page = ROOT / "docs" / "reference" / "config.md"
    assert page.read_text() == help_text.markdown(), "make docs renews it"
