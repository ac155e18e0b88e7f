"""The line of a signature does not depend on the pen; each description equals a plain loop."""

import numpy as np
import pytest
from scipy import ndimage

from tools.signatures import stroke_features, strokes


def drawn(points: np.ndarray, radius: float, size=(160, 260)) -> np.ndarray:
    """A mask of a line of this radius through points (n, 2)."""
    page = np.zeros(size, bool)
    for a, b in zip(points, points[1:]):
        for t in np.linspace(0, 1, 200):
            x, y = a + t * (b - a)
            page[int(round(y)), int(round(x))] = True
    return ndimage.distance_transform_edt(~page) <= radius


@pytest.fixture(scope="module")
def wave() -> np.ndarray:
    x = np.linspace(30, 230, 60)
    return np.stack([x, 80 + 30 * np.sin(x / 18)], 1)


def pieces_of(line: strokes.Line, axes) -> np.ndarray:
    return stroke_features.pieces(*stroke_features.surroundings(line), axes)


def test_thinning_leaves_a_line_one_pixel_wide_in_the_middle_and_in_one_piece(wave):
    wide = drawn(wave, 5)
    thin = strokes.thinned(wide)
    assert not (thin & ~wide).any()
    assert ndimage.label(thin, np.ones((3, 3)))[1] == 1
    assert (
        ndimage.distance_transform_edt(wide)[thin].min() > 3
    )  # in the middle of a stroke that is 5 deep, but for its ends
    blocks = thin[:-1, :-1] & thin[1:, :-1] & thin[:-1, 1:] & thin[1:, 1:]
    assert blocks.sum() == 0


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 120, 150])
def test_a_straight_stroke_has_its_own_direction(degrees):
    angle = np.radians(degrees)
    along = np.array(
        [[-60 * np.cos(angle), -60 * np.sin(angle)], [60 * np.cos(angle), 60 * np.sin(angle)]]
    ) + (130, 80)
    line = strokes.line(drawn(along, 4))
    off = np.abs((line.direction - angle + np.pi / 2) % np.pi - np.pi / 2)
    assert np.degrees(np.median(off)) < 3


def test_a_pinhole_is_closed_and_a_loop_is_not(wave):
    mask = drawn(wave, 5)
    y, x = np.argwhere(strokes.thinned(mask))[100]
    holed = mask.copy()
    holed[y - 1 : y + 2, x - 1 : x + 2] = False
    assert strokes.filled(holed)[y + strokes.EDGE, x + strokes.EDGE]
    ring = ndimage.distance_transform_edt(~(np.hypot(*(np.indices((120, 120)) - 60)) < 1))
    ring = (ring > 18) & (ring < 26)
    assert not strokes.filled(ring)[60 + strokes.EDGE, 60 + strokes.EDGE]


def test_an_empty_page_is_refused_in_words():
    with pytest.raises(ValueError, match="fewer than ten pixels"):
        strokes.line(np.zeros((60, 60), bool))


def test_a_bolder_pen_changes_the_line_far_less_than_another_hand_does(wave):
    other = wave * [1, 1] + np.stack([0 * wave[:, 0], 9 * np.cos(wave[:, 0] / 7)], 1)
    fine, bold, hand = (
        strokes.line(drawn(points, radius)) for points, radius in ((wave, 3), (wave, 6), (other, 3))
    )
    axes = stroke_features.basis(
        [stroke_features.surroundings(one)[1] for one in (fine, bold, hand)], size=20
    )
    layouts = [stroke_features.layout(one) for one in (fine, bold, hand)]
    outlines = [stroke_features.outline(strokes.outlines(one.page)) for one in (fine, bold, hand)]
    for pen, person in (
        (np.linalg.norm(layouts[0] - layouts[1]), np.linalg.norm(layouts[0] - layouts[2])),
        (np.linalg.norm(outlines[0] - outlines[1]), np.linalg.norm(outlines[0] - outlines[2])),
        (
            stroke_features.match_distance(pieces_of(fine, axes), pieces_of(bold, axes)),
            stroke_features.match_distance(pieces_of(fine, axes), pieces_of(hand, axes)),
        ),
    ):
        assert pen < person / 1.5


def test_the_layout_does_not_depend_on_where_the_signature_stands(wave):
    here, there = (strokes.line(drawn(wave + shift, 4)) for shift in ((0, 0), (12, -14)))
    np.testing.assert_allclose(
        stroke_features.layout(here), stroke_features.layout(there), atol=0.02
    )


