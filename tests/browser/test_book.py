"""The site, opened from disk at a desk's and a phone's size.

It searches, folds, fits the screen, shows every figure, moves every control, and fetches nothing.
"""

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tools import book, frames, notebooks

from .conftest import shot

# A lesson with wide formulas, wide code and folded answers.
(LESSON,) = (
    f"notebooks/{path.stem}.html"
    for path in notebooks.lessons()
    if path.stem.endswith("contrastive_and_triplet_loss")
)
# Elements of the article that reach past the right edge, with nothing around that scrolls or hides.
STICKING_OUT = """() => {
    const holds = style => style.overflowX !== 'visible' || style.position === 'fixed';
    const contained = node => node.parentElement.tagName !== 'ARTICLE' &&
        (holds(getComputedStyle(node.parentElement)) || contained(node.parentElement));
    return [...document.querySelectorAll('article *')]
        .filter(node => node.getBoundingClientRect().right > innerWidth + 1 && !contained(node))
        .map(node => node.tagName + '.' + node.className) }"""
# Contrast with the paper (WCAG 2.2) of each kind of text.
CONTRAST = """() => {
    const luminance = colour => colour.match(/\\d+/g).slice(0, 3)
        .reduce((sum, part, i) => sum + [.2126, .7152, .0722][i] * (part / 255) ** 2.2, 0);
    const paper = luminance(getComputedStyle(document.body).backgroundColor);
    return ['article p', 'article math', 'article pre', '.launch a'].map(place => {
        const ink = luminance(getComputedStyle(document.querySelector(place)).color);
        return (Math.max(paper, ink) + .05) / (Math.min(paper, ink) + .05) }) }"""


@pytest.fixture(scope="package")
def site(launch, tmp_path_factory) -> Path:
    """The course's pages, built once."""
    if book.missing():
        pytest.skip(
            f"{', '.join(book.missing())} missing: `make book` installs what the site needs"
        )
    out = tmp_path_factory.mktemp("site") / "book"
    book.build(out)
    return out


def test_the_index_leads_to_the_first_page_with_every_lesson_on_it(site, page):
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/README.html")
    readme = (book.ROOT / "README.md").read_text()
    lessons = re.findall(r"\]\(notebooks/(\d\d_\w+)\.ipynb\) \|", readme)
    assert len(lessons) > 10
    for lesson in lessons:
        expect(
            page.locator(f"article table a[href='notebooks/{lesson}.html']").first
        ).to_be_visible()


def test_search_works_from_disk(site, page):
    page.goto((site / "README.html").as_uri())
    page.locator("input[name=q]:visible").first.fill("semi-hard")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"search\.html\?q=semi-hard"))
    page.locator(f"#search-results li a[href*='{LESSON}']").first.click()
    page.wait_for_url(re.compile(LESSON))
    expect(page.locator("article")).to_contain_text("semi-hard", use_inner_text=True)


@pytest.mark.parametrize("screen", ["page", "phone_page"], ids=["desk", "phone"])
def test_every_page_fits_shows_its_pictures_and_fetches_nothing(site, screen, request):
    page = request.getfixturevalue(screen)
    requests = []
    page.on("request", lambda sent: requests.append(sent.url))
    for path in sorted(site.rglob("*.html")):
        if path.name == "index.html":
            continue
        page.goto(path.as_uri())
        name = path.relative_to(site).as_posix()
        assert page.evaluate(STICKING_OUT) == [], name
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= page.viewport_size["width"], f"{name} scrolls sideways"
        page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.wait_for_function("[...document.images].every(image => image.complete)")
        poor = page.evaluate("""[...document.images].filter(image => !image.naturalWidth ||
            !(image.alt.trim().length >= 10)).map(image => image.src)""")
        assert poor == [], f"{name}: no picture, or no words for it"
        shot(page, f"book-{path.stem}-{screen}")
    assert len(requests) > 20
    assert [url for url in requests if not url.startswith(("file://", "data:"))] == []


def moving() -> dict[str, int]:
    """The lessons with controls that move, and how many: by recorded pictures, by a script."""
    found = {}
    for lesson in notebooks.lessons():
        notebook = nbformat.read(lesson, as_version=4)
        pictures = [
            frames.folder_of(lesson) / frames.name(c.source) for c in frames.cells(notebook)
        ]
        scripts = len(frames.cells(notebook)) - len(frames.recorded_cells(lesson, notebook))
        found[lesson.stem] = scripts + sum(folder.is_dir() for folder in pictures)
    return {lesson: count for lesson, count in found.items() if count}


def recorded() -> list[str]:
    """The lessons whose controls have recorded pictures."""
    if not (found := sorted(path.name for path in frames.FRAMES.glob("*"))):
        pytest.skip("no pictures of controls here: `make notebooks` records them")
    return found


def first_control(page: Page, site: Path) -> Locator:
    """A control with a slider, on the page of the first lesson that has recorded pictures."""
    page.goto((site / "notebooks" / f"{recorded()[0]}.html").as_uri())
    return page.locator(".control[data-pictures]", has=page.locator("input[type=range]")).first


def shown(control: Locator) -> tuple[str, str]:
    """The address and the words of a control's picture, once it is drawn."""
    picture = control.locator("xpath=..").locator("img")
    drawn = "image => image.decode().then(() => [image.src, image.alt])"
    return tuple(picture.evaluate(drawn))


