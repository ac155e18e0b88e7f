"""Random galleries and their strangers: thresholds and shares counted again by hand; photographs with something changed."""

import numpy as np
import pytest

from lib.phone import open_set, quality
from lib.phone.open_set import Asked
from lib.phone.photographs import CONDITIONS, photograph
from lib.phone.recogniser import aligned


def people(count: int = 8, views: int = 4, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.standard_normal((count, size)), views, 0) + 0.4 * rng.standard_normal(
        (count * views, size)
    )
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.repeat(
        np.arange(count), views
    )


def test_every_probe_of_every_gallery_is_asked_and_no_template_is_its_own_probe():
    vectors, identity = people()
    found = open_set.asked(vectors, identity, enrolled=3, templates=2, draws=5)
    assert len(found.best) == 5 * (8 * 4 - 3 * 2)
    assert found.enrolled.sum() == 5 * 3 * 2 and found.best.max() < 1 - 1e-6, (
        "a picture compared with itself would score 1"
    )
    assert not found.right[~found.enrolled].any() and (found.best >= found.second).all()


def test_the_best_score_is_over_people_not_over_templates():
    vectors, identity = people(count=2)
    found = open_set.asked(vectors, identity, enrolled=1, templates=3, draws=4)
    assert (found.second == -1).all(), (
        "one person enrolled: there is no second, whatever the number of templates"
    )


def test_who_is_enrolled_finds_the_own_template_first_and_a_stranger_nobody():
    found = open_set.asked(
        np.repeat(np.eye(7), 2, axis=0), np.repeat(np.arange(7), 2), enrolled=4, draws=3
    )  # two pictures each, alike
    assert np.array_equal(found.best, found.enrolled.astype(float)) and (found.second == 0).all()
    assert found.right[found.enrolled].all() and found.enrolled.sum() == 3 * 4


def strangers(scores) -> Asked:
    n = len(scores)
    return Asked(
        np.arange(n), np.zeros(n, bool), np.zeros(n, bool), np.array(scores), np.full(n, -1.0)
    )


def test_the_threshold_is_the_loosest_at_which_one_in_so_many_strangers_passes():
    rng = np.random.default_rng(1)
    for one_in in (4, 10, 100):
        scores = rng.integers(0, 200, 400) / 200  # with ties
        threshold = open_set.threshold_for(strangers(scores), one_in)
        assert (scores >= threshold).sum() <= 400 / one_in
        below = scores[scores < threshold].max()
        assert (scores >= below).sum() > 400 / one_in, "the next looser one lets in too many"


def test_as_many_strangers_as_the_rate_names_are_enough():
    scores = [0.75, 0.5, 0.25, 0.0]
    assert (np.array(scores) >= open_set.threshold_for(strangers(scores), 4)).tolist() == [
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(ValueError, match="one in 4 cannot be told from 3"):
        open_set.threshold_for(strangers(scores[1:]), 4)


def test_a_rate_that_so_few_strangers_cannot_show_is_refused():
    with pytest.raises(ValueError, match="one in 1000 cannot be told from 999"):
        open_set.threshold_for(strangers(np.linspace(0, 1, 999)), 1000)
    with pytest.raises(ValueError, match="fewer than the 8 people"):
        open_set.asked(*people(), enrolled=8)


def test_what_is_delivered_is_counted_picture_by_picture():
    vectors, identity = people()
    found = open_set.asked(vectors, identity, enrolled=4, draws=6)
    tpir, fpir = open_set.delivered(found, threshold=0.7, margin=0.1, resamples=50)
    hits = alarms = known = unknown = 0
    for owner, enrolled, right, best, second in zip(*found):
        named = best >= 0.7 and best - second >= 0.1
        known, unknown = known + enrolled, unknown + (not enrolled)
        hits, alarms = hits + (enrolled and right and named), alarms + (not enrolled and named)
    assert tpir.share == pytest.approx(hits / known) and fpir.share == pytest.approx(
        alarms / unknown
    )
    assert tpir.low <= tpir.share <= tpir.high


def test_a_score_on_the_threshold_and_a_lead_of_the_margin_are_enough():
    best, second = (
        np.array([0.75, 0.75, 0.625, 0.875, 0.75]),
        np.array([0.5, 0.625, 0.25, 0.75, -1.0]),
    )
    known = (
        np.arange(10) < 5
    )  # the same scores once from people who are enrolled, once from strangers
    asked = Asked(np.arange(10), known, known, np.tile(best, 2), np.tile(second, 2))
    tpir, fpir = open_set.delivered(asked, threshold=0.75, margin=0.25, resamples=10)
    assert (tpir.share, fpir.share) == (2 / 5, 2 / 5), (
        "the first and the last: the others score or lead by an eighth too little"
    )


def test_the_interval_is_the_middle_ninety_five_percent_of_what_other_people_would_give():
    owner, event = (
        np.repeat(np.arange(51), 50),
        (np.arange(50)[None] < np.arange(51)[:, None]).ravel(),
    )  # from never to always
    share = open_set.share_of(event, owner, resamples=20_000)
    error = np.std(np.arange(51) / 50) / 51**0.5  # of a mean over 51 people
    assert (share.low, share.share, share.high) == pytest.approx(
        (0.5 - 1.96 * error, 0.5, 0.5 + 1.96 * error), abs=0.06 * error
    )


def test_the_interval_is_over_people_not_over_pictures():
    owner, event = (
        np.repeat(np.arange(10), 100),
        np.repeat(np.arange(10) < 5, 100),
    )  # five people always, five never
    share = open_set.share_of(event, owner)
    assert share.share == 0.5 and share.low < 0.25 and share.high > 0.75, (
        "ten people say little, however many pictures they bring"
    )


def test_each_condition_is_what_its_name_says():
    plain, points = photograph(12, 3, 8)
    seen = {name: photograph(12, 3, 8, **changes) for name, changes in CONDITIONS.items()}
    assert np.array_equal(seen["as it is"][0], plain)
    reasons = {
        name: quality.refusal(aligned(image[None], where[None])[0], where)
        for name, (image, where) in seen.items()
    }
    assert [reasons[name].split(":")[0] for name in CONDITIONS] == [
        "",
        "",
        "too dark",
        "too blurred",
        "turned away",
        "face too small",
        "",
    ]
    lean = np.degrees(np.arctan2(*(seen["leaning"][1][1] - seen["leaning"][1][0])[::-1]))
    assert abs(lean) > 20 and not np.array_equal(seen["behind a mask"][0], plain)
    with pytest.raises(ValueError, match="a view has no hat"):
        photograph(12, 3, 8, hat=1)
