"""A number in prose has an origin: the lesson's output, an equation, an expression, a source."""

import nbformat
import pytest

from tests.lint import numbers
from tests.lint.equations import equations
from tools import notebooks


def lesson(prose: str, code: str = "", output: str = ""):
    """A notebook of one sentence and one cell that printed something."""
    outputs = [nbformat.v4.new_output("stream", text=output)] if output else []
    cell = nbformat.v4.new_code_cell(code, outputs=outputs)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose), cell])


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """What is wrong with the numbers of a small lesson under some bindings."""

    def find(prose: str, code: str = "", output: str = "", *bindings: dict) -> list[str]:
        path = tmp_path / "99_test.ipynb"
        nbformat.write(lesson(prose, code, output), path)
        monkeypatch.setattr(numbers, "bindings", lambda: {"test": list(bindings)})
        return numbers.number_problems(path)

    return find


@pytest.mark.parametrize(
    "prose, output",
    [
        ("The EER is 1.6 %.", "EER 1.57%"),
        ("The EER is 1.6 %.", "eer 0.0157"),
        ("It took 1,024 steps.", "1024 steps"),
        ("A loss of 0.18, and $d = 0.6$.", "same: loss 0.18 at 0.60"),
        ("Ten of 12 people, in 2006, see lesson 13 and [14], `x[15]` and arXiv:1804.07573.", ""),
        ("```python\nx = 99.5\n```", ""),
        ("Reported (issues 15 and 20) and mended (pull request 29).", ""),
        ("### Exercise 2.3 · Batch\ndifficulty ●●●○ · 15 min", ""),
    ],
)
def test_a_number_that_the_lesson_shows_or_that_measures_nothing_has_its_origin(
    problems, prose, output
):
    assert problems(prose, "", output) == []


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
def test_a_number_that_the_lesson_shows_otherwise_or_nowhere_is_found(problems, prose, output):
    assert len(problems(prose, "", output)) == 1


def test_a_parameter_of_the_code_counts(problems):
    assert problems("At a margin of 0.35", "loss(margin=0.35)") == []


# -- equations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prose",
    [
        r"give $0.48 + 0.48 = 0.96$: nearly the same",
        r"used at $56 \cdot 56 = 3{,}136$ places, and $36{,}864 / (576 + 4{,}096) = 7.9$",
        r"costs $\tfrac12 \cdot 0.4^2 = 0.08$, or $\frac{1}{2}\times 0.36 = 0.18$",
        r"scores $\ln 63 = 4.14$, $\log_2(1 + \tfrac13) = 0.42$",
        r"scores ln(1 + 999 e^(−1000/999)) = 5.9",
        r"around $\sqrt2 = 1.41$, $2\sqrt{0.955\cdot0.045/400} = 2.1$ points",
        r"with $L = e^{-10/9} = 0.329$, so $\cos 120° = -0.5$ and $-\sin 30^\circ = -0.5$",
        r"$1 + e^{-1/3} + e^{-1} + e^{-7/3} = 1 + 0.717 + 0.368 + 0.097 = 2.18$, too much",
        r"an accuracy of (100 + 0) / 2 = 50 %, and $(4 + 1)/6 = 83 \%$",
        r"$16 (1 - 0.955) + \ln 99 = 0.71 + 4.60 = 5.31$",  # 0.955 is a rounded cosine
        r"$\ln 63 = 4.14$ at random, so 4.14 is where it starts",
    ],
)
def test_numbers_of_a_correct_equation_have_their_origin(problems, prose):
    assert problems(prose) == []


@pytest.mark.parametrize(
    "prose, left, right",
    [
        (r"give $0.48 + 0.48 = 0.97$", "0.96", "0.97"),
        (r"$L = 2 + 3 = 5 = 7 - 1$", "5", "6"),
        (r"scores $\ln 63 = 4.15$", "4.14313", "4.15"),
        (r"of 0.7 − 0.8 + 0.2 = 0.2 (see above)", "0.1", "0.2"),
        (r"$16 (1 - 0.955) + \ln 99 = 0.71 + 4.60 = 5.32$", "5.31", "5.32"),
        (r"a half-width of $2\sqrt{0.955\cdot0.045/400} = 2.2$ points", "0.0207304", "2.2"),
        (r"$1 - 1/2 = 0.55$", "0.5", "0.55"),
    ],
)
def test_a_wrong_equation_is_found_with_what_its_sides_are(problems, prose, left, right):
    found = problems(prose)[0]
    assert f"its left side is {left}, its right side {right}" in found


