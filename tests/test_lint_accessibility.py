"""The lints of lessons and figures find planted problems, and find nothing in the course."""

import inspect
import itertools
from importlib import import_module

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from figure_examples import EXAMPLES
from matplotlib import patheffects
from test_lessons import FIND_LIB, notebook, run_cells

from lib import plots
from tests.lint import accessibility, contrast, figures
from tools import notebooks

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
    output = nbformat.v4.new_output(
        "display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": alt}}
    )
    return nbformat.v4.new_code_cell(source, outputs=[output])


# -- lessons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", notebooks.lessons(), ids=lambda path: path.stem)
def test_a_lesson_works_for_readers_who_hear_it(lesson):
    assert (
        accessibility.problems(nbformat.read(lesson, as_version=4), accessibility.course_titles())
        == []
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("See [here](a.ipynb).", "do not say where it leads: [here]"),
        ("[**This link**](a.ipynb)", "do not say where it leads"),
        ("[https://example.org/x](https://example.org/x)", "do not say where it leads"),
        ("[3](a.ipynb)", "do not say where it leads"),
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
    ],
)
def test_text_that_loses_meaning_when_heard_is_found(text, complaint):
    found = accessibility.problems(book(nbformat.v4.new_markdown_cell(text)))
    assert len(found) >= 1 and any(complaint in problem for problem in found), found


@pytest.mark.parametrize(
    "text",
    [
        "[lesson 2](a.ipynb), [arXiv:1703.05175](https://arxiv.org/abs/1703.05175), "
        "[7 · MobileFaceNet](b.ipynb), [`lib.losses`](../lib/losses/__init__.py)",
        "```\n[here](a) ![](b) <details>\n| | |\n|---|---|\n```",
        "`[here](a)` and `<details>`",
        f"![{ALT}](a.png)",
        "<details><summary>Of <code>n_neighbors</code>, $d_{ap} * 2$, 3 * 2</summary>\n\nHalf, "
        "`lib`.\n\n</details>\n\n<details>\n<summary>Hint</summary>\n\nTwice.\n\n</details>",
        "| | loss | EER |\n|---|---:|---:|\n| a | 1 | 2 |",
        "A sum, $|a - b|$, and a rule:\n\n---\n",
    ],
)
def test_text_without_problems_passes(text):
    assert accessibility.problems(book(nbformat.v4.new_markdown_cell(text))) == []


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [
        (picture(""), "alt text is '': write one sentence"),
        (picture("a plot"), "alt text is 'a plot'"),
        (picture("Loss falls fast.", 'ax.set_title("Loss falls fast")'), "only repeats a title"),
        (
            picture("Loss falls fast.", 'ax.set(title="Loss falls fast", xlabel="step")'),
            "only repeats a title",
        ),
        (picture("What a draw function is called"), "only repeats a title"),
        (
            nbformat.v4.new_code_cell(
                "x",
                outputs=[
                    nbformat.v4.new_output(
                        "display_data", data={"text/html": "<table><tr><td>1</td></tr></table>"}
                    )
                ],
            ),
            "without <th>",
        ),
    ],
)
def test_figures_without_alt_text_and_tables_without_heads_are_found(cell, complaint):
    found = accessibility.problems(book(cell), frozenset({"what a draw function is called"}))
    assert len(found) == 1 and complaint in found[0], found


def test_titles_of_the_draw_functions_are_known():
    assert "near on the map does not mean alike" not in accessibility.course_titles(), (
        "that title has a number in it"
    )
    assert (
        "margins on the angle grew out of softmax, not out of pairs"
        in accessibility.course_titles()
    )


def test_the_command_line_names_lesson_and_cell(tmp_path, capsys):
    nbformat.write(book(picture("")), tmp_path / "01_x.ipynb")
    assert accessibility.main([str(tmp_path / "01_x.ipynb")]) == 1
    assert capsys.readouterr().out.startswith("01_x.ipynb: cell 1: a figure whose alt text")


