"""The page of measured results: its first lines, and its cells."""

import importlib
import json
import re
import types

import pytest

from tools.results import __main__ as command
from tools.results import page
from tools.results.__main__ import SUBJECTS

pytestmark = pytest.mark.skipif(
    not page.FOLDER.exists(), reason="docs/results/ is not written yet: python -m tools.results"
)


def on_file(subject: str) -> dict:
    return json.loads((page.FOLDER / f"{subject}.json").read_text(encoding="utf-8"))


def test_without_an_argument_every_subject_is_measured_and_a_wrong_one_is_refused(
    monkeypatch, tmp_path, capsys
):
    measured = []

    def module(name: str):
        run = lambda: measured.append(name) or {"tables": []}  # noqa: E731
        return types.SimpleNamespace(run=run, outcome=lambda tables: "")

    monkeypatch.setattr(command.importlib, "import_module", lambda name: module(name))
    monkeypatch.setattr(command, "results_folder", lambda: tmp_path)
    monkeypatch.setattr(command.page, "section", str)
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    command.main([])
    assert measured == [f"tools.results.{subject}" for subject in SUBJECTS]
    with pytest.raises(SystemExit):
        command.main(["omnigolt"])
    assert "no subject omnigolt" in capsys.readouterr().err


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_page_begins_with_each_subjects_outcome_as_its_table_has_it(subject):
    found = on_file(subject)
    module = importlib.import_module(f"tools.results.{subject}")
    assert found["short"] == module.outcome(found["tables"])
    top, _ = page.PAGE.read_text(encoding="utf-8").split("\n## ", 1)
    assert f"- {found['short']}\n" in top


def test_the_first_lines_hold_the_figures_that_the_tables_hold():
    """Each looked up here by hand: subject, row, how it stands on the page, and in the line."""
    page_text = page.PAGE.read_text(encoding="utf-8")
    for subject, row in (
        ("signatures", "| + strokes: the line alone | "),
        ("signatures", "| + grey ink | "),
        ("faces", "| published weights, landmarks | "),
        ("omniglot", "| GlyphNet, four quarter turns, best agreement of 13 x 13 looks | "),
    ):
        first = page_text.split(row)[1].split(" | ")[0]
        assert first in on_file(subject)["short"], (subject, row, first)
    for row in (
        "| course model, landmarks | ",
        "| course model, trained on with the other half's people, then their last layer,"
        " both crops, mirrored too | ",
    ):
        share = float(page_text.split(row)[1].split("%")[0])
        assert f" {share:.1f}%" in on_file("faces")["short"], (row, share)
    sizes = [
        float(words) for words in re.findall(r"int8: (\d\.\d\d) MB \(", page_text)
    ]  # the paper's network: the course's is not held to a size
    assert len(sizes) == 3 and f"{min(sizes)} to {max(sizes)} MB" in on_file("export")["short"]


def test_a_layout_is_filled_in_paragraph_by_paragraph():
    layout = {"caption": "{n} pairs", "columns": [], "rows": [], "notes": "One\nand {n:,}.\n\nTwo."}
    filled = page.table(layout, [{"a": 1}], n=6000)
    assert filled["caption"] == "6000 pairs" and filled["rows"] == [{"a": 1}]
    assert filled["notes"] == ["One and 6,000.", "Two."]
    assert layout["notes"].startswith("One\nand {n"), "the layout itself stays as it is"


def test_a_loss_that_rounds_to_nothing_has_no_sign():
    table = {
        "caption": "",
        "columns": [["gain", "gain", "{:+.1f} to {:+.1f}"]],
        "rows": [{"gain": [-0.04, 6.71]}, {"gain": [-0.06, 0.04]}, {"gain": [-0.01, -10.0]}],
    }
    cells = page.section({"title": "", "about": [], "tables": [table]}).splitlines()[-3:]
    assert cells == ["| 0.0 to +6.7 |", "| -0.1 to +0.0 |", "| 0.0 to -10.0 |"]