@pytest.mark.parametrize(
    "prose",
    [
        "$2x = 50$",
        "so x - 20 = 30",
        r"$m \cdot 20 = 30$",
        "$s = 16$, 17",
        r"$\delta = (20 + x)$",
        "$13 = 14y$",
        r"$(20 + 30 = 50$",
        r"$20 / 0 = 30$",
        r"$2\pi = 6.28$",
    ],
)
def test_a_side_with_letters_or_without_a_value_is_no_equation(prose):
    assert equations(prose) == []


def test_an_equation_of_what_the_prose_only_sets_gives_its_premises_no_origin_elsewhere(problems):
    assert len(problems("Take 0.37. Then $0.37 + 0.37 = 0.74$, and 0.74 is more.")) == 1


# -- bindings --------------------------------------------------------------------------------------


def test_words_bind_the_numbers_they_hold_and_no_others(problems):
    binding = {"words": "one in 250", "is": "one_in(1, 249)"}
    assert problems("Then one in\n250 gets in.", "", "", binding) == []
    assert len(problems("Then one in 250 gets in, of 300.", "", "", binding)) == 1
    assert len(problems("Then one in 251 gets in.", "", "", binding)) == 1


def test_a_cited_number_is_bound_in_its_own_place_alone(problems):
    binding = {"words": "of 5,749 people", "from": "Huang et al. 2007"}
    cells = lesson("photographs of 5,749 people").cells + lesson("It has 5,749.").cells
    text = [numbers.prose(cell.source) for cell in cells]
    assert numbers.holds(text[0], binding) and not numbers.holds(text[2], binding)


@pytest.mark.parametrize(
    "binding, complaint",
    [
        ({"words": "one in 250 of 20", "is": "[one_in(1, 249), stored(r'EER .* (2\\d)')]"}, ""),
        ({"words": "one in 250", "is": "one_in(1, 199)"}, "it is 200"),
        ({"words": "one in 250", "is": "[one_in(1, 249), one_in(1, 2)]"}, "holds 1 numbers"),
        ({"words": "one in 300", "is": "one_in(1, 299)"}, "no longer says"),
        ({"words": "1.24 of FaceNet", "from": ""}, "name the source"),
        ({"words": "1.24 of FaceNet", "from": "Schroff et al. 2015"}, ""),
        ({"words": "the EER of 1.6 %", "is": "stored(r'EER ([.0-9]+)')"}, ""),
        ({"words": "the EER of 1.6 %", "is": "stored(r'EER ([.0-9]+)') / 100"}, ""),
        ({"words": "the EER of 1.6 %", "is": "1.1 * stored(r'EER ([.0-9]+)')"}, "it is 1.738"),
        ({"words": "one in 250", "is": "10 * premise(r'the (\\d+) of all')"}, ""),
        ({"words": "one in 250", "is": "1 / 0.004"}, "takes nothing from the course"),
        ({"words": "one in 250", "is": "250 + 0 * one_in(1, 1)"}, "repeats 250"),
    ],
)
def test_a_binding_is_computed_from_the_course_and_compared(
    tmp_path, monkeypatch, binding, complaint
):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    prose = (
        "One *in* 250, no: one in 250 of\n20, the 25 of all, by the 1.24 of FaceNet, at the EER"
        " of 1.6 %."
    )
    notebook = lesson(prose, "", "EER 1.58 of 20")
    nbformat.write(notebook, tmp_path / "notebooks" / "99_test.ipynb")
    problem = numbers.binding_problem("test", binding)
    assert complaint in problem and bool(problem) == bool(complaint)


def test_a_lesson_is_found_by_its_topic_whatever_its_number(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    nbformat.write(lesson("By 1.24."), tmp_path / "notebooks" / "07_some_topic.ipynb")
    binding = {"words": "By 1.24", "from": "somebody"}
    assert numbers.binding_problem("some_topic", binding) == ""
    assert numbers.binding_problem("other_topic", binding) == "no lesson has the topic other_topic"


# -- the lessons -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", notebooks.lessons(), ids=lambda path: path.stem)
def test_every_number_of_a_lesson_has_its_origin(path):
    assert numbers.number_problems(path) == []


@pytest.mark.parametrize(
    "topic, binding",
    [
        pytest.param(
            topic,
            binding,
            id=f"{topic}-{binding['words'][:40]}",
            marks=[pytest.mark.slow] if binding.get("slow") else [],
        )
        for topic, known in numbers.bindings().items()
        for binding in known
    ],
)
def test_a_bound_number_is_what_its_expression_gives(topic, binding):
    assert numbers.binding_problem(topic, binding) == ""
