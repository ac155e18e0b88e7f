"""Error rates against brute force, scikit-learn and the field's reference procedures."""

import itertools
import math
import time
import warnings
from fractions import Fraction

import numpy as np
import pytest
import torch
from sklearn import metrics
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
    accepted = sum(bool(s >= threshold) for s in different)
    rejected = sum(bool(s < threshold) for s in alike)
    return Fraction(accepted, len(different)), Fraction(rejected, len(alike))


# --- curves and thresholds ------------------------------------------------------------------------


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
    # At 0.5 the different pair with 0.6 is accepted and the same pair with 0.4 rejected.
    eer = ev.equal_error_rate([0.9, 0.8, 0.4, 0.6, 0.3, 0.2], same)
    assert eer == pytest.approx((1 / 3, 0.5))
    # Separable: the threshold lies midway between the kinds.
    eer = ev.equal_error_rate([0.9, 0.8, 0.7, 0.5, 0.4, 0.1], same)
    assert eer == pytest.approx((0.0, 0.6))
    assert ev.equal_error_rate([0.5] * 6, same)[0] == pytest.approx(0.5)
    # FAR - FRR is -1/6 at 0.7 and 1/6 at 0.6: halfway between them.
    eer = ev.equal_error_rate([0.9, 0.7, 0.6, 0.3, 0.1], [True, False, True, True, False])
    assert eer == pytest.approx((0.5, 0.65))


def test_negated_scores_give_one_minus_the_eer_and_a_warning_in_words():
    scores, same = drawn(0, pairs=2000)
    eer = ev.equal_error_rate(scores, same)[0]
    with pytest.warns(UserWarning, match="Negate them"):
        assert ev.equal_error_rate(-scores, same)[0] == pytest.approx(1 - eer)


def test_with_identities_surely_negated_scores_are_an_error_and_unlucky_ones_a_warning():
    rng = np.random.default_rng(0)
    same, i = np.arange(600) < 300, np.arange(600) % 40
    j = np.where(same, i, (i + 7) % 40)
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


def test_an_interval_that_begins_at_one_half_does_not_prove_that_scores_are_negated():
    # The first writer alone has an EER of one half; of the second every decision is wrong.
    scores, same, hand = [0.5, 0.5, 0.0, 1.0], [True, False, True, False], [0, 0, 1, 1]
    with pytest.warns(UserWarning, match="75.0%"):
        ev.equal_error_rate(scores, same, (hand, hand))
    assert ev.bootstrap_interval(ev.equal_error_rate, scores, same, (hand, hand)) == (0.5, 1.0)


@sets
@pytest.mark.parametrize("far", [0.05, 0.25, 0.5])
def test_tar_at_far_is_the_best_of_all_thresholds_that_hold_the_far(scores, same, far):
    if far * (~same).sum() < 1:
        with pytest.raises(ValueError, match="different pairs"):
            ev.tar_at_far(scores, same, far)
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
def test_the_threshold_that_accepts_nobody_is_just_above_the_best_score_in_float32_too(best):
    scores, same = best - abs(best) * np.arange(3), np.array([True, False, False])
    nobody = ev.identification(np.full((4, 1), best), [0, 1, 2, 3], [0], 0.5).threshold
    for threshold in (ev.roc(scores, same).threshold[0], nobody):
        assert np.float32(threshold) > np.float32(best)
        assert threshold - best <= 1e-5 * max(1, abs(best))


def test_a_far_of_one_pair_is_resolved_however_the_division_rounds():
    assert 1 / 49 * 49 < 1 and 1 - 0.9 < 0.1, "what makes the two cases hard"
    scores, same = np.arange(100.0)[::-1], np.arange(100) % 2 == 0  # the best is a same pair
    assert ev.tar_at_far(np.delete(scores, -1), np.delete(same, -1), 1 / 49) == (2 / 50, 97.0)
    scores, same = np.arange(20.0)[::-1], np.arange(20) % 2 == 0
    assert ev.tar_at_far(scores, same, 1 - 0.9) == (2 / 10, 17.0)
    probes = np.where(same, 0, 1 + np.arange(20))
    found = ev.identification(scores[:, None], probes, [0], 1 - 0.9)
    assert found[1:] == (2 / 10, 1 / 10, 17.0)


