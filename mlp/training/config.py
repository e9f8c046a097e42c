"""How long, and by what steps, to train: the `training` config."""

from dataclasses import dataclass
from typing import Annotated

from mlp.ranges import Checked, Count, CountOrZero, Flag, Positive, one_of, optional


@dataclass(frozen=True)
class Training(Checked):
    """How long, and by what steps, to train.

    epochs: passes over the training set
    batch_size: examples per gradient step; with batch normalisation a last batch of one example is left out
        of its epoch (the order is drawn anew for the next)
    clip_norm: largest L2 norm of a step's gradient; a longer one is scaled down to it; null for no limit
    validation_size: training examples held out, to choose by without looking at the test set
    patience: stop after this many epochs without a better validation accuracy; null to run all epochs
    shift: augmentation: move each training image by up to this many pixels in each step
    layer_stats: add each layer's gradient norm and share of dead units to the history
    lockstep: auto to train together with other runs that see the same batches: the result is the same to the
        last bit, but the seconds of a run are then a share of all of theirs; or off
    keep_checkpoint: keep the checkpoint of the last epoch, for runs of more epochs to continue from
    continue_from: id of the cell beside this one whose kept checkpoint is continued: it has fewer epochs and
        is the same in everything else; null, or if there is no such checkpoint: train from the beginning
    save_weights: which network to keep: best (by validation accuracy, by test accuracy where nothing is held
        out), last or none
    """

    epochs: Count = 10
    batch_size: Count = 100
    clip_norm: Annotated[float | None, optional(Positive)] = None
    validation_size: CountOrZero = 0
    patience: Annotated[int | None, optional(Count)] = None
    shift: CountOrZero = 0
    layer_stats: Flag = False
    lockstep: Annotated[str, one_of("auto", "off")] = "auto"
    keep_checkpoint: Flag = False
    continue_from: str | None = None
    save_weights: Annotated[str, one_of("none", "last", "best")] = "none"

    def __post_init__(self) -> None:
        if str(self.lockstep) == "False":  # how YAML reads a bare off
            object.__setattr__(self, "lockstep", "off")
        super().__post_init__()
        if self.patience is not None and not self.validation_size:
            raise ValueError(f"patience = {self.patience}: needs validation_size > 0 to judge by")
        if self.patience is not None and (self.keep_checkpoint or self.continue_from):
            raise ValueError(
                f"patience = {self.patience}: must be null where runs of fewer epochs are continued"
            )
