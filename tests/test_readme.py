"""The first page says what is there: lessons with their measured times, links, commands."""

import inspect
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from lib.export.contract import fingerprint
from lib.models import course_model
from lib.phone import __main__ as command
from lib.phone.open_set import Share
from lib.phone.threshold import Chosen
from tools import lesson_table, notebooks, setup

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "paper").glob("*.md"),
    ROOT / "data" / "README.md",
]


def test_the_table_lists_every_lesson_with_its_measured_time():
    assert lesson_table.with_table(README) == README, "run `python -m tools.lesson_table`"


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_lesson_says_the_time_that_was_measured(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    before = notebook.cells[0].source
    assert lesson_table.TIME.search(before), "no running time in its first cell"
    assert lesson_table.with_time(notebook).cells[0].source == before, (
        "run `python -m tools.lesson_table`"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_of_a_page_leads_nowhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    for link in links:
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_no_lesson_links_to_a_lesson_that_is_not_there():
    for path in notebooks.lessons():
        text = "".join(
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "markdown"
        )
        for link in re.findall(r"\]\((\d\d_\w+\.ipynb)\)", text):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"


def test_every_make_target_that_a_page_names_exists():
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z-]+)", page.read_text())) <= targets, page.name


def test_first_page_in_blocks_names_only_real_commands():
    named = re.findall(r"(?m)^make ([a-z-]+)", README)
    assert named == ["lab", "test"]


def test_the_first_page_has_ones_own_people_before_the_lessons_with_a_picture_of_the_end():
    own, lessons = README.index("## Your own people"), README.index("## The lessons")
    assert README.index("## Two commands") < own < lessons
    assert "docs/phone/screenshot.png" in README[own:lessons]


def test_the_picture_s_scores_are_by_the_network_that_ships():
    with Image.open(ROOT / "docs" / "first_page.png") as picture:
        drawn_by = picture.info["Network"]
    assert drawn_by == fingerprint(course_model()), "draw it again: python -m tools.first_page"


def test_the_first_page_says_what_set_up_asks_for():
    assert f"{setup.NEEDED_GIB} GiB of free disk" in README
    assert "one to ten minutes" in README and "one to ten minutes" in inspect.getsource(setup)


def test_the_example_s_rates_stand_as_the_command_prints_them(capsys):
    (shown,) = re.findall(r"(?m)^(threshold [\s\S]*?)\n```", README)
    threshold, how = re.match(r"threshold ([\d.]+): (.*)", shown).groups()
    percent = re.findall(r"([\d.]+)% \(([\d.]+)% to ([\d.]+)%\)", shown)
    shares = [Share(*(float(value) / 100 for value in row)) for row in percent]
    command._tell(Chosen(float(threshold), how, True, *shares))
    assert capsys.readouterr().out.strip() == shown


def test_the_example_s_reasons_are_the_library_s():
    reasons = re.findall(r"(?m)^  left out  \S+: (.*)$", README)
    sources = "".join(path.read_text() for path in (ROOT / "lib").rglob("*.py"))
    assert len(reasons) == 4
    for reason in reasons:
        fixed = max(re.split(r"\S+/\S+|\b\d+\b", reason), key=len)
        assert fixed.strip(" ,") in sources, reason
