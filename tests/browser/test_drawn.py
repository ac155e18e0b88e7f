"""Controls that the site draws itself, on a page opened from disk at both sizes."""

import base64
import html
import json
import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from lib import course
from tools import book, drawn, frames

from .conftest import shot

NAMES = sorted(
    path.relative_to(drawn.SCRIPTS).with_suffix("").as_posix()
    for path in drawn.SCRIPTS.rglob("*.js")
)
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Controls</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="../_static/book.css">
<style>img { max-width: 100%; height: auto }</style>
"""
END = """<script defer src="../_static/axes.js"></script>
<script defer src="../_static/controls.js"></script>
"""  # where the site's theme puts them


@pytest.fixture(scope="module")
def drawn_page(tmp_path_factory) -> Path:
    """A page with every control that a script draws, as the page builder writes them.

    Each stands over the still picture that its lesson stores.
    """
    if book.missing():
        pytest.skip(f"{', '.join(book.missing())} missing: `make book` installs them")
    from tools import pages

    folder, parts = tmp_path_factory.mktemp("site"), [HEAD]
    shutil.copytree(course.ROOT / "docs" / "book" / "static", folder / "_static")
    (folder / "notebooks").mkdir()
    for lesson in sorted({name.split("/")[0] for name in NAMES}):
        path = course.ROOT / "notebooks" / f"{lesson}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in frames.cells(notebook):
            if drawn.name_of(path, cell.source):
                (output,) = (one for one in cell.outputs if "image/png" in one.get("data", {}))
                alt = html.escape(output.metadata["image/png"]["alt"])
                picture = folder / "notebooks" / f"{frames.name(cell.source)}.png"
                picture.write_bytes(base64.b64decode(output.data["image/png"]))
                above, words = pages.moving(path, notebook, cell.source)
                parts.append(
                    f'<div>{above}<img src="{picture.name}" alt="{alt}"></div><p>{words}</p>'
                )
    page = folder / "notebooks" / "drawn.html"
    page.write_text("\n".join([*parts, END]), encoding="utf-8")
    return page


def shown(control: Locator) -> tuple[str, str]:
    """The address and the words of a control's picture, once it is drawn."""
    picture = control.locator("xpath=..").locator("img")
    drawn = "image => image.decode().then(() => [image.src, image.alt])"
    return tuple(picture.evaluate(drawn))


def is_in_words(control: Locator, slider: Locator) -> bool:
    """Whether the alt text tells the value of a slider."""
    given = json.loads(control.locator("script").first.text_content())
    parameter = given["parameters"][int(slider.get_attribute("id").rpartition("-")[2])]
    return f"{{{parameter}" in given["alt"]


def on_slider(slider: Locator, share: float) -> tuple[float, float]:
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


def still_alts(page: Path) -> list[str]:
    """The alt texts of the stored pictures, which are those of a page without scripts."""
    return [html.unescape(part.split('"')[0]) for part in page.read_text().split(' alt="')[1:]]


@pytest.mark.parametrize("screen", ["page", "phone_page"], ids=["desk", "phone"])
def test_every_drawn_control_moves_by_keyboard_and_mouse_or_finger_from_disk(
    drawn_page, screen, request
):
    page, errors, sent = request.getfixturevalue(screen), [], []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.on("request", lambda one: sent.append(one.url))
    page.goto(drawn_page.as_uri())
    touch = page.touchscreen.tap if screen == "phone_page" else page.mouse.click
    controls = page.locator(".control").all()
    assert len(controls) == len(NAMES)
    for control, still in zip(controls, still_alts(drawn_page), strict=True):
        name = control.get_attribute("data-drawn")
        expect(control).to_be_visible()
        at_first = shown(control)
        assert at_first[0].startswith("data:image/svg+xml,") and at_first[1] == still, name
        for slider in control.locator("input[type=range]").all():
            before = shown(control)
            slider.press("ArrowRight")
            by_key = shown(control)
            assert by_key[0] != before[0], name
            assert (by_key[1] != before[1]) == is_in_words(control, slider), name
            words = slider.get_attribute("aria-valuetext")
            expect(slider.locator("xpath=following-sibling::output").first).to_have_text(words)
            slider.press("ArrowLeft")
            assert shown(control) == before, f"{name}: back where it was"
            touch(*on_slider(slider, 0.03))
            at_the_left = shown(control)
            touch(*on_slider(slider, 0.97))
            assert at_the_left[0] != shown(control)[0], name
        for box in control.locator("input[type=checkbox]").all():
            before = shown(control)
            box.click()
            assert shown(control)[0] != before[0], name
        for choice in control.locator("select").all():
            before = shown(control)
            chosen = choice.evaluate("choice => choice.selectedIndex")
            choice.select_option(index=0 if chosen else 1)
            assert shown(control)[0] != before[0] and shown(control)[1] != before[1], name
        control.locator("xpath=..").scroll_into_view_if_needed()
        shot(page, f"drawn-{name.replace('/', '-')}-{screen}")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], "the page scrolls sideways"
    assert errors == [] and all(url.startswith(("file://", "data:")) for url in sent)


def test_without_scripts_the_stored_picture_stays_and_no_control_is_shown(drawn_page, browser):
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(drawn_page.as_uri())
        images = page.locator("img").all()
        assert [image.get_attribute("alt") for image in images] == still_alts(drawn_page)
        assert all(image.get_attribute("src").endswith(".png") for image in images)
        assert page.locator(".control:visible").count() == 0
