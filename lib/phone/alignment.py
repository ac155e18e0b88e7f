"""Bring a face to where a network expects it: the similarity onto the template, and the crop.

    crops = crop(images, *to_template(points))  # four or five points, from a detector
    crops = crop(images, *from_eyes(clicks))    # where only the eyes are known

A similarity (turn, scale, shift) is two complex numbers a and b: a pixel z = x + iy of the crop
comes from a z + b in the photograph.
"""

import cmath

import numpy as np
import torch
from torch.nn import functional as F

from lib.data.synthetic.face_render import TEMPLATE, fit_similarity


def centre_square(
    side: float, right=0.0, down=0.0, turn=0.0, photograph: int = 150, size: int = 112
) -> tuple[complex, complex]:
    """(a, b) of a square around the centre of a square photograph, moved and turned.

    side, right, down  in pixels of the photograph, as its own side `photograph`; turn in radians
    size               side of the crop, in pixels
    """
    a = side / size * cmath.exp(1j * turn)
    centre = complex((photograph - 1) / 2 + right, (photograph - 1) / 2 + down)
    return a, centre - a * complex((size - 1) / 2, (size - 1) / 2)


def to_template(points, size: int = 112, template=TEMPLATE) -> tuple[np.ndarray, np.ndarray]:
    """(a, b), each complex (N,), of the least-squares similarity onto a template.

    points    x and y in pixels of the photograph: (N, 5, 2) eyes, nose, corners of the mouth;
              (N, 4, 2) eyes, nose, middle of the mouth; (N, 2, 2) eyes, which then lie exactly
    template  (5, 2), where a network expects the five in 112 x 112 pixels; InsightFace's
    raises    ValueError for another number of points, and for NaN
    source    Umeyama 1991, without reflections; the template of insightface's `norm_crop`
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 3 or points.shape[1] not in (2, 4, 5) or points.shape[2] != 2:
        raise ValueError(f"points are (N, 2, 2), (N, 4, 2) or (N, 5, 2), not {points.shape}")
    if missing := int((~np.isfinite(points)).any((1, 2)).sum()):
        found = f"the points of {missing} of {len(points)} faces hold NaN"
        raise ValueError(f"{found}: no face was found there; leave these photographs out")
    target = (
        _expected(points.shape[1], template) + 0.5
    ) * size / 112 - 0.5  # pixel centres are whole
    a, b = fit_similarity(target @ [1, 1j], points @ [1, 1j])  # (P,), (N, P) -> (N, 1)
    return a[:, 0], b[:, 0]


def _expected(count: int, template) -> np.ndarray:
    """Where the template has `count` points, 2, 4 or 5: (count, 2)."""
    five = np.asarray(template, dtype=np.float64)
    return np.vstack([five[:3], five[3:].mean(0)]) if count == 4 else five[:count]


def point_fault(points, size: tuple[int, int]) -> str:
    """Why these cannot be the points of a face, however it is turned; "" where they can.

    points  as for `to_template`, of one face
    size    (height, width) of the photograph
    """
    points = np.asarray(points, dtype=np.float64)
    x, y = points.mean(0)
    if not (0 <= x < size[1] and 0 <= y < size[0]):
        return f"the face lies outside the photograph, at ({x:.0f}, {y:.0f})"
    # 1) What no similarity onto the template explains of the points' variance: of a face in profile
    # up to 0.63.
    z, t = (places @ [1, 1j] for places in (points, _expected(len(points), TEMPLATE)))
    z, t = z - z.mean(), t - t.mean()
    explained, whole = abs(np.vdot(t, z)) ** 2, np.vdot(t, t).real * np.vdot(z, z).real
    fits = z[0] != z[1] and explained >= 0.3 * whole
    # 2) With the first eye on the left, the mouth lies below. Of a face in profile both eyes lie
    # nearly one behind the other, and either may come first.
    if len(points) > 2:
        down = z[3:].mean() - z[:2].mean()
        fits = fits and ((z[1] - z[0]).conjugate() * down).imag >= -0.2 * abs(down) ** 2
    return "" if fits else "the points fit no face: are left and right exchanged, or x and y?"


def from_eyes(eyes, size: int = 112, template=TEMPLATE) -> tuple[np.ndarray, np.ndarray]:
    """`to_template` of two eyes (N, 2, 2), such as two clicks on a photograph.

    eyes    first the eye on the left side of the picture
    raises  ValueError where it is not further left than the second: the crop would be upside down
    """
    eyes = np.asarray(eyes, dtype=np.float64)
    if not (eyes[..., 0, 0] < eyes[..., 1, 0]).all():
        raise ValueError("the first point must be the eye on the left side of the picture")
    return to_template(eyes, size, template)


def in_photograph(points, a, b) -> np.ndarray:
    """Points (N, P, 2) of crops -> where they lie in the photographs."""
    z = np.asarray(points, dtype=np.float64) @ [1, 1j]  # (N, P)
    moved = np.reshape(a, (-1, 1)) * z + np.reshape(b, (-1, 1))
    return np.stack([moved.real, moved.imag], -1)


def crop(images, a, b, size: int = 112, padding: str = "border") -> np.ndarray:
    """Cut a square from each photograph.

    images   uint8 (N, H, W, 3); a, b complex (N,), or one for all
    padding  what lies outside, as for torch's `grid_sample`
    returns  uint8 (N, size, size, 3)
    """
    pixels = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float()
    n, _, height, width = pixels.shape
    y, x = np.mgrid[:size, :size]
    a, b = (np.broadcast_to(part, n)[:, None, None] for part in (a, b))
    source = a * (x + 1j * y) + b  # (N, size, size)
    place = [(2 * source.real + 1) / width - 1, (2 * source.imag + 1) / height - 1]
    grid = torch.from_numpy(np.stack(place, -1)).float()  # (N, size, size, 2) in [-1, 1]
    cut = F.grid_sample(pixels, grid, padding_mode=padding, align_corners=False)
    return cut.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
