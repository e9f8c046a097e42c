"""Errors in one line: what Hydra and OmegaConf say on many, so that the key and what is allowed stand out."""

from __future__ import annotations

import re
import sys

import yaml
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from sweeps.cli.near import nearest
from sweeps.planning.typed import already_there, instead_of_key, instead_of_option
from sweeps.planning.unparsable import unparsable

IN_A_FILE = re.compile(r"^In '([^']+)': \w+ raised while composing config")
"""What Hydra says of a key or a value in a file; the error before it knows more."""
NO_LIST = re.compile(r"Invalid value assigned: \w+ is not a ListConfig, list or tuple\.?")
ADDED = (  # what Hydra says of a `+` before something that is there
    re.compile(r"^(\S+) appears more than once in the final defaults list"),
    re.compile(r"^Multiple values for ([^\s.]+)\. To override a value"),
    re.compile(r"^force-add of config groups is not supported: '\++([^=']+)="),
    re.compile(r"^Could not append to config. An item is already at '([^']+)'"),
)


def one_line(error: BaseException) -> str:
    """Return what is wrong as one line, without search paths and object types.

    Raises KeyboardInterrupt for one that OmegaConf has lost: it fails again while it puts things back.
    """
    cause = error.__cause__
    if isinstance(_first(error), KeyboardInterrupt):
        raise KeyboardInterrupt from error
    if (file := IN_A_FILE.match(str(error))) and isinstance(error.__context__, OmegaConfBaseException):
        return f"{file[1]}.yaml: {_in_a_file(error.__context__)}"
    if isinstance(error, MissingConfigException):
        return _missing_option(error)
    for inner in (error, cause):
        if isinstance(inner, (ConfigAttributeError, ConfigKeyError)):
            return _missing_key(inner)
    if isinstance(error, yaml.YAMLError):
        return yaml_mistake(error)
    if isinstance(error, OverrideParseException):
        grammar = _flat(str(error)).replace(error.override, "").strip(" ^")
        return f"{error.override}: {unparsable(error.override, grammar)}"
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: must be given, as {error.full_key}=…"
    if isinstance(error, OmegaConfBaseException):
        return _with_key(error)
    text = _flat(str(error)) or type(error).__name__
    if key := next((found[1] for found in (sign.search(text) for sign in ADDED) if found), ""):
        return already_there(key)
    return f"{text}: {_with_key(cause)}" if isinstance(cause, OmegaConfBaseException) else text


def _first(error: BaseException) -> BaseException:
    """Return the error while which, and all that followed from it, this one was raised."""
    while before := error.__cause__ or error.__context__:
        error = before
    return error


def _missing_option(error: MissingConfigException) -> str:
    """Return "activation=foo: no such option; activation is one of gelu, relu"."""
    if not error.missing_cfg_file:
        return _flat(str(error))
    group, option = _group_and_option(str(error.missing_cfg_file))
    if not group or error.options is None:
        return _flat(str(error).partition("\nConfig search path")[0])
    allowed = f"{group} is one of {', '.join(error.options)}" if error.options else f"{group} has no options"
    hint = instead_of_option(group, option, error.options)
    return f"{group}={option}: no such option{hint}; {allowed}"


def _group_and_option(path: str) -> tuple[str, str]:
    """Return the group and the option of a path; as they were typed, for an option may have a / in it."""
    pairs = (word.lstrip("+").partition("=")[::2] for word in sys.argv[1:])
    typed = next(((key, value) for key, value in pairs if f"{key}/{value}" == path), None)
    group, _, option = path.rpartition("/")
    return typed or (group, option)


def _missing_key(error: ConfigAttributeError | ConfigKeyError) -> str:
    """Return "optimizer.lrr: no such key (did you mean optimizer.lr=1?); optimizer has lr, momentum"."""
    parent = str(error.full_key).rpartition(".")[0]
    root = error.parent_node._get_root() if error.parent_node is not None else None
    hint = instead_of_key(str(error.full_key), root if isinstance(root, DictConfig) else None)
    there = [str(name) for name in error.parent_node or [] if name not in ("hydra", "_target_")]
    return (
        f"{error.full_key}: no such key{hint}; "
        f"{parent or 'the config'} has {', '.join(there) or 'no keys'} (+{error.full_key}=… adds one)"
    )


def _in_a_file(error: OmegaConfBaseException) -> str:
    """Return "hydra.sweeper.parms: no such key (did you mean params?); hydra.sweeper has params, …"."""
    if not isinstance(error, (ConfigAttributeError, ConfigKeyError)):
        return one_line(error)
    parent, _, name = str(error.full_key).rpartition(".")
    there = [str(key) for key in error.parent_node or []]
    known = f"{parent or 'the config'} has {', '.join(there)}"
    return f"{error.full_key}: no such key{nearest(name, there)}; {known}"


def _with_key(error: OmegaConfBaseException) -> str:
    text = _flat(re.split(r"\n\s*(?:full_key|object_type|reference_type)", str(error))[0])
    text = text.removeprefix("UserError raised while resolving interpolation: ")  # which says it all
    text = NO_LIST.sub("must be a list, in brackets", text)
    return f"{error.full_key}: {text}" if error.full_key and error.full_key not in text else text


def yaml_mistake(error: yaml.YAMLError, source: str = "") -> str:
    """Return what is wrong with a YAML file as one line, with its name and the line."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if mark is None:
        return (
            f"{source or getattr(error, 'name', '') or 'YAML'}: cannot be read as YAML ({_flat(str(error))})"
        )
    return f"{source or mark.name}:{mark.line + 1}: cannot be read as YAML ({problem or 'no YAML'})"


def _flat(text: str) -> str:
    return " ".join(text.partition("\nSee https://hydra.cc")[0].split())
