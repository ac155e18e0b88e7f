"""Every exercise: its printed solution passes, its stub is not attempted, and plausible wrong answers are told what they missed."""

import ast
import importlib
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from lib import checks
from lib.checks.judge import Case, judge
from tools import notebooks

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"<summary>Solution</summary>\n\n(?:.*?\n)??```python\n(.*?)\n```", re.S)


def exercises() -> list:
    """(lesson, cell number of the stub, name of the exercise) of all lessons."""
    found = []
    for path in notebooks.lessons():
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if "exercise" in cell.metadata.get("tags", []):
                name = re.search(r"^checks\.(\w+)\(", cell.source, re.M).group(1)
                found.append(pytest.param(path, number, name, id=f"{path.stem}-{name}"))
    return found


def names_of(cells) -> dict:
    """What a lesson's cells have imported and a bare exercise can use: its import lines, run."""
    space: dict = {}
    for cell in cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            for node in ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.M)).body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    exec(compile(ast.Module([node], []), "imports", "exec"), space)
    return space


def defined(source: str, name: str, space: dict):
    """The function `name` as `source` defines it."""
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Expr) and "checks." in ast.unparse(node))
    ]
    exec(compile(tree, name, "exec"), space)
    return space[name]


@pytest.mark.parametrize("path, number, name", exercises())
def test_a_stub_is_not_attempted_and_the_printed_solution_passes(path, number, name, capsys):
    cells = nbformat.read(path, as_version=4).cells
    space, check = names_of(cells), getattr(checks, name)
    assert check(defined(cells[number].source, name, space)) is None
    assert capsys.readouterr().out == f"{name}: not attempted yet\n"
    solution = FENCE.search(cells[number + 1].source)
    assert solution, (
        "the cell after a stub folds a solution: <summary>Solution</summary>, a blank line, a ```python fence"
    )
    assert "<summary>Hint</summary>" in cells[number + 1].source, "a hint comes before the solution"
    assert check(defined(solution.group(1), name, space)) is True
    assert re.fullmatch(
        rf"{name}: passed on \d+ random inputs and \d+ edge cases\n", capsys.readouterr().out
    )


@pytest.mark.parametrize("path, number, name", exercises())
def test_an_exercise_has_a_card_with_difficulty_and_minutes(path, number, name):
    card = nbformat.read(path, as_version=4).cells[number - 1].source
    assert re.search(r"^### Exercise \d+\.\d+ · ", card, re.M) and re.search(
        r"difficulty [●○]{4} · \d+ min", card
    ), card


def wrong_answers() -> list:
    """Every function of tests/checks/wrong_*.py: `<exercise>__<what is wrong>`, with a docstring of words its message must hold."""
    found = []
    for file in sorted((ROOT / "tests" / "checks").glob("wrong_*.py")):
        module = importlib.import_module(f"checks.{file.stem}")
        for label, value in vars(module).items():
            if "__" in label.strip("_") and callable(value) and value.__module__ == module.__name__:
                found.append(pytest.param(label.split("__")[0], value, id=label))
    return found


@pytest.mark.parametrize("name, wrong", wrong_answers())
def test_a_plausible_wrong_answer_is_told_what_it_missed(name, wrong, capsys):
    assert getattr(checks, name)(wrong) is False
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and len(said) < 500, "one line that a reader reads"
    for words in filter(None, (part.strip() for part in (wrong.__doc__ or "").split("|"))):
        assert words in said, said


@pytest.mark.parametrize("path, number, name", exercises())
def test_at_least_five_wrong_answers_are_tried_on_an_exercise(path, number, name):
    assert sum(label.values[0] == name for label in wrong_answers()) >= 5


# -- the frame itself --------------------------------------------------------------------------------------------------


def double(x):
    raise NotImplementedError


CASES = [
    Case({"x": torch.tensor([1.0, 2.0])}, torch.tensor([2.0, 4.0]), "twice each", random=True),
    Case({"x": torch.zeros(0)}, torch.zeros(0)),
]


@pytest.mark.parametrize(
    "attempt, verdict, said",
    [
        (double, None, "double: not attempted yet"),
        (lambda x: 2 * x, True, "double: passed on 1 random inputs and 1 edge cases"),
        (
            lambda x: x,
            False,
            "double: for x = [1, 2] you returned 1 at [0]; expected 2; twice each",
        ),
        (
            lambda x: None,
            False,
            "double: for x = [1, 2] you returned None; is there a `return`?; twice each",
        ),
        (
            lambda x: x.sum(),
            False,
            "double: for x = [1, 2] you returned shape (); expected (2,); twice each",
        ),
        (
            lambda x: x > 1,
            False,
            "double: for x = [1, 2] you returned False at [0]; expected 2; twice each",
        ),
        (
            lambda x: x.mul_(2),
            False,
            "double: for x = [1, 2] you changed x itself; work on a copy; twice each",
        ),
        (
            lambda x: 1 / 0,
            False,
            "double: for x = [1, 2] your code raised ZeroDivisionError: division by zero",
        ),
        (
            lambda x: "four",
            False,
            "double: for x = [1, 2] you returned four; expected [2, 4]; twice each",
        ),
        (
            lambda x: float("nan") * x,
            False,
            "double: for x = [1, 2] you returned nan at [0]; expected 2; twice each",
        ),
    ],
)
def test_a_verdict_is_one_line_that_names_input_answer_and_expectation(
    attempt, verdict, said, capsys
):
    assert judge(attempt, CASES, name="double") is verdict
    assert capsys.readouterr().out == said + "\n"


def test_true_and_false_are_not_numbers(capsys):
    assert (
        judge(
            lambda x: np.array([1.0, 0.0]), [Case({"x": 1}, np.array([True, False]))], name="mask"
        )
        is False
    )
    assert "True and False were expected" in capsys.readouterr().out


def test_none_inside_an_answer_is_an_answer(capsys):
    assert judge(lambda x: [None, "Bo"], [Case({"x": 1}, ["Ada", "Bo"])], name="names") is False
    assert (
        capsys.readouterr().out == "names: for x = 1 you returned [None, Bo]; expected [Ada, Bo]\n"
    )


def test_of_many_values_the_wrong_one_is_named_by_its_place(capsys):
    assert (
        judge(lambda x: [0.0] * 9, [Case({"x": 1}, [0.0] * 7 + [1.0, 2.0])], name="rates") is False
    )
    assert capsys.readouterr().out == "rates: for x = 1 you returned 0 at [7]; expected 1\n"


def test_a_check_leaves_the_readers_seed_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    judge(lambda x: x, [Case({"x": 1}, 1)], name="same")
    assert torch.rand(1) == expected
