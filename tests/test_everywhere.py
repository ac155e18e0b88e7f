"""`make everywhere` names its places, notices a replaced package, and its record is whole."""

import json
import os
import re
import subprocess
import sys

import pytest

from lib import course
from tools import everywhere


def test_without_a_name_every_place_is_visited():
    assert everywhere.arguments([]).places == list(everywhere.PLACES)
    chosen = everywhere.arguments(["colab", "--some", "notebooks/00_welcome.ipynb"])
    assert chosen.places == ["colab"] and chosen.some == "notebooks/00_welcome.ipynb"


def test_an_unknown_place_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        everywhere.arguments(["python2.7"])
    said = capsys.readouterr().err
    assert "no such place: python2.7; known are colab, python3.12" in said


def test_a_changed_and_a_missing_package_are_noticed_and_a_new_one_is_not():
    before = {"torch": "2.11.0", "numpy": "2.1.3", "tqdm": "4.67.3"}
    assert everywhere.changed(before, before | {"onnx": "1.22.0"}) == []
    after = {"torch": "2.11.0", "numpy": "2.4.6", "onnx": "1.22.0"}
    assert everywhere.changed(before, after) == ["numpy 2.1.3 -> 2.4.6", "tqdm 4.67.3 -> gone"]


def test_the_packages_of_this_python_are_listed_with_their_versions():
    import numpy

    assert everywhere.freeze(sys.executable)["numpy"] == numpy.__version__


@pytest.mark.parametrize(
    ("printed", "summary", "failed"),
    [
        ("..\n2 passed in 0.51s\n", "2 passed in 0.51s", []),
        (
            "FAILED tests/test_a.py::test_b - assert 1 == 2\nERROR tests/test_c.py\n"
            "1 failed, 20 passed, 3 skipped, 1 error in 61.20s (0:01:01)\n",
            "1 failed, 20 passed, 3 skipped, 1 error in 61.20s",
            ["tests/test_a.py::test_b", "tests/test_c.py"],
        ),
        ("Killed\n", "pytest gave no summary", ["pytest"]),
    ],
)
def test_the_summary_of_pytest_is_read(printed, summary, failed):
    assert everywhere.tested(printed) == {"summary": summary, "failed": failed}


def test_a_lesson_that_keeps_its_stored_outputs_did_not_run(tmp_path):
    for name, budget in (("01_a", "quick"), ("02_b", "full")):
        lesson = {"metadata": {"course": {"budget": budget}}}
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(lesson))
    said = everywhere.lessons_run(sorted(tmp_path.iterdir()))
    assert said == {"summary": "1 of 2 lessons ran", "failed": ["02_b"]}


@pytest.mark.skipif(os.name == "nt", reason="rights of another kind")
def test_the_rights_to_write_are_taken_and_given_back(tmp_path):
    (tmp_path / ".venv").mkdir()
    for name in ("kept.txt", ".venv/shared.txt"):
        (tmp_path / name).write_text("")
    everywhere.set_writable(tmp_path, False)
    modes = {path.name: path.stat().st_mode & 0o222 for path in tmp_path.rglob("*")}
    everywhere.set_writable(tmp_path, True)
    assert modes.pop("shared.txt"), "uv's cache has the same file"
    assert not any(modes.values()) and len(modes) == 2
    assert all(path.stat().st_mode & 0o200 for path in [tmp_path, *tmp_path.rglob("*")])


def test_with_the_line_of_elsewhere_processes_are_spawned(tmp_path):
    code = f"{everywhere.SPAWN}print(multiprocessing.get_start_method())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout == "spawn\n"


def test_a_place_that_cannot_be_built_is_a_row_that_says_so(monkeypatch):
    def run(place, folder, some):
        raise RuntimeError(f"no room in {folder}/venv")

    monkeypatch.setattr(everywhere, "run_tests", run)
    row = everywhere.visit("python3.12")
    assert row["summary"] == "not run: no room in …/venv" and row["failed"] == ["python3.12"]


def test_what_failed_is_run_once_more_and_the_first_summary_is_kept(monkeypatch):
    asked = []

    def visit(place, some, keep):
        asked.append((place, some, keep))
        return {"part": some, "summary": "1 passed in 2.00s", "failed": []}

    monkeypatch.setattr(everywhere, "visit", visit)
    row = {
        "summary": "1 failed, 9 passed in 60.00s",
        "failed": ["tests/test_a.py::test_b[one two]"],
    }
    found = everywhere.repeat(row, "python3.12", keep=True)
    assert asked == [("python3.12", "'tests/test_a.py::test_b[one two]'", True)]
    assert found["failed"] == [] and found["summary"] == row["summary"]
    assert found["again"] == "'tests/test_a.py::test_b[one two]': 1 passed in 2.00s"
    assert everywhere.repeat(found, "python3.12") is found


def test_nothing_is_repeated_in_a_place_without_a_row(monkeypatch, tmp_path):
    monkeypatch.setattr(everywhere, "RECORD", tmp_path / "none.json")
    with pytest.raises(SystemExit, match="has no row of python3.12"):
        everywhere.main(["python3.12", "--again"])


RECORD = json.loads(everywhere.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("place", RECORD)
def test_every_place_of_the_record_has_its_command_and_nothing_failed(place):
    row = RECORD[place]
    assert place in everywhere.PLACES
    assert row["command"].startswith(f'make everywhere ARGS="{place}')
    assert row["python"].startswith("3.1") and row["seconds"] > 0
    assert set(everywhere.SHOWN) < set(row) and row["failed"] == [] == row.get("changed", [])


def test_on_colab_lessons_ran_on_the_versions_of_its_list():
    row = RECORD["colab"]
    assert re.fullmatch(r"([1-9]\d*) of \1 lessons ran", row["summary"])
    listed = (course.ROOT / "tools" / "colab.txt").read_text(encoding="utf-8").splitlines()
    for name in everywhere.SHOWN:
        assert f"{name}=={row[name].split('+')[0]}" in listed
