"""Arguments that Hydra's grammar does not take, in words for people: what is wrong, and what to type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sweeps.cli.meant import file_meant, option_meant, plain
from sweeps.planning.typed import did_you_mean, in_quotes

KEY = re.compile(r"(~|\+{1,2})?[A-Za-z_][\w./@-]*(@[\w.:]*)?")
SURE = 0.8  # of a word that stands alone
PAIRS = {"[": "]", "{": "}", "(": ")"}
KEY_VALUE = "must be key=value, such as seed=1"


def unparsable(override: str, grammar: str = "") -> str:
    """Return what is wrong with an override that cannot be parsed; `grammar` is what Hydra says of it."""
    key, sign, value = override.partition("=")
    if wrong := _bracket(override):
        return wrong
    if key and not KEY.fullmatch(key):
        inner = re.sub(r"^[^\w~+{]+|[”’»]+$", "", override)
        meant = did_you_mean([inner] if inner != override and KEY.match(inner) and sign else [])
        return f"{KEY_VALUE}{meant or _as_pair(override)}"
    if not sign:
        return KEY_VALUE
    if value.startswith("="):
        rest = value.lstrip("= ")
        return f"must have one ={did_you_mean([f'{key}={rest}'])}"
    if value.startswith("(") and value.endswith(")"):
        return f"a list of values must stand in brackets{did_you_mean([f'{key}=[{value[1:-1]}]'])}"
    if "" in (parts := [part.strip() for part in value.split(",")]) and len(parts) > 1:
        left = ",".join(filter(None, parts))
        return (
            f"there must be a value on both sides of a comma{did_you_mean([f'{key}={left}'] if left else [])}"
        )
    is_call = re.fullmatch(r"\w+\(.*\)", value)  # choice(…), range(…), interval(…): no text to be quoted
    return f"cannot be parsed{('' if is_call else in_quotes(override)) or f' ({grammar})'}"


def _as_pair(override: str) -> str:
    """Return " (did you mean activation=relu?)" for activation:relu, "" for what is no pair."""
    name, colon, rest = override.partition(":")
    return did_you_mean([f"{name}={rest}"] if colon and rest and KEY.fullmatch(name) else [])


def options_meant(word: str, options: Mapping[str, Sequence[str]]) -> str:
    """Return " (did you mean activation=relu?)" for a word that stands alone; "" if no group has it.

    options: those of each config group.
    """
    if plain(word) == "help":
        return did_you_mean(["--help"])
    if file := file_meant("dataset", word):
        return did_you_mean([file])
    for group in options:
        if plain(group) == plain(word):
            return did_you_mean([f"{group}={options[group][0]}"])
    found = {group: option_meant(word, known, SURE) for group, known in options.items()}
    same = [f"{group}={name}" for group, name in found.items() if name and plain(name) == plain(word)]
    return did_you_mean(same or [f"{group}={name}" for group, name in found.items() if name][:1])


def _bracket(value: str) -> str:
    """Return which bracket or quote is not closed, or closes nothing; "" if all are pairs."""
    opened: list[str] = []
    quote = ""
    for sign in value:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in PAIRS:
            opened.append(sign)
        elif sign in PAIRS.values() and (not opened or PAIRS[opened.pop()] != sign):
            return f"a {sign} closes nothing"
    if quote or opened:
        return f"a {quote or opened[-1]} is not closed"
    return ""
