"""From photograph to decision: quality and its limits, alignment, photo attack."""

import json
import math

import numpy as np
import pytest

from lib.data import load
from lib.data.synthetic.face_render import TEMPLATE
from lib.export.contract import PhoneModel, fingerprint
from lib.models import course_model, embed
from lib.phone import photographs, quality
from lib.phone.gallery import ACCEPTED, POOR, UNKNOWN
from lib.phone.recogniser import Phone, align, embed_crops
from tools.faces import quality_limits


@pytest.fixture(scope="module")
def faces():
    return load("synthetic-faces", identities=6, images=4, size=160, seed=12, aligned=False)


@pytest.fixture(scope="module")
def model():
    return course_model()


# -- quality ---------------------------------------------------------------------------------------

EYES = np.array([[40.0, 50.0], [70.0, 50.0], [55.0, 70.0], [44.0, 90.0], [67.0, 90.0]])


def textured(low: int = 60, high: int = 180) -> np.ndarray:
    """A crop that nothing is wrong with: grey noise."""
    rng = np.random.default_rng(0)
    return rng.integers(low, high, (112, 112, 1), dtype=np.uint8).repeat(3, axis=2)


def test_the_measures_equal_plain_loops():
    crop = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    grey = [[0.299 * r + 0.587 * g + 0.114 * b for r, g, b in row.tolist()] for row in crop]
    pixels = [value for row in grey for value in row]
    cells, inner, four = range(28), range(1, 27), range(4)
    coarse = [
        [sum(grey[4 * y + dy][4 * x + dx] for dy in four for dx in four) / 16 for x in cells]
        for y in cells
    ]
    edges = [
        coarse[y - 1][x] + coarse[y + 1][x] + coarse[y][x - 1] + coarse[y][x + 1] - 4 * coarse[y][x]
        for y in inner
        for x in inner
    ]

    def mean(values):
        return sum(values) / len(values)

    def variance(values):
        return mean([(value - mean_of) ** 2 for mean_of in [mean(values)] for value in values])

    # Eyes at 43 and 70, nose at 64.
    found = quality.measure(crop, EYES + [[3, 0], [0, 0], [9, 0], [0, 0], [0, 0]])
    assert found.grey == pytest.approx(mean(pixels))
    assert found.spread == pytest.approx(math.sqrt(variance(pixels)))
    spread = variance([value for row in coarse for value in row])
    assert found.sharpness == pytest.approx(variance(edges) / spread)
    assert (found.eye_distance, found.turn) == pytest.approx((27, (64 - 56.5) / 27))


def test_turning_is_measured_along_the_eyes_however_the_head_leans():
    points = EYES + [[0, 0], [0, 0], [6, 0], [0, 0], [0, 0]]
    for angle in np.radians([0, 20, 90, 170]):
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        assert quality.measure(textured(), points @ turn).turn == pytest.approx(6 / 30)


def test_the_mouth_does_not_count_so_its_middle_does_as_well_as_its_corners():
    four = np.vstack([EYES[:3], EYES[3:].mean(0)]) + [[0, 0], [0, 0], [6, 0], [0, 0]]
    five = EYES + [[0, 0], [0, 0], [6, 0], [9, 9], [9, 9]]
    assert quality.measure(textured(), four) == quality.measure(textured(), five)
    assert quality.measure(textured(), four).turn == pytest.approx(6 / 30)


def test_with_the_eyes_alone_everything_but_turning_is_judged():
    assert quality.refusal(textured(), EYES[:2]) == ""
    assert math.isnan(quality.measure(textured(), EYES[:2]).turn)
    assert "too small" in quality.refusal(textured(), EYES[:2] / 10)


@pytest.mark.parametrize(
    "crop, points, words",
    [
        (textured(0, 60), EYES, "too dark"),
        (textured(190, 250), EYES, "too bright"),
        (textured(118, 130), EYES, "too flat"),
        (np.linspace(60, 180, 112)[:, None, None].repeat(112, 1).repeat(3, 2), EYES, "too blurred"),
        (textured(), EYES / 4, "too small"),
        (textured(), EYES + [[0, 0], [0, 0], [14, 0], [0, 0], [0, 0]], "turned away"),
        (textured(), EYES, ""),
    ],
)
def test_each_fault_is_named_in_words(crop, points, words):
    found = quality.refusal(crop.astype(np.uint8), points)
    assert words in found and (": " in found) == bool(words)


