"""One questioned image against several references: drawn as described, scored as plain loops do."""

import math

import numpy as np
import pytest

from lib.evaluation import draw_references, score_draws
from tools.signatures.distances import score_distances, unit_of, vote


@pytest.fixture
def hands():
    """Six writers, five genuine signatures and three forgeries each, as random unit vectors."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(48, 7))
    identity, genuine = np.repeat(np.arange(6), 8), np.tile([True] * 5 + [False] * 3, 6)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), identity, genuine


def test_references_are_genuine_and_never_questioned(hands):
    _, identity, genuine = hands
    draws = draw_references(identity, genuine, k=3, draws=4)
    assert len(draws) == 4 * 6
    for draw in draws:
        assert [len(part) for part in draw[1:]] == [3, 2, 3, 5]
        assert set(draw.references) & set(draw.genuine) == set()
        assert (identity[np.r_[draw.references, draw.genuine, draw.skilled]] == draw.identity).all()
        assert genuine[np.r_[draw.references, draw.genuine, draw.random]].all()
        assert not genuine[draw.skilled].any()
        others = [other for other in range(6) if other != draw.identity]
        assert sorted(identity[draw.random]) == others


@pytest.mark.parametrize("spread", [False, True])
def test_scores_equal_a_plain_loop(hands, spread):
    vectors, identity, genuine = hands
    draws = draw_references(identity, genuine, k=3, draws=2)
    expected = []
    for draw in draws:
        pairs = [
            vectors[a] @ vectors[b]
            for n, a in enumerate(draw.references)
            for b in draw.references[n + 1 :]
        ]
        for questioned in (*draw.genuine, *draw.skilled, *draw.random):
            cosines = [vectors[questioned] @ vectors[one] for one in draw.references]
            expected.append(sum(cosines) / 3 - (sum(pairs) / len(pairs) if spread else 0))
    scored = score_draws(vectors, draws, identity, spread)
    np.testing.assert_allclose(scored.score, expected, atol=1e-12)
    assert scored.same.sum() == 2 * 6 * 2 and scored.skilled.sum() == 2 * 6 * 3
    own = scored.same | scored.skilled
    assert (scored.owner[own] == scored.claimed[own]).all()
    random = scored.against("random")
    assert not random.skilled.any()
    assert (random.owner[~random.same] != random.claimed[~random.same]).all()
    assert scored.against("skilled").skilled.sum() == scored.skilled.sum()


def test_a_single_reference_has_no_spread(hands):
    vectors, identity, genuine = hands
    draws = draw_references(identity, genuine, k=1)
    np.testing.assert_array_equal(
        score_draws(vectors, draws, spread=True).score, score_draws(vectors, draws).score
    )
    distance = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    to_it = [math.log(distance[q, draw.references[0]]) for draw in draws for q in draw.questioned]
    for spread in (0, 1):
        np.testing.assert_allclose(
            score_distances(distance, draws, spread=spread).score, -np.array(to_it), atol=1e-12
        )


def test_the_spread_of_two_references_is_the_similarity_between_them(hands, apart):
    vectors, identity, genuine = hands
    draws = draw_references(identity, genuine, k=2)
    claimed = score_draws(vectors, draws).claimed
    among = [(-vectors @ vectors.T)[tuple(draw.references)] for draw in draws]
    gained = score_draws(vectors, draws, spread=True).score - score_draws(vectors, draws).score
    count = len(claimed) // len(draws)  # questioned a draw
    np.testing.assert_allclose(gained, np.repeat(among, count), atol=1e-12)
    among = [math.log(apart[0][tuple(draw.references)]) for draw in draws]
    gained = score_distances(apart[0], draws, spread=1).score
    gained = gained - score_distances(apart[0], draws, spread=0).score
    np.testing.assert_allclose(gained, np.repeat(among, count), atol=1e-12)


def test_references_must_leave_something_to_be_questioned(hands):
    _, identity, genuine = hands
    with pytest.raises(
        ValueError, match="identity 0 has 5 genuine images; 5 references leave none"
    ):
        draw_references(identity, genuine, k=5)


@pytest.fixture
def apart(hands):
    """Distances between the hands' vectors."""
    vectors, identity, genuine = hands
    return np.linalg.norm(vectors[:, None] - vectors[None], axis=2), identity, genuine


