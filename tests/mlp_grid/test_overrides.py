"""A grid in Python becomes words of the command line that mean the same."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mlp_grid import UserError
from mlp_grid.overrides import override, overrides_of, text
from sweeps.planning.quoting import as_word

PARSER = OverridesParser.create()


def value_of(word: str) -> Any:
    """What Hydra takes a word to say, its interpolations resolved as a config does."""
    (parsed,) = PARSER.parse_overrides([word])
    assert not parsed.is_sweep_override()
    value = parsed.value()
    made = OmegaConf.create({"key": str(value) if isinstance(value, QuotedString) else value})
    plain: Any = OmegaConf.to_container(made, resolve=True)
    return plain["key"]


def test_a_list_is_values_to_try_and_a_tuple_is_one_that_is_a_list() -> None:
    grid = {
        "activation": ["relu", "gelu"],
        "optimizer.lr": np.array([0.1, 0.01]),
        "model.hidden": [(64,), (128, 64)],
    }
    assert overrides_of(grid, seeds=3, epochs=2) == [
        "activation=relu,gelu",
        "optimizer.lr=0.1,0.01",
        "model.hidden=[64],[128,64]",
        "seed=0,1,2",
        "training.epochs=2",
    ]
    assert overrides_of(
        {"model.hidden": (), "training.patience": None, "model.batch_norm": True}, [7, 9]
    ) == [
        "model.hidden=[]",
        "training.patience=null",
        "model.batch_norm=true",
        "seed=7,9",
    ]


@pytest.mark.parametrize(
    "value",
    [
        *(0, -3, 1.5, 1e-7, True, None, "relu", "a b", "1", "1e-3", "null", "True", "nan", "", "a,b", "it's"),
        *(
            '"',
            "x=y",
            "${seed}",
            "$",
            "a\\",
            "\\'",
            "[1]",
            "{a}",
            "é ü",
            "#",
            "%",
            "a:b",
            "\\${x}",
            "tab\there",
        ),
        *([1, 2.5], ["a", "b c"], {"a": 1, "b": [True, None]}),
    ],
)
def test_what_hydra_reads_is_what_was_meant(value: Any) -> None:
    given = tuple(value) if isinstance(value, list) else value
    assert value_of(override("key", given)) == value


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=20))
def test_any_text_comes_through(value: str) -> None:
    assert value_of(override("key", value)) == value


@settings(max_examples=400)
@given(st.text(alphabet="0159.eE_-/+adifnulINF", max_size=6))
def test_what_looks_like_a_number_a_path_or_an_id_comes_through(value: str) -> None:
    assert value_of(f"key={as_word(value)}") == value


@pytest.mark.parametrize("word", ["relu", "runs/grid", "../a.b", "3d0f0c1d2e4a", "."])
def test_a_plain_word_needs_no_quotes(word: str) -> None:
    assert as_word(word) == word


@given(st.floats(allow_nan=False))
def test_any_number_comes_through_to_the_last_bit(value: float) -> None:
    assert value_of(override("key", value)) == value
    assert math.copysign(1, value_of(override("key", value))) == math.copysign(1, value)


def test_paths_and_numpys_scalars_are_values() -> None:
    assert text(Path("a") / "b") == "a/b"
    assert text(Path("a b") / "c") == "'a b/c'"
    assert text(np.float64(0.5)) == "0.5"
    assert text(np.int8(3)) == "3"


@pytest.mark.parametrize(
    ("grid", "more", "why"),
    [
        ({"activation": []}, {}, "activation: has an empty list"),
        ({"a b": 1}, {}, "'a b': must be the key of a setting"),
        ({"x": {"b c": 1}}, {}, "x: 'b c' is no key of a mapping"),
        ({"x": {"null": 1}}, {}, "x: 'null' is no key of a mapping"),
        ({"x": object()}, {}, "x: a object is no value of a setting"),
        ({"seed": [1]}, {"seeds": 2}, "seed is set twice"),
        ({}, {"seeds": 0}, "seeds = 0: must be how many"),
        ({"training.epochs": 1}, {"epochs": 2}, "training.epochs is set twice"),
    ],
)
def test_what_cannot_be_a_setting_is_named(grid: dict[str, Any], more: dict[str, Any], why: str) -> None:
    with pytest.raises(UserError, match=why):
        overrides_of(grid, **more)
