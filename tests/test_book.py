"""The site: every lesson is a page, figures have alt texts, formulas are MathML, links exist."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from tools import book, frames, notebooks

ROOT = Path(__file__).resolve().parent.parent
needs_sphinx = pytest.mark.skipif(
    bool(book.missing()),
    reason=f"{', '.join(book.missing())} missing: `make book` installs what the site needs",
)
VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}


class Page(HTMLParser):
    """A page: elements with attributes, words outside code, elements within each <details>."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.elements, self.words, self.within, self._open = path, [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.elements.append((tag, dict(attributes)))
        if "details" in self._open:
            self.within.append(tag if "summary" not in self._open else f"summary {tag}")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"pre", "code", "script", "style", "title"} & set(self._open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def pictures(path: Path) -> list[str]:
    """The alt text of each picture that a lesson stores, in order."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    outputs = [
        output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})
    ]
    return [output.metadata["image/png"]["alt"] for output in outputs]


def markdown(path: Path) -> str:
    return "\n\n".join(
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    )


# -- the whole course ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> dict[str, Page]:
    """The course's pages, built once, by their path in the site."""
    out = tmp_path_factory.mktemp("site") / "book"
    book.build(out)
    return {path.relative_to(out).as_posix(): Page(path) for path in sorted(out.rglob("*.html"))}


@needs_sphinx
def test_every_lesson_and_every_page_beside_them_is_in_the_site(site):
    sources = [
        *notebooks.lessons(),
        ROOT / "README.md",
        ROOT / "data" / "README.md",
        *(ROOT / "paper").glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
    ]
    assert {path.relative_to(ROOT).with_suffix(".html").as_posix() for path in sources} <= set(site)
    hrefs = [link.get("href", "") for link in site["README.html"].all("a")]
    table = (ROOT / "README.md").read_text()
    for lesson in notebooks.lessons():
        assert hrefs.count(f"notebooks/{lesson.stem}.html") >= 1 + (lesson.name in table), (
            f"{lesson.name} stands in the sidebar, and where the table has it"
        )


@needs_sphinx
def test_a_page_shows_every_stored_figure_with_its_own_alt_text(site):
    counted = 0
    for lesson in notebooks.lessons():
        shown = [image["alt"] for image in site[f"notebooks/{lesson.stem}.html"].all("img")]
        assert shown == pictures(lesson), lesson.name
        counted += len(shown)
    assert counted >= 5 * len(notebooks.lessons())


@needs_sphinx
def test_every_image_of_the_site_has_an_alt_text(site):
    for name, page in site.items():
        assert all(len(image.get("alt") or "") >= 10 for image in page.all("img")), name


@needs_sphinx
def test_every_folded_answer_is_there_and_every_formula_is_mathml(site):
    for lesson in notebooks.lessons():
        page, text = site[f"notebooks/{lesson.stem}.html"], markdown(lesson)
        folded = [
            details for details in page.all("details") if "hide" not in details.get("class", "")
        ]
        assert len(folded) == text.count("<details"), lesson.name
        outside_code = re.sub(r"(?s)```.*?```|`[^`]*`", "", text)
        blocks = [math for math in page.all("math") if math.get("display") == "block"]
        assert len(blocks) == outside_code.count("$$") / 2, lesson.name
        inline = re.findall(r"\$[^$]+\$", outside_code.replace("$$", " "))
        assert bool(inline) <= bool(page.all("math")), lesson.name
        words = "".join(page.words)
        assert "$" not in words and "\\frac" not in words and "```" not in words, lesson.name


@needs_sphinx
def test_every_link_of_the_site_leads_to_a_file(site):
    by_path = {page.path: page for page in site.values()}
    for name, page in site.items():
        for _, element in page.elements:
            link = element.get("href") or element.get("src") or ""
            parts = urlsplit(link)
            if (
                not link
                or parts.scheme
                or (link == "#" and "reference" not in element.get("class", ""))
            ):  # "#": the theme's "back to top"
                continue
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            assert target.is_file(), f"{name} links to {link}"
            if parts.fragment and target in by_path:
                ids = {element.get("id") for _, element in by_path[target].elements}
                assert parts.fragment in ids, f"{name} links to {link}"


@needs_sphinx
def test_no_page_needs_the_network(site):
    for name, page in site.items():
        for tag, attributes in page.elements:
            address = (
                attributes.get("src") or (attributes.get("href") if tag == "link" else None) or ""
            )
            assert not urlsplit(address).netloc, f"{name}: <{tag}> fetches {address}"
    styles = (next(iter(site.values())).path.parent / "_static").rglob("*.css")
    for style in styles:
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text()), style.name