def place_of_stop(slider: Locator, share: float) -> tuple[float, float]:
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 2


@pytest.mark.parametrize("screen", ["page", "phone_page"], ids=["desk", "phone"])
def test_a_control_moves_by_keyboard_slider_and_finger_without_a_kernel(site, screen, request):
    page = request.getfixturevalue(screen)
    control = first_control(page, site)
    slider = control.locator("input[type=range]").first
    before = shown(control)
    slider.press("ArrowRight")
    by_key = shown(control)
    assert by_key[0] != before[0] and by_key[1] != before[1]
    assert by_key[0].startswith("file://") and by_key[0].endswith(".webp")
    words = slider.get_attribute("aria-valuetext")
    expect(slider.locator("xpath=following-sibling::output").first).to_have_text(words)
    slider.press("ArrowLeft")
    assert shown(control)[1] == before[1], "back where it was, with the words of the still picture"
    touch = page.touchscreen.tap if screen == "phone_page" else page.mouse.click
    touch(*place_of_stop(slider, 0.02))
    at_the_left = shown(control)
    touch(*place_of_stop(slider, 0.98))
    assert len({before[0], at_the_left[0], shown(control)[0]}) == 3
    assert slider.bounding_box()["height"] >= 44, "a finger needs 44 points (WCAG 2.5.5)"
    control.scroll_into_view_if_needed()


def test_every_control_of_the_site_moves_its_picture_and_its_words(site, page):
    errors = []
    page.on("pageerror", lambda error: errors.append(error.message))
    for lesson, count in moving().items():
        page.goto((site / "notebooks" / f"{lesson}.html").as_uri())
        controls = page.locator(".control").all()
        assert len(controls) == count, lesson
        for control in controls:
            expect(control).to_be_visible()
            for part in control.locator("input:not([type=hidden]), select").all():
                before = shown(control)
                move(part)
                # The words alone, where a value changes nothing: one-cycle has its own warm-up.
                assert shown(control) != before, lesson
        shot(page, f"book-moved-{lesson}")
    assert errors == []


def move(part: Locator) -> None:
    """One stop further, or back where a slider or a list is at its end, by keyboard."""
    if part.get_attribute("type") == "checkbox":
        part.press(" ")
        return
    is_list = part.evaluate("part => part.tagName === 'SELECT'")
    back, on = ("ArrowUp", "ArrowDown") if is_list else ("ArrowLeft", "ArrowRight")
    last = part.evaluate("part => String(part.length - 1)" if is_list else "part => part.max")
    part.press(back if part.input_value() == last else on)


def test_what_is_wider_than_a_phone_scrolls_inside_itself(site, phone_page):
    page = phone_page
    page.goto((site / LESSON).as_uri())
    scrolled = page.evaluate("""[...document.querySelectorAll('.formula')]
        .filter(box => box.scrollWidth > box.clientWidth)
        .map(box => { box.scrollLeft = 50; return box.scrollLeft })""")
    assert scrolled and all(moved > 0 for moved in scrolled)
    assert page.evaluate("""[...document.querySelectorAll('.highlight pre')]
        .some(code => code.scrollWidth > code.clientWidth)""")
    page.emulate_media(color_scheme="dark")
    page.goto((site / "docs/results/log.html").as_uri())
    assert page.evaluate("""[...document.querySelectorAll('table')]
        .some(table => table.scrollWidth > table.parentElement.clientWidth)"""), "no wide table"


def test_a_formula_is_drawn_in_the_font_that_the_site_brings(site, page):
    page.goto((site / LESSON).as_uri())
    assert page.evaluate("""document.fonts.ready.then(fonts => [...fonts]
        .some(font => font.family.includes('STIX Two Math') && font.status === 'loaded'))""")
    heights = page.locator("math[display=block]").evaluate_all(
        "formulas => formulas.map(math => math.getBoundingClientRect().height)"
    )
    assert len(heights) > 2 and min(heights) > 15
    expect(page.locator("article")).not_to_contain_text("$$", use_inner_text=True)
    over, under = page.locator(".formula mfrac").first.evaluate(
        "fraction => [...fraction.children].map(part => part.getBoundingClientRect().top)"
    )
    assert under - over > 5, "a fraction's parts stand one over the other"


def test_a_folded_answer_opens_by_keyboard(site, page):
    page.goto((site / LESSON).as_uri())
    answer = page.locator("article details:not(.hide)").first
    expect(answer.locator("p").first).to_be_hidden()
    answer.locator("summary").press(" ")
    expect(answer.locator("p").first).to_be_visible()


def test_dark_and_light_are_chosen_by_the_reader_and_stay_readable(site, page):
    papers = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto((site / LESSON).as_uri())
        page.wait_for_timeout(300)  # colours fade into one another
        ratios = page.evaluate(CONTRAST)
        assert min(ratios) > 4.5, f"WCAG asks for 4.5 between letters and paper; {ratios}"
        papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        shot(page, f"book-lesson-{scheme}")
    assert len(papers) == 2


def test_the_lessons_follow_one_another(site, page):
    first, *others = notebooks.lessons()
    page.goto((site / "notebooks" / f"{first.stem}.html").as_uri())
    for lesson in others:
        page.click("a.next-page")
        page.wait_for_url(f"**/{lesson.stem}.html")
        expect(page.locator("article h1")).to_have_count(1)
