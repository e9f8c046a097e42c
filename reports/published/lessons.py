"""What the studies teach, in words that a person wrote: each lesson names the verdicts that it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.claims.document import read_yaml

LESSONS = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Lesson:
    """A lesson; `rests_on`: claims by id, with the verdict that each must have for the words to be true."""

    title: str
    text: str
    rests_on: Mapping[str, str]


def lessons() -> list[Lesson]:
    """Return all lessons, in the order in which they are told."""
    entries: list[dict[str, Any]] = read_yaml(LESSONS)["lessons"]
    return [Lesson(each["title"], each["text"], each["rests_on"]) for each in entries]
