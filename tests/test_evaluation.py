"""Error rates against brute force, scikit-learn and the field's reference procedures."""

import math
import time
import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from lib import evaluation as ev


def drawn(
    seed: int, pairs: int = 200, ties: bool = False, separation: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    same = rng.random(pairs) < 0.4
    scores = rng.normal(size=pairs) + separation * same
    return (scores.round(0 if seed % 2 else 1) if ties else scores), same


sets = pytest.mark.parametrize(
    "scores, same",
    [
        drawn(0),
        drawn(1),
        drawn(2, ties=True),
        drawn(3, ties=True),
        drawn(4, pairs=7),
        drawn(5, separation=9),
    ],
    ids=["plain", "plain too", "some ties", "many ties", "seven pairs", "separable"],
)


def rates(scores, same, threshold) -> tuple[Fraction, Fraction]:
    """(FAR, FRR), counted one by one."""
    different = [s for s, y in zip(scores, same) if not y]
    alike = [s for s, y in zip(scores, same) if y]
    return Fraction(sum(bool(s >= threshold) for s in different), len(different)), Fraction(
        sum(bool(s < threshold) for s in alike), len(alike)
    )


# --- curves and thresholds -------------------------------------------------------------------------------------------------


@sets
def test_roc_is_scikit_learns_with_a_finite_first_threshold(scores, same):
    far, tar, threshold = ev.roc(scores, same)
    expected = metrics.roc_curve(same, scores, drop_intermediate=False)
    for ours, theirs in zip((far, tar, threshold[1:]), (expected[0], expected[1], expected[2][1:])):
        np.testing.assert_allclose(ours, theirs, atol=1e-15)
    assert np.isfinite(threshold).all() and np.float32(threshold[0]) > np.float32(scores.max())
    assert ev.auc(scores, same) == pytest.approx(metrics.roc_auc_score(same, scores), abs=1e-12)


@sets
def test_every_roc_point_is_what_its_threshold_does(scores, same):
    for far, tar, threshold in zip(*ev.roc(scores, same)):
        counted_far, counted_frr = rates(scores, same, threshold)
        assert (far, 1 - tar) == pytest.approx((counted_far, counted_frr), abs=1e-12)
        assert ev.far_frr(scores, same, threshold) == pytest.approx(
            (counted_far, counted_frr), abs=1e-12
        )


@sets
def test_eer_is_the_crossing_found_by_brute_force(scores, same):
    points = [
        rates(scores, same, t) for t in (math.inf, *sorted(set(scores.tolist()), reverse=True))
    ]
    for (far0, frr0), (far1, frr1) in zip(points, points[1:]):
        if far1 >= frr1:
            t = (frr0 - far0) / (far1 - far0 + frr0 - frr1)  # exact fractions
            expected = far0 + t * (far1 - far0)
            break
    eer, threshold = ev.equal_error_rate(scores, same)
    assert eer == pytest.approx(float(expected), abs=1e-12)
    far, frr = ev.far_frr(scores, same, threshold)
    step = max(
        f1 - f0 + r0 - r1 for (f0, r0), (f1, r1) in zip(points, points[1:])
    )  # ties make steps
    assert np.isfinite(threshold) and abs(far - frr) <= step + 1e-12


def test_eer_of_a_small_set_worked_by_hand():
    same = [True, True, True, False, False, False]
    assert ev.equal_error_rate([0.9, 0.8, 0.4, 0.6, 0.3, 0.2], same) == pytest.approx(
        (1 / 3, 0.5)
    )  # 0.6 in, 0.4 out at 0.5
    assert ev.equal_error_rate([0.9, 0.8, 0.7, 0.5, 0.4, 0.1], same) == pytest.approx(
        (0.0, 0.6)
    )  # midway between the kinds
    assert ev.equal_error_rate([0.5] * 6, same)[0] == pytest.approx(0.5)  # a constant knows nothing
    # FAR - FRR is -1/6 at 0.7 and 1/6 at 0.6: halfway between them.
    assert ev.equal_error_rate(
        [0.9, 0.7, 0.6, 0.3, 0.1], [True, False, True, True, False]
    ) == pytest.approx((0.5, 0.65))


def test_a_turned_score_gives_one_minus_the_eer_and_a_warning_in_words():
    scores, same = drawn(0, pairs=2000)
    right = ev.equal_error_rate(scores, same)[0]
    with pytest.warns(UserWarning, match="Negate them"):
        assert ev.equal_error_rate(-scores, same)[0] == pytest.approx(1 - right)


def test_with_identities_a_surely_turned_score_is_an_error_and_an_unlucky_one_a_warning():
    rng = np.random.default_rng(0)
    i, j, same = (
        np.arange(600) % 40,
        np.where(np.arange(600) < 300, np.arange(600) % 40, (np.arange(600) + 7) % 40),
        np.arange(600) < 300,
    )
    noise = rng.normal(size=600)
    with pytest.raises(ValueError, match="Negate them"):
        ev.equal_error_rate(noise - 1.5 * same, same, (i, j))
    chance = next(
        s
        for s in (rng.normal(size=600) for _ in range(20))
        if metrics.roc_auc_score(same, s) < 0.49
    )
    with pytest.warns(UserWarning, match="above 50 %"):
        ev.equal_error_rate(chance, same, (i, j))


def test_an_interval_that_begins_at_one_half_does_not_say_that_scores_are_surely_turned():
    scores, same, hand = (
        [0.5, 0.5, 0.0, 1.0],
        [True, False, True, False],
        [0, 0, 1, 1],
    )  # the first hand alone: a half; the second: all wrong
    with pytest.warns(UserWarning, match="75.0%"):
        ev.equal_error_rate(scores, same, (hand, hand))
    assert ev.bootstrap_interval(ev.equal_error_rate, scores, same, (hand, hand)) == (0.5, 1.0)


@sets
@pytest.mark.parametrize("far", [0.05, 0.25, 0.5])
def test_tar_at_far_is_the_best_of_all_thresholds_that_hold_the_far(scores, same, far):
    if far * (~same).sum() < 1:
        pytest.raises(
            ValueError, ev.tar_at_far, scores, same, far
        )  # too few different pairs for this FAR
        return
    tar, threshold = ev.tar_at_far(scores, same, far)
    tried = [rates(scores, same, t) for t in (*scores, scores.max() + 1)]
    assert tar == pytest.approx(max(1 - frr for f, frr in tried if f <= far), abs=1e-12)
    counted_far, counted_frr = rates(scores, same, threshold)
    assert counted_far <= far and tar == pytest.approx(1 - counted_frr, abs=1e-12)
    assert not any(f <= far and f > counted_far for f, _ in tried)  # the loosest


def test_a_far_that_the_pairs_cannot_resolve_is_refused():
    scores, same = np.linspace(0, 1, 6000), np.arange(6000) >= 3000
    assert ev.tar_at_far(scores, same, 1 / 3000)[0] == 1.0
    for far in (1e-4, 0.0, 1.0):
        with pytest.raises(ValueError, match="3000"):
            ev.tar_at_far(scores, same, far)


@pytest.mark.parametrize("best", [0.9, -0.9, 5000.0, -5000.0])
def test_the_threshold_that_accepts_nobody_is_a_hair_above_the_best_score_in_float32_too(best):
    scores, same = (
        np.array([best, best - abs(best), best - 2 * abs(best)]),
        np.array([True, False, False]),
    )
    nobody = ev.identification(np.full((4, 1), best), [0, 1, 2, 3], [0], 0.5).threshold
    for threshold in (ev.roc(scores, same).threshold[0], nobody):
        assert np.float32(threshold) > np.float32(best) and threshold - best <= 1e-5 * max(
            1, abs(best)
        )


def test_a_far_of_one_in_the_number_of_pairs_is_resolved_however_the_division_rounds():
    assert 1 / 49 * 49 < 1 and 1 - 0.9 < 0.1, "what makes the two cases hard"
    scores, same = (
        np.arange(100.0)[::-1],
        np.arange(100) % 2 == 0,
    )  # the best is a same pair, then they take turns
    assert ev.tar_at_far(np.delete(scores, -1), np.delete(same, -1), 1 / 49) == (2 / 50, 97.0)
    scores, same = np.arange(20.0)[::-1], np.arange(20) % 2 == 0
    assert ev.tar_at_far(scores, same, 1 - 0.9) == (2 / 10, 17.0)
    assert ev.identification(scores[:, None], np.where(same, 0, 1 + np.arange(20)), [0], 1 - 0.9)[
        1:
    ] == (2 / 10, 1 / 10, 17.0)


def test_scores_that_know_nothing_are_chance_and_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ev.equal_error_rate([0.5] * 6, [True, False] * 3)[0] == 0.5


def test_the_warning_names_the_line_that_asked():
    with pytest.warns(UserWarning, match="Negate them") as seen:
        ev.equal_error_rate([0.1, 0.9], [True, False])
    assert [one.filename for one in seen] == [__file__]


# --- LFW -------------------------------------------------------------------------------------------------------------------


def insightface(distances, same, thresholds=np.arange(0, 4, 0.01)) -> tuple[float, float]:
    """The field's procedure, plainly: squared distances, strict <, ten folds in order, threshold from the other nine."""
    accuracies = []
    for train, test in KFold(10, shuffle=False).split(np.arange(len(same))):
        best, best_accuracy = None, -1.0
        for threshold in thresholds:
            accuracy = sum((distances[k] < threshold) == same[k] for k in train) / len(train)
            if accuracy > best_accuracy:
                best, best_accuracy = threshold, accuracy
        accuracies.append(sum((distances[k] < best) == same[k] for k in test) / len(test))
    mean = sum(accuracies) / 10
    return mean, math.sqrt(sum((a - mean) ** 2 for a in accuracies) / 10)


@pytest.mark.parametrize("pairs", [200, 207])
@pytest.mark.parametrize("on_the_grid", [False, True])
def test_lfw_accuracy_is_the_fields_procedure(pairs, on_the_grid):
    rng = np.random.default_rng(pairs)
    e = rng.normal(size=(2, pairs, 8))
    same = (np.arange(pairs) // 10) % 2 == 0
    e[1] = np.where(same[:, None], e[0] + 0.8 * e[1], e[1])
    unit = e / np.linalg.norm(e, axis=2, keepdims=True)
    distances, grid = ((unit[0] - unit[1]) ** 2).sum(1), np.arange(0, 4, 0.01)
    if on_the_grid:  # d == t happens: strict < there is >= just above -t here
        distances = grid[np.round(distances * 100).astype(int)]
    ours = ev.lfw_accuracy(-distances, same, 10, thresholds=np.nextafter(-grid, np.inf))
    assert ours == pytest.approx(insightface(distances, same), abs=1e-12)
    assert 0.6 < ours[0] < 0.99 and ours[1] > 0


def test_lfw_accuracy_with_all_midpoints_tries_every_cut_there_is():
    scores, same = drawn(7, pairs=120)
    folds = np.random.default_rng(0).integers(4, size=120)
    accuracies = []
    for fold in range(4):
        train = sorted(scores[folds != fold], reverse=True)
        cuts = [train[0] + 1, *((a + b) / 2 for a, b in zip(train, train[1:])), train[-1] - 1]
        best = max(
            cuts,
            key=lambda t: sum((s >= t) == y for s, y, f in zip(scores, same, folds) if f != fold),
        )  # the first of equals
        accuracies.append(
            np.mean([(s >= best) == y for s, y, f in zip(scores, same, folds) if f == fold])
        )
    assert ev.lfw_accuracy(scores, same, folds) == pytest.approx(
        (np.mean(accuracies), np.std(accuracies)), abs=1e-12
    )


def test_lfw_threshold_never_sees_the_fold_it_judges():
    # Each fold's scores are shifted: its own best threshold decides it perfectly, the other fold's does not.
    scores, same = np.array([5.0, 4.0, 1.0, 0.0]), np.array([True, False, True, False])
    assert ev.lfw_accuracy(scores, same, 2) == (0.5, 0.0)


def test_lfw_threshold_may_lie_beyond_all_scores_it_was_chosen_on_but_only_just():
    folds = [0, 0, 0, 0, 1, 1]
    # Trained on the first four, accepting nobody errs once and every other cut more: 4 is rejected then, 4.5 accepted.
    assert (
        ev.lfw_accuracy(
            [4.0, 3.0, 3.0, 2.0, 4.5, 4.0], [False, False, True, False, True, False], folds
        )[0]
        == (0.75 + 1) / 2
    )
    # And here accepting everybody: 2 is accepted then, 1.5 rejected.
    assert (
        ev.lfw_accuracy(
            [4.0, 3.0, 3.0, 2.0, 2.0, 1.5], [True, True, False, True, True, False], folds
        )[0]
        == (0.75 + 1) / 2
    )


def test_lfw_accepts_a_score_on_the_threshold():
    assert ev.lfw_accuracy(
        [0.5, 0.25, 0.5, 0.25], [True, False, True, False], 2, thresholds=[0.5]
    ) == (1.0, 0.0)


@pytest.mark.parametrize("folds", [1, 7, [0, 0, 0, 0, 0, 0], [0, 1, 0]])
def test_lfw_needs_two_folds_or_more_and_a_fold_for_each_pair(folds):
    with pytest.raises(ValueError, match="folds"):
        ev.lfw_accuracy([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [True, False] * 3, folds)


# --- intervals -------------------------------------------------------------------------------------------------------------


def paired(people=12, images=5, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(people), images)
    e = rng.normal(size=(people, 6))[identity] + spread * rng.normal(size=(people * images, 6))
    i, j = np.triu_indices(len(identity), 1)
    return ev.pair_scores(e, i, j), identity[i] == identity[j], (identity[i], identity[j])


def test_bootstrap_is_the_loop_over_drawn_people_it_abbreviates():
    scores, same, (a, b) = paired(people=6, images=3)
    rng, values = np.random.default_rng(4), []
    warnings.simplefilter("ignore")  # some draws of six people are turned
    for _ in range(50):
        people = rng.integers(6, size=6).tolist()
        chosen = [k for person in people for k in range(len(same)) if a[k] == b[k] == person]
        chosen += [
            k
            for one in people
            for other in people
            for k in range(len(same))
            if a[k] == one and b[k] == other and one != other
        ]
        if same[chosen].any() and not same[chosen].all():
            values.append(ev.equal_error_rate(scores[chosen], same[chosen])[0])
    assert ev.bootstrap_interval(
        ev.equal_error_rate, scores, same, (a, b), resamples=50, seed=4
    ) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_a_paired_interval_is_the_loop_that_draws_the_same_people_for_both_systems():
    better, same, (a, b) = paired(people=6, images=3)
    worse = better + np.random.default_rng(1).normal(0, 0.3, len(better))
    rng, falls = np.random.default_rng(4), []
    for _ in range(50):
        drawn = rng.integers(6, size=6).tolist()
        chosen = []
        for k in range(len(same)):
            times = drawn.count(a[k]) * (1 if a[k] == b[k] else drawn.count(b[k]))
            chosen += [k] * times
        if same[chosen].any() and not same[chosen].all():
            falls.append(
                ev.auc(better[chosen], same[chosen]) - ev.auc(worse[chosen], same[chosen])
            )
    found = ev.paired_interval(ev.auc, better, worse, same, (a, b), resamples=50, seed=4)
    assert found == pytest.approx(tuple(np.percentile(falls, [2.5, 97.5])))


def test_the_difference_of_a_system_from_itself_is_surely_zero():
    scores, same, identities = paired()
    again = (ev.equal_error_rate, scores, scores, same, identities)
    assert ev.paired_interval(*again, resamples=20) == (0.0, 0.0)


def test_copying_every_pair_buys_no_certainty():
    scores, same, (a, b) = paired()
    once = ev.bootstrap_interval(ev.auc, scores, same, (a, b), resamples=100)
    thrice = ev.bootstrap_interval(
        ev.auc,
        *(np.tile(x, 3) for x in (scores, same)),
        (np.tile(a, 3), np.tile(b, 3)),
        resamples=100,
    )
    assert once == pytest.approx(thrice, abs=1e-9)


def test_the_interval_covers_what_a_large_population_shows():
    truth = ev.equal_error_rate(*paired(people=150, images=5, seed=99)[:2])[0]
    intervals = [
        ev.bootstrap_interval(ev.equal_error_rate, *paired(people=20, seed=s), resamples=150)
        for s in range(40)
    ]
    covered = sum(low <= truth <= high for low, high in intervals)
    assert 31 <= covered <= 40 and all(high - low < 0.2 for low, high in intervals)


def test_bootstrap_gives_bands_levels_and_repeats_itself():
    scores, same, identities = paired()
    grid = np.array([0.05, 0.1, 0.5])

    def tar_on_grid(scores, same):
        curve = ev.roc(scores, same)
        return np.interp(grid, curve.far, curve.tar)

    low, high = ev.bootstrap_interval(tar_on_grid, scores, same, identities, resamples=60)
    assert (
        low.shape == high.shape == (3,)
        and (low <= tar_on_grid(scores, same)).all()
        and (tar_on_grid(scores, same) <= high).all()
    )
    wide, narrow = (
        ev.bootstrap_interval(ev.auc, scores, same, identities, resamples=60, level=level)
        for level in (0.95, 0.5)
    )
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert (
        wide
        == ev.bootstrap_interval(ev.auc, scores, same, identities, resamples=60)
        != ev.bootstrap_interval(ev.auc, scores, same, identities, resamples=60, seed=1)
    )


def test_a_thousand_resamples_of_three_thousand_pairs_take_seconds():
    scores, same, identities = paired(people=16, images=5)
    assert len(scores) == 3160
    begin = time.process_time()
    ev.bootstrap_interval(ev.equal_error_rate, scores, same, identities)
    assert time.process_time() - begin < 4


def test_no_interval_where_nothing_can_be_resampled():
    scores, same = np.array([0.1, 0.9, 0.4]), np.array([False, True, True])
    with pytest.raises(ValueError, match="one identity"):
        ev.bootstrap_interval(ev.auc, scores, same, (np.zeros(3), np.zeros(3)))
    with pytest.raises(ValueError, match="undefined in"):
        ev.bootstrap_interval(
            lambda s, y: ev.tar_at_far(s, y, 0.4),
            scores,
            same,
            (np.array([1, 2, 3]), np.array([2, 2, 3])),
        )
    for sides in ((2, 2), (2, 3), (3, 2)):
        with pytest.raises(ValueError, match="identities must be two arrays of 3"):
            ev.bootstrap_interval(ev.auc, scores, same, tuple(np.zeros(length) for length in sides))


def test_two_identities_are_enough_to_resample():
    scores, same, identities = [0.0, 1.0, 5.0], [True, True, False], ([0, 1, 0], [0, 1, 1])
    interval = ev.bootstrap_interval(
        lambda scores, same: scores.mean(), scores, same, identities, resamples=100
    )
    assert interval == (
        0.0,
        2.0,
    )  # the first twice, the second twice, or each once with the pair between them


@pytest.mark.parametrize("undefined, works", [(5, True), (6, False)])
def test_an_interval_needs_half_of_its_draws(undefined, works):
    scores, same, identities = paired(people=20)
    answers = iter([*range(10 - undefined), *[None] * undefined])

    def metric(scores, same) -> float:
        if (answer := next(answers)) is None:
            raise ValueError("nothing to measure in this draw")
        return answer

    if works:
        assert ev.bootstrap_interval(metric, scores, same, identities, resamples=10, level=0.5) == (
            1.0,
            3.0,
        )  # quartiles of 0 to 4
    else:
        with pytest.raises(ValueError, match="undefined in 6 of 10 draws"):
            ev.bootstrap_interval(metric, scores, same, identities, resamples=10)


# --- calibration -----------------------------------------------------------------------------------------------------------


@sets
def test_cllr_is_the_mean_price_in_bits(scores, same):
    llr = 0.7 * scores - 0.2
    price_same = [math.log2(1 + 1 / math.exp(x)) for x, y in zip(llr, same) if y]
    price_different = [math.log2(1 + math.exp(x)) for x, y in zip(llr, same) if not y]
    expected = (sum(price_same) / len(price_same) + sum(price_different) / len(price_different)) / 2
    assert ev.cllr(llr, same) == pytest.approx(expected, abs=1e-12)


def test_cllr_of_knowing_nothing_is_one_bit_and_of_extremes_finite():
    same = np.array([True, False, False])
    assert ev.cllr(np.zeros(3), same) == pytest.approx(1.0, abs=1e-15)
    assert (
        ev.cllr([5000.0, -5000.0, -5000.0], same) == 0.0 and ev.cllr([-5000.0, 0, 0], same) > 1000
    )


@sets
def test_min_cllr_is_the_best_monotone_calibration_by_the_max_min_formula(scores, same):
    cuts = sorted(set(scores.tolist()))
    n_same, n_different = same.sum(), (~same).sum()
    w_same = [sum(y for s, y in zip(scores, same) if s == c) / n_same for c in cuts]
    w_different = [sum(not y for s, y in zip(scores, same) if s == c) / n_different for c in cuts]
    first, second = np.append(0, np.cumsum(w_same)), np.append(0, np.cumsum(w_different))
    n, expected = len(cuts), 0.0
    for k in range(
        n
    ):  # isotonic regression at k: the largest over starts i <= k of the smallest over ends j >= k of the mean of i..j
        posterior = max(
            min(
                (first[j + 1] - first[i]) / (first[j + 1] - first[i] + second[j + 1] - second[i])
                for j in range(k, n)
            )
            for i in range(k + 1)
        )
        expected -= w_same[k] * math.log2(max(posterior, 1e-300)) / 2 if w_same[k] else 0
        expected -= (
            w_different[k] * math.log2(max(1 - posterior, 1e-300)) / 2 if w_different[k] else 0
        )
    assert ev.min_cllr(scores, same) == pytest.approx(expected, abs=1e-9)
    assert ev.min_cllr(scores, same) == pytest.approx(
        ev.min_cllr(np.exp(scores / 3), same), abs=1e-12
    )  # only the order counts


def test_calibration_is_the_line_that_costs_least():
    scores, same = drawn(0, pairs=2000)
    scores = 50 + 10 * scores  # any scale, any offset
    fitted = ev.fit_calibration(scores, same)
    best = ev.cllr(fitted(scores), same)
    trusted = LogisticRegression(C=1e9, class_weight="balanced", tol=1e-10, max_iter=1000).fit(
        scores[:, None] / 50 - 1, same
    )
    assert fitted.slope * 50 == pytest.approx(trusted.coef_[0, 0], rel=1e-4)
    for slope, offset in [(1.01, 0), (0.99, 0), (1, 0.02), (1, -0.02)]:
        assert ev.cllr(slope * fitted(scores) + offset, same) > best
    assert ev.min_cllr(scores, same) <= best < 1
    # Two unit normals a distance 1 apart: the true log likelihood ratio of x is x - 1/2.
    assert fitted.slope * 10 == pytest.approx(1, abs=0.15) and fitted(50 + 5.0) == pytest.approx(
        0, abs=0.1
    )


def test_with_two_scores_the_calibration_is_their_likelihood_ratio():
    scores, same = (
        np.array([1, 1, 1, -1, -1, -1.0]),
        np.array([True, True, False, True, False, False]),
    )
    fitted = ev.fit_calibration(
        scores, same
    )  # a score of 1 comes from two of three same pairs and one of three others
    assert fitted == pytest.approx((math.log(2), 0), abs=1e-4)
    assert ev.fit_calibration(4 * scores + 3, same)([7, -1]) == pytest.approx(
        [math.log(2), -math.log(2)], abs=1e-4
    )


def test_calibration_does_not_learn_the_share_of_same_pairs():
    scores, same = drawn(0, pairs=4000)
    keep = same | (np.arange(4000) % 10 == 0)
    assert ev.fit_calibration(scores[keep], same[keep])(0.5) == pytest.approx(
        ev.fit_calibration(scores, same)(0.5), abs=0.15
    )


def test_calibration_of_separable_and_of_constant_scores_is_finite():
    same = np.arange(20) < 10
    warnings.simplefilter("error")
    sharp, blunt = ev.fit_calibration(same * 1.0, same), ev.fit_calibration(np.full(20, 0.3), same)
    assert np.isfinite(sharp).all() and ev.cllr(sharp(same), same) < 0.01
    assert blunt([0.3]) == pytest.approx(0, abs=1e-6)
    assert ev.fit_calibration(np.full(20, 0.5), same) == (
        0,
        0,
    )  # a mean of halves is exact, a mean of 0.3 is not


def test_the_slope_of_separable_scores_is_where_the_ridge_balances_the_pull():
    slope, offset = ev.fit_calibration(np.repeat([1.0, -1.0], 10), np.arange(20) < 10)
    pull = 1 / (1 + math.exp(slope))  # how wrong every pair still is: what draws the slope up
    assert pull == pytest.approx(1e-6 * slope, rel=1e-6) and offset == pytest.approx(0, abs=1e-9)


# --- one against many ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed, fpir", [(0, 0.05), (1, 0.1), (2, 0.3)])
def test_identification_is_the_loop_it_abbreviates(seed, fpir):
    rng = np.random.default_rng(seed)
    gallery, probes = np.repeat(np.arange(8), 2), rng.integers(12, size=150)  # 8..11 are strangers
    scores = rng.normal(size=(150, 16)) + 1.5 * (probes[:, None] == gallery)
    result = ev.identification(scores, probes, gallery, fpir)
    best = [max((s, int(g)) for s, g in zip(row, gallery)) for row in scores]
    known = [(s, g == p) for (s, g), p in zip(best, probes) if p < 8]
    strangers = [s for (s, _), p in zip(best, probes) if p >= 8]
    holding = [
        t
        for t in sorted(s for s, _ in best)
        if sum(s >= t for s in strangers) <= fpir * len(strangers)
    ]
    assert result.threshold == holding[0]
    assert result.rank1 == pytest.approx(sum(right for _, right in known) / len(known))
    assert result.tpir == pytest.approx(
        sum(right and s >= holding[0] for s, right in known) / len(known)
    )
    assert (
        result.fpir == pytest.approx(sum(s >= holding[0] for s in strangers) / len(strangers))
        and result.fpir <= fpir
    )


def test_identification_uses_up_the_false_positives_it_is_allowed():
    scores = np.array(
        [[0.9], [0.5], [0.8], [0.3], [0.2], [0.1]]
    )  # two of person 0, then four strangers
    assert ev.identification(scores, [0, 0, 6, 7, 8, 9], [0], 0.25) == (1.0, 1.0, 0.25, 0.5)


def test_identification_refuses_what_it_cannot_measure():
    for probes, fpir in [([0, 1, 0], 0.5), ([7, 8, 9], 0.5), ([0, 1, 9], 0.1)]:
        with pytest.raises(ValueError, match="strangers"):
            ev.identification(np.zeros((3, 2)), probes, [0, 1], fpir)
    with pytest.raises(ValueError, match="probes x templates"):
        ev.identification(np.zeros((2, 3)), [0, 1, 9], [0, 1], 0.5)
    locked = ev.identification(
        np.ones((4, 2)), [0, 1, 8, 9], [0, 1], 0.5
    )  # a constant score lets in all strangers or nobody
    assert (locked.tpir, locked.fpir) == (0, 0) and np.isfinite(locked.threshold)


def test_one_shot_of_a_set_worked_by_hand():
    # Five identities, two images each; all are unmistakable, but one image of 4 looks like 0. As probe 4 fails, but for a five-way
    # tie half the time (1/10); as probe 0 ties with 4 half the time (3/4).
    e = np.repeat(np.eye(5), 2, axis=0)
    e[9] = e[0]
    accuracy = ev.one_shot_accuracy(e, np.repeat(np.arange(5), 2), ways=5, trials=4000)
    assert accuracy == pytest.approx((3 + 0.75 + 0.1) / 5, abs=0.025)


def test_one_embedding_for_everything_scores_chance():
    identity = np.repeat(np.arange(30), 3)
    for ways in (2, 5, 20):
        assert ev.one_shot_accuracy(
            np.ones((90, 4)), identity, ways=ways, trials=50
        ) == pytest.approx(1 / ways)
    assert ev.one_shot_accuracy(np.eye(30)[identity], identity, ways=20, shots=2, trials=50) == 1.0
    with pytest.raises(ValueError, match="20-way 1-shot"):
        ev.one_shot_accuracy(np.ones((10, 4)), np.arange(10), ways=20)


@pytest.mark.parametrize("fpir", [0.0, -0.5, 1.0, 1.5])
def test_an_fpir_is_a_share_that_some_strangers_but_not_all_make_up(fpir):
    with pytest.raises(ValueError, match=r"1 enrolled probes and 2 strangers; fpir="):
        ev.identification(np.zeros((3, 1)), [0, 8, 9], [0], fpir)


def test_identification_takes_a_share_of_one_in_the_number_of_strangers_however_it_rounds():
    scores, probes = (
        np.arange(50.0)[::-1, None],
        np.arange(50),
    )  # the best is enrolled, 49 strangers follow
    assert ev.identification(scores, probes, [0], 1 / 49) == (1.0, 1.0, 1 / 49, 48.0)


def test_one_shot_accuracy_does_not_ask_how_long_the_embeddings_are():
    rng = np.random.default_rng(0)
    identity = np.repeat(np.arange(12), 3)
    e = rng.normal(size=(12, 4))[identity] + rng.normal(size=(36, 4))
    plain = ev.one_shot_accuracy(e, identity, ways=5)
    assert 0.3 < plain < 0.95
    assert ev.one_shot_accuracy(
        e * 10.0 ** rng.uniform(-3, 3, (36, 1)), identity, ways=5
    ) == pytest.approx(plain)


def test_identities_with_too_few_images_to_be_probed_are_still_shown():
    identity = [0, 1, 2, 3, 3]  # only 3 can be probed; it is unmistakable
    assert ev.one_shot_accuracy(np.eye(4)[identity], identity, ways=4, trials=20) == 1.0
    for ways, shots, words in (
        (
            5,
            1,
            "5-way 1-shot needs 5 identities with 1 images, one of them with 2; there are 4 and 1",
        ),
        (
            2,
            2,
            "2-way 2-shot needs 2 identities with 2 images, one of them with 3; there are 1 and 0",
        ),
        (1, 1, "1-way"),
        (4, 0, "0-shot"),
    ):
        with pytest.raises(ValueError, match=words):
            ev.one_shot_accuracy(np.eye(4)[identity], identity, ways=ways, shots=shots)
    with pytest.raises(ValueError, match="there are 4 and 0"):
        ev.one_shot_accuracy(np.eye(4), np.arange(4), ways=2)


# --- scores and thresholds of unit vectors -----------------------------------------------------------------------------------


def test_a_cosine_never_leaves_its_range_however_the_sum_rounds():
    e = np.random.default_rng(0).normal(size=(500, 6))
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    assert (np.einsum("nd,nd->n", unit, unit) > 1).any(), "else nothing is tested"
    scores = ev.pair_scores(np.concatenate([e, -e]), np.r_[:500, :500], np.r_[:500, 500:1000])
    assert scores.max() == 1 and scores.min() == -1


@pytest.mark.parametrize(
    "metric, low, high", [("cosine", -1, 1), ("l2", 0, 2), ("squared l2", 0, 4)]
)
def test_the_ends_of_a_metric_are_allowed_for_all_that_they_round_to_and_nothing_beyond(
    metric, low, high
):
    ends = [
        ev.convert_threshold(value, metric, "squared l2")
        for value in (low - 5e-7, low, high, high + 5e-7)
    ]
    assert ends == [4, 4, 0, 0] if metric == "cosine" else ends == [0, 0, 4, 4]
    for value in (low - 0.01, high + 0.01):
        with pytest.raises(ValueError, match=rf"lies in \[{low}, {high}\]"):
            ev.convert_threshold(value, metric, "l2")


def test_pair_scores_are_cosines_whatever_the_length_and_type():
    rng = np.random.default_rng(0)
    e, i, j = rng.normal(size=(10, 6)), rng.integers(10, size=40), rng.integers(10, size=40)
    expected = [
        sum(a * b for a, b in zip(e[p], e[q]))
        / math.sqrt(sum(a * a for a in e[p]) * sum(b * b for b in e[q]))
        for p, q in zip(i, j)
    ]
    np.testing.assert_allclose(ev.pair_scores(7 * e, i, j), expected, atol=1e-12)
    np.testing.assert_allclose(
        ev.pair_scores(torch.tensor(e, requires_grad=True), torch.tensor(i), torch.tensor(j)),
        expected,
        atol=1e-12,
    )
    assert ev.pair_scores(torch.tensor(e).bfloat16(), i, j).dtype == np.float64
    assert ev.pair_scores(np.zeros((2, 3)), [0], [1]) == 0


def test_thresholds_convert_as_distances_of_unit_vectors_do():
    rng = np.random.default_rng(0)
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in rng.normal(size=(2, 30, 5)))
    value = {
        "cosine": (a * b).sum(1),
        "l2": np.linalg.norm(a - b, axis=1),
        "squared l2": ((a - b) ** 2).sum(1),
    }
    for source in value:
        for target in value:
            np.testing.assert_allclose(
                ev.convert_threshold(value[source], source, target), value[target], atol=1e-12
            )
    assert (
        ev.convert_threshold(1.5, "squared l2", "cosine") == 0.25
        and ev.convert_threshold(1.0, "l2", "cosine") == 0.5
    )
    assert ev.convert_threshold(0.89, "l2", "cosine") == pytest.approx(0.60, abs=0.005)
    for bad in (10, 23.56, -0.1, math.nan):
        with pytest.raises(ValueError, match="normalised"):
            ev.convert_threshold(bad, "l2", "cosine")
    with pytest.raises(ValueError, match="metrics are"):
        ev.convert_threshold(1, "euclid", "cosine")


# --- what is refused -------------------------------------------------------------------------------------------------------


MEASURES = [
    ev.roc,
    ev.auc,
    ev.equal_error_rate,
    ev.cllr,
    ev.min_cllr,
    ev.fit_calibration,
    lambda s, y: ev.far_frr(s, y, 0.5),
    lambda s, y: ev.tar_at_far(s, y, 0.5),
    lambda s, y: ev.lfw_accuracy(s, y, 2),
]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    "scores, same, words",
    [
        ([0.1, math.nan, 0.3], [True, False, True], "1 of 3 scores are NaN"),
        ([0.1, math.inf, 0.3], [True, False, True], "infinite"),
        ([0.1, 0.2], [True, False, True], "must be"),
        ([[0.1, 0.2]], [[True, False]], "must be"),
        ([0.1, 0.2], [True, True], "no different pairs"),
        ([0.1, 0.2], [False, False], "no same pairs"),
        ([], [], "no same pairs"),
        ([0.1, 0.2], [3, 4], "bool"),
    ],
)
def test_every_measure_refuses_bad_input_in_words(measure, scores, same, words):
    with pytest.raises(ValueError, match=words):
        measure(np.array(scores), np.array(same, dtype=None if len(same) else bool))


def test_every_measure_takes_lists_arrays_and_tensors_alike():
    scores, same = drawn(0)
    single = scores.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for measure in MEASURES:
            expected = measure(single, same)
            for given in (
                (single.tolist(), same.tolist()),
                (torch.tensor(single), torch.tensor(same)),
                (torch.tensor(single, requires_grad=True), same.astype(int)),
            ):
                np.testing.assert_array_equal(measure(*given), expected)


def test_pair_scores_are_the_same_however_many_pairs_are_taken_at_once():
    rng = np.random.default_rng(0)
    wide, i, j = (
        rng.normal(size=(4, 2**21)),
        rng.integers(0, 4, 20),
        rng.integers(0, 4, 20),
    )  # eight pairs fill one block
    plain = [
        float(wide[a] @ wide[b] / np.linalg.norm(wide[a]) / np.linalg.norm(wide[b]))
        for a, b in zip(i, j)
    ]
    np.testing.assert_allclose(ev.pair_scores(wide, i, j), plain, atol=1e-12)
    assert ev.pair_scores(wide, [], []).shape == (0,)
