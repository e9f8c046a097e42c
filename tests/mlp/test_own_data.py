"""Own data: whatever file they are in, the same content trains to the same bits; labels come back."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlp import saved
from mlp.datasets import Arrays, Data, Dataset, DatasetError, File, from_memory
from mlp.datasets.split import stratified, test_counts
from mlp.metrics import balanced_accuracy, macro_f1, majority_accuracy
from sweeps.job.components import Components
from sweeps.job.predictions import Predictions
from sweeps.records.content import Content
from tests.support.own_data import CONFIG, table

LABELS: dict[str, list[Any]] = {
    "texts": ["no", "yes", "größer", "NA"],
    "booleans": [False, True],
    "floats": [-1.5, 0.0, 2.25],
    "integers": [-3, 7, 10**12],
}
numbers = st.floats(-1e6, 1e6, width=64)


def in_every_format(folder: Path, x: np.ndarray, y: np.ndarray) -> dict[str, Dataset]:
    frame = table(x, y)
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "a.tsv", index=False, sep="\t")
    (folder / "a.csv.gz").write_bytes(gzip.compress((folder / "a.csv").read_bytes()))
    np.savez(folder / "a.npz", images=np.asfortranarray(x), target=y)
    np.savez_compressed(folder / "b.npz", x_train=x, labels_train=y)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    made: dict[str, Dataset] = {
        name: File(str(folder / name)) for name in ("a.csv", "a.tsv", "a.csv.gz", "a.npz", "b.npz")
    }
    made["npy"] = File(str(folder / "x.npy"), label=str(folder / "y.npy"))
    made["arrays"] = from_memory((x, y), folder=folder)
    made["frame"] = from_memory(frame, folder=folder)
    return made


def network(dataset: Dataset, seed: int) -> bytes:
    """The parameters of a network that was trained on a data set."""
    parts = Components.of({**CONFIG, "dataset": {"_target_": "mlp.datasets.XOR"}, "seed": seed})
    trainer = parts.trainer(dataset.seeded(seed).load())
    trainer.run()
    return trainer.network.params.tobytes()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    x=arrays.arrays(float, st.tuples(st.integers(12, 30), st.integers(1, 4)), elements=numbers),
    kind=st.sampled_from(list(LABELS)),
    seed=st.integers(0, 2**31),
)
def test_the_same_content_trains_to_the_same_bits_whatever_file_it_is_in(
    tmp_path_factory: pytest.TempPathFactory, x: np.ndarray, kind: str, seed: int
) -> None:
    y = np.array(LABELS[kind])[np.arange(len(x)) % len(LABELS[kind])]
    made = in_every_format(tmp_path_factory.mktemp("same"), x, y)
    assert {data.seeded(seed).load().labels for data in made.values()} == {tuple(sorted(LABELS[kind]))}
    assert len({network(data, seed) for data in made.values()}) == 1


def test_parquet_trains_to_the_same_bits(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    x, y = np.random.default_rng(0).standard_normal((30, 3)), np.array(["a", "b"] * 15)
    table(x, y).to_parquet(tmp_path / "a.parquet")
    table(x, y).to_csv(tmp_path / "a.csv", index=False)
    made = [File(str(tmp_path / name)) for name in ("a.parquet", "a.csv")]
    assert network(made[0], 3) == network(made[1], 3)
    pixels = table(np.arange(90, dtype=np.uint8).reshape(30, 3), y)
    pixels.to_parquet(tmp_path / "b.parquet")
    assert File(str(tmp_path / "b.parquet")).load().scale == 1 / 255


@pytest.mark.parametrize("kind", LABELS)
def test_a_saved_network_predicts_labels_from_inputs_as_they_are_in_the_file(
    tmp_path: Path, kind: str
) -> None:
    rng, labels = np.random.default_rng(0), np.array(sorted(LABELS[kind]))
    codes = np.arange(60) % len(labels)
    x = rng.standard_normal((60, 3)) * [1, 1000, 0.01] + codes[:, None] * [5, 5000, 0.05] + 77
    table(x, labels[codes]).to_csv(tmp_path / "a.csv", index=False)
    dataset = File(str(tmp_path / "a.csv"), scale="standard")
    trainer = trained(dataset, tmp_path / "net.npz")
    network = saved.load(tmp_path / "net.npz")
    data = dataset.load()
    assert network.labels == tuple(labels.tolist())
    given = network.predict(x)
    assert given.dtype.kind == labels.dtype.kind
    assert (given == labels[codes]).mean() > 0.7
    rows = stratified(codes, 0.2, 0)[1]
    assert np.array_equal(network.scores(x[rows]), network.outputs(data.x_test))
    _, accuracy = trainer.evaluate(trainer.test)
    assert Predictions(data.y_test, network.outputs(data.x_test)).accuracy == accuracy


def trained(dataset: File | Arrays, path: Path) -> Any:
    parts = Components.of({**CONFIG, "dataset": {"_target_": "mlp.datasets.XOR"}})
    data = dataset.load()
    trainer = parts.trainer(data)
    trainer.run()
    saved.save(
        path,
        trainer.network,
        model=parts.model,
        activation=parts.activation,
        scale=data.byte_scale,
        labels=data.labels,
        scaling=data.scaling,
    )
    return trainer


@pytest.mark.parametrize("scale", ["none", "unit", "standard"])
def test_bytes_are_divided_by_255_whatever_the_scale(tmp_path: Path, scale: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 2, 3), dtype=np.uint8)
    made = from_memory((x, np.arange(40) % 2), folder=tmp_path, scale=scale)
    data = made.load()
    inputs = data.x_train * np.float32(data.scale)
    assert data.byte_scale == 1 / 255
    assert data.features == 6
    expected = x.reshape(40, 6)[stratified(np.arange(40) % 2, 0.2, 0)[0]] / 255
    if scale == "unit":
        expected = (expected - expected.min(axis=0)) / np.ptp(expected, axis=0)
    elif scale == "standard":
        expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    assert np.allclose(inputs, expected, atol=1e-6)
    trained(made, tmp_path / "net.npz")
    again = saved.load(tmp_path / "net.npz")
    rows = stratified(np.arange(40) % 2, 0.2, 0)[1]
    scores = again.outputs(data.x_test * np.float32(data.scale))
    assert np.allclose(again.scores(x[rows]), scores, atol=1e-5)


def test_a_scale_is_fitted_on_the_training_examples_alone(tmp_path: Path) -> None:
    x = np.array([[0.0, 5.0], [10.0, 5.0], [5.0, 5.0], [10.0, 5.0]])
    test = np.array([[20.0, 5.0], [-10.0, 6.0]])
    y = np.array([0, 1, 0, 1])
    unit = from_memory((x, y), (test, y[:2]), folder=tmp_path, scale="unit").load()
    assert unit.x_train.tolist() == [[0, 0], [1, 0], [0.5, 0], [1, 0]]
    assert unit.x_test.tolist() == [[2, 0], [-1, 1]]
    part = from_memory((x, y), (test, y[:2]), folder=tmp_path, scale="unit", train_size=3).load()
    assert len(part.x_train) == 3
    assert part.x_test.tolist() == unit.x_test.tolist()
    standard = from_memory((x, y), (test, y[:2]), folder=tmp_path, scale="standard").load()
    assert np.allclose(standard.x_train.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(standard.x_train[:, 0].std(), 1)


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 2**40),
)
@settings(deadline=None)
def test_every_split_has_each_class_in_its_share(sizes: list[int], share: float, seed: int) -> None:
    classes = np.repeat(np.arange(len(sizes)), sizes)
    train, test = stratified(classes, share, seed)
    assert sorted([*train, *test]) == list(range(len(classes)))
    tested = np.bincount(classes[test], minlength=len(sizes))
    assert np.array_equal(tested, test_counts(np.array(sizes), share))
    assert (np.bincount(classes[train], minlength=len(sizes)) >= 1).all()
    assert (abs(tested - np.minimum(np.array(sizes) * share, np.array(sizes) - 1)) <= 1).all()
    assert abs(tested.sum() - sum(sizes) * share) <= 1 + (np.array(sizes) * share > np.array(sizes) - 1).sum()


def test_a_split_follows_the_seed_of_the_run_or_stays(tmp_path: Path) -> None:
    x = np.arange(100.0).reshape(50, 2)
    given = (x, np.arange(50) % 2)
    tied, fixed = from_memory(given, folder=tmp_path), from_memory(given, folder=tmp_path, split_seed=4)
    firsts = {tuple(tied.seeded(seed).load().x_test[:, 0].tolist()) for seed in range(5)}
    assert len(firsts) == 5
    assert len({tuple(fixed.seeded(seed).load().x_test[:, 0].tolist()) for seed in range(5)}) == 1
    assert fixed.load().x_test.tolist() == tied.seeded(4).load().x_test.tolist()
    assert tied.seeded(7).split() == {"test_share": 0.2, "seed": 7, "by": "seed"}
    assert fixed.seeded(7).split() == {"test_share": 0.2, "seed": 4, "by": "split_seed"}
    assert from_memory(given, given, folder=tmp_path).split() is None


def test_content_is_the_files_and_the_rule_of_the_split_not_the_seed_of_a_run(tmp_path: Path) -> None:
    table(np.arange(60.0).reshape(20, 3), ["a", "b"] * 10).to_csv(tmp_path / "a.csv", index=False)
    path = str(tmp_path / "a.csv")
    first = File(path)
    assert {first.seeded(seed).load().sha256 for seed in range(3)} == {first.identity().sha256}
    others = [File(path, test_share=0.3), File(path, split_seed=0), File(path, test_path=path)]
    assert len({each.identity().sha256 for each in [first, *others]}) == 4
    assert File(path, scale="unit").identity().sha256 == first.identity().sha256
    for each in [first, *others]:
        content = Content.of({"name": each.name, **vars(each.identity())})
        assert content.present() == content
        assert Content.of(content.as_json()) == content
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text().replace("59.0", "58.0"))
    for each in [first, *others]:
        assert content.present().sha256 != content.sha256
        assert each.identity().sha256 == Content.of({"name": "", **vars(each.identity())}).present().sha256
    assert first.identity().sha256 != content.sha256


def test_one_file_with_its_own_test_set_is_known_by_its_hash(tmp_path: Path) -> None:
    import hashlib

    x, y = np.arange(60.0).reshape(20, 3), np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    identity = File(str(tmp_path / "a.npz")).identity()
    assert identity.sha256 == hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
    assert identity.file == tmp_path / "a.npz"


def test_arrays_are_known_by_dtype_shape_and_bytes_and_checked_when_they_are_loaded(tmp_path: Path) -> None:
    x, y = np.arange(60.0).reshape(20, 3), np.array(["a", "b"] * 10)
    first, again = from_memory((x, y), folder=tmp_path), from_memory((x.copy(), y.tolist()), folder=tmp_path)
    assert first == again
    assert len(list(tmp_path.iterdir())) == 1
    for changed in ((x.astype("f4"), y), (x.reshape(30, 2)[:20], y), (x, y[::-1])):
        assert from_memory(changed, folder=tmp_path).path != first.path
    Path(first.path).write_bytes(Path(from_memory((x, y[::-1]), folder=tmp_path).path).read_bytes())
    with pytest.raises(DatasetError, match="does not hold what was stored there"):
        first.load()


def test_nothing_is_stored_of_arrays_that_cannot_be_learned_from(tmp_path: Path) -> None:
    x = np.arange(60.0).reshape(20, 3)
    bad: list[tuple[Any, dict[str, Any]]] = [
        ((x, np.zeros(20)), {}),
        ((x, np.arange(19)), {}),
        ((x * np.nan, np.arange(20) % 2), {}),
        (x, {}),
        ((x, np.arange(20) % 2), {"label": "a"}),
        ((x, np.arange(20) % 2), {"test_share": 2}),
        ((x, np.arange(20) % 2), {"train_size": 17}),
        (table(x, np.arange(20) % 2), {"label": "nothing"}),
        (table(x, [None, "a"] * 10), {}),
    ]
    for examples, options in bad:
        with pytest.raises((DatasetError, ValueError)) as refused:
            from_memory(examples, folder=tmp_path / "store", **options)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "store").exists()


def test_columns_of_a_test_file_are_taken_by_their_names(tmp_path: Path) -> None:
    x, y = np.arange(60.0).reshape(20, 3), ["a", "b"] * 10
    frame = table(x, y, ["p", "q", "r"])
    frame.to_csv(tmp_path / "train.csv", index=False)
    frame[["label", "r", "p", "q"]].to_csv(tmp_path / "test.csv", index=False)
    data = File(str(tmp_path / "train.csv"), test_path=str(tmp_path / "test.csv")).load()
    assert data.x_test.tolist() == x.tolist() == data.x_train.tolist()


def warnings_of(tmp_path: Path, frame: pd.DataFrame, **options: Any) -> list[str]:
    frame.to_csv(tmp_path / "a.csv", index=False)
    return list(File(str(tmp_path / "a.csv"), **options).identity().warnings)


def test_what_looks_wrong_is_said_while_planning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((100, 3)), np.arange(100) % 2
    assert warnings_of(tmp_path, table(x, y)) == []
    cases: dict[str, tuple[pd.DataFrame, str]] = {
        "constant": (table(x, y).assign(f1=3.0), "'f1' is the same in all training examples"),
        "scales": (
            table(x * [1, 1e4, 1], y),
            "inputs have very different scales: the standard deviation of 'f1'",
        ),
        "large": (table(x + 50, y), "inputs go up to 5"),
        "tiny": (
            table(x, np.where(np.arange(100) < 3, "rare", y.astype(str))),
            "few examples to train on of rare (",
        ),
        "measured": (table(x, rng.integers(0, 60, 100) / 8), "they look measured"),
        "index": (table(x, y).assign(id=range(7, 107)), "'id' is the number of the row"),
        "doubled": (
            pd.concat([table(x[:50], y[:50])] * 2),
            "of 20 test examples have the inputs of a training",
        ),
    }
    for name, (frame, told) in cases.items():
        found = warnings_of(tmp_path, frame)
        assert any(told in line for line in found), (name, found)
        assert all(line.startswith(f"dataset.path = {tmp_path / 'a.csv'}: ") for line in found)
    assert not warnings_of(tmp_path, table(x * [1, 1e4, 1] + 50, y), scale="standard")


def test_figures_of_uneven_classes_are_their_definitions() -> None:
    true = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 2])
    given = np.array([0, 0, 0, 0, 0, 1, 1, 0, 0, 0])
    assert balanced_accuracy(given, true) == pytest.approx((5 / 6 + 1 / 2 + 0) / 3)
    assert macro_f1(given, true) == pytest.approx((10 / 14 + 2 / 4 + 0) / 3)
    assert majority_accuracy(np.array([1, 1, 0]), true) == 0.2
    only = np.array([3, 3])
    assert balanced_accuracy(np.array([3, 0]), only) == 0.5
    assert macro_f1(only, only) == balanced_accuracy(only, only) == 1.0


def test_no_class_of_data_that_are_given_depends_on_the_seed(tmp_path: Path) -> None:
    x, y = np.arange(30.0).reshape(15, 2), np.repeat([5, 6, 9], 5)
    made = from_memory((x, y), folder=tmp_path)
    sizes = {tuple(vars(made.seeded(seed).check()).items()) for seed in range(4)}
    assert len(sizes) == 1
    loaded: list[Data] = [made.seeded(seed).load() for seed in range(4)]
    assert all(np.bincount(each.y_test).tolist() == [1, 1, 1] for each in loaded)
