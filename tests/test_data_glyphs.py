"""Glyphs: the same for a seed in any number, distinct characters, hard for pixels."""

import time

import numpy as np
import pytest
from test_data_signatures import error_rate

from lib import data
from lib.data.synthetic import glyphs


@pytest.fixture(scope="module")
def drawn() -> data.ImageSet:
    return glyphs.draw(6, 12, 8, 28, 0)


def test_the_set_has_its_shape_and_its_labels():
    drawn = data.load("synthetic-glyphs", alphabets=2, characters=3, drawers=4)
    assert (
        drawn.images.shape == (24, 28, 28)
        and drawn.images.dtype == np.uint8
        and drawn.genuine.all()
    )
    assert np.array_equal(drawn.identity, np.repeat(np.arange(6), 4))
    assert np.array_equal(drawn.extra["alphabet"], np.repeat([0, 1], 12))
    assert np.array_equal(drawn.extra["drawer"], np.tile(np.arange(4), 6))
    assert drawn.names[-1] == "alphabet 1 character 2 drawer 3"
    assert (np.median(drawn.images, axis=(1, 2)) > 245).all() and (
        drawn.images.min((1, 2)) < 120
    ).all()  # dark ink on white paper


def test_a_seed_gives_the_same_glyphs_and_another_seed_others():
    one, same, other = (glyphs.draw(2, 3, 2, 28, seed) for seed in (3, 3, 4))
    assert np.array_equal(one.images, same.images) and not np.array_equal(one.images, other.images)


def test_a_character_is_the_same_in_a_larger_set(drawn):
    few = glyphs.draw(2, 3, 4, 28, 0)
    grid, less = drawn.images.reshape(6, 12, 8, 28, 28), few.images.reshape(2, 3, 4, 28, 28)
    assert np.array_equal(grid[:2, :3, :4], less)


def test_raw_pixels_are_neither_hopeless_nor_enough(drawn):
    flat = drawn.images.reshape(len(drawn), -1).astype(float)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    i, j = np.triu_indices(len(flat), 1)
    score, same = (flat @ flat.T)[i, j], drawn.identity[i] == drawn.identity[j]
    within = drawn.extra["alphabet"][i] == drawn.extra["alphabet"][j]
    assert 0.20 < error_rate(score[same], score[~same]) < 0.45
    assert 0.20 < error_rate(score[same], score[~same & within]) < 0.45


def test_a_character_resembles_itself_more_than_any_other_of_its_alphabet(drawn):
    ink = 252.0 - drawn.images.reshape(6, 12, 8, 14, 2, 14, 2).mean(
        (4, 6)
    )  # two pixels each way: small shifts forgiven
    for alphabet in ink.reshape(6, 12, 8, -1):
        mean = alphabet[:, :4].mean(1)
        mean = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        nearest = (alphabet[:, 4:] @ mean.T).argmax(-1)  # (12, 4, D) @ (D, 12)
        assert (nearest == np.arange(12)[:, None]).mean() > 0.7


def test_alphabets_differ_in_style_and_stay_within_four_strokes():
    styles = [glyphs.style(a) for a in range(20)]
    assert min(s.round for s in styles) < 0.2 and max(s.round for s in styles) > 0.8
    for a in range(5):
        lifts = [(~glyph.down).sum() for glyph in glyphs.alphabet(a, 20)]
        assert max(lifts) <= 3 and len(set(lifts)) > 1


def test_a_drawer_has_one_hand_in_the_whole_alphabet():
    widths = np.array(
        [
            [(252 - image.astype(float)).max() for image in row]
            for row in glyphs.draw(1, 10, 6, 28, 0).images.reshape(10, 6, 28, 28)
        ]
    )
    assert (
        widths.std(0).mean() < widths.mean(0).std() * 1.5
    )  # a drawer's own ink varies less than the ink between drawers


@pytest.mark.parametrize(
    "options, message",
    [
        ({"alphabets": 0}, "alphabets must be a whole number, at least 1; got 0"),
        ({"characters": -1}, "characters"),
        ({"drawers": 0}, "drawers"),
        ({"size": 4}, "size"),
        ({"seed": -1}, "seed"),
        ({"drawers": 1.5}, "drawers"),
        ({"size": (28, 28)}, "size"),
    ],
)
def test_options_that_make_no_set_are_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        glyphs.load(**options)


def test_four_thousand_glyphs_take_less_than_twenty_seconds():
    glyphs.draw(1, 1, 1, 28, 0)  # compiled
    began = time.process_time()
    glyphs.draw(2, 10, 20, 28, 1)
    assert (time.process_time() - began) * 10 < 20
