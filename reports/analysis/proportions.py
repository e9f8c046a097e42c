"""Which of two diverges more often, and how often one does: exact tests of proportions."""

from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, gammaln

from reports.analysis.intervals import Floats, Integers

ALIKE = 1e-9  # Fisher's p of tables that are equally extreme, to rounding
FEW = 64  # runs of each; of more, Fisher's own p is taken, which is never too small
SHARES = np.arange(1, 512) / 512


def p_more_often(lost: Integers, runs: Integers, others: Integers, of: Integers) -> Floats:
    """Return the one-sided p that cells lose more often than others do: `lost` of `runs`, `others` of `of`.

    The arrays are taken together as NumPy does (broadcast), and so is the result. All n of n lost here and
    none there has p = 4⁻ⁿ: .016 with 3 runs each, .001 with 5, .000001 with 10.
    """
    found = np.ones(np.broadcast_shapes(lost.shape, others.shape))
    lost, runs, others, of = (np.broadcast_to(each, found.shape) for each in (lost, runs, others, of))
    for n in np.unique(runs):
        for m in np.unique(of):
            same = (runs == n) & (of == m)
            found[same] = p_values(int(n), int(m))[lost[same], others[same]]
    return found


@lru_cache(maxsize=256)
def p_values(n: int, m: int) -> Floats:
    """Return p for k of n lost here and l of m there, (n + 1, m + 1): Boschloo's (1970).

    The largest probability, over all shares lost that both could have, of a table with as small a p by
    Fisher's exact test: uniformly sharper than that test, and no less exact.
    """
    fisher = fisher_p(n, m)
    if max(n, m) > FEW:
        return fisher
    order = np.argsort(fisher, axis=None)
    ranked = fisher.ravel()[order]
    last = np.searchsorted(ranked, ranked * (1 + ALIKE), side="right") - 1
    largest = np.zeros(len(ranked))
    for share in SHARES:
        table = np.outer(binomial(n, share), binomial(m, share)).ravel()[order]
        largest = np.maximum(largest, table.cumsum()[last])
    p = np.empty(len(ranked))
    p[order] = np.minimum(largest, 1.0)
    return p.reshape(fisher.shape)


def fisher_p(n: int, m: int) -> Floats:
    """Return Fisher's one-sided p of these tables: given how many are lost in all, k or more of them here."""
    k, losses = np.arange(n + 1)[:, None], np.arange(m + 1)
    logs = choose(n, k) + choose(m, losses) - choose(n + m, k + losses)
    p = np.exp(logs)
    for row in range(n - 1, -1, -1):  # one more lost here is one fewer there
        p[row, 1:] += p[row + 1, :-1]
    return np.minimum(p, 1.0)


def share_lost(lost: int, runs: int, tail: float) -> tuple[float, float]:
    """Return the least and the largest share lost with `tail` on either side (Clopper and Pearson 1934)."""
    low = float(betaincinv(lost, runs - lost + 1, tail)) if lost else 0.0
    return low, float(betaincinv(lost + 1, runs - lost, 1 - tail)) if lost < runs else 1.0


def choose(n: int, k: Integers) -> Floats:
    """Return the logarithm of n over k."""
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def binomial(n: int, share: float) -> Floats:
    """Return the probabilities of 0 … n of n."""
    k = np.arange(n + 1)
    return np.asarray(np.exp(choose(n, k) + k * np.log(share) + (n - k) * np.log1p(-share)))
