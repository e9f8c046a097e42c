"""The version of this project, whether it is installed or run from a checkout."""

from pathlib import Path

PROJECT = "mlp-grid"


def version() -> str:
    """Return the version, such as 0.2.0."""
    pyproject = Path(__file__).parents[2] / "pyproject.toml"
    if pyproject.is_file():  # a checkout, whatever else is installed
        import tomllib

        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == PROJECT:
            return str(project["version"])
    from importlib import metadata  # 30 ms, for what a checkout does not need

    return metadata.version(PROJECT)
