"""Changes of a training image that keep its identity.

Batches (B, C, H, W) in, batches out, on any device. Random draws come from torch's global
generator, which `fit` seeds at each step.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def faces(x: Tensor) -> Tensor:
    """Mirror, move, change light, blur, turn grey, erase a box: (B, 3, H, W) in [-1, 1]"""
    x = torch.where(_chosen(x, 0.5), x.flip(3), x)
    x = move(x, shift=0.06, turn=math.radians(4), zoom=0.06)
    mean = x.mean((1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
    x = (x - mean) * _between(x, 0.7, 1.3) + mean + _between(x, -0.25, 0.25)
    x = torch.where(_chosen(x, 0.2), blur(x), x)
    x = torch.where(_chosen(x, 0.2), x.mean(1, keepdim=True).expand_as(x), x)
    return erase(x.clamp(-1, 1), share=0.3)


def varied_faces(x: Tensor) -> Tensor:
    """`faces`, stronger, for drawn faces that shall teach about photographs: (B, 3, H, W).

    Half of the images pass a random convolution, which changes texture and colour and keeps shapes
    (Xu et al. 2021, arXiv:2007.13003). Light changes over the face; erased boxes are coloured.
    """
    x = torch.where(_chosen(x, 0.5), x.flip(3), x)
    x = move(x, shift=0.07, turn=math.radians(7), zoom=0.10)
    x = torch.where(_chosen(x, 0.5), random_convolution(x), x)
    grid = torch.randn(len(x), 1, 3, 3, device=x.device, dtype=x.dtype)
    field = F.interpolate(grid, x.shape[2:], mode="bicubic", align_corners=True)
    light = ((x + 1) / 2).clamp(1e-3, 1) ** torch.exp(_between(x, -0.3, 0.3))
    x = 2 * light * torch.exp(_between(x, 0, 0.3) * field) - 1
    x = torch.where(_chosen(x, 0.3), x.mean(1, keepdim=True).expand_as(x), x).clamp(-1, 1)
    colour = 2 * torch.rand(len(x), 3, 1, 1, device=x.device, dtype=x.dtype) - 1
    return erase(erase(x, share=0.3, paint=colour), share=0.1, paint=colour.flip(0))


def signatures(x: Tensor) -> Tensor:
    """Move, thicken or thin the line, change its darkness: (B, 1, H, W), ink in [0, 1].

    A signature is never mirrored.
    """
    x = move(x, shift=0.04, turn=math.radians(3), zoom=0.08)
    thick, thin = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    weight = _between(x, -0.5, 0.5)
    thicker, thinner = torch.lerp(x, thick, weight.abs()), torch.lerp(x, thin, weight.abs())
    return (torch.where(weight > 0, thicker, thinner) * _between(x, 0.7, 1.2)).clamp(0, 1)


def move(x: Tensor, shift: float, turn: float, zoom: float) -> Tensor:
    """Shift by up to `shift` of the side, turn by up to `turn` radians, scale by 1 +- `zoom`."""
    h, w = x.shape[2:]
    angle, size = _between(x, -turn, turn).flatten(), _between(x, 1 - zoom, 1 + zoom).flatten()
    cos, sin = angle.cos() * size, angle.sin() * size  # (B,)
    to_x = _between(x, -2 * shift, 2 * shift).flatten()
    to_y = _between(x, -2 * shift, 2 * shift).flatten()
    # In grid units a pixel is 2/w wide and 2/h high: a turn that keeps shapes needs the ratio.
    grid = _affine_grid(x, [cos, -sin * h / w, to_x], [sin * w / h, cos, to_y])
    return F.grid_sample(x, grid.to(x.dtype), padding_mode="border", align_corners=False)


def blur(x: Tensor) -> Tensor:
    """Two passes of a 3x3 mean."""
    for _ in range(2):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def random_convolution(x: Tensor) -> Tensor:
    """Each image by its own random 1x1, 3x3 or 5x5 kernels, mixed with itself by a random share.

    Mean and standard deviation of an image stay as they were.
    """
    b, c, h, w = x.shape
    side = (1, 3, 5)[int(torch.randint(3, ()))]
    kernels = torch.randn(b * c, c, side, side, device=x.device, dtype=x.dtype)
    wide = F.pad(x, (side // 2,) * 4, mode="replicate").flatten(0, 1)[None]  # (1, B * C, ...)
    y = F.conv2d(wide, kernels, groups=b).view(b, c, h, w)
    mean, spread = x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True)
    y = (y - y.mean((1, 2, 3), keepdim=True)) / (y.std((1, 2, 3), keepdim=True) + 1e-4)
    y = y * spread + mean
    return torch.lerp(x, y, _between(x, 0, 1))


def erase(x: Tensor, share: float, paint: Tensor | float = 0.0) -> Tensor:
    """In a `share` of the images a box of up to a third of each side is painted over.

    paint  a value, 0 for middle grey, or one colour an image, (B, 3, 1, 1)
    """
    h, w = x.shape[2:]
    row = torch.arange(h, device=x.device).view(1, 1, h, 1) / h
    column = torch.arange(w, device=x.device).view(1, 1, 1, w) / w
    top, left = _between(x, 0, 0.9), _between(x, 0, 0.9)
    height, width = _between(x, 0.1, 0.35), _between(x, 0.1, 0.35)
    rows = (row >= top) & (row < top + height)
    columns = (column >= left) & (column < left + width)
    box = rows & columns & _chosen(x, share)  # (B, 1, H, W)
    return torch.where(box, torch.as_tensor(paint, device=x.device, dtype=x.dtype), x)


class Redrawn:
    """The same character, (B, 1, H, W) with ink 1 on paper 0, as if drawn again.

    strength  factor on how far it is turned, slanted, stretched, shifted and bent; 0: not at all
    """

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def __repr__(self) -> str:
        return f"Redrawn({self.strength})"

    def __call__(self, x: Tensor) -> Tensor:
        b, _, h, w = x.shape
        draws = (2 * torch.rand(6, b, device=x.device) - 1) * self.strength  # in [-1, 1]
        turn, slant, wide, tall, to_x, to_y = draws
        turn, slant = math.radians(15) * turn, 0.25 * slant
        wide, tall = torch.exp(0.2 * wide), torch.exp(0.2 * tall)
        cos, sin = turn.cos(), turn.sin()
        for_x = [cos * wide, (slant * cos - sin) * tall, 0.12 * to_x]
        for_y = [sin * wide, (slant * sin + cos) * tall, 0.12 * to_y]
        grid = _affine_grid(x, for_x, for_y)
        # A 5x5 net of random shifts, smooth in between: (B, 2, 5, 5) -> (B, 2, H, W)
        net = 0.06 * self.strength * torch.randn(b, 2, 5, 5, device=x.device)
        bend = F.interpolate(net, size=(h, w), mode="bicubic", align_corners=True)
        return F.grid_sample(x, grid + bend.permute(0, 2, 3, 1), align_corners=False)


def _affine_grid(x: Tensor, first: list[Tensor], second: list[Tensor]) -> Tensor:
    """Where each pixel is read from; the rows of the matrix are three (B,) each -> (B, H, W, 2)"""
    matrix = torch.stack([torch.stack(first, 1), torch.stack(second, 1)], 1)  # (B, 2, 3)
    return F.affine_grid(matrix, list(x.shape), align_corners=False)


def _between(x: Tensor, low: float, high: float) -> Tensor:
    """One number for each image, (B, 1, 1, 1)"""
    return low + (high - low) * torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _chosen(x: Tensor, share: float) -> Tensor:
    """True for a `share` of the images, (B, 1, 1, 1)"""
    return torch.rand(len(x), 1, 1, 1, device=x.device) < share