@pytest.mark.parametrize(
    "name, nudge, what",
    [
        ("DARKEST", -1, "grey"),
        ("BRIGHTEST", 1, "grey"),
        ("FLATTEST", -1, "spread"),
        ("BLURRIEST", -1, "sharpness"),
        ("SMALLEST", -1, "eye_distance"),
        ("TURNED", 1, "turn"),
    ],
)
def test_a_picture_on_a_limit_is_accepted_and_one_beyond_it_is_not(name, nudge, what, monkeypatch):
    limit, good = getattr(quality, name), quality.measure(textured(), EYES)
    monkeypatch.setattr(quality, "measure", lambda *_: good._replace(**{what: limit}))
    assert quality.refusal(textured(), EYES) == ""
    beyond = good._replace(**{what: limit + nudge * 1e-6})
    monkeypatch.setattr(quality, "measure", lambda *_: beyond)
    assert quality.refusal(textured(), EYES) != ""


@pytest.mark.parametrize(
    "crop, points",
    [
        (textured()[:56], EYES),
        (textured().astype(float), EYES),
        (textured(), EYES[:3]),
        (textured()[..., 0], EYES),
    ],
)
def test_what_cannot_be_measured_is_refused(crop, points):
    with pytest.raises(ValueError, match=r"\(112, 112, 3\) crop"):
        quality.measure(crop, points)
    with pytest.raises(ValueError, match="one point"):
        quality.measure(textured(), EYES[[0, 0, 2, 3, 4]])


def test_the_limits_are_those_that_were_measured():
    if not quality_limits.FILE.exists():
        pytest.skip(f"no {quality_limits.FILE.name} yet: python -m tools.faces.quality_limits")
    found = json.loads(quality_limits.FILE.read_text())["limits"]
    for name, value in found.items():
        now, sign = getattr(quality, name), -1 if name in ("BRIGHTEST", "TURNED") else 1
        assert sign * now >= sign * value - 0.04 * value, (name, now, value)
    # Where the photographs' limit is the stricter one, it stands there.
    for name in ("BRIGHTEST", "BLURRIEST", "SMALLEST", "TURNED"):
        assert getattr(quality, name) == pytest.approx(found[name], rel=0.04), name


def test_a_limit_lies_where_one_picture_in_ten_is_no_longer_accepted(monkeypatch):
    def vectors(_, crops):  # the brighter, the more alike
        score = crops.mean((1, 2, 3)) / 255
        return np.stack([score, np.sqrt(1 - score**2)], 1)

    monkeypatch.setattr(quality_limits, "embed_crops", vectors)
    ramp = np.arange(100, 140).astype(np.uint8)[:, None, None, None]  # 40 pictures
    crops = np.zeros((40, 112, 112, 3), np.uint8) + ramp
    points, one = np.repeat(EYES[None], 40, 0), np.repeat([[1.0, 0.0]], 40, 0)
    probes = quality_limits.Probes(crops, points, one, None, 100 / 255)

    def darker(levels):
        return crops - np.uint8(levels), points

    # Two levels darker 2 of 40 are refused, 6 levels darker 6 of 40; 4 of 40 lie in the middle.
    assert [probes.refused(darker(levels)[0]) for levels in (2, 6)] == [0.05, 0.15]
    limit = probes.limit((2, 6), darker, lambda found: found.grey)
    assert limit == pytest.approx((119.5 - 2 + 119.5 - 6) / 2)
    with pytest.raises(ValueError, match="begin weaker"):
        probes.limit((6, 8), darker, lambda found: found.grey)
    with pytest.raises(ValueError, match="go on"):
        probes.limit((1, 2), darker, lambda found: found.grey)


