"""docs/results.md and docs/results/log.md: words from templates/, numbers from docs/results/*.json.

    {"command": ..., "facts": {name: value}, "tables": [{"name": ..., "rows": [{...}, ...]}]}

is what a subject's module writes to docs/results/SUBJECT.json. A template sees each file under its
name, and the functions of FUNCTIONS and FILTERS below: {{ faces.facts.steps }}, or
{{ table(rows("faces", "pairs"), [["method", "method", "{}"], ["mean", "accuracy", "{:.1%}"]]) }}
with a key, a heading and a format of Python's a column. A key that is missing or null is an empty
cell; a number that is missing in a sentence is an error.
"""

import json
import math
import re
from pathlib import Path

import jinja2
from scipy import stats

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER, PAGE = ROOT / "docs" / "results", ROOT / "docs" / "results.md"
TEMPLATES = Path(__file__).resolve().parent / "templates"
PAGES = {PAGE: "results.md", FOLDER / "log.md": "log.md"}  # file: its template
SUBJECTS = ("signatures", "omniglot", "faces", "export")  # in the order of the page


# -- what a subject's module writes ----------------------------------------------------------------


def table(name: str, rows: list[dict]) -> dict:
    return {"name": name, "rows": rows}


def record(name: str) -> dict:
    """The content of docs/results/NAME.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def rows(found: dict, name: str) -> list[dict]:
    """The rows of a table of a subject; none where it has no such table."""
    return next((table["rows"] for table in found["tables"] if table["name"] == name), [])


def published(subject: str):
    """Published figures of a subject: rows of its first table; "beside": those of other tables."""
    return record("published")[subject]


# -- the pages -------------------------------------------------------------------------------------


def text(page: Path = PAGE) -> str:
    """A whole page, from the files."""
    return _render(PAGES[page], {path.stem: record(path.stem) for path in FOLDER.glob("*.json")})


def section(subject: str, found: dict) -> str:
    """The log of one subject, from what its module has just found."""
    return _render(
        f"{subject}.md", {subject: found, **{n: record(n) for n in ("published", "tried")}}
    )


def _render(template: str, files: dict[str, dict]) -> str:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    filled = environment.get_template(template).render(
        files | FUNCTIONS | {"rows": lambda subject, name: rows(files[subject], name)}
    )
    return re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"


# -- what a template may use -----------------------------------------------------------------------


def find(rows: list[dict], **cells) -> dict:
    """The first row with these cells."""
    found = [row for row in rows if cells.items() <= row.items()]
    if not found:
        raise LookupError(f"no row has {cells}")
    return found[0]


def markdown_table(rows: list[dict], columns: list[list[str]]) -> str:
    keys, headings, formats = zip(*columns)
    lines = [headings, ["---"] * len(keys)]
    lines += [[_cell(row.get(key), form) for key, form in zip(keys, formats)] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value, form: str) -> str:
    if value is None:
        return ""
    text = form.format(*value) if isinstance(value, (list, tuple)) else form.format(value)
    text = re.sub(r"(?<=\d)%", " %", text)
    return re.sub(r"-(0\.0+)(?![.\d])", r"\1", text)  # -0.0 is written as 0.0


def percent(value: float, digits: int = 1) -> str:
    """0.0904 -> "9.0 %"."""
    return _cell(value, f"{{:.{digits}%}}")


def span(interval: list[float], digits: int = 1) -> str:
    """[0.05, 0.129] -> "5.0 to 12.9 %"."""
    low, high = (f"{100 * end:.{digits}f}" for end in interval)
    return f"{low} to {high} %"


def points(interval: list[float], digits: int = 1) -> str:
    """[0.66, 3.3] -> "+0.7 to +3.3"."""
    return _cell(interval, f"{{:+.{digits}f}} to {{:+.{digits}f}}")


def combine(row: dict, **cells) -> dict:
    """The row with these cells."""
    return row | cells


def fold_interval(row: dict) -> list[float]:
    """95 % interval of an accuracy over LFW's ten folds, by Student's t."""
    half = stats.t.ppf(0.975, df=9) * row["std"] / math.sqrt(9)  # std divides by 10, not by 9
    return [row["mean"] - half, row["mean"] + half]


FUNCTIONS = {"find": find, "table": markdown_table, "fold_interval": fold_interval}
FILTERS = {"percent": percent, "span": span, "points": points, "combine": combine}
