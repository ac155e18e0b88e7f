"""Each exercise: its printed solution passes, its stub is not attempted, and wrong answers fail."""

import ast
import importlib
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from lib import checks
from lib.checks.judge import edge, judge
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


def wrong_answers() -> list:
    """(exercise, function) of every `<exercise>__<what is wrong>` in tests/checks/wrong_*.py.

    The function's docstring holds words that the check's message must contain, divided by |.
    """
    found = []
    for file in sorted((ROOT / "tests" / "checks").glob("wrong_*.py")):
        module = importlib.import_module(f"checks.{file.stem}")
        for label, value in vars(module).items():
            if "__" in label.strip("_") and callable(value) and value.__module__ == module.__name__:
                found.append(pytest.param(label.split("__")[0], value, id=label))
    return found


EXERCISES, WRONG_ANSWERS = exercises(), wrong_answers()


def imports_of(cells) -> dict:
    """The names that a lesson's import lines bring, for an exercise that is run alone."""
    space: dict = {}
    for cell in cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            for node in ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.M)).body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    exec(compile(ast.Module([node], []), "imports", "exec"), space)
    return space


def function_of(source: str, name: str, space: dict):
    """The function `name` as `source` defines it, without the call of its check."""
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Expr) and "checks." in ast.unparse(node))
    ]
    exec(compile(tree, name, "exec"), space)
    return space[name]


@pytest.mark.parametrize("path, number, name", EXERCISES)
def test_a_stub_is_not_attempted_and_the_printed_solution_passes(path, number, name, capsys):
    cells = nbformat.read(path, as_version=4).cells
    space, check = imports_of(cells), getattr(checks, name)
    assert check(function_of(cells[number].source, name, space)) is None
    assert capsys.readouterr().out == f"{name}: not attempted yet\n"
    solution = FENCE.search(cells[number + 1].source)
    assert solution, "after a stub: <summary>Solution</summary>, a blank line, a ```python fence"
    assert "<summary>Hint</summary>" in cells[number + 1].source, "a hint comes before the solution"
    assert check(function_of(solution.group(1), name, space)) is True
    passed = rf"{name}: passed on \d+ random inputs and \d+ edge cases\n"
    assert re.fullmatch(passed, capsys.readouterr().out)


@pytest.mark.parametrize("path, number, name", EXERCISES)
def test_an_exercise_has_a_card_with_difficulty_and_minutes(path, number, name):
    card = nbformat.read(path, as_version=4).cells[number - 1].source
    assert re.search(r"^### Exercise \d+\.\d+ · ", card, re.M), card
    assert re.search(r"difficulty [●○]{4} · \d+ min", card), card


@pytest.mark.parametrize("name, wrong", WRONG_ANSWERS)
def test_the_message_to_a_plausible_wrong_answer_says_what_it_missed(name, wrong, capsys):
    assert getattr(checks, name)(wrong) is False
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and len(said) < 500, "one line that a reader reads"
    for words in filter(None, (part.strip() for part in (wrong.__doc__ or "").split("|"))):
        assert words in said, said


@pytest.mark.parametrize("path, number, name", EXERCISES)
def test_an_exercise_has_at_least_five_wrong_answers(path, number, name):
    assert sum(param.values[0] == name for param in WRONG_ANSWERS) >= 5


def double(x):
    raise NotImplementedError


def judge_double(attempt, reference=lambda x: 2 * x, **options):
    return judge(
        "double",
        attempt,
        reference,
        [edge("Twice each.", [1.0, 2.0])],
        lambda rng: (rng.normal(size=rng.integers(1, 5)),),
        "Compare.",
        **{"count": 3, "as_input": torch.tensor} | options,
    )


@pytest.mark.parametrize(
    "attempt, verdict, said",
    [
        (double, None, "not attempted yet"),
        (lambda x: 2 * x, True, "passed on 3 random inputs and 1 edge cases"),
        (lambda x: x, False, "you returned 1 at [0]; expected 2"),
        (lambda x: None, False, "you returned None; is there a `return`?"),
        (lambda x: x.sum(), False, "you returned shape (); expected shape (2,)"),
        (lambda x: x > 1, False, "you returned False at [0]; expected 2"),
        (lambda x: x.mul_(2), False, "you changed x itself; work on a copy"),
        (lambda x: 1 / 0, False, "your code raised ZeroDivisionError: division by zero"),
        (lambda x: "four", False, "you returned four; expected [2, 4]"),
        (lambda x: float("nan") * x, False, "you returned nan at [0]; expected 2"),
    ],
    ids=["stub", "solution", "values", "none", "shape", "bool", "changed", "raises", "text", "nan"],
)
def test_a_verdict_is_one_line_that_names_input_answer_expectation_and_hint(
    attempt, verdict, said, capsys
):
    assert judge_double(attempt) is verdict
    if verdict is False:
        said = f"for x = [1, 2] {said}. Hint: Twice each."
    assert capsys.readouterr().out == f"double: {said}\n"


def test_a_random_input_is_judged_after_the_edges_with_its_own_hint(capsys):
    assert judge_double(lambda x: 2 * x if len(x) == 2 else x) is False
    assert capsys.readouterr().out.endswith("Hint: Compare.\n")


@pytest.mark.parametrize(
    "answer, expected, said",
    [
        ([1.0, 0.0], np.array([True, False]), "of type float64; expected True and False"),
        ([None, "Bo"], ["Ada", "Bo"], "you returned [None, Bo]; expected [Ada, Bo]"),
        ([0.0] * 9, [0.0] * 7 + [1.0, 2.0], "in value 8 of 9 you returned 0; expected 1"),
        ((1, np.zeros(2)), (1, np.ones(2)), "in value 2 of 2 you returned 0 at [0]; expected 1"),
        ([1, 2], (1, 2, 3), "you returned [1, 2]; expected (1, 2, 3)"),
        (1 + 2j, 1 - 2j, "you returned 1+2j; expected 1-2j"),
    ],
    ids=["bool", "none", "many values", "two arrays", "too few", "complex"],
)
def test_an_answer_of_each_kind_is_compared_with_its_own_kind(answer, expected, said, capsys):
    assert judge_double(lambda x: answer, lambda x: expected) is False
    assert said in capsys.readouterr().out


def test_a_check_leaves_the_readers_random_numbers_as_they_were():
    np.random.seed(0)
    torch.manual_seed(0)
    expected = torch.rand(1), np.random.rand()
    np.random.seed(0)
    torch.manual_seed(0)
    assert judge_double(lambda x: 2 * x)
    assert (torch.rand(1), np.random.rand()) == expected
