"""One table in docs/models.md names the course's thresholds, as constants and lessons have them."""

import re

import nbformat
import pytest

from lib.models import RECOGNISERS
from tools import notebooks, thresholds

PAGE = thresholds.PAGE.read_text(encoding="utf-8")


def test_the_table_is_the_one_that_constants_and_stored_outputs_give():
    between = PAGE.split(thresholds.START)[1].split(thresholds.END)[0].strip()
    assert between == thresholds.table(), "run: python -m tools.thresholds"


def test_every_recogniser_has_its_threshold_in_the_table():
    shown = {(row[0].split("`")[1], row[2]) for row in thresholds.rows() if "`" in row[0]}
    assert {(name, f"{one.threshold}") for name, one in RECOGNISERS.items()} <= shown


@pytest.mark.parametrize("number", [11, 12, 14, 15])
def test_the_lessons_that_choose_a_threshold_have_a_row(number):
    assert any(re.search(rf"\blessons? {number}\b", row[4]) for row in thresholds.rows())


def test_verification_leads_the_reader_to_the_table():
    (path,) = (path for path in notebooks.lessons() if path.name.startswith("11_"))
    cells = nbformat.read(path, as_version=4).cells
    assert any("../docs/models.md#thresholds" in cell.source for cell in cells)
    assert "\n## Thresholds\n" in PAGE


def test_a_lesson_that_no_longer_prints_its_threshold_is_named():
    with pytest.raises(LookupError, match="^11_verification"):
        thresholds.stored(11, "no such words (0)")
