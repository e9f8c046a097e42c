"""The errors that end a command in one line each: the user's to mend, or of what is on disk."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake of the user's: its `lines` are shown, one problem each, and the exit code is 2.

    Code that calls a function with a value that cannot be expects a ValueError.
    """

    exit_code = 2

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class UnusableRun(UserError):
    """A run that is damaged or has not ended well: nothing is wrong with the command, so it ends with 1."""

    exit_code = 1
