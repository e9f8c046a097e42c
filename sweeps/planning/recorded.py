"""From a recorded configuration to the overrides that compose it again, whoever wrote the record.

A record may be a stranger's. Values are taken from it, and the names of options: nothing that says what code
is run (`_target_`, anything of `hydra`), which the reader's own configuration says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sweeps.planning.identity import JOB_RESOLVERS
from sweeps.planning.quoting import quoted
from sweeps.records.errors import UserError

OF_A_JOB = re.compile(rf"\$\{{({'|'.join(JOB_RESOLVERS)}):")
TARGET = "_target_"
NAME = r"\w[\w.-]*(/\w[\w.-]*)*"  # of an option or a group: never a way out of the folder of the options
KEY = re.compile(r"[\w$-]+(\.[\w$-]+)*")
GROUP = re.compile(rf"{NAME}(@[\w.]+)?")
OPTION = re.compile(NAME)
OF_HYDRA = re.compile(r"(^|@)(_global_\.)?hydra\b")


def overrides(choices: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """Return the overrides that compose a configuration: its choices, then each of its values.

    Raises UserError for what is the name of no setting and no option, or is a setting of Hydra's.
    """
    groups = [
        f"{_safe(GROUP, 'group', group)}={_option(option)}"
        for group, option in choices.items()
        if option is not None and group not in ("sweep", "study") and not group.startswith("hydra/")
    ]
    return [*groups, *(f"++{_safe(KEY, 'key', key)}={value}" for key, value in _leaves(config))]


def _option(option: Any) -> str:
    """Return the option that was chosen, or the list of them."""
    if isinstance(option, list):
        return f"[{','.join(_safe(OPTION, 'option', each) for each in option)}]"
    return _safe(OPTION, "option", option)


def _safe(form: re.Pattern[str], kind: str, name: Any) -> str:
    """Return a name that is one and nothing of Hydra's."""
    whole = str(name)
    if not form.fullmatch(whole) or OF_HYDRA.search(whole):
        raise UserError(f"{kind} {whole}: a record's must be the name of a setting of the application")
    return whole


def _leaves(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the override's value of everything in a config that is no mapping.

    What only a job can resolve is recorded as its text: that is left to the application's own config, as is
    whatever names code.
    """
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{before}{key}.")
        elif (
            key != TARGET
            and not _names_code(value)
            and not (isinstance(value, str) and OF_A_JOB.search(value))
        ):
            yield f"{before}{key}", _text(value)


def _names_code(value: Any) -> bool:
    """Return whether something in a list is to be made by a `_target_`."""
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return (isinstance(value, Mapping) and TARGET in value) or any(map(_names_code, parts))


def _text(value: Any) -> str:
    """Return a value as an override has it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, str):
        return quoted(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
