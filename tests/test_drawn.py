"""Controls that the site draws itself: their scripts draw what the lessons' Python draws."""

import ast
import itertools
import json
import math
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib import course
from tools import drawn, frames, notebooks

STATIC = course.ROOT / "docs" / "book" / "static"
NAMES = sorted(
    path.relative_to(drawn.SCRIPTS).with_suffix("").as_posix()
    for path in drawn.SCRIPTS.rglob("*.js")
)
MARKERS = {26: "o", 5: "s", 11: "*"}  # by the points of a scatter's outline
NEAR = 1e-9


def lesson_of(name: str) -> Path:
    return course.ROOT / "notebooks" / f"{name.split('/')[0]}.ipynb"


def cell_of(name: str) -> tuple[dict, str]:
    """A lesson, and the source of its cell with the control that a script draws."""
    lesson = lesson_of(name)
    notebook = nbformat.read(lesson, as_version=4)
    sources = [frames.source_of(cell) for cell in frames.cells(notebook)]
    (source,) = (one for one in sources if drawn.name_of(lesson, one) == name)
    return notebook, source


@pytest.fixture(scope="module", params=NAMES)
def control(request):
    """One control as the lesson has it (`shown`, `draw`), and as the site reads it (`index`).

    The cell is run after the imports of the lesson, and nothing else of it.
    """
    notebook, source = cell_of(request.param)
    names, code = {}, ""
    with plt.rc_context():
        course.use_figure_style()
        for cell in notebook.cells:
            if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
                found = ast.parse(cell.source).body
                imports = [one for one in found if isinstance(one, ast.Import | ast.ImportFrom)]
                code += "".join(f"{ast.unparse(one)}\n" for one in imports)
                if cell.source == source:
                    break
        *before, last = ast.parse("from lib import plots\n" + code + source).body
        exec(ast.unparse(before), names)
        shown = eval(ast.unparse(last), names)
        draw = eval(ast.unparse(last.value.args[0]), names)
        index = drawn.index(notebook, source)
        yield SimpleNamespace(name=request.param, shown=shown, draw=draw, index=index)


