"""A command line that helps: what does not exist is met with what to type, ready to be copied."""

import os
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sweeps.cli.meant import keys_meant, option_meant, value_meant
from sweeps.planning.typed import without_spaces
from sweeps.planning.unparsable import options_meant, unparsable
from tests.support.tiny.driver import Tiny

ROOT = Path(__file__).parents[2]
KNOWN = [
    "model",
    "model.hidden",
    "model.dropout",
    "optimizer",
    "optimizer.lr",
    "optimizer.weight_decay",
    "seed",
]
KNOWN += ["training", "training.epochs", "training.batch_size", "one.depth", "two.depth"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lr", ["optimizer.lr"]),
        ("LR", ["optimizer.lr"]),
        ("learning-rate", ["optimizer.lr"]),
        ("optimizer.learning_rate", ["optimizer.lr"]),
        ("n_epochs", ["training.epochs"]),
        ("batchsize", ["training.batch_size"]),
        ("hidden_layer_sizes", ["model.hidden"]),
        ("l2", ["optimizer.weight_decay"]),
        ("random_state", ["seed"]),
        ("dropuot", ["model.dropout"]),
        ("optimizer.lrr", ["optimizer.lr"]),
        ("depth", ["one.depth", "two.depth"]),
        ("colour", []),
    ],
)
def test_a_key_is_known_by_its_last_part_by_other_words_and_by_its_letters(
    key: str, meant: list[str]
) -> None:
    assert keys_meant(key, KNOWN) == meant


@pytest.mark.parametrize(
    ("option", "meant"),
    [("ReLU", "relu"), ("LeakyReLU", "leaky_relu"), ("SiLU", "swish"), ("CrossEntropyLoss", "softmax_ce"),
     ("cross_entropy", "softmax_ce"), ("glorot_normal", "xavier"), ("hinj", "hinge"), ("banana", "")],
)  # fmt: skip
def test_an_option_is_known_in_any_case_and_by_other_words(option: str, meant: str) -> None:
    assert option_meant(option, ["relu", "leaky_relu", "swish", "softmax_ce", "hinge", "xavier"]) == meant


def test_a_value_is_written_as_its_key_takes_it() -> None:
    assert value_meant("64", [128]) == "[64]"
    assert value_meant("[64]", [128]) == "[64]"
    assert value_meant("5%", 0.1) == "0.05"
    assert value_meant("5%", "text") == "5%"


