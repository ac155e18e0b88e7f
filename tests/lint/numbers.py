"""Every number in a lesson's prose, and where it comes from.

    python -m tests.lint.numbers [PATHS]     numbers without an origin, one line each; fails if any

A number in prose has its origin where
  - the lesson's own code or stored output shows it, rounded as the prose rounds it (a percentage
    may be shown as a share),
  - it stands in an equation of numbers that is correct (`tests.lint.equations`), or
  - tests/lint/numbers.toml binds the words around it, to an expression that computes it or to the
    source that it is cited from.
Whole numbers up to twelve count as words. Reference numbers, issue numbers, years and versions
measure nothing. Stored outputs are renewed whenever code changes, so a number that no longer agrees
is found.
"""

import argparse
import ast
import functools
import inspect
import json
import math
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np

from tests.lint.equations import equations
from tools import notebooks

BINDINGS = notebooks.ROOT / "tests" / "lint" / "numbers.toml"
NUMBER = re.compile(r"(?<![\w.,/^_{\\])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w/]|\.\d|:\d)")
SHOWN = re.compile(r"(?<![\w.])\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.]*[a-df-zA-Z_])")
NO_MEASUREMENT = [
    r"(?ms)^(```|~~~).*?^\1",  # code in a fence
    r"(?ms)^#{2,3} References.*\Z",
    r"\*\*Reading\*\* \d+ min · \*\*running\*\* .*? on two cores",  # tools.lesson_table writes it
    r"(?m)^difficulty .*$",  # an exercise's card
    r"(?m)^#.*$",  # headings carry the lesson's number
    r"`[^`\n]*`",  # code in a line
    r"<[^>\n]+>",
    r"\]\([^)\n]*\)",  # where a link leads
    r"\[\d+(?:, ?\d+)*\]",  # [3]: a reference
    r"arXiv:\S+|[\w.-]+/[\w.-]+#\d+|#\d+",
    r"\b(?:issues?|pull requests?) \d+(?:(?:,| and) \d+)*",
    r"\b(?:[Ll]essons?|Exercise|Table|Section|equation|eq\.|Figure|Art(?:icle|\.)|ISO/IEC|part|version"
    r"|Python|Android|API(?: level)?|WG) \d[\d.–-]*(?:(?:,| and| to) \d+)*",
    r"\b(?:1[89]|20)\d\d\b(?!-)",  # a year
]
WORDS_UP_TO = 12


class Number(NamedTuple):
    """One number as the prose writes it."""

    value: float
    places: int  # digits behind its point: how the prose rounds
    percent: bool
    start: int  # where in the text it begins
    words: str  # what stands around it

    def agrees(self, value: float) -> bool:
        """True where `value`, rounded as the prose rounds, is this number."""
        half = 0.5000001 * 10.0**-self.places
        candidates = (value, 100 * value) if self.percent else (value,)
        return any(abs(candidate - self.value) <= half for candidate in candidates)


def prose(source: str) -> str:
    """A markdown cell without what holds digits and measures nothing."""
    for pattern in NO_MEASUREMENT:
        source = re.sub(pattern, " ", source)
    return source.replace("{,}", ",").replace(r"\,", " ")


def numbers_of(text: str) -> list[Number]:
    """The numbers in a piece of prose that need an origin, in order."""
    found = []
    for match in NUMBER.finditer(text):
        digits = match.group().replace(",", "")
        percent = text[match.end() : match.end() + 3].lstrip().startswith(("%", "\\%"))
        if "." in digits or percent or float(digits) > WORDS_UP_TO:
            around = " ".join(text[max(0, match.start() - 40) : match.end() + 25].split())
            places = len(digits.partition(".")[2])
            found.append(Number(float(digits), places, percent, match.start(), around))
    return found


def markdown_cells(notebook) -> dict[int, str]:
    """{index of the cell: its prose}."""
    return {
        index: prose(cell.source)
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
    }


def code_and_outputs(notebook) -> str:
    """The code of a lesson and everything textual that it stored."""
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts.append(output.get("text", ""))
                data = output.get("data", {}).items()
                texts += [str(value) for mime, value in data if mime.startswith("text/")]
    return "\n".join(texts)


def shown_numbers(notebook) -> set[float]:
    """Every number in the code and in the stored text outputs of a lesson."""
    matches = SHOWN.finditer(code_and_outputs(notebook))
    return {float(match.group().replace(",", "").replace("_", "")) for match in matches}


# -- bindings --------------------------------------------------------------------------------------


@functools.cache
def bindings() -> dict[str, list[dict]]:
    """{topic of a lesson: [{words, is = expression} or {words, from = source}]}"""
    return tomllib.loads(BINDINGS.read_text(encoding="utf-8"))


def topic(path: Path) -> str:
    """A notebook's name without its number: "mobilefacenet"."""
    return path.stem.partition("_")[2]


def holds(text: str, binding: dict) -> bool:
    """True where a text holds the binding's words, white space and asterisks aside."""
    return _plain(binding["words"]) in _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"[\s*]+", " ", text).strip()