# -- colours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("#FFFFFF", (100, 0, 0)),
        ("#000000", (0, 0, 0)),
        ("#FF0000", (53.24, 80.09, 67.20)),
        ("#0000FF", (32.30, 79.19, -107.86)),
        ("#777777", (50.03, 0, 0)),
    ],
)
def test_lab_agrees_with_the_published_values(colour, expected):
    assert figures.lab(colour) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("who", figures.SEEN_BY)
def test_greys_look_the_same_to_all_readers(who):
    for grey in ("#000000", "#9A9A9A", "#FFFFFF"):
        assert figures.lab(grey, who) == pytest.approx(figures.lab(grey), abs=0.05)


# XYZ -> L, M, S (Hunt, Pointer, Estevez)
CONES = np.array([[0.4002, 0.7076, -0.0808], [-0.2263, 1.1653, 0.0457], [0, 0, 0.9182]])


@pytest.mark.parametrize(("cone", "who"), enumerate(["protanopia", "deuteranopia", "tritanopia"]))
def test_light_for_one_kind_of_cone_is_hardly_seen_without_it(cone, who):
    light = np.linalg.inv(CONES @ figures.XYZ)[:, cone]  # linear RGB
    kept = {
        name: np.linalg.norm(matrix @ light) / np.linalg.norm(light)
        for name, matrix in figures.SEEN_BY.items()
    }
    assert kept[who] < 0.25 and kept[who] == min(kept.values())
    assert kept["everybody"] == pytest.approx(1)


def test_every_reader_can_tell_any_two_colours_of_the_palette_apart():
    palette = {plots.SAME, plots.DIFFERENT, plots.FORGERY, *plots.OTHERS}
    assert len(palette) == 7
    for one, other in itertools.combinations(sorted(palette), 2):
        difference, who = figures.distance(one, other)
        assert difference >= figures.NEAREST, f"{one} and {other} under {who}"
    for colour in palette:
        assert not figures.is_grey(colour)
    assert figures.is_grey(plots.INK) and figures.is_grey(plots.FAINT)


# -- figures ---------------------------------------------------------------------------------------


def test_an_axis_with_numbers_and_without_a_label_is_found(ax):
    ax.plot([0, 1], [0, 1])
    ax.set_ylabel("")
    assert complaints(ax) == ["'The title': the y axis has numbers and no label"]


@pytest.mark.parametrize("label", ["distance", "score against the gallery", "time in seconds"])
def test_a_label_without_unit_or_range_is_found(ax, label):
    ax.plot([0, 1], [0, 1])
    ax.set_xlabel(label)
    assert [f"{label!r}, has neither unit nor range" in problem for problem in complaints(ax)] == [
        True
    ]


@pytest.mark.parametrize(
    "label",
    [
        "distance (embedding units)",
        "training step",
        "EER (%)",
        "learning rate",
        "score (larger is more alike)",
        "share of pairs, %",
    ],
)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_label_with_unit_or_range_or_of_a_unitless_quantity_passes(ax, label, scale):
    ax.plot([0.01, 1], [0.01, 1])
    ax.set(xlabel=label, xscale=scale)
    assert complaints(ax) == []


def test_numbers_on_a_logarithmic_axis_need_a_label_too(ax):
    ax.plot([1e-6, 1], [0, 1])
    ax.set(xscale="log", xlabel="")
    assert complaints(ax) == ["'The title': the x axis has numbers and no label"]


def test_names_at_the_ticks_and_hidden_axes_need_no_label(ax):
    ax.barh(["ada", "grace"], [1, 2], color=[plots.SAME, plots.DIFFERENT])
    ax.set_ylabel("")
    assert complaints(ax) == []
    ax.clear()
    ax.set_axis_off()
    ax.plot([0, 1], [0, 1])
    assert complaints(ax) == []


SERIES = {
    "lines": lambda ax, colour, k, sign: ax.plot(
        [0, 1], [k, 1], color=colour, linestyle=["-", "--"][k] if sign else "-"
    ),
    "dots": lambda ax, colour, k, sign: ax.plot(
        [0, 1], [k, 1], ["o", "s"][k] if sign else "o", color=colour
    ),
    "clouds": lambda ax, colour, k, sign: ax.scatter(
        [0, 1], [k, 1], color=colour, marker=["o", "^"][k] if sign else "o"
    ),
    "histograms": lambda ax, colour, k, sign: ax.hist(
        [0.1, 0.2, k], color=colour, hatch=["", "///"][k] if sign else ""
    ),
    "areas": lambda ax, colour, k, sign: ax.fill_between(
        [0, 1], [k, 1], color=colour, hatch=["", "///"][k] if sign else None
    ),
}


