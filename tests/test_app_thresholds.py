"""Thresholds by gallery size: chosen, recorded, carried by the contract and obeyed."""

import json
import re

import numpy as np
import pytest

from lib import export
from lib.data import load
from lib.data.download import DataError
from lib.models import RECOGNISERS
from lib.phone.__main__ import _by_gallery as of_own_people
from lib.phone.open_set import open_set_rates, open_set_trials, threshold_at, threshold_table
from lib.phone.recogniser import Phone
from tools import app, app_thresholds
from tools.app_thresholds import PAGE, with_table
from tools.faces import face_alignment, recognisers


def people(count: int = 60, views: int = 6, size: int = 16) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    identity, centres = np.repeat(np.arange(count), views), rng.standard_normal((count, size))
    vectors = centres[identity] + 0.4 * rng.standard_normal((count * views, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), identity


def test_each_threshold_of_a_table_names_one_stranger_in_so_many():
    vectors, identity = people()
    table = threshold_table(vectors, identity, (1, 5, 20), one_in=100)
    assert table["one_in"] == 100 and table["templates"] == [1, 5, 20]
    assert table["threshold"] == sorted(table["threshold"])
    for size, threshold in zip(table["templates"], table["threshold"]):
        trials = open_set_trials(vectors, identity, enrolled=size)
        strangers = trials.best[~trials.enrolled]
        assert (strangers >= threshold).mean() <= 0.01
        assert (strangers >= threshold - 2e-4).mean() >= 0.0095 or size > 1


def test_a_table_names_far_fewer_strangers_than_one_threshold():
    vectors, identity = people()
    table = threshold_table(vectors, identity, (1, 5, 20), one_in=100)
    trials = open_set_trials(vectors, identity, enrolled=20)
    by_table = open_set_rates(trials, threshold_at(table, 20), resamples=10)[1].share
    by_one = open_set_rates(trials, table["threshold"][0], resamples=10)[1].share
    assert by_one > 5 * by_table


def test_ones_own_people_give_a_table_as_far_as_they_can_show_it(capsys):
    vectors, identity = people(count=15)
    table = of_own_people(vectors, identity, far=0.01)["gallery_thresholds"]
    assert table["templates"] == [1, 2, 5] and table["one_in"] == pytest.approx(100)
    assert of_own_people(vectors, identity, far=1e-6) == {}
    assert "cannot be told from" in capsys.readouterr().out


def test_a_phone_takes_the_threshold_of_its_gallery():
    phone = Phone(
        export.ShortFaceNet(),
        threshold=0.1,
        by_gallery={"templates": [1, 4], "threshold": [0.5, 0.9]},
    )
    vector = np.eye(1, 32, dtype=np.float32)
    photograph = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    points = np.array([[60.0, 70], [100, 70], [80, 95], [65, 115], [95, 115]])
    for enrolled, words in ((1, "0.50"), (4, "0.90")):
        while len(phone.gallery) < enrolled:
            phone.gallery.enrol("Ada", vector)
        said = phone.decide(photograph, points)
        assert said.kind == "poor picture" or words in said.why
        assert phone.threshold_now() == pytest.approx(float(words))


@pytest.fixture(scope="module", params=list(RECOGNISERS))
def record(request) -> dict:
    known = app_thresholds.kept()
    if request.param not in known:
        pytest.skip(f"not on record yet: python -m tools.app measure {request.param}")
    return known[request.param]


def test_the_record_holds_what_was_promised_and_what_came_of_it(record):
    table = record["gallery_thresholds"]
    assert threshold_at(table, 1) == table["threshold"][0] and table["one_in"] == 1000
    rows = {(row["people"], row["templates_each"]): row for row in record["measured"]}
    for (count, each), row in rows.items():
        assert row["threshold"] == pytest.approx(threshold_at(table, count * each), abs=1e-4)
        share, low, high = row["strangers_named"]
        assert low - 1e-9 <= share <= high + 1e-9
        assert share <= row["strangers_named_by_one_threshold"][0]
    most = rows[20, 1]
    assert most["strangers_named_by_one_threshold"][0] > 4 * most["strangers_named"][0]


def test_a_network_brings_the_margin_that_was_measured_for_it():
    for name, one in app_thresholds.kept().items():
        assert RECOGNISERS[name].margin == one["margin"]


def test_a_record_of_other_weights_is_not_used(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(app_thresholds, "RECORD", tmp_path / "app.json")
    monkeypatch.setattr(
        app_thresholds, "measure", lambda model, photographs: {"photographs": photographs}
    )
    content = {name: {"fingerprint": "f" * 16} for name in RECOGNISERS}
    app_thresholds.RECORD.write_text(json.dumps(content))
    for name in RECOGNISERS:
        found = app_thresholds.record(name, export.ShortFaceNet())
        assert found == {"photographs": name != "course"}
        assert f"no thresholds of {name}" in capsys.readouterr().out


def test_the_page_says_what_the_record_says():
    page, known = PAGE.read_text(encoding="utf-8"), app_thresholds.kept()
    assert with_table(page, known) == page, "run `python -m tools.app measure`"
    for name, one in known.items():
        part = page.split(f"**`{name}`, ")[1].split("**`")[0]
        rows = re.findall(r"^\| (\d+) × (\d+) \| ([\d.]+) \| ([\d.]+)% \(", part, re.M)
        kept = {(row["people"], row["templates_each"]): row for row in one["measured"]}
        assert len(rows) == len(kept) > 0
        for people, each, threshold, share in rows:
            row = kept[int(people), int(each)]
            assert float(threshold) == pytest.approx(row["threshold"], abs=6e-4)
            assert float(share) == pytest.approx(100 * row["strangers_named"][0], abs=6e-3)


def test_the_command_puts_its_tables_into_the_page_in_place_of_the_old_ones():
    row = {"people": 5, "templates_each": 1, "threshold": 0.75, "found": [0.9, 0.8, 0.95]}
    row |= {"strangers_named": [0.001, 0, 0.002], "strangers_named_by_one_threshold": [0.01, 0, 1]}
    known = {"chosen_on": "some", "measured_on": "others", "margin": 0.02, "measured": [row]}
    page = f"before\n{app_thresholds.BEGIN}last time\n{app_thresholds.END}\nafter\n"
    new = with_table(page, {"course": known, "dlib": known})
    line = "| 5 × 1 | 0.750 | 0.10% (0.00% to 0.20%) | 1.00% | 90.0% |"
    assert new.count(line) == 2
    assert "Chosen on some; measured on others. The best person must lead by 0.020." in new
    assert new.index("**`dlib`") < new.index("**`course`"), "best first"
    assert "last time" not in new and new.startswith("before\n") and new.endswith("\nafter\n")
    assert with_table(new, {"course": known, "dlib": known}) == new
    assert app_thresholds.BEGIN in PAGE.read_text(encoding="utf-8")


def test_on_lfw_people_of_two_folds_choose_and_others_with_several_photographs_judge(
    monkeypatch, tmp_path
):
    """Fold 0 shows people 0 to 3, fold 5 the others, person 11 in one photograph alone."""
    faces = load("synthetic-faces", identities=12, images=4, size=152, seed=9, aligned=False)
    shown, i = faces[np.arange(45)], np.arange(45)
    pairs = (i, i, np.ones(45, bool), np.where(shown.identity < 4, 0, 5))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(face_alignment, "load_photographs", lambda: (shown, pairs))
    given = {x.tobytes(): place for x, place in zip(shown.images, shown.extra["landmarks"])}
    monkeypatch.setattr(
        recognisers,
        "find_points",
        lambda images: (np.stack([given[x.tobytes()] for x in images]), 0),
    )
    choosing, judging, words = app_thresholds.people_of_lfw(export.ShortFaceNet())
    assert set(choosing[1]) <= {0, 1, 2, 3} and set(judging[1]) <= set(range(4, 11))
    assert len(choosing[1]) >= 8 and len(judging[1]) >= 14, "some are refused by the gate"
    for vectors, identity in (choosing, judging):
        assert vectors.shape == (len(identity), 32)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert "people of folds 1 and 2: 4 people" in words["chosen_on"]
    assert "7 people" in words["measured_on"]


# -- which network the app gets --------------------------------------------------------------------


def test_the_app_gets_the_free_network_where_it_is_here_and_else_says_what_the_courses_is(
    monkeypatch, capsys
):
    monkeypatch.setattr(app, "available_recognisers", lambda: ["insightface", "dlib", "course"])
    assert app.network(research=False) == "dlib"
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(app, "available_recognisers", lambda: ["insightface", "course"])
    assert app.network(research=False) == "course"
    said = capsys.readouterr().out
    assert "made-up faces only" in said and "make data ARGS=dlib" in said
    assert app.network(research=True) == "insightface"
    assert "non-commercial research only" in capsys.readouterr().out


def test_the_contract_carries_the_licence_and_only_the_courses_that_it_is_a_demonstration(
    monkeypatch,
):
    table = {"one_in": 1000, "templates": [1, 2], "threshold": [0.9, 0.95]}
    known = {"gallery_thresholds": table, "margin": 0.02, "chosen_on": "some"}
    known |= {"measured_on": "others", "measured": [{"people": 1}]}
    monkeypatch.setattr(app_thresholds, "record", lambda name, model: known)
    for name in RECOGNISERS:
        found = app.facts(name, None)
        assert found["licence"] == RECOGNISERS[name].licence and found["threshold"] == 0.9
        assert found["margin"] == 0.02
        assert (found["measured_on"], found["measured"]) == ("others", [{"people": 1}])
        assert ("trained_on" in found) == (name == "course")


def test_weights_that_are_not_here_are_asked_for_in_a_sentence(monkeypatch, capsys):
    def no_weights(name):
        raise DataError("the weights are not in the cache")

    monkeypatch.setattr(app, "load_recogniser", no_weights)
    monkeypatch.setattr(app.detector, "file", lambda: None)
    assert app.main(["--research"]) == 1
    assert capsys.readouterr().err == "the weights are not in the cache\n"
