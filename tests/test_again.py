"""Two runs of a lesson are compared by what a reader sees, but for what a clock says."""

from pathlib import Path

import nbformat
import pytest

from tools import again


def lesson(path: Path, *outputs: str, source: str = "show()") -> Path:
    """A notebook with a code cell for each text that it prints."""
    cells = []
    for text in outputs:
        cell = nbformat.v4.new_code_cell(source)
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        cells.append(cell)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def compared(tmp_path):
    def compare(one: list[str], other: list[str], **more) -> dict:
        paths = [tmp_path / name for name in ("one.ipynb", "other.ipynb")]
        return again.compare(*(lesson(p, *text, **more) for p, text in zip(paths, (one, other))))

    return compare


def test_equal_runs_have_no_different_cell(compared):
    found = compared(["EER 3.1%", "done"], ["EER 3.1%", "done"])
    assert found == {"cells": 2, "different": [], "numbers apart": 0.0, "other words": 0}


def test_another_number_and_another_word_are_counted(compared):
    found = compared(["EER 3.0%", "done", "a"], ["EER 4.0%", "done", "b"])
    assert found["different"] == [0, 2] and found["other words"] == 1
    assert found["numbers apart"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "one, other",
    [
        (
            "4/4 |██| 00:30<00:00, loss 1.5, 860 images/s",
            "4/4 |██| 00:39<00:00, loss 1.5, 6 images/s",
        ),
        ("took 12.5 s", "took 3.25 s"),
        ("face.onnx 1.15 MB in 4.7 s", "face.onnx 1.15 MB in 0.2 s"),
    ],
)
def test_what_a_clock_says_does_not_count(compared, one, other):
    assert compared([one], [other])["different"] == []


def test_a_number_beside_what_a_clock_says_counts(compared):
    assert compared(["loss 1.5 in 3.1 s"], ["loss 1.6 in 3.2 s"])["different"] == [0]


def test_a_bar_that_only_a_slow_run_shows_does_not_count(tmp_path):
    bar, words = "5/5 |████| 00:02<00:00, loss 4.22, 12 images/s", "plain loop: 4.5"
    slow, fast = lesson(tmp_path / "slow", "x"), lesson(tmp_path / "fast", "x")
    for path, texts in ((slow, [bar, words]), (fast, [words])):
        book = nbformat.read(path, as_version=4)
        book.cells[0].outputs = [nbformat.v4.new_output("stream", text=text) for text in texts]
        nbformat.write(book, path)
    assert again.compare(slow, fast)["different"] == []


def test_picture_bytes_count(tmp_path):
    paths = []
    for name in ("AAAA", "BBBB"):
        cell = nbformat.v4.new_code_cell("show()")
        cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": name})]
        paths.append(tmp_path / name)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), paths[-1])
    assert again.compare(*paths)["different"] == [0]
    assert again.compare(paths[0], paths[0])["different"] == []
