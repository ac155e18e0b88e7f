"""How a stored lesson becomes a page of the site: a Sphinx extension, loaded by docs/book/conf.py.

It adds tables of contents to pages that GitHub shows too, gives every figure its alt text, marks
the still picture of a control or puts native controls over it that move its recorded pictures or
let a script draw them, puts launch buttons under a lesson's title, and turns formulas into MathML.
"""

import base64
import hashlib
import html
import importlib.util
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.fileutil import copy_asset_file

from tools import drawn, frames, stamp

ROOT = Path(__file__).resolve().parent.parent
FIRST = (
    "docs/glossary.md",
    "docs/results.md",
    "docs/models.md",
    "docs/gallery.md",
    "docs/from-other-repos.md",
    "docs/android/README.md",
    "docs/phone/README.md",
)
LAST = ("paper/README.md", "data/README.md", "docs/contributing.md")
RECORDED = "The control moves recorded pictures"
DRAWN = "The control draws its picture in the browser, at every value."
STILL = "A control, shown as its still picture: open the lesson in JupyterLab to move it."

log = logging.getLogger(__name__)
to_mathml = LatexToMathML(annotation=False)


# -- contents --------------------------------------------------------------------------------------


def beside_the_lessons(root: Path = ROOT) -> list[str]:
    """Names of the pages beside the lessons: FIRST, whatever else docs/ holds, LAST.

    A page of FIRST or LAST that does not exist is left out.
    """
    pages = (path for path in root.glob("docs/**/*.md") if "node_modules" not in path.parts)
    there = {path.relative_to(root).as_posix() for path in pages}
    there |= {name for name in LAST if (root / name).exists()}
    named = [*FIRST, *sorted(there - {*FIRST, *LAST}), *LAST]
    return [name.removesuffix(".md") for name in named if name in there]


def contents(caption: str, pages: list[str]) -> str:
    """A table of contents that only the sidebar shows."""
    lines = ["```{toctree}", ":hidden:", f":caption: {caption}", ""]
    return "\n\n" + "\n".join([*lines, *(f"/{page}" for page in pages), "```"]) + "\n"


def names(pattern: str) -> list[str]:
    """The pages whose files match a pattern, sorted."""
    return sorted(path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.glob(pattern))


def prepare(app: Sphinx, docname: str, source: list[str]) -> None:
    """Change a page's text before it is read.

    The first page and the papers get tables of contents; lessons lose badges, and their setup cell
    is folded.
    """
    text = source[0]
    if docname.startswith("notebooks/"):
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            if "setup" in cell["metadata"].get("tags", []):
                cell["metadata"]["tags"].append("hide-cell")
            elif cell["cell_type"] == "markdown":
                words = stamp.BADGE_LINE.sub("", "".join(cell["source"]))
                cell["source"] = with_formulas_in_summaries(words, docname)
        text = json.dumps(notebook)
    elif docname == app.config.root_doc:
        text = stamp.BADGE_LINE.sub("", text) + contents("Lessons", names("notebooks/[0-9]*.ipynb"))
        text += contents("Beside the lessons", beside_the_lessons())
    elif docname == "paper/README":
        text += contents("Papers", [name for name in names("paper/*.md") if name != docname])
    source[0] = text


def with_formulas_in_summaries(text: str, docname: str) -> str:
    """The text with the formulas in <summary> as MathML: Markdown leaves HTML as it is."""

    def mathml(match: re.Match) -> str:
        try:
            return formula(html.unescape(match[1]), display=False)
        except LatexError as error:
            log.warning("a formula that cannot be read: %s\n%s", match[1], error, location=docname)
            return match[0]

    return re.sub(
        r"<summary>.*?</summary>",
        lambda summary: re.sub(r"\$([^$\n]+)\$", mathml, summary[0]),
        text,
        flags=re.S,
    )


# -- figures ---------------------------------------------------------------------------------------


