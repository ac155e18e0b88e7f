"""Sheets and pairs of faces show the given images, in order, with the right words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.plots import faces as draw


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def pictures(n: int) -> np.ndarray:
    """n images of one colour each: the n-th is n everywhere."""
    return np.ones((n, 8, 8, 3), dtype=np.uint8) * np.arange(n, dtype=np.uint8)[:, None, None, None]


def test_a_sheet_has_a_row_a_person_and_their_first_images_in_order(ax):
    draw.sheet(ax, pictures(12), np.repeat([4, 7, 9], 4), people=2, views=3)
    drawn = ax.images[0].get_array()
    assert drawn.shape == (16, 24, 3)
    assert drawn[::8, ::8, 0].tolist() == [[0, 1, 2], [4, 5, 6]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["person 4", "person 7"]


def test_the_words_of_a_pair_are_bold_exactly_where_decision_and_truth_differ(ax):
    scores, same = np.array([0.9, 0.1, 0.9, 0.1]), np.array([True, True, False, False])
    draw.pairs(ax, pictures(4), pictures(4), scores, same, threshold=0.5)
    assert [text.get_weight() == "bold" for text in ax.texts] == [False, True, True, False]
    assert ["one person" in text.get_text() for text in ax.texts] == same.tolist()
    assert ["accepted" in text.get_text() for text in ax.texts] == [True, False, True, False]
