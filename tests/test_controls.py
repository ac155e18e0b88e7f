"""Controls redraw one picture in place, with its words, and show errors to readers and to tests."""

import gc
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from PIL import Image

from lib import plots
from lib.plots import controls

VIEW = "application/vnd.jupyter.widget-view+json"


def line(ax, slope: float = 1.0, bold: bool = False, colour: str = "black") -> None:
    if slope == 13:
        raise ValueError("thirteen")
    ax.plot([0, 1], [0, slope], lw=5 if bold else 1, color=colour)
    ax.set(ylim=(0, 5), title="A line")


def explorer(**changes) -> controls.Explorer:
    options = {
        "slope": (0.0, 13.0, 0.5),
        "bold": False,
        "colour": ["black", "red"],
        "alt": "A line of slope {slope:.1f}.",
    } | changes
    return controls.explore(line, **options)


def test_each_kind_of_range_gets_its_control_with_a_label():
    control = controls.explore(
        lambda ax, a_share, n, on, pick, named: None,
        alt="Nothing at all.",
        a_share=(0.0, 1.0, 0.25),
        n=(1, 9, 2),
        on=True,
        pick=["x", "y"],
        named=[("first", 1), ("second", 2)],
    ).controls
    kinds = [
        ipywidgets.FloatSlider,
        ipywidgets.IntSlider,
        ipywidgets.Checkbox,
        ipywidgets.ToggleButtons,
        ipywidgets.ToggleButtons,
    ]
    assert [type(one) for one in control.values()] == kinds
    assert [one.description for one in control.values()] == ["a share", "n", "on", "pick", "named"]
    assert (control["a_share"].value, control["a_share"].readout_format) == (0.5, ".2f")
    assert (
        control["n"].value,
        control["on"].value,
        control["pick"].value,
        control["named"].value,
    ) == (5, True, "x", 1)


def test_a_control_starts_at_the_default_of_its_parameter_else_in_the_middle():
    assert explorer().controls["slope"].value == 1.0
    shown = controls.explore(lambda ax, x: None, alt="Nothing at all.", x=(0, 10, 1))
    assert shown.controls["x"].value == 5


def test_the_package_offers_explore_too():
    assert plots.explore is controls.explore


def test_a_move_changes_the_picture_and_the_words_in_place():
    shown = explorer()
    picture, before, words = shown.widget.children[-2], shown.png, shown.alt
    shown.controls["slope"].value = 4.0
    assert shown.widget.children[-2] is picture and picture.value == shown.png != before
    assert (words, shown.alt) == ("A line of slope 1.0.", "A line of slope 4.0.")
    assert "A line of slope 4.0." in shown.widget.children[-1].value


def test_objects_made_by_imports_are_out_of_the_garbage_collectors_search():
    explorer()
    assert gc.get_freeze_count() > 10_000


def test_the_frame_does_not_move_while_a_slider_moves():
    drawn = []

    def tall(ax, top=1.0):
        ax.plot([0, 1], [0, top])  # a new layout would make room for tick labels of five digits
        drawn.append(ax)

    shown = controls.explore(tall, alt="A line to the top.", top=(1.0, 50000.0, 49999.0))
    shown.controls["top"].value = 50000.0
    first, second = (ax.get_position(original=True).bounds for ax in drawn)
    assert first == second


def test_no_figure_is_left_open_and_pyplot_keeps_its_current_one():
    plt.close("all")
    mine = plt.figure()
    shown = explorer()
    for slope in (2.0, 3.0, 4.0):
        shown.controls["slope"].value = slope
    assert plt.get_fignums() == [mine.number] and plt.gcf() is mine
    plt.close(mine)


def test_the_output_is_a_live_view_a_still_picture_and_words_at_once():
    data, metadata = explorer()._repr_mimebundle_()
    assert set(data) == {VIEW, "image/png", "text/plain"}
    assert data["text/plain"] == metadata["image/png"]["alt"] == "A line of slope 1.0."
    assert isinstance(data["image/png"], str) and data[VIEW]["model_id"]


def test_colab_gets_the_live_form_alone(monkeypatch):
    monkeypatch.setenv("COURSE_COLAB", "1")
    assert "image/png" not in explorer()._repr_mimebundle_()[0]


def test_a_first_picture_that_fails_is_an_error_of_its_cell():
    with pytest.raises(ZeroDivisionError):
        controls.explore(lambda ax, x: 1 / 0, alt="Never seen at all.", x=(0, 1, 1))


def test_a_redraw_that_fails_keeps_the_last_good_picture():
    shown = explorer()
    good = shown.png
    # Without a kernel the error comes through. With one, slider_driver finds it.
    with pytest.raises(ValueError, match="thirteen"):
        shown.controls["slope"].value = 13.0
    assert shown.png == good == shown.widget.children[-2].value
    shown.controls["slope"].value = 2.0
    assert shown.png != good


@pytest.mark.parametrize(
    "changes, complaint",
    [
        ({"alt": "  "}, "alt text"),
        ({"slope": (0, 1)}, "min, max, step"),
        ({"colour": []}, "choices"),
        ({"bold": 3}, "True/False"),
    ],
)
def test_empty_alt_text_and_unknown_ranges_are_refused_in_words(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        explorer(**changes)


def test_several_axes_are_side_by_side_in_the_given_size():
    seen = []
    shown = controls.explore(
        lambda axes, x: seen.append(len(axes)),
        alt="Two empty axes.",
        axes=2,
        figsize=(6, 2),
        x=(0, 2, 1),
    )
    width, height = Image.open(io.BytesIO(shown.png)).size
    assert seen == [2] and width == pytest.approx(3 * height, abs=3)


def test_angle_brackets_in_the_words_are_no_html():
    shown = controls.explore(lambda ax, x: None, alt="Where d < m.", x=(0, 2, 1))
    assert "d &lt; m" in shown.widget.children[-1].value


def test_a_redraw_takes_less_than_a_fifth_of_a_second():
    shown = explorer()
    spent = []
    for slope in (2.0, 3.0, 4.0, 5.0, 6.0):
        started = time.process_time()
        shown.controls["slope"].value = slope
        spent.append(time.process_time() - started)
    assert min(spent) < 0.2


@pytest.mark.slow
def test_these_tests_pass_with_the_ipywidgets_of_colab(tmp_path):
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--target",
        str(tmp_path),
    ]
    if subprocess.run(
        [*install, "ipywidgets==7.7.1", "ipython-genutils"], capture_output=True
    ).returncode:
        pytest.skip("ipywidgets 7.7.1 could not be fetched")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parent.parent)])
    }
    version = [sys.executable, "-c", "import ipywidgets; print(ipywidgets.__version__)"]
    assert (
        subprocess.run(version, env=environment, capture_output=True, text=True).stdout == "7.7.1\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        "-m",
        "not slow",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