def test_layout_counts_each_pixel_of_the_line_once():
    y, x = np.mgrid[0:3, 0:40]
    line = strokes.Line(
        np.stack([x.ravel(), y.ravel()], 1).astype(np.float32),
        np.zeros(120, np.float32),
        np.ones((3, 40), bool),
    )
    found = stroke_features.layout(line).reshape(8, 4, 12) ** 2
    assert found.sum() == pytest.approx(1)
    assert found[0].sum() == pytest.approx(1)  # all of it runs along the page: direction 0
    assert (
        found[0, :, 5:7].sum() > 0.85
    )  # and 40 pixels lie within the two middle columns of 65 pixels each


def tent(apart: float, width: float, turn: float | None = None) -> float:
    """The share of a bin whose centre lies `apart`: 1 in the middle, 0 a bin's width away.

    turn  the length of the axis where it is a circle
    """
    apart = abs(apart) if turn is None else min(apart % turn, -apart % turn)
    return max(0.0, 1 - apart / width)


def scattered(count: int, size: tuple[int, int], spread: float, seed: int = 0) -> strokes.Line:
    """Pixels here and there around the middle of a page, each with a direction of its own."""
    rng = np.random.default_rng(seed)
    xy = (
        (rng.normal(0, 1, (count, 2)) * (spread, spread / 3) + (size[1] / 2, size[0] / 2))
        .round()
        .clip(0, (size[1] - 1, size[0] - 1))
    )
    page = np.zeros(size, bool)
    page[tuple(xy[:, ::-1].astype(int).T)] = True
    return strokes.Line(
        xy.astype(np.float32), rng.uniform(0, np.pi, count).astype(np.float32), page
    )


def test_layout_equals_a_plain_loop():
    line = scattered(150, (400, 1400), spread=250)  # some lie outside the grid of 780 x 260 pixels
    cells, centre = np.zeros((8, 4, 12)), line.xy.mean(0)
    for (x, y), direction in zip(line.xy - centre, line.direction):
        for k, row, column in np.ndindex(
            8, 4, 12
        ):  # a cell is 65 pixels wide and high, a bin an eighth of half a turn
            near = tent(x - (-390 + 65 * (column + 0.5)), 65) * tent(
                y - (-130 + 65 * (row + 0.5)), 65
            )
            cells[k, row, column] += near * tent(direction - k * np.pi / 8, np.pi / 8, turn=np.pi)
    soft = np.stack([ndimage.gaussian_filter(one, 0.5) for one in cells])
    np.testing.assert_allclose(
        stroke_features.layout(line), np.sqrt(soft / soft.sum()).ravel(), atol=1e-4
    )


def test_outline_equals_a_plain_loop_and_leaves_out_short_curves():
    rng, table = np.random.default_rng(0), np.zeros((16, 16))
    curves = [
        np.cumsum(rng.normal(size=(count, 2)), axis=0) for count in (40, 15, 14)
    ]  # six steps ahead and behind need 15 points
    for curve in curves[:2]:
        for n in range(len(curve)):
            ahead, behind = (
                np.arctan2(*(curve[(n + step) % len(curve)] - curve[n])[::-1]) for step in (6, -6)
            )
            for i, j in np.ndindex(16, 16):
                width = 2 * np.pi / 16
                table[i, j] += tent(ahead - (i + 0.5) * width, width, 2 * np.pi) * tent(
                    behind - (j + 0.5) * width, width, 2 * np.pi
                )
    np.testing.assert_allclose(
        stroke_features.outline(curves), np.sqrt(table / table.sum()).ravel(), atol=1e-6
    )


