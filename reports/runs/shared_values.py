"""Records as values that many of them share, each stored once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

APART = "config"  # the values of this part are stored one by one, too: configs are alike in most of theirs
Places = list[int]
"""Of a mapping: the place of its keys, and then of each of its values."""


class SharedValues:
    """Values of JSON, of which `lines` has the texts."""

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self.lines = list(lines)
        self._values: list[Any] = json.loads(f"[{','.join(lines)}]")
        self._places: dict[str, int] = {}

    def put(self, record: Mapping[str, Any]) -> tuple[Places, Places]:
        """Store a record, and return the places of its parts and those of its config's."""
        return self._put({**record, APART: None}), self._put(record[APART])

    def get(self, parts: Places, config: Places) -> dict[str, Any]:
        """Return the record in these places; its values are shared, and must not be changed."""
        record = self._get(parts)
        record[APART] = self._get(config)  # in its place: `put` left a None there
        return record

    def _get(self, places: Places) -> dict[str, Any]:
        values = map(self._values.__getitem__, places)
        return dict(zip(next(values, ()), values, strict=True))

    def _put(self, mapping: Mapping[str, Any]) -> Places:
        return [self._place(list(mapping)), *map(self._place, mapping.values())]

    def _place(self, value: Any) -> int:
        if not self._places:
            self._places = {line: place for place, line in enumerate(self.lines)}
        line = json.dumps(value)
        place = self._places.setdefault(line, len(self.lines))
        if place == len(self.lines):
            self.lines.append(line)
            self._values.append(value)
        return place
