"""Maxout, which has parameters of its own and so is built as a layer."""

from dataclasses import dataclass

from mlp.ranges import Checked, Count


@dataclass(frozen=True)
class Maxout(Checked):
    """Largest of k linear maps of the layer's output, entry by entry (Goodfellow et al. 2013)."""

    pieces: Count = 2
