"""Recorded pictures of controls: which are taken, that they are what the control shows, and that
those of other code are refused."""

import io
import json
import math
import random
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image

from lib.plots import controls
from tools import frames, notebook_outputs, notebooks

FIND_LIB = f"import sys\nsys.path.insert(0, {str(notebooks.ROOT)!r})"
CONTROL = """from lib.plots import controls


def line(ax, slope: int = 1, thick: bool = False) -> None:
    ax.plot([0, 1], [0, slope], lw=6 if thick else 1)


controls.explore(line, slope=(0, 4, 1), thick=False, alt="A line of slope {slope}.")"""


def line(ax, slope: float = 1.0, bold: bool = False, colour: str = "black") -> None:
    random.random(), np.random.rand(), torch.rand(1)  # as a draw function may
    ax.plot([0, 1], [0, slope], lw=5 if bold else 1, color=colour)
    ax.set(ylim=(0, 5))


def explorer(**ranges) -> controls.Explorer:
    ranges = ranges or {"slope": (0.0, 4.0, 0.5), "bold": False, "colour": ["black", "red"]}
    return controls.explore(line, alt="A line of slope {slope:.1f}.", figsize=(3, 2), **ranges)


def labels(shown: controls.Explorer, **chosen) -> dict[str, list[str]]:
    found = frames.stops(shown.controls, chosen)
    return {name: [stop.label for stop in places] for name, places in found.items()}


# -- stops -----------------------------------------------------------------------------------------


def test_a_control_with_few_values_stops_at_each():
    assert labels(explorer()) == {
        "slope": ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0"],
        "bold": ["off", "on"],
        "colour": ["black", "red"],
    }


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 60])
@pytest.mark.parametrize("start", [0, 1, 50, 98, 150])
def test_spread_stops_are_even_and_hold_the_start_and_from_three_on_both_ends(count, start):
    places = frames.spread(151, count, start)
    assert len(set(places)) == count and places == sorted(places) and start in places
    if count > 2:
        assert places[0] == 0 and places[-1] == 150
        gaps = np.diff(places)
        assert gaps.max() <= 2 * math.ceil(150 / (count - 1)), (
            "moving one stop at most doubles a gap"
        )


def test_sliders_share_the_pictures_and_lists_keep_all_their_values():
    shown = explorer(slope=(0.0, 4.0, 0.01), bold=True, colour=["red", "blue", "green"])
    found = labels(shown)
    assert len(found["slope"]) == 10 and len(found["bold"]) == 2 and len(found["colour"]) == 3
    several = dict.fromkeys(("x", "y", "z", "w"), (0, 159, 1))
    many = controls.explore(lambda ax, **_: None, alt="Nothing at all.", **several)
    counts = [len(places) for places in labels(many).values()]
    assert counts == [3, 3, 3, 2], "54 pictures; one more stop would be too many"


def test_a_cell_chooses_its_stops_by_value_or_by_label():
    found = labels(explorer(), slope=[2, 1.0, 0.5], colour=["black"])
    assert found["slope"] == ["0.5", "1.0", "2.0"] and found["colour"] == ["black"]


@pytest.mark.parametrize(
    "chosen, complaint",
    [
        ({"height": [1]}, r"names \['height'\], which are no controls"),
        ({"slope": [1.0, 1.3]}, "slope has no stop 1.3"),
        ({"slope": [0.0, 2.0]}, "slope begins at 1.0, which is not among"),
    ],
)
def test_stops_that_a_control_does_not_have_are_refused_in_words(chosen, complaint):
    with pytest.raises(ValueError, match=complaint):
        frames.stops(explorer().controls, chosen)


def test_lists_with_too_many_combinations_are_refused_with_what_to_do():
    shown = explorer(slope=(0.0, 4.0, 1.0), colour=[f"C{i}" for i in range(61)])
    with pytest.raises(ValueError, match="61 combinations of colour.*name fewer stops"):
        frames.stops(shown.controls, {})


# -- record ----------------------------------------------------------------------------------------


def test_each_recorded_picture_is_what_the_control_shows_there_with_its_words(tmp_path):
    shown = explorer(slope=(0.0, 4.0, 1.0), bold=False)
    before = shown.png
    frames.record(shown, tmp_path / "cell", {}, {"budget": "full"})
    assert shown.png == before and shown.controls["slope"].value == 1.0, "it goes back"
    index = frames.read(tmp_path / "cell")
    assert index["budget"] == "full"
    slope = {"name": "slope", "kind": "slider", "stops": ["0.0", "1.0", "2.0", "3.0", "4.0"]}
    bold = {"name": "bold", "kind": "checkbox", "stops": ["off", "on"], "start": 0, "of": 2}
    assert index["controls"] == [slope | {"start": 1, "of": 5}, bold]
    assert len(index["alt"]) == 10 and len(list((tmp_path / "cell").glob("*.webp"))) == 10
    shown.controls["slope"].value, shown.controls["bold"].value = 3.0, True
    number = 3 * 2 + 1
    assert index["alt"][number] == shown.alt == "A line of slope 3.0."
    recorded = Image.open(tmp_path / "cell" / f"{number}.webp").convert("RGB")
    live = Image.open(io.BytesIO(shown.png)).convert("RGB")
    change = np.abs(np.asarray(recorded, dtype=int) - np.asarray(live, dtype=int))
    assert change.max() <= notebook_outputs.LARGEST_CHANGE