def test_a_constant_score_has_an_eer_of_one_half_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ev.equal_error_rate([0.5] * 6, [True, False] * 3)[0] == 0.5


def test_the_warning_names_the_line_that_called():
    with pytest.warns(UserWarning, match="Negate them") as seen:
        ev.equal_error_rate([0.1, 0.9], [True, False])
    assert [one.filename for one in seen] == [__file__]


# --- LFW ------------------------------------------------------------------------------------------


def insightface(distances, same) -> tuple[float, float]:
    """InsightFace's procedure: squared distances, strict <, threshold from the other nine folds."""
    thresholds, accuracies = np.arange(0, 4, 0.01), []
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
def test_lfw_accuracy_is_insightfaces_procedure(pairs, on_the_grid):
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


def test_the_lfw_threshold_is_not_chosen_on_the_fold_it_decides():
    # Each fold's own best threshold decides it perfectly; the other fold's does not.
    scores, same = np.array([5.0, 4.0, 1.0, 0.0]), np.array([True, False, True, False])
    assert ev.lfw_accuracy(scores, same, 2) == (0.5, 0.0)


def test_the_lfw_threshold_may_lie_just_beyond_all_scores_it_was_chosen_on():
    folds = [0, 0, 0, 0, 1, 1]
    # On the first four, accepting nobody errs once and every other cut more often.
    # So 4 is rejected in the other fold, and 4.5 accepted.
    scores, same = [4.0, 3.0, 3.0, 2.0, 4.5, 4.0], [False, False, True, False, True, False]
    assert ev.lfw_accuracy(scores, same, folds)[0] == (0.75 + 1) / 2
    # Here accepting everybody errs least: 2 is accepted, and 1.5 rejected.
    scores, same = [4.0, 3.0, 3.0, 2.0, 2.0, 1.5], [True, True, False, True, True, False]
    assert ev.lfw_accuracy(scores, same, folds)[0] == (0.75 + 1) / 2


def test_lfw_accepts_a_score_on_the_threshold():
    scores, same = [0.5, 0.25, 0.5, 0.25], [True, False, True, False]
    assert ev.lfw_accuracy(scores, same, 2, thresholds=[0.5]) == (1.0, 0.0)


