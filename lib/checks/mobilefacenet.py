"""Checks of lesson 7: the side of a map, what a bottleneck costs, a batch norm folded into its convolution."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lib.checks.judge import Case, generator, judge


def output_side(attempt) -> bool | None:
    """(side, kernel, stride, padding) -> the side of the map that the convolution returns."""
    return judge(attempt, _sides(), name="output_side")


def _sides():
    yield _side(112, 3, 2, 1, "the first layer of the network halves the image")
    yield _side(
        7,
        7,
        1,
        0,
        "a kernel as large as its map has one place to stand: count the places, not the steps between them",
    )
    yield _side(14, 1, 1, 0, "a 1x1 leaves the side as it is")
    yield _side(8, 3, 2, 1, "the last step does not fit whole: round down")
    yield _side(
        15,
        3,
        2,
        1,
        "an odd side: padding stands on both ends, so 17 wide, and the kernel fits 8 times",
    )
    yield _side(5, 2, 3, 0, "an even kernel, and a stride larger than it")
    draw = generator(7)
    for _ in range(80):
        kernel, stride, padding = (
            int(torch.randint(low, high, (), generator=draw))
            for low, high in ((1, 8), (1, 4), (0, 4))
        )
        side = int(torch.randint(max(1, kernel - 2 * padding), 40, (), generator=draw))
        yield _side(
            side,
            kernel,
            stride,
            padding,
            "how many places has the kernel, from one end of the padding to the other?",
            random=True,
        )


def _side(
    side: int, kernel: int, stride: int, padding: int, why: str, random: bool = False
) -> Case:
    places = len(
        range(-padding, side + padding - kernel + 1, stride)
    )  # its first pixel, walked along
    return Case(
        {"side": side, "kernel": kernel, "stride": stride, "padding": padding}, places, why, random
    )


def bottleneck_cost(attempt) -> bool | None:
    """(c_in, c_out, wide, stride, side) -> (parameters, multiply-adds) with batch norms and slopes."""
    return judge(attempt, _blocks(), name="bottleneck_cost")


def _blocks():
    yield _block(
        1,
        1,
        1,
        1,
        1,
        "weights 1 + 9 + 1, batch norm 2 a channel three times, a slope a channel twice; only weights multiply",
    )
    yield _block(
        2, 2, 2, 1, 4, "a depthwise 3x3 has nine weights a channel, not nine a pair of channels"
    )
    yield _block(
        3,
        2,
        4,
        1,
        1,
        "each batch norm counts its own convolution's channels: wide, wide, c_out; slopes follow the first two alone",
    )
    yield _block(
        2,
        3,
        4,
        2,
        8,
        "widening runs on the large map; the stride belongs to the depthwise layer, and the narrow layer runs after it",
    )
    yield _block(2, 3, 4, 2, 7, "a 3x3 with padding 1 and stride 2 turns 7 into 4")
    yield _block(64, 128, 256, 2, 28, "the fourth row of the paper's table: 53,248 parameters")
    draw = generator(8)
    for _ in range(30):
        c_in, c_out, wide = (int(torch.randint(1, 24, (), generator=draw)) for _ in range(3))
        stride, side = (
            int(torch.randint(1, 3, (), generator=draw)),
            int(torch.randint(3, 16, (), generator=draw)),
        )
        yield _block(
            c_in, c_out, wide, stride, side, "add up the three layers one by one", random=True
        )


def _block(
    c_in: int, c_out: int, wide: int, stride: int, side: int, why: str, random: bool = False
) -> Case:
    """The expected costs by building the block and sending a map through: each output value costs the weights that it sees."""
    layers = [
        nn.Conv2d(c_in, wide, 1, bias=False),
        nn.BatchNorm2d(wide),
        nn.PReLU(wide),
        nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
        nn.BatchNorm2d(wide),
        nn.PReLU(wide),
        nn.Conv2d(wide, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
    ]
    x, work = torch.zeros(1, c_in, side, side), 0
    for layer in layers:
        layer.eval()
        with torch.no_grad():
            x = layer(x)
        if isinstance(layer, nn.Conv2d):
            work += x.numel() * layer.weight[0].numel()
    parameters = sum(p.numel() for layer in layers for p in layer.parameters())
    return Case(
        {"c_in": c_in, "c_out": c_out, "wide": wide, "stride": stride, "side": side},
        (parameters, work),
        why,
        random,
    )


def fold(attempt) -> bool | None:
    """(weight (C_out, C_in, k, k), gamma, beta, mean, var (C_out,), eps) -> (weight, bias) of one convolution that does both."""
    return judge(attempt, _norms(), name="fold")


def _norms():
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    yield _norm(
        one,
        [2],
        [1],
        [3],
        [3],
        1.0,
        "the numbers of the text: variance + eps is 4, so the weight keeps its size and the bias is 1 - 2 * 3 / 2",
    )
    yield _norm(
        3 * one,
        [1],
        [0],
        [0],
        [1],
        0.0,
        "a batch norm that does nothing leaves the weight as it is",
    )
    yield _norm(
        one,
        [1],
        [0],
        [0],
        [0.25],
        0.0,
        "batch norm divides by the standard deviation, the root of the variance",
    )
    yield _norm(
        one,
        [3],
        [0.5],
        [2],
        [1],
        0.0,
        "the mean is taken away before the scale, so it is scaled too: beta - gamma * mean / sigma",
    )
    square = torch.eye(2, dtype=torch.float64).reshape(2, 2, 1, 1)
    yield _norm(
        square + 1,
        [1, 10],
        [0, 0],
        [0, 0],
        [1, 1],
        0.0,
        "gamma belongs to the channel that comes out: the first axis of the weight",
    )
    draw = generator(9)
    for _ in range(40):
        c_out, c_in, k = (int(torch.randint(1, high, (), generator=draw)) for high in (6, 5, 4))
        weight, gamma, beta, mean = (
            torch.randn(shape, generator=draw, dtype=torch.float64)
            for shape in ((c_out, c_in, k, k), *((c_out,),) * 3)
        )
        var = torch.rand(c_out, generator=draw, dtype=torch.float64) + 0.05
        yield _norm(
            weight,
            gamma,
            beta,
            mean,
            var,
            1e-3,
            "convolution and batch norm, one after the other, give another answer",
            random=True,
        )


def _norm(
    weight: Tensor, gamma, beta, mean, var, eps: float, why: str, random: bool = False
) -> Case:
    """The expected layer by asking the two layers: what comes out of nothing is the bias, what a single 1 adds to it is a weight."""
    gamma, beta, mean, var = (
        torch.as_tensor(values, dtype=torch.float64) for values in (gamma, beta, mean, var)
    )
    places = weight[0].numel()
    asked = torch.cat(
        [torch.zeros(1, places, dtype=torch.float64), torch.eye(places, dtype=torch.float64)]
    ).reshape(-1, *weight.shape[1:])
    answers = F.batch_norm(
        F.conv2d(asked, weight), mean, var, gamma, beta, training=False, eps=eps
    ).flatten(1)  # (1 + places, C_out)
    folded = (answers[1:] - answers[0]).T.reshape(weight.shape)
    given = {"weight": weight, "gamma": gamma, "beta": beta, "mean": mean, "var": var, "eps": eps}
    return Case(given, (folded, answers[0]), why, random)
