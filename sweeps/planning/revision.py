"""The state of the code's repository: commit, whether it was changed since, and the changes themselves.

Asked once for a sweep, not once for a run. The changes are kept in the sweep's directory, in a file named by
its content, so that the code that made a result can be had again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.planning.fingerprint import files_of
from sweeps.records.atomic import write_atomic
from sweeps.records.errors import UserError
from sweeps.records.layout import HIDDEN

LARGEST = 2**20  # bytes of changes that are kept
TIMEOUT_S = 20.0
_CUT = "\n# Cut here: the changes are larger than 1 MB.\n"
# Whatever the user's configuration says, what is kept can be applied by `git apply`.
_DIFF = (
    *("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--binary", "--unified=3"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--submodule=diff"),
    "--ignore-submodules=untracked",
)
_CONFIG = ("-c", "core.quotepath=off", "-c", "diff.orderFile=/dev/null")
_GIT_KEPT = (
    "GIT_CONFIG",
    "GIT_EXEC_PATH",
    "GIT_CEILING_DIRECTORIES",
)  # the others lead to other repositories


@dataclass(frozen=True)
class Revision:
    """Commit (40 hex digits) and uncommitted changes of a repository, as a diff against that commit."""

    commit: str
    diff: bytes

    def as_facts(self, root: Path | None = None) -> dict[str, Any]:
        """Return what a record says of it; with the sweep's directory `root`, the diff is kept there.

        Raises OSError if it cannot be written.
        """
        facts: dict[str, Any] = {"git_commit": self.commit, "git_dirty": bool(self.diff)}
        if self.diff and root is not None:
            name = f"{HIDDEN}/{hashlib.sha256(self.diff).hexdigest()[:12]}.diff"
            if not (root / name).exists():
                write_atomic(root / name, self.diff, durable=False)
            facts["git_diff"] = name
        return facts


UNKNOWN: dict[str, Any] = {"git_commit": None, "git_dirty": None}


def facts(modules: Sequence[str], root: Path | None = None) -> dict[str, Any]:
    """Return git_commit, git_dirty and, if it was kept in `root`, git_diff of the code of these modules."""
    state = revision(modules)
    return state.as_facts(root) if state else dict(UNKNOWN)


def revision(modules: Sequence[str]) -> Revision | None:
    """Return the state of the repository that holds the first of the modules; None outside of one."""
    try:
        sources = [path for module in modules for path in files_of(module)]
        if not sources:
            return None
        here = sources[0].parent
        _git(here, "ls-files", "--error-unmatch", sources[0].name)  # of it, not just lying in it
        top = Path(os.fsdecode(_git(here, "rev-parse", "--show-toplevel")).rstrip("\n"))
        commit = _git(here, "rev-parse", "HEAD").decode().strip()
        return Revision(commit, _changes(top, sources))
    except (OSError, UserError, subprocess.SubprocessError):
        return None


def _changes(top: Path, sources: Iterable[Path]) -> bytes:
    """Return what differs from the commit, new sources included; empty if nothing does."""
    only_tracked = ("--untracked-files=no", "--ignore-submodules=untracked")
    listed = _git(top, "status", "--porcelain=v1", "-z", *only_tracked)
    diff = _git(top, *_DIFF, "HEAD") if listed else b""
    if listed and not diff:
        diff = b"# Changed, without a difference that git shows:\n" + listed.replace(b"\0", b"\n")
    tracked, hidden = _index(top)
    for name in hidden:
        diff += _git(top, *_DIFF, f"HEAD:{name}", "--", name)
    for path in _untracked(top, sources, tracked):
        diff += _git(top, *_DIFF, "--no-index", "--", os.devnull, str(path), expected=(0, 1))
    return diff if len(diff) <= LARGEST else diff[: LARGEST - len(_CUT)] + _CUT.encode()


def _index(top: Path) -> tuple[set[bytes], list[str]]:
    """Return the files that the repository holds, and those there that git was told to take for unchanged."""
    entries = [entry for entry in _git(top, "ls-files", "-v", "-z").split(b"\0") if entry]
    marked = [os.fsdecode(entry[2:]) for entry in entries if entry[:1].islower() or entry[:1] == b"S"]
    return {entry[2:] for entry in entries}, [name for name in marked if (top / name).is_file()]


def _untracked(top: Path, sources: Iterable[Path], tracked: Collection[bytes]) -> list[Path]:
    """Return the sources, as paths in the repository, that are not among the tracked files."""
    real = (path.resolve() for path in sources)
    inside = sorted({path.relative_to(top.resolve()) for path in real if path.is_relative_to(top.resolve())})
    return [path for path in inside if os.fsencode(path.as_posix()) not in tracked]


def _git(folder: Path, *arguments: str, expected: tuple[int, ...] = (0,)) -> bytes:
    """Return what git says of a folder. Raises OSError or SubprocessError, also for another exit code."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_GIT_KEPT)
    }
    command = ["git", "-C", str(folder), *_CONFIG, *arguments]
    done = subprocess.run(
        command,
        env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode not in expected:
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout
