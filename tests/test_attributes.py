"""What can be read off a vector: planted attributes are found, absent ones are not, and the traits are those of the pictures."""

import numpy as np
import pytest

from lib.data import load
from lib.phone.attributes import attributes, read_off


def planted(strength: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(80), 5)
    wanted = (rng.random(80) < 0.2)[identity]  # rare: accuracy alone would reward "nobody has it"
    vectors = rng.standard_normal((400, 16))
    vectors[:, 3] += strength * wanted
    return vectors, wanted, identity, identity >= 40


def test_an_attribute_that_is_in_the_vectors_is_read_and_one_that_is_not_is_guessed():
    share, low, high = read_off(*planted(6.0))
    assert share > 0.95 and low <= share <= high
    share, low, high = read_off(*planted(0.0))
    assert low < 0.5 < high, "balanced: guessing is one half, however rare the attribute"


def test_the_share_is_the_mean_of_both_kinds_counted_by_hand():
    from sklearn.linear_model import LogisticRegression

    vectors, wanted, identity, test = planted(1.5)
    reader = LogisticRegression(C=10, max_iter=2000, class_weight="balanced").fit(
        vectors[~test], wanted[~test]
    )
    right = {True: [], False: []}
    for vector, truth in zip(vectors[test], wanted[test]):
        right[bool(truth)].append(reader.predict(vector[None])[0] == truth)
    assert read_off(vectors, wanted, identity, test)[0] == pytest.approx(
        (np.mean(right[True]) + np.mean(right[False])) / 2
    )


def test_traits_of_a_person_are_the_same_in_every_picture_and_glasses_are_where_they_are_drawn():
    faces = load("synthetic-faces", identities=30, images=4, seed=12, size=56, aligned=False)
    held = attributes(12, faces.identity, 4)
    for name, values in held.items():
        assert values.shape == (120,) and values.dtype == bool
        steady = all(len(set(values[faces.identity == person])) == 1 for person in range(30))
        assert steady == ("this picture" not in name), name
    luminance = faces.images.mean((1, 2, 3))
    skin = held["darker skin than most"]
    assert luminance[skin].mean() < luminance[~skin].mean()


def test_an_attribute_follows_the_pictures_order():
    whole = attributes(12, np.repeat(np.arange(6), 4), 4)["glasses (this picture)"]
    from lib.data.synthetic.face_render import view

    assert whole.tolist() == [
        view(12, person, image, False)["glasses"] > 0 for person in range(6) for image in range(4)
    ]
