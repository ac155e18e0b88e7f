"""Five points read off the features of a face network: a small head, trained on synthetic faces."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.phone.alignment import crop, in_photograph

MIRRORED = [1, 0, 2, 4, 3]  # left and right eye change places, so do the corners of the mouth


class LandmarkReader(nn.Module):
    """Reads five points off the features of a face network; only the head (2 % of it) is learned.

    forward  (B, 3, 112, 112) in [-1, 1] -> points (B, 5, 2) in pixels of the crop, and the
             network's unit vectors (B, D)
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


def disturb(images: np.ndarray, landmarks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same faces turned, scaled and shifted at random, and their points.

    A crop without alignment shows faces so.
    """
    rng, n, side = np.random.default_rng(seed), len(images), images.shape[1]
    middle = (side - 1) / 2 * (1 + 1j)
    a = np.exp(rng.normal(0, 0.13, n) + 1j * rng.normal(0, 0.13, n))
    b = middle + side / 112 * (rng.normal(0, 5, n) + 1j * rng.normal(0, 5, n)) - a * middle
    points = in_photograph(landmarks, 1 / a, -b / a)
    return crop(images, a, b, side, padding="reflection"), points


def fit_reader(
    reader: LandmarkReader, features: Tensor, points: Tensor, steps: int = 300, seed: int = 0
) -> float:
    """Train the head; each second batch is mirrored.

    features  (N, C, h, w)
    points    (N, 5, 2)
    returns   the last loss, in pixels
    """
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(reader.head.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    reader.head.train()
    for step in range(steps):
        some = torch.randint(len(features), (128,), generator=order)
        x, y = features[some], points[some]
        if step % 2:
            right = reader.network.input_size[1] - 1
            x, y = x.flip(3), torch.stack([right - y[..., 0], y[..., 1]], -1)[:, MIRRORED]
        loss = F.smooth_l1_loss(reader.points(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    reader.head.eval()
    return float(loss.detach())
