"""Python 3.14's argparse and Hydra 1.3: it refuses help texts that are no strings, and Hydra has one."""

import argparse
from typing import Any


def accept_hydras() -> None:
    """Skip the check of help texts that Python 3.14 brought, or no Hydra application starts there.

    Up to 1.3.8, Hydra writes the text of --shell-completion only when it is shown (its issue 3121).
    """
    parser: Any = argparse.ArgumentParser
    if hasattr(parser, "_check_help"):
        parser._check_help = lambda self, action: None