@pytest.mark.parametrize("kind", SERIES)
def test_series_that_differ_by_colour_alone_are_found_and_a_second_sign_is_enough(ax, kind):
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        SERIES[kind](ax, colour, k, False)
    assert ["differ by colour alone" in problem for problem in complaints(ax)] == [True]
    ax.clear()
    ax.set(xlabel="time (s)", ylabel="loss")
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        SERIES[kind](ax, colour, k, True)
    assert complaints(ax) == []


@pytest.mark.parametrize("ink", [None, plots.INK], ids=["in the colour of the series", "in ink"])
def test_names_beside_the_series_are_enough_and_a_legend_of_colours_is_not(ax, ink):
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        ax.plot([0, 1], [k, 1], color=colour, label="ab"[k])
    ax.legend()
    assert len(complaints(ax)) == 1
    for k, colour in enumerate((plots.SAME, plots.DIFFERENT)):
        ax.text(0.1, 0.4 + 0.3 * k, "ab"[k], color=ink or plots.text_colour(colour))
    assert complaints(ax) == []


def test_colours_that_some_readers_see_as_one_are_found_even_with_a_second_sign(ax):
    ax.plot([0, 1], [0, 1], "-", color="#D55E00")
    ax.plot([0, 1], [1, 0], "--", color="#A66E00")
    assert [problem.split("apart")[-1] for problem in complaints(ax)] == [
        " under protanopia; at least 15"
    ]


def test_an_outline_in_the_darker_shade_belongs_to_its_colour(ax):
    for k, colour in enumerate((plots.DIFFERENT, plots.FORGERY)):
        ax.stairs([k + 1, 1], [0, 1, 2], fill=True, color=colour, hatch=["", "//"][k])
        ax.stairs([k + 1, 1], [0, 1, 2], color=plots.text_colour(colour), linestyle=["-", "--"][k])
    assert (
        figures.distance(*map(plots.text_colour, (plots.DIFFERENT, plots.FORGERY)))[0]
        < figures.NEAREST
    )
    assert complaints(ax) == []


def test_grey_lines_and_colour_maps_are_no_series(ax):
    ax.plot([0, 1], [0, 1], color=plots.SAME)
    ax.axhline(0.5, color=plots.INK)
    ax.scatter([0, 1], [1, 0], c=[0.1, 0.9], cmap="cividis")
    assert complaints(ax) == []


# -- words on what lies behind them ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ("#000000", "#FFFFFF", 21),
        ("#777777", "#FFFFFF", 4.48),
        ("#767676", "#FFFFFF", 4.54),
        ("#FF0000", "#FFFFFF", 4.00),
        ("#0000FF", "#FFFFFF", 8.59),
        ("#00FF00", "#FFFFFF", 1.37),
        ("#808080", "#808080", 1),
    ],
)
def test_contrast_agrees_with_the_published_values_in_either_order(one, other, published):
    pair = [tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)) for colour in (one, other)]
    assert (
        contrast.ratio(*pair) == pytest.approx(published, abs=0.005) == contrast.ratio(*pair[::-1])
    )


def test_each_shade_for_words_stands_out_on_white_and_keeps_its_hue():
    assert set(plots.DARKER) == {
        plots.SAME,
        plots.DIFFERENT,
        plots.FORGERY,
        *plots.OTHERS,
        plots.FAINT,
    }
    for colour in plots.DARKER:
        light, dark = figures.lab(colour), figures.lab(plots.text_colour(colour.lower()))
        luminance = ((dark[0] + 16) / 116) ** 3  # L* back to Y, which WCAG calls relative luminance
        assert 1.05 / (luminance + 0.05) > 5
        turn = np.degrees(np.arctan2(dark[2], dark[1]) - np.arctan2(light[2], light[1]))
        assert colour == plots.FAINT or abs(turn) < 10
    assert plots.text_colour(plots.INK) == plots.INK and plots.text_colour("white") == "#ffffff"


