"""Which test examples a run got right: a bit each, kept packed, and unpacked only when asked for."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 8 * 2**20  # characters of base64: 50 million examples


@dataclass(frozen=True)
class Answers:
    """A run's answers on the test set: one bit for each of its `examples`, `packed`, 1 for a correct one.

    `by_class` has (correct, all) for each class, empty where the record does not say, `labels` their names.
    """

    packed: bytes
    examples: int
    by_class: tuple[tuple[int, int], ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def correct(self) -> NDArray[np.uint8]:
        """The answers in the data set's own order, (examples,): 1 where correct, else 0."""
        return np.unpackbits(np.frombuffer(self.packed, dtype=np.uint8), count=self.examples)

    @property
    def number(self) -> int:
        """How many are correct."""
        return int.from_bytes(self.packed, "big").bit_count()


def correct(answers: Sequence[Answers]) -> NDArray[np.uint8]:
    """Return the answers of runs on the same examples, (runs, examples): 1 where correct, else 0."""
    packed = np.frombuffer(b"".join(each.packed for each in answers), dtype=np.uint8)
    return np.unpackbits(packed.reshape(len(answers), -1), axis=1, count=answers[0].examples)


def answers_of(record: Mapping[str, Any]) -> Answers | None:
    """Return the answers in a finished run's record; None if it has none.

    How many test examples there are is the number under which so many bits are its final test accuracy.
    Raises ValueError, with the reason, for bits that cannot be believed.
    """
    text = record.get("test_correct")
    if text is None:
        return None
    packed, accuracy = decoded(text), record["final"]["test_accuracy"]
    ones, by_class = int.from_bytes(packed, "big").bit_count(), classes_of(record.get("test_by_class"))
    possible = [n for n in lengths(packed) if ones / n == accuracy]
    if not possible:
        what = f"a test_correct of {len(packed):,} bytes with {ones:,} bits set"
        raise ValueError(f"has {what}, which is not its final.test_accuracy, {accuracy!r}")
    counted = sum(right for right, _ in by_class), sum(total for _, total in by_class)
    if by_class and (counted[0] != ones or counted[1] not in possible):
        raise ValueError("has a test_by_class that does not sum to its test_correct")
    return Answers(packed, counted[1] or possible[-1], by_class, labels_of(record, len(by_class)))


def labels_of(record: Mapping[str, Any], classes: int) -> tuple[str, ...]:
    """Return what a record calls the classes of its data: their numbers where it gives no names."""
    dataset = record.get("dataset")
    labels = dataset.get("labels") if isinstance(dataset, Mapping) else None
    named = isinstance(labels, list) and len(labels) == classes
    return tuple(map(str, labels if named and labels else range(classes)))


def decoded(text: object) -> bytes:
    """Return the bytes of base64; ValueError for anything else, or for too much of it."""
    if not isinstance(text, str):
        raise ValueError(f"has {type(text).__name__} as test_correct, not str")
    if len(text) > LARGEST:
        raise ValueError(f"has a test_correct of more than {LARGEST:,} characters")
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("has a test_correct that is no base64") from None
    if not packed:
        raise ValueError("has an empty test_correct")
    return packed


def lengths(packed: bytes) -> Iterator[int]:
    """Yield the numbers of examples that fill so many bytes, with nothing but zeros after them."""
    most = 8 * len(packed)
    return (most - spare for spare in range(7, -1, -1) if not packed[-1] & ((1 << spare) - 1))


def classes_of(counts: object) -> tuple[tuple[int, int], ...]:
    """Return (correct, all) of each class, nothing for None; ValueError for anything else."""
    if counts is None:
        return ()
    if not isinstance(counts, list) or not counts or not all(map(is_count, counts)):
        raise ValueError("has a test_by_class that is not a list of [correct, all]")
    return tuple((right, total) for right, total in counts)


def classes_tested(record: Mapping[str, Any]) -> int | None:
    """Return how many classes have a test example, by a finished run's record; None if it does not say."""
    try:
        return sum(total > 0 for _, total in classes_of(record.get("test_by_class"))) or None
    except ValueError:
        return None


def is_count(each: object) -> bool:
    """Whether something is a pair of whole numbers, 0 ≤ correct ≤ all."""
    return (
        isinstance(each, list)
        and len(each) == 2
        and all(type(number) is int for number in each)
        and 0 <= each[0] <= each[1]
    )
