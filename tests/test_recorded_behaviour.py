"""What the library computed at commit 9caa7a0, before it was rearranged, it still computes.

tests/recorded_behaviour.json was written at that commit: synthetic sets by the mean grey of blocks
of 8 x 8 pixels, fifty losses of two trainings, vectors of the shipped model, an EER, and files of a
short network. (int8 of ONNX Runtime was recorded anew when its weights went from 8 bits to 7, the
sizes of ExecuTorch's files when their constants got shorter names.)
Processors differ in the last digits of a sum, and a training makes them larger: so
all is compared within a tolerance.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim import SGD

from lib import course, export, losses, models
from lib.data import load
from lib.data.pairs import all_pairs
from lib.data.synthetic.faces import TRAINING_SEED
from lib.evaluation import equal_error_rate, pair_scores
from lib.export import ShortFaceNet
from lib.training import augment, clip_gradient, fit, learning_rate, parameter_groups

RECORDED = json.loads((Path(__file__).parent / "recorded_behaviour.json").read_text())


@pytest.fixture(autouse=True)
def one_thread():
    """Sums over several threads end in other last digits; the record was made with one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def blocks(images: np.ndarray) -> np.ndarray:
    """Mean grey of blocks of 8 x 8 pixels, one row an image."""
    n, height, width = images.shape[:3]
    grey = images.reshape(n, height, width, -1).mean(3)[:, : height // 8 * 8, : width // 8 * 8]
    return grey.reshape(n, height // 8, 8, width // 8, 8).mean((2, 4)).reshape(n, -1)


def assert_same_training(found, recorded):
    """The first steps agree; later ones, in which last digits have grown, agree on average."""
    np.testing.assert_allclose(found[0], recorded[0], rtol=1e-3)
    np.testing.assert_allclose(found[:4], recorded[:4], rtol=0.02)
    np.testing.assert_allclose(np.mean(found[-25:]), np.mean(recorded[-25:]), rtol=0.15)


@pytest.mark.parametrize("recorded", RECORDED["sets"], ids=lambda one: one["name"])
def test_a_synthetic_set_shows_the_same_pictures(recorded):
    images = load(recorded["name"], **recorded["options"])
    assert list(images.images.shape) == recorded["shape"]
    assert images.identity.tolist() == recorded["identity"]
    expected = np.array(recorded["blocks"])
    np.testing.assert_allclose(blocks(images.images)[: len(expected)], expected, atol=0.5)
    if "landmarks" in recorded:
        np.testing.assert_allclose(images.extra["landmarks"], recorded["landmarks"], atol=0.02)


def test_fifty_losses_of_a_signature_training_are_the_same():
    course.seed_everything(0)
    images = load("synthetic-signatures", identities=8, genuine=4, forgeries=2, seed=0)
    model = models.SignatureNet(embedding_size=32, width=0.25)
    loss = partial(losses.batch_contrastive_loss, margin=1.0)
    history = fit(
        model,
        images,
        loss=loss,
        steps=50,
        batch=(8, 3),
        optimizer=SGD(parameter_groups(model, loss), lr=0.05, momentum=0.9),
        augment=augment.signatures,
    )
    assert_same_training(history.loss, RECORDED["fit signatures"])


def test_fifty_losses_of_a_face_training_with_arcface_are_the_same():
    course.seed_everything(0)
    images = load("synthetic-faces", identities=12, images=4, size=32, seed=0)
    model = models.MobileFaceNet(embedding_size=32, input_size=(32, 32), width=0.25)
    loss = losses.SoftmaxLoss(losses.ArcFace(32, 12, scale=16.0, margin=0.3))
    optimizer = SGD(parameter_groups(model, loss), lr=0.05, momentum=0.9)
    clip_gradient(optimizer, 5.0)
    history = fit(
        model,
        images,
        loss=loss,
        steps=50,
        batch=(8, 3),
        optimizer=optimizer,
        schedule=partial(learning_rate, schedule="paper", warm_up=5),
        augment=augment.faces,
    )
    assert_same_training(history.loss, RECORDED["fit faces"])


def test_the_shipped_model_gives_the_same_vectors_and_the_same_error_rate():
    people = load("synthetic-faces", identities=20, images=4, seed=1)
    vectors = models.embed(models.course_model(), people).numpy()
    np.testing.assert_allclose(vectors[:4], RECORDED["vectors"], atol=2e-5)
    i, j, same = all_pairs(people.identity)
    found = equal_error_rate(pair_scores(vectors, i, j), same)
    np.testing.assert_allclose(found, RECORDED["eer of 20 people"], atol=1e-4)


@pytest.mark.slow
def test_exported_files_are_as_large_and_answer_as_closely_as_before(tmp_path):
    faces = partial(load, "synthetic-faces", images=2, size=56)
    training = faces(identities=8, seed=TRAINING_SEED).images
    model, test = ShortFaceNet(training), faces(identities=4, seed=1).images
    pictures = export.PhoneModel(model).pictures(test)
    for path in export.export_all(model, tmp_path, training, name="short"):
        size, parity = RECORDED["parity"][path.name]
        assert abs(path.stat().st_size - size) <= 0.02 * size, path.name
        assert export.parity(model, path, test) <= 1.05 * parity + 1e-6, path.name
        answers = export.run(path, pictures)[:2]
        np.testing.assert_allclose(answers, RECORDED["outputs"][path.name], atol=0.02)