def test_surroundings_equal_a_plain_loop():
    line = scattered(60, (200, 240), spread=25)
    first: dict[tuple[int, int], int] = {}
    for n, (x, y) in enumerate(line.xy.astype(int)):
        first.setdefault((y // 6, x // 6), n)  # one piece in each cell of six pixels
    chosen = [first[cell] for cell in sorted(first)]
    places, around = stroke_features.surroundings(line)
    np.testing.assert_allclose(places, line.xy[chosen] - line.xy[chosen].mean(0), atol=1e-4)
    for row, n in zip(around, chosen):
        expected = []
        for radius, blur in ((0, 4.0), (10, 4.0), (22, 7.0)):
            for k in range(
                8 if radius else 1
            ):  # to the right first, then round by way of below; all at half the size
                x = round(line.xy[n, 0] / 2 + radius / 2 * np.cos(k * np.pi / 4))
                y = round(line.xy[n, 1] / 2 + radius / 2 * np.sin(k * np.pi / 4))
                reach = int(3 * blur / 2 + 0.5)
                bell = {
                    step: np.exp(-(step**2) / (2 * (blur / 2) ** 2))
                    for step in range(-reach, reach + 1)
                }
                seen = np.zeros(8)
                for (px, py), direction in zip(line.xy, line.direction):
                    weight = (
                        bell.get(int(px) // 2 - x, 0)
                        * bell.get(int(py) // 2 - y, 0)
                        / sum(bell.values()) ** 2
                    )
                    seen += [
                        weight * tent(direction - k2 * np.pi / 8, np.pi / 8, turn=np.pi)
                        for k2 in range(8)
                    ]
                expected += (seen * np.sqrt(2 * np.pi) * blur / 2).tolist()
        np.testing.assert_allclose(
            row, np.array(expected) / np.sqrt(sum(x * x for x in expected) + 1e-3), atol=1e-4
        )


def test_a_line_may_reach_the_corners_of_the_page():
    page = np.zeros((90, 40), bool)
    page[[0, 0, 88, 88], [0, 38, 0, 38]] = True
    xy = np.array([[0, 0], [38, 0], [0, 88], [38, 88]], np.float32)
    places, around = stroke_features.surroundings(strokes.Line(xy, np.zeros(4, np.float32), page))
    np.testing.assert_allclose(places, xy - [19, 44])
    np.testing.assert_allclose(
        around[:, 0], around[0, 0], rtol=1e-3
    )  # far from the others, each corner sees itself alone
    assert around[0, 0] > 0.5


def test_the_basis_spans_the_largest_variances_and_a_long_signature_weighs_no_more():
    rng = np.random.default_rng(0)
    around = [rng.normal(size=(50, 12)) * np.arange(1, 13) + n for n in range(4)]
    mean, axes = stroke_features.basis(around, size=5)
    every = np.concatenate(around)
    np.testing.assert_allclose(mean, every.mean(0))
    _, vectors = np.linalg.eigh(np.cov(every.T))
    np.testing.assert_allclose(
        axes @ axes.T, vectors[:, -5:] @ vectors[:, -5:].T, atol=1e-9
    )  # one plane, however it is spanned
    assert stroke_features.basis([np.zeros((600, 3)), np.ones((60, 3))])[0] == pytest.approx(
        np.full(3, 0.5)
    )


def test_a_hundred_pixels_apart_weigh_as_much_as_a_difference_of_six_tenths_in_surroundings():
    places, around = np.array([[0.0, 0.0], [60.0, 80.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    here, there = stroke_features.pieces(places, around, (np.array([0.25, 0.0]), np.eye(2)))
    assert np.linalg.norm(here - there) == pytest.approx(0.6) and here[:2] == pytest.approx(
        [0.75, 0]
    )
    assert stroke_features.pieces(places, around, (np.zeros(2), np.eye(2))).dtype == np.float32


def test_outline_of_a_straight_stroke_looks_both_ways_along_it():
    along = np.stack([np.arange(400.0), np.zeros(400)], 1)
    back = np.stack([np.arange(399.0, -1, -1), np.ones(400)], 1)
    table = stroke_features.outline([np.vstack([along, back])]).reshape(16, 16) ** 2
    opposite = sum(table[i % 16, (i + 8 + j) % 16] for i in range(16) for j in (-1, 0, 1))
    assert opposite > 0.9  # ahead and behind are opposite directions nearly everywhere


def test_texture_equals_a_plain_loop():
    rng = np.random.default_rng(0)
    grey, mask = (
        rng.random((9, 11)).round(1),
        rng.random((9, 11)) < 0.6,
    )  # neighbours as dark as each other are common
    counts = np.full(256, 0.5)
    ring = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]
    for y, x in np.argwhere(mask):
        code = 0
        for bit, (dy, dx) in enumerate(ring):
            inside = 0 <= y + dy < 9 and 0 <= x + dx < 11
            code += (grey[y + dy, x + dx] if inside else 0.0) >= grey[y, x] and 2**bit
        counts[code] += 1
    np.testing.assert_allclose(
        stroke_features.texture(grey, mask, 1), np.sqrt(counts / counts.sum()), atol=1e-12
    )


def test_matching_equals_a_plain_loop_and_is_the_same_both_ways():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(10, 4)).astype(np.float32), rng.normal(size=(14, 4)).astype(np.float32)
    worst = []
    for one, other in ((a, b), (b, a)):
        nearest = sorted(min(float(np.linalg.norm(p - q)) for q in other) for p in one)
        count = len(one) // 4
        worst.append(sum(nearest[-count:]) / count)
    assert stroke_features.match_distance(a, b) == pytest.approx(sum(worst) / 2, abs=1e-5)
    assert stroke_features.match_distance(a, b) == pytest.approx(
        stroke_features.match_distance(b, a), abs=1e-6
    )
    assert stroke_features.match_distance(a, a) == pytest.approx(0, abs=1e-3)
    few = np.array(
        [[0.0], [1.0], [5.0]], np.float32
    )  # a quarter of three is one at least: the worst
    assert stroke_features.match_distance(
        few, np.array([[0.0], [1.0]], np.float32)
    ) == pytest.approx((4 + 0) / 2)
