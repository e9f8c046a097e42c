"""Strategies that go by what a report would say: named in the configuration, called by the sweeper."""

from reports.deciding.seeds import UntilDecided

until_decided = UntilDecided()

__all__ = ["UntilDecided", "until_decided"]
