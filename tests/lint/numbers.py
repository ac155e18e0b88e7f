"""Every number in a lesson's prose, and what computes it.

    python -m tests.lint.numbers [PATHS]        the numbers that nothing computes, one line each; fails if there is any

A number in prose is bound when
  - the lesson's own code or stored output shows it (rounded as the prose rounds it; a percentage also as a share), or
  - tests/numbers.toml binds the words around it: to an expression that computes it, or to the source that it is cited from.
Whole numbers up to twelve count as words, and so does what is no measurement: references, issue numbers, years, versions.
A stored output is renewed whenever its code changes, so a bound number that drifts away from its output is found.
"""

import argparse
import functools
import json
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np

from tools import notebooks

BINDINGS = notebooks.ROOT / "tests" / "lint" / "numbers.toml"
NUMBER = re.compile(r"(?<![\w.,/^_{\\])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w/]|\.\d|:\d)")
SHOWN = re.compile(r"(?<![\w.])\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*[a-df-zA-Z_])")
NO_MEASUREMENT = [
    r"(?ms)^(```|~~~).*?^\1",  # code in a fence
    r"(?ms)^#{2,3} References.*\Z",
    r"\*\*Reading\*\* \d+ min · \*\*running\*\* .*? on two cores",  # measured: tools.lesson_table writes it
    r"(?m)^difficulty .*$",  # an exercise's card
    r"(?m)^#.*$",  # headings carry the lesson's number
    r"`[^`\n]*`",  # code in a line
    r"<[^>\n]+>",
    r"\]\([^)\n]*\)",  # where a link leads
    r"\[\d+(?:, ?\d+)*\]",  # [3]: a reference
    r"arXiv:\S+|[\w.-]+/[\w.-]+#\d+|#\d+|\bissues? \d+(?:(?:,| and) \d+)*",
    r"\b(?:lessons?|Exercise|Table|Section|equation|eq\.|Figure|Art(?:icle|\.)|ISO/IEC|part|version|Python|Android|API(?: level)?|WG) \d[\d.–-]*(?:(?:,| and| to) \d+)*",
    r"\b(?:1[89]|20)\d\d\b(?!-)",  # a year
]
WORDS_UP_TO = 12


class Number(NamedTuple):
    """One number as the prose writes it."""

    cell: int
    value: float
    places: int  # digits behind its point: how the prose rounds
    percent: bool
    words: str  # what stands around it


def prose(source: str) -> str:
    """A markdown cell without what holds digits and measures nothing."""
    for pattern in NO_MEASUREMENT:
        source = re.sub(pattern, " ", source)
    return source.replace("{,}", ",").replace(r"\,", " ")


def numbers(notebook) -> list[Number]:
    """All numbers in the prose of a lesson that want an origin."""
    found = []
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        text = prose(cell.source)
        for match in NUMBER.finditer(text):
            digits, after = (
                match.group().replace(",", ""),
                text[match.end() : match.end() + 3].lstrip(),
            )
            percent = after.startswith(("%", "\\%"))
            if "." in digits or percent or float(digits) > WORDS_UP_TO:
                around = " ".join(text[max(0, match.start() - 40) : match.end() + 25].split())
                found.append(
                    Number(index, float(digits), len(digits.partition(".")[2]), percent, around)
                )
    return found


def shown(notebook) -> set[float]:
    """Every number in the code and in the stored text outputs of a lesson."""
    values = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts = [cell.source]
            for output in cell.outputs:
                texts += [
                    output.get("text", ""),
                    *(
                        str(data)
                        for mime, data in output.get("data", {}).items()
                        if mime.startswith("text/")
                    ),
                ]
            for match in SHOWN.finditer("\n".join(texts)):
                values.add(float(match.group().replace(",", "").replace("_", "")))
    return values


def agrees(number: Number, value: float) -> bool:
    """True where `value`, rounded as the prose rounds, is the number."""
    half = 0.5000001 * 10.0**-number.places
    return any(
        abs(candidate - number.value) <= half
        for candidate in ((value, 100 * value) if number.percent else (value,))
    )


@functools.cache
def bindings() -> dict[str, list[dict]]:
    """{lesson number: [{words, is = expression} or {words, from = source}]}"""
    return tomllib.loads(BINDINGS.read_text(encoding="utf-8"))


