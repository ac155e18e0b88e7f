"""Similarities and crops; and a small network that reads points off a face network's features."""

import numpy as np
import pytest
import torch

from lib.data import load
from lib.data.synthetic import face_render, face_shape
from lib.data.synthetic.face_render import TEMPLATE
from lib.models import course_model, to_input
from lib.phone import alignment
from lib.phone.photographs import UNITS, disturb
from tools.faces import landmarks


def test_a_crop_of_everything_is_the_image():
    images = np.random.default_rng(0).integers(0, 256, (3, 56, 56, 3), dtype=np.uint8)
    whole = alignment.centre_square(56, photograph=56, size=56)
    assert np.array_equal(alignment.crop(images, *whole, size=56), images)


def test_a_quarter_turn_is_numpys():
    images = np.random.default_rng(0).integers(0, 256, (2, 31, 31, 3), dtype=np.uint8)
    place = alignment.centre_square(31, turn=np.pi / 2, photograph=31, size=31)
    turned = alignment.crop(images, *place, size=31)
    assert np.abs(turned.astype(int) - np.rot90(images, 1, (1, 2)).astype(int)).max() <= 1


def test_a_square_has_the_place_the_size_and_the_turn_that_it_is_given():
    a, b = alignment.centre_square(60, right=3, down=-2, turn=0.2, photograph=81, size=112)
    # Of 81 pixels the middle is number 40, of 112 it is 55.5.
    assert a * 55.5 * (1 + 1j) + b == pytest.approx((40 + 3) + (40 - 2) * 1j)
    assert (112 * abs(a), np.angle(a)) == pytest.approx((60, 0.2))


def test_to_template_is_the_least_squares_solution():
    rng = np.random.default_rng(1)
    points = TEMPLATE * 1.3 + 20 + rng.normal(0, 3, (4, 5, 2))
    a, b = alignment.to_template(points)
    for n in range(4):  # the same fit in real numbers: [x, -y, 1, 0; y, x, 0, 1] (c, s, tx, ty)
        rows, wanted = [], []
        for (x, y), (u, v) in zip(TEMPLATE, points[n]):
            rows += [[x, -y, 1, 0], [y, x, 0, 1]]
            wanted += [u, v]
        c, s, tx, ty = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
        assert [a[n], b[n]] == pytest.approx([complex(c, s), complex(tx, ty)], abs=1e-9)


def test_four_points_lie_where_five_do_and_their_mouth_is_in_the_middle():
    rng = np.random.default_rng(3)
    a, b = 0.7 * np.exp(0.3j), 20 - 5j  # where the template is put
    five = alignment.in_photograph(TEMPLATE[None], a, b)
    four = np.concatenate([five[:, :3], (five[:, 3:4] + five[:, 4:]) / 2], 1)
    for points in (five, four, five[:, :2]):
        assert alignment.to_template(points) == (pytest.approx([a]), pytest.approx([b]))
    other = TEMPLATE + rng.normal(0, 4, (5, 2))
    moved = alignment.in_photograph(other[None], a, b)
    assert alignment.to_template(moved, template=other)[0] == pytest.approx([a])
    assert alignment.to_template(moved)[0] != pytest.approx([a], abs=1e-3)


@pytest.mark.parametrize("shape", [(4, 3, 2), (5, 2), (4, 1, 2), (4, 5, 3)])
def test_another_number_of_points_is_refused(shape):
    with pytest.raises(
        ValueError, match=r"points are \(N, 2, 2\), \(N, 4, 2\) or \(N, 5, 2\), not"
    ):
        alignment.to_template(np.zeros(shape))


def test_the_template_in_a_mirror_is_itself_with_left_and_right_exchanged():
    assert [landmarks.MIRRORED[k] for k in landmarks.MIRRORED] == list(range(5))  # twice: as before
    mirrored = np.stack([111 - TEMPLATE[:, 0], TEMPLATE[:, 1]], 1)
    # In pixels; the template leans to the left by one.
    assert np.abs(mirrored[landmarks.MIRRORED] - TEMPLATE).max() < 2


