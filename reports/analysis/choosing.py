"""What the best cell is chosen by: held-out examples where all finished runs have some, else the test set."""

from reports.runs.metrics import OF_CLASSES, VALIDATION, Metric
from reports.runs.results import Results
from sweeps.records.metric import NAME

HELD_OUT_KEY = "training.validation_size"


def chosen_by(results: Results) -> str:
    """Return the name of the metric that the best cell is chosen by.

    A figure by which one of many cells was picked is too good by the luck of the pick. Where examples were
    held out of training, the pick is made by them, and the chosen cell's test figure is that of one cell.
    """
    held_out = VALIDATION.get(results.main.name)
    done = results.done
    known = done.get(held_out)  # what is kept of published runs has no such column
    if held_out is None or known is None or known.empty or not known.notna().all():
        return results.main.name
    return held_out


def choice_note(results: Results) -> str:
    """Return what the best cell was chosen by and what that means; empty where there is nothing to choose."""
    if len(results.cells) < 2 or HELD_OUT_KEY not in results.settings:
        return ""
    main = results.main.words
    if (name := chosen_by(results)) != results.main.name:
        words = results.measures.metrics[name].words
        return f"The best cell is chosen by {words}, on held-out examples; its {main} had no part in that."
    return (
        f"The best cell is chosen by {main} itself, for no examples were held out ({HELD_OUT_KEY}): what is "
        "best by luck looks better than it is."
    )


def beside(results: Results) -> list[Metric]:
    """Return the metrics to tell of a chosen cell: the main one, and those where classes are uneven.

    None where it is chosen by the main metric and the classes are even: that figure is told already.
    """
    others = of_classes(results)
    return [results.main, *others] if others or chosen_by(results) != results.main.name else []


def of_classes(results: Results) -> list[Metric]:
    """Return the metrics beside the main one that tell of classes of uneven size; none for even ones.

    First what is fair to small classes, then accuracy, and last that of always naming the largest class.
    """
    *fair, majority = OF_CLASSES
    if not set(fair) & set(results.measures.ranked):
        return []
    names = (name for name in (*fair, NAME, majority) if name in results.metrics)
    return [results.measures.metrics[name] for name in names if name != results.main.name]