OPTIONS = {"activation": ["relu", "tanh"], "loss": ["hinge", "mse"], "dataset": ["file", "xor"]}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("tanh", " (did you mean activation=tanh?)"),
        ("Hinge", " (did you mean loss=hinge?)"),
        ("help", " (did you mean --help?)"),
        ("loss", " (did you mean loss=hinge?)"),
        ("a.parquet", " (did you mean dataset=file dataset.path=a.parquet?)"),
        ("export", ""),  # not xor
        ("and", ""),
    ],
)
def test_a_word_alone_is_known_by_the_options_there_are(word: str, meant: str) -> None:
    assert options_meant(word, OPTIONS) == meant


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("relu", "must be key=value, such as seed=1"),
        ("activation:relu", "must be key=value, such as seed=1 (did you mean activation=relu?)"),
        ("/loss=mse", "must be key=value, such as seed=1 (did you mean loss=mse?)"),
        ("a b=3", "must be key=value, such as seed=1"),
        ("loss==mse", "must have one = (did you mean loss=mse?)"),
        ("model.hidden=(8,4)", "a list of values must stand in brackets (did you mean model.hidden=[8,4]?)"),
        ("model.hidden=[8,4", "a [ is not closed"),
        ("model.hidden=8]", "a ] closes nothing"),
        ("loss='mse", "a ' is not closed"),
        ("'seed=1", "a ' is not closed"),
        ("lr=choice(0.1", "a ( is not closed"),
        ("loss=mse,,hinge", "there must be a value on both sides of a comma (did you mean loss=mse,hinge?)"),
        ("loss=mse,", "there must be a value on both sides of a comma (did you mean loss=mse?)"),
        ("lr=interval(0,1,2)", "cannot be parsed (too many arguments)"),
        ("loss=a#b", "cannot be parsed; a value with # must be in quotes: 'loss=\"a#b\"'"),
    ],
)
def test_what_cannot_be_parsed_is_said_without_the_words_of_a_grammar(override: str, told: str) -> None:
    assert unparsable(override, "too many arguments") == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lr=0.1"], "lr: no such key (did you mean optimizer.lr=0.1?)"),
        (["lr=0.1,0.2"], "(did you mean optimizer.lr=0.1,0.2?)"),
        (["epochs=3"], "(did you mean training.epochs=3?)"),
        (["batch_size=10"], "(did you mean training.batch_size=10?)"),
        (["hidden=64"], "(did you mean model.hidden=[64]?)"),
        (["dry_run=true"], "(did you mean hydra.sweeper.dry_run=true?)"),
        (["activation=ReLU"], "(did you mean activation=relu?)"),
        (["activation=relu,ReLU"], "(did you mean activation=relu?)"),
        (["activation=ReLU,gelu"], "(did you mean activation=relu,gelu?)"),
        (["loss=cross_entropy"], "(did you mean loss=softmax_ce?)"),
        (["optimizer=SGD"], "(did you mean optimizer=sgd?)"),
        (["--dry-run"], "(did you mean hydra.sweeper.dry_run=true?)"),
        (["--workers", "3"], "(did you mean hydra.sweeper.workers=3?)"),
        (["--lr", "0.1"], "(did you mean optimizer.lr=0.1?)"),
        (["--epochs=3"], "(did you mean training.epochs=3?)"),
        (["lr", "=", "0.1"], "lr = 0.1: there must be no space around = (did you mean optimizer.lr=0.1?)"),
        (["seed=", "3"], "seed = 3: there must be no space around = (did you mean seed=3?)"),
        (["optimizer.lr =0.1"], "(did you mean optimizer.lr=0.1?)"),
        (
            ["activation=[relu,gelu]"],
            "would merge these options into one (did you mean activation=relu,gelu?)",
        ),
        (["loss=hinge#1"], "a value with # must be in quotes: 'loss=\"hinge#1\"'"),
        (["ReLU"], "ReLU: must be key=value, such as seed=1 (did you mean activation=relu?)"),
        (["apples.csv"], "(did you mean dataset=file dataset.path=apples.csv?)"),
        (["data=apples.csv"], "data: no such key (did you mean dataset=file dataset.path=apples.csv?)"),
        (["--activation relu"], "(did you mean activation=relu?)"),
        (["“loss=mse”"], "“loss=mse”: must be key=value, such as seed=1 (did you mean loss=mse?)"),
        (["activation=../relu"], "activation=../relu: no such option (did you mean activation=relu?)"),
        (["dataset=file"], "dataset.path: must be given, as dataset.path=…"),
        (["seed=0-4"], "several are seed=0,1,2 or seed=range(0,3)"),
        (
            ["hydra.sweeper.metric=accuracy", "dataset=sample"],
            "hydra.sweeper.metric = accuracy: must be one of train_loss, train_accuracy, test_loss, test_acc",
        ),
        (["hydra.sweeper.notify="], "hydra.sweeper.notify = : must be a command of the shell, or null"),
    ],
)
def test_a_mistake_is_met_with_what_to_type(words: list[str], told: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sweeps", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert told in done.stderr, done.stderr
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words", [["a=1", "b="], ["x=", "y=2"], ["a='x = y'"], ["+a=1"], ["--cfg", "job"], ["x=", "--multirun"]]
)
def test_what_has_no_space_around_its_sign_is_let_through(words: list[str]) -> None:
    assert without_spaces(words, None) == ""


def test_commas_inside_brackets_are_no_lists_of_values(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    tiny.run("part.list=[1,2],[3]", "x=1")
    lists = sorted(record.data["config"]["part"]["list"] for record in tiny.records())
    assert lists == [[1, 2], [3]]


@pytest.mark.parametrize("module", ["sweeps", "reports", "sweeps.status", "sweeps.studies"])
def test_a_help_text_takes_less_than_half_a_second_of_the_processor(module: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_make_venv_brings_the_commands_that_the_tutorial_uses(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (venv / ".ready").touch()
    make = ["make", "-o", f"{venv}/.ready", "venv", f"VENV={venv}"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    used = set(re.findall(r"\bmlp-[a-z]+", (ROOT / "docs" / "tutorial.md").read_text())) - {"mlp-grid"}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert used <= set(scripts) == {path.name for path in (venv / "bin").glob("mlp-*")}
    version = subprocess.run(
        [str(venv / "bin" / "mlp-sweep"), "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert version.stdout.startswith("mlp-grid "), version.stderr
