"""The shipped checkpoint: what it is, and that it tells apart people it cannot have seen."""

import numpy as np
import pytest

from lib import models
from lib.data.pairs import all_pairs
from lib.data.synthetic import face_shape, faces
from lib.evaluation import bootstrap_interval, equal_error_rate, pair_scores

UNSEEN_SEED = 1
PEOPLE = 6000  # that one of its two trainings learned from


@pytest.fixture(scope="module")
def model():
    return models.course_model()


@pytest.fixture
def unseen():
    return faces.load(identities=60, images=8, seed=UNSEEN_SEED)


def error(vectors, images):
    i, j, same = all_pairs(images.identity)
    scores, pairs = pair_scores(vectors, i, j), (images.identity[i], images.identity[j])
    return equal_error_rate(scores, same)[0], bootstrap_interval(
        equal_error_rate, scores, same, pairs, resamples=100
    )


def test_it_is_the_half_width_network_for_56_pixels_and_small_enough_to_ship(model):
    assert (
        isinstance(model, models.MobileFaceNet)
        and model.input_size == (56, 56)
        and model.embedding_size == 128
    )
    assert models.count_parameters(model) == 280_256 and not model.training
    assert 1.0e6 < models.COURSE_MODEL.stat().st_size < 1.6e6


def test_it_tells_unseen_people_apart_and_raw_pixels_do_not(model, unseen):
    eer, (_, high) = error(models.embed(model, unseen), unseen)
    pixels, (low, _) = error(unseen.images.reshape(len(unseen), -1).astype(np.float32), unseen)
    assert eer < 0.04 and high < 0.06
    assert 0.20 < pixels < 0.45 and low > high


def test_grey_and_darker_pictures_hardly_hurt_it(model, unseen):
    grey = np.repeat(unseen.images.mean(-1, keepdims=True).astype(np.uint8), 3, axis=-1)
    dark = (unseen.images * 0.6).astype(np.uint8)
    for changed in (grey, dark):
        vectors = models.embed(model, unseen)
        assert error(models.embed(model, changed), unseen)[0] < 0.12
        assert np.median((vectors * models.embed(model, changed)).sum(1)) > 0.7


def test_the_people_it_is_measured_on_are_none_of_those_it_learned_from(model, unseen):
    for words in (model.facts["data"], model.facts["first"]["data"]):
        options = {"seed": "0"} | dict(word.split("=") for word in words[1:])
        seed, people = int(options["seed"]), int(options["identities"])
        assert words[0] == "synthetic-faces" and people <= PEOPLE
        assert seed == faces.TRAINING_SEED != UNSEEN_SEED
    traits = ("eye_x", "nose_y", "width", "mouth_y")
    learned, measured = (
        {tuple(face_shape.person(seed, i)[t] for t in traits) for i in range(count)}
        for seed, count in ((faces.TRAINING_SEED, PEOPLE), (UNSEEN_SEED, 60))
    )
    assert len(measured) == 60 and not learned & measured
    some = faces.load(identities=60, images=8, seed=faces.TRAINING_SEED)
    assert not {image.tobytes() for image in some.images} & {
        image.tobytes() for image in unseen.images
    }