def test_distances_are_compared_with_those_among_the_references(apart):
    distance, identity, genuine = apart
    draws = draw_references(identity, genuine, k=3, draws=2)
    expected = []
    for draw in draws:
        r = [int(i) for i in draw.references]
        among = [distance[a, b] for a in r for b in r if a != b]
        nearest = [min(distance[a, b] for b in r if b != a) for a in r]
        for q in (*draw.genuine, *draw.skilled, *draw.random):
            to = [distance[q, a] for a in r]
            far = math.log(sum(to) / len(to) / (sum(among) / len(among)))
            near = math.log(min(to) / (sum(nearest) / len(nearest)))
            expected.append(-(far + near) / 2)
    scored = score_distances(distance, draws, identity, spread=1)
    np.testing.assert_allclose(scored.score, expected, atol=1e-12)
    plain = score_distances(distance, draws, identity, spread=0)
    to = [distance[draws[0].genuine[0], a] for a in draws[0].references]
    assert plain.score[0] == pytest.approx(-(math.log(sum(to) / 3) + math.log(min(to))) / 2)
    np.testing.assert_allclose(
        score_distances(distance, draws, identity, spread=0.25).score,
        0.75 * plain.score + 0.25 * scored.score,
        atol=1e-12,
    )
    with pytest.raises(ValueError, match="spread is a share"):
        score_distances(distance, draws, identity, spread=2)


@pytest.mark.parametrize("score", [score_draws, score_distances])
def test_every_score_has_its_kind_its_owner_and_the_claimed_identity(hands, score):
    _, identity, genuine = hands
    draws = draw_references(identity, genuine, k=3, draws=2)
    asked = [(draw.identity, q) for draw in draws for q in draw.questioned]
    scored = score(1 + np.eye(len(identity)), draws, identity)
    assert scored.claimed.tolist() == [claimed for claimed, _ in asked]
    assert scored.owner.tolist() == [identity[q] for _, q in asked]
    assert scored.same.tolist() == [genuine[q] and identity[q] == claimed for claimed, q in asked]
    assert scored.skilled.tolist() == [not genuine[q] for _, q in asked]
    without = score(1 + np.eye(len(identity)), draws).owner
    assert without.tolist() == [claimed for claimed, _ in asked]


def test_the_scale_of_distances_changes_no_score_at_spread_1(apart):
    distance, identity, genuine = apart
    draws = draw_references(identity, genuine, k=3)
    np.testing.assert_allclose(
        score_distances(7.0 * distance, draws, spread=1).score,
        score_distances(distance, draws, spread=1).score,
        atol=1e-12,
    )


def test_references_that_are_more_alike_lower_the_scores(apart):
    distance, identity, genuine = apart
    draws = draw_references(identity, genuine, k=3, draws=1)
    r = draws[0].references
    alike = distance.copy()
    alike[np.ix_(r, r)] /= 2
    stricter = (
        score_distances(distance, draws[:1], spread=1).score
        - score_distances(alike, draws[:1], spread=1).score
    )
    np.testing.assert_allclose(stricter, math.log(2), atol=1e-12)


def test_a_vote_is_the_mean_of_scores_each_in_its_own_unit(apart):
    distance, identity, genuine = apart
    draws = draw_references(identity, genuine, k=3)
    one, two = score_distances(distance, draws), score_distances(distance**2, draws)
    units = [unit_of(one), unit_of(two)]
    together = vote([one, two], units)
    own = one.score[one.same]
    assert units[0] == pytest.approx(np.sqrt(np.mean((own - own.mean()) ** 2)))
    np.testing.assert_allclose(
        together.score, (one.score / units[0] + two.score / units[1]) / 2, atol=1e-12
    )
    np.testing.assert_array_equal(together.same, one.same)
    np.testing.assert_allclose(vote([one], [2.0]).score, one.score / 2)
    for several, units in (([one, two], [1.0]), ([], [])):
        with pytest.raises(ValueError, match="one unit a kind"):
            vote(several, units)