def some_places(controls: list[dict]) -> list[dict]:
    """Values for all controls: every combination of one or two controls.

    Of more: the combinations of both ends, the middle and the start, and each control over its
    whole range while the others are at the start.
    """
    everywhere = {one["parameter"]: one["values"] for one in controls}
    starts = {one["parameter"]: one["values"][one["start"]] for one in controls}
    if len(controls) < 3:
        return [dict(zip(everywhere, chosen)) for chosen in itertools.product(*everywhere.values())]
    few = [
        sorted({values[0], values[len(values) // 2], values[-1], starts[key]})
        for key, values in everywhere.items()
    ]
    found = [dict(zip(everywhere, chosen)) for chosen in itertools.product(*few)]
    return found + [starts | {key: one} for key, values in everywhere.items() for one in values]


def in_node(control, values: list[dict]) -> list[dict]:
    """What the script draws for each of some values."""
    if shutil.which("node") is None:
        pytest.skip("no node here: install Node.js 18 or newer to test the site's own pictures")
    given = {"folder": str(STATIC), "name": control.name, "values": values}
    given |= {"size": control.index["size"], "alt": control.index["alt"]}
    done = subprocess.run(
        ["node", course.ROOT / "tests" / "drawn_in_node.mjs"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_python(control, values: dict):
    """The axes on which the lesson's draw function has drawn."""
    axes = Figure(figsize=control.index["size"]).subplots()
    control.draw(axes, **values)
    return axes


def by_kind(artists: list[dict]) -> dict[str, list[dict]]:
    found = defaultdict(list)
    for one in artists:
        found[one["kind"]].append({key: value for key, value in one.items() if key != "kind"})
    return dict(found)


# -- what matplotlib has drawn, in the words of axes.js --------------------------------------------


def colour(value) -> str:
    return to_hex(value).upper()


def of_line(line, ax) -> list[dict]:
    x, y = (np.asarray(one, dtype=float).tolist() for one in line.get_data())
    order, hue = line.get_zorder(), colour(line.get_color())
    if line.get_marker() not in ("None", None):
        edge = colour(line.get_markeredgecolor())
        style = {"marker": line.get_marker(), "size": line.get_markersize(), "edge": edge}
        return [
            {"kind": "mark", "x": a, "y": b, "color": hue, "order": order, **style}
            for a, b in zip(x, y)
        ]
    width, dash = line.get_linewidth(), list(line._unscaled_dash_pattern[1] or [])
    style = {"color": hue, "width": width, "dash": dash, "order": order}
    if line.get_transform() == ax.get_yaxis_transform():  # of axhline
        return [{"kind": "across", "y": y[0], **style}]
    return [{"kind": "line", "x": x, "y": y, **style}]


def of_scatter(points) -> list[dict]:
    marker = MARKERS[len(points.get_paths()[0].vertices)]
    style = {"marker": marker, "color": colour(points.get_facecolor()[0])}
    style |= {"edge": colour(points.get_edgecolor()[0]), "order": points.get_zorder()}
    size = math.sqrt(points.get_sizes()[0])
    return [
        {"kind": "mark", "x": x, "y": y, "size": size, **style} for x, y in points.get_offsets()
    ]


def of_patch(patch) -> dict:
    order, hue = patch.get_zorder(), colour(patch.get_facecolor())
    if isinstance(patch, Rectangle):
        assert patch.get_x() == 0 and patch.get_height() == 0.8
        row, edge = patch.get_y() + 0.4, colour(patch.get_edgecolor())
        style = {"color": hue, "edge": edge, "order": order}
        return {"kind": "bar", "x": patch.get_width(), "y": row, **style}
    x, y = patch.get_xy()[:-1].T.tolist()  # without the point that closes it
    alpha = patch.get_alpha() or 1
    return {"kind": "fill", "x": x, "y": y, "color": hue, "alpha": alpha, "order": order}


def of_text(text) -> dict:
    if arrow := getattr(text, "arrow_patch", None):
        style = {"color": colour(arrow.get_facecolor()), "width": arrow.get_linewidth()}
        start, end = (list(map(float, at)) for at in (text.xyann, text.xy))
        return {"kind": "arrow", "start": start, "end": end, **style, "order": text.get_zorder()}
    at, offset = getattr(text, "xy", None), [0, 0]
    if at is not None:
        offset = list(text.xyann)
        assert text.anncoords == "offset points"
    style = {"ha": text.get_ha(), "va": text.get_va(), "color": colour(text.get_color())}
    style |= {"size": text.get_size(), "weight": text.get_weight(), "slope": text.get_style()}
    at = list(text.get_position() if at is None else at)
    style |= {"order": text.get_zorder()}
    return {"kind": "words", "words": text.get_text(), "at": at, "offset": offset, **style}


def artists_of(ax) -> list[dict]:
    found = [one for line in ax.lines for one in of_line(line, ax)]
    found += [one for points in ax.collections for one in of_scatter(points)]
    return found + [of_patch(one) for one in ax.patches] + [of_text(one) for one in ax.texts]


def assert_same(theirs, ours, where: str) -> None:
    """Numbers within NEAR, everything else equal, all the way down."""
    if isinstance(ours, dict):
        assert theirs.keys() == ours.keys(), where
        for key in ours:
            assert_same(theirs[key], ours[key], f"{where}, {key}")
    elif isinstance(ours, list) and len(ours) > 20:
        assert np.shape(theirs) == np.shape(ours), where
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=NEAR, err_msg=where)
    elif isinstance(ours, list | tuple):
        assert len(theirs) == len(ours), f"{where}: {theirs} and {ours}"
        for i, pair in enumerate(zip(theirs, ours)):
            assert_same(*pair, f"{where} {i}")
    elif isinstance(ours, str):
        assert theirs == ours, where
    else:
        assert theirs == pytest.approx(ours, abs=NEAR), where


# -- the scripts -----------------------------------------------------------------------------------


def test_every_script_draws_for_one_control_of_the_lesson_in_its_name():
    assert len(NAMES) >= 3
    for name in NAMES:
        cell_of(name)


def test_a_script_draws_what_the_lesson_draws_at_every_place_of_its_controls(control):
    """Lines, marks, bars, arrows and words with their styles; title, names and limits of axes."""
    values = some_places(control.index["controls"])
    for chosen, theirs in zip(values, in_node(control, values), strict=True):
        ax = in_python(control, chosen)
        theirs_by_kind, ours = by_kind(theirs["artists"]), by_kind(artists_of(ax))
        assert_same(theirs_by_kind, ours, f"{control.name} at {chosen}")
        words = (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel())
        assert (theirs["title"], theirs["xlabel"], theirs["ylabel"]) == words, chosen
        assert_same(theirs["xlim"] + theirs["ylim"], [*ax.get_xlim(), *ax.get_ylim()], str(chosen))
        assert theirs["equal"] == (ax.get_aspect() == 1.0)


def test_a_script_says_in_the_alt_text_what_the_lesson_says(control):
    places = some_places(control.index["controls"])
    values = [places[0], *places[1 :: len(places) // 6], places[-1]]
    start = {key: one.value for key, one in control.shown.controls.items()}
    for chosen, theirs in zip(values, in_node(control, values), strict=True):
        for key, value in chosen.items():
            control.shown.controls[key].value = value
        assert theirs["alt"] == control.shown.alt
    for key, value in start.items():
        control.shown.controls[key].value = value


def test_ticks_frame_and_grid_are_where_matplotlib_has_them(control):
    places = some_places(control.index["controls"])
    values = [places[0], places[len(places) // 2], places[-1]]
    for chosen, theirs in zip(values, in_node(control, values), strict=True):
        ax = in_python(control, chosen)
        ax.figure.draw_without_rendering()
        for axis, letter in ((ax.xaxis, "x"), (ax.yaxis, "y")):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels())
            ours = [[at, words.get_text()] for at, words in ticks if low <= at <= high]
            assert_same(theirs["ticks"][letter], ours, f"{control.name}, ticks of {letter}")
            is_on = axis.get_gridlines()[0].get_visible()
            assert (letter in theirs["grid"]) == is_on, f"{control.name}, grid of {letter}"
        height = ax.figure.bbox.height
        ours = {"left": ax.bbox.x0, "right": ax.bbox.x1}
        ours |= {"top": height - ax.bbox.y1, "bottom": height - ax.bbox.y0}
        for side, at in ours.items():
            assert theirs["frame"][side] == pytest.approx(at, abs=2), f"{control.name}, {side}"


def test_the_picture_shows_every_word_and_every_line_in_its_frame(control):
    (theirs,) = in_node(control, some_places(control.index["controls"])[:1])
    picture = ElementTree.fromstring(theirs["svg"])
    space = "{http://www.w3.org/2000/svg}"
    shown = [text.text for text in picture.iter(f"{space}text")]
    expected = [one["words"] for one in theirs["artists"] if one["kind"] == "words"]
    expected += [words for axis in theirs["ticks"].values() for _, words in axis]
    expected += [theirs["title"], theirs["xlabel"], theirs["ylabel"]]
    assert sorted(filter(None, shown)) == sorted(filter(None, expected))
    frame, paths = theirs["frame"], [path.get("d") for path in picture.iter(f"{space}path")]
    (low, high), (bottom, top) = theirs["xlim"], theirs["ylim"]
    for line in by_kind(theirs["artists"]).get("line", []):
        ends = []
        for x, y in ((line["x"][0], line["y"][0]), (line["x"][-1], line["y"][-1])):
            right = (x - low) / (high - low) * (frame["right"] - frame["left"])
            up = (y - bottom) / (top - bottom) * (frame["bottom"] - frame["top"])
            ends += [frame["left"] + right, frame["bottom"] - up]
        drawn_ends = [
            [float(part) for part in path[1:].replace("L", " ").split()]
            for path in paths
            if path.startswith("M") and set(path) <= set("ML-.0123456789 ")
        ]
        assert any(
            numbers[:2] + numbers[-2:] == pytest.approx(ends, abs=0.011) for numbers in drawn_ends
        ), line["color"]


# -- what the page is told -------------------------------------------------------------------------


def test_the_page_has_the_stops_and_the_start_of_the_lessons_control(control):
    read = {one["parameter"]: one for one in control.index["controls"]}
    assert list(read) == list(control.shown.controls)
    for key, widget in control.shown.controls.items():
        places = frames._all_stops(widget)
        assert read[key]["values"] == [stop.value for stop in places]
        described = {"parameter": key, "values": read[key]["values"]}
        assert read[key] == frames._described(widget, places) | described
    width, height = control.index["size"]
    assert (int.from_bytes(control.shown.png[16:20]), int.from_bytes(control.shown.png[20:24])) == (
        round(100 * width),
        round(100 * height),
    ), "the still picture and the drawn one are equally large"


def read(source: str) -> dict:
    cells = [nbformat.v4.new_code_cell(source)]
    return drawn.index(nbformat.v4.new_notebook(cells=cells), source)


def test_a_control_is_read_from_its_cell_by_the_rules_of_explore():
    found = read("""def f(ax, n=3, who="B", wide=0.2): pass
explore(f, n=(1, 9, 2), wide=(0.0, 0.5, 0.1), other=(-1.0, 1.0, 0.25), who=["A", "B"],
    bold=True, kind=[("first", 1), ("second", 2)], alt="A " "{n}.", figsize=(3, 2))""")
    assert found["alt"] == "A {n}." and found["size"] == [3, 2]
    controls = {one["parameter"]: one for one in found["controls"]}
    assert controls["n"]["stops"] == ["1", "3", "5", "7", "9"] and controls["n"]["start"] == 1
    assert controls["wide"]["stops"][controls["wide"]["start"]] == "0.2"
    assert controls["other"]["stops"][:2] == ["-1.00", "-0.75"] and controls["other"]["start"] == 4
    assert controls["who"]["start"] == 1 and controls["bold"]["start"] == 1
    assert controls["kind"]["stops"] == ["first", "second"]
    assert controls["kind"]["values"] == [1, 2] and controls["kind"]["start"] == 0


@pytest.mark.parametrize(
    "source, complaint",
    [
        ("def f(ax, n=3): pass\nexplore(f, n=(1, most, 1), alt='Words.')", "malformed"),
        ("explore(f, n=(1, 3, 1), alt='Words.')", "no function f"),
        ("explore(plots.f, n=(1, 3, 1), alt='Words.')", "imports no plots"),
    ],
)
def test_a_control_that_is_not_written_out_is_refused(source, complaint):
    with pytest.raises(ValueError, match=complaint):
        read(source)


@pytest.fixture
def scripted(tmp_path, monkeypatch) -> Path:
    """A lesson whose control `line` a script draws, in a course of its own."""
    script = tmp_path / "drawn" / "98_lines" / "line.js"
    script.parent.mkdir(parents=True)
    script.touch()
    monkeypatch.setattr(drawn, "SCRIPTS", tmp_path / "drawn")
    return tmp_path / "notebooks" / "98_lines.ipynb"


def test_nothing_is_recorded_of_a_control_that_a_script_draws(scripted):
    cells = [nbformat.v4.new_code_cell(f"explore({name}, alt='x')") for name in ("a.line", "wave")]
    book = nbformat.v4.new_notebook(cells=cells)
    assert drawn.name_of(scripted, cells[0].source) == "98_lines/line"
    assert frames.recorded_cells(scripted, book) == [cells[1]]
    assert frames.recorded_cells(scripted.with_name("97_lines.ipynb"), book) == cells
    assert (
        notebooks.Recorder(SimpleNamespace(nb=book), scripted, "full").record(0, cells[0]) is None
    )
    kept, left = (frames.folder_of(scripted) / frames.name(cell.source) for cell in cells)
    kept.mkdir(parents=True)
    found = frames.problems(scripted, book, "")
    assert len(found) == 2 and "fits no control" in found[0] and left.name in found[1]
