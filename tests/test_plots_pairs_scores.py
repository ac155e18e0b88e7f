"""The words in the figures of pairs, scores and verification agree with the numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.data import pairs
from lib.evaluation import far_frr
from lib.plots import pairs as draw_pairs
from lib.plots import scores as draw_scores
from lib.plots import verification as draw_verification


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    fig.canvas.draw()
    plt.close(fig)


def words(ax) -> str:
    return "\n".join(
        [
            ax.get_title(loc="center"),
            ax.get_title(loc="left"),
            *(text.get_text() for text in ax.texts),
        ]
    )


@pytest.mark.parametrize("p, k", [(2, 2), (8, 4), (16, 16), (1, 3)])
def test_a_batch_table_shows_its_counts(ax, p, k):
    draw_pairs.batch_table(ax, p, k)
    same, different = pairs.count_pairs(np.repeat(np.arange(p), k))
    assert f"{same:,} same pairs" in words(ax) and f"{different:,} different pairs" in words(ax)
    assert f"{same / (same + different):.1%}" in words(ax)
    table = ax.images[0].get_array()
    assert (table == 1).sum() == same and (table == 0).sum() == different


def test_a_triplet_plane_shows_the_share_of_each_kind(ax):
    draw_pairs.triplet_plane(
        ax, np.array([0.5, 0.5, 0.5, 0.5]), np.array([0.8, 0.9, 0.6, 0.4]), margin=0.2
    )
    assert (
        "easy\n50.0%" in words(ax)
        and "semi-hard\n25.0%" in words(ax)
        and "hard\n25.0%" in words(ax)
        and "50.0% of these" in words(ax)
    )


@pytest.mark.parametrize("threshold", [-5.0, 0.2, 0.55, 5.0])
def test_histograms_read_far_and_frr_off_the_threshold(ax, threshold):
    rng = np.random.default_rng(0)
    same = np.arange(400) < 200
    scores, forged = rng.normal(size=400) * 0.3 + 0.7 * same, np.arange(400) >= 300
    draw_scores.score_histograms(ax, scores, same, threshold)
    far, frr = far_frr(scores, same, threshold)
    assert f"FAR {far:.1%}" in words(ax) and f"FRR {frr:.1%}" in words(ax)
    ax.clear()
    draw_scores.score_histograms(ax, scores, same, threshold, forged=forged)
    assert f"forged: {draw_scores.one_in(np.mean(scores[forged] >= threshold))}" in words(ax)


def test_full_colour_shows_the_wrong_decisions_and_the_other_bars_do_not_move(ax):
    rng = np.random.default_rng(0)
    same = np.arange(400) < 200
    scores = rng.normal(size=400) * 0.3 + 0.7 * same
    drawn = []
    for threshold in (0.2, 0.6):
        ax.clear()
        draw_scores.score_histograms(ax, scores, same, threshold)
        full = [patch for patch in ax.patches if patch.get_fill() and patch.get_alpha() is None]
        wrong = [patch.get_data().values.sum() / 100 for patch in full]  # different, then same
        assert wrong == pytest.approx(far_frr(scores, same, threshold))
        drawn.append([bars.get_data().values for bars in ax.patches if bars not in full])
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize(
    "threshold, sentences",
    [
        (0.5, ("unlock the phone: 1 in 200", "turned away: 1 in 20")),
        (0.95, ("unlock the phone: none", "turned away: 75 in 100")),
        (0.05, ("unlock the phone: 50 in 100", "turned away: none")),
    ],
)
def test_unlock_rates_are_told_for_strangers_and_for_the_owner(ax, threshold, sentences):
    different, same = (
        np.repeat([0.0, 0.1, 0.6], [200, 198, 2]),
        np.repeat([0.4, 0.9, 1.0], [5, 70, 25]),
    )
    draw_verification.unlock_rates(
        ax, np.append(different, same), np.repeat([False, True], [400, 100]), threshold
    )
    assert all(sentence in words(ax) for sentence in sentences), words(ax)


@pytest.mark.parametrize("gallery, who", [(1, "1 person enrolled"), (20, "20 people enrolled")])
def test_open_set_rates_count_enrolled_people_found_and_strangers_named(ax, gallery, who):
    known, right, strangers = (
        np.array([0.9, 0.8, 0.7, 0.4]),
        np.array([True, False, True, True]),
        np.array([0.75, 0.2, -0.3, 0.1, 0.0]),
    )
    draw_verification.open_set_scores(ax, known, right, strangers, 0.7, gallery)
    assert who in words(ax) and "TPIR 50.0%" in words(ax) and "FPIR 20.0%" in words(ax)


def test_a_share_is_told_as_one_in_n_or_as_so_many_in_100():
    assert [draw_scores.one_in(share) for share in (0, 0.002, 1 / 3000, 0.05, 0.17, 0.5, 1)] == [
        "none",
        "1 in 500",
        "1 in 3,000",
        "1 in 20",
        "17 in 100",
        "50 in 100",
        "100 in 100",
    ]


def test_curves_bands_and_intervals_are_drawn_in_percent(ax):
    far, tar = np.array([0, 0.01, 1]), np.array([0, 0.8, 1])
    draw_scores.roc_curve(ax, {"a": (far, tar), "b": (far, tar, tar - 0.05, tar + 0.05)})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 100 * tar)
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"a", "b", "guessing"}
    ax.clear()
    draw_scores.interval_rows(ax, ["pixels", "network"], [0.2, 0.05], [(0.18, 0.22), (0.03, 0.08)])
    assert "20.0" in words(ax) and "5.0" in words(ax)