def test_words_on_any_colour_are_black_or_white_and_stand_out():
    steps = np.linspace(0, 1, 6)
    for colour in itertools.product(steps, steps, steps):
        written, left = (0.0, 1.0) if plots.text_on(colour) == "black" else (1.0, 0.0)
        assert contrast.ratio([written] * 3, colour) >= max(
            4.58, contrast.ratio([left] * 3, colour)
        )


BEHIND = {
    "axes": lambda ax, colour: ax.set_facecolor(colour),
    "a bar": lambda ax, colour: ax.bar(0.5, 1, 1, color=colour),
    "an image": lambda ax, colour: ax.imshow(
        np.full((2, 2, 3), [int(colour[k : k + 2], 16) for k in (1, 3, 5)], np.uint8),
        extent=(0, 1, 0, 1),
    ),
    "an area, half transparent": lambda ax, colour: ax.axhspan(0, 1, color=colour, alpha=0.5),
    "a box": lambda ax, colour: ax.texts[0].set_bbox({"facecolor": colour, "linewidth": 0}),
    "an outline": lambda ax, colour: ax.texts[0].set_path_effects(
        [patheffects.withStroke(linewidth=3, foreground=colour)]
    ),
}


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize(
    ("words", "colour"),
    [
        ("#E69F00", "#FFFFFF"),
        ("#FFFFFF", "#E69F00"),
        ("#D55E00", "#CC79A7"),
        ("#222222", "#FFFFFF"),
    ],
)
def test_words_with_too_little_contrast_are_found_whatever_lies_behind_them(
    ax, behind, words, colour
):
    if behind != "axes":
        ax.set_facecolor("#56B4E9" if colour == "#FFFFFF" and words != "#222222" else "white")
    ax.text(0.5, 0.5, "a word", color=words, ha="center", va="center", fontsize=12)
    BEHIND[behind](ax, colour)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="auto")
    found = [problem for problem in complaints(ax) if "a word" in problem]
    assert len(found) == (words != "#222222"), found
    if found and behind != "an area, half transparent":
        rgb = [[int(one[k : k + 2], 16) / 255 for k in (1, 3, 5)] for one in (words, colour)]
        assert found[0].startswith(
            f"'The title': the words 'a word' in {words.lower()} on {colour.lower()} "
            f"have a contrast of {contrast.ratio(*rgb):.1f}:1"
        )


def test_ticks_labels_titles_and_legends_count_as_words_and_hidden_words_do_not(ax):
    ax.plot([0, 1], [0, 1], color=plots.SAME, label="name")
    pale = ["#E69F00"] * 5
    ax.set_title("The title", color=pale[0])
    ax.set_xlabel("time (s)", color=pale[1])
    ax.tick_params(axis="y", labelcolor=pale[2])
    ax.legend(labelcolor=pale[3])
    ax.figure.suptitle("above", color=pale[4])
    ax.text(0.5, 0.5, "hidden", color=pale[0], visible=False)
    ax.annotate("outside", (7, 7), color=pale[0])  # matplotlib leaves it out
    found = [problem.split("the words ")[1].split(" in ")[0] for problem in complaints(ax)]
    assert {"'The title'", "'time (s)'", "'0.0'", "'name'", "'above'"} <= set(found) and not {
        "'hidden'",
        "'outside'",
    } & set(found)
    assert any(
        problem.startswith("'the whole figure': the words 'above'") for problem in complaints(ax)
    )


@pytest.mark.parametrize(
    ("size", "weight", "passes"),
    [
        (10, "normal", False),
        (13.9, "bold", False),
        (14, "bold", True),
        (17.9, "normal", False),
        (18, "normal", True),
    ],
)
def test_large_words_need_a_contrast_of_three_to_one(ax, size, weight, passes):
    ax.text(
        0.2, 0.5, "a word", color=plots.OTHERS[0], fontsize=size, weight=weight
    )  # 3.4:1 on white
    assert (complaints(ax) == []) == passes


