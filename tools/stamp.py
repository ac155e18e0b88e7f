"""One setup cell for every lesson, and the published address in it.

    python -m tools.stamp                                   the address in pyproject.toml (empty: no badge anywhere)
    python -m tools.stamp https://github.com/you/course     set that address first

The address stands in pyproject.toml, [tool.course] repository, and nowhere else by hand. Stamping writes it into the setup cell
and the Colab badge of every lesson and of the README; stamping an empty one takes them out again. Stored outputs are kept.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUP = """\
# Setup, the same in every lesson: find the course's code; on Colab, fetch it first.
import os, subprocess, sys
from pathlib import Path

REPOSITORY = os.environ.get("COURSE_REPOSITORY", "{address}")
here = Path.cwd()
root = next((p for p in (here, *here.parents, here / "course") if (p / "lib" / "course.py").exists()), None)
if root is None:
    if not REPOSITORY:
        raise FileNotFoundError("the course is not here: open this notebook inside its folder, or set COURSE_REPOSITORY to its address")
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", REPOSITORY, "course"], check=True)
    root = here / "course"
sys.path.insert(0, str(root))
from lib import course

course.start()"""
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"
BADGE_LINE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)\n*")


def address() -> str:
    """The published address, or '' while there is none."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["course"]["repository"]


def set_address(new: str) -> None:
    """Write the address into pyproject.toml. Raises ValueError for one that no reader could open."""
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", new):
        raise ValueError(
            f"{new!r} is not of the form https://github.com/OWNER/NAME, which Colab opens"
        )
    path = ROOT / "pyproject.toml"
    path.write_text(re.sub(r'(?m)^repository = ".*"$', f'repository = "{new}"', path.read_text()))


def badge(where: str, repository: str) -> str:
    """The Colab badge for one notebook, with the blank line after it; '' without an address."""
    if not repository:
        return ""
    link = (
        repository.replace("https://github.com/", "https://colab.research.google.com/github/")
        + f"/blob/main/{where}"
    )
    return BADGE.format(link=link) + "\n\n"


def stamped(notebook: dict, where: str, repository: str) -> dict:
    """The notebook with its setup cell and badge renewed. Raises ValueError where a lesson has not exactly one setup cell."""
    setups = [cell for cell in notebook["cells"] if "setup" in cell["metadata"].get("tags", [])]
    if len(setups) != 1:
        raise ValueError(f"{where} has {len(setups)} cells tagged 'setup'; a lesson has one")
    setups[0]["source"] = SETUP.format(address=repository).splitlines(keepends=True)
    first = notebook["cells"][0]
    text = badge(where, repository) + BADGE_LINE.sub("", "".join(first["source"]))
    first["source"] = text.splitlines(keepends=True)
    return notebook


def main(arguments: list[str]) -> None:
    if arguments:
        set_address(arguments[0].rstrip("/"))
    repository = address()
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        before = path.read_text()
        after = (
            json.dumps(
                stamped(json.loads(before), f"notebooks/{path.name}", repository),
                indent=1,
                ensure_ascii=False,
            )
            + "\n"
        )
        if after != before:
            path.write_text(after)
            print("stamped", path.name)
    readme = ROOT / "README.md"
    heading, rest = BADGE_LINE.sub("", readme.read_text()).split("\n", 1)
    text = badge("notebooks/00_welcome.ipynb", repository)
    readme.write_text(heading + "\n" + ("\n" + text.rstrip("\n") + "\n" if text else "") + rest)
    print("address:", repository or "none yet; lessons show no badge")


if __name__ == "__main__":
    main(sys.argv[1:])
