"""Fetch data sets into the cache before they are needed: `python -m mlp.datasets mnist fashion_mnist`."""

import argparse
import os
import signal
import sys

from mlp.datasets import MNIST, DatasetError, FashionMNIST


def main(arguments: list[str] | None = None) -> int:
    """Fetch the named data sets into the cache."""
    open_descriptors()
    available = {dataset.files.name: dataset for dataset in (MNIST, FashionMNIST)}
    parser = argparse.ArgumentParser(prog="python -m mlp.datasets", description=main.__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(available), metavar="|".join(available))
    for name in parser.parse_args(arguments).names:
        try:
            data = available[name]().load()
        except DatasetError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:  # what was fetched whole stays, and is not fetched again
            return 128 + signal.SIGINT
        files = available[name].files
        print(f"{files.title}: {len(data.x_train)} + {len(data.x_test)} images in {files.folder}")
    return 0


def open_descriptors() -> None:
    """Open what was started closed of descriptors 0 to 2, so that no file of data gets such a number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


if __name__ == "__main__":
    sys.exit(main())
