"""Where a sweep comes from: what was trained, its question, its commands, data, machine, files."""

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from reports.page.content import About, File
from reports.runs.factors import REPLICATE, label
from reports.runs.results import Results
from sweeps.records.errors import UserError
from sweeps.records.layout import NOTES
from sweeps.records.untrusted import read_file

PROJECT = Path(__file__).parents[2]
SKIPPED = ("study", "sweep")
TRIVIAL = {"null", "none", "false", "0", "", "–", "auto", "constant", "normal", "mean"}
CHIPS = 10
SAYS_MOST = (
    "model.hidden",
    "optimizer.lr",
    "optimizer.momentum",
    "training.batch_size",
    "training.epochs",
    "optimizer.weight_decay",
)
ASKED = {"git dirty": "not committed changes", "cpu": "processor", "dataset sha256": "data (SHA-256)"}
ANSWERS = {"True": "yes", "False": "no", "True, False": "some", "False, True": "some"}
LARGEST_NOTES = 2**20  # bytes


def trained_on(results: Results) -> Iterator[str]:
    """Yield what was trained, shortest first: options and settings that all runs share, then the seeds."""
    settings, swept = results.settings, {factor.key for factor in results.factors}
    keys = [key for key in settings.columns if key not in swept and key.split(".")[0] not in SKIPPED]
    keys = sorted((key for key in keys if key != REPLICATE), key=rank_of)
    shown = 0
    for key in keys:
        values = labels_in(settings[key])
        if len(values) == 1 and values[0] not in TRIVIAL and not key.endswith("_") and shown < CHIPS:
            shown += 1
            yield values[0] if "." not in key else f"{key.split('.')[-1]} {values[0]}"
    for factor in results.factors:
        named = ", ".join(factor.levels[:6]) + (", …" if len(factor.levels) > 6 else "")
        yield f"{factor.name}: {named}"
    yield seeds_of_cells(results)


def labels_in(column: "pd.Series[Any]") -> list[str]:
    """Return the different labels of a setting; most runs have the very same, labelled once."""
    if column.dtype != object:
        return list(dict.fromkeys(map(label, column.unique())))
    values = column.tolist()
    return list(dict.fromkeys(map(label, {id(value): value for value in values}.values())))


def seeds_of_cells(results: Results) -> str:
    """Return how many seeds each cell has: "5 seeds", or "1 to 5 seeds" where they differ."""
    counts = results.cells["runs"].tolist()
    fewest, most = min(counts, default=0), max(counts, default=0)
    return f"{fewest} to {most} seeds" if fewest < most else f"{most} seed{'s' if most != 1 else ''}"


def rank_of(key: str) -> tuple[int, str]:
    """Return the sort key of a setting: the data first, then options, then what says most of a training."""
    if "." not in key:
        return int(key != "dataset"), key
    return 2 + (SAYS_MOST.index(key) if key in SAYS_MOST else len(SAYS_MOST)), key


def question_of(results: Results) -> str:
    """Return the comment at the head of the sweep's file, its question; empty if it has none."""
    planned = (results.plan or {}).get("question")
    if isinstance(planned, str):
        return planned
    if results.measures.own or not re.fullmatch(r"[\w-]+", results.sweep, re.ASCII):
        return ""
    for group in ("sweep", "study"):
        try:
            text = read_file(PROJECT / "conf" / group / f"{results.sweep}.yaml").decode()
        except (OSError, ValueError, UserError):
            continue
        comments = (line[1:].strip() for line in text.splitlines() if line.startswith("#"))
        return " ".join(line for line in comments if not line.startswith("@"))
    return ""


def command_of(results: Results) -> str:
    """Return the command that planned this sweep, as it is typed; with the same plan it runs what is due."""
    return command_text((results.plan or {}).get("command", []))


