"""The schedules: the factors they promise, epoch by epoch."""

import pytest

from mlp.schedules import Constant, Cosine, Exponential, InverseTime, Schedule, Step, Warmup

FACTORS = [
    (Constant(), [1, 1, 1, 1, 1, 1]),
    (Step(every=2, factor=0.5), [1, 1, 0.5, 0.5, 0.25, 0.25]),
    (Step(every=100), [1, 1, 1, 1, 1, 1]),
    (Exponential(factor=0.9), [1, 0.9, 0.81, 0.729, 0.6561, 0.59049]),
    (InverseTime(rate=0.5), [1, 1 / 1.5, 1 / 2, 1 / 2.5, 1 / 3, 1 / 3.5]),
    (Cosine(), [1, 0.9330127, 0.75, 0.5, 0.25, 0.0669873]),
    (Cosine(final=0.2), [1, 0.9464102, 0.8, 0.6, 0.4, 0.2535898]),
    (Warmup(epochs=4, start=0.2), [0.2, 0.4, 0.6, 0.8, 1, 1]),
    (Warmup(epochs=1, start=1.0), [1, 1, 1, 1, 1, 1]),
]


@pytest.mark.parametrize(("schedule", "factors"), FACTORS, ids=[repr(schedule) for schedule, _ in FACTORS])
def test_factor_in_each_epoch(schedule: Schedule, factors: list[float]) -> None:
    assert [schedule(epoch, 6) for epoch in range(6)] == pytest.approx(factors)


@pytest.mark.parametrize(
    "schedule", [Constant(), Step(), Exponential(), InverseTime(), Cosine(), Warmup()], ids=repr
)
@pytest.mark.parametrize("epochs", [1, 2, 50])
def test_the_learning_rate_is_never_zero_and_never_more_than_asked(schedule: Schedule, epochs: int) -> None:
    assert all(0 < schedule(epoch, epochs) <= 1 for epoch in range(epochs))