def bound_numbers(binding: dict) -> list[Number]:
    """The numbers in the binding's words that need it: equations account for their own."""
    text = prose(binding["words"])
    in_equations = {place for equation in equations(text) for place in equation.numbers}
    return [number for number in numbers_of(text) if number.start not in in_equations]


def sources(notebook) -> dict:
    """What the expression of a binding may take its numbers from: lib, docs/results, this lesson.

    results("faces")   the content of docs/results/faces.json
    stored(pattern)    the numbers that a regular expression's groups find in the lesson's code and
                       stored text: a number for one group, else an array
    premise(pattern)   the same in the lesson's prose: what a question or an example is given
    and the functions of tests/lint/number_sources.py
    """
    import lib.data
    import lib.data.pairs
    import lib.evaluation
    import lib.losses
    import lib.models
    from tests.lint import number_sources

    def find(pattern: str, text: str, where: str):
        match = re.search(pattern, text, re.S)
        if not match:
            raise LookupError(f"{where} holds nothing like {pattern!r}")
        values = [float(group.replace(",", "")) for group in match.groups()]
        return values[0] if len(values) == 1 else np.array(values)

    def results(name: str) -> dict:
        return json.loads((notebooks.ROOT / "docs" / "results" / f"{name}.json").read_text())

    shown, words = code_and_outputs(notebook), " ".join(markdown_cells(notebook).values())
    functions = inspect.getmembers(number_sources, inspect.isroutine)
    return dict(functions) | {
        "stored": lambda pattern: find(pattern, shown, "no stored output"),
        "premise": lambda pattern: find(pattern, _plain(words), "no prose"),
        "results": results,
        "losses": lib.losses,
        "evaluation": lib.evaluation,
        "models": lib.models,
        "pairs": lib.data.pairs,
        "data": lib.data,
    }


def expression_problem(binding: dict, known: dict) -> str:
    """What is wrong with how a binding computes: it must take its numbers from somewhere."""
    parts = list(ast.walk(ast.parse(binding["is"], mode="eval")))
    if not any(isinstance(part, ast.Name) and part.id in known for part in parts):
        return f"«{binding['words']}»: its expression takes nothing from the course"
    literals = {part.value for part in parts if isinstance(part, ast.Constant)}
    for number in bound_numbers(binding):
        if number.value in literals:
            return f"«{binding['words']}»: its expression repeats {number.value:g}"
    return ""


def binding_problem(lesson: str, binding: dict) -> str:
    """What is wrong with a binding of the lesson on this topic, in words; "" where nothing is."""
    paths = [path for path in notebooks.lessons() if topic(path) == lesson]
    if not paths:
        return f"no lesson has the topic {lesson}"
    notebook, words = nbformat.read(paths[0], as_version=4), binding["words"]
    if not any(holds(text, binding) for text in markdown_cells(notebook).values()):
        return f"{paths[0].name} no longer says «{words}»"
    if "from" in binding:
        return "" if len(binding["from"]) > 5 else f"«{words}»: name the source"
    known = sources(notebook)
    if problem := expression_problem(binding, known):
        return problem
    answers = np.atleast_1d(eval(binding["is"], {"math": math, "np": np} | known)).tolist()
    wanted = bound_numbers(binding)
    if len(answers) != len(wanted):
        return f"«{words}» holds {len(wanted)} numbers, its expression {len(answers)}"
    for number, answer in zip(wanted, answers):
        if not number.agrees(answer):
            return f"{paths[0].name} says {number.value:g} in «{words}»; it is {answer:g}"
    return ""


# -- findings --------------------------------------------------------------------------------------


def number_problems(path: Path) -> list[str]:
    """The numbers of one lesson that have no origin, and its equations that are wrong."""
    notebook = nbformat.read(path, as_version=4)
    cells, known, found = markdown_cells(notebook), bindings().get(topic(path), []), []
    computed = shown_numbers(notebook)  # here, or elsewhere in the lesson
    in_equations: dict[int, set[int]] = {index: set() for index in cells}
    for index, text in cells.items():
        for equation in equations(text):
            if equation.error:
                found.append(f"{path.name}, cell {index}: «{equation.words}»: {equation.error}")
            in_equations[index].update(equation.numbers)
            computed.add(equation.result)
    computed.update(n.value for entry in known if "is" in entry for n in bound_numbers(entry))
    for index, text in cells.items():
        cited = {n.value for entry in known if holds(text, entry) for n in bound_numbers(entry)}
        for number in numbers_of(text):
            if (
                number.start not in in_equations[index]
                and number.value not in cited
                and not any(number.agrees(value) for value in computed)
            ):
                found.append(
                    f"{path.name}, cell {index}: nothing computes {number.value:g}"
                    f" in «{number.words}»"
                )
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lint.numbers",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", type=Path)
    paths = parser.parse_args(arguments).paths or notebooks.lessons()
    found = []
    for path in paths:
        found += number_problems(path)
        entries = bindings().get(topic(path), [])
        found += filter(None, (binding_problem(topic(path), entry) for entry in entries))
    print("\n".join(found) or f"{len(paths)} lessons: every number has its origin")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