def command_text(command: object) -> str:
    """Return a recorded command, a list of words, as it is typed; a text as it is."""
    if not isinstance(command, list):
        return str(command or "")
    words = [str(word) for word in command]
    kept = [word for word in words[1:] if word not in ("--multirun", "-m", "sweeps")]
    return shlex.join([*program(words[0] if words else ""), *kept])


def program(first: str) -> list[str]:
    """Return how a program is started whose command line begins so: a module of that name, or a script."""
    path = PurePath(first)
    if path.name == "__main__.py" and path.parent.name:
        return ["python", "-m", path.parent.name]
    return ["python", first] if path.suffix == ".py" else ["python", "-m", "sweeps"]


def about(results: Results, files: Sequence[File], notes: Sequence[str] = ()) -> About:
    """Return the facts of a sweep's runs: every distinct answer to each question, and what limits them."""
    plan = results.plan or {}
    history = plan.get("history") or [{"time": plan.get("created", ""), "command": plan.get("command", [])}]
    commands = tuple(
        (when(str(entry.get("time", ""))), command_text(entry.get("command")))
        for entry in history
        if isinstance(entry, dict)
    )
    return About(
        facts=tuple(facts(results)),
        history=commands if plan else (),
        files=tuple(files),
        citation=citation(results),
        notes=(
            *notes,
            "Rebuilt from the run records alone: the same records give the same page.",
        ),
    )


def facts(results: Results) -> Iterator[tuple[str, str]]:
    """Yield each question with its answers."""
    for key, answer in provenance(results):
        if key not in ("command", "planned"):
            yield ASKED.get(key, key), ANSWERS.get(answer, answer)
    times = results.runs[["started", "finished"]].replace("", pd.NA).stack().dropna()
    if len(times):
        yield "runs made", f"{when(str(times.min()))} to {when(str(times.max()))}"
    if results.split:
        yield "split", results.split
    for rule in (results.plan or {}).get("exclusions", []):
        yield "excluded", f"{rule['count']} combinations with {rule['condition']}"


def when(text: str) -> str:
    """Return a recorded time to the minute, "2026-11-25 21:15 UTC"; what is no such time as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def notes_of(results: Results) -> str:
    """Return what people wrote about the sweep, as it is; empty without such a file, or one that is none."""
    try:
        return read_file(results.directory / NOTES, LARGEST_NOTES).decode(errors="replace").strip()
    except (OSError, ValueError):
        return ""


def citation(results: Results) -> str:
    """Return how to cite the sweep."""
    versions = [version for version in results.runs["version"].unique() if version]
    commits = [str(commit)[:12] for commit in results.runs["git_commit"].unique() if commit]
    what = f"Sweep “{results.sweep}”, {len(results.runs)} runs"
    with_what = ", ".join(filter(None, [" and ".join(versions), *commits[:3]]))
    return f"{what}, made with mlp-grid {with_what}." if with_what else f"{what}."


def last_change(results: Results) -> str:
    """Return when a run last began or ended, or the plan was written, as ISO text; empty if unknown."""
    created = str((results.plan or {}).get("created") or "")
    times = [*results.runs["started"].unique(), *results.runs["finished"].unique(), created]
    return max((str(time) for time in times if time), default="")


def provenance(results: Results) -> list[tuple[str, str]]:
    """Return where the runs come from: every distinct answer to each question that the records answer."""
    facts = [{k: v for k, v in each.items() if v not in (None, "")} for each in results.provenance]
    keys = list(dict.fromkeys(key for each in facts for key in each))
    rows = [
        (
            key.replace("_", " "),
            ", ".join(dict.fromkeys(str(each[key]) for each in facts if key in each)),
        )
        for key in keys
    ]
    codes = [code for code in results.runs["code"].unique() if code]
    made = [
        ("command", " ".join(map(str, (results.plan or {}).get("command", [])))),
        ("planned", str((results.plan or {}).get("created", ""))),
        ("code fingerprint", ", ".join(codes)),
    ]
    return [(key, value) for key, value in [*made, *rows] if value]
