"""Somebody opens the site from disk, on a desk and on a phone: it searches, folds, fits, shows every figure, and fetches nothing."""

import os
import re
import time
from pathlib import Path

import pytest

from tools import book, notebooks

from . import chromium

SHOTS = os.environ.get("COURSE_SCREENSHOTS")  # a folder, to look at what the browser saw
PHONE = (390, 844)
LESSON_3 = "notebooks/03_contrastive_and_triplet_loss.html"
# Elements that reach past the right edge of the screen and that nothing around them scrolls or hides.
STICKING_OUT = """(() => {
    const contained = node => { for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== 'visible' || getComputedStyle(up).position === 'fixed') return true; return false };
    return [...document.querySelectorAll('main *')].filter(node => node.getBoundingClientRect().right > innerWidth + 1 && !contained(node))
        .map(node => node.tagName + '.' + node.className)})()"""


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The course's pages, built once."""
    if chromium.find() is None:
        pytest.skip(
            "no Chromium here: install it (Debian: apt-get install chromium), or set COURSE_CHROMIUM to one"
        )
    if book.missing():
        pytest.skip(
            f"{', '.join(book.missing())} missing: `make book` installs what the site needs"
        )
    out = tmp_path_factory.mktemp("site") / "book"
    book.build(out)
    return out


def show(
    page: chromium.Page,
    address: Path | str,
    size: tuple[int, int] = (1280, 900),
    dark: bool = False,
) -> None:
    """Open a page from disk at a size, and wait until its pictures are there."""
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=size[0],
        height=size[1],
        deviceScaleFactor=1,
        mobile=size == PHONE,
    )
    page.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
    )
    address = address if isinstance(address, str) else address.as_uri()
    page.open(address)
    page.wait(f"location.href.startsWith({address!r}) && document.readyState === 'complete'")


def shot(page: chromium.Page, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"book-{name}.png")


def all_pages(site: Path) -> list[Path]:
    return [path for path in sorted(site.rglob("*.html")) if path.name != "index.html"]


def test_the_index_leads_to_the_first_page_with_every_lesson_on_it(site, page):
    page.open((site / "index.html").as_uri())
    page.wait("location.href.endsWith('/README.html') && document.readyState === 'complete'")
    shot(page, "first")
    table = re.findall(
        r"\]\(notebooks/(\d\d_\w+)\.ipynb\) \|", (book.ROOT / "README.md").read_text()
    )
    assert len(table) > 10
    for lesson in table:
        assert page.run(
            f"!!document.querySelector('article table a[href=\"notebooks/{lesson}.html\"]')"
        ), lesson


def test_search_works_from_disk(site, page):
    show(page, site / "README.html")
    page.run("document.querySelector('input[type=search], input[name=q]').focus()")
    page.call("Input.insertText", text="semi-hard")
    page.call(
        "Input.dispatchKeyEvent",
        type="keyDown",
        key="Enter",
        code="Enter",
        windowsVirtualKeyCode=13,
        text="\r",
    )
    page.wait("location.href.includes('search.html?q=semi-hard')")
    link = f"document.querySelector('#search-results li a[href*=\"{LESSON_3}\"]')"
    page.wait(f"!!{link}")
    shot(page, "search")
    page.run(f"setTimeout(() => {link}.click()), 0")
    page.wait(f"location.href.includes('{LESSON_3}') && document.readyState === 'complete'")
    assert page.run("document.querySelector('article').innerText.includes('semi-hard')")


