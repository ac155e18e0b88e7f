"""A number in prose is one that something computes: the lesson's own output, an expression, or a named source."""

import nbformat
import pytest

from tests.lint import numbers
from tools import notebooks


def lesson(prose: str, code: str = "", output: str = ""):
    """A notebook of one sentence and one cell that printed something."""
    cell = nbformat.v4.new_code_cell(
        code, outputs=[nbformat.v4.new_output("stream", text=output)] if output else []
    )
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose), cell])


@pytest.fixture
def unbound(tmp_path, monkeypatch):
    """The numbers of a small lesson that nothing computes, under some bindings."""

    def look(prose: str, code: str = "", output: str = "", *bindings: dict) -> list[str]:
        path = tmp_path / "99_test.ipynb"
        nbformat.write(lesson(prose, code, output), path)
        monkeypatch.setattr(numbers, "bindings", lambda: {"99": list(bindings)})
        return numbers.unbound(path)

    return look


@pytest.mark.parametrize(
    "prose, output",
    [
        ("The EER is 1.6 %.", "EER 1.57%"),
        ("The EER is 1.6 %.", "eer 0.0157"),
        ("It took 1,024 steps.", "1024 steps"),
        ("A loss of 0.18, and $d = 0.6$.", "same: loss 0.18 at 0.60"),
        ("Ten of 12 people, in 2006, see lesson 13 and [14], `x[15]` and arXiv:1804.07573.", ""),
        ("```python\nx = 99.5\n```", ""),
        ("### Exercise 2.3 · Batch\ndifficulty ●●●○ · 15 min", ""),
    ],
)
def test_a_number_that_the_lesson_shows_or_that_measures_nothing_is_bound(unbound, prose, output):
    assert unbound(prose, "", output) == []


@pytest.mark.parametrize(
    "prose, output",
    [
        ("The EER is 1.6 %.", "EER 1.66%"),
        ("The EER is 1.6 %.", "run 16"),
        ("A loss of 0.18.", "0.186"),
        ("One stranger in 250.", "0.004"),
        ("It scores 7 %.", "0.7"),
    ],
)
def test_a_number_that_drifted_or_stands_nowhere_is_found(unbound, prose, output):
    assert len(unbound(prose, "", output)) == 1


def test_a_parameter_of_the_code_counts(unbound):
    assert unbound("At a margin of 0.35", "loss(margin=0.35)") == []


def test_words_bind_the_numbers_they_hold_and_no_others(unbound):
    binding = {"words": "one in 250", "is": "1 / 0.004"}
    assert unbound("Then one in\n250 gets in.", "", "", binding) == []
    assert len(unbound("Then one in 250 gets in, of 300.", "", "", binding)) == 1
    assert len(unbound("Then one in 251 gets in.", "", "", binding)) == 1


@pytest.mark.parametrize(
    "binding, complaint",
    [
        ({"words": "one in 250 of 20", "is": "1 / 0.004, 20"}, ""),
        ({"words": "one in 250", "is": "1 / 0.005"}, "gives 200"),
        ({"words": "one in 250", "is": "1, 2"}, "holds 1 numbers, its expression 2"),
        ({"words": "one in 300", "is": "300"}, "no longer says"),
        ({"words": "1.24 of FaceNet", "from": ""}, "name the source"),
        ({"words": "1.24 of FaceNet", "from": "Schroff et al. 2015"}, ""),
        ({"words": "the EER of 1.6 %", "is": "stored(r'EER ([.0-9]+)')"}, ""),
        ({"words": "the EER of 1.6 %", "is": "0.0164"}, ""),
        ({"words": "the EER of 1.6 %", "is": "0.0167"}, "gives 0.0167"),
    ],
)
def test_a_binding_is_computed_and_compared(tmp_path, monkeypatch, binding, complaint):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    nbformat.write(
        lesson(
            "One *in* 250, no: one in 250 of\n20, by the 1.24 of FaceNet, at the EER of 1.6 %.",
            "",
            "EER 1.58",
        ),
        tmp_path / "notebooks" / "99_test.ipynb",
    )
    said = numbers.drifted("99", binding)
    assert complaint in said and bool(said) == bool(complaint)


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_every_number_of_a_lesson_has_its_origin(path):
    assert numbers.unbound(path) == []


@pytest.mark.parametrize(
    "lesson, binding",
    [
        pytest.param(lesson, binding, id=f"{lesson}-{binding['words'][:40]}")
        for lesson, known in numbers.bindings().items()
        for binding in known
    ],
)
def test_a_bound_number_is_what_its_expression_gives(lesson, binding):
    assert numbers.drifted(lesson, binding) == ""