def test_blur_is_refused_on_photographs_with_grain_too_and_light_does_not_count(faces):
    sharp = align(faces.images[:8], faces.extra["landmarks"][:8])
    blurred = photographs.disturb(sharp, "blurred", 4)
    grain = np.random.default_rng(0).normal(0, 4, blurred.shape)
    grainy = (blurred + grain).round().clip(0, 255).astype(np.uint8)
    for crops, is_sharp in ((sharp, True), (sharp // 2, True), (blurred, False), (grainy, False)):
        measured = [quality.measure(crop, EYES).sharpness for crop in crops]
        assert all((value >= quality.BLURRIEST) == is_sharp for value in measured)


def test_ordinary_pictures_are_not_refused(faces, model):
    prepared = Phone(model, threshold=0.5).prepare(faces.images, faces.extra["landmarks"])
    assert not any(prepared.refused) and len(prepared.refused) == len(faces)


# -- the pipeline ----------------------------------------------------------------------------------


def test_the_phones_vectors_are_the_networks(faces, model):
    crops = align(faces.images[:4], faces.extra["landmarks"][:4])
    assert crops.shape == (4, 112, 112, 3)
    halved = crops.reshape(4, 56, 2, 56, 2, 3).mean((2, 4))  # what the file begins with
    expected = embed(model, halved.round().astype(np.uint8)).numpy()
    cosines = (embed_crops(PhoneModel(model), crops) * expected).sum(1)
    np.testing.assert_allclose(cosines, 1, atol=2e-3)  # but for the rounding to bytes


def test_a_crop_depends_on_all_five_points_where_they_are_known(faces):
    points = faces.extra["landmarks"][:1]
    lower = points + np.array([[0, 0], [0, 0], [0, 6], [0, 6], [0, 6]])  # nose and mouth
    by_eyes, by_five, by_lower = (
        align(faces.images[:1], where).astype(float) for where in (points[:, :2], points, lower)
    )
    assert np.abs(by_five - by_lower).mean() > 2 and np.abs(by_five - by_eyes).mean() > 0.5
    np.testing.assert_array_equal(by_eyes, align(faces.images[:1], lower[:, :2]))


def test_a_network_with_another_template_gets_another_crop(faces):
    five, moved = faces.extra["landmarks"][:2], TEMPLATE + [5, 0]
    four = np.concatenate([five[:, :3], five[:, 3:].mean(1, keepdims=True)], 1)
    for points in (five, four, five[:, :2]):
        ours, theirs = (align(faces.images[:2], points, t) for t in (TEMPLATE, moved))
        np.testing.assert_allclose(theirs[:, :, 6:], ours[:, :, 1:-5], atol=1)


def test_enrolled_people_are_recognised_and_strangers_are_not(faces, model):
    phone, points = Phone(model, threshold=0.6, margin=0.05), faces.extra["landmarks"]
    for person in range(3):
        of = np.flatnonzero(faces.identity == person)
        assert phone.enrol(f"person {person}", faces.images[of[:2]], points[of[:2]]) == []
    assert phone.gallery.fingerprint == fingerprint(model)
    others = np.flatnonzero(np.arange(24) % 4 >= 2)
    found = [phone.decide(faces.images[n], points[n]) for n in others]
    assert [f.name for f in found[:6]] == ["person 0"] * 2 + ["person 1"] * 2 + ["person 2"] * 2
    assert [f.kind for f in found[6:]] == [UNKNOWN] * 6


def test_two_clicks_on_the_eyes_are_enough_to_be_recognised(faces, model):
    phone, eyes = Phone(model, threshold=0.6), faces.extra["landmarks"][:, :2]
    phone.enrol("Ada", faces.images[:3], eyes[:3], mode="average")
    assert phone.decide(faces.images[3], eyes[3]).kind == ACCEPTED and len(phone.gallery) == 1


def test_poor_pictures_are_neither_enrolled_nor_compared(faces, model):
    phone, points = Phone(model, threshold=-1), faces.extra["landmarks"]
    dark = faces.images[:2] // 8
    with pytest.raises(ValueError, match="no picture of Ada is good enough to enrol: too dark"):
        phone.enrol("Ada", dark, points[:2])
    assert phone.gallery.names == []
    pictures = np.concatenate([dark[:1], faces.images[1:3]])
    reasons = phone.enrol("Ada", pictures, points[:3])
    assert reasons == ["too dark: more light on the face"]
    assert len(phone.gallery) == 2 and phone.decide(dark[1], points[1]).kind == POOR


# -- photo attack ----------------------------------------------------------------------------------


@pytest.mark.parametrize("medium", photographs.MEDIA)
def test_a_photograph_of_a_photograph_is_another_picture_of_the_same_face(faces, model, medium):
    points, some = faces.extra["landmarks"], slice(0, 8)
    second = photographs.rephotograph(faces.images[some], medium)
    assert second.dtype == np.uint8 and second.shape == faces.images[some].shape
    assert np.abs(second.astype(int) - faces.images[some]).mean() > 5
    repeated = photographs.rephotograph(faces.images[:2], medium)
    assert np.array_equal(second[:2], repeated)
    phone = PhoneModel(model)
    live = embed_crops(phone, align(faces.images[some], points[some]))
    copied = embed_crops(phone, align(second, points[some]))
    assert (live * copied).sum(1).min() > 0.8


def test_an_unknown_medium_is_refused():
    with pytest.raises(ValueError, match="no medium 'mask'; there are print, screen"):
        photographs.rephotograph(np.zeros((1, 8, 8, 3), np.uint8), "mask")
