"""Write each lesson's measured time into its first cell and into the table of the README.

    python -m tools.lesson_table

Title and promise come from a lesson's first cell, the seconds from its last full run (metadata
that `tools.notebooks run` writes).
"""

import re
from pathlib import Path

import nbformat

from tools.notebooks import lessons

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- lessons -->", "<!-- /lessons -->"
TIME = re.compile(r"\*\*running\*\* .*? on two cores")


def rounded(seconds: float) -> str:
    """Seconds in words: "20 s", "3 min"."""
    return f"{max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def row(path: Path) -> str:
    """One line of the table."""
    notebook = nbformat.read(path, as_version=4)
    text = notebook.cells[0].source
    number, title = re.search(r"^# (\d+) · (.+)$", text, re.MULTILINE).groups()
    promise = re.search(r"^\*([^*].*?)\*$", text, re.MULTILINE | re.DOTALL)[1].replace("\n", " ")
    time = rounded(notebook.metadata.course.seconds)
    return f"| {number} | [{title}](notebooks/{path.name}) | {promise} | {time} |"


def table() -> str:
    """The table, a lesson a line."""
    head = ["| | lesson | what you can do afterwards | run |", "|---|---|---|---|"]
    return "\n".join([*head, *map(row, lessons())])


def with_table(readme: str) -> str:
    """The README with its table renewed."""
    before, rest = readme.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def with_time(notebook):
    """The notebook with its measured time in its first cell."""
    time = f"**running** {rounded(notebook.metadata.course.seconds)} on two cores"
    notebook.cells[0].source = TIME.sub(time, notebook.cells[0].source)
    return notebook


def main() -> None:
    for path in lessons():
        nbformat.write(with_time(nbformat.read(path, as_version=4)), path)
    README.write_text(with_table(README.read_text()))


if __name__ == "__main__":
    main()
