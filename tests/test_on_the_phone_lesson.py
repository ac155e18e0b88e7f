"""What the lessons on the phone and on attacks say besides what cells compute.

Excerpts are of the files that they name; the self-check needs no kernel.
"""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "docs/android/app/src"
LESSONS = ("15_on_the_phone", "16_attacks_and_privacy")


def text_of(lesson: str) -> str:
    """The prose of one lesson."""
    cells = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_the_kotlin_excerpt_is_in_the_apps_source():
    source = (APP / "litert/kotlin/siamese/phone/Embedder.kt").read_text()
    (excerpt,) = re.findall(r"```kotlin\n(.*?)\n```", text_of("15_on_the_phone"), re.S)
    assert all(line.strip() in source for line in excerpt.splitlines())


def test_the_kotlin_files_that_the_lesson_names_are_in_the_app():
    named = set(re.findall(r"`(\w+\.kt)`", text_of("15_on_the_phone")))
    assert named and named <= {path.name for path in APP.rglob("*.kt")}


def test_the_self_check_has_ten_questions_and_one_right_choice_each():
    text = text_of("16_attacks_and_privacy")
    self_check = text.split("## Self-check")[1].split("## Recap")[0]
    questions = re.split(r"^\*\*\d+\.\*\* ", self_check, flags=re.M)[1:]
    assert len(questions) == 10
    for question in questions:
        choices = re.findall(
            r"<details><summary>(.+?)</summary>\n\n(.+?)\n</details>", question, re.S
        )
        assert len(choices) >= 3 and question.count("<details>") == len(choices)
        assert [why.split()[0].rstrip(".,:") for _, why in choices].count("Right") == 1, question
        assert all(
            re.match(r"(Right|No|Yes)[.,:]? ", why) and len(why) > 40 for _, why in choices
        ), "every choice says why"


@pytest.mark.parametrize(
    "page", [*(f"notebooks/{lesson}.ipynb" for lesson in LESSONS), "docs/gallery.md"]
)
def test_every_link_into_the_course_leads_somewhere(page):
    text = text_of(Path(page).stem) if page.endswith("ipynb") else (ROOT / page).read_text()
    inside = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    assert inside and all(
        ((ROOT / page).parent / link.split("#")[0]).exists() for link in inside
    ), inside


def test_the_pages_example_of_a_file_is_the_format():
    from lib.phone.gallery_file import FIRST_LINE, LONGEST_NAME

    page = (ROOT / "docs" / "gallery.md").read_text()
    assert f"```\n{FIRST_LINE}\nfingerprint " in page and f"1 to {LONGEST_NAME} code points" in page
