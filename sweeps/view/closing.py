"""The last words of a sweep, which a function of the application says of its results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sweeps.planning.callables import blame, named
from sweeps.records.untrusted import printable

Closing = Callable[[Path, Sequence[str]], Iterable[str]]


def closing_words(closing: Closing, root: Path, ids: Sequence[str]) -> None:
    """Print what an application says of the cells of these ids in a sweep's directory.

    The sweep has ended already: what goes wrong here is one line on stderr, and Ctrl-C only ends the words.
    """
    try:
        for line in closing(root, ids):
            print(printable(line), flush=True)
    except KeyboardInterrupt:
        print("the words on the results were interrupted; all results are on disk", file=sys.stderr)
    except (Exception, SystemExit) as error:
        text = f"{named('closing', closing)}: {blame(error)}; the sweep itself has ended as told above"
        print(printable(text), file=sys.stderr)
