"""What the renderer of faces draws with: smooth steps, bumps, edges and layers of paint.

B images are drawn together. Masks are (B, S, S), 0 to 1; colours are linear light (the square of
what a screen shows), (B, 3, S, S).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Numbers = dict[str, Tensor]  # numbers of B views, (B,) each: pose, expression, light, camera


def smooth(x: Tensor) -> Tensor:
    """0 below 0, 1 above 1, and a smooth step between."""
    x = x.clamp(0, 1)
    return x * x * (3 - 2 * x)


def bump(*offsets: Tensor) -> Tensor:
    """exp(-r^2): 1 where every offset is 0, nearly 0 where one is 2."""
    return torch.exp(-sum((offset * offset for offset in offsets), torch.zeros(())))


def edge(distance: Tensor, pixel: float) -> Tensor:
    """1 where `distance` is positive, 0 where it is negative, one pixel wide between."""
    return smooth(distance / pixel + 0.5)


def linear(colour) -> Tensor:
    """Red, green, blue of a screen, each 0 to 1 -> linear light, (1, 3, 1, 1)."""
    return torch.as_tensor(np.asarray(colour) ** 2, dtype=torch.float32).view(1, 3, 1, 1)


def over(below: Tensor, mask: Tensor, paint: Tensor) -> Tensor:
    """Cover `below` with `paint` where `mask` is 1."""
    return below + mask[:, None] * (paint - below)


def dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Scalar product of two vectors whose three components are tensors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def per_image(values: Numbers) -> Numbers:
    """(B,) -> (B, 1, 1), to be combined with pixels."""
    return {key: value.view(-1, 1, 1) for key, value in values.items()}