@pytest.mark.parametrize("size", [112, 56])
def test_two_clicks_on_the_eyes_put_them_on_the_template(size):
    rng = np.random.default_rng(2)
    eyes = np.sort(rng.uniform(20, 200, (5, 2, 2)), axis=1)  # x of the first is smaller
    a, b = alignment.from_eyes(eyes, size)
    for n in range(5):
        for (x, y), (u, v) in zip((TEMPLATE[:2] + 0.5) * size / 112 - 0.5, eyes[n]):
            assert a[n] * complex(x, y) + b[n] == pytest.approx(complex(u, v), abs=1e-9)


def test_two_clicks_cut_nearly_the_crop_that_five_points_cut():
    faces = load("synthetic-faces", identities=4, images=4, size=160, seed=3, aligned=False)
    points = faces.extra["landmarks"]
    two, five = alignment.from_eyes(points[:, :2]), alignment.to_template(points)
    corners = np.array([[[0, 0], [111, 0], [0, 111], [111, 111]]])
    away = alignment.in_photograph(corners, *two) - alignment.in_photograph(corners, *five)
    away = np.linalg.norm(away, axis=-1) / abs(five[0])[:, None]  # in pixels of the crop
    # Near, but not equal: when the head nods, the mouth moves and the eyes do not.
    assert np.median(away) < 8 and away.max() > 0.5


def test_clicks_in_the_wrong_order_are_refused():
    # The second face lies on its side.
    for one, other in (([80, 40], [40, 40]), ([40, 40], [40, 80])):
        with pytest.raises(ValueError, match="left side of the picture"):
            alignment.from_eyes([[one, other]])


def as_four(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points[:, :3], points[:, 3:].mean(1, keepdims=True)], 1)


def faults(points, size=(100, 100)) -> list[str]:
    return [alignment.point_fault(each, size) for each in points]


@pytest.mark.parametrize("four", [False, True])
def test_points_of_real_faces_are_taken_whatever_the_pose(four):
    """From profile to profile, leaning, upside down, or reaching out of the picture."""
    person, poses = face_shape.person(6, 0), []
    for yaw in np.linspace(-1.57, 1.57, 9):
        poses += [{"yaw": yaw}, {"yaw": yaw, "roll": 0.6}, {"yaw": yaw, "pitch": 0.5}]
    views = [face_render.view(6, 0, 0, aligned=False) | pose for pose in poses]
    colours = [face_render.view_colours(6, 0, 0)] * len(views)
    points = face_render.render(person, views, colours, 32)[1]
    points = as_four(points) if four else points
    middle = points.mean(1, keepdims=True)
    assert not any(faults(points, (32, 32)))
    assert not any(faults(2 * middle - points, (32, 32))), "upside down"
    assert not any(faults(points + 16 - middle, (32, 32)))


def test_points_that_fit_no_face_are_named():
    faces = load("synthetic-faces", identities=4, images=2, size=96, seed=6, aligned=False)
    five, size = faces.extra["landmarks"].astype(float), (96, 96)
    four = as_four(five)
    for points, order in ((five, [1, 0, 2, 4, 3]), (five, [1, 0, 2, 3, 4]), (four, [1, 0, 2, 3])):
        assert all("left and right exchanged" in why for why in faults(points[:, order], size))
        assert not any(faults(points, size))
    assert all("x and y" in why for why in faults(five[..., ::-1], size))
    assert all("outside the photograph" in why for why in faults(five + 96, size))
    assert all("fit no face" in why for why in faults(np.full((1, 5, 2), 9.0)))


def test_points_of_a_crop_are_found_in_the_photograph():
    image = np.zeros((1, 80, 80, 3), dtype=np.uint8)
    image[0, 30, 47] = 255
    a, b = alignment.centre_square(60, right=3, down=-2, turn=0.2, photograph=80, size=112)
    cut = alignment.crop(image, a, b, 112)[0, :, :, 0].astype(float)
    y, x = (np.indices(cut.shape) * cut).sum((1, 2)) / cut.sum()
    found = alignment.in_photograph(np.array([[[x, y]]]), a, b)[0, 0]
    assert found == pytest.approx([47, 30], abs=0.1)


