"""Composition without Hydra's cost, but with its result: sweeps.planning.compose."""

import copy
import itertools
import pickle
from pathlib import Path
from typing import Any

import pytest
from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from sweeps.planning.compose import Composer, without_hydra
from sweeps.planning.config_files import files_of
from sweeps.planning.hydra_errors import one_line

CONF = Path(__file__).parents[2] / "support" / "tiny" / "conf"
HYDRA = ["hydra.sweeper.max_attempts=2", "+hydra.job.env_set.A=b"]


@pytest.fixture(scope="module")
def loader() -> ConfigLoader:
    return loader_of(CONF)


def loader_of(conf: Path) -> ConfigLoader:
    version.setbase("1.3")
    return ConfigLoaderImpl(create_config_search_path(str(conf)))


@pytest.fixture(scope="module")
def master(loader: ConfigLoader) -> DictConfig:
    return loader.load_configuration("config", HYDRA, RunMode.MULTIRUN)


@pytest.fixture(scope="module")
def composer(loader: ConfigLoader, master: DictConfig) -> Composer:
    return Composer(loader, master)


groups = st.sampled_from(["mode=raise", "mode=plain", "part=b", "part=a", "sweep=pair", "sweep=null"])
plain = st.sampled_from(
    [
        "x=1",
        "x=2.5",
        "x=null",
        "x='a b'",
        "x=[1,2]",
        "x={a:1}",
        "seed=3",
        "seed='${x}'",
        "mode.at=2",
        "steps=7",
    ]
)
other = st.sampled_from(
    [
        "+new=1",
        "+new.deep=[1]",
        "++x=5",
        "++fresh=1",
        "~verbose",
        "~part",
        "part.size=9",
        "~part.size",
        "+part@more=b",
    ]
)
wrong = st.sampled_from(["nope=1", "part.nope=1", "part=zzz", "~nope", "+x=1", "mode.at.deep=1"])


def attempt(compose: Any, *arguments: Any) -> tuple[DictConfig | None, str]:
    try:
        return compose(*arguments), ""
    except (HydraException, ValueError) as error:
        return None, one_line(error)


@settings(max_examples=20, deadline=None)
@example(overrides=["part=b", "mode.at.deep=1", "+new=1"])  # only part=a has part.nested.deep
@given(overrides=st.lists(groups | plain | plain | other | wrong, max_size=6))
def test_the_result_is_hydras(
    overrides: list[str], composer: Composer, loader: ConfigLoader, master: DictConfig
) -> None:
    expected, problem = attempt(loader.load_sweep_config, master, overrides)
    actual, own_problem = attempt(composer.full, overrides)
    assert own_problem == problem
    if expected is None or actual is None:
        assert actual is expected is None
        return
    assert OmegaConf.to_container(actual) == OmegaConf.to_container(expected)
    assert actual == expected
    assert OmegaConf.is_struct(actual) == OmegaConf.is_struct(expected)
    task, choices = composer.task(overrides)
    assert OmegaConf.to_container(task) == OmegaConf.to_container(without_hydra(expected))
    assert set(choices.items()) <= set(composer.full(overrides).hydra.runtime.choices.items())


def test_every_config_is_ones_own(composer: Composer) -> None:
    one = composer.full(["x=5"])
    one.part.size = 100
    assert composer.full(["x=5"]).part.size == 1
    task, _ = composer.task(["x=5"])
    task.part.size = 100
    assert composer.task(["x=5"])[0].part.size == 1


def test_plain_values_cost_no_composition(composer: Composer, monkeypatch: pytest.MonkeyPatch) -> None:
    composer.full(["part=b"])
    monkeypatch.setattr(composer.loader, "load_sweep_config", pytest.fail)
    for x in range(20):
        assert composer.full(["part=b", f"x={x}"]).x == x
        assert composer.task([f"x={x}", "part=b"])[0].part.size == 2


