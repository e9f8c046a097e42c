"""Closing functions for the tests of a sweep's last words: good ones and bad ones."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def tells(root: Path, ids: Sequence[str]) -> Iterator[str]:
    yield f"{root.name}: {len(ids)} ended\x1b[2J"


def raises(root: Path, ids: Sequence[str]) -> Iterator[str]:
    yield "begun"
    raise RuntimeError("the words failed")


def leaves(root: Path, ids: Sequence[str]) -> list[str]:
    raise SystemExit(5)


def is_interrupted(root: Path, ids: Sequence[str]) -> list[str]:
    raise KeyboardInterrupt


def returns_none(root: Path, ids: Sequence[str]) -> None:
    os.getpid()
