"""docs/models.md and the recognisers' constants hold what was measured; how it is measured."""

import json
import re

import numpy as np
import pytest

from lib.evaluation import lfw_accuracy
from lib.models import RECOGNISERS
from tools.faces import recognisers

needs_results = pytest.mark.skipif(
    not recognisers.FILE.exists(),
    reason="docs/results/recognisers.json is not written yet: python -m tools.faces.recognisers",
)


def measured() -> dict:
    return json.loads(recognisers.FILE.read_text(encoding="utf-8"))["recognisers"]


# -- the page -------------------------------------------------------------------------------------


@needs_results
def test_the_table_of_the_page_is_the_one_that_the_file_gives():
    text = recognisers.PAGE.read_text(encoding="utf-8")
    between = text.split(recognisers.START)[1].split(recognisers.END)[0]
    assert between.strip() == recognisers.table(measured())


@needs_results
def test_every_recogniser_holds_the_threshold_and_the_accuracy_that_were_measured():
    found = measured()
    assert list(found) == list(RECOGNISERS)
    for name, one in RECOGNISERS.items():
        lfw = found[name]["lfw"]
        at = found[name].get("synthetic", lfw["thresholds"]["0.001"])
        assert one.threshold == pytest.approx(at["threshold"], abs=6e-4), name
        assert one.lfw == f"{lfw['eight']['accuracy']:.1%}", name


@needs_results
def test_the_recognisers_are_listed_from_the_best_to_the_worst():
    shares = [facts["lfw"]["eight"]["accuracy"] for facts in measured().values()]
    assert shares == sorted(shares, reverse=True)


def test_the_page_names_each_way_to_get_weights_and_each_licence():
    text = recognisers.PAGE.read_text(encoding="utf-8")
    for name, one in RECOGNISERS.items():
        assert one.get.removeprefix("lib.models.") in text and name in text
    assert "non-commercial research purposes only" in text and "public domain" in text


def test_the_page_quotes_dlibs_maker_as_the_download_does():
    from lib.models import dlib_resnet

    page = " ".join(recognisers.PAGE.read_text(encoding="utf-8").split())
    (quoted,) = re.findall(r'"(anyone can .*?)"', dlib_resnet.DLIB_WEIGHTS_TERMS)
    assert quoted in page


# -- how it is measured ---------------------------------------------------------------------------


def scores_of_pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    same, fold = rng.random(200) < 0.5, np.arange(200) % 5
    return (same + rng.normal(0, 0.8, 200)).astype(np.float32), same, fold


def test_the_share_of_rightly_decided_pairs_is_lfws_accuracy():
    scores, same, fold = scores_of_pairs()
    right = recognisers.decided_rightly(scores, same, fold)
    mean, _ = lfw_accuracy(scores, same, fold)
    assert 0.6 < right.mean() < 0.9 and right.mean() == pytest.approx(mean)


def test_different_people_are_compared_picture_by_picture():
    rng = np.random.default_rng(0)
    vectors, identity = (
        rng.standard_normal((7, 3)).astype(np.float32),
        np.array([0, 0, 1, 2, 2, 2, 3]),
    )
    expected = [
        float(vectors[i] @ vectors[j])
        for i in range(7)
        for j in range(i)
        if identity[i] != identity[j]
    ]
    found = recognisers.different_scores(vectors, identity)
    np.testing.assert_allclose(np.sort(found), np.sort(expected), atol=1e-6)


def test_the_threshold_comes_from_the_first_two_folds_and_is_tried_on_the_others(monkeypatch):
    """Vectors in which folds 1 and 2 have stranger scores of -1 to 0.5, and the others higher."""
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    rng, people = np.random.default_rng(0), 80
    identity = np.repeat(np.arange(people), 2)
    centre = rng.standard_normal((people, 8))
    centre[40:, 0] += 3  # people of the later folds are alike
    vectors = np.repeat(centre, 2, axis=0) + 0.1 * rng.standard_normal((2 * people, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    one = np.arange(people) * 2
    other = np.where(np.arange(people) % 20 < 19, one + 2, one - 38)  # another person of the fold
    i, j = np.r_[one, one], np.r_[one + 1, other]
    same, fold = np.repeat([True, False], people), np.tile(np.arange(people) // 20, 2)
    found = recognisers.on_lfw(vectors, identity, (i, j, same, fold))
    early = recognisers.different_scores(vectors[:80], identity[:80])
    for far, facts in zip((1e-3, 1e-4), found["thresholds"].values()):
        assert (early >= facts["threshold"]).mean() <= far
        late = recognisers.different_scores(vectors[80:], identity[80:])
        assert facts["far"] == (late >= facts["threshold"]).mean() > 10 * far
    assert found["chosen_on"] == {"people": 40, "pairs": len(early)}
    assert found["eight"]["pairs"] == 80 and found["all"]["pairs"] == 160
