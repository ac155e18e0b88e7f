"""Checks of lesson 11: what the phone's slot takes, 256 levels with a zero among them, weights in eight bits a channel."""

import numpy as np
import torch
from torch import Tensor

from lib.checks.judge import Case, generator, judge


def phone_input(attempt) -> bool | None:
    """uint8 picture (H, W, 3) -> float (1, H, W, 3), each value (x - 127.5) / 128."""
    return judge(attempt, _pictures(), name="phone_input")


def _pictures():
    yield _picture([[[0, 0, 0]]], "black is -127.5 / 128; the slot takes a batch of one: four axes")
    yield _picture([[[255, 255, 255]]], "white is 127.5 / 128: divide by 128, not by 127.5 or 255")
    yield _picture([[[255, 0, 10]]], "the colours stay in the order red, green, blue")
    yield _picture(
        [[[128, 127, 0]]], "the middle of the scale lies between two grey levels, at 127.5"
    )
    yield _picture([[[10, 20, 30]], [[40, 50, 60]]], "channels stay last: (1, H, W, 3)")
    yield _picture(
        [[[200, 200, 200], [200, 200, 200]]],
        "one rule for all pictures: a grey wall is not stretched or shifted by its own mean",
    )
    draw = np.random.default_rng(0)
    for _ in range(40):
        yield _picture(
            draw.integers(0, 256, (draw.integers(1, 9), draw.integers(1, 9), 3)),
            "pixel by pixel (x - 127.5) / 128",
            random=True,
        )


def _picture(values, why: str, random: bool = False) -> Case:
    """The expected floats from a table of all 256 grey levels, each a 128th above the one before."""
    table = [-127.5 / 128 + level / 128 for level in range(256)]
    picture = np.array(values, dtype=np.uint8)
    expected = np.array([[[[table[int(x)] for x in pixel] for pixel in row] for row in picture]])
    return Case({"picture": picture}, expected, why, random)


def to_levels(attempt) -> bool | None:
    """(x, low, high) -> (levels 0..255, the values that they stand for), the range widened until it holds zero."""
    return judge(attempt, _ranges(), name="to_levels")


def _ranges():
    yield _range(
        [0.3], -0.5, 1.5, "a level is 2/255 wide, zero is level 64, and 0.3 lies 38 levels above it"
    )
    yield _range(
        [0.0], -0.5, 1.5, "zero must come back as exactly zero: its level is a whole number"
    )
    yield _range(
        [2.5, -3.0], -0.5, 1.5, "what lies outside the range is clipped to levels 255 and 0"
    )
    yield _range([2.0, 0.0], 1.0, 3.0, "the range must hold zero: here it becomes 0 to 3")
    yield _range([-2.0, 0.0], -3.0, -1.0, "the range must hold zero: here it becomes -3 to 0")
    yield _range(
        [0.0138, -0.0138], -1.0, 1.2, "the *nearest* level: cutting the rest off is not rounding"
    )
    draw = np.random.default_rng(1)
    for _ in range(60):
        low, high = np.sort(draw.normal(0, 2, 2))
        yield _range(
            list(draw.normal(0, 2, 6).round(4)),
            round(float(low) - 0.1, 3),
            round(float(high) + 0.1, 3),
            "nearest level, clipped, zero exact",
            random=True,
        )


def _range(x: list[float], low: float, high: float, why: str, random: bool = False) -> Case:
    """The expected levels by trying all 256 and keeping the nearest."""
    bottom, top = min(low, 0.0), max(high, 0.0)
    step = (top - bottom) / 255
    zero = min(range(256), key=lambda level: abs(bottom + level * step))
    values = (np.arange(256) - zero) * step
    levels = np.array([int(np.abs(values - value).argmin()) for value in x])
    return Case({"x": np.array(x), "low": low, "high": high}, (levels, values[levels]), why, random)


def to_int8(attempt) -> bool | None:
    """weight (C_out, C_in, k, k) -> (whole numbers -127..127, scale (C_out,)); one scale an output channel."""
    return judge(attempt, _weights(), name="to_int8")


def _weights():
    yield _weight(
        [[1.27], [127.0]],
        "each output channel has a scale of its own, so the quiet one keeps its levels",
    )
    yield _weight([[0.3, -1.0]], "the largest weight by size sets the scale: 1 becomes -127")
    yield _weight([[127.0, 0.6, -0.6, 1.7]], "to the nearest whole number, on either side of zero")
    yield _weight(
        [[2.0, 4.0], [1.0, 3.0]], "the scale belongs to the first axis, the channels that come out"
    )
    draw = generator(12)
    for _ in range(40):
        shape = [int(torch.randint(1, 6, (), generator=draw)) for _ in range(2)] + [
            int(torch.randint(1, 4, (), generator=draw))
        ] * 2
        yield _weight(
            torch.randn(shape, generator=draw, dtype=torch.float64)
            * torch.logspace(-1, 1, shape[0], dtype=torch.float64)[:, None, None, None],
            "scale = largest |weight| of the channel / 127, level = nearest whole number of weight / scale",
            random=True,
        )


def _weight(values, why: str, random: bool = False) -> Case:
    """The expected numbers channel by channel, weight by weight."""
    weight = (
        values
        if isinstance(values, Tensor)
        else torch.tensor(values, dtype=torch.float64)[:, :, None, None]
    )
    scales = [max(abs(w) for w in channel.flatten().tolist()) / 127 for channel in weight]
    levels = [
        [round(w / scale) for w in channel.flatten().tolist()]
        for channel, scale in zip(weight, scales)
    ]
    return Case(
        {"weight": weight},
        (torch.tensor(levels).reshape(weight.shape), torch.tensor(scales)),
        why,
        random,
    )