def test_a_composer_travels_with_what_it_has_composed(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer.full(["part=b", "mode=raise"])
    arrived = pickle.loads(pickle.dumps(composer))
    monkeypatch.setattr(arrived.loader, "load_sweep_config", pytest.fail, raising=False)
    assert arrived.full(["part=b", "mode=raise", "x=3"]).mode.action == "raise"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("part=c", "part=c: no such option; part is one of a, b"),
        (
            "part.sise=1",
            "part.sise: no such key (did you mean part.size?); part has kind, size, list, nested",
        ),
        ("nope=1", "nope: no such key; the config has"),
        ("x=1,", "x=1,: there must be a value on both sides of a comma"),
        ("mode.at.deep=1", "mode.at.deep"),
    ],
)
def test_mistakes_are_told_in_one_line(composer: Composer, override: str, line: str) -> None:
    with pytest.raises(HydraException) as error:
        composer.full([override])
    assert one_line(error.value).startswith(line)
    assert "\n" not in one_line(error.value)


TRICKY = {
    "config.yaml": """
defaults:
  - a: one
  - b: one
  - optional both: ${a}_${b}
  - wide: null
  - _self_
c: 0
""",
    "a/one.yaml": "v: 1",
    "a/two.yaml": "v: 2",
    "a/with_defaults.yaml": "defaults: [/b@inner: two, _self_]\nv: 3",
    "b/one.yaml": "w: ${a.v}",
    "b/two.yaml": "w: 2",
    "b/everywhere.yaml": "# @package _global_\na: {v: 1}\nb: {w: 3}",
    "both/two_two.yaml": "found: true",
    "wide/no.yaml": "# @package _global_\nc: 0",
    "wide/yes.yaml": "# @package _global_\na: {v: 7}\nc: 1",
    "wide/same.yaml": "# @package _global_\na: {v: 1}",
}


def test_options_that_reach_beyond_their_own_node_are_hydras_to_combine(tmp_path: Path) -> None:
    for name, content in TRICKY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    loader = loader_of(tmp_path)
    master = loader.load_configuration("config", [], RunMode.MULTIRUN)
    composer = Composer(loader, master)
    options = ("one", "two", "with_defaults"), ("one", "two", "everywhere"), ("no", "yes", "same")
    for a, b, wide in itertools.product(*options):
        overrides = [f"a={a}", f"wide={wide}", f"b={b}", *(["++a.v=1"] if b == "two" else [])]
        expected = loader.load_sweep_config(master, overrides)
        assert OmegaConf.to_container(composer.full(overrides)) == OmegaConf.to_container(expected)


def test_every_option_of_this_project_is_composed_as_by_hydra() -> None:
    loader = loader_of(Path(__file__).parents[3] / "conf")
    master = loader.load_configuration("config", [], RunMode.MULTIRUN)
    composer = Composer(loader, master)
    groups = [group for group in loader.list_groups("") if group not in ("hydra", "study", "sweep")]
    for group in groups:
        for option in loader.get_group_options(group, config_name="config", overrides=[]):
            overrides = ["study=long_run_grid", f"{group}={option}"]
            expected, problem = attempt(loader.load_sweep_config, master, overrides)
            assert attempt(composer.full, overrides) == (expected, problem)


def test_a_combination_costs_no_composition_of_its_own(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer.full(["part=b", "mode=tell"])
    composer.full(["part=a", "mode=hang"])
    monkeypatch.setattr(composer.loader, "load_sweep_config", pytest.fail)
    assert composer.full(["mode=tell", "part=a"]).mode.action == "tell"
    assert composer.full(["part=b", "mode=hang"]).part.size == 2


def test_a_config_file_is_read_once_and_everybody_has_a_copy(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        (tmp_path / folder / "config.yaml").write_text(f"defaults: [_self_]\nx: {folder}\n")
    loader = loader_of(tmp_path / "a")
    files = files_of(loader)
    first = files.load_config("config")
    (tmp_path / "a" / "config.yaml").unlink()
    assert first is not None
    OmegaConf.update(first.config, "x", "changed")
    assert first.defaults_list is not None
    first.defaults_list.clear()
    again = files_of(loader).load_config("config")
    assert again is not None
    assert (OmegaConf.to_container(again.config), len(again.defaults_list or ())) == ({"x": "a"}, 1)
    elsewhere = copy.deepcopy(files)  # as Hydra does for hydra.searchpath
    elsewhere.initialize_sources(loader_of(tmp_path / "b").get_search_path())
    for repository, x in ((elsewhere, "b"), (files, "a")):
        found = repository.load_config("config")
        assert found is not None
        assert OmegaConf.to_container(found.config) == {"x": x}
