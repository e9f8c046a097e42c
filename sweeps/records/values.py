"""From a value of a config to its text, in one way: 0.0005, true, null, 256x64."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def text(value: Any, between: str) -> str:
    """Return a value as texts for people have it, the items of lists with `between` between them.

    Whole floats are shown as integers: 1.0 and 1 are the same setting.
    """
    if isinstance(value, (list, tuple)):
        return between.join(text(item, between) for item in value)
    if isinstance(value, Mapping):
        return "+".join(f"{key}={text(item, between)}" for key, item in value.items())
    if value is None or isinstance(value, (bool, float)):
        return json.dumps(whole(value))
    return str(value)


def whole(value: Any) -> Any:
    """Return 1 for 1.0, in lists as well."""
    if isinstance(value, (list, tuple)):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
