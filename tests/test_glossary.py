"""The glossary names, for every term, a lesson whose text contains it."""

import re
from pathlib import Path

import nbformat
import pytest

GLOSSARY = Path(__file__).resolve().parent.parent / "docs" / "glossary.md"
ROW = re.compile(r"^\| \*\*(.+?)\*\*.* \| (.+) \| \[(\d+)\]\((.+?)\) \|$", re.M)
ROWS = ROW.findall(GLOSSARY.read_text(encoding="utf-8"))


def prose(path: Path) -> str:
    """The text cells of a lesson, in lower case, without line breaks and marks."""
    cells = nbformat.read(path, as_version=4).cells
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(text.replace("*", "").lower().split())


@pytest.mark.parametrize("term, meaning, number, link", ROWS, ids=[row[0] for row in ROWS])
def test_the_lesson_of_a_term_contains_it(term, meaning, number, link):
    lesson = (GLOSSARY.parent / link).resolve()
    assert lesson.name.startswith(f"{int(number):02}_") and meaning
    assert term.lower() in prose(lesson), f"lesson {number} does not use {term!r}"


def test_the_terms_are_in_alphabetical_order_and_each_row_is_read():
    terms = [row[0].lower() for row in ROWS]
    assert terms == sorted(set(terms))
    assert len(ROWS) == GLOSSARY.read_text(encoding="utf-8").count("\n| **")
