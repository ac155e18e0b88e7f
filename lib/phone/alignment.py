"""Bring a face to where a network expects it: five points, the similarity that takes them to the template, the crop it cuts.

    points, _ = reader(to_input(crops, model))              # LandmarkReader: a small head on a network's own features
    crops = crop(images, *to_template(points), size=112)
    crops = crop(images, *from_eyes(two_clicks), size=112)  # where only the eyes are known

A similarity (turn, scale, shift) is two complex numbers: a pixel z = x + iy of the crop comes from a z + b in the photograph.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.data.face_render import TEMPLATE

MIRRORED = [1, 0, 2, 4, 3]  # left eye and right eye change places, so do the corners of the mouth


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


class LandmarkReader(nn.Module):
    """Reads five points off the features that a face network has anyway; only the head, 9,000 parameters or so, is learned.

    forward  (B, 3, 112, 112) in [-1, 1] -> points (B, 5, 2) in pixels of the crop, unit vectors (B, D)
    """

    def __init__(self, network: nn.Module, channels: int = 48) -> None:
        super().__init__()
        self.network = network
        wide = network.stages[2][-1].project.conv.out_channels
        self.head = nn.Sequential(
            nn.BatchNorm2d(wide),
            nn.Conv2d(wide, channels, 1),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.PReLU(channels),
            nn.Conv2d(channels, 5, 1),
        )

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, 112, 112) -> (B, 128, 14, 14), the network up to its third stage"""
        x = self.network.depthwise(self.network.conv(x))
        for stage in self.network.stages[:3]:
            x = stage(x)
        return x

    def points(self, features: Tensor) -> Tensor:
        """Where each of five heat maps has its centre of mass: (B, C, h, w) -> (B, 5, 2)"""
        heat = self.head(features.float()).flatten(2).softmax(-1)  # (B, 5, h * w)
        (height, width), step = features.shape[2:], self.network.input_size[0] / features.shape[2]
        y, x = torch.meshgrid(
            (torch.arange(height) + 0.5) * step - 0.5,
            (torch.arange(width) + 0.5) * step - 0.5,
            indexing="ij",
        )
        return torch.stack([(heat * x.flatten()).sum(-1), (heat * y.flatten()).sum(-1)], -1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        y = features
        for stage in self.network.stages[3:]:
            y = stage(y)
        y = self.network.last(self.network.gdconv(self.network.widen(y)))
        return self.points(features), F.normalize(y.flatten(1).float(), dim=1)


def disturbed(
    images: np.ndarray, landmarks: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same faces turned, scaled and shifted at random, as a crop without alignment would show them, and their points."""
    rng, n, middle = np.random.default_rng(seed), len(images), (images.shape[1] - 1) / 2 * (1 + 1j)
    a = np.exp(rng.normal(0, 0.13, n) + 1j * rng.normal(0, 0.13, n))
    b = (
        middle
        + images.shape[1] / 112 * (rng.normal(0, 5, n) + 1j * rng.normal(0, 5, n))
        - a * middle
    )
    points = in_photograph(landmarks, 1 / a, -b / a)
    return crop(images, a, b, images.shape[1], padding="reflection"), points


def fit_reader(
    reader: LandmarkReader, features: Tensor, points: Tensor, steps: int = 300, seed: int = 0
) -> float:
    """Train the head on features (N, C, h, w) and their points (N, 5, 2); each second batch is mirrored. Returns the last loss, in pixels."""
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(reader.head.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    reader.head.train()
    for step in range(steps):
        some = torch.randint(len(features), (128,), generator=order)
        x, y = features[some], points[some]
        if step % 2:
            x, y = (
                x.flip(3),
                torch.stack([reader.network.input_size[1] - 1 - y[..., 0], y[..., 1]], -1)[
                    :, MIRRORED
                ],
            )
        loss = F.smooth_l1_loss(reader.points(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    reader.head.eval()
    return float(loss.detach())
