"""docs/results.md from docs/results/*.json: nothing on the page that is not in the files.

    {"title": ..., "order": 2, "short": line for the top of the page, "about": [paragraphs],
     "tables": [{"caption": ..., "columns": [[key, heading, format], ...], "rows": [{key: value, ...}, ...], "notes": [paragraphs]}]}

A format is Python's: "{:.1%}" for a number, "{:.1%} to {:.1%}" for a pair, "{}" for words. A missing or null value is an empty cell.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER, PAGE = ROOT / "docs" / "results", ROOT / "docs" / "results.md"

HEAD = """# Measured results

Figures on real data, with protocol, interval and the published figure beside ours (the files of the course's own small network are measured
on made-up people, and say so). Each table is written by the command it names, from the file of the same name in [`docs/results/`](results);
this page is made from those files by `python -m tools.results page`.
"""


def text() -> str:
    """The whole page."""
    subjects = sorted(
        (json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")),
        key=lambda one: one["order"],
    )
    return "\n".join(
        [HEAD, *(f"- {one['short']}" for one in subjects), "", *(section(one) for one in subjects)]
    )


def section(subject: dict) -> str:
    parts = [f"## {subject['title']}", *subject["about"]]
    for table in subject["tables"]:
        parts += [f"### {table['caption']}", _table(table), *table.get("notes", [])]
    return "\n\n".join(parts) + "\n"


def _table(table: dict) -> str:
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
    return re.sub(r"-(0\.0+)(?![.\d])", r"\1", text)  # a loss too small to be seen is none
