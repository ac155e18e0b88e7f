"""Checks of the lesson on MobileFaceNet: map sizes, a bottleneck's cost, the last map weighed.

Expected values come from walking the kernel along and from asking PyTorch's layers.
"""

import numpy as np
import torch
from torch.nn import functional as F

from lib.checks.judge import double_tensor, edge, judge
from lib.models import Bottleneck, count_parameters


def output_side(attempt) -> bool | None:
    """`(side, kernel, stride, padding) -> int`: side of the map that the convolution returns."""

    def expected(side, kernel, stride, padding):  # each place of the kernel's first pixel
        return len(range(-padding, side + padding - kernel + 1, stride))

    def draw(rng):
        kernel, stride, padding = rng.integers((1, 1, 0), (8, 4, 4))
        return rng.integers(max(1, kernel - 2 * padding), 40), kernel, stride, padding

    edges = [
        edge("The first layer of the network halves the side.", 112, 3, 2, 1),
        edge("A kernel as large as its map has one place: count places, not steps.", 7, 7, 1, 0),
        edge("A 1x1 kernel keeps the side.", 14, 1, 1, 0),
        edge("The last step does not fit: round down.", 8, 3, 2, 1),
        edge("Padding is on both ends: 15 becomes 17, and 8 places fit.", 15, 3, 2, 1),
        edge("The kernel may be even, and the stride larger than it.", 5, 2, 3, 0),
    ]
    hint = "Count the kernel's places from one end of the padding to the other."
    return judge("output_side", attempt, expected, edges, draw, hint)


def bottleneck_cost(attempt) -> bool | None:
    """`(c_in, c_out, wide, stride, side) -> (parameters, multiply-adds)`."""

    def expected(c_in, c_out, wide, stride, side):
        block = Bottleneck(c_in, c_out, wide, stride).eval()
        x, multiply_adds = torch.zeros(1, c_in, side, side), 0
        for layer in (block.expand, block.depthwise, block.project):
            x = layer(x)  # each output value costs the weights that it sees
            multiply_adds += x.numel() * layer.conv.weight[0].numel()
        return count_parameters(block), multiply_adds

    def draw(rng):
        return *rng.integers(1, 24, 3), rng.integers(1, 3), rng.integers(3, 16)

    edges = [
        edge(
            "Weights 1 + 9 + 1, batch norm 2 a channel three times, a slope a channel twice; "
            "only weights multiply.",
            *(1, 1, 1, 1, 1),
        ),
        edge("A depthwise 3x3 has nine weights a channel.", 2, 2, 2, 1, 4),
        edge("Batch norms count output channels: wide, wide, c_out.", 3, 2, 4, 1, 1),
        edge("The widening layer runs before the stride, on the large map.", 2, 3, 4, 2, 8),
        edge("A 3x3 with padding 1 and stride 2 turns 7 into 4.", 2, 3, 4, 2, 7),
        edge("The fourth row of the table: 53,248 parameters.", 64, 128, 256, 2, 28),
    ]
    hint = "Add up the three layers one by one."
    return judge("bottleneck_cost", attempt, expected, edges, draw, hint, count=30)


def global_depthwise(attempt) -> bool | None:
    """`(maps (B, C, H, W), kernels (C, H, W)) -> (B, C)`: each channel has its own kernel."""

    def expected(maps, kernels):
        return F.conv2d(maps, kernels[:, None], groups=len(kernels)).flatten(1)

    def draw(rng):
        batch, channels, height, width = rng.integers(1, (4, 5, 6, 6))
        maps = rng.normal(size=(batch, channels, height, width))
        return maps, rng.normal(size=(channels, height, width))

    def maps_of(*channels):
        return np.array([channels], dtype=float)

    row, column = [[1, 2], [0, 0]], [[1, 0], [2, 0]]
    edges = [
        edge("One place: value times weight.", maps_of([[3]]), maps_of([[2]])[0]),
        edge(
            "Weigh each place and add up: 1 * 10 + 2 * 1.",
            maps_of(row),
            maps_of([[10, 1], [0, 0]])[0],
        ),
        edge(
            "A channel has its own kernel, and channels are not added.",
            *(maps_of(row, column), maps_of([[1, 0], [0, 0]], [[0, 0], [1, 0]])[0]),
        ),
        edge("A map need not be square.", np.ones((2, 1, 1, 3)), maps_of([[1, 2, 3]])[0]),
    ]
    hint = "Multiply each map with its channel's kernel, and add up over height and width."
    return judge("global_depthwise", attempt, expected, edges, draw, hint, as_input=double_tensor)
