"""What tables, findings and the page ask of the same results again and again, worked out once."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from reports.runs.results import Results

Rest = ParamSpec("Rest")
Made = TypeVar("Made")


def once(function: Callable[Concatenate[Results, Rest], Made]) -> Callable[Concatenate[Results, Rest], Made]:
    """Return a function of results that is worked out once for each; what it returns must not be changed."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered(results: Results, /, *arguments: Rest.args, **options: Rest.kwargs) -> Made:
        key = (name, *arguments, *options.items())
        if key not in results.worked_out:
            results.worked_out[key] = function(results, *arguments, **options)
        made: Made = results.worked_out[key]
        return made

    return remembered
