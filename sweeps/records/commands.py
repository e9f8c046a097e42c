"""Who works in a sweep's directory: a hidden folder for each command, with its lock and what it undertakes.

    <root>/.sweep/20261126-002200-1a2b3c4d/             the command that began
    <root>/.sweep/20261126-002200-1a2b3c4d+5e6f7a8b/    one that has joined it
        lock            while the command is alive (lock.py)
        command.json    its terms and workers

Commands of equal terms work together: that is a session, and goes by the name of the command that began.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.records import lock
from sweeps.records.atomic import plain, write_json
from sweeps.records.layout import COMMAND, HIDDEN, LOCK
from sweeps.records.process import Owner
from sweeps.records.untrusted import read_json

JOINED = "+"  # between a session's name and what tells a command that has joined it from others
LARGEST = 2**20  # bytes of a command.json


@dataclass(frozen=True)
class Terms:
    """What commands that work together must agree on.

    `named`: a sweep with a name has its directory to itself. `parts` are the fingerprints of what is planned
    and the settings that decide what becomes of it, by what a user calls them.
    """

    named: bool
    parts: Mapping[str, Any]

    def differing(self, other: Terms) -> list[str]:
        """Return what two commands do not agree on."""
        keys = dict.fromkeys([*self.parts, *other.parts])
        return [key for key in keys if self.parts.get(key) != other.parts.get(key)]


@dataclass(frozen=True)
class Command:
    """A command that is alive: its folder, its process, its terms, how many cells it may run at once."""

    folder: Path
    owner: Owner
    terms: Terms
    workers: int

    @property
    def session(self) -> str:
        """The name of the command that it works with, its own if it began."""
        return self.folder.name.partition(JOINED)[0]

    @property
    def has_joined(self) -> bool:
        """Whether it came to the help of another command."""
        return JOINED in self.folder.name


def folder_name(session: str | None = None) -> str:
    """Return a name for a command's folder: one that begins, or joins a session."""
    if session is not None:
        return f"{session}{JOINED}{uuid.uuid4().hex[:8]}"
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:8]}"


def session_of(launch: object) -> str:
    """Return the session that a record's `launch` is of, empty if it names none."""
    return str(launch or "").partition(".")[0].partition(JOINED)[0]


def write_terms(folder: Path, terms: Terms, workers: int) -> None:
    """Write down what a command has undertaken."""
    data = {"named": terms.named, "workers": workers, "parts": plain(terms.parts)}
    write_json(folder / COMMAND, data, durable=False)


def active(root: Path) -> list[Command]:
    """Return the commands that work in a directory now and have written their terms, the earliest first."""
    try:
        names = sorted(entry.name for entry in os.scandir(root / HIDDEN) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (_command(root / HIDDEN / name) for name in names)
    return [command for command in found if command is not None]


def _command(folder: Path) -> Command | None:
    """Return the command of a folder; None if it is dead, has just ended, or says nothing of its terms."""
    try:
        data = read_json(folder / COMMAND, LARGEST)
        terms, workers = Terms(bool(data["named"]), dict(data["parts"])), int(data["workers"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    owner = lock.holder(folder / LOCK)
    return None if owner is None else Command(folder, owner, terms, workers)
