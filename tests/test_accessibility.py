"""The lint of lessons and of figures finds what it is there to find, and finds nothing in the course."""

import itertools

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from test_lessons import FIND_LIB, notebook, run_cells

from lib import plots
from tools import accessibility, figures, notebooks

ALT = "Two lines that cross at a third of the way."


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    axes.set(xlabel="time (s)", ylabel="loss", title="The title")
    yield axes
    plt.close(figure)


def complaints(axes) -> list[str]:
    axes.figure.canvas.draw()
    return figures.problems(axes.figure)


def book(*cells) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# One"), *cells])


def picture(alt: str, source: str = "x = 1") -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": alt}})
    return nbformat.v4.new_code_cell(source, outputs=[output])


# -- lessons -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_lesson_can_be_heard_as_well_as_seen(lesson):
    assert accessibility.problems(nbformat.read(lesson, as_version=4), accessibility.course_titles()) == []


@pytest.mark.parametrize(("text", "complaint"), [
    ("See [here](a.ipynb).", "says nothing by itself: [here]"),
    ("[**This link**](a.ipynb)", "says nothing by itself"),
    ("[https://example.org/x](https://example.org/x)", "says nothing by itself"),
    ("[3](a.ipynb)", "says nothing by itself"),
    ("![](a.png)", "an image without alt text"),
    ("![plot](a.png)", "an image without alt text"),
    ('<img src="a.png">', "an image without alt text"),
    ("[![](a.png)](b.ipynb)", "an image without alt text"),
    ("<details>\n\nHalf.\n\n</details>", "without a <summary>"),
    ("<details><summary> </summary>\n\nHalf.\n\n</details>", "without a <summary>"),
    ("<details><summary>Answer</summary>Half.</details>", "no blank line after"),
    ("<details><summary>Answer</summary>\nHalf.\n</details>", "no blank line after"),
    ("<details><summary>From `lib`</summary>\n\nHalf.\n\n</details>", "is HTML"),
    ("<details><summary>It is *half*</summary>\n\nHalf.\n\n</details>", "is HTML"),
    ("<details><summary>Answer</summary>\n\nHalf.", "1 <details> and 0 </details>"),
    ("| | |\n|---|---|\n| a | 1 |", "a table without names"),
    ("loss | |\n--- | ---\na | 1", "a table without names"),
    ("<table><tr><td>a</td></tr></table>", "a table without <th>"),
    ("### Three", "a level is skipped"),
])  # fmt: skip
def test_text_that_says_less_when_heard_is_found(text, complaint):
    found = accessibility.problems(book(nbformat.v4.new_markdown_cell(text)))
    assert len(found) >= 1 and any(complaint in problem for problem in found), found


@pytest.mark.parametrize("text", [
    "[lesson 2](a.ipynb), [arXiv:1703.05175](https://arxiv.org/abs/1703.05175), [7 · MobileFaceNet](b.ipynb), [`lib.losses`](../lib/losses.py)",
    "```\n[here](a) ![](b) <details>\n| | |\n|---|---|\n```",
    "`[here](a)` and `<details>`",
    f"![{ALT}](a.png)",
    "<details><summary>Of <code>n_neighbors</code>, $d_{ap} * 2$, 3 * 2</summary>\n\nHalf, `lib`.\n\n</details>\n\n<details>\n<summary>Hint</summary>\n\nTwice.\n\n</details>",
    "| | loss | EER |\n|---|---:|---:|\n| a | 1 | 2 |",
    "A sum, $|a - b|$, and a rule:\n\n---\n",
])  # fmt: skip
def test_text_that_is_well_is_left_alone(text):
    assert accessibility.problems(book(nbformat.v4.new_markdown_cell(text))) == []