@needs_sphinx
def test_the_download_button_gives_the_notebook_itself(site):
    for lesson in notebooks.lessons():
        page = site[f"notebooks/{lesson.stem}.html"]
        link = next(a["href"] for a in page.all("a") if "download" in a)
        assert (page.path.parent / link).resolve().read_bytes() == lesson.read_bytes()


# -- one small course, then spoiled ----------------------------------------------------------------


DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJgg"
    "g=="
)
FOLDED = """<details><summary>Answer, $\\sqrt 2$</summary>

Half of **it**, $\\tfrac12$:

```python
x = 1
```

</details>"""
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://x.y/z)"
)
ADDRESS = "https://github.com/someone/course"


@pytest.fixture
def small(tmp_path) -> Path:
    """A course of one lesson, with the site's real settings.

    Nothing that its cells name exists: a build that ran them would fail.
    """
    for folder in ("docs/book", "tools"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "README.md").write_text(
        "# A course\n\n[First](notebooks/01_first.ipynb), and [the tools](tools).\n"
    )
    cells = [
        nbformat.v4.new_markdown_cell(f"{BADGE}\n\n# 1 · First"),
        nbformat.v4.new_code_cell("setup()", metadata={"tags": ["setup"]}),
        nbformat.v4.new_markdown_cell(FOLDED),
    ]
    for source in ("plots.show(fig)", "widgets.explore(draw)"):
        data = {
            "image/png": base64.b64encode(DOT + source.encode()).decode(),
            "text/plain": "words",
        }
        output = nbformat.v4.new_output(
            "display_data", data=data, metadata={"image/png": {"alt": f'A dot, from "{source}".'}}
        )
        cells.append(nbformat.v4.new_code_cell(source, outputs=[output]))
    data = {"text/html": "<p>This needs a running kernel.</p>", "text/plain": "words"}
    output = nbformat.v4.new_output("execute_result", data=data, execution_count=4)
    cells.append(nbformat.v4.new_code_cell("Webcam(look)", outputs=[output]))
    (tmp_path / "notebooks").mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNEL}),
        tmp_path / "notebooks" / "01_first.ipynb",
    )
    return tmp_path


def make(course: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools.book"], cwd=course, capture_output=True, text=True
    )


@needs_sphinx
def test_alt_texts_and_folded_answers_and_controls_survive_the_way_into_a_page(small):
    done = make(small)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("site/book/index.html")
    page = Page(small / "site/book/notebooks/01_first.html")
    assert [image["alt"] for image in page.all("img")] == [
        'A dot, from "plots.show(fig)".',
        'A dot, from "widgets.explore(draw)".',
    ]
    assert {"summary", "summary msqrt", "strong", "math", "pre"} <= set(page.within), (
        "markdown, a formula and code are set within a folded answer"
    )
    assert "".join(page.words).count("A control, shown as its still picture") == 1
    assert "".join(page.words).count("This needs a running kernel.") == 1, "the camera's sentence"
    assert "colab" not in page.path.read_text(), "no dead link while the course has no address"
    first = Page(small / "site/book/README.html")
    assert "tools" in "".join(first.words) and not [
        a for a in first.all("a") if a["href"] == "tools"
    ], "a folder has no page"


@needs_sphinx
def test_a_recorded_control_gets_native_controls_and_its_pictures(small):
    folder = small / "docs/frames/01_first" / frames.name("widgets.explore(draw)")
    folder.mkdir(parents=True)
    controls = [
        {"name": "margin", "kind": "slider", "stops": ["0.1", "0.2"], "start": 1, "of": 9},
        {"name": "squared", "kind": "checkbox", "stops": ["off", "on"], "start": 0, "of": 2},
        {"name": "who", "kind": "choice", "stops": ["A < B", "C"], "start": 1, "of": 2},
        {"name": "step", "kind": "slider", "stops": ["40"], "start": 0, "of": 61},
    ]
    alts = [f"Picture {number} of </script> eight." for number in range(8)]
    (folder / "frames.json").write_text(json.dumps({"controls": controls, "alt": alts}))
    (folder / "0.webp").write_bytes(b"a picture")
    done = make(small)
    assert done.returncode == 0, done.stderr
    page = Page(small / "site/book/notebooks/01_first.html")
    (box,) = [one for one in page.all("div") if one.get("class") == "control"]
    pictures = (page.path.parent / box["data-pictures"]).resolve()
    assert (pictures / "0.webp").read_bytes() == b"a picture"
    assert "hidden" in box, (
        "controls.js shows it; without scripts the still picture is all there is"
    )
    labels = {label["for"] for label in page.all("label")}
    inputs = [one for one in page.all("input") if f"{folder.name}" in one.get("id", "")]
    assert [one["type"] for one in inputs] == ["range", "checkbox", "hidden"]
    assert (inputs[0]["max"], inputs[0]["value"], inputs[0]["aria-valuetext"]) == ("1", "1", "0.2")
    moved = [*inputs[:2], *(one for one in page.all("select") if folder.name in one["id"])]
    assert {one["id"] for one in moved} <= labels
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page.path.read_text())
    assert json.loads(data) == {"alt": alts, "stops": [one["stops"] for one in controls]}
    words = "".join(page.words)
    assert "as its still picture" not in words
    assert "pictures: margin takes 2 of its 9 values, step stays at 40. In JupyterLab" in words
    assert len(page.all("img")) == 2, "the still picture is the one that moves"


