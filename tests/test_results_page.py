"""docs/results.md and its log: made from their files, short, and with every table in its place."""

import importlib
import json
import re
import types

import numpy as np
import pytest
from scipy import stats

from tools.results import __main__ as command
from tools.results import measure as measuring
from tools.results import page, pictures

pytestmark = pytest.mark.skipif(
    not page.FOLDER.exists(), reason="docs/results/ is not written yet: python -m tools.results"
)


@pytest.mark.parametrize("file", page.PAGES, ids=lambda file: file.name)
def test_each_page_is_what_templates_and_files_give(file):
    assert file.read_text(encoding="utf-8") == page.text(file)


def test_the_page_of_results_is_short():
    text = page.PAGE.read_text(encoding="utf-8")
    assert len(text.split()) <= 1800
    assert len(text.split("\n## ")[0].split()) < 800, "the first table is one screen"


def test_every_table_of_every_subject_is_in_the_log():
    """The first and the last row of each, by its words."""
    log = (page.FOLDER / "log.md").read_text(encoding="utf-8")
    for subject in page.SUBJECTS:
        for table in page.record(subject)["tables"]:
            for row in (table["rows"][0], table["rows"][-1]):
                words = next((value for value in row.values() if isinstance(value, str)), "")
                assert words in log, (subject, table["name"], words)


def test_the_files_hold_numbers_and_labels_and_no_prose():
    for subject in page.SUBJECTS:
        found = page.record(subject)
        assert set(found) == {"command", "facts", "tables"}, subject
        for table in found["tables"]:
            assert set(table) == {"name", "rows"}
            for row in table["rows"]:
                for value in row.values():
                    assert not isinstance(value, str) or len(value.split()) < 25, value


def test_the_first_table_has_the_figures_of_the_tables_below_it():
    """Each looked up by hand, as its row stands in the log."""
    first = page.PAGE.read_text(encoding="utf-8").split("\n## ")[0]
    log = (page.FOLDER / "log.md").read_text(encoding="utf-8")
    for name, row in (
        ("Signatures by the line alone", "| + strokes: the line alone | "),
        ("GlyphNet", "| GlyphNet, four quarter turns, best agreement of 13 x 13 views | 392 | "),
        ("published weights in our network", "| published weights, landmarks | "),
    ):
        figure = log.split(row)[1].split(" | ")[0]
        line = next(line for line in first.splitlines() if name in line)
        assert f" {figure} " in line, (name, figure)
    shipped = page.record("recognisers")["recognisers"]["course"]["lfw"]["eight"]
    line = next(line for line in first.splitlines() if "made-up people alone" in line)
    assert f" {100 * shipped['accuracy']:.1f} % " in line


def test_every_figure_of_the_pages_is_there():
    for file in page.PAGES:
        for picture in re.findall(r"!\[.+?\]\((.+?)\)", file.read_text(encoding="utf-8")):
            assert (file.parent / picture).exists(), picture


def test_the_interval_of_ten_folds_is_students():
    folds = np.random.default_rng(0).normal(0.7, 0.02, 10)
    low, high = page.fold_interval({"mean": folds.mean(), "std": folds.std()})
    exact = stats.ttest_1samp(folds, 0.5).confidence_interval(0.95)
    assert (low, high) == pytest.approx((exact.low, exact.high))


def test_a_table_has_a_line_a_row_and_an_empty_cell_for_what_is_missing():
    columns = [["a", "name", "{}"], ["b", "share", "{:.1%}"], ["c", "interval", "{:.0%} to {:.0%}"]]
    lines = page.markdown_table([{"a": "x", "b": 0.954, "c": [0.9, 0.98]}, {"a": "y"}], columns)
    assert lines.splitlines()[2:] == ["| x | 95.4 % | 90 % to 98 % |", "| y |  |  |"]


def test_a_loss_that_rounds_to_nothing_has_no_sign():
    rows = [{"gain": [-0.04, 6.71]}, {"gain": [-0.06, 0.04]}, {"gain": [-0.01, -10.0]}]
    table = page.markdown_table(rows, [["gain", "gain", "{:+.1f} to {:+.1f}"]])
    assert table.splitlines()[2:] == ["| 0.0 to +6.7 |", "| -0.1 to +0.0 |", "| 0.0 to -10.0 |"]


def test_a_row_that_is_not_there_is_an_error():
    with pytest.raises(LookupError, match="no row has"):
        page.find([{"method": "guessing"}], method="knowing")


def test_without_an_argument_every_subject_is_measured_and_a_wrong_one_is_refused(
    monkeypatch, tmp_path, capsys
):
    measured = []

    def module(name: str):
        return types.SimpleNamespace(run=lambda: measured.append(name) or {"tables": []})

    monkeypatch.setattr(measuring.importlib, "import_module", module)
    monkeypatch.setattr(command, "results_folder", lambda: tmp_path)
    monkeypatch.setattr(page, "section", lambda name, found: name)
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    command.main([])
    assert measured == [f"tools.results.{subject}" for subject in page.SUBJECTS]
    assert json.loads((tmp_path / "faces.json").read_text()) == {"tables": []}
    with pytest.raises(SystemExit):
        command.main(["omnigolt"])
    assert "no subject omnigolt" in capsys.readouterr().err


@pytest.mark.parametrize("subject", page.SUBJECTS)
def test_every_subject_has_its_module(subject):
    assert callable(importlib.import_module(f"tools.results.{subject}").run)


def test_the_figures_are_drawn_from_the_files(monkeypatch):
    drawn = {}
    monkeypatch.setattr(pictures, "save", lambda fig, name: drawn.update({name: fig}))
    pictures.draw_all()
    assert set(drawn) == {"signature_steps.png", "omniglot_runs.png", "lfw_pairs.png"}
    names = [label.get_text() for label in drawn["lfw_pairs.png"].axes[0].get_yticklabels()]
    assert "course model, landmarks" in names