def bound(words: str, binding: dict) -> bool:
    """True where the binding's words (white space and asterisks aside) hold the number's place in the text."""
    plain = re.sub(r"[\s*]+", " ", binding["words"]).strip()
    return plain in re.sub(r"[\s*]+", " ", words)


def unbound(path: Path) -> list[str]:
    """The numbers of one lesson that nothing computes."""
    notebook = nbformat.read(path, as_version=4)
    values, known = shown(notebook), bindings().get(path.name[:2], [])
    found = []
    for number in numbers(notebook):
        if not any(agrees(number, value) for value in values) and not any(
            bound(_text(notebook, number), entry) and _in(number, entry) for entry in known
        ):
            found.append(
                f"{path.name}, cell {number.cell}: nothing computes {number.value:g} in «{number.words}»"
            )
    return found


def _text(notebook, number: Number) -> str:
    return prose(notebook.cells[number.cell].source)


def _in(number: Number, binding: dict) -> bool:
    return any(abs(value - number.value) < 1e-9 for value, _, _ in written(binding["words"]))


def written(words: str) -> list[tuple[float, int, bool]]:
    """(value, places, percent) of each number in some words, in order."""
    found = []
    for match in NUMBER.finditer(prose(words)):
        digits = match.group().replace(",", "")
        found.append(
            (
                float(digits),
                len(digits.partition(".")[2]),
                prose(words)[match.end() :].lstrip().startswith(("%", "\\%")),
            )
        )
    return found


def drifted(lesson: str, binding: dict) -> str:
    """What is wrong with one binding, in words: gone from the prose, or computed to something else; empty where nothing is."""
    path = next(iter(sorted((notebooks.ROOT / "notebooks").glob(f"{lesson}_*.ipynb"))))
    notebook = nbformat.read(path, as_version=4)
    if not any(
        bound(prose(cell.source), binding)
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    ):
        return f"{path.name} no longer says «{binding['words']}»"
    if "from" in binding:
        return "" if len(binding["from"]) > 5 else f"«{binding['words']}»: name the source"
    answers = np.atleast_1d(
        np.asarray(eval(binding["is"], namespace(notebook)), dtype=float)
    ).tolist()
    wanted = written(binding["words"])
    if len(answers) != len(wanted):
        return f"«{binding['words']}» holds {len(wanted)} numbers, its expression {len(answers)}"
    for (value, places, percent), answer in zip(wanted, answers):
        if not agrees(Number(0, value, places, percent, ""), answer):
            return f"{path.name} says {value:g} in «{binding['words']}»; its expression gives {answer:g}"
    return ""


def namespace(notebook) -> dict:
    """What an expression may use: math, np, torch, the modules of lib, results("faces"), and stored(pattern): the numbers that a
    regular expression's groups find in the lesson's code and stored text."""
    import torch

    import lib.data
    import lib.data.pairs
    import lib.evaluation
    import lib.losses
    import lib.models

    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts += [
                    output.get("text", ""),
                    *(
                        str(data)
                        for mime, data in output.get("data", {}).items()
                        if mime.startswith("text/")
                    ),
                ]

    def stored(pattern: str):
        match = re.search(pattern, "\n".join(texts), re.S)
        if not match:
            raise LookupError(f"no stored output matches {pattern!r}")
        values = [float(group.replace(",", "")) for group in match.groups()]
        return values[0] if len(values) == 1 else np.array(values)

    def results(name: str) -> dict:
        return json.loads((notebooks.ROOT / "docs" / "results" / f"{name}.json").read_text())

    return {
        "math": math,
        "np": np,
        "torch": torch,
        "stored": stored,
        "results": results,
        "losses": lib.losses,
        "margins": lib.losses,
        "evaluation": lib.evaluation,
        "models": lib.models,
        "pairs": lib.data.pairs,
        "data": lib.data,
        "calibration": lib.evaluation,
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lint.numbers",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path)
    paths = parser.parse_args(arguments).paths or notebooks.lessons()
    found = [problem for path in paths for problem in unbound(path)]
    for path in paths:
        found += filter(
            None, (drifted(path.name[:2], binding) for binding in bindings().get(path.name[:2], []))
        )
    print("\n".join(found) or f"{len(paths)} lessons: every number has its origin")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
