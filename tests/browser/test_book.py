"""The site, opened from disk at a desk's and a phone's size.

It searches, folds, fits the screen, shows every figure, and fetches nothing.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tools import book, notebooks

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
