"""The error that is the user's to mend."""

from __future__ import annotations


class UserError(Exception):
    """A mistake of the user's; its text is shown, one problem per line, and the exit code is 2."""