def test_recording_changes_no_random_number_that_comes_after(tmp_path):
    def drawn() -> tuple:
        return random.random(), float(np.random.rand()), float(torch.rand(1))

    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = drawn()
    shown = explorer(slope=(0.0, 2.0, 1.0))
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    frames.record(shown, tmp_path / "cell", {}, {})
    assert drawn() == expected


def test_a_cell_that_does_not_end_with_its_control_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must end with it"):
        frames.record(None, tmp_path / "cell", {}, {})


# -- through the kernel ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """A lesson with one control, run with the full budget in a course of its own."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    book = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks.KERNEL})
    book.cells = [nbformat.v4.new_markdown_cell("# A lesson")]
    book.cells += [nbformat.v4.new_code_cell(source) for source in (FIND_LIB, CONTROL)]
    book.cells += [nbformat.v4.new_code_cell(CONTROL + "  # of real people")]
    book.cells[3].metadata["tags"] = ["real"]
    nbformat.write(book, folder / "98_lines.ipynb")
    old = folder.parent / "docs" / "frames" / "98_lines" / "of-a-cell-that-was"
    old.mkdir(parents=True)
    notebooks.run(folder / "98_lines.ipynb")
    return folder / "98_lines.ipynb"


def test_a_run_with_the_full_budget_records_each_control_but_none_of_real_people(recorded):
    assert notebooks.problems(recorded) == []
    folders = list(frames.folder_of(recorded).iterdir())
    assert [folder.name for folder in folders] == [frames.name(CONTROL)]
    assert len(frames.read(folders[0])["alt"]) == 10
    book = nbformat.read(recorded, as_version=4)
    assert [cell.source for cell in book.cells[1:3]] == [FIND_LIB, CONTROL]
    assert "image/png" in book.cells[2].outputs[0].data and len(book.cells[2].outputs) == 1


def edit(path: Path, change) -> None:
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))


@pytest.mark.parametrize(
    "spoil, complaint",
    [
        (
            lambda cell, book: cell.rename(cell.parent / "0123"),
            "0123 fits no control of the lesson",
        ),
        (lambda cell, book: cell.rename(cell.parent / "0123"), "is missing"),
        (lambda cell, book: (cell / "3.webp").unlink(), "lacks pictures"),
        (lambda cell, book: (cell / "10.webp").touch(), "has too many"),
        (
            lambda cell, book: edit(cell / "frames.json", lambda index: index.update(alt=["a"])),
            "has 1 pictures for 10 stops",
        ),
        (
            lambda cell, book: edit(
                cell / "frames.json", lambda index: index.update(budget="quick")
            ),
            "with the quick budget",
        ),
        (
            lambda cell, book: book.cells[1].update(source=FIND_LIB + "\nx = 1"),
            "before the lesson's code changed",
        ),
        (lambda cell, book: book.cells[2].update(source=CONTROL + "\n"), "fits no control"),
        (lambda cell, book: book.cells[2].metadata.update(tags=["real"]), "may show a real person"),
    ],
)
def test_pictures_of_other_code_or_of_real_people_are_refused(recorded, tmp_path, spoil, complaint):
    course = shutil.copytree(recorded.parent.parent, tmp_path / "course")
    lesson = course / "notebooks" / recorded.name
    book = nbformat.read(lesson, as_version=4)
    spoil(frames.folder_of(lesson) / frames.name(CONTROL), book)
    nbformat.write(book, lesson)
    found = notebooks.problems(lesson)
    assert any(complaint in problem for problem in found), found
    for problem in found:
        if "docs/frames" in problem and "real person" not in problem:
            assert "python -m tools.notebooks frames 98_lines.ipynb" in problem


def test_a_lesson_without_recorded_pictures_is_no_problem(recorded, tmp_path):
    (tmp_path / "notebooks").mkdir()
    lesson = Path(shutil.copy(recorded, tmp_path / "notebooks"))
    assert notebooks.problems(lesson) == []


# -- the course's own ------------------------------------------------------------------------------


def test_all_recorded_pictures_together_stay_under_fifteen_megabytes():
    assert frames.bytes_together() < frames.LARGEST_TOGETHER


def test_every_lesson_with_controls_has_recorded_pictures():
    for lesson in notebooks.lessons():
        found = frames.recorded_cells(lesson, nbformat.read(lesson, as_version=4))
        moves = [cell for cell in found if "real" not in cell.metadata.get("tags", [])]
        assert not moves or frames.folder_of(lesson).is_dir(), lesson.name


def test_the_stops_that_a_cell_chooses_are_named_in_its_source():
    for lesson in notebooks.lessons():
        for cell in frames.cells(nbformat.read(lesson, as_version=4)):
            for name in cell.metadata.get("frames", {}):
                assert f"{name}=" in cell.source, f"{lesson.name}: no control {name}"
