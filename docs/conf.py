"""The documentation as a site that opens without a server or a network: `make site`."""

from sphinx.application import Sphinx

project = "mlp-grid"
author = "The mlp-grid developers"
html_show_copyright = False
extensions = ["myst_parser"]
root_doc = "README"
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False

CONTENTS = {  # the parts of the menu; what is new in a folder is in it without further ado
    "Begin": ["tutorial"],
    "How to": ["how-to/*"],
    "Look up": ["reference/*", "data"],
    "Understand": ["explanation/*", "benchmarks", "scaling"],
    "Results": ["results/README", "results/claims", "results/*", "results/*/README"],
}


def add_menu(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the menu to the first page: what shows the Markdown itself would print its directives."""
    if page == root_doc:
        for caption, pages in CONTENTS.items():
            source[0] += "\n\n```{toctree}\n:hidden:\n:glob:\n:caption: " + caption + "\n\n"
            source[0] += "\n".join(pages) + "\n```\n"


def setup(app: Sphinx) -> None:
    """Connect the menu."""
    app.connect("source-read", add_menu)
