"""A recorded configuration comes back from its overrides as it was, whatever its values are."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from sweeps.planning.recorded import overrides

VALUES: list[Any] = [
    *("plain", "", "null", "1e-3", "a b", "it's", 'say "so"', "x,y=[1]", "größer", "${seed}"),
    *("one\\two", "C:\\data\\", "a\\'b", "\\\\", "'", "\\${x}"),
    *(None, True, False, 3, 0.1, 1e-300, -2.5, [1, [2, "x\\y"]], [], {"b": [0.5]}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    parsed = OverridesParser.create().parse_overrides(overrides({}, {"key": value, "seed": 4}))
    config = OmegaConf.create({})
    for each in parsed:
        OmegaConf.update(config, each.key_or_group, each.value(), force_add=True)
    found = OmegaConf.to_container(config, resolve=True)
    assert found == {"key": value, "seed": 4}
    assert type(found["key"]) is type(value)