@pytest.mark.parametrize("folds", [1, 7, [0, 0, 0, 0, 0, 0], [0, 1, 0]])
def test_lfw_needs_two_folds_or_more_and_a_fold_for_each_pair(folds):
    with pytest.raises(ValueError, match="folds"):
        ev.lfw_accuracy([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [True, False] * 3, folds)


# --- intervals ------------------------------------------------------------------------------------


def paired(people=12, images=5, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(people), images)
    e = rng.normal(size=(people, 6))[identity] + spread * rng.normal(size=(people * images, 6))
    i, j = np.triu_indices(len(identity), 1)
    return ev.pair_scores(e, i, j), identity[i] == identity[j], (identity[i], identity[j])


def test_the_bootstrap_equals_a_plain_loop_over_drawn_people():
    scores, same, (a, b) = paired(people=6, images=3)
    rng, values = np.random.default_rng(4), []
    warnings.simplefilter("ignore")  # some draws of six people have an EER above one half
    for _ in range(50):
        people = rng.integers(6, size=6).tolist()
        chosen = [k for person in people for k in range(len(same)) if a[k] == b[k] == person]
        for one, other in itertools.product(people, people):
            chosen += [k for k in range(len(same)) if a[k] == one != other == b[k]]
        if same[chosen].any() and not same[chosen].all():
            values.append(ev.equal_error_rate(scores[chosen], same[chosen])[0])
    found = ev.bootstrap_interval(ev.equal_error_rate, scores, same, (a, b), resamples=50, seed=4)
    assert found == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_a_paired_interval_equals_a_plain_loop_that_draws_the_same_people_for_both():
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
            falls.append(ev.auc(better[chosen], same[chosen]) - ev.auc(worse[chosen], same[chosen]))
    found = ev.paired_interval(ev.auc, better, worse, same, (a, b), resamples=50, seed=4)
    assert found == pytest.approx(tuple(np.percentile(falls, [2.5, 97.5])))


def test_the_difference_of_a_system_from_itself_is_surely_zero():
    scores, same, identities = paired()
    again = (ev.equal_error_rate, scores, scores, same, identities)
    assert ev.paired_interval(*again, resamples=20) == (0.0, 0.0)


def test_copying_every_pair_does_not_narrow_the_interval():
    scores, same, (a, b) = paired()
    once = ev.bootstrap_interval(ev.auc, scores, same, (a, b), resamples=100)
    scores, same, a, b = (np.tile(x, 3) for x in (scores, same, a, b))
    thrice = ev.bootstrap_interval(ev.auc, scores, same, (a, b), resamples=100)
    assert once == pytest.approx(thrice, abs=1e-9)


def test_the_interval_covers_what_a_large_population_shows():
    truth = ev.equal_error_rate(*paired(people=150, images=5, seed=99)[:2])[0]
    intervals = [
        ev.bootstrap_interval(ev.equal_error_rate, *paired(people=20, seed=s), resamples=150)
        for s in range(40)
    ]
    covered = sum(low <= truth <= high for low, high in intervals)
    assert 31 <= covered <= 40 and all(high - low < 0.2 for low, high in intervals)


def test_the_bootstrap_gives_bands_and_the_same_seed_gives_the_same_interval():
    scores, same, identities = paired()
    grid = np.array([0.05, 0.1, 0.5])

    def tar_on_grid(scores, same):
        curve = ev.roc(scores, same)
        return np.interp(grid, curve.far, curve.tar)

    low, high = ev.bootstrap_interval(tar_on_grid, scores, same, identities, resamples=60)
    value = tar_on_grid(scores, same)
    assert low.shape == high.shape == (3,) and (low <= value).all() and (value <= high).all()
    first, again, other = (
        ev.bootstrap_interval(ev.auc, scores, same, identities, resamples=60, seed=seed)
        for seed in (0, 0, 1)
    )
    assert first == again != other


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
        identities = np.array([1, 2, 3]), np.array([2, 2, 3])
        ev.bootstrap_interval(lambda s, y: ev.tar_at_far(s, y, 0.4), scores, same, identities)
    for sides in ((2, 2), (2, 3), (3, 2)):
        with pytest.raises(ValueError, match="identities must be two arrays of 3"):
            ev.bootstrap_interval(ev.auc, scores, same, tuple(np.zeros(length) for length in sides))


def test_two_identities_are_enough_to_resample():
    scores, same, identities = [0.0, 1.0, 5.0], [True, True, False], ([0, 1, 0], [0, 1, 1])
    interval = ev.bootstrap_interval(
        lambda scores, same: scores.mean(), scores, same, identities, resamples=100
    )
    # A draw holds the first twice, the second twice, or each once with the pair between them.
    assert interval == (0.0, 2.0)


@pytest.mark.parametrize("undefined, works", [(5, True), (6, False)])
def test_an_interval_needs_half_of_its_draws(undefined, works):
    scores, same, identities = paired(people=20)
    answers = iter([*[2.5] * (10 - undefined), *[None] * undefined])

    def metric(scores, same) -> float:
        if (answer := next(answers)) is None:
            raise ValueError("nothing to measure in this draw")
        return answer

    if works:
        found = ev.bootstrap_interval(metric, scores, same, identities, resamples=10)
        assert found == (2.5, 2.5)
    else:
        with pytest.raises(ValueError, match="undefined in 6 of 10 draws"):
            ev.bootstrap_interval(metric, scores, same, identities, resamples=10)


# --- calibration ----------------------------------------------------------------------------------


@sets
def test_cllr_is_the_mean_cost_in_bits(scores, same):
    llr = 0.7 * scores - 0.2
    cost_same = [math.log2(1 + 1 / math.exp(x)) for x, y in zip(llr, same) if y]
    cost_different = [math.log2(1 + math.exp(x)) for x, y in zip(llr, same) if not y]
    expected = sum(cost_same) / len(cost_same) / 2 + sum(cost_different) / len(cost_different) / 2
    assert ev.cllr(llr, same) == pytest.approx(expected, abs=1e-12)


def test_cllr_of_zeros_is_one_bit_and_of_extreme_values_finite():
    same = np.array([True, False, False])
    assert ev.cllr(np.zeros(3), same) == pytest.approx(1.0, abs=1e-15)
    assert ev.cllr([5000.0, -5000.0, -5000.0], same) == 0.0
    assert ev.cllr([-5000.0, 0, 0], same) > 1000


@sets
def test_min_cllr_is_the_best_monotone_calibration_by_the_max_min_formula(scores, same):
    cuts = sorted(set(scores.tolist()))
    n_same, n_different = same.sum(), (~same).sum()
    w_same = [sum(y for s, y in zip(scores, same) if s == c) / n_same for c in cuts]
    w_different = [sum(not y for s, y in zip(scores, same) if s == c) / n_different for c in cuts]
    first, second = np.append(0, np.cumsum(w_same)), np.append(0, np.cumsum(w_different))
    n, expected = len(cuts), 0.0

    def mean(i: int, j: int) -> float:
        alike, different = first[j + 1] - first[i], second[j + 1] - second[i]
        return alike / (alike + different)

    # Isotonic regression at k: over starts i <= k the largest, over ends j >= k the smallest mean.
    for k in range(n):
        posterior = max(min(mean(i, j) for j in range(k, n)) for i in range(k + 1))
        if w_same[k]:
            expected -= w_same[k] * math.log2(max(posterior, 1e-300)) / 2
        if w_different[k]:
            expected -= w_different[k] * math.log2(max(1 - posterior, 1e-300)) / 2
    assert ev.min_cllr(scores, same) == pytest.approx(expected, abs=1e-9)
    only_order_counts = ev.min_cllr(np.exp(scores / 3), same)
    assert ev.min_cllr(scores, same) == pytest.approx(only_order_counts, abs=1e-12)


def test_calibration_is_the_line_that_costs_least():
    scores, same = drawn(0, pairs=2000)
    scores = 50 + 10 * scores  # any scale, any offset
    fitted = ev.fit_calibration(scores, same)
    best = ev.cllr(fitted(scores), same)
    # Where the gradient of the cost is zero, both kinds err alike, and alike at every score.
    p = 1 / (1 + np.exp(-fitted(scores)))
    assert (1 - p[same]).mean() == pytest.approx(p[~same].mean(), rel=1e-5)
    moments = ((1 - p) * scores)[same].mean(), (p * scores)[~same].mean()
    assert moments[0] == pytest.approx(moments[1], rel=1e-5)
    for slope, offset in [(1.01, 0), (0.99, 0), (1, 0.02), (1, -0.02)]:
        assert ev.cllr(slope * fitted(scores) + offset, same) > best
    assert ev.min_cllr(scores, same) <= best < 1
    # Two unit normals a distance 1 apart: the true log likelihood ratio of x is x - 1/2.
    assert fitted.slope * 10 == pytest.approx(1, abs=0.15)
    assert fitted(50 + 5.0) == pytest.approx(0, abs=0.1)


def test_with_two_scores_the_calibration_is_their_likelihood_ratio():
    # Two of three same pairs score 1, and one of three different pairs.
    scores = np.array([1, 1, 1, -1, -1, -1.0])
    same = np.array([True, True, False, True, False, False])
    assert ev.fit_calibration(scores, same) == pytest.approx((math.log(2), 0), abs=1e-4)
    llr = ev.fit_calibration(4 * scores + 3, same)([7, -1])
    assert llr == pytest.approx([math.log(2), -math.log(2)], abs=1e-4)


def test_the_calibration_does_not_depend_on_the_share_of_same_pairs():
    scores, same = drawn(0, pairs=4000)
    keep = same | (np.arange(4000) % 10 == 0)
    fewer = ev.fit_calibration(scores[keep], same[keep])(0.5)
    assert fewer == pytest.approx(ev.fit_calibration(scores, same)(0.5), abs=0.15)


def test_calibration_of_separable_and_of_constant_scores_is_finite():
    same = np.arange(20) < 10
    warnings.simplefilter("error")
    sharp, blunt = ev.fit_calibration(same * 1.0, same), ev.fit_calibration(np.full(20, 0.3), same)
    assert np.isfinite(sharp).all() and ev.cllr(sharp(same), same) < 0.01
    assert blunt([0.3]) == pytest.approx(0, abs=1e-6)
    # A mean of halves is exact, a mean of 0.3 is not.
    assert ev.fit_calibration(np.full(20, 0.5), same) == (0, 0)


def test_the_slope_of_separable_scores_is_where_the_ridge_balances_the_gradient():
    slope, offset = ev.fit_calibration(np.repeat([1.0, -1.0], 10), np.arange(20) < 10)
    gradient = 1 / (1 + math.exp(slope))  # of the cost, at every pair
    assert gradient == pytest.approx(1e-6 * slope, rel=1e-5)
    assert offset == pytest.approx(0, abs=1e-9)


# --- one against many -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed, fpir", [(0, 0.05), (1, 0.1), (2, 0.3)])
def test_identification_equals_a_plain_loop(seed, fpir):
    rng = np.random.default_rng(seed)
    gallery, probes = np.repeat(np.arange(8), 2), rng.integers(12, size=150)  # 8..11 are strangers
    scores = rng.normal(size=(150, 16)) + 1.5 * (probes[:, None] == gallery)
    result = ev.identification(scores, probes, gallery, fpir)
    best = [max((s, int(g)) for s, g in zip(row, gallery)) for row in scores]
    known = [(s, g == p) for (s, g), p in zip(best, probes) if p < 8]
    strangers = [s for (s, _), p in zip(best, probes) if p >= 8]
    for lowest in sorted(s for s, _ in best):
        accepted = sum(s >= lowest for s in strangers)
        if accepted <= fpir * len(strangers):
            break
    assert result.threshold == lowest
    assert result.rank1 == pytest.approx(sum(correct for _, correct in known) / len(known))
    found = sum(correct and s >= lowest for s, correct in known)
    assert result.tpir == pytest.approx(found / len(known))
    assert result.fpir == pytest.approx(accepted / len(strangers)) and result.fpir <= fpir


def test_identification_takes_the_lowest_threshold_that_holds_the_rate():
    scores, probes = [[0.9], [0.5], [0.8], [0.3], [0.2], [0.1]], [0, 0, 6, 7, 8, 9]
    assert ev.identification(scores, probes, [0], 0.25) == (1.0, 1.0, 0.25, 0.5)


def test_identification_refuses_what_it_cannot_measure():
    for probes, fpir in [([0, 1, 0], 0.5), ([7, 8, 9], 0.5), ([0, 1, 9], 0.1)]:
        with pytest.raises(ValueError, match="strangers"):
            ev.identification(np.zeros((3, 2)), probes, [0, 1], fpir)
    with pytest.raises(ValueError, match="probes x templates"):
        ev.identification(np.zeros((2, 3)), [0, 1, 9], [0, 1], 0.5)
    # A constant score accepts all strangers or nobody.
    nobody = ev.identification(np.ones((4, 2)), [0, 1, 8, 9], [0, 1], 0.5)
    assert (nobody.tpir, nobody.fpir) == (0, 0) and np.isfinite(nobody.threshold)


@pytest.mark.parametrize("fpir", [0.0, -0.5, 1.0, 1.5])
def test_an_fpir_outside_zero_to_one_is_refused(fpir):
    with pytest.raises(ValueError, match=r"1 enrolled probes and 2 strangers; fpir="):
        ev.identification(np.zeros((3, 1)), [0, 8, 9], [0], fpir)


def test_an_fpir_of_one_stranger_is_resolved_however_the_division_rounds():
    scores, probes = np.arange(50.0)[::-1, None], np.arange(50)  # one enrolled, 49 strangers
    assert ev.identification(scores, probes, [0], 1 / 49) == (1.0, 1.0, 1 / 49, 48.0)


# --- scores and thresholds of unit vectors --------------------------------------------------------


def test_a_cosine_never_leaves_its_range_however_the_sum_rounds():
    e = np.random.default_rng(0).normal(size=(500, 6))
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    assert (np.einsum("nd,nd->n", unit, unit) > 1).any(), "else nothing is tested"
    scores = ev.pair_scores(np.concatenate([e, -e]), np.r_[:500, :500], np.r_[:500, 500:1000])
    assert scores.max() == 1 and scores.min() == -1


@pytest.mark.parametrize(
    "metric, low, high", [("cosine", -1, 1), ("l2", 0, 2), ("squared l2", 0, 4)]
)
def test_a_value_at_the_end_of_its_range_may_be_off_by_rounding_and_no_more(metric, low, high):
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


# --- what is refused ------------------------------------------------------------------------------


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


# -- what an app decides with ----------------------------------------------------------------------


@pytest.mark.parametrize("margin", [0, 0.05, 2])
def test_a_margin_reaches_from_0_to_2(margin):
    assert ev.check_margin(margin) == margin


@pytest.mark.parametrize("margin", [-0.01, 2.01, np.nan, None])
def test_another_margin_is_refused(margin):
    with pytest.raises(ValueError, match="lead must be a"):
        ev.check_margin(margin, "lead")


@pytest.mark.parametrize(
    "sizes, values", [([1], [0.5]), ([1, 10], [-1, 1]), ([2, 3, 9], [0.5, 0.5, 0.6])]
)
def test_a_table_of_thresholds_rises(sizes, values):
    table = {"templates": sizes, "threshold": values, "one_in": [100] * len(sizes)}
    assert ev.check_threshold_table(table) == (sizes, values)


@pytest.mark.parametrize(
    "sizes, values",
    [
        ([], []),
        ([1, 2], [0.5]),
        ([0, 2], [0.5, 0.6]),
        ([5, 5], [0.5, 0.6]),
        ([5, 2], [0.5, 0.6]),
        ([1, np.inf], [0.5, 0.6]),
        ([1, 2], [0.6, 0.5]),
        ([1, 2, 3], [0.5, np.nan, 0.6]),
        ([1, 2], [-1.1, 0.5]),
        ([1, 2], [0.5, 1.1]),
        (["1", "2"], [0.5, 0.6]),
        (None, None),
    ],
)
def test_another_table_of_thresholds_is_refused(sizes, values):
    with pytest.raises(ValueError, match="the table has a cosine for each number of templates"):
        ev.check_threshold_table({"templates": sizes, "threshold": values}, "the table")


@pytest.mark.parametrize("table", [{}, None, [0.5], "0.5"])
def test_what_is_no_table_is_refused_in_words(table):
    with pytest.raises(ValueError, match="a table of thresholds has a cosine"):
        ev.check_threshold_table(table)
