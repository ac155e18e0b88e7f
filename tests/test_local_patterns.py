"""Local binary patterns: counted pixel by pixel, compared by densities, learned from others."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from lib.data import ImageSet
from tools.faces import local_patterns
from tools.results import page


def test_patterns_with_at_most_two_changes_have_a_bin_each():
    bins = local_patterns.uniform_patterns()
    for code in range(256):
        bits = [code >> k & 1 for k in range(8)]
        changes = sum(bits[k] != bits[k - 1] for k in range(8))
        assert (bins[code] == 58) == (changes > 2)
    assert sorted(set(bins)) == list(range(59))


def test_patterns_are_those_counted_pixel_by_pixel():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    grey = image.mean(2)
    steps = ((0, 2), (1, 1), (2, 0), (1, -1), (0, -2), (-1, -1), (-2, 0), (-1, 1))
    counts = np.zeros((8, 8, 59))
    for y in range(2, 18):
        for x in range(2, 18):
            code = sum(
                1 << bit for bit, (dy, dx) in enumerate(steps) if grey[y + dy, x + dx] >= grey[y, x]
            )
            counts[(y - 2) // 2, (x - 2) // 2, local_patterns.uniform_patterns()[code]] += 1
    (row,) = local_patterns.describe(image[None])
    assert row.reshape(8, 8, 59) == pytest.approx(np.sqrt(counts / 16**2), abs=1e-6)


def test_a_score_of_plda_is_the_log_ratio_of_two_densities():
    rng = np.random.default_rng(1)
    spread = np.array([0.5, 2.0, 0.0])
    x, y = rng.normal(size=(2, 5, 3))
    scores = local_patterns.plda_scores(x, y, spread)
    total, common = np.diag(1 + spread), np.diag(spread)
    together = np.block([[total, common], [common, total]])
    for one, other, score in zip(x, y, scores):
        pair = np.r_[one, other]
        same = multivariate_normal(np.zeros(6), together).logpdf(pair)
        apart = multivariate_normal(np.zeros(6), np.kron(np.eye(2), total)).logpdf(pair)
        assert score == pytest.approx(same - apart)


def test_plda_finds_how_much_people_vary_beside_one_person():
    rng = np.random.default_rng(2)
    identity = np.repeat(np.arange(2000), 4)
    mix = rng.normal(size=(3, 3))
    people = rng.normal(size=(2000, 3)) * np.sqrt([4.0, 1.0, 0.25])
    vectors = (people[identity] + rng.normal(size=(8000, 3))) @ mix
    mean, matrix, spread = local_patterns.plda(vectors, identity)
    assert np.sort(spread) == pytest.approx([0.25, 1.0, 4.0], rel=0.15)
    turned = (vectors - mean) @ matrix
    within = turned - turned.reshape(-1, 4, 3).mean(1)[identity]
    assert within.T @ within / (3 * 2000) == pytest.approx(np.eye(3), abs=1e-6)


@pytest.mark.filterwarnings("ignore:EER")  # noise may score the wrong way round
def test_axes_never_meet_the_people_that_they_score(monkeypatch):
    """Each person's photograph has its number in it: what is learned from tells whom it met."""
    rng = np.random.default_rng(3)
    people = np.repeat(np.arange(40), 4)
    pixels = rng.integers(0, 256, (160, 150, 150, 3), np.uint8)
    faces = ImageSet(pixels, people, np.ones(160, bool), ("",) * 160)
    i, j = np.arange(0, 160, 2), np.arange(1, 160, 2)
    j[1::2] = np.roll(j.reshape(10, 8)[:, 1::2], 1, axis=1).ravel()  # strangers of the same fold
    pairs = i, j, people[i] == people[j], np.repeat(np.arange(10), 8)
    met = []
    scorers = local_patterns.scorers

    def spy(rows, identity, learn, axes):
        met.append(set(identity[learn]))
        return scorers(rows, identity, learn, axes)

    monkeypatch.setattr(local_patterns, "scorers", spy)
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    patterns, choices, gains = local_patterns.tables(
        faces, pairs, {"side": 119, "down": -7}, rng.normal(size=(160, 8))
    )
    first, second = set(range(20)), set(range(20, 40))
    trial, *judging = met[:3]
    assert trial < first and judging == [first, first]
    trial, *judging = met[3:]
    assert trial < second and judging == [second, second]
    assert [row["method"] for row in patterns["rows"]] == list(local_patterns.METHODS.values())
    assert len(choices["rows"]) == 4 and len(gains["rows"]) == 2


def test_the_stored_rows_hold_together():
    found = page.record("faces")
    if not page.rows(found, "patterns"):
        pytest.skip("not measured yet: python -m tools.faces.local_patterns")
    pca, plda = page.rows(found, "patterns")
    by_label = page.find(page.rows(found, "pattern_gains"), what=plda["method"])
    assert by_label["points"] == pytest.approx(100 * (pca["eer"] - plda["eer"]))
    assert by_label["interval"][0] > 0, "what the page says labels buy"
    chosen = [row for row in page.rows(found, "pattern_choices") if row.get("chosen")]
    assert len(chosen) == 4
    for row in chosen:
        same = [
            other
            for other in page.rows(found, "pattern_choices")
            if (other["half"], other["method"]) == (row["half"], row["method"])
        ]
        assert row["eer"] == min(other["eer"] for other in same)