@pytest.mark.parametrize(("cell", "complaint"), [
    (picture(""), "alt text is ''"),
    (picture("a plot"), "alt text is 'a plot'"),
    (picture("Loss falls fast.", 'ax.set_title("Loss falls fast")'), "only repeats a title"),
    (picture("Loss falls fast.", 'ax.set(title="Loss falls fast", xlabel="step")'), "only repeats a title"),
    (picture("What a draw function is called"), "only repeats a title"),
    (nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data={"text/html": "<table><tr><td>1</td></tr></table>"})]), "without <th>"),
])  # fmt: skip
def test_outputs_that_say_nothing_are_found(cell, complaint):
    found = accessibility.problems(book(cell), frozenset({"what a draw function is called"}))
    assert len(found) == 1 and complaint in found[0], found


def test_titles_of_the_draw_functions_are_known():
    assert "near on the map is not alike" not in accessibility.course_titles(), "that one holds a number"
    assert "margins on the angle grew out of softmax, not out of pairs" in accessibility.course_titles()


def test_the_command_line_names_lesson_and_cell(tmp_path, capsys):
    nbformat.write(book(picture("")), tmp_path / "01_x.ipynb")
    assert accessibility.main([str(tmp_path / "01_x.ipynb")]) == 1
    assert capsys.readouterr().out.startswith("01_x.ipynb: cell 1: a figure whose alt text")


# -- colours -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("colour", "expected"), [
    ("#FFFFFF", (100, 0, 0)), ("#000000", (0, 0, 0)), ("#FF0000", (53.24, 80.09, 67.20)), ("#0000FF", (32.30, 79.19, -107.86)), ("#777777", (50.03, 0, 0)),
])  # fmt: skip
def test_lab_agrees_with_the_published_values(colour, expected):
    assert figures.lab(colour) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("who", figures.SEEN_BY)
def test_greys_look_alike_to_everybody(who):
    for grey in ("#000000", "#9A9A9A", "#FFFFFF"):
        assert figures.lab(grey, who) == pytest.approx(figures.lab(grey), abs=0.05)


CONES = np.array([[0.4002, 0.7076, -0.0808], [-0.2263, 1.1653, 0.0457], [0, 0, 0.9182]])  # Hunt, Pointer, Estevez: XYZ -> L, M, S


@pytest.mark.parametrize(("cone", "who"), enumerate(["protanopia", "deuteranopia", "tritanopia"]))
def test_light_that_excites_one_cone_only_is_hardly_seen_without_it(cone, who):
    light = np.linalg.inv(CONES @ figures.XYZ)[:, cone]  # linear RGB
    kept = {name: np.linalg.norm(matrix @ light) / np.linalg.norm(light) for name, matrix in figures.SEEN_BY.items()}
    assert kept[who] < 0.25 and kept[who] == min(kept.values())
    assert kept["everybody"] == pytest.approx(1)


def test_every_two_colours_of_the_palette_are_told_apart_by_every_reader():
    palette = {plots.SAME, plots.DIFFERENT, plots.FORGERY, *plots.OTHERS}
    assert len(palette) == 7
    for one, other in itertools.combinations(sorted(palette), 2):
        difference, who = figures.distance(one, other)
        assert difference >= figures.NEAREST, f"{one} and {other} under {who}"
    for colour in palette:
        assert not figures.is_grey(colour)
    assert figures.is_grey(plots.INK) and figures.is_grey(plots.FAINT)


# -- figures -----------------------------------------------------------------------------------------------------------


def test_an_axis_with_numbers_and_without_a_label_is_found(ax):
    ax.plot([0, 1], [0, 1])
    ax.set_ylabel("")
    assert complaints(ax) == ["'The title': the y axis carries numbers and no label"]


@pytest.mark.parametrize("label", ["distance", "score against the gallery", "time in seconds"])
def test_a_label_without_unit_or_range_is_found(ax, label):
    ax.plot([0, 1], [0, 1])
    ax.set_xlabel(label)
    assert [f"{label!r}, says neither unit nor range" in problem for problem in complaints(ax)] == [True]


