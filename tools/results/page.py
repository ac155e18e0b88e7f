"""docs/results.md from docs/results/*.json: nothing on the page that is not in the files.

    {"title": ..., "order": 2, "short": line for the top of the page, "about": [paragraphs],
     "tables": [{"caption": ..., "columns": [[key, heading, format], ...],
                 "rows": [{key: value, ...}, ...], "notes": [paragraphs]}]}

A format is Python's: "{:.1%}" for a number, "{:.1%} to {:.1%}" for a pair, "{}" for words. A
missing or null value is an empty cell. Captions, columns and paragraphs of a subject stand in
layout/SUBJECT.toml; its module adds the rows and the numbers.
"""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER, PAGE = ROOT / "docs" / "results", ROOT / "docs" / "results.md"
LAYOUTS = Path(__file__).resolve().parent / "layout"

HEAD = """# Measured results

Figures on real data, with protocol, interval and the published figure beside ours (the files of the course's own small network are measured
on made-up people, and say so). Each table is written by the command it names, from the file of the same name in [`docs/results/`](results);
this page is made from those files by `python -m tools.results page`.
"""  # noqa: E501  the page's own lines


# -- what a subject's module writes ----------------------------------------------------------------


def layout(subject: str) -> dict:
    """The content of layout/SUBJECT.toml: {"short", "about", and a table's name: its layout}."""
    return tomllib.loads((LAYOUTS / f"{subject}.toml").read_text(encoding="utf-8"))


def paragraphs(text: str, **values) -> list[str]:
    """A text of several paragraphs, filled in, each as one line."""
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return [part.format(**values) for part in parts if part]


def table(layout: dict, rows: list[dict], **values) -> dict:
    """A table of the page: its layout with rows, the values filled into caption and notes."""
    found = layout | {"rows": rows, "caption": layout["caption"].format(**values)}
    if "notes" in layout:
        found["notes"] = paragraphs(layout["notes"], **values)
    return found


# -- the page --------------------------------------------------------------------------------------


def text() -> str:
    """The whole page."""
    files = [FOLDER / f"{path.stem}.json" for path in LAYOUTS.glob("*.toml")]
    found = (json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists())
    subjects = sorted(found, key=lambda subject: subject["order"])
    outcomes = [f"- {subject['short']}" for subject in subjects]
    return "\n".join([HEAD, *outcomes, "", *map(section, subjects)])


def section(subject: dict) -> str:
    """One subject: its title, what it is about, its tables with their notes."""
    parts = [f"## {subject['title']}", *subject["about"]]
    for table in subject["tables"]:
        parts += [f"### {table['caption']}", _rows(table), *table.get("notes", [])]
    return "\n\n".join(parts) + "\n"


def _rows(table: dict) -> str:
    keys, headings, formats = zip(*table["columns"])
    lines = [headings, ["---"] * len(keys)]
    lines += [
        [_cell(row.get(key), form) for key, form in zip(keys, formats)] for row in table["rows"]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value, form: str) -> str:
    if value is None:
        return ""
    text = form.format(*value) if isinstance(value, (list, tuple)) else form.format(value)
    return re.sub(r"-(0\.0+)(?![.\d])", r"\1", text)  # -0.0 is written as 0.0
