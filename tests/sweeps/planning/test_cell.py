"""The identity of a cell and its directory's name: sweeps.planning.identity."""

import json
import string
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from sweeps.planning.identity import cell_id, directory_name, job_values_as_text, resolve, select, without
from sweeps.records.layout import cell_id_of

keys = st.text(string.ascii_lowercase + "_", min_size=1, max_size=4)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
configs = st.dictionaries(keys, values, min_size=1, max_size=4)


def rewritten(value: Any) -> Any:
    """The same said otherwise: keys in another order, whole floats as integers and the other way, tuples."""
    if isinstance(value, dict):
        return {key: rewritten(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return tuple(map(rewritten, value))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


@given(configs)
def test_the_id_does_not_depend_on_how_the_config_is_written(config: dict[str, Any]) -> None:
    assert cell_id(config) == cell_id(rewritten(config))


@given(configs)
def test_the_id_survives_a_round_trip_through_json_and_yaml(config: dict[str, Any]) -> None:
    assert cell_id(json.loads(json.dumps(config))) == cell_id(config)


@given(configs, keys, scalars, scalars)
def test_the_id_depends_on_every_value(config: dict[str, Any], key: str, one: Any, other: Any) -> None:
    same = one == other and isinstance(one, bool) == isinstance(other, bool)
    assert (cell_id({**config, key: one}) == cell_id({**config, key: other})) == same


@given(configs, keys, values)
def test_ignored_keys_do_not_count(config: dict[str, Any], key: str, value: Any) -> None:
    assert cell_id({**config, key: value}, ignore=[key]) == cell_id(without(config, [key]))


def test_numbers_that_are_equal_are_the_same_and_true_is_not_one() -> None:
    assert cell_id({"x": 0}) == cell_id({"x": 0.0}) == cell_id({"x": -0.0})
    assert cell_id({"x": 5e-4}) == cell_id({"x": 0.0005})
    assert cell_id({"x": 1e22}) == cell_id({"x": 10**22})
    assert len({cell_id({"x": x}) for x in (1, True, "1", None, [1], {"1": 1})}) == 6
    assert cell_id({1: 2}) != cell_id({"1": 2})  # type: ignore[dict-item]


def test_the_id_is_fixed_for_all_time() -> None:
    assert cell_id({"x": 1, "model": {"hidden": [128], "decay": 0.0005}}) == "03497fe717f5"


def test_nested_keys_can_be_ignored() -> None:
    one = {"log": {"level": "debug", "name": "a"}, "x": 1}
    other = {"log": {"level": "info", "name": "a"}, "x": 1}
    assert cell_id(one) != cell_id(other)
    assert cell_id(one, ["log.level", "no.such.key"]) == cell_id(other, ["log.level"])


def test_what_only_a_job_knows_counts_as_its_text() -> None:
    config = OmegaConf.create(
        {
            "place": "${hydra:runtime.output_dir}/x",
            "again": "${place}",
            "day": "${now:%Y}",
            "x": 1,
            "y": "${x}",
        }
    )
    with job_values_as_text():
        plain = resolve(config)
    assert plain == {
        "place": "${hydra:runtime.output_dir}/x",
        "again": "${hydra:runtime.output_dir}/x",
        "day": "${now:%Y}",
        "x": 1,
        "y": 1,
    }


def test_names_read_well() -> None:
    parts = {"activation": "relu", "loss": "hinge", "model.hidden": [256, 64], "optimizer.weight_decay": 5e-4}
    parts |= {"seed": 0, "flag": True, "none": None}
    name = directory_name(parts, {"activation": "relu", "loss": "hinge"}, "1a2b3c4d5e6f")
    assert name == "relu-hinge-hidden=256x64-weight_decay=0.0005-seed=0-flag=true-none=null-1a2b3c4d5e6f"


def test_a_name_tells_whole_values_or_none() -> None:
    long = {f"key{number}": "v" * 20 for number in range(6)}
    names = [directory_name({"lr": lr, **long, "last": 7}, {}, "0" * 12) for lr in (0.1, 0.01)]
    assert names[0].startswith("lr=0.1-key0=")
    assert names[1].startswith("lr=0.01-key0=")
    for name in names:
        words = name.removesuffix(f"-{'0' * 12}").split("-")
        assert set(words) <= {
            "lr=0.1",
            "lr=0.01",
            *(f"{key}={value}" for key, value in long.items()),
            "last=7",
        }
        assert words[-1] == "last=7", "a short value has room where a longer one had none"


def test_keys_that_end_alike_are_named_in_full() -> None:
    assert directory_name({"a.lr": 1, "b.lr": 2}, {}, "0" * 12) == f"a.lr=1-b.lr=2-{'0' * 12}"


@given(st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=5), st.text(max_size=300))
def test_names_are_safe_and_end_in_the_id(parts: dict[str, Any], option: str) -> None:
    name = directory_name({**parts, "group": option}, {"group": option}, "1a2b3c4d5e6f")
    assert cell_id_of(name) == "1a2b3c4d5e6f"
    assert len(name) < 140
    assert Path(name).name == name
    assert set(name) <= set(string.ascii_letters + string.digits + "._+=-")
    assert name[0] not in ".-"


def test_select_finds_nested_values_and_list_items() -> None:
    config = {"a": {"b": [1, {"c": 2}]}}
    assert select(config, "a.b.1.c") == 2
