"""What to type instead of an argument that Hydra does not take: a whole argument, ready to be copied."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from hydra_plugins.resumable import ResumableSweeperConf
from sweeps.cli.meant import SURE, alike, file_meant, keys_meant, option_meant, plain, value_meant

SPECIAL = re.compile(
    r"[#%&!;'\"()\[\]{},^~<>?|]|\s"
)  # not in a plain value of Hydra's grammar, or not in a shell's
FLAGS = (
    "--help --version --cfg --resolve --package --info --config-name --config-path --config-dir --multirun"
)
SWEEPER = "hydra.sweeper."


def value_typed(key: str) -> str | None:
    """Return the value that was typed for a key on this command line; None if it was not."""
    values = [word.partition("=")[2] for word in sys.argv[1:] if word.partition("=")[0].lstrip("+~") == key]
    return values[-1] if values else None


def instead_of_key(key: str, config: DictConfig | None) -> str:
    """Return " (did you mean optimizer.lr=0.1?)" for a key that a config lacks; "" if nothing is like it."""
    known = dict(dotted(config)) if config is not None else {}
    settings = [each.name for each in fields(ResumableSweeperConf)]
    setting = alike(key.removeprefix("sweeper."), settings, SURE)
    found = keys_meant(key, list(known)) or ([SWEEPER + setting] if setting else [])
    typed = value_typed(key)
    if found == ["dataset"] and (file := file_meant("dataset", typed)):
        return did_you_mean([file])
    return did_you_mean(argument(name, typed, known) for name in found)


def instead_of_option(group: str, option: str, known: Sequence[str]) -> str:
    """Return " (did you mean loss=softmax_ce?)" for an option that there is not; "" if none is like it."""
    if "file" in known and (file := file_meant(group, option)):
        return did_you_mean([file])
    found = option_meant(option, known)
    typed = value_typed(group) or option
    words = [found if plain(word) == plain(option) else word for word in typed.split(",")]
    return did_you_mean([f"{group}={','.join(dict.fromkeys(words))}"] if found else [])


def instead_of_flag(flag: str, following: str, config: DictConfig | None) -> str:
    """Return the same for an option with dashes: a setting of the sweeper, a key, a flag of Hydra's."""
    name, _, value = flag.lstrip("-").partition("=")
    known = {field.name: field for field in fields(ResumableSweeperConf)}
    setting = next((key for key in known if plain(key) == plain(name)), "")
    if setting:
        usual = "true" if known[setting].type in (bool, "bool") else "…"
        return did_you_mean([f"{SWEEPER}{setting}={value or following or usual}"])
    if len(name) > 1 and (hydras := alike(flag.partition("=")[0], FLAGS.split())):
        return did_you_mean([hydras])
    present = dict(dotted(config)) if config is not None else {}
    found = keys_meant(name, list(present)) if len(name) > 1 else []
    return did_you_mean(argument(key, value or following or "…", present) for key in found)


def without_spaces(words: Sequence[str], config: DictConfig | None) -> str:
    """Return what is wrong with a command line that has spaces around a `=`; "" if none has."""
    for place, word in enumerate(words):
        before, after = words[place - 1] if place else "", words[place + 1] if place + 1 < len(words) else ""
        inside = re.fullmatch(r"\s*([\w./@+~]+)\s*=\s*(.*?)\s*", word)
        if word == "=" or (word.startswith("=") and "=" not in before):
            key, value = before, word[1:] or after
        elif word.endswith("=") and after and "=" not in after and not after.startswith("-"):
            key, value = word[:-1], after
        elif inside and re.search(r"^[^=]*\s=|^[\w./@+~]+=\s", word):
            key, value = str(inside[1]), str(inside[2])
        else:
            continue
        present = dict(dotted(config)) if config is not None else {}
        meant = [key] if key in present else keys_meant(key, list(present)) or [key]
        hint = did_you_mean(argument(name, value, present) for name in meant)
        return f"{key!s} = {value!s}: there must be no space around ={hint}"
    return ""


def in_quotes(override: str) -> str:
    """Return what to type for an override that cannot be parsed, if its value has signs that need quotes."""
    key, _, value = override.partition("=")
    if not value or not SPECIAL.search(value):
        return ""
    marks = " ".join(dict.fromkeys(SPECIAL.findall(value)))
    if '"' in value or "'" in value or value[0] in "[{(":
        return ""
    return f"; a value with {marks.strip() or 'spaces'} must be in quotes: '{key}=\"{value}\"'"


def argument(key: str, value: str | None, present: Mapping[str, Any]) -> str:
    """Return an argument, its value as the key takes it; the key alone if no value is known."""
    return key if value is None else f"{key}={value_meant(value, present.get(key))}"


def did_you_mean(arguments: Iterable[str]) -> str:
    """Return " (did you mean a or b?)", "" for nothing."""
    found = list(arguments)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


def dotted(config: DictConfig) -> Iterator[tuple[str, Any]]:
    """Yield every dotted key of an application's config with its value; lists as lists."""
    for key in config:
        if key in ("hydra", "_target_"):
            continue
        value = config._get_node(key)
        yield str(key), OmegaConf.to_container(value) if isinstance(value, ListConfig) else _plain(value)
        if isinstance(value, DictConfig) and not (value._is_none() or value._is_missing()):
            yield from ((f"{key!s}.{inner}", item) for inner, item in dotted(value))


def _plain(node: Any) -> Any:
    return None if isinstance(node, DictConfig) or node is None else node._value()