def test_disturbed_faces_carry_their_points():
    faces = load("synthetic-faces", identities=2, images=2, size=112, seed=3)
    marked = np.zeros_like(faces.images)
    for n, points in enumerate(faces.extra["landmarks"].round().astype(int)):
        x, y = points[2]  # the tip of the nose
        marked[n, y - 1 : y + 2, x - 1 : x + 2] = 255
    crops, points = landmarks.disturb(marked, faces.extra["landmarks"].round(), seed=0)
    for n in range(len(crops)):
        light = crops[n, :, :, 0].astype(float)
        y, x = (np.indices(light.shape) * light).sum((1, 2)) / light.sum()
        assert points[n, 2] == pytest.approx([x, y], abs=1.0)


def test_a_head_learns_to_read_points_and_the_network_stays_as_it_is():
    torch.manual_seed(0)
    faces = load("synthetic-faces", identities=12, images=4, seed=3)
    network = course_model().requires_grad_(False)
    before = [p.clone() for p in network.parameters()]
    reader = landmarks.LandmarkReader(network)
    crops, points = landmarks.disturb(faces.images, faces.extra["landmarks"], seed=0)
    with torch.no_grad():
        features = reader.features(to_input(crops, network))
    points = torch.from_numpy(points).float()
    baseline = (points - points.mean(0)).norm(dim=-1).mean()  # error of answering the mean
    landmarks.fit_reader(reader, features, points, steps=100)
    with torch.no_grad():
        read, vectors = reader(to_input(crops, network))
    assert (read - points).norm(dim=-1).mean() < 0.8 * baseline
    assert torch.allclose(vectors, network(to_input(crops, network)), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters()))


def one_warm_cell(rows, columns, side: int) -> torch.Tensor:
    """(N, side, side) heat maps, warm in one cell each"""
    maps = torch.full((len(rows), side, side), -50.0)
    maps[torch.arange(len(rows)), rows, columns] = 0
    return maps


def test_a_heat_map_gives_the_mean_place_of_its_warm_cells_in_pixels_of_the_crop():
    reader = landmarks.LandmarkReader(course_model())
    reader.head, size = torch.nn.Identity(), reader.network.input_size[0] / 8  # pixels a cell
    rows, columns = torch.tensor([0, 1, 2, 7, 7]), torch.tensor([0, 7, 3, 0, 5])
    heat = one_warm_cell(rows, columns, 8)
    heat[2, 4, 3] = 0  # two cells as warm as each other: halfway
    expected = [
        [c * size + (size - 1) / 2, r * size + (size - 1) / 2]
        for r, c in [(0, 0), (1, 7), (3, 3), (7, 0), (7, 5)]
    ]
    np.testing.assert_allclose(reader.points(heat[None])[0], expected, atol=1e-3)


class Pointing(torch.nn.Module):
    """A head that knows: of (eyes, nose, mouth), the warm cell on the left is the left one."""

    def __init__(self) -> None:
        super().__init__()
        self.heat, self.noses = torch.nn.Parameter(torch.tensor(1.0)), []

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        (eyes, nose, mouth), left = maps.unbind(1), torch.arange(8) < 4
        cold = torch.tensor(-50.0)
        self.noses.append("left" if (nose.amax((0, 1)) > -1)[:4].any() else "right")
        parts = [
            eyes.where(left, cold),
            eyes.where(~left, cold),
            nose,
            mouth.where(left, cold),
            mouth.where(~left, cold),
        ]
        return self.heat * torch.stack(parts, 1)


@pytest.mark.parametrize("steps", [3, 4])  # the last batch as it is, and in the mirror
def test_a_reader_without_errors_has_none_in_the_mirror(steps):
    reader = landmarks.LandmarkReader(course_model())
    reader.head, rng = Pointing(), torch.Generator().manual_seed(0)
    rows, left, right, middle = (
        torch.randint(low, high, (2, 20), generator=rng)
        for low, high in ((0, 8), (0, 4), (4, 8), (0, 4))
    )
    eyes, mouth = (
        one_warm_cell(r, a, 8).maximum(one_warm_cell(r, b, 8)) for r, a, b in zip(rows, left, right)
    )
    features = torch.stack([eyes, one_warm_cell(rows[0], middle[0], 8), mouth], 1)
    cells = [(left[0], rows[0]), (right[0], rows[0]), (middle[0], rows[0])]
    cells += [(left[1], rows[1]), (right[1], rows[1])]
    size = reader.network.input_size[0] / 8
    points = (
        torch.stack([torch.stack(cell, -1) for cell in cells], 1) * size + (size - 1) / 2
    )  # (N, 5, 2)
    assert landmarks.fit_reader(reader, features, points, steps=steps) < 1e-3
    # Each second batch is mirrored.
    assert reader.head.noses == ["left", "right", "left", "right"][:steps]


