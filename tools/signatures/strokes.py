"""The line of a signature at scanner resolution: a scan without paper, colour, darkness and width.

    line = strokes.line(ink.ink_mask(scan))

A forger's pen is not the writer's, and a data set is often written with one pen for the genuine and
another for the forged signatures. A line one pixel wide does not depend on the pen. It keeps where
the strokes run, how they turn, and how steadily; it loses pressure.

Lengths are pixels at 400 dpi: 10 pixels are 0.6 mm.
"""

from typing import NamedTuple

import numba
import numpy as np
from scipy import ndimage

EDGE = 12  # white pixels added on each side, so that smoothing finds paper
SMOOTH = 1.5  # pixels; evens out the edge of the ink, which the paper makes rough
HOLE = 40  # pixels; less white than this inside a stroke is paper showing through the ink
RADIUS = 3.5  # half the width that `outlines` gives to every line


class Line(NamedTuple):
    """M pixels of a line one pixel wide."""

    xy: np.ndarray  # float32 (M, 2), x right, y down
    direction: np.ndarray  # float32 (M,), of the stroke through each pixel, radians in [0, pi)
    page: np.ndarray  # bool (H, W), True on the line


def line(mask: np.ndarray) -> Line:
    """The line through the middle of the ink.

    mask    bool (H, W), True where there is ink
    raises  ValueError where nothing is left to follow
    """
    page = thinned(filled(mask))
    y, x = np.nonzero(page)
    if len(x) < 10:
        raise ValueError(
            "there is no stroke here: fewer than ten pixels of line; is the scan empty, or the mask"
            " inverted?"
        )
    xy = np.stack([x, y], 1).astype(np.float32)
    return Line(xy, _directions(page)[page].astype(np.float32), page)


def filled(mask: np.ndarray) -> np.ndarray:
    """The ink with a smooth edge and without pinholes.

    mask     bool (H, W)
    returns  bool (H + 2 EDGE, W + 2 EDGE)
    """
    smooth = ndimage.gaussian_filter(np.pad(mask, EDGE).astype(np.float32), SMOOTH) > 0.45
    holes, count = ndimage.label(~smooth)
    small = np.bincount(holes.ravel(), minlength=count + 1) < HOLE
    small[0] = False
    return smooth | small[holes]


@numba.njit(cache=True)
def _peel(page: np.ndarray, second: bool) -> list:
    """Pixels (y, x) that one half of a round may remove.

    They lie on the edge, are no end of a line, and do not join two parts of it.
    """
    found = []
    for y in range(1, page.shape[0] - 1):
        for x in range(1, page.shape[1] - 1):
            if page[y, x] == 0:
                continue
            n, ne, e, se = page[y - 1, x], page[y - 1, x + 1], page[y, x + 1], page[y + 1, x + 1]
            s, sw, w, nw = page[y + 1, x], page[y + 1, x - 1], page[y, x - 1], page[y - 1, x - 1]
            around = (n, ne, e, se, s, sw, w, nw, n)
            count, turns = 0, 0
            for k in range(8):
                count += around[k]
                turns += around[k] == 0 and around[k + 1] == 1
            if count < 2 or count > 6 or turns != 1:
                continue
            if second:
                keep = n * e * w != 0 or n * s * w != 0
            else:
                keep = n * e * s != 0 or e * s * w != 0
            if not keep:
                found.append((y, x))
    return found


def thinned(mask: np.ndarray) -> np.ndarray:
    """Peel the ink from all sides until a line one pixel wide is left: bool (H, W) in and out.

    source  Zhang, Suen, "A fast parallel algorithm for thinning digital patterns", Communications
            of the ACM 27, 1984
    """
    page = np.pad(mask, 1).astype(np.uint8)
    while True:
        removed = 0
        for second in (False, True):
            edge = _peel(page, second) if page.any() else []
            removed += len(edge)
            for y, x in edge:
                page[y, x] = 0
        if not removed:
            return page[1:-1, 1:-1].astype(bool)


def _directions(page: np.ndarray) -> np.ndarray:
    """(H, W) radians in [0, pi): the line's direction at every pixel, from the structure tensor."""
    blurred = ndimage.gaussian_filter(page.astype(np.float32), 2.0)
    down, right = (ndimage.gaussian_filter(blurred, 1.0, order=order) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (
        ndimage.gaussian_filter(product, 2.0)
        for product in (right * right, down * down, right * down)
    )
    across = np.arctan2(2 * xy, xx - yy) / 2  # where the tensor is largest
    return (across + np.pi / 2) % np.pi


def outlines(page: np.ndarray) -> list[np.ndarray]:
    """The outlines of the line drawn 2 RADIUS wide: closed curves (n, 2), points a pixel apart."""
    from contourpy import contour_generator

    wide = ndimage.distance_transform_edt(~np.pad(page, EDGE)) <= RADIUS
    level = ndimage.gaussian_filter(wide.astype(np.float32), SMOOTH)
    return [_resampled(curve) for curve in contour_generator(z=level).lines(0.5) if len(curve) > 40]


def _resampled(curve: np.ndarray) -> np.ndarray:
    """Points one pixel apart along a closed curve."""
    curve = np.vstack([curve, curve[:1]])
    length = np.append(0.0, np.cumsum(np.hypot(*np.diff(curve, axis=0).T)))
    at = np.linspace(0, length[-1], max(8, int(length[-1])), endpoint=False)
    return np.stack([np.interp(at, length, curve[:, 0]), np.interp(at, length, curve[:, 1])], 1)
