"""Write each lesson's measured time into its first cell and into the table of the README, from what the notebooks themselves hold.

    python -m tools.lesson_table

The title and the promise come from a lesson's first cell, the seconds from its last full run (metadata, `tools.notebooks run`).
"""

import re
from pathlib import Path

import nbformat

from tools.notebooks import lessons

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- lessons -->", "<!-- /lessons -->"
TIME = re.compile(r"\*\*running\*\* .*? on two cores")


def rounded(seconds: float) -> str:
    """Seconds as a reader wants them: "20 s", "3 min"."""
    return f"{max(5, 5 * round(seconds / 5))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def row(path: Path) -> str:
    """One line of the table."""
    notebook = nbformat.read(path, as_version=4)
    text = notebook.cells[0].source
    number, title = re.search(r"^# (\d+) · (.+)$", text, re.MULTILINE).groups()
    promise = (
        re.search(r"^\*([^*].*?)\*$", text, re.MULTILINE | re.DOTALL).group(1).replace("\n", " ")
    )
    return f"| {number} | [{title}](notebooks/{path.name}) | {promise} | {rounded(notebook.metadata.course.seconds)} |"


def table() -> str:
    """The table, a lesson a line."""
    return "\n".join(
        [
            "| | lesson | what you can do afterwards | run |",
            "|---|---|---|---|",
            *map(row, lessons()),
        ]
    )


def with_table(readme: str) -> str:
    """The README with its table renewed."""
    before, rest = readme.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def with_time(notebook):
    """The notebook with its measured time in its first cell."""
    first = notebook.cells[0]
    first.source = TIME.sub(
        f"**running** {rounded(notebook.metadata.course.seconds)} on two cores", first.source
    )
    return notebook


def main() -> None:
    for path in lessons():
        nbformat.write(with_time(nbformat.read(path, as_version=4)), path)
    README.write_text(with_table(README.read_text()))


if __name__ == "__main__":
    main()
