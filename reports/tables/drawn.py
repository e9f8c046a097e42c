"""Which figures a report draws; without Matplotlib, which is imported only where some are drawn."""

from enum import StrEnum


class Plots(StrEnum):
    """Which figures are drawn: those that answer a grid's usual questions, all that there are, or none."""

    DEFAULT = "default"
    ALL = "all"
    NONE = "none"

    @classmethod
    def of(cls, wanted: "Plots | str | bool") -> "Plots":
        """Return what is wanted: its name, or whether any are. Raises ValueError for another name."""
        return (cls.DEFAULT if wanted else cls.NONE) if isinstance(wanted, bool) else cls(wanted)