@needs_sphinx
def test_with_an_address_there_is_one_colab_button_and_folders_are_linked(small):
    project = (small / "pyproject.toml").read_text()
    (small / "pyproject.toml").write_text(
        re.sub(r'(?m)^repository = ".*"', f'repository = "{ADDRESS}"', project)
    )
    assert make(small).returncode == 0
    page = Page(small / "site/book/notebooks/01_first.html")
    colab = [a["href"] for a in page.all("a") if "colab" in a["href"]]
    assert colab == [
        "https://colab.research.google.com/github/someone/course/blob/main/notebooks/01_first.ipynb"
    ]
    assert f"{ADDRESS}/tree/main/tools" in [
        a["href"] for a in Page(small / "site/book/README.html").all("a")
    ]


@needs_sphinx
def test_further_pages_are_found_without_being_listed(small):
    for name in (
        "docs/android/README.md",
        "docs/gallery.md",
        "docs/about.md",
        "docs/contributing.md",
    ):
        (small / name).parent.mkdir(exist_ok=True)
        (small / name).write_text(f"# Page {name}\n\nWords.\n")
    second = small / "notebooks" / "02_second.ipynb"
    second.write_text(
        (small / "notebooks" / "01_first.ipynb").read_text().replace("# 1 · First", "# 2 · Second")
    )
    assert make(small).returncode == 0
    sidebar = [
        a["href"]
        for a in Page(small / "site/book/README.html").all("a")
        if a.get("class") == "reference internal"
    ]
    beside = [
        "docs/gallery.html",
        "docs/android/README.html",
        "docs/about.html",
        "docs/contributing.html",
    ]
    assert sidebar[:6] == ["notebooks/01_first.html", "notebooks/02_second.html", *beside]


@needs_sphinx
def test_pages_with_faults_end_the_build_with_a_message_and_the_old_pages_stay(small):
    (small / "site/book").mkdir(parents=True)
    (small / "site/book/README.html").write_text("the old page")
    faults = {
        "a": "[nowhere](nowhere.md)",
        "b": "$\\nosuchcommand{x}$",
        "c": "![A picture that is not there](none.png)",
    }
    lesson = small / "notebooks" / "01_first.ipynb"
    lesson.write_text(lesson.read_text().replace("sqrt 2", "nosuchroot 2"))
    for name, fault in faults.items():
        (small / "docs" / f"{name}.md").write_text(f"# Page {name}\n\n{fault}\n")
    done = make(small)
    assert done.returncode == 1 and "each warning is an error" in done.stderr
    for said in (
        r"a\.md:3: .*nowhere\.md",
        r"b\.md:3: .*a formula that cannot be read: \\nosuchcommand",
        r"c\.md:3: .*none\.png",
        r"01_first\.ipynb.*: a formula that cannot be read: \\nosuchroot 2",
    ):
        assert re.search(said, done.stderr), done.stderr
    assert (small / "site/book/README.html").read_text() == "the old page"
    assert [path.name for path in (small / "site").iterdir()] == ["book"], (
        "nothing is left of the failed build"
    )


def test_a_missing_package_is_named_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(book, "NEEDED", {"json": "json", "no_such_module": "no-such-package"})
    with pytest.raises(RuntimeError, match="no-such-package missing: run `make book`"):
        book.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@needs_sphinx
def test_a_picture_is_known_by_its_bytes():
    from tools import pages

    outputs = [
        {
            "data": {"image/png": [base64.b64encode(DOT).decode()]},
            "metadata": {"image/png": {"alt": "A dot."}},
        },
        {"text": "no picture"},
    ]
    notebook = {"cells": [{"outputs": outputs}, {"source": "prose"}]}
    assert pages.alt_texts(notebook) == {hashlib.sha256(DOT).hexdigest(): "A dot."}
