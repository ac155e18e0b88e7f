"""Attributes read off embeddings: planted ones are found, absent ones are not."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lib.data import load
from lib.data.synthetic.face_render import view
from lib.phone.attributes import attribute_accuracy, attributes


def planted(strength: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    identity = np.repeat(np.arange(80), 5)
    wanted = (rng.random(80) < 0.2)[identity]  # rare: accuracy alone would reward "nobody has it"
    vectors = rng.standard_normal((400, 16))
    vectors[:, 3] += strength * wanted
    return vectors, wanted, identity, identity >= 40


def test_an_attribute_that_is_in_the_vectors_is_read_and_one_that_is_not_is_guessed():
    share, low, high = attribute_accuracy(*planted(6.0))
    assert share > 0.95 and low <= share <= high
    share, low, high = attribute_accuracy(*planted(0.0))
    assert low < 0.5 < high, "balanced: guessing is one half, however rare the attribute"


def test_the_share_is_the_mean_of_both_kinds_counted_by_hand():
    vectors, wanted, identity, test = planted(1.5)
    reader = LogisticRegression(C=10, max_iter=2000, class_weight="balanced")
    reader.fit(vectors[~test], wanted[~test])
    correct = {True: [], False: []}
    for vector, truth in zip(vectors[test], wanted[test]):
        correct[bool(truth)].append(reader.predict(vector[None])[0] == truth)
    expected = (np.mean(correct[True]) + np.mean(correct[False])) / 2
    assert attribute_accuracy(vectors, wanted, identity, test)[0] == pytest.approx(expected)


def test_attributes_of_a_person_are_the_same_in_every_picture_of_them():
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
    found = attributes(12, np.repeat(np.arange(6), 4), 4)["glasses (this picture)"]
    views = [view(12, person, image, False) for person in range(6) for image in range(4)]
    assert found.tolist() == [one["glasses"] > 0 for one in views]
