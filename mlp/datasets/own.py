"""What data sets of somebody's own have in common: read, split and scaled from what the user gives."""

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from mlp.datasets.data import Data, Dataset, Dimensions, require_integer
from mlp.datasets.examples import Examples, Preparation, prepared
from mlp.datasets.identity import Identity, Mark, joined, mark
from mlp.datasets.scaling import RULES
from mlp.datasets.suspicions import is_uneven, suspicions
from mlp.ranges import is_number


class Source(NamedTuple):
    """Examples as they were read: `hashes` are of all that they were read from, in order.

    Without `test` examples a part of `train` is split off.
    """

    train: Examples
    test: Examples | None
    hashes: tuple[str, ...]


class Examined(NamedTuple):
    """What is known of a data set once it has been read."""

    size: Dimensions
    identity: Identity
    is_split: bool
    is_uneven: bool


@dataclass(frozen=True, kw_only=True)
class OwnData(Dataset):
    """Examples with labels of any kind: texts, numbers or booleans.

    test_share: share of the examples to test on where there are none for it, in (0, 1); every class has it
    split_seed: what that split is drawn from; None: each run's own seed, so that seeds differ in it, too
    scale: none; unit: each input from 0 to 1; standard: mean 0, standard deviation 1, both fitted on the
        training examples; bytes (uint8) are divided by 255 first
    train_size: the first so many training examples, of a split of our own so many drawn ones; None: all
    """

    test_share: float = 0.2
    split_seed: int | None = None
    scale: str = "none"
    train_size: int | None = None
    run_seed: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not (is_number(self.test_share) and 0 < self.test_share < 1):
            raise ValueError(f"test_share = {self.test_share!r}: must be a number between 0 and 1")
        if self.split_seed is not None:
            require_integer("split_seed", self.split_seed, 0)
        if self.scale not in RULES:
            raise ValueError(f"scale = {self.scale}: must be {' or '.join(RULES)}")
        if self.train_size is not None:
            require_integer("train_size", self.train_size, 1)

    @abstractmethod
    def files(self) -> tuple[Path, ...]:
        """Return the files that the data are read from; DatasetError unless they are there."""

    @abstractmethod
    def read(self) -> Source:
        """Return the examples as the files hold them; raise DatasetError."""

    def seeded(self, seed: int) -> Self:
        """Return the data set as a run of this seed splits it."""
        made = replace(self)
        object.__setattr__(made, "run_seed", seed)
        return made

    def check(self) -> Dimensions:
        """Return the dimensions, which are the same for every seed; raise as `load` does."""
        return self._examined().size

    def identity(self) -> Identity:
        """Return the content of all files and the rule of the split, and what looks wrong about them."""
        return self._examined().identity

    def is_uneven(self) -> bool:
        """Whether classes have so uneven test examples that accuracy says little of the small ones."""
        return self._examined().is_uneven

    def split(self) -> dict[str, Any] | None:
        """Return share and seed of the split and which seed that is; None where test examples were given."""
        if not self._examined().is_split:
            return None
        by = "seed" if self.split_seed is None else "split_seed"
        return {"test_share": self.test_share, "seed": self._seed, "by": by}

    def load(self) -> Data:
        """Return the data; DatasetError for files that are not as described, ValueError for train_size."""
        return self.prepared(self.read())

    @property
    def _seed(self) -> int:
        """The seed of the split; of no run in particular 0."""
        return self.split_seed if self.split_seed is not None else self.run_seed or 0

    def prepared(self, source: Source) -> Data:
        """Return the data set that these examples make; raise as `load` does."""
        how = Preparation(self.test_share, self._seed, self.scale, self.train_size)
        return prepared(source.train, source.test, how, joined(source.hashes, self._rule(source)))

    def _rule(self, source: Source) -> str:
        """Return what besides their files makes the data: label and split, in words that are hashed.

        A split by the run's seed is one rule for all seeds: their runs are repeats on the same data.
        """
        told = [f"label {source.train.label}"] if source.train.label else []
        if source.test is None:
            seed = "of the run" if self.split_seed is None else self.split_seed
            told.append(f"stratified split: test_share {float(self.test_share)!r}, seed {seed}")
        return "; ".join(told)

    def _examined(self) -> Examined:
        alike = replace(self)  # without the seed of a run
        return _examine(alike, tuple(mark(path.stat()) for path in self.files()))

    def examine(self) -> Examined:
        """Read all there is, and return what is known then."""
        source = self.read()
        data = self.prepared(source)
        files, rule = self.files(), self._rule(source)
        found = tuple(f"{source.train.where}: {line}" for line in suspicions(data, source.train, self.scale))
        one = files[0] if len(files) == 1 and not rule else None
        identity = Identity(data.sha256, one, warnings=found, files=files, rule=rule)
        size = Dimensions(len(data.x_train), len(data.x_test), data.features, data.classes)
        return Examined(size, identity, source.test is None, is_uneven(data))


@lru_cache(maxsize=64)
def _examine(dataset: OwnData, _: tuple[Mark, ...]) -> Examined:
    """Read the data once; the marks make changed files a new question."""
    return dataset.examine()
