"""Whether a lesson works for readers who hear it, or who do not see its figures.

    python -m tests.lint.accessibility [PATHS]       one line a problem; fails if there is any

It needs alt text, links with words, folds with a name and tables with heads. PATHS are notebooks;
without any, every lesson in notebooks/. Headings and the presence of alt text are checked by
tools.notebooks, and the figures themselves by tests/lint/figures.py.
"""

import ast
import re
import sys
from pathlib import Path

import nbformat

from tools.notebooks import ROOT, heading_problems, lessons

SHORTEST_ALT = 10  # characters
VAGUE = {
    "here",
    "click here",
    "this",
    "that",
    "link",
    "this link",
    "this page",
    "page",
    "more",
    "read more",
    "see",
    "see here",
    "source",
    "there",
}
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.M | re.S)
IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))+)\]\(([^)]*)\)")
RULE = re.compile(r"^ *\|?(?: *:?-+:? *\|)+ *:?-*:? *\|?$")  # the line under a table's head


def problems(notebook, titles: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with one stored lesson, one sentence each.

    titles  titles of the course's figures, in lower case: an alt text has to say more
    """
    found = heading_problems(notebook)
    titles = titles | own_titles(notebook)
    for number, cell in enumerate(notebook.cells):
        here = (
            markdown_problems(cell.source)
            if cell.cell_type == "markdown"
            else output_problems(cell, titles)
        )
        found += [f"cell {number}: {problem}" for problem in here]
    return found


# -- prose -----------------------------------------------------------------------------------------


def markdown_problems(source: str) -> list[str]:
    """What is wrong with the text of one cell."""
    text = FENCE.sub("", source)
    # Brackets and signs in code are no markup.
    text = re.sub(r"`[^`\n]*`", lambda code: re.sub(r"[\[\]<>|$]", " ", code[0]), text)
    found = [
        f"an image without alt text: {match[0][:60]}"
        for match in IMAGE.finditer(text)
        if len(match[1].strip()) < SHORTEST_ALT
    ]
    found += [
        f"an image without alt text: {tag[:60]}"
        for tag in re.findall(r"<img\b[^>]*>", text)
        if not re.search(r"\balt=(['\"]).{10,}?\1", tag)
    ]
    found += [
        f"a link whose words do not say where it leads: [{match[1]}]({match[2]})"
        for match in LINK.finditer(text)
        if not is_meaningful(match[1])
    ]
    return found + fold_problems(text) + table_problems(text)


def is_meaningful(words: str) -> bool:
    """Whether a link's words say where it leads, without the sentence around them."""
    plain = re.sub(r"[*_`]", "", IMAGE.sub(r"\1", words)).strip().lower().rstrip(".:→ ")
    return plain not in VAGUE and "://" not in plain and re.search(r"[^\W\d_]", plain) is not None


def fold_problems(text: str) -> list[str]:
    """Folded answers without a name, or not closed."""
    found = []
    pieces = re.split(r"<details\b[^>]*>", text)
    for inside in pieces[1:]:
        summary = re.match(r"\s*<summary>(.*?)</summary>(.?)(.?)", inside, re.S)
        if summary is None or not re.sub(r"<[^>]*>", "", summary[1]).strip():
            found.append("a <details> without a <summary>: name what is folded")
        elif re.search(r"(?<!\w)[`*_]\w", re.sub(r"\$[^$]*\$", "", summary[1])):
            found.append(
                f"<summary>{summary[1]}</summary> is HTML: its backticks and stars are shown as "
                "they are; write <code> or <em>"
            )
        elif summary[2] == "\n" and summary[3] != "\n" or summary[2] not in ("\n", "", "<"):
            found.append(
                f"no blank line after <summary>{summary[1]}</summary>: "
                "what follows is shown as plain text"
            )
    if len(pieces) - 1 != text.count("</details>"):
        found.append(f"{len(pieces) - 1} <details> and {text.count('</details>')} </details>")
    return found


def table_problems(text: str) -> list[str]:
    """Tables whose columns have no name; the corner may be empty."""
    lines = text.splitlines()
    found = []
    for above, line in zip(lines, lines[1:]):
        if "|" in above and RULE.match(line):
            names = [name.strip() for name in above.strip().strip("|").split("|")]
            if not all(names[1:]) or not any(names):
                found.append(f"a table without names over its columns: {above.strip()}")
    return found + [
        f"a table without <th>: {table[:60]}"
        for table in re.findall(r"<table\b.*?</table>", text, re.S)
        if "<th" not in table
    ]


# -- outputs ---------------------------------------------------------------------------------------


def output_problems(cell, titles: frozenset[str]) -> list[str]:
    """What is wrong with the stored figures and tables of one code cell."""
    found = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if picture := next((mime for mime in data if mime.startswith("image/")), None):
            alt = output.metadata.get(picture, {}).get("alt", "").strip()
            if len(alt) < SHORTEST_ALT:
                found.append(f"a figure whose alt text is {alt!r}: write one sentence")
            elif alt.lower().rstrip(".") in titles:
                found.append(f"a figure whose alt text only repeats a title: {alt!r}")
        if (table := data.get("text/html", "")) and "<table" in table and "<th" not in table:
            found.append("a table without <th>")
    return found


def own_titles(notebook) -> frozenset[str]:
    """A lesson's headings, and the figure titles in its code."""
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in re.findall(r"(?m)^#+ +(.+)$", FENCE.sub("", cell.source))
    ]
    code = "\n".join(
        re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    return frozenset(heading.lower().rstrip(".") for heading in headings) | titles_in(code)


def titles_in(source: str) -> frozenset[str]:
    """Constant titles in Python source: `title="..."` and `set_title("...")`, in lower case."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [keyword.value for keyword in node.keywords if keyword.arg == "title"] + (
                node.args[:1] if called in ("set_title", "suptitle") else []
            )
            found |= {
                value.value.lower().rstrip(".")
                for value in given
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value
            }
    return frozenset(found)


def course_titles() -> frozenset[str]:
    """The constant titles of every draw function."""
    return frozenset().union(
        *(
            titles_in(path.read_text(encoding="utf-8"))
            for path in (ROOT / "lib" / "plots").glob("*.py")
        )
    )


# -- command line ----------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    paths, titles, failed = [Path(name) for name in arguments] or lessons(), course_titles(), False
    for path in paths:
        for problem in problems(nbformat.read(path, as_version=4), titles):
            print(f"{path.name}: {problem}")
            failed = True
    if not failed:
        print(f"{len(paths)} lessons, nothing to mend")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
