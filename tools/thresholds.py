"""Write the table of thresholds in docs/models.md: which one for what, and where it comes from.

    python -m tools.thresholds

Values come from `lib.models.RECOGNISERS`, docs/results/recognisers.json and the stored outputs of
the lessons, so run it after `make notebooks`.
"""

import json
import re

import nbformat

from lib.models import RECOGNISERS
from tools.faces.recognisers import FILE, PAGE
from tools.notebooks import lessons

START, END = "<!-- thresholds -->", "<!-- /thresholds -->"
HEAD = ["network, and what it sees", "a wrong yes", "threshold", "chosen on", "used by"]


def stored(number: int, pattern: str) -> str:
    """What the pattern's group finds in the stored text of lesson `number`.

    raises  LookupError where the lesson no longer prints it
    """
    (path,) = (path for path in lessons() if path.name.startswith(f"{number:02}_"))
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    found = re.search(pattern, "\n".join(output.get("text", "") for output in outputs))
    if not found:
        raise LookupError(f"{path.name} stores nothing like {pattern!r}")
    return found[1]


def rows() -> list[list[str]]:
    """The table's cells, a threshold a row."""
    measured = json.loads(FILE.read_text(encoding="utf-8"))["recognisers"]
    on_photographs = measured["course"]["lfw"]["thresholds"]["0.001"]["threshold"]
    pair, lfw = "1 in 1,000 pairs", "people of LFW's folds 1 and 2"
    phone = "`python -m lib.phone` where your people are too few"
    made_up, others = "`course`, synthetic faces", "synthetic people of lesson"
    gallery = r"\b{} enrolled, threshold (0\.\d+)"
    return [
        *(
            [f"`{name}`, photographs", pair, f"{RECOGNISERS[name].threshold}", lfw, phone]
            for name in ("insightface", "dlib")
        ),
        ["`course`, photographs", pair, f"{on_photographs:.3f}", lfw, "nothing: it finds few"],
        [
            *(made_up, pair, f"{RECOGNISERS['course'].threshold}"),
            *("other synthetic people", "`RECOGNISERS`; in the same way the app's contract"),
        ],
        *(
            [made_up, "1 in 100 pairs", stored(number, pattern), f"{others} {number}", used]
            for number, pattern, used in (
                (11, r"threshold (0\.\d+): FAR 1 %", "lesson 11"),
                (12, r"FAR 1 %: threshold (0\.\d+)", "lesson 12"),
                (14, r"(?m)^threshold (0\.\d+)", "lesson 14 and its contract"),
            )
        ),
        *(
            [
                *(made_up, f"1 in 1,000 strangers, {size} enrolled"),
                *(stored(15, gallery.format(size)), f"{others} 15", used),
            ]
            for size, used in ((1, "lessons 15 and 16"), (50, "lesson 15"))
        ),
        [
            *("any, your own pictures", "what you ask for", "`choose_threshold`"),
            *("your people, by leaving people out", "`python -m lib.phone`, lesson 15"),
        ],
    ]


def table() -> str:
    """The table in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_table(page: str) -> str:
    """The page with its table renewed."""
    before, rest = page.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def main() -> None:
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
