"""The site's settings for Sphinx; `make book` builds it, tools/pages.py prepares its pages.

Sphinx reads the repository itself, so that a link that holds in the notebooks and on GitHub
holds on the site too.
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
course = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "Siamese networks"
version = release = course["version"]
extensions = ["myst_nb", "tools.pages"]
root_doc = "README"
include_patterns = [
    "README.md",
    "notebooks/[0-9]*.ipynb",
    "docs/**.md",
    "paper/*.md",
    "data/README.md",
]
exclude_patterns = [
    ".*",
    "docs/book",
    "site",
    "data/cache",
    "lib",
    "tests",
    "tools",
    "**/node_modules",
    "**/.ipynb_checkpoints",
    "**/build",
]

# Notebooks as they are stored: nothing runs here, figures and prints come from their outputs.
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "The setup cell, the same in every lesson"
nb_code_prompt_hide = "The setup cell"
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True  # $$ within a paragraph, as JupyterLab reads it
myst_heading_anchors = 4
html_math_renderer = "mathml"  # tools/pages.py
smartquotes = False  # a page says what its notebook says, to the letter

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("axes.js", "controls.js")]
html_show_copyright = html_use_index = False
html_sourcelink_suffix = (
    ""  # _sources/ holds the notebooks under their own names: the download button
)
html_show_search_summary = False  # the summary is fetched, and a browser fetches nothing from disk
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
