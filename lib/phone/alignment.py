"""Bring a face to where a network expects it: five points, the similarity that takes them to the template, the crop it cuts.

    points, _ = reader(to_input(crops, model))              # LandmarkReader: a small head on a network's own features
    crops = crop(images, *to_template(points), size=112)
    crops = crop(images, *from_eyes(two_clicks), size=112)  # where only the eyes are known

A similarity (turn, scale, shift) is two complex numbers: a pixel z = x + iy of the crop comes from a z + b in the photograph.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from lib.data.synthetic.face_render import TEMPLATE


def centred(
    side: float,
    right: float = 0.0,
    down: float = 0.0,
    turn: float = 0.0,
    photograph: int = 150,
    size: int = 112,
) -> tuple[complex, complex]:
    """(a, b) of a square of `side` pixels around the centre of a square photograph, moved and turned (radians)."""
    a = side / size * complex(math.cos(turn), math.sin(turn))
    middle, half = (
        complex((photograph - 1) / 2 + right, (photograph - 1) / 2 + down),
        complex((size - 1) / 2, (size - 1) / 2),
    )
    return a, middle - a * half


def to_template(points, size: int = 112) -> tuple[np.ndarray, np.ndarray]:
    """(a, b), each complex (N,), of the least-squares similarity that puts points (N, 5, 2) on InsightFace's template.

    source  Umeyama 1991, without reflections; the template is what insightface's `norm_crop` uses
    """
    points = np.asarray(points, dtype=np.float64)
    target = (TEMPLATE + 0.5) * size / 112 - 0.5  # pixel centres at whole numbers
    z, w = target[:, 0] + 1j * target[:, 1], points[..., 0] + 1j * points[..., 1]  # (5,), (N, 5)
    dz, dw = z - z.mean(), w - w.mean(1, keepdims=True)
    a = (dz.conj() * dw).sum(1) / (abs(dz) ** 2).sum()
    return a, w.mean(1) - a * z.mean()


def from_eyes(eyes, size: int = 112) -> tuple[np.ndarray, np.ndarray]:
    """(a, b), each complex (N,), of the one similarity that puts two eyes (N, 2, 2) on the template's eyes: for two clicks on a photograph.

    eyes    x and y in pixels; first the eye on the picture's left side
    raises  ValueError where it is not further left than the second: the crop would stand on its head
    """
    eyes = np.asarray(eyes, dtype=np.float64)
    if not (eyes[..., 0, 0] < eyes[..., 1, 0]).all():
        raise ValueError(
            "the first point is the eye on the left side of the picture, the second the other one"
        )
    target = (TEMPLATE[:2] + 0.5) * size / 112 - 0.5
    z, w = target[:, 0] + 1j * target[:, 1], eyes[..., 0] + 1j * eyes[..., 1]  # (2,), (N, 2)
    a = (w[:, 1] - w[:, 0]) / (z[1] - z[0])
    return a, w[:, 0] - a * z[0]


def in_photograph(points, a, b) -> np.ndarray:
    """Points (N, 5, 2) of crops -> where they lie in the photographs."""
    points = np.asarray(points, dtype=np.float64)
    moved = np.reshape(a, (-1, 1)) * (points[..., 0] + 1j * points[..., 1]) + np.reshape(b, (-1, 1))
    return np.stack([moved.real, moved.imag], -1)


def crop(images, a, b, size: int = 112, padding: str = "border") -> np.ndarray:
    """Cut from each photograph its own square: uint8 (N, H, W, 3), complex (N,) or one for all -> uint8 (N, size, size, 3)."""
    pixels = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float()
    n, _, height, width = pixels.shape
    y, x = np.mgrid[:size, :size]
    source = np.reshape(np.broadcast_to(a, n), (n, 1, 1)) * (x + 1j * y) + np.reshape(
        np.broadcast_to(b, n), (n, 1, 1)
    )
    grid = np.stack(
        [(2 * source.real + 1) / width - 1, (2 * source.imag + 1) / height - 1], -1
    )  # (N, size, size, 2) in [-1, 1]
    cut = F.grid_sample(
        pixels, torch.from_numpy(grid).float(), padding_mode=padding, align_corners=False
    )
    return cut.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
