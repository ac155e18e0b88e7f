"""What the page for a phone's browser is told of its network, and which network it carries."""

import json

import numpy as np
import pytest

from lib import course
from lib.export.contract import ShortFaceNet
from lib.models import RECOGNISERS
from lib.models.ncnn import FACE_WEIGHTS_TERMS
from lib.phone.open_set import open_set_trials, threshold_at
from tools import phone, phone_scale


def people(seed: int, count: int = 60, views: int = 4) -> phone_scale.People:
    rng = np.random.default_rng(seed)
    identity, centres = np.repeat(np.arange(count), views), rng.standard_normal((count, 16))
    vectors = centres[identity] + 0.4 * rng.standard_normal((count * views, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return phone_scale.People(vectors, identity, f"{count} people of seed {seed}")


def test_the_contract_gets_a_threshold_for_pairs_and_one_for_each_size_of_gallery():
    found = phone_scale.choose_thresholds(people(1))
    score, same, _ = phone_scale.pairs_of(people(1))
    assert (score[~same] >= found["threshold"] - 1e-4).mean() <= 0.0011
    assert np.mean(score[same] < found["reject_below"]) == pytest.approx(0.01, abs=0.005)
    table = found["gallery_thresholds"]
    assert table["templates"] == [1, 2, 5, 10, 20] and table["one_in"] == 1000
    assert table["threshold"] == sorted(table["threshold"])
    assert table["threshold"][-1] > found["threshold"] + 0.02
    assert found["data"].startswith("60 people of seed 1")


def test_app_and_page_have_the_same_table_and_margin_where_the_app_has_measured():
    known = {"gallery_thresholds": {"templates": [1], "threshold": [0.9]}, "margin": 0.01}
    found = phone_scale.choose_thresholds(people(1), known | {"measured": []})
    assert {key: found[key] for key in known} == known and "measured" not in found


def test_the_scale_promises_what_other_people_show():
    contract, others = phone_scale.choose_thresholds(people(1)), people(2)
    scale = phone_scale.measure_scale(others, contract)
    trials = open_set_trials(others.vectors, others.identity, enrolled=20)
    named = trials.best >= threshold_at(contract["gallery_thresholds"], 20)
    named &= trials.best - trials.second >= contract["margin"]
    *_, last = scale["galleries"]
    assert last["people"] == 20
    assert last["named"][0] == pytest.approx(named[~trials.enrolled].mean())
    assert last["found"][0] == pytest.approx((named & trials.correct)[trials.enrolled].mean())
    assert all(row["named"][2] > 0 for row in scale["galleries"]), "no stranger is no certainty"
    score, same, _ = phone_scale.pairs_of(others)
    assert scale["far"]["rate"] == pytest.approx((score[~same] >= contract["threshold"]).mean())
    begin = scale["hills"]["from"]
    assert (score[~same] < begin).mean() <= 1 / 400 and begin == round(begin, 1)
    assert sum(scale["hills"]["same"]) == pytest.approx(1, abs=1e-3)


def test_the_page_carries_the_free_network_only_where_it_and_its_thresholds_are_here(monkeypatch):
    monkeypatch.setattr(phone, "available_recognisers", lambda: ["insightface", "dlib", "course"])
    monkeypatch.setattr(phone_scale, "recorded", lambda name: {"fingerprint": "of dlib"})
    assert phone.best_free() == "dlib"
    monkeypatch.setattr(phone_scale, "recorded", lambda name: None)
    assert phone.best_free() == "course"
    monkeypatch.setattr(phone_scale, "recorded", lambda name: {"fingerprint": "of dlib"})
    monkeypatch.setattr(phone, "available_recognisers", lambda: ["insightface", "course"])
    assert phone.best_free() == "course"


def test_the_terms_of_the_research_weights_are_shown_before_the_build(monkeypatch, capsys):
    def build(out, name):
        assert FACE_WEIGHTS_TERMS in capsys.readouterr().out and name == "insightface"
        raise phone.Unavailable("of this machine")

    monkeypatch.setattr(phone, "build", build)
    with pytest.raises(SystemExit, match="the page was not built: of this machine"):
        phone.main(["--model", "insightface"])


def test_thresholds_of_other_weights_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(phone_scale, "recorded", lambda name: {"fingerprint": "0" * 16})
    with pytest.raises(phone.Unavailable, match="no thresholds of ResNet of dlib with these"):
        phone.numbers("dlib", ShortFaceNet())


@pytest.mark.parametrize("name", RECOGNISERS)
def test_the_page_says_what_its_network_gets_wrong(name):
    file = course.ROOT / "docs" / "results" / "recognisers.json"
    accuracy = json.loads(file.read_text())["recognisers"][name]["lfw"]["eight"]["accuracy"]
    said = phone.reminder(name)
    assert f"Of 1,000 pairs of press photographs it gets {1000 * (1 - accuracy):.0f} wrong" in said
    assert ("Made-up faces only" in said) == (name == "course")
    assert ("non-commercial research" in said) == (name == "insightface")


def test_the_record_holds_a_table_and_a_promise_of_one_stranger_in_a_thousand():
    if not phone_scale.RECORD.exists():
        pytest.skip("docs/results/phone.json is not there: python -m tools.phone_scale writes it")
    known = json.loads(phone_scale.RECORD.read_text())
    measured = json.loads((course.ROOT / "docs" / "results" / "recognisers.json").read_text())
    for name, one in known.items():
        assert one["fingerprint"] == measured["recognisers"][name]["fingerprint"]
        on_lfw = measured["recognisers"][name]["lfw"]["thresholds"]["0.001"]["threshold"]
        assert one["contract"]["threshold"] == pytest.approx(on_lfw, abs=0.01)
        table = one["contract"]["gallery_thresholds"]
        assert table["templates"][-1] == 100 and table["threshold"] == sorted(table["threshold"])
        for row in one["scale"]["galleries"]:
            assert row["named"][1] <= 0.001 * 2, "far more strangers than one in a thousand"
