"""Parameters out of range: each is refused when its component is made, by name, value and allowed range."""

import dataclasses
import math
import re
from typing import Any, get_type_hints

import pytest

from mlp.activations import ELU, LeakyReLU, Maxout, Swish
from mlp.initializers import Auto, He, LeCun, Normal, Uniform, Xavier
from mlp.losses import BCE, MSE, NLL, Focal, Hinge, Huber, KLDiv, MultiMargin, SoftmaxCE
from mlp.network import MLP
from mlp.optimizers import LBFGS, SGD, Adagrad, Adam, AdamW, Nesterov, RMSprop
from mlp.ranges import Checked
from mlp.schedules import Cosine, Exponential, InverseTime, Step, Warmup
from mlp.training import Training

NAN, INF = math.nan, math.inf
NOT_NUMBERS = ["0.1", True, None, NAN, INF, -INF, 10**400, [0.1]]
NOT_COUNTS = [0, -1, 1.5, 2.0, "2", True, None, NAN]
NOT_BELOW_ONE = [1, 1.0, -0.1, 2, *NOT_NUMBERS]
NEGATIVE = [-1, -1e-9, *NOT_NUMBERS]
NOT_POSITIVE = [0, 0.0, -1, *NOT_NUMBERS]

BAD: dict[tuple[type[Checked], str], list[Any]] = {
    (LeakyReLU, "negative_slope"): NOT_NUMBERS,
    (ELU, "alpha"): NOT_POSITIVE,
    (Swish, "beta"): NOT_POSITIVE,
    (Maxout, "pieces"): NOT_COUNTS,
    **{
        (loss, "reduction"): ["max", "Mean", "", None, 1]
        for loss in (MSE, Huber, SoftmaxCE, NLL, KLDiv, Focal, BCE, Hinge, MultiMargin)
    },
    (Huber, "delta"): NOT_POSITIVE,
    (SoftmaxCE, "label_smoothing"): NOT_BELOW_ONE,
    (KLDiv, "smoothing"): NOT_BELOW_ONE,
    (Focal, "alpha"): [-0.1, 1.1, (0.5, 1.5), (0.5, "x"), (0.5, NAN), "0.1", True, None, NAN],
    (Focal, "gamma"): NEGATIVE,
    (Hinge, "margin"): NEGATIVE,
    (Hinge, "softmax"): ["yes", 1, 0, None],
    (MultiMargin, "margin"): NEGATIVE,
    (MultiMargin, "p"): [0, 3, 1.5, "1", True],
    **{(rule, "distribution"): ["gauss", None, 1] for rule in (He, Xavier, LeCun, Auto)},
    (Normal, "std"): NEGATIVE,
    (Uniform, "bound"): NEGATIVE,
    **{(rule, "lr"): NOT_POSITIVE for rule in (SGD, Nesterov, Adagrad, RMSprop, Adam, AdamW)},
    **{(rule, "weight_decay"): NEGATIVE for rule in (SGD, Nesterov, Adagrad, RMSprop, Adam, AdamW, LBFGS)},
    **{(rule, "l1"): NEGATIVE for rule in (SGD, AdamW)},
    **{(rule, "momentum"): NOT_BELOW_ONE for rule in (SGD, Nesterov, RMSprop)},
    **{(rule, "eps"): [1e-40, *NOT_POSITIVE] for rule in (Adagrad, RMSprop, Adam)},
    (RMSprop, "rho"): NOT_BELOW_ONE,
    (Adam, "beta1"): NOT_BELOW_ONE,
    (Adam, "beta2"): NOT_BELOW_ONE,
    (LBFGS, "lr"): [0.01, 2, "1", True],
    (LBFGS, "l1"): [0.1, -1, "0", False],
    (LBFGS, "max_iter"): NOT_COUNTS,
    (LBFGS, "history"): NOT_COUNTS,
    (Step, "every"): NOT_COUNTS,
    **{(schedule, "factor"): [0, -0.5, 1.1, *NOT_NUMBERS] for schedule in (Step, Exponential)},
    (InverseTime, "rate"): NEGATIVE,
    (Cosine, "final"): [-0.1, 1.1, *NOT_NUMBERS],
    (Warmup, "epochs"): NOT_COUNTS,
    (Warmup, "start"): [0, 1.5, *NOT_NUMBERS],
}
CASES = [(component, field, value) for (component, field), values in BAD.items() for value in values]


@pytest.mark.parametrize(
    ("component", "field", "value"), CASES, ids=[f"{c.__name__}.{f}={v!r}" for c, f, v in CASES]
)
def test_refused_in_one_line_that_names_field_value_and_range(
    component: type[Checked], field: str, value: Any
) -> None:
    line = re.escape(f"{field} = {value!r}: must be ") + r".+\Z"  # a dot is no line end
    with pytest.raises(ValueError, match=rf"\A{line}"):
        component(**{field: value})


def test_a_list_of_alphas_is_kept_as_a_tuple() -> None:
    assert Focal(alpha=[0.1, 0.2]).alpha == (0.1, 0.2)
    with pytest.raises(ValueError, match=r"alpha = .*: must be a number in"):
        Focal(alpha=[0.1, 1.2])


@pytest.mark.parametrize("component", sorted({c for c, _ in BAD}, key=str), ids=lambda c: c.__name__)
def test_no_parameter_goes_unchecked(component: type[Any]) -> None:
    hints = get_type_hints(component, include_extras=True)
    assert all(hasattr(hints[field.name], "__metadata__") for field in dataclasses.fields(component))


@pytest.mark.parametrize(
    ("component", "field", "value"),
    [
        (SGD, "lr", 1),
        (SGD, "momentum", 0),
        (SGD, "momentum", 0.999),
        (SGD, "weight_decay", 0),
        (Hinge, "margin", 0),
        (Focal, "alpha", 0),
        (Focal, "alpha", 1),
        (Focal, "alpha", (0.0, 0.5, 1.0)),
        (Focal, "gamma", 0),
        (LeakyReLU, "negative_slope", -1),
        (LBFGS, "lr", 1),
        (Cosine, "final", 1),
        (Exponential, "factor", 1.0),
        (Maxout, "pieces", 1),
    ],
)
def test_the_ends_of_a_range_belong_where_it_says(component: type[Checked], field: str, value: Any) -> None:
    assert getattr(component(**{field: value}), field) == value


@pytest.mark.parametrize(
    ("component", "field", "value", "meant"),
    [
        (SGD, "lr", "5%", "0.05"),
        (SGD, "lr", "0.1 %", "0.001"),
        (MLP, "dropout", "50%", "0.5"),
        (MLP, "hidden", 64, "[64]"),
        (MLP, "hidden", "64x32", "[64,32]"),
        (MLP, "hidden", "64 32", "[64,32]"),
        (Training, "epochs", 3.0, "3"),
        (Training, "epochs", "3", "3"),
    ],
)
def test_what_a_wrong_value_may_stand_for_is_told(
    component: type[Any], field: str, value: Any, meant: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"(did you mean {meant}?)")):
        component(**{field: value})


@pytest.mark.parametrize(
    ("component", "field", "value"),
    [(Training, "validation_size", "10%"), (MLP, "dropout", "150%"), (MLP, "hidden", 0), (SGD, "lr", -1.0)],
)
def test_nothing_is_guessed_that_would_not_do(component: type[Any], field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} = ") as error:
        component(**{field: value})
    assert "did you mean" not in str(error.value)
