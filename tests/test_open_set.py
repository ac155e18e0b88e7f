"""Random galleries and strangers: thresholds and rates counted again; poor photographs."""

import numpy as np
import pytest

from lib.phone import open_set, quality
from lib.phone.open_set import OpenSetTrials
from lib.phone.photographs import CONDITIONS, photograph
from lib.phone.recogniser import align


def people(count: int = 8, views: int = 4, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    identity, centres = np.repeat(np.arange(count), views), rng.standard_normal((count, size))
    vectors = centres[identity] + 0.4 * rng.standard_normal((count * views, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), identity


def test_every_picture_that_is_no_template_is_a_probe_of_every_gallery():
    vectors, identity = people()
    found = open_set.open_set_trials(vectors, identity, enrolled=3, templates=2, draws=5)
    assert len(found.best) == 5 * (8 * 4 - 3 * 2)
    assert found.enrolled.sum() == 5 * 3 * 2
    assert found.best.max() < 1 - 1e-6, "a picture compared with itself would score 1"
    assert not found.correct[~found.enrolled].any() and (found.best >= found.second).all()


def test_the_best_score_is_over_people_not_over_templates():
    vectors, identity = people(count=2)
    found = open_set.open_set_trials(vectors, identity, enrolled=1, templates=3, draws=4)
    assert (found.second == -1).all(), "one person is enrolled: there is no second-best"


def test_enrolled_people_match_their_own_template_and_strangers_nobody():
    identity = np.repeat(np.arange(7), 2)  # two equal pictures each
    found = open_set.open_set_trials(np.eye(7)[identity], identity, enrolled=4, draws=3)
    assert np.array_equal(found.best, found.enrolled.astype(float)) and (found.second == 0).all()
    assert found.correct[found.enrolled].all() and found.enrolled.sum() == 3 * 4


def strangers(scores) -> OpenSetTrials:
    no, nobody = np.full(len(scores), False), np.full(len(scores), -1.0)
    return OpenSetTrials(np.arange(len(scores)), no, no, np.array(scores), nobody)


def test_the_threshold_is_the_lowest_at_which_one_in_so_many_strangers_passes():
    rng = np.random.default_rng(1)
    for one_in in (4, 10, 100):
        scores = rng.integers(0, 200, 400) / 200  # with ties
        threshold = open_set.threshold_for(strangers(scores), one_in)
        assert (scores >= threshold).sum() <= 400 / one_in
        below = scores[scores < threshold].max()
        assert (scores >= below).sum() > 400 / one_in, "the next lower one lets in too many"


def test_as_many_strangers_as_the_rate_names_are_enough():
    scores = [0.75, 0.5, 0.25, 0.0]
    assert 0.5 < open_set.threshold_for(strangers(scores), 4) <= 0.75
    with pytest.raises(ValueError, match="one in 4 cannot be told from 3"):
        open_set.threshold_for(strangers(scores[1:]), 4)


def test_a_rate_that_the_strangers_cannot_resolve_is_refused():
    with pytest.raises(ValueError, match="one in 1000 cannot be told from 999"):
        open_set.threshold_for(strangers(np.linspace(0, 1, 999)), 1000)
    with pytest.raises(ValueError, match="fewer than the 8 people"):
        open_set.open_set_trials(*people(), enrolled=8)


def test_the_rates_are_counted_picture_by_picture():
    vectors, identity = people()
    found = open_set.open_set_trials(vectors, identity, enrolled=4, draws=6)
    tpir, fpir = open_set.open_set_rates(found, threshold=0.7, margin=0.1, resamples=50)
    hits = alarms = known = unknown = 0
    for _, enrolled, correct, best, second in zip(*found):
        named = best >= 0.7 and best - second >= 0.1
        known, unknown = known + enrolled, unknown + (not enrolled)
        hits, alarms = hits + (enrolled and correct and named), alarms + (not enrolled and named)
    assert tpir.share == pytest.approx(hits / known)
    assert fpir.share == pytest.approx(alarms / unknown)
    assert tpir.low <= tpir.share <= tpir.high


def test_a_score_on_the_threshold_and_a_lead_of_the_margin_are_enough():
    best, second = [0.75, 0.75, 0.625, 0.875, 0.75], [0.5, 0.625, 0.25, 0.75, -1.0]
    known = np.arange(10) < 5  # the same scores from enrolled people and from strangers
    trials = OpenSetTrials(np.arange(10), known, known, np.tile(best, 2), np.tile(second, 2))
    tpir, fpir = open_set.open_set_rates(trials, threshold=0.75, margin=0.25, resamples=10)
    # The first and the last; the others score or lead by an eighth too little.
    assert (tpir.share, fpir.share) == (2 / 5, 2 / 5)


def test_the_interval_is_that_of_a_mean_over_people():
    owner = np.repeat(np.arange(51), 50)  # person k has the event in k of 50 pictures
    event = (np.arange(50)[None] < np.arange(51)[:, None]).ravel()
    share = open_set.share_with_interval(event, owner, resamples=20_000)
    error = np.std(np.arange(51) / 50) / 51**0.5  # of a mean over 51 people
    expected = 0.5, 0.5 - 1.96 * error, 0.5 + 1.96 * error
    assert tuple(share) == pytest.approx(expected, abs=0.06 * error)


def test_the_interval_is_over_people_not_over_pictures():
    owner = np.repeat(np.arange(10), 100)
    event = owner < 5  # five people always, five never
    share = open_set.share_with_interval(event, owner)
    assert share.share == 0.5 and share.low < 0.25 and share.high > 0.75


def test_each_condition_is_what_its_name_says():
    plain, points = photograph(12, 3, 8)
    seen = {name: photograph(12, 3, 8, **changes) for name, changes in CONDITIONS.items()}
    assert np.array_equal(seen["as it is"][0], plain)
    reasons = {}
    for name, (image, where) in seen.items():
        reasons[name] = quality.refusal(align(image[None], where[None])[0], where).split(":")[0]
    assert reasons == {
        "as it is": "",
        "leaning": "",
        "in the dark": "too dark",
        "moving": "too blurred",
        "looking away": "turned away",
        "far away": "face too small",
        "behind a mask": "",
    }
    left, right = seen["leaning"][1][:2]
    assert abs(np.degrees(np.arctan2(*(right - left)[::-1]))) > 20
    assert not np.array_equal(seen["behind a mask"][0], plain)
    with pytest.raises(ValueError, match="a view has no hat"):
        photograph(12, 3, 8, hat=1)


# -- the margin ------------------------------------------------------------------------------------


def crowd(apart: float) -> tuple[np.ndarray, np.ndarray]:
    """60 people who differ; `apart` below 1 moves all of them towards one direction."""
    rng = np.random.default_rng(1)
    identity, centres = np.repeat(np.arange(60), 4), rng.standard_normal((60, 16))
    vectors = apart * (centres[identity] + 0.4 * rng.standard_normal((240, 16)))
    vectors += (1 - apart) * 20 * np.eye(1, 16)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), identity


def test_the_margin_is_smaller_where_all_scores_lie_close_together():
    assert margin_of(*crowd(apart=1)) == open_set.MARGIN == 0.05
    vectors, identity = crowd(apart=0.2)
    margin = margin_of(vectors, identity)
    assert 0 < margin < open_set.MARGIN and margin == round(margin, 4)
    trials = open_set.open_set_trials(vectors, identity, enrolled=20)
    threshold = open_set.threshold_at(table_of(vectors, identity), 20)
    found, with_margin, with_most = (
        open_set.open_set_rates(trials, threshold, each, resamples=2)[0].share
        for each in (0, margin, open_set.MARGIN)
    )
    assert 0.985 < with_margin / found < 0.995 and with_most / found < 0.5


def test_where_nobody_gets_a_name_the_margin_is_the_largest():
    table = {"templates": [1], "threshold": [1.0]}
    assert open_set.choose_margin(*crowd(apart=0.2), table) == open_set.MARGIN


def table_of(vectors: np.ndarray, identity: np.ndarray) -> dict:
    return open_set.threshold_table(vectors, identity, [1, 5, 20])


def margin_of(vectors: np.ndarray, identity: np.ndarray) -> float:
    return open_set.choose_margin(vectors, identity, table_of(vectors, identity))
