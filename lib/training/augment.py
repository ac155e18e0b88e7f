"""Small changes that leave the identity as it is: what a training image may meet before the network sees it.

Batches (B, C, H, W) in, batches out, on any device. Every draw comes from torch's global generator, which `training.fit` seeds
anew at each step.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.data import ImageSet


def faces(x: Tensor) -> Tensor:
    """Mirror, shift and tilt, light, blur, grey, erase: (B, 3, H, W) in [-1, 1], the same out."""
    x = torch.where(_chosen(x, 0.5), x.flip(3), x)
    x = moved(x, shift=0.06, turn=math.radians(4), zoom=0.06)
    x = (
        (x - x.mean((1, 2, 3), keepdim=True)) * _between(x, 0.7, 1.3)
        + x.mean((1, 2, 3), keepdim=True)
        + _between(x, -0.25, 0.25)
    )
    x = torch.where(_chosen(x, 0.2), blurred(x), x)
    x = torch.where(_chosen(x, 0.2), x.mean(1, keepdim=True).expand_as(x), x)
    return erased(x.clamp(-1, 1), share=0.3)


def signatures(x: Tensor) -> Tensor:
    """Shift, tilt and zoom, thicker or thinner ink, pressure: (B, 1, H, W) ink in [0, 1], the same out. Never mirrored."""
    x = moved(x, shift=0.04, turn=math.radians(3), zoom=0.08)
    thick, thin = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    weight = _between(x, -0.5, 0.5)
    x = torch.where(
        weight > 0, torch.lerp(x, thick, weight.abs()), torch.lerp(x, thin, weight.abs())
    )
    return (x * _between(x, 0.7, 1.2)).clamp(0, 1)


def moved(x: Tensor, shift: float, turn: float, zoom: float) -> Tensor:
    """Each image shifted by up to `shift` of its side, turned by up to `turn` radians, scaled by up to 1 +- `zoom`."""
    b, _, h, w = x.shape
    angle, size = _between(x, -turn, turn).view(b), _between(x, 1 - zoom, 1 + zoom).view(b)
    cos, sin = angle.cos() * size, angle.sin() * size
    to_x, to_y = (
        _between(x, -2 * shift, 2 * shift).view(b),
        _between(x, -2 * shift, 2 * shift).view(b),
    )
    # In grid units a pixel is 2/w wide and 2/h high: a turn that keeps shapes needs the ratio.
    rows = [torch.stack([cos, -sin * h / w, to_x], 1), torch.stack([sin * w / h, cos, to_y], 1)]
    grid = F.affine_grid(
        torch.stack(rows, 1), list(x.shape), align_corners=False
    )  # (B, 2, 3) -> (B, H, W, 2)
    return F.grid_sample(x, grid.to(x.dtype), padding_mode="border", align_corners=False)


def blurred(x: Tensor) -> Tensor:
    """Two passes of a 3x3 mean."""
    for _ in range(2):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def erased(x: Tensor, share: float) -> Tensor:
    """In a `share` of the images a box of up to a third of each side becomes middle grey (0)."""
    _, _, h, w = x.shape
    rows = torch.arange(h, device=x.device).view(1, 1, h, 1) / h
    columns = torch.arange(w, device=x.device).view(1, 1, 1, w) / w
    top, left, tall, wide = (
        _between(x, 0, 0.9),
        _between(x, 0, 0.9),
        _between(x, 0.1, 0.35),
        _between(x, 0.1, 0.35),
    )
    box = (
        (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
    )  # (B, 1, H, W)
    return x.masked_fill(box & _chosen(x, share), 0.0)


def _between(x: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _chosen(x: Tensor, share: float) -> Tensor:
    return torch.rand(len(x), 1, 1, 1, device=x.device) < share


def quarter_turns(images: ImageSet) -> ImageSet:
    """Each character four times, as it is and turned by 90, 180, 270 degrees: four different characters, not one."""
    turned = np.concatenate([np.rot90(images.images, turns, axes=(1, 2)) for turns in range(4)])
    offset = np.repeat(np.arange(4) * (int(images.identity.max()) + 1), len(images))
    names = tuple(f"{name} turned {90 * turns}" for turns in range(4) for name in images.names)
    return ImageSet(turned, np.tile(images.identity, 4) + offset, np.tile(images.genuine, 4), names)


class Redrawn:
    """Another hand's drawing of the same character: turned, slanted, stretched, shifted, and bent like rubber.

    Called with a batch (B, 1, H, W), ink 1 on paper 0, it draws from torch's global generator, which `fit` seeds each step.
    strength  multiplies every range; 0 changes nothing
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def __repr__(self) -> str:
        return f"Redrawn({self.strength})"

    def __call__(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        turn, slant, wide, tall, to_x, to_y = (
            2 * torch.rand(6, b, device=x.device) - 1
        ) * self.strength
        turn, slant = math.radians(15) * turn, 0.25 * slant
        wide, tall = torch.exp(0.2 * wide), torch.exp(0.2 * tall)
        cos, sin = turn.cos(), turn.sin()
        rows = [
            torch.stack([cos * wide, (slant * cos - sin) * tall, 0.12 * to_x], 1),
            torch.stack([sin * wide, (slant * sin + cos) * tall, 0.12 * to_y], 1),
        ]
        grid = F.affine_grid(
            torch.stack(rows, 1), [b, 1, h, w], align_corners=False
        )  # (B, 2, 3) -> (B, H, W, 2)
        knots = (
            0.06 * self.strength * torch.randn(b, 2, 5, 5, device=x.device)
        )  # a 5x5 net of random pulls, smooth in between
        bend = F.interpolate(knots, size=(h, w), mode="bicubic", align_corners=True).permute(
            0, 2, 3, 1
        )
        return F.grid_sample(x, grid + bend, align_corners=False)
