"""The commands of a checkout, in the environment that runs this: `make venv` calls it.

Instead of an installation, which would need a build tool that the locked requirements do not have: a path
file that leads to the checkout, and a script for each command of pyproject.toml.
"""

import sys
import sysconfig
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
SCRIPT = """#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""


def main() -> None:
    """Write the path file and the scripts."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    Path(sysconfig.get_path("purelib"), "mlp_grid_checkout.pth").write_text(f"{CHECKOUT}\n", encoding="utf-8")
    for name, target in project["scripts"].items():
        module, _, function = target.partition(":")
        script = Path(sysconfig.get_path("scripts"), name)
        script.write_text(
            SCRIPT.format(python=sys.executable, module=module, function=function), encoding="utf-8"
        )
        script.chmod(0o755)


if __name__ == "__main__":
    main()