def test_disturbed_faces_are_turned_scaled_and_shifted_by_the_documented_amounts():
    n, size = 3000, 28
    points = np.tile(TEMPLATE[None] * size / 112, (n, 1, 1))
    _, moved = landmarks.disturb(np.zeros((n, size, size, 3), np.uint8), points, seed=0)
    z, w = points @ [1, 1j], moved @ [1, 1j]  # (N, 5)
    dz, dw = z - z.mean(1, keepdims=True), w - w.mean(1, keepdims=True)
    a = (dz.conj() * dw).sum(1) / (abs(dz) ** 2).sum(1)
    middle = (size - 1) / 2 * (1 + 1j)
    # Where the crop's middle lies in the photograph, from the photograph's middle.
    shift = (middle - (w.mean(1) - a * z.mean(1))) / a - middle
    pixels = 5 * size / 112
    for found, spread in (
        (np.log(abs(a)), 0.13),
        (np.angle(a), 0.13),
        (shift.real, pixels),
        (shift.imag, pixels),
    ):
        assert found.std() == pytest.approx(spread, rel=0.06)
        assert abs(found.mean()) < 4 * spread / n**0.5
    # The turn is about the middle: no part of the shift grows with it.
    off = 1 - 1 / a
    assert abs((off.conj() * shift).sum() / (abs(off) ** 2).sum()) < 0.5


@pytest.mark.parametrize("kind", UNITS)
def test_no_strength_is_no_disturbance_and_strength_disturbs(kind):
    images = np.random.default_rng(0).integers(0, 256, (2, 56, 56, 3), dtype=np.uint8)
    assert np.array_equal(disturb(images, kind, 0), images)
    disturbed = disturb(images, kind, 3)
    assert disturbed.shape == images.shape and not np.array_equal(disturbed, images)


def test_an_unknown_disturbance_is_refused():
    with pytest.raises(ValueError, match="aged"):
        disturb(np.zeros((1, 8, 8, 3), np.uint8), "aged", 1)


@pytest.mark.parametrize(
    "x, y, inside",
    [(0.1, 0.1, True), (99.9, 49.9, True), (-0.6, 25, False), (50, -0.6, False)]
    + [(100.6, 25, False), (50, 50.6, False), (150, 25, False), (50, 150, False)],
)
def test_the_middle_of_a_face_lies_in_the_photograph(x, y, inside):
    points = 0.2 * (TEMPLATE - TEMPLATE.mean(0)) + (x, y)
    fault = alignment.point_fault(points, (50, 100))
    assert fault == (
        "" if inside else f"the face lies outside the photograph, at ({x:.0f}, {y:.0f})"
    )


@pytest.mark.parametrize("count", [4, 5])
def test_points_far_from_every_turned_and_scaled_template_are_refused(count):
    """Squeezed to a line: what the best fit leaves over of the variance decides, at 0.7."""
    five = TEMPLATE - TEMPLATE.mean(0)
    target = as_four(five[None])[0] if count == 4 else five
    target = target - target.mean(0)
    for squeeze in np.linspace(0.02, 4, 60):
        points = target * (squeeze, 1)
        x, y = target.T  # x' = a x - b y + c, y' = b x + a y + d, by least squares
        rows = np.vstack([np.c_[x, -y, x * 0 + 1, x * 0], np.c_[y, x, x * 0, x * 0 + 1]])
        solved = rows @ np.linalg.lstsq(rows, points.T.ravel(), rcond=None)[0]
        left_over = ((points.T.ravel() - solved) ** 2).sum() / (points**2).sum()
        fault = alignment.point_fault(points + 50, (100, 100))
        assert bool(fault) == (left_over > 0.7), squeeze
