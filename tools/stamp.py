"""One setup cell for every lesson, and the published address in it.

    python -m tools.stamp                                   write the address of pyproject.toml
    python -m tools.stamp https://github.com/you/course     set that address first

The address stands in pyproject.toml, [tool.course] repository, and nowhere else by hand. `make
stamp` writes it into the setup cell and the Colab badge of every lesson, and into the badges of
the README: Colab, the workflows that test and publish the course, the licence. With an empty
address they are taken out again. Stored outputs are kept.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

from tools import setup_cell

ROOT = Path(__file__).resolve().parent.parent
COLAB = "Open in Colab"
COLAB_PICTURE = "https://colab.research.google.com/assets/colab-badge.svg"
LICENCE = "MIT licence"
LICENCE_PICTURE = "https://img.shields.io/badge/licence-MIT-blue"
WORKFLOWS = ("tests", "site")  # the badges of .github/workflows/NAME.yml
ONE_BADGE = r"\[!\[(?:" + "|".join((COLAB, LICENCE, *WORKFLOWS)) + r")\]\([^)]*\)\]\([^)]*\)"
BADGE_LINE = re.compile(rf"{ONE_BADGE}(?: {ONE_BADGE})*\n*")


def address() -> str:
    """The published address, or '' while there is none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["course"]["repository"]


def set_address(new: str) -> None:
    """Write the address into pyproject.toml.

    raises  ValueError for an address that Colab cannot open
    """
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", new):
        raise ValueError(
            f"{new!r} is not of the form https://github.com/OWNER/NAME, which Colab opens"
        )
    path = ROOT / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    write(path, re.sub(r'(?m)^repository = ".*"$', f'repository = "{new}"', text))


def badge(words: str, picture: str, link: str) -> str:
    """A picture with words that leads somewhere, in Markdown."""
    return f"[![{words}]({picture})]({link})"


def colab_badge(where: str, repository: str) -> str:
    """The badge that opens the notebook at the path `where` on Colab."""
    colab = repository.replace("https://github.com/", "https://colab.research.google.com/github/")
    return badge(COLAB, COLAB_PICTURE, f"{colab}/blob/main/{where}")


def site_address(repository: str) -> str:
    """Where GitHub Pages shows the site of a repository."""
    owner, name = repository.removeprefix("https://github.com/").split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def readme_badges(repository: str) -> str:
    """The README's line of badges: Colab, the tests on main, the site, the licence."""
    workflows = f"{repository}/actions/workflows"
    links = {"tests": f"{workflows}/tests.yml", "site": site_address(repository)}
    return " ".join(
        [
            colab_badge("notebooks/00_welcome.ipynb", repository),
            *(badge(name, f"{workflows}/{name}.yml/badge.svg", links[name]) for name in WORKFLOWS),
            badge(LICENCE, LICENCE_PICTURE, f"{repository}/blob/main/LICENSE"),
        ]
    )


def stamped(notebook: dict, where: str, repository: str) -> dict:
    """The notebook with its setup cell and Colab badge renewed.

    raises  ValueError where a lesson has not exactly one setup cell
    """
    setups = [cell for cell in notebook["cells"] if "setup" in cell["metadata"].get("tags", [])]
    if len(setups) != 1:
        raise ValueError(f"{where} has {len(setups)} cells tagged 'setup'; a lesson has one")
    setups[0]["source"] = setup_cell.source(repository).splitlines(keepends=True)
    setups[0]["metadata"].update(setup_cell.METADATA)
    first = notebook["cells"][0]
    text = BADGE_LINE.sub("", "".join(first["source"]))
    if repository:
        text = f"{colab_badge(where, repository)}\n\n{text}"
    first["source"] = text.splitlines(keepends=True)
    return notebook


def stamped_readme(text: str, repository: str) -> str:
    """The README with its badges renewed, in a line of their own under the heading."""
    heading, rest = BADGE_LINE.sub("", text).split("\n", 1)
    badges = f"\n{readme_badges(repository)}\n" if repository else ""
    return f"{heading}\n{badges}{rest}"


def write(path: Path, text: str) -> None:
    """Write UTF-8 with the line ends of the repository, on Windows too."""
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    if arguments:
        set_address(arguments[0].rstrip("/"))
    repository = address()
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        before = path.read_text(encoding="utf-8")
        notebook = stamped(json.loads(before), f"notebooks/{path.name}", repository)
        after = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        if after != before:
            write(path, after)
            print("stamped", path.name)
    readme = ROOT / "README.md"
    write(readme, stamped_readme(readme.read_text(encoding="utf-8"), repository))
    print("address:", repository or "none yet; lessons show no badge")


if __name__ == "__main__":
    main(sys.argv[1:])
