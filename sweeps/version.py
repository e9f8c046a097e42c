"""The version of this project, whether it is installed or run from a checkout."""

from importlib import metadata
from pathlib import Path

PROJECT = "mlp-grid"


def version() -> str:
    """Return the version, such as 0.1.0."""
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:  # run from a checkout
        import tomllib

        pyproject = Path(__file__).parent.parent / "pyproject.toml"
        return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
