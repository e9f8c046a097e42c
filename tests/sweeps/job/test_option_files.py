"""Help for options of a user's own: keys and comments as YAML has them, not as a line looks."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from sweeps.job import help_text
from sweeps.job.option_files import OptionFile

HEAD = "# Mine.\n_target_: mine.Loss\n"
CASES = {
    "nested": (
        HEAD + "shape:\n  inner:\n    width: 3 # inner\n  # outer,\n  # two lines\n  outer: 4\nlast: 5\n",
        [("shape.inner.width=3", "inner"), ("shape.outer=4", "outer, two lines"), ("last=5", "")],
    ),
    "quoted": (
        HEAD + "'a key': 1 # one\n\"b\" : 'x # y' # two\nc: \"#\"\n",
        [("a key=1", "one"), ("b='x # y'", "two"), ('c="#"', "")],
    ),
    "no comments": (
        HEAD + "url: http://x/#part\nsharp: C#\nempty:\n",
        [("url=http://x/#part", ""), ("sharp=C#", ""), ("empty=null", "")],
    ),
    "anchors": (
        HEAD + "base: &b 0.5 # half\nother: *b # the same\nthird: *b\n",
        [("base=0.5", "half"), ("other=0.5", "the same"), ("third=0.5", "")],
    ),
    "merges": (
        HEAD + "one: &o\n  x: 1 # first\n  y: 2\ntwo:\n  <<: *o\n  y: 3 # own\n",
        [("one.x=1", "first"), ("one.y=2", ""), ("two.x=1", "first"), ("two.y=3", "own")],
    ),
    "braces": (
        HEAD + "range: {low: 0, high: 1} # both\nempty: {}\nwidths: [1, 2] # list\npairs: [{a: 1}]\n",
        [
            ("range.low=0", "both"),
            ("range.high=1", "both"),
            ("empty={}", ""),
            ("widths=[1, 2]", "list"),
            ("pairs=[{a: 1}]", ""),
        ],
    ),
    "blocks": (
        HEAD + "widths:\n  - 1 # first\n  - 2\ntext: |\n  a # b\n  c\n# about d\nd: 1\n",
        [("widths=[1, 2]", ""), ("text=a # b c", ""), ("d=1", "about d")],
    ),
    "documents": ("%YAML 1.1\n---\n" + HEAD + "a: 1\n---\nb: 2\n", [("a=1", "")]),
    "deep indents and late comments": (
        HEAD + "a:\n        b: 1    #   far\n\n# at the left\n        c: 2\n# the end\n",
        [("a.b=1", "far"), ("a.c=2", "at the left")],
    ),
}  # fmt: skip


def option(folder: Path, text: str, group: str = "loss") -> OptionFile:
    path = folder / group / "mine.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return OptionFile(path, group)


@pytest.mark.parametrize("name", CASES)
def test_keys_and_comments_are_those_of_the_file(name: str, tmp_path: Path) -> None:
    text, expected = CASES[name]
    assert list(option(tmp_path, text).entries()) == [(f"loss.{key}", about) for key, about in expected]


@pytest.mark.parametrize("name", sorted(set(CASES) - {"documents"}))
def test_every_key_that_is_shown_is_one_that_hydra_has(name: str, tmp_path: Path) -> None:
    one = option(tmp_path, CASES[name][0])
    for key, _ in one.entries():
        node = OmegaConf.to_container(OmegaConf.load(one.path))
        for part in key.partition("=")[0].split(".")[1:]:
            assert isinstance(node, dict)
            assert part in node
            node = node[part]


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("# @package _group_\n# Mine,\n#\n# in two lines.\na: 1\n# not this\nb: 2\n", "Mine, in two lines."),
        ("#Mine.\na: 1\n", "Mine."),
        ("a: 1 # no\n", ""),
        ("# Only words.\n", "Only words."),
        ("# Mine.\na: [1\n", "(no YAML: line 3)"),
        ("\ta: 1\n", "(no YAML: line 1)"),
        ("", ""),
    ],
)
def test_an_option_is_told_by_the_comment_at_its_top(text: str, about: str, tmp_path: Path) -> None:
    assert option(tmp_path, text).about() == about


@pytest.mark.parametrize(
    ("package", "key"),
    [
        ("_global_", "lr=1"),
        ("_group_", "hydra.launcher.lr=1"),
        ("training", "training.lr=1"),
        ("_global_.a.b", "a.b.lr=1"),
        ("_group_.a", "hydra.launcher.a.lr=1"),
    ],
)
def test_keys_go_where_the_files_package_says(package: str, key: str, tmp_path: Path) -> None:
    text = f"# @package {package}\nlr: 1\n"
    assert [key for key, _ in option(tmp_path, text, "hydra/launcher").entries()] == [key]


def test_the_help_shows_the_options_of_a_users_own_and_survives_any_file(tmp_path: Path) -> None:
    option(tmp_path, CASES["nested"][0])
    (tmp_path / "loss" / "broken.yaml").write_bytes(b"# Caf\xe9\nx: &a [*a]\n")
    (tmp_path / "loss" / "list.yaml").write_text("# A list.\n- 1\n")
    (tmp_path / "loss" / "folder.yaml").mkdir()
    shown = help_text.text(tmp_path)
    assert "loss.shape.inner.width=3" in shown
    assert "A list." in shown
    assert "loss.inner" not in shown