@pytest.mark.parametrize(("alpha", "passes"), [(1, True), (0.7, True), (0.4, False)])
def test_transparent_words_are_measured_in_the_colour_that_a_reader_sees(ax, alpha, passes):
    # Black on white: with alpha 0.7 it is #4d4d4d, 8.5:1, with 0.4 it is #999999, 2.8:1.
    ax.text(0.2, 0.5, "a word", color="black", alpha=alpha)
    assert (complaints(ax) == []) == passes


@pytest.mark.parametrize(("x", "passes"), [(0.5, False), (0.1, True)])
def test_a_line_across_words_is_tolerated_and_a_bar_is_not(ax, x, passes):
    ax.text(0.5, 0.5, "some words", color=plots.INK, ha="center")
    ax.axvline(0.5, color=plots.INK, linewidth=1)
    ax.bar(x, 1, 0.1, color=plots.INK)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    assert (complaints(ax) == []) == passes


def test_grid_lines_behind_words_are_left_out_and_drawn_lines_are_not(ax):
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_yticks(np.arange(0, 1, 0.02))
    ax.grid(True, axis="y", color="#777777", linewidth=3)
    ax.text(0.5, 0.5, "a word", color="#0072b2", fontsize=9)
    ax.figure.canvas.draw()
    assert not any("a word" in problem for _, problem in contrast.problems(ax.figure))
    assert all(line.get_visible() for line in ax.get_ygridlines()), (
        "they are drawn again afterwards"
    )
    for y in np.arange(0, 1, 0.02):
        ax.axhline(y, color="#777777", linewidth=3)
    assert any("a word" in problem for _, problem in contrast.problems(ax.figure))


def test_measuring_contrast_leaves_the_figure_unchanged(ax):
    ax.text(0.5, 0.5, "a word", bbox={"facecolor": "white"})
    ax.figure.set_layout_engine("constrained")
    ax.figure.canvas.draw()
    before, layout = (
        np.asarray(ax.figure.canvas.buffer_rgba()).copy(),
        ax.figure.get_layout_engine(),
    )
    contrast.problems(ax.figure)
    assert ax.figure.get_layout_engine() is layout
    ax.figure.canvas.draw()
    assert np.array_equal(before, np.asarray(ax.figure.canvas.buffer_rgba()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_words_of_each_draw_function_have_enough_contrast(name):
    figure = EXAMPLES[name]()
    figure.canvas.draw()
    assert [problem for _, problem in contrast.problems(figure)] == []
    plt.close(figure)


def test_every_draw_function_has_an_example():
    shown = {name.split(",")[0] for name in EXAMPLES}
    for path in (notebooks.ROOT / "lib" / "plots").glob("[a-z]*.py"):
        if path.stem in ("style", "controls"):
            continue  # parts of figures; controls call draw functions
        module = import_module(f"lib.plots.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), "")
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            if is_own and first in ("ax", "axes"):
                assert f"{path.stem}.{name}" in shown


FIGURE = """
from lib import plots
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.set_title({title})
plots.show(fig, alt="An empty pair of axes.")
"""
CONTROL = """
from lib.plots import explore

def line(ax, end: int = 1):
    ax.plot([0, end], [0, 1])
    xlabel = "time" if end == 3 else "time (s)"
    ax.set(title=f"To {end}", ylabel="loss", xlabel=xlabel)

explore(line, alt="A line that goes up.", end=(1, 3, 1))
"""


def test_every_figure_of_a_running_notebook_is_checked_at_each_place_of_a_control(tmp_path):
    bare = FIGURE.format(title='"Bare"')
    pale = FIGURE.format(title='"Pale", color="#E69F00"')
    done, _, _ = run_cells(notebook(tmp_path, FIND_LIB, bare, pale, CONTROL), tmp_path)
    assert done.returncode == 1
    assert "'Bare': the x axis has numbers and no label" in done.stdout
    assert "'Pale': the words 'Pale' in #e69f00 on #ffffff have a contrast of 2.3:1" in done.stdout
    assert "'To 3': the x axis, 'time', has neither unit nor range" in done.stdout
    assert "'To 1'" not in done.stdout and "'To 2'" not in done.stdout
