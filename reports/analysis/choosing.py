"""What the best cell is chosen by: held-out examples where all finished runs have some, else the test set."""

from reports.runs.metrics import OF_CLASSES, VALIDATION, Metric
from reports.runs.results import Results

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
    """Return the metrics to tell of a chosen cell, those first that are fair to classes of uneven size.

    None where it is chosen by the main metric and the classes are even: that figure is told already.
    """
    own = fair(results)
    main = [results.main] if own or chosen_by(results) != results.main.name else []
    return [*own[:-1], *main, *own[-1:]]


def fair(results: Results) -> list[Metric]:
    """Return the metrics that are fair to classes of uneven size, then the baseline; none for even ones."""
    found = [name for name in results.measures.ranked if name in OF_CLASSES and name != results.main.name]
    return [results.measures.metrics[name] for name in (*found, OF_CLASSES[-1])] if found else []
