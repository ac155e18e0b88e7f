"""Crops by similarity: where points go, what the template asks, and that a head can read points off a network's features."""

import numpy as np
import pytest
import torch

from lib import alignment
from lib.data import load
from lib.data.face_render import TEMPLATE
from lib.disturb import UNITS, disturb
from lib.models import course_model, to_input


def test_a_crop_of_everything_is_the_image():
    images = np.random.default_rng(0).integers(0, 256, (3, 56, 56, 3), dtype=np.uint8)
    assert np.array_equal(alignment.crop(images, *alignment.centred(56, photograph=56, size=56), size=56), images)


def test_a_quarter_turn_is_numpys():
    images = np.random.default_rng(0).integers(0, 256, (2, 31, 31, 3), dtype=np.uint8)
    turned = alignment.crop(images, *alignment.centred(31, turn=np.pi / 2, photograph=31, size=31), size=31)
    assert np.abs(turned.astype(int) - np.rot90(images, 1, (1, 2)).astype(int)).max() <= 1


def test_to_template_is_the_least_squares_solution(rng=np.random.default_rng(1)):
    points = TEMPLATE * 1.3 + 20 + rng.normal(0, 3, (4, 5, 2))
    a, b = alignment.to_template(points)
    for n in range(4):  # the same fit in real numbers: [x, -y, 1, 0; y, x, 0, 1] (c, s, tx, ty)
        rows, wanted = [], []
        for (x, y), (u, v) in zip(TEMPLATE, points[n]):
            rows += [[x, -y, 1, 0], [y, x, 0, 1]]
            wanted += [u, v]
        c, s, tx, ty = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
        assert (a[n], b[n]) == (pytest.approx(complex(c, s), abs=1e-9), pytest.approx(complex(tx, ty), abs=1e-9))


def test_the_template_in_a_mirror_is_itself_with_left_and_right_exchanged():
    assert [alignment.MIRRORED[k] for k in alignment.MIRRORED] == list(range(5)), "twice in the mirror is as before"
    mirrored = np.stack([111 - TEMPLATE[:, 0], TEMPLATE[:, 1]], 1)
    assert np.abs(mirrored[alignment.MIRRORED] - TEMPLATE).max() < 2  # pixels; the template leans to the left by one


@pytest.mark.parametrize("size", [112, 56])
def test_two_clicks_on_the_eyes_put_them_on_the_template(size, rng=np.random.default_rng(2)):
    eyes = np.sort(rng.uniform(20, 200, (5, 2, 2)), axis=1)  # x of the first is smaller
    a, b = alignment.from_eyes(eyes, size)
    for n in range(5):
        for (x, y), (u, v) in zip((TEMPLATE[:2] + 0.5) * size / 112 - 0.5, eyes[n]):
            assert a[n] * complex(x, y) + b[n] == pytest.approx(complex(u, v), abs=1e-9)


def test_two_clicks_cut_the_face_that_five_points_cut():
    faces = load("embedded-faces", identities=4, images=4, size=160, seed=3, aligned=False)
    points = faces.extra["landmarks"]
    two, five = alignment.from_eyes(points[:, :2]), alignment.to_template(points)
    corners = np.array([[[0, 0], [111, 0], [0, 111], [111, 111]]])
    apart = np.linalg.norm(alignment.in_photograph(corners, *two) - alignment.in_photograph(corners, *five), axis=-1) / abs(five[0])[:, None]
    assert np.median(apart) < 8 and apart.max() > 0.5  # pixels of the crop: near, but a nod of the head moves the mouth, not the eyes


def test_clicks_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="left side of the picture"):
        alignment.from_eyes([[[80, 40], [40, 40]]])


def test_points_follow_their_pixels():
    image = np.zeros((1, 80, 80, 3), dtype=np.uint8)
    image[0, 30, 47] = 255
    a, b = alignment.centred(60, right=3, down=-2, turn=0.2, photograph=80, size=112)
    cut = alignment.crop(image, a, b, 112)[0, :, :, 0].astype(float)
    y, x = (np.indices(cut.shape) * cut).sum((1, 2)) / cut.sum()
    assert alignment.in_photograph(np.array([[[x, y]]]), a, b)[0, 0] == pytest.approx([47, 30], abs=0.1)


def test_disturbed_faces_carry_their_points():
    faces = load("embedded-faces", identities=2, images=2, size=112, seed=3)
    marked = np.zeros_like(faces.images)
    for n, points in enumerate(faces.extra["landmarks"].round().astype(int)):
        marked[n, points[2, 1] - 1 : points[2, 1] + 2, points[2, 0] - 1 : points[2, 0] + 2] = 255  # the tip of the nose
    crops, points = alignment.disturbed(marked, faces.extra["landmarks"].round(), seed=0)
    for n in range(len(crops)):
        light = crops[n, :, :, 0].astype(float)
        y, x = (np.indices(light.shape) * light).sum((1, 2)) / light.sum()
        assert points[n, 2] == pytest.approx([x, y], abs=1.0)


def test_a_head_learns_to_read_points_and_leaves_the_network_alone():
    torch.manual_seed(0)
    faces = load("embedded-faces", identities=12, images=4, seed=3)
    network = course_model().requires_grad_(False)
    before = [p.clone() for p in network.parameters()]
    reader = alignment.LandmarkReader(network)
    crops, points = alignment.disturbed(faces.images, faces.extra["landmarks"], seed=0)
    with torch.no_grad():
        features = reader.features(to_input(crops, network))
    points = torch.from_numpy(points).float()
    middle = (points - points.mean(0)).norm(dim=-1).mean()  # what always answering the mean errs by
    alignment.fit_reader(reader, features, points, steps=100)
    with torch.no_grad():
        read, vectors = reader(to_input(crops, network))
    assert (read - points).norm(dim=-1).mean() < 0.8 * middle
    assert torch.allclose(vectors, network(to_input(crops, network)), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters()))


@pytest.mark.parametrize("kind", UNITS)
def test_no_strength_is_no_disturbance_and_strength_disturbs(kind):
    images = np.random.default_rng(0).integers(0, 256, (2, 56, 56, 3), dtype=np.uint8)
    assert np.array_equal(disturb(images, kind, 0), images)
    assert disturb(images, kind, 3).shape == images.shape and not np.array_equal(disturb(images, kind, 3), images)


def test_a_disturbance_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="aged"):
        disturb(np.zeros((1, 8, 8, 3), np.uint8), "aged", 1)
