"""Checks of the lesson on mobile export: the model file's input, 256 levels, int8 weights."""

import numpy as np
import torch

from lib.checks.judge import edge, judge, pixels


def phone_input(attempt) -> bool | None:
    """`picture (H, W, 3) uint8 -> float (1, H, W, 3)`, each value (x - 127.5) / 128."""

    def expected(picture):
        return ((picture.astype(float) - 127.5) / 128)[None]

    def draw(rng):
        return (rng.integers(0, 256, (*rng.integers(1, 9, 2), 3)),)

    edges = [
        edge("Black is -127.5 / 128; return a batch of one: four axes.", [[[0, 0, 0]]]),
        edge("White is 127.5 / 128: divide by 128, not by 127.5 or 255.", [[[255, 255, 255]]]),
        edge("Keep the order red, green, blue.", [[[255, 0, 10]]]),
        edge("The middle, 127.5, lies between two grey levels.", [[[128, 127, 0]]]),
        edge("Channels stay last: (1, H, W, 3).", [[[10, 20, 30]], [[40, 50, 60]]]),
        edge("Subtract 127.5 from every picture, not its own mean.", [[[200] * 3, [200] * 3]]),
    ]
    hint = "Compute (x - 127.5) / 128 for each pixel."
    return judge("phone_input", attempt, expected, edges, draw, hint, as_input=pixels)


def to_levels(attempt) -> bool | None:
    """`(x (N,), low, high) -> (levels 0..255, their values)`; the range widens to hold zero."""

    def expected(x, low, high):
        bottom, top = min(low, 0.0), max(high, 0.0)
        step = (top - bottom) / 255
        zero = min(range(256), key=lambda level: abs(bottom + level * step))
        values = (np.arange(256) - zero) * step
        levels = np.array([np.abs(values - value).argmin() for value in x])
        return levels, values[levels]

    def draw(rng):
        low, high = np.sort(rng.normal(0, 2, 2))  # not rounded: no number between two levels
        return rng.normal(0, 2, 6), low - 0.1, high + 0.1

    edges = [
        edge("A step is 2/255, zero is level 64, 0.3 is 38 levels above it.", [0.3], -0.5, 1.5),
        edge("Zero is a whole level, so it returns exactly.", [0.0], -0.5, 1.5),
        edge("Numbers outside the range are clipped to 255 and 0.", [2.5, -3.0], -0.5, 1.5),
        edge("The range must hold zero: 0 to 3 here.", [2.0, 0.0], 1.0, 3.0),
        edge("The range must hold zero: -3 to 0 here.", [-2.0, 0.0], -3.0, -1.0),
        edge("Take the nearest level: round, do not truncate.", [0.0138, -0.0138], -1.0, 1.2),
    ]
    hint = "The nearest level, clipped, with zero on a level."
    return judge("to_levels", attempt, expected, edges, draw, hint)


def to_int8(attempt) -> bool | None:
    """`weight (C_out, C_in, k, k) -> (whole numbers -127..127, scale (C_out,))`."""

    def expected(weight):
        scales = weight.abs().amax((1, 2, 3)) / 127
        return (weight / scales[:, None, None, None]).round(), scales

    def draw(rng):
        c_out, c_in, k = rng.integers(1, (6, 6, 4))
        sizes = np.logspace(-1, 1, c_out)[:, None, None, None]
        return (rng.normal(size=(c_out, c_in, k, k)) * sizes,)

    def kernels(*channels):  # 1x1 kernels, a list of weights for each output channel
        return np.array(channels)[:, :, None, None]

    edges = [
        edge("Each output channel has its own scale.", kernels([1.27], [127.0])),
        edge("The largest weight by size sets the scale: 1 becomes -127.", kernels([0.3, -1.0])),
        edge("Round to the nearest whole number.", kernels([127.0, 0.6, -0.6, 1.7])),
        edge("The scale belongs to the first axis.", kernels([2.0, 4.0], [1.0, 3.0])),
    ]
    hint = "scale = largest |weight| of the channel / 127; round weight / scale."
    return judge("to_int8", attempt, expected, edges, draw, hint, as_input=torch.tensor)