@pytest.mark.parametrize("label", ["distance (embedding units)", "training step", "EER (%)", "learning rate", "score (larger is more alike)", "share of pairs, %"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_label_with_unit_or_range_or_of_a_bare_number_passes(ax, label, scale):
    ax.plot([0.01, 1], [0.01, 1])
    ax.set(xlabel=label, xscale=scale)
    assert complaints(ax) == []


def test_numbers_on_a_logarithmic_axis_need_a_label_too(ax):
    ax.plot([1e-6, 1], [0, 1])
    ax.set(xscale="log", xlabel="")
    assert complaints(ax) == ["'The title': the x axis carries numbers and no label"]


def test_names_at_the_ticks_and_hidden_axes_need_no_label(ax):
    ax.barh(["ada", "grace"], [1, 2], color=[plots.SAME, plots.DIFFERENT])
    ax.set_ylabel("")
    assert complaints(ax) == []
    ax.clear()
    ax.set_axis_off()
    ax.plot([0, 1], [0, 1])
    assert complaints(ax) == []


SERIES = {
    "lines": lambda ax, colour, k, sign: ax.plot([0, 1], [k, 1], color=colour, linestyle=["-", "--"][k] if sign else "-"),
    "dots": lambda ax, colour, k, sign: ax.plot([0, 1], [k, 1], ["o", "s"][k] if sign else "o", color=colour),
    "clouds": lambda ax, colour, k, sign: ax.scatter([0, 1], [k, 1], color=colour, marker=["o", "^"][k] if sign else "o"),
    "histograms": lambda ax, colour, k, sign: ax.hist([0.1, 0.2, k], color=colour, hatch=["", "///"][k] if sign else ""),
    "areas": lambda ax, colour, k, sign: ax.fill_between([0, 1], [k, 1], color=colour, hatch=["", "///"][k] if sign else None),
}


@pytest.mark.parametrize("kind", SERIES)
def test_series_that_colour_alone_tells_apart_are_found_and_a_second_sign_mends_it(ax, kind):
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        SERIES[kind](ax, colour, k, False)
    assert ["by colour alone" in problem for problem in complaints(ax)] == [True]
    ax.clear()
    ax.set(xlabel="time (s)", ylabel="loss")
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        SERIES[kind](ax, colour, k, True)
    assert complaints(ax) == []


@pytest.mark.parametrize("ink", [None, plots.INK], ids=["in the colour of the series", "in ink"])
def test_names_beside_the_series_mend_it_too_and_a_legend_of_colours_does_not(ax, ink):
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        ax.plot([0, 1], [k, 1], color=colour, label="ab"[k])
    ax.legend()
    assert len(complaints(ax)) == 1
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        ax.text(0, k, "ab"[k], color=ink or colour)
    assert complaints(ax) == []


def test_colours_that_some_readers_see_as_one_are_found_even_with_a_second_sign(ax):
    ax.plot([0, 1], [0, 1], "-", color="#D55E00")
    ax.plot([0, 1], [1, 0], "--", color="#A66E00")
    assert [problem.split("apart")[-1] for problem in complaints(ax)] == [" under protanopia; at least 15"]


def test_a_grey_rule_and_a_colour_map_are_no_series(ax):
    ax.plot([0, 1], [0, 1], color=plots.SAME)
    ax.axhline(0.5, color=plots.INK)
    ax.scatter([0, 1], [1, 0], c=[0.1, 0.9], cmap="cividis")
    assert complaints(ax) == []


def test_a_figure_that_a_lesson_draws_is_looked_at_and_so_is_each_place_of_a_control(tmp_path):
    bare = 'from lib import plots\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.set_title("Bare")\nplots.show(fig, alt="An empty pair of axes.")'
    control = ('from lib import widgets\ndef line(ax, end: int = 1):\n    ax.plot([0, end], [0, 1])\n    ax.set(title=f"To {end}", ylabel="loss", '
               'xlabel="time" if end == 3 else "time (s)")\nwidgets.explore(line, alt="A line that goes up.", end=(1, 3, 1))')  # fmt: skip
    done, _, _ = run_cells(notebook(tmp_path, FIND_LIB, bare, control), tmp_path)
    assert done.returncode == 1
    assert "'Bare': the x axis carries numbers and no label" in done.stdout
    assert "'To 3': the x axis, 'time', says neither unit nor range" in done.stdout
    assert "'To 1'" not in done.stdout and "'To 2'" not in done.stdout