def alt_texts(notebook: dict) -> dict[str, str]:
    """sha256 of each stored picture -> its alt text; MyST-NB names a picture by this hash."""
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if png := output.get("data", {}).get("image/png"):
                digest = hashlib.sha256(base64.b64decode("".join(png))).hexdigest()
                found[digest] = output.get("metadata", {}).get("image/png", {}).get("alt", "")
    return found


def finish(app: Sphinx, doctree: nodes.document) -> None:
    """Change a page after it is read: links to folders, and what a lesson needs besides."""
    docname = app.env.docname
    for link in list(doctree.findall(addnodes.pending_xref)):
        folder = ROOT / Path(docname).parent / link["reftarget"]
        if folder.is_dir():
            name = folder.resolve().relative_to(ROOT).as_posix()
            link.replace_self(folder_link(link, name, stamp.address()))
    if docname.startswith("notebooks/"):
        finish_lesson(doctree, ROOT / f"{docname}.ipynb")


def finish_lesson(doctree: nodes.document, path: Path) -> None:
    """Alt texts on figures, controls over their recorded pictures, launch buttons."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    alts = alt_texts(notebook)
    for image in doctree.findall(nodes.image):
        if alt := alts.get(Path(image["uri"]).stem):
            image["alt"] = alt
    found = {
        digest: moving(path, notebook, frames.source_of(cell))
        for cell in frames.cells(notebook)
        for digest in list(alt_texts({"cells": [cell]}))[-1:]  # a control ends its cell
    }
    for image in list(doctree.findall(nodes.image)):
        if (stem := Path(image["uri"]).stem) in found:
            above, words = found[stem]
            if above:
                place = image.parent.index(image)
                image.parent.insert(place, nodes.raw("", above, format="html"))
            insert_after(image, nodes.paragraph("", words, classes=["still"]))
    title = next(doctree.findall(nodes.title))
    insert_after(title, nodes.raw("", launch(path, stamp.address()), format="html"))


def moving(path: Path, notebook: dict, source: str) -> tuple[str, str]:
    """The native controls over a control's still picture, and the line under it.

    Without a script that draws it and without recorded pictures there are none.
    """
    folder = frames.folder_of(path) / frames.name(source)
    if name := drawn.name_of(path, source):
        index = drawn.index(notebook, source)
        data = {key: [one[key] for one in index["controls"]] for key in ("values", "start")}
        data |= {"parameters": [one["parameter"] for one in index["controls"]]}
        data |= {"size": index["size"]}
        return control_html(index, folder.name, f'data-drawn="{name}"', data), DRAWN
    if index := frames.read(folder):
        pictures = f"../docs/frames/{folder.parent.name}/{folder.name}/"
        box = control_html(index, folder.name, f'data-pictures="{pictures}"', {})
        return box, recorded_words(index["controls"])
    return "", STILL


def recorded_words(controls: list[dict]) -> str:
    """What the pictures of this page leave out, for the line under them."""
    fixed = [f"{c['name']} stays at {c['stops'][0]}" for c in controls if len(c["stops"]) == 1]
    fewer = [
        f"{c['name']} takes {len(c['stops'])} of its {c['of']} values"
        for c in controls
        if 1 < len(c["stops"]) < c["of"]
    ]
    if not fixed + fewer:
        return f"{RECORDED}."
    return f"{RECORDED}: {', '.join(fewer + fixed)}. In JupyterLab every value can be chosen."


def control_html(index: dict, name: str, moved_by: str, more: dict) -> str:
    """The controls of one picture, hidden until docs/book/static/controls.js connects them.

    name      of the cell: ids begin with it
    moved_by  the attribute that says what moves the picture
    more      what the script is told besides alt texts and stops
    """
    parts = []
    for number, control in enumerate(index["controls"]):
        stops, start = [html.escape(stop) for stop in control["stops"]], control["start"]
        key, words = f"{name}-{number}", html.escape(control["name"])
        how = f'id="{key}" autocomplete="off"'  # a page that is loaded again begins anew
        if len(stops) == 1:
            part = f'<input type="hidden" value="0" id="{key}">'
        elif control["kind"] == "checkbox":
            checked = " checked" if start else ""
            part = f'<label for="{key}">{words}</label><input type="checkbox" {how}{checked}>'
        elif control["kind"] == "choice":
            options = "".join(
                f'<option value="{place}"{" selected" if place == start else ""}>{stop}</option>'
                for place, stop in enumerate(stops)
            )
            part = f'<label for="{key}">{words}</label><select {how}>{options}</select>'
        else:
            part = (
                f'<label for="{key}">{words}</label><input type="range" {how} min="0"'
                f' max="{len(stops) - 1}" value="{start}" aria-valuetext="{stops[start]}">'
                f'<output for="{key}">{stops[start]}</output>'
            )
        parts.append(part)
    data = {"alt": index["alt"], "stops": [control["stops"] for control in index["controls"]]}
    data |= more
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<div class="control" {moved_by} hidden>{"".join(parts)}'
        f'<script type="application/json">{text}</script></div>'
    )


def insert_after(node: nodes.Node, new: nodes.Node) -> None:
    node.parent.insert(node.parent.index(node) + 1, new)


def folder_link(link: nodes.Element, folder: str, repository: str) -> list[nodes.Node]:
    """What replaces a link to a folder: a link into the published repository, or its text alone."""
    if repository:
        return [nodes.reference("", "", *link.children, refuri=f"{repository}/tree/main/{folder}")]
    return list(link.children)


def launch(path: Path, repository: str) -> str:
    """The buttons under a lesson's title, as HTML; Colab where the course has an address."""
    lab = f"http://localhost:8888/lab/tree/notebooks/{path.name}"
    hint = "works while `make lab` runs on this computer"
    buttons = [
        f'<a href="{lab}" title="{hint}">Open in JupyterLab</a>',
        f'<a href="../_sources/notebooks/{path.name}" download>Download the notebook</a>',
    ]
    if repository:
        colab = repository.replace(
            "https://github.com/", "https://colab.research.google.com/github/"
        )
        buttons.append(
            f'<a href="{html.escape(colab)}/blob/main/notebooks/{path.name}">Open in Colab</a>'
        )
    return f'<p class="launch">{" ".join(buttons)}</p>'


