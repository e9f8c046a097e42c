"""L-BFGS: a minimiser beside the optimisers, which takes no steps but searches over all the data at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mlp.optimizers.optimizer import Descent
from mlp.ranges import Count, numbers
from mlp.workspace import Array


@dataclass(frozen=True, kw_only=True)
class LBFGS(Descent):
    """Quasi-Newton descent from the last few gradients (Liu & Nocedal 1989), in SciPy's L-BFGS-B.

    max_iter: iterations, each with a line search, in one call of minimize (that is, in one epoch)
    history: how many past gradients shape a step
    """

    lr: Annotated[
        float, numbers("1, since a line search finds the length of each step", lambda lr: lr == 1)
    ] = 1.0
    l1: Annotated[float, numbers("0, since the line search needs a smooth loss", lambda l1: l1 == 0)] = 0.0
    max_iter: Count = 20
    history: Count = 10

    def minimize(
        self, value_and_grad: Callable[[], tuple[float, Array]], params: Array, *, weights: int
    ) -> None:
        """Move params (parameters,) in place to where the loss and the weight decay are together least.

        value_and_grad: the loss over all the data, and its gradient (parameters,), at what params hold when
        it is called. SciPy searches in float64, whatever dtype params have.
        """
        from scipy import optimize  # here, because its import takes a quarter of a second

        def objective(position: Array) -> tuple[float, Array]:
            np.copyto(params, position, casting="same_kind")
            value, grads = value_and_grad()
            self.decay(params[:weights], grads[:weights], lr=1.0)
            penalty = 0.5 * self.weight_decay * float(np.vdot(params[:weights], params[:weights]))
            return value + penalty, grads.astype(np.float64)

        result = optimize.minimize(
            objective,
            params.astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.max_iter, "maxcor": self.history},
        )
        np.copyto(params, result.x, casting="same_kind")