@pytest.mark.parametrize("size", [(1280, 900), PHONE], ids=["desk", "phone"])
def test_every_page_fits_shows_its_pictures_and_fetches_nothing(site, page, size):
    for path in all_pages(site):
        show(page, path, size)
        name = path.relative_to(site).as_posix()
        assert page.run("document.documentElement.scrollWidth") <= size[0], (
            f"{name} scrolls sideways: {page.run(STICKING_OUT)}"
        )
        assert page.run(STICKING_OUT) == [], name
        page.run("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.wait("[...document.images].every(image => image.complete)")
        assert (
            page.run(
                "[...document.images].filter(image => !image.naturalWidth || !(image.alt.trim().length >= 10)).map(image => image.src)"
            )
            == []
        ), name
        fetched = page.run("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert [
            address for address in fetched if not address.startswith(("file://", "data:"))
        ] == [], name
        shot(page, f"{path.stem}-{size[0]}")


def test_what_is_wider_than_a_phone_scrolls_inside_itself(site, page):
    show(page, site / LESSON_3, PHONE)
    scrolled = page.run("""[...document.querySelectorAll('.formula')].filter(box => box.scrollWidth > box.clientWidth)
                           .map(box => { box.scrollLeft = 50; return box.scrollLeft })""")
    assert scrolled and all(moved > 0 for moved in scrolled)
    assert page.run(
        "[...document.querySelectorAll('.highlight pre')].some(code => code.scrollWidth > code.clientWidth)"
    )
    show(page, site / "docs/results.html", PHONE, dark=True)
    assert page.run(
        "[...document.querySelectorAll('table')].some(table => table.scrollWidth > table.parentElement.clientWidth)"
    ), "a wide table is tried"
    shot(page, "results-dark")


def test_a_formula_is_drawn_in_the_font_that_the_site_brings(site, page):
    show(page, site / LESSON_3)
    page.wait("document.fonts.status === 'loaded'")
    assert page.run(
        "[...document.fonts].some(font => font.family.includes('STIX Two Math') && font.status === 'loaded')"
    )
    heights = page.run(
        "[...document.querySelectorAll('math[display=block]')].map(math => math.getBoundingClientRect().height)"
    )
    assert len(heights) > 5 and min(heights) > 15
    assert page.run("!document.querySelector('article').innerText.includes('$$')")
    fraction = page.run("""(() => { const [over, under] = document.querySelector('.formula mfrac').children;
                             return under.getBoundingClientRect().top - over.getBoundingClientRect().top })()""")
    assert fraction > 5, "a fraction's parts stand one over the other"


def test_a_folded_answer_opens_by_keyboard(site, page):
    show(page, site / LESSON_3)
    page.run(
        "window.answer = document.querySelector('article details:not(.hide)'), answer.scrollIntoView(), 0"
    )
    assert page.run("!answer.open && !answer.querySelector('p').checkVisibility()")
    page.run("answer.querySelector('summary').focus()")
    page.press(" ")
    page.wait("answer.open && answer.querySelector('p').checkVisibility()")
    shot(page, "answer")


def test_dark_and_light_are_chosen_by_the_reader_and_stay_readable(site, page):
    seen = set()
    for dark in (False, True):
        show(page, site / LESSON_3, dark=dark)
        time.sleep(0.3)
        luminance = """(colour => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part, i) => sum + [.2126, .7152, .0722][i] * (part / 255) ** 2.2, 0))"""
        ratios = page.run(f"""['article p', 'article math', 'article pre', '.launch a'].map(place => {{
            const style = getComputedStyle(document.querySelector(place));
            const paper = {luminance}(getComputedStyle(document.body).backgroundColor), ink = {luminance}(style.color);
            return (Math.max(paper, ink) + .05) / (Math.min(paper, ink) + .05) }})""")
        assert min(ratios) > 4.5, f"WCAG asks for 4.5 between letters and paper; {ratios}"
        seen.add(page.run("getComputedStyle(document.body).backgroundColor"))
        shot(page, f"lesson-{'dark' if dark else 'light'}")
    assert len(seen) == 2


def test_the_lessons_follow_one_another(site, page):
    show(page, site / "notebooks" / f"{notebooks.lessons()[0].stem}.html")
    for lesson in notebooks.lessons()[1:]:
        page.run(
            "setTimeout(() => document.querySelector('a.next-page').click()), 0"
        )  # the answer first: the click ends this page
        page.wait(
            f"location.href.endsWith('/{lesson.stem}.html') && document.readyState === 'complete'"
        )
        assert page.run("document.querySelectorAll('main h1, article h1').length") == 1, lesson.stem