# -- formulas --------------------------------------------------------------------------------------


def formula(latex: str, display: bool) -> str:
    """MathML of one formula. Raises LatexError where it cannot be read."""
    return to_mathml.convert_with_local_state(latex, displaystyle=display)


def visit(self, node: nodes.Element) -> None:
    """Write a formula into the page; one that cannot be read is a warning, which ends the build."""
    display = isinstance(node, nodes.math_block)
    try:
        mathml = formula(node.astext(), display)
    except LatexError as error:
        log.warning("a formula that cannot be read: %s\n%s", node.astext(), error, location=node)
        raise nodes.SkipNode from None
    self.body.append(f'<div class="formula">{mathml}</div>\n' if display else mathml)
    raise nodes.SkipNode


# -- the build -------------------------------------------------------------------------------------


def after(app: Sphinx, error: Exception | None) -> None:
    """The font of the formulas, the recorded pictures, and an index.html to the first page."""
    if error or app.builder.format != "html":
        return
    if frames.FRAMES.is_dir():
        shutil.copytree(frames.FRAMES, app.outdir / "docs" / "frames", dirs_exist_ok=True)
    folder = Path(importlib.util.find_spec("ziamath").submodule_search_locations[0]) / "fonts"
    copy_asset_file(folder / "STIXTwoMath-Regular.ttf", app.outdir / "_static")
    first, project = f"{app.config.root_doc}.html", app.config.project
    (app.outdir / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{project}</title>'
        f'<meta http-equiv="refresh" content="0; url={first}">'
        f'<a href="{first}">{project}</a></html>\n'
    )


def setup(app: Sphinx) -> dict:
    app.connect("source-read", prepare)
    app.connect("doctree-read", finish)
    app.connect("build-finished", after)
    app.add_html_math_renderer("mathml", (visit, None), (visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
