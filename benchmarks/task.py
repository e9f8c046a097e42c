"""The work that every engine is given: MNIST, one network, momentum SGD with weight decay, from one seed.

No NumPy here: a process reads its task before it knows how many threads NumPy may start.
"""

from dataclasses import dataclass

FEATURES, CLASSES = 784, 10
LR, MOMENTUM, WEIGHT_DECAY, SEED = 0.01, 0.9, 5e-4, 0


@dataclass(frozen=True)
class Task:
    """A network to train: its hidden widths, the batch size; `sample`: on the committed piece of MNIST."""

    hidden: tuple[int, ...]
    batch_size: int = 100
    sample: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths from the inputs to the classes."""
        return (FEATURES, *self.hidden, CLASSES)

    @property
    def examples(self) -> int:
        """How many examples an epoch trains on."""
        return 1_500 if self.sample else 60_000

    @property
    def steps(self) -> int:
        """Gradient steps of an epoch."""
        return -(-self.examples // self.batch_size)

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch_size}"


ONE_HIDDEN, TWO_HIDDEN, SMALL = Task((128,)), Task((256, 64)), Task((28,), batch_size=10)
