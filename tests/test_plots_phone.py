"""Figures of the phone's pipeline: points in place, a bar a person, decisions in words."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lib.plots import SAME, people
from lib.plots import phone as draw

IMAGE, POINTS = (
    np.zeros((160, 160, 3), np.uint8),
    np.array([[40.0, 50], [70, 50], [55, 70], [44, 90], [67, 90]]),
)


def drawn_decision(scores, kind, name, why):
    axes = Figure().subplots(1, 3)
    draw.decision(
        axes,
        IMAGE,
        POINTS,
        IMAGE[:112, :112],
        ["Ada", "Ben", "Cleo"],
        scores,
        kind,
        name,
        why,
        0.8,
        0.05,
    )
    return axes


def test_each_person_has_a_bar_and_only_scores_above_the_threshold_are_unhatched():
    axes = drawn_decision([0.9, 0.3, -0.1], "accepted", "Ada", "0.90 reaches 0.80")
    bars = axes[2].patches
    assert [bar.get_width() for bar in bars] == [0.9, 0.3, -0.1] and [
        bool(bar.get_hatch()) for bar in bars
    ] == [False, True, True]
    assert axes[0].figure._suptitle.get_text() == "“Ada”: 0.90 reaches 0.80"
    lines = [line.get_xdata()[0] for line in axes[2].lines]
    assert lines == [0.8, pytest.approx(0.35)], (
        "the threshold, and what the best must reach to lead by the margin"
    )


def test_a_refused_picture_shows_no_scores():
    axes = drawn_decision(None, "poor picture", None, "too dark: more light on the face")
    assert not axes[2].patches and "not compared" in axes[2].texts[0].get_text()
    assert axes[0].figure._suptitle.get_text() == "poor picture: too dark: more light on the face"


def test_points_and_the_numbers_of_the_vector_are_drawn_in_place():
    axes, vector = Figure().subplots(1, 3), np.linspace(-0.2, 0.2, 128)
    draw.pipeline_steps(axes, IMAGE, POINTS, IMAGE[:112, :112], vector)
    for line in axes[0].lines:
        np.testing.assert_array_equal(np.column_stack(line.get_data()), POINTS)
    assert axes[0].lines[-1].get_color() == SAME
    assert [bar.get_height() for bar in axes[2].patches] == pytest.approx(vector.tolist())


def test_an_attack_is_accepted_from_the_threshold_on():
    axes = Figure().subplots(1, 3)
    draw.attack_scores(axes, ["live", "print", "screen"], [IMAGE] * 3, [0.9, 0.75, 0.7], 0.75)
    assert [ax.get_xlabel() for ax in axes] == [
        "0.90, accepted",
        "0.75, accepted",
        "0.70, not accepted",
    ]


def test_attribute_rates_are_in_percent_with_their_intervals():
    ax = Figure().subplots()
    draw.attribute_rates(ax, ["a beard", "a smile"], [(0.91, 0.85, 0.97), (0.55, 0.5, 0.6)])
    ends = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2][:2]
    assert np.allclose(ends, [[85, 97], [50, 60]]) and {"91", "55", "guessing"} <= {
        text.get_text() for text in ax.texts
    }


def test_the_matrix_has_people_side_by_side_and_the_title_says_both_means():
    axes, identity = Figure().subplots(1, 2), np.array([1, 0, 1, 0])
    scores = np.array(
        [[1, 0.1, 0.8, 0.3], [0.1, 1, 0.2, 0.6], [0.8, 0.2, 1, 0.4], [0.3, 0.6, 0.4, 1]]
    )
    people.people_scores(axes, scores, identity, ["Ada", "Ben"], 0.5)
    order = [1, 3, 0, 2]  # Ada's two pictures, then Ben's
    np.testing.assert_array_equal(axes[0].images[0].get_array(), scores[np.ix_(order, order)])
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["Ada", "Ben"]
    assert axes[0].get_yticks().tolist() == [0.5, 2.5]
    assert axes[0].get_title() == "Mean score: one person 0.70, two people 0.25"
    assert axes[1].get_title().startswith("Threshold 0.50")


def test_many_people_have_no_names_beside_the_matrix():
    axes, count = Figure().subplots(1, 2), people.MOST_NAMES + 1
    people.people_scores(axes, np.eye(2 * count), np.arange(2 * count) // 2, ["x"] * count, 0.5)
    assert axes[0].get_yticklabels() == []
