"""From a grid in Python to the words of the command line that sweeps it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sweeps.planning.quoting import as_word
from sweeps.records.errors import UserError

_KEY = re.compile(r"[+]{0,2}[A-Za-z_][\w./@-]*")


def overrides_of(
    grid: Mapping[str, Any], seeds: int | Iterable[int] | None = None, epochs: int | None = None
) -> list[str]:
    """Return a word `key=value,…` for each setting of a grid.

    A list is the values to try, one after another; anything else is one value, a tuple one that is a list
    (`"model.hidden": [(64,), (128, 64)]`). `seeds` is how many (0, 1, …) or which. Raises UserError.
    """
    if not isinstance(grid, Mapping):
        raise UserError(f'grid = {grid!r}: must be a mapping, such as {{"activation": ["relu", "gelu"]}}')
    settings = dict(grid)
    for key, value in (("seed", _seeds(seeds)), ("training.epochs", epochs)):
        if value is not None:
            if key in settings:
                raise UserError(f"{key} is set twice, in the grid and beside it")
            settings[key] = value
    return [override(key, value) for key, value in settings.items()]


def override(key: str, value: Any) -> str:
    """Return the word for one setting. Raises UserError for a key or a value that cannot be one."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise UserError(f"{key!r}: must be the key of a setting, such as activation or optimizer.lr")
    values = _listed(value)
    if not values:
        raise UserError(f"{key}: has an empty list of values to try")
    try:
        return f"{key}={','.join(map(text, values))}"
    except TypeError as error:
        raise UserError(f"{key}: {error}") from None


def _listed(value: Any) -> list[Any]:
    """Return the values to try: of a list, a range or an array its items, else the one."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, (list, range)) else [value]


def _seeds(seeds: int | Iterable[int] | None) -> list[int] | None:
    if seeds is None:
        return None
    is_number = isinstance(seeds, (int, float, str))
    if isinstance(seeds, bool) or (is_number and not (isinstance(seeds, int) and seeds >= 1)):
        raise UserError(f"seeds = {seeds!r}: must be how many, at least 1, or a list of them")
    return list(range(seeds)) if isinstance(seeds, int) else list(seeds)


def _word(key: object) -> str:
    """Return the key of a mapping, which Hydra's command line takes without quotes only."""
    if not isinstance(key, str) or as_word(key) != key:
        raise TypeError(f"{key!r} is no key of a mapping on Hydra's command line")
    return key


def text(value: Any) -> str:
    """Return one value as Hydra's command line takes it. Raises TypeError for what is no setting."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_word(key)}:{text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(text, value)) + "]"
    if hasattr(value, "__fspath__"):
        value = value.__fspath__()
    if not isinstance(value, str):
        raise TypeError(
            f"a {type(value).__name__} is no value of a setting: {value!r} (a list holds several)"
        )
    return as_word(value)
